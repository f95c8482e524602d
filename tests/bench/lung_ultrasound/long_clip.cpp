// Memory and waiting of a long clip. bench_long_clip make OUT.mp4 MINUTES CODEC WIDTH HEIGHT;
// bench_long_clip open CLIP
#include "modules/core/error.h"
#include "modules/io/builtin.h"

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <numbers>
#include <random>

using namespace sensorium;

namespace {

constexpr int rate = 30;

// A sector of speckle in which a bright line breathes; frame t is unlike its neighbours.
void make(const std::string& path, double minutes, const std::string& codec, cv::Size size) {
  cv::VideoWriter out(path, cv::CAP_FFMPEG,
                      cv::VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]), rate, size);
  if (!out.isOpened()) throw Error(ErrorCode::Unsupported, "no such codec: " + codec);
  cv::RNG random(7);
  cv::Mat speckle(size.height * 2, size.width * 2, CV_8UC3),
      mask(size, CV_8UC3, cv::Scalar::all(0));
  random.fill(speckle, cv::RNG::UNIFORM, 10, 120);
  cv::GaussianBlur(speckle, speckle, {5, 3}, 0);
  cv::ellipse(mask, {size.width / 2, -size.height / 10}, {size.height, size.height}, 0, 60, 120,
              cv::Scalar::all(255), cv::FILLED);
  for (int t = 0; t < static_cast<int>(minutes * 60 * rate); ++t) {
    cv::Mat frame = speckle({random.uniform(0, size.width), random.uniform(0, size.height),
                             size.width, size.height})
                        .clone();
    const int depth =
        size.height * 2 / 5 + static_cast<int>(20 * std::sin(2 * std::numbers::pi * t / 90));
    cv::ellipse(frame, {size.width / 2, -size.height / 10}, {depth, depth}, 0, 60, 120,
                cv::Scalar::all(220), 5);
    cv::bitwise_and(frame, mask, frame);
    out.write(frame);
  }
}

long most_memory_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6)) / 1024;
  return 0;
}

template<class Go> void measured(const char* what, int count, const Go& go) {
  std::vector<double> ms;
  for (int k = 0; k < count; ++k) {
    const auto begin = std::chrono::steady_clock::now();
    go(k);
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                     .count());
  }
  std::sort(ms.begin(), ms.end());
  fmt::print("{:<28} median {:7.1f} ms, 95th percentile {:7.1f} ms, most {:7.1f} ms; memory so far "
             "{} MiB\n",
             what, ms[ms.size() / 2], ms[ms.size() * 95 / 100], ms.back(), most_memory_mib());
}

void open(const std::string& path) {
  FullRegistry registry;
  Dataset dataset;
  measured("opening", 1, [&](int) { dataset = registry.open(path); });
  const auto& clip = std::get<Video>(dataset);
  fmt::print("{} frames of {} x {} x {}: {} MiB, {}\n", clip.frames, clip.width, clip.height,
             clip.channels, clip.frame_bytes() * static_cast<std::size_t>(clip.frames) >> 20,
             clip.source ? "decoded one by one" : "held");
  std::mt19937 random(5);
  int at = 0;
  const auto show = [&](int t) { (void)clip.frame(std::clamp(t, 0, clip.frames - 1)); };
  measured("playing, 300 frames", 300, [&](int) { show(at++); });
  measured("scrubbing, 60 places", 60, [&](int) {
    show(at = static_cast<int>(random() % static_cast<unsigned>(clip.frames)));
  });
  measured("stepping back, 200 frames", 200, [&](int) { show(--at); });
  measured("looping, end to begin", 10, [&](int k) { show(k % 2 == 0 ? clip.frames - 1 : 0); });
}

}

int main(int count, char** words) {
  try {
    if (count == 7 && std::string(words[1]) == "make")
      make(words[2], std::stod(words[3]), words[4], {std::stoi(words[5]), std::stoi(words[6])});
    else if (count == 3 && std::string(words[1]) == "open")
      open(words[2]);
    else
      return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
  return 0;
}
