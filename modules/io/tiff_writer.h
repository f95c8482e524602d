// Multi-page TIFF (Adobe TIFF 6.0, little endian, not compressed): one page a slice, samples as
// they are. Where x and y spacing are known they are written the way ImageJ and Fiji do (pixels per
// micron), and z as "spacing". The description of the first
// page also has the names of label values ("sensorium_label_1=focus").
#pragma once

#include "modules/core/extension.h"

namespace sensorium {

// The spacing is the volume's own, or that of the source where the sizes agree. Throws Error
// Unsupported for samples other than UInt8, UInt16, Int16, Float32, Float64, for channels other
// than 1 or 3, and beyond 4 GiB; Resources when the file cannot be written.
void write_tiff(const WriteRequest& request, const std::filesystem::path& path);

}
