#include "modules/review/footprint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <span>
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

namespace {

struct Edge {
  int x0, y0, x1, y1;
};

// Along the line between the rows y - 1 and y, where a row of `from` has no neighbour in `other`.
// Both hold runs of one row each, in order.
void add_edges(std::span<const Run> from, std::span<const Run> other, int y, bool below,
               std::vector<Edge>& edges) {
  auto o = other.begin();
  for (const Run& run : from) {
    int x = run.x;
    const auto put = [&](int end) {
      if (end > x) edges.push_back(below ? Edge{end, y, x, y} : Edge{x, y, end, y});
    };
    const int end = run.x + run.length;
    while (o != other.end() && o->x + o->length <= run.x) ++o;
    for (auto k = o; k != other.end() && k->x < end; ++k) {
      put(k->x);
      x = std::max(x, k->x + k->length);
    }
    put(end);
  }
}

}

std::vector<std::vector<std::array<int, 2>>> border(const std::vector<Run>& runs, int z) {
  std::vector<Run> slice;
  for (const Run& run : runs)
    if (run.z == z) slice.push_back(run);
  slice = normalised(std::move(slice));
  std::vector<Edge> edges;
  const auto row_from = [&](std::size_t at) {
    std::size_t end = at;
    while (end < slice.size() && slice[end].y == slice[at].y) ++end;
    return std::span(slice).subspan(at, end - at);
  };
  std::span<const Run> above;
  for (std::size_t at = 0; at < slice.size();) {
    const std::span<const Run> row = row_from(at);
    const int y = row.front().y;
    const bool joined = !above.empty() && above.front().y == y - 1;
    if (!joined && !above.empty()) add_edges(above, {}, above.front().y + 1, true, edges);
    if (joined) add_edges(above, row, y, true, edges);
    add_edges(row, joined ? above : std::span<const Run>(), y, false, edges);
    for (const Run& run : row) {
      edges.push_back({run.x + run.length, y, run.x + run.length, y + 1});
      edges.push_back({run.x, y + 1, run.x, y});
    }
    above = row;
    at += row.size();
  }
  if (!above.empty()) add_edges(above, {}, above.front().y + 1, true, edges);
  const auto starts_before = [](const Edge& a, const Edge& b) {
    return std::tie(a.y0, a.x0) < std::tie(b.y0, b.x0);
  };
  std::sort(edges.begin(), edges.end(), starts_before);
  std::vector<bool> used(edges.size());
  std::vector<std::vector<std::array<int, 2>>> out;
  for (std::size_t first = 0; first < edges.size(); ++first) {
    if (used[first]) continue;
    std::vector<std::array<int, 2>> line;
    for (std::size_t at = first; at < edges.size();) {
      const Edge& e = edges[at];
      used[at] = true;
      const auto n = line.size();
      if (n > 1 &&
          ((line[n - 2][0] == e.x0 && e.x0 == e.x1) || (line[n - 2][1] == e.y0 && e.y0 == e.y1)))
        line.pop_back(); // straight on
      else if (line.empty())
        line.push_back({e.x0, e.y0});
      line.push_back({e.x1, e.y1});
      // A corner starts two edges at most.
      const auto next =
          std::lower_bound(edges.begin(), edges.end(), Edge{e.x1, e.y1, 0, 0}, starts_before);
      at = static_cast<std::size_t>(next - edges.begin());
      while (at < edges.size() && used[at] && edges[at].x0 == e.x1 && edges[at].y0 == e.y1) ++at;
      if (at < edges.size() && (edges[at].x0 != e.x1 || edges[at].y0 != e.y1)) break;
    }
    line.pop_back(); // closed: it ended where it began
    out.push_back(std::move(line));
  }
  return out;
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
