#include "modules/io/video.h"

#include "modules/core/file.h"
#include "modules/io/codecs.h"
#include "modules/io/video_container.h"
#include "modules/io/video_writer.h"

namespace sensorium {
namespace fs = std::filesystem;

Video load_video(const fs::path& path, Samples samples, const Context& context) {
  Video v;
  v.origin.path = path.string();
  v.origin.format = "video";
  v.channels = 3;
  const auto mapped = MappedFile::open(path);
  const Bytes file(mapped->bytes(), path.string());
  const Container container = video_container(file.all());
  if (container == Container::None)
    throw file.unsupported("is no MP4, QuickTime, AVI, MPEG, GIF or Matroska video",
                           "convert it to MP4 (H.264)");
  check_complete(file, container);
  v.origin.facts.push_back({"File type", std::string(name_of(container)), "content"});
  codecs().decode_video(file, path, samples, context, v);
  const std::string why = "a video file carries no scale";
  v.spacing = {unknown_spacing(why), unknown_spacing(why)};
  return v;
}

void write_video(const Video& video, const fs::path& path) { codecs().encode_video(video, path); }

}
