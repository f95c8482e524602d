#include "plugins/dcmtk/outline.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium::dicom {
namespace {

using Rows = std::vector<Run>; // one run in each row, downwards

bool touch(const Run& a, const Run& b) { return a.x < b.x + b.length && b.x < a.x + a.length; }

std::vector<Point2> line_round(const Rows& rows) {
  std::vector<Point2> down, up;
  const auto add = [](std::vector<Point2>& line, double x, double y) {
    if (line.empty() || line.back() != Point2{x, y}) line.push_back({x, y});
  };
  for (const Run& r : rows) {
    add(down, r.x + r.length, r.y);
    add(down, r.x + r.length, r.y + 1);
    add(up, r.x, r.y);
    add(up, r.x, r.y + 1);
  }
  down.insert(down.end(), up.rbegin(), up.rend());
  down.push_back(down.front());
  return down;
}

// Maximal chains of runs, each the only neighbour of the next.
std::vector<Rows> chains(const std::map<int, std::vector<Run>>& rows) {
  std::vector<Rows> out;
  std::map<std::pair<int, int>, std::size_t> chain_of; // y, x of a chain's last run
  for (const auto& [y, runs] : rows) {
    const auto above = rows.find(y - 1);
    for (const Run& run : runs) {
      const Run* only = nullptr;
      int count = 0;
      if (above != rows.end())
        for (const Run& other : above->second)
          if (touch(run, other)) {
            only = &other;
            ++count;
          }
      const bool continues = count == 1 && std::count_if(runs.begin(), runs.end(), [&](auto& r) {
                                             return touch(r, *only);
                                           }) == 1;
      const std::size_t at = continues ? chain_of.at({only->y, only->x}) : out.size();
      if (!continues) out.emplace_back();
      out[at].push_back(run);
      chain_of[{run.y, run.x}] = at;
    }
  }
  return out;
}

}

std::vector<Outline> outlines_of(const std::vector<Run>& footprint) {
  std::map<int, std::map<int, std::vector<Run>>> slices;
  for (const Run& r : footprint)
    if (r.length > 0) slices[r.z][r.y].push_back(r);
  std::vector<Outline> out;
  for (const auto& [z, rows] : slices)
    for (const Rows& chain : chains(rows)) out.push_back({z, line_round(chain)});
  return out;
}

std::vector<Run> filled(const std::vector<Point2>& points, int z, int width, int height) {
  std::vector<Run> out;
  if (points.size() < 3) return out;
  double top = points[0][1], bottom = points[0][1];
  for (const Point2& p : points) {
    top = std::min(top, p[1]);
    bottom = std::max(bottom, p[1]);
  }
  const int first = static_cast<int>(std::clamp(std::ceil(top - 0.5), 0.0, height * 1.0));
  const int last = static_cast<int>(std::clamp(std::floor(bottom - 0.5), -1.0, height - 1.0));
  for (int y = first; y <= last; ++y) {
    const double level = y + 0.5;
    std::vector<double> crossings;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Point2 &a = points[i], &b = points[(i + 1) % points.size()];
      if ((a[1] <= level) == (b[1] <= level)) continue;
      crossings.push_back(a[0] + (level - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
    }
    std::sort(crossings.begin(), crossings.end());
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
      const int x0 = static_cast<int>(std::clamp(std::ceil(crossings[i] - 0.5), 0.0, width * 1.0));
      const int x1 =
          static_cast<int>(std::clamp(std::ceil(crossings[i + 1] - 0.5), 0.0, width * 1.0));
      if (x1 > x0) out.push_back({z, y, x0, x1 - x0});
    }
  }
  return out;
}

}
