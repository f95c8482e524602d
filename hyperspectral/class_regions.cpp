#include "hyperspectral/class_regions.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium::hyper {
namespace {

constexpr std::size_t most_runs = std::size_t{1} << 22;

struct Piece {
  int line, sample, length, number;
};

class Joined {
public:
  std::size_t add() {
    parent_.push_back(static_cast<std::uint32_t>(parent_.size()));
    return parent_.size() - 1;
  }
  std::size_t root(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  // The earlier one is the root, so that a region is known by its first run.
  void join(std::size_t a, std::size_t b) {
    a = root(a), b = root(b);
    parent_[std::max(a, b)] = static_cast<std::uint32_t>(std::min(a, b));
  }

private:
  std::vector<std::uint32_t> parent_;
};

int class_at(float value) { return value > 0 ? static_cast<int>(value) : 0; } // NaN: none

void add_line(std::span<const float> row, int line, std::vector<Piece>& pieces) {
  const auto samples = static_cast<int>(row.size() / 2);
  for (int x = 0; x < samples;) {
    const int number = class_at(row[2 * static_cast<std::size_t>(x)]);
    int end = x + 1;
    while (end < samples && class_at(row[2 * static_cast<std::size_t>(end)]) == number) ++end;
    if (number > 0) pieces.push_back({line, x, end - x, number});
    x = end;
  }
}

// The roots of the largest, in the order of their first runs. sizes: of each root, else 0.
std::vector<std::size_t> largest(const std::vector<std::int64_t>& sizes, std::int64_t least,
                                 std::size_t most) {
  std::vector<std::pair<std::int64_t, std::size_t>> all;
  for (std::size_t root = 0; root < sizes.size(); ++root)
    if (sizes[root] > 0 && sizes[root] >= least) all.emplace_back(-sizes[root], root);
  const std::size_t count = std::min(most, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(all[i].second);
  std::sort(out.begin(), out.end());
  return out;
}

void add_scores(const Raster& map, ClassRegion& region) {
  double sum = 0, count = 0;
  for (const Run& r : region.runs) {
    const auto row = map.rows(r.y, 1);
    for (int x = r.x; x < r.x + r.length; ++x) {
      const auto score = static_cast<double>(row[2 * static_cast<std::size_t>(x) + 1]);
      if (!std::isfinite(score)) continue;
      sum += score;
      ++count;
    }
  }
  region.mean_score = count > 0 ? sum / count : 0;
}

}

ClassRegions class_regions(const Raster& map, std::int64_t least, std::size_t most,
                           const Context& context) {
  std::vector<Piece> pieces;
  Joined joined;
  std::size_t above = 0, begin = 0;
  ClassRegions out;
  for (int line = 0; line < map.lines(); ++line) {
    context.step(0.8 * line / map.lines(), "regions of the classes");
    begin = pieces.size();
    add_line(map.rows(line, 1), line, pieces);
    if (pieces.size() > most_runs) {
      out.complete = false;
      return out;
    }
    for (std::size_t i = begin; i < pieces.size(); ++i) joined.add();
    for (std::size_t i = above, j = begin; i < begin && j < pieces.size();) {
      const int end_i = pieces[i].sample + pieces[i].length,
                end_j = pieces[j].sample + pieces[j].length;
      const bool touch = pieces[i].sample < end_j && pieces[j].sample < end_i;
      if (touch && pieces[i].number == pieces[j].number) joined.join(i, j);
      end_i < end_j ? ++i : ++j;
    }
    above = begin;
    if (line % 1024 == 1023) map.release();
  }
  std::vector<std::int64_t> sizes(pieces.size(), 0);
  for (std::size_t i = 0; i < pieces.size(); ++i) sizes[joined.root(i)] += pieces[i].length;
  out.found = std::count_if(sizes.begin(), sizes.end(), [](std::int64_t s) { return s > 0; });
  std::map<std::size_t, std::size_t> place;
  for (const std::size_t root : largest(sizes, least, most)) {
    place.emplace(root, out.regions.size());
    out.regions.push_back({.number = pieces[root].number, .runs = {}});
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto at = place.find(joined.root(i));
    if (at == place.end()) continue;
    ClassRegion& region = out.regions[at->second];
    region.runs.push_back({0, pieces[i].line, pieces[i].sample, pieces[i].length});
    region.pixels += pieces[i].length;
    out.covered += pieces[i].length;
  }
  for (ClassRegion& region : out.regions) add_scores(map, region);
  map.release();
  return out;
}

}
