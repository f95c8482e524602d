// Recognising video containers and seeing that they are whole, before a decoder is asked.
#pragma once

#include "modules/io/bytes.h"

namespace sensorium {

enum class Container { None, Mp4, Avi, Mpeg, Gif, Matroska };
std::string_view name_of(Container container);
// From the first bytes.
Container video_container(std::span<const std::byte> head);

// Throws Error BadInput when the container's own lengths (MP4 boxes, AVI's RIFF size, GIF's blocks)
// say that the file is cut short. MPEG and Matroska streams state no length: their truncation shows
// only as fewer frames.
void check_complete(const Bytes& file, Container container);

}
