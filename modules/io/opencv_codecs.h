// What libsensorium_codecs.so holds; reached through codecs() alone.
#pragma once

#include "modules/io/codecs.h"

namespace sensorium {

DecodedPages decode_pages(const Bytes& file, const PictureHeader& header,
                          const std::vector<std::size_t>& pages);
void decode_video(const Bytes& file, const std::filesystem::path& path, Samples samples,
                  const Context& context, Video& v);
std::shared_ptr<const FrameSource> video_frames(const std::filesystem::path& path, const Video& v,
                                                const std::string& index);
void encode_video(const Video& video, const std::filesystem::path& path);

}
