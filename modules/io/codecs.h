// OpenCV's codecs of pictures and videos are a library of their own, loaded when the first picture
// or video is decoded: with FFmpeg, GDAL and GStreamer they are 200 libraries, which every start of
// the program would wait for.
#pragma once

#include "modules/core/context.h"
#include "modules/io/image_header.h"

#include <filesystem>

namespace sensorium {

struct DecodedPages {
  std::vector<std::byte> pixels; // grey or RGB, page after page, of the type that the header states
  bool transparent = false;      // some pixel was not opaque
};

// The functions of libsensorium_codecs.so.
struct Codecs {
  // PNG, TIFF and BMP. Throws Error BadInput or Unsupported.
  DecodedPages (*decode_pages)(const Bytes& file, const PictureHeader& header,
                               const std::vector<std::size_t>& pages);
  // Fills in frames, size, frame time and warnings; pixels, or beyond frame_budget() a source.
  // file: the content of path, for messages.
  void (*decode_video)(const Bytes& file, const std::filesystem::path& path, Samples samples,
                       const Context& context, Video& video);
  // The source of a clip again, from what its index() says. Throws Error BadInput.
  std::shared_ptr<const FrameSource> (*video_frames)(const std::filesystem::path& path,
                                                     const Video& video, const std::string& index);
  // As write_video (video_writer.h).
  void (*encode_video)(const Video& video, const std::filesystem::path& path);
};

// Loads the library at the first call; any thread may call. Throws Error Unsupported with the
// loader's reason where it cannot be loaded.
const Codecs& codecs();

}
