// Single files to datasets: ultrasound becomes a Video, everything else a Volume.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

#include "modules/core/context.h"

namespace sensorium::dicom {

// The file's dataset, without its samples when with_pixels is false. Throws Error.
Dataset read_file(const std::filesystem::path& path, bool with_pixels, const Context& context);
// "OCT" for ophthalmic tomography, else the file's own Modality.
std::string modality_of(const File& file);
bool is_ultrasound(const File& file);

}
