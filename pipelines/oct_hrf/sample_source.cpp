#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/oct_hrf/sample_source.h"

#include "modules/core/parallel.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

namespace sensorium::oct_hrf {

std::vector<TrainingBscan> phantom_bscans(const PhantomOptions& phantom,
                                          const SampleOptions& options) {
  const Phantom made = make_phantom(phantom);
  const std::size_t plane = static_cast<std::size_t>(phantom.width) * phantom.height;
  const std::vector<float> grey = to_float(made.volume);
  const auto labels = samples<std::uint8_t>(made.labels.pixels);
  std::vector<TrainingBscan> out(static_cast<std::size_t>(phantom.scans));
  for (int z = 0; z < phantom.scans; ++z) {
    TrainingBscan& b = out[static_cast<std::size_t>(z)];
    b = {.group = fmt::format("phantom seed {}", phantom.seed),
         .width = phantom.width,
         .height = phantom.height};
    prepare(b, std::span(grey).subspan(z * plane, plane), options);
    b.target.resize(plane);
    for (std::size_t i = 0; i < plane; ++i) {
      const std::uint8_t label = labels[z * plane + i];
      b.target[i] = label >= 1 && label <= 3 ? 255 : 0;
    }
    for (const PhantomObject& o : made.objects)
      if (o.scan == z && static_cast<int>(o.label) <= 3)
        b.lesions.push_back({static_cast<int>(o.x), static_cast<int>(o.y)});
    const auto row = [&](std::size_t k) {
      return static_cast<int>(
          made.volume.surfaces[k].depth[static_cast<std::size_t>(z) * b.width + b.width / 2]);
    };
    b.retina_top = row(0);
    b.retina_bottom = std::min(b.height - 1, row(made.volume.surfaces.size() - 1) + 40);
  }
  return out;
}

PhantomSamples::PhantomSamples(const SampleOptions& options, const PhantomOptions& phantom,
                               const Context& context)
    : options_(options) {
  check(options);
  bscans_.resize(static_cast<std::size_t>(options.seeds) * options.scans);
  std::mutex mutex;
  int done = 0;
  parallel_for(options.seeds, context.thread_count(), [&](int s) {
    PhantomOptions one = phantom;
    one.seed = options.first_seed + s;
    one.scans = options.scans;
    std::vector<TrainingBscan> made = phantom_bscans(one, options);
    std::move(made.begin(), made.end(),
              bscans_.begin() + static_cast<std::ptrdiff_t>(s) * options.scans);
    const std::lock_guard lock(mutex);
    context.step(double(++done) / options.seeds, "phantoms for training");
  });
}

std::size_t PhantomSamples::size() const { return bscans_.size() * options_.patches; }

std::string PhantomSamples::group(std::size_t index) const {
  return bscans_.at(index / options_.patches).group;
}

Sample PhantomSamples::get(std::size_t index, std::uint64_t seed) const {
  return patch_of(bscans_.at(index / options_.patches), options_, index, seed);
}

}

#endif
