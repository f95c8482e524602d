// A folder of DICOM files: one series becomes one Volume, its slices sorted by place.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

#include "modules/core/context.h"

namespace sensorium::dicom {

// 90 when most of the first files are DICOM, 0 when none is.
int sniff_folder(const std::filesystem::path& folder);
// Throws Error Unsupported for several series (listing them) or for multi-frame files beside each
// other.
Dataset read_folder(const std::filesystem::path& folder, bool with_pixels, const Context& context);
// The files of the folder's one series, in the order of the volume's slices.
std::vector<std::filesystem::path> sorted_slices(const std::filesystem::path& folder,
                                                 const Context& context);

}
