// From a checked header to a Volume.
#pragma once

#include "modules/io/grid_header.h"

namespace sensorium::grid {

enum class Format { Nifti, Nrrd, Meta };

// Everything but the samples. Throws Error.
Volume header_volume(Format format, const std::filesystem::path& path);
// With the samples, in the byte order of this machine. Throws Error.
Volume load_volume(Format format, const std::filesystem::path& path);

}
