#include "modules/imaging/class_regions.h"

#include "modules/core/error.h"

#include <algorithm>

namespace sensorium {

ClassRegionFinder::ClassRegionFinder(int width, std::size_t most_runs)
    : width_(width), most_runs_(most_runs) {}

std::uint32_t ClassRegionFinder::root(std::uint32_t i) {
  while (pieces_[i].parent != i) i = pieces_[i].parent = pieces_[pieces_[i].parent].parent;
  return i;
}

// The smaller index becomes the root: roots are first in raster order.
void ClassRegionFinder::join(std::uint32_t a, std::uint32_t b) {
  a = root(a);
  b = root(b);
  pieces_[std::max(a, b)].parent = std::min(a, b);
}

void ClassRegionFinder::add_line(std::span<const std::uint8_t> classes,
                                 std::span<const float> scores) {
  const auto width = static_cast<std::size_t>(width_);
  if (classes.size() != width || (!scores.empty() && scores.size() != width))
    throw Error(ErrorCode::Internal, "ClassRegionFinder: a line has another length");
  const int y = line_++;
  if (too_many_) return;
  std::size_t above = above_;
  const std::size_t begin = pieces_.size();
  for (std::size_t x = 0; x < width;) {
    const std::uint8_t number = classes[x];
    std::size_t end = x + 1;
    while (end < width && classes[end] == number) ++end;
    if (number != 0) {
      const auto self = static_cast<std::uint32_t>(pieces_.size());
      double score = 0;
      for (std::size_t k = x; k < end && !scores.empty(); ++k)
        score += static_cast<double>(scores[k]);
      pieces_.push_back(
          {{0, y, static_cast<int>(x), static_cast<int>(end - x)}, self, number, score});
      // A run above that ends before this one may still touch the next one by its corner.
      while (above < begin &&
             pieces_[above].run.x + pieces_[above].run.length < static_cast<int>(x))
        ++above;
      for (std::size_t i = above; i < begin && pieces_[i].run.x <= static_cast<int>(end); ++i)
        if (pieces_[i].number == number) join(static_cast<std::uint32_t>(i), self);
    }
    x = end;
  }
  above_ = begin;
  if (pieces_.size() > most_runs_) {
    too_many_ = true;
    pieces_ = {};
    above_ = 0;
  }
}

ClassRegions ClassRegionFinder::finish(std::size_t most) const {
  ClassRegions out;
  out.too_many = too_many_;
  std::vector<std::uint32_t> region(pieces_.size());
  struct Size {
    std::int64_t pixels;
    std::uint32_t region;
  };
  std::vector<Size> sizes;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const std::uint32_t parent = pieces_[i].parent; // never after its children
    const bool first = parent == i;
    region[i] = first ? static_cast<std::uint32_t>(sizes.size()) : region[parent];
    if (first) sizes.push_back({0, region[i]});
    sizes[region[i]].pixels += pieces_[i].run.length;
  }
  std::stable_sort(sizes.begin(), sizes.end(),
                   [](const Size& a, const Size& b) { return a.pixels > b.pixels; });
  out.sizes.reserve(sizes.size());
  for (const Size& size : sizes) out.sizes.push_back(size.pixels);
  out.largest.resize(std::min(most, sizes.size()));
  constexpr auto none = ~std::uint32_t{0};
  std::vector<std::uint32_t> place(sizes.size(), none);
  for (std::size_t k = 0; k < out.largest.size(); ++k)
    place[sizes[k].region] = static_cast<std::uint32_t>(k);
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const std::uint32_t at = place[region[i]];
    if (at == none) continue;
    ClassRegion& r = out.largest[at];
    r.number = pieces_[i].number;
    r.runs.push_back(pieces_[i].run);
    r.pixels += pieces_[i].run.length;
    r.mean_score += pieces_[i].score;
  }
  for (ClassRegion& r : out.largest) r.mean_score /= static_cast<double>(r.pixels);
  return out;
}

}
