// An ultrasound clip without the person: de-identified DICOM.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium::dicom {

// clean: the pixels, free of writing. source: the clip they were made of, a DICOM file that is
// still there. The file made holds only what is listed in clean_clip.cpp: numbers of the picture,
// its scale and its time, copied as numbers; no text of the source, so no private element, overlay,
// curve or comment, and nothing of PS3.15 table E.1-1 but the elements that must be there, empty
// (action Z), and instance UIDs, each replaced by the one derived from it (deidentify.h). It states
// the Basic Application Confidentiality Profile and the Clean Pixel Data Option. Explicit VR little
// endian, written frame by frame. Throws Error Unsupported (source of another format, 4 GB or
// more), Conflict (source of another size) or Resources.
void write_clean_clip(const Video& clean, const Dataset& source, const std::filesystem::path& path,
                      const Context& context);

}
