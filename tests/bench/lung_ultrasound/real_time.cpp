// Frames a second of whole clips: opening and decoding, then beam, signs and network on every frame
// as --follow does it. bench_lung_real_time MODEL CLIP...; MODEL "-": without a network.
#include "modules/core/dataset.h"
#include "modules/core/error.h"
#include "modules/io/builtin.h"
#include "pipelines/lung_ultrasound/follow_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>

using namespace sensorium;
using namespace sensorium::lung_ultrasound;
using Clock = std::chrono::steady_clock;

namespace {

double ms_since(Clock::time_point from) {
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

std::vector<std::uint8_t> luma_of(const Video& v, int frame) {
  const std::size_t pixels = static_cast<std::size_t>(v.width) * static_cast<std::size_t>(v.height),
                    step = static_cast<std::size_t>(v.channels);
  const std::uint8_t* at =
      samples<std::uint8_t>(v.pixels).data() + static_cast<std::size_t>(frame) * pixels * step;
  std::vector<std::uint8_t> out(pixels);
  for (std::size_t i = 0; i < pixels; ++i, at += step)
    out[i] =
        step < 3 ? at[0] : static_cast<std::uint8_t>((77 * at[0] + 150 * at[1] + 29 * at[2]) >> 8);
  return out;
}

struct Times {
  double all_ms = 0, processor_ms = 0; // processor_ms: of all threads
  int frames = 0;
  std::vector<double> each_ms;
};

void measure(const char* path, const std::string& model, Classifier& classifier, Times& sum) {
  FullRegistry registry;
  const std::clock_t processor = std::clock();
  const auto begun = Clock::now();
  const Dataset dataset = registry.open(path);
  const auto* video = std::get_if<Video>(&dataset);
  if (video == nullptr) return;
  Follower follower(video->width, video->height, {}, model, classifier, {});
  for (int f = 0; f < video->frames; ++f) {
    const auto got = Clock::now();
    follower.take(luma_of(*video, f));
    sum.each_ms.push_back(ms_since(got));
  }
  const double all_ms = ms_since(begun);
  sum.all_ms += all_ms;
  sum.processor_ms += 1000.0 * static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  sum.frames += video->frames;
  std::printf("%s: %d frames of %d x %d, %.0f frames/s\n", path, video->frames, video->width,
              video->height, 1000 * video->frames / all_ms);
}

}

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "bench_lung_real_time MODEL CLIP...\n");
    return 2;
  }
  const std::string model = std::string(argv[1]) == "-" ? "" : argv[1];
  Classifier classifier;
  if (!model.empty()) (void)classifier.load(model, {});
  Times sum;
  for (int i = 2; i < argc; ++i) measure(argv[i], model, classifier, sum);
  if (sum.each_ms.empty()) return 4;
  std::sort(sum.each_ms.begin(), sum.each_ms.end());
  const auto at = [&](double share) {
    return sum
        .each_ms[static_cast<std::size_t>(share * static_cast<double>(sum.each_ms.size() - 1))];
  };
  std::printf("all: %d frames, %.0f frames/s with opening and decoding (%.2f ms a frame, of which "
              "processor time of all threads %.2f ms); after decoding %.2f ms median, %.2f ms 95th "
              "percentile\n",
              sum.frames, 1000 * sum.frames / sum.all_ms, sum.all_ms / sum.frames,
              sum.processor_ms / sum.frames, at(0.5), at(0.95));
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 4;
}
