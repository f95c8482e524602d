// From a checked header to a Volume: ITK reads the samples and the place of the grid.
#pragma once

#include "plugins/itk/grid_header.h"

namespace sensorium::grid {

enum class Format { Nifti, Nrrd, Meta };

// Everything but the samples. Throws Error.
Volume header_volume(Format format, const std::filesystem::path& path);
// Throws Error BadInput also where ITK sees another size or type than the checked header.
Volume load_volume(Format format, const std::filesystem::path& path);

}
