// Ultrasound clips that are too long to be held: their frames one by one.
#pragma once

#include "plugins/dcmtk/pixels.h"

#include "modules/core/frames.h"

namespace sensorium::dicom {

// More than frame_budget() bytes, in an encoding of which single frames can be read.
bool is_long_clip(const File& file, const PixelModule& module);
// Each compressed frame is decoded once, as those of a clip that is held are, so that damage is
// told now. Throws Error.
std::shared_ptr<const FrameSource> clip_frames(std::shared_ptr<const File> file,
                                               const PixelModule& module, const Context& context);
// The same again from the source's index(), without decoding. Throws Error Conflict when the file
// is another.
std::shared_ptr<const FrameSource> read_frames(const std::filesystem::path& path,
                                               const Video& video, const std::string& index);

}
