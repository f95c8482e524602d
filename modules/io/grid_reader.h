// From a checked header to a Volume.
#pragma once

#include "modules/io/grid_header.h"

namespace sensorium::grid {

enum class Format { Nifti, Nrrd, Meta };

// Everything but the samples. Throws Error.
Volume header_volume(Format format, const std::filesystem::path& path);
// The files with the samples that are not the file itself (or the header, when path is the second
// file of a pair), relative to its folder.
std::vector<std::string> other_files(Format format, const std::filesystem::path& path);
// With the samples, in the byte order of this machine. Throws Error.
Volume load_volume(Format format, const std::filesystem::path& path);

}
