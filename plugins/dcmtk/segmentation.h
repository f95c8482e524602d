// DICOM Segmentation objects (PS3.3 A.51): read as label volumes, written beside a DICOM source.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

#include "modules/core/extension.h"

namespace sensorium::dicom {

// BINARY: UInt8 (UInt16 above 255 segments) with the segment's number, 0 outside; where segments
// overlap the higher number wins, with a warning. FRACTIONAL with one segment: its values as UInt8.
// Throws Error Unsupported for others.
Volume read_segmentation(const File& file, bool with_pixels, const Context& context);

// role mask: one segment; labels: one segment for each value above 0; soft_map (UInt8): FRACTIONAL,
// PROBABILITY. Each frame names the source instance and frame it belongs to; patient, study and
// frame of reference are the source's. Throws Error Unsupported when the source is not DICOM or has
// another grid, NotFound when its files are gone.
void write_segmentation(const WriteRequest& request, const std::filesystem::path& path);

}
