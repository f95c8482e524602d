#include "pipelines/lung_ultrasound/deidentify.h"

#include "modules/core/error.h"
#include "modules/core/registry.h"
#include "modules/imaging/filters.h"
#include "modules/io/builtin.h"
#include "modules/io/video_writer.h"
#include "pipelines/lung_ultrasound/marks.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr int most_frames = 64;
constexpr double inset = 0.004;    // of the beam: its very rim may touch text
constexpr float still = 0.012f;    // deviation over time: 3 of 255 grey levels
constexpr float stands_out = 0.2f; // over the blurred surroundings
constexpr int reach = 2;           // pixels around a stroke: compression spreads it

std::vector<std::uint8_t> inside_of(const Beam& beam) {
  std::vector<std::uint8_t> out(beam.mask.size());
  for (int y = 0; y < beam.height; ++y)
    for (int x = 0; x < beam.width; ++x) {
      const auto [line, depth] = place_of(beam, x, y);
      const bool in = line > inset && line < 1 - inset && depth > inset && depth < 1 - inset;
      const std::size_t i = static_cast<std::size_t>(y) * beam.width + x;
      out[i] = in && beam.mask[i] != 0 ? 1 : 0;
    }
  return out;
}

// Strokes that stand still within the beam.
std::vector<std::uint8_t> strokes_of(const Frames& f, const std::vector<std::uint8_t>& inside) {
  std::vector<std::uint8_t> out(inside.size());
  if (f.grey.size() < 4) return out;
  const auto n = static_cast<float>(f.grey.size());
  std::vector<float> mean(inside.size()), deviation(inside.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    float sum = 0, square = 0;
    for (const auto& g : f.grey) sum += g[i], square += g[i] * g[i];
    mean[i] = sum / n;
    deviation[i] = std::sqrt(std::max(0.0f, square / n - mean[i] * mean[i]));
  }
  const std::vector<float> around = gaussian_blur(mean, f.width, f.height, 6, 6);
  for (int y = 0; y < f.height; ++y)
    for (int x = 0; x < f.width; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * f.width + x;
      if (inside[i] == 0 || deviation[i] > still || mean[i] < around[i] + stands_out) continue;
      for (int v = std::max(0, y - reach); v <= std::min(f.height - 1, y + reach); ++v)
        for (int u = std::max(0, x - reach); u <= std::min(f.width - 1, x + reach); ++u)
          out[static_cast<std::size_t>(v) * f.width + u] = 1;
    }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = out[i] != 0 && inside[i] != 0 ? 1 : 0;
  return out;
}

// Each masked pixel becomes the blurred mean of what is not masked, channel by channel.
void fill(std::uint8_t* frame, int width, int height, int channels,
          const std::vector<std::uint8_t>& strokes) {
  std::vector<float> weight(strokes.size());
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = strokes[i] != 0 ? 0.0f : 1.0f;
  const std::vector<float> weights = gaussian_blur(weight, width, height, 5, 5);
  for (int c = 0; c < channels; ++c) {
    std::vector<float> value(strokes.size());
    for (std::size_t i = 0; i < value.size(); ++i)
      value[i] = weight[i] * static_cast<float>(frame[i * static_cast<std::size_t>(channels) + c]);
    const std::vector<float> blurred = gaussian_blur(value, width, height, 5, 5);
    for (std::size_t i = 0; i < value.size(); ++i)
      if (strokes[i] != 0)
        frame[i * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)] =
            static_cast<std::uint8_t>(
                weights[i] > 1e-3f ? std::clamp(blurred[i] / weights[i], 0.0f, 255.0f) : 0.0f);
  }
}

json run(const std::vector<std::string>& files, const json&, const fs::path& output,
         const Context& context) {
  if (files.size() != 1)
    throw Error(ErrorCode::Usage, "one clip is needed",
                "sensorium deidentify lung_ultrasound CLIP -o DIR");
  FullRegistry registry;
  context.step(0, "reading");
  const Dataset dataset = registry.open(files[0]);
  const auto* video = std::get_if<Video>(&dataset);
  if (video == nullptr)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' is no clip", files[0]),
                "give a video file or an ultrasound DICOM with several frames");
  context.step(0.4, "masking");
  const Cleaned clean = without_writing(*video);
  context.step(0.5, "writing");
  // DICOM stays DICOM: scale and time go with the pictures.
  const bool dicom = video->origin.format == "dicom";
  const fs::path file = output / (dicom ? "clip.dcm" : "clip.mkv");
  if (dicom)
    registry.writer("dicom_clip")
        .write_clean_clip(clean.video, dataset, file, context.part(0.5, 1));
  else
    write_video(clean.video, file);
  return {
      {"clip", file.string()},
      {"outside_share", clean.outside},
      {"pixels_painted_over", clean.written},
      {"text",
       fmt::format("{}\n{:.0f} % of the picture was made black, {} pixels of still writing within "
                   "the beam were painted over. Look at the clip before you pass it on: writing "
                   "that moves, or is dim, is not told from tissue.",
                   file.string(), 100 * clean.outside, clean.written)}};
}

}

Cleaned without_writing(const Video& video) {
  const Dataset dataset(video);
  const Frames frames = frames_of(dataset, most_frames);
  const Beam beam = find_beam(frames);
  if (!beam.found())
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' was not exported: {}", video.origin.path, beam.failure),
                "without a beam nothing tells text from tissue; mask it by hand");
  const std::vector<std::uint8_t> inside = inside_of(beam), strokes = strokes_of(frames, inside);
  const auto written =
      static_cast<std::size_t>(std::count(strokes.begin(), strokes.end(), std::uint8_t{1}));
  Cleaned out;
  out.video.width = video.width;
  out.video.height = video.height;
  out.video.frames = video.frames;
  out.video.channels = video.channels;
  out.video.source = std::make_shared<MadeFrames>([=](int t) {
    const Buffer source = video.frame(t);
    const auto values = samples<std::uint8_t>(source);
    std::vector<std::uint8_t> frame(values.begin(), values.end());
    if (written > 0) fill(frame.data(), video.width, video.height, video.channels, strokes);
    for (std::size_t i = 0; i < inside.size(); ++i)
      if (inside[i] == 0)
        std::fill_n(frame.data() + i * static_cast<std::size_t>(video.channels), video.channels,
                    std::uint8_t{0});
    return Buffer::of(std::move(frame));
  });
  out.video.frame_time_ms = video.frame_time_ms;
  out.video.frame_time_source = video.frame_time_source;
  out.video.spacing = video.spacing;
  out.video.modality = "US";
  const auto kept = std::count(inside.begin(), inside.end(), std::uint8_t{1});
  out.outside = 1 - static_cast<double>(kept) / static_cast<double>(inside.size());
  out.written = written;
  return out;
}

PipelineCommand deidentify_command() {
  return {.verb = "deidentify",
          .title = "Export a clip without burnt-in text and without its header",
          .parameters = {},
          .run = run};
}

}
