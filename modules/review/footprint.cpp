#include "modules/review/footprint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <tuple>

namespace sensorium {
namespace {

auto row_of(const Run& r) { return std::tie(r.z, r.y); }
std::int64_t end_of(const Run& r) { return static_cast<std::int64_t>(r.x) + r.length; }

Run run_between(const Run& row, std::int64_t first, std::int64_t end) {
  return {row.z, row.y, static_cast<int>(first), static_cast<int>(end - first)};
}

std::string source_of(const Spacing& a, const Spacing& b) {
  return a.field == b.field ? a.field : a.field + ", " + b.field;
}

}

std::vector<Run> normalised(std::vector<Run> runs) {
  std::erase_if(runs, [](const Run& r) {
    return r.length <= 0 || end_of(r) > std::numeric_limits<int>::max();
  });
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) {
    return std::tie(a.z, a.y, a.x) < std::tie(b.z, b.y, b.x);
  });
  std::vector<Run> out;
  for (const Run& r : runs) {
    if (!out.empty() && row_of(out.back()) == row_of(r) && r.x <= end_of(out.back()))
      out.back().length = static_cast<int>(std::max(end_of(out.back()), end_of(r)) - out.back().x);
    else
      out.push_back(r);
  }
  return out;
}

std::vector<Run> united(const std::vector<Run>& a, const std::vector<Run>& b) {
  std::vector<Run> all = a;
  all.insert(all.end(), b.begin(), b.end());
  return normalised(std::move(all));
}

std::vector<Run> subtracted(const std::vector<Run>& a, const std::vector<Run>& b) {
  const std::vector<Run> from = normalised(a), holes = normalised(b);
  std::vector<Run> out;
  auto hole = holes.begin();
  for (const Run& r : from) {
    while (hole != holes.end() &&
           (row_of(*hole) < row_of(r) || (row_of(*hole) == row_of(r) && end_of(*hole) <= r.x)))
      ++hole;
    std::int64_t x = r.x;
    for (auto h = hole; h != holes.end() && row_of(*h) == row_of(r) && h->x < end_of(r); ++h) {
      if (h->x > x) out.push_back(run_between(r, x, h->x));
      x = std::max(x, end_of(*h));
    }
    if (x < end_of(r)) out.push_back(run_between(r, x, end_of(r)));
  }
  return out;
}

std::int64_t voxel_count(const std::vector<Run>& runs) {
  std::int64_t count = 0;
  for (const Run& r : runs) count += r.length;
  return count;
}

std::int64_t overlap(const std::vector<Run>& a, const std::vector<Run>& b) {
  std::int64_t count = 0;
  auto i = a.begin(), j = b.begin();
  while (i != a.end() && j != b.end()) {
    if (row_of(*i) != row_of(*j)) {
      row_of(*i) < row_of(*j) ? ++i : ++j;
      continue;
    }
    count += std::max<std::int64_t>(0, std::min(end_of(*i), end_of(*j)) - std::max(i->x, j->x));
    end_of(*i) < end_of(*j) ? ++i : ++j;
  }
  return count;
}

void place(Finding& finding) {
  if (finding.footprint.empty()) return;
  constexpr int most = std::numeric_limits<int>::max(), least = std::numeric_limits<int>::min();
  std::array<int, 6> box{most, most, most, least, least, least};
  double count = 0, sx = 0, sy = 0, sz = 0;
  for (const Run& r : finding.footprint) {
    const int last = static_cast<int>(end_of(r) - 1);
    box = {std::min(box[0], r.x),  std::min(box[1], r.y), std::min(box[2], r.z),
           std::max(box[3], last), std::max(box[4], r.y), std::max(box[5], r.z)};
    const double n = r.length;
    count += n;
    sx += n * (static_cast<double>(r.x) + last) / 2;
    sy += n * r.y;
    sz += n * r.z;
  }
  finding.box = box;
  finding.centroid = {sx / count, sy / count, sz / count};
}

void remeasure(Finding& finding, const std::array<Spacing, 3>& spacing) {
  finding.measures.clear();
  std::map<int, std::int64_t> section;
  for (const Run& r : finding.footprint) section[r.z] += r.length;
  std::int64_t largest = 0, total = 0;
  for (const auto& [z, count] : section) {
    largest = std::max(largest, count);
    total += count;
  }
  const bool in_plane = spacing[0].known() && spacing[1].known();
  const double pixel = in_plane ? spacing[0].micrometres * spacing[1].micrometres : 1;
  const std::string source = in_plane ? source_of(spacing[0], spacing[1]) : "scale unknown";
  const double area = static_cast<double>(largest) * pixel;
  finding.measures.push_back({"section area", area, in_plane ? "um2" : "px2", source});
  finding.measures.push_back({"equivalent diameter", 2 * std::sqrt(area / std::numbers::pi),
                              in_plane ? "um" : "px", source});
  if (section.size() < 2) return;
  const bool deep = in_plane && spacing[2].known();
  finding.measures.push_back(
      {"volume", static_cast<double>(total) * (deep ? pixel * spacing[2].micrometres : 1),
       deep ? "um3" : "px3", deep ? source_of(spacing[0], spacing[2]) : "scale unknown"});
}

}
