#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/oct_hrf/reviewed_source.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"
#include "modules/io/grid_reader.h"
#include "pipelines/oct_hrf/surfaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

namespace sensorium::oct_hrf {
namespace {

const std::set<std::string> trained_labels{"focus", "exudate", "choroidal"};

std::vector<int> spread(const std::vector<int>& from, int wanted) {
  if (wanted >= static_cast<int>(from.size())) return from;
  std::vector<int> out;
  for (int i = 0; i < wanted; ++i)
    out.push_back(
        from[from.size() * static_cast<std::size_t>(i) / static_cast<std::size_t>(wanted)]);
  return out;
}

Volume labels_of(const TrainingItem& item, const Volume& image) {
  Volume mask = grid::load_volume(grid::Format::Nrrd, item.mask);
  if (mask.width != image.width || mask.height != image.height || mask.depth != image.depth ||
      mask.channels != 1 || mask.type != PixelType::UInt8)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is {} x {} x {}, its mask is {} x {} x {}", item.image.string(),
                            image.width, image.height, image.depth, mask.width, mask.height,
                            mask.depth),
                "make the training set again");
  return mask;
}

// Rows between which patches without a lesion are taken.
void find_retina(TrainingBscan& b) {
  std::vector<float> grey(b.raw.size());
  const std::vector<std::uint8_t>& best = b.enhanced.empty() ? b.raw : b.enhanced;
  for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = static_cast<float>(best[i]) / 255;
  const BscanLines lines = trace_bscan(grey, b.width, b.height);
  b.retina_bottom = b.height - 1;
  if (!lines.failure.empty()) return;
  const std::size_t middle = lines.ilm.size() / 2;
  if (!std::isfinite(lines.ilm[middle]) || !std::isfinite(lines.bm[middle])) return;
  b.retina_top = static_cast<int>(lines.ilm[middle]);
  b.retina_bottom = std::min(b.height - 1, static_cast<int>(lines.bm[middle]) + 40);
}

}

std::vector<int> chosen_bscans(const std::vector<bool>& marked, int wanted) {
  std::vector<int> with, without;
  for (std::size_t z = 0; z < marked.size(); ++z)
    (marked[z] ? with : without).push_back(static_cast<int>(z));
  std::vector<int> out = spread(with, wanted);
  const std::vector<int> rest = spread(without, wanted - static_cast<int>(out.size()));
  out.insert(out.end(), rest.begin(), rest.end());
  std::sort(out.begin(), out.end());
  return out;
}

void check_pipeline(const TrainingSet& set) {
  if (set.pipeline != "oct_hrf")
    throw Error(ErrorCode::Usage,
                fmt::format("the training set holds cases of {}, not of oct_hrf", set.pipeline));
}

ReviewedSamples::ReviewedSamples(const TrainingSet& set, const std::string& part,
                                 const SampleOptions& options, const Context& context)
    : options_(options) {
  check(options);
  check_pipeline(set);
  for (std::size_t i = 0; i < set.items.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(set.items.size()),
                 "reading reviewed recordings");
    if (set.items[i].part != part) continue;
    std::vector<TrainingBscan> read =
        reviewed_bscans(set, set.items[i], options_, context.thread_count());
    std::move(read.begin(), read.end(), std::back_inserter(bscans_));
    ++recordings_;
  }
}

std::vector<TrainingBscan> reviewed_bscans(const TrainingSet& set, const TrainingItem& item,
                                           const SampleOptions& options, int threads) {
  verify(item);
  const Volume image = grid::load_volume(grid::Format::Nrrd, item.image);
  const Volume mask = labels_of(item, image);
  const std::vector<float> grey = to_float(image);
  const auto labels = samples<std::uint8_t>(mask.pixels);
  const std::size_t plane = static_cast<std::size_t>(image.width) * image.height;
  const auto is_lesion = [&](std::uint8_t value) {
    const auto label = set.labels.find(value);
    return value != set.ignored_value && label != set.labels.end() &&
           trained_labels.contains(label->second);
  };
  std::vector<bool> marked(static_cast<std::size_t>(image.depth));
  for (int z = 0; z < image.depth; ++z) {
    const auto part = labels.subspan(z * plane, plane);
    marked[static_cast<std::size_t>(z)] = std::any_of(part.begin(), part.end(), is_lesion);
  }
  const std::vector<int> chosen = chosen_bscans(marked, options.scans);
  std::vector<TrainingBscan> out(chosen.size());
  parallel_for(static_cast<int>(chosen.size()), threads, [&](int k) {
    TrainingBscan& b = out[static_cast<std::size_t>(k)];
    const std::size_t from = static_cast<std::size_t>(chosen[static_cast<std::size_t>(k)]) * plane;
    b = {.group = "patient " + item.patient, .width = image.width, .height = image.height};
    prepare(b, std::span(grey).subspan(from, plane), options);
    find_retina(b);
    b.target.resize(plane);
    for (std::size_t i = 0; i < plane; ++i) {
      const std::uint8_t value = labels[from + i];
      if (is_lesion(value)) {
        b.target[i] = 255;
        // Every pixel of a lesion may be the middle of a patch: larger ones are seen more often.
        b.lesions.push_back({static_cast<int>(i) % image.width, static_cast<int>(i) / image.width});
      } else if (value == set.ignored_value) {
        if (b.undecided.empty()) b.undecided.resize(plane);
        b.undecided[i] = 255;
      }
    }
  });
  return out;
}

std::size_t ReviewedSamples::size() const { return bscans_.size() * options_.patches; }

std::string ReviewedSamples::group(std::size_t index) const {
  return bscans_.at(index / options_.patches).group;
}

Sample ReviewedSamples::get(std::size_t index, std::uint64_t seed) const {
  return patch_of(bscans_.at(index / options_.patches), options_, index, seed);
}

BothSources::BothSources(const SampleSource& first, const SampleSource& second)
    : first_(first), second_(second) {}

std::size_t BothSources::size() const { return first_.size() + second_.size(); }

std::string BothSources::group(std::size_t index) const {
  return index < first_.size() ? first_.group(index) : second_.group(index - first_.size());
}

Sample BothSources::get(std::size_t index, std::uint64_t seed) const {
  return index < first_.size() ? first_.get(index, seed) : second_.get(index - first_.size(), seed);
}

}

#endif
