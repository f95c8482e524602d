#include "pipelines/oct_hrf/detector.h"

#include "modules/core/parallel.h"
#include "pipelines/oct_hrf/top_hat.h"

#include <fmt/format.h>

#include <cmath>
#include <mutex>

namespace sensorium::oct_hrf {

namespace {

constexpr double candidate_um = 60; // twice the greatest inflammatory focus
constexpr int candidate_px = 13;

}

std::vector<std::uint8_t> top_hat_soft_map(const Prepared& in, double x_um, double y_um,
                                           const Context& context) {
  const std::size_t plane = static_cast<std::size_t>(in.width) * in.height;
  std::vector<std::uint8_t> out(in.values.size());
  const int dx = odd_pixels(candidate_um, x_um, candidate_px);
  const int dy = odd_pixels(candidate_um, y_um, candidate_px);
  std::mutex mutex;
  int done = 0;
  parallel_for(in.depth, context.thread_count(), [&](int z) {
    const std::vector<float> map =
        top_hat_map(in.values.subspan(z * plane, plane), in.width, in.height, dx, dy);
    for (std::size_t i = 0; i < plane; ++i)
      out[z * plane + i] = static_cast<std::uint8_t>(std::lround(255 * map[i]));
    const std::lock_guard lock(mutex);
    context.step(double(++done) / in.depth, "top-hat detector");
  });
  return out;
}

}
