// Times and memory of a recording larger than memory, without the window: bench_recording FILE.npy
// [fresh]. "fresh" forgets the stored overview first. As JSON.
#include "modules/core/dataset_store.h"
#include "modules/io/npy_recording.h"
#include "modules/signal/pyramid.h"
#include "modules/signal/span_analysis.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

using namespace sensorium;

namespace {

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point t) {
  return std::chrono::duration<double, std::milli>(Clock::now() - t).count();
}

double resident_mib(const char* what) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(what)) return std::stod(line.substr(line.find(':') + 1)) / 1024;
  return 0;
}

}

int main(int count, char** words) {
  const std::string path = words[1];
  const bool fresh = count > 2;
  constexpr std::size_t columns = 1900;
  const auto begin = Clock::now();
  const Dataset opened(load_npy_recording(path, {}));
  const auto store = std::filesystem::temp_directory_path() / "bench_recording.store";
  store_dataset(opened, store);
  const Dataset mapped = map_dataset(store);
  const auto& r = std::get<Recording>(mapped);
  const double open_ms = ms_since(begin);
  std::vector<std::size_t> channels;
  for (std::size_t c = 0; c < r.channels.size(); ++c) channels.push_back(c);
  for (const std::size_t c : channels)
    if (fresh) std::filesystem::remove(pyramid_file(path, c));
  std::vector<Pyramid> pyramids;
  for (const std::size_t c : channels)
    if (auto p = Pyramid::load(pyramid_file(path, c), r.length)) pyramids.push_back(std::move(*p));
  const bool stored = pyramids.size() == channels.size();
  for (const std::size_t c : channels)
    if (stored)
      pyramids[c].columns(r.channels[c], 0, r.length, columns);
    else
      coarse_columns(r.channels[c], 0, r.length, columns);
  const double picture_ms = ms_since(begin);
  const auto building = Clock::now();
  if (!stored) {
    pyramids = Pyramid::build(r, channels);
    for (const std::size_t c : channels) pyramids[c].store(pyramid_file(path, c));
  }
  const double build_ms = ms_since(building), after_build = resident_mib("VmHWM");
  double slowest = 0;
  for (int k = 0; k < 200; ++k) { // panning by a hundredth, zooming in tenfold
    const auto pan = Clock::now();
    const auto width = r.length / (k < 100 ? 10 : 1000);
    const auto from = (r.length - width) / 100 * static_cast<std::uint64_t>(k % 100);
    for (const std::size_t c : channels)
      pyramids[c].columns(r.channels[c], from, from + width, columns);
    slowest = std::max(slowest, ms_since(pan));
  }
  const auto analysing = Clock::now();
  analyse_span(r, {.from = 0,
                   .to = r.length,
                   .channels = channels,
                   .phases = std::array<std::size_t, 3>{0, 1, 2},
                   .rate = 10000,
                   .rate_known = true});
  std::printf("{\"samples\": %llu, \"open_ms\": %.1f, \"first_picture_ms\": %.1f, \"stored\": %s, "
              "\"overview_ms\": %.0f, \"slowest_pan_ms\": %.1f, \"analysis_ms\": %.0f, "
              "\"most_resident_mib_overview\": %.0f, \"most_resident_mib\": %.0f}\n",
              static_cast<unsigned long long>(r.length), open_ms, picture_ms,
              stored ? "true" : "false", build_ms, slowest, ms_since(analysing), after_build,
              resident_mib("VmHWM"));
  std::filesystem::remove(store);
}
