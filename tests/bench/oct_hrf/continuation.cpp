#include "tests/bench/oct_hrf/continuation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace sensorium::bench {

namespace {

struct Place {
  double x = 0, part = 0; // column; part of the way from ILM to BM
  int wide = 1, high = 1; // pixels of the candidate
};

double mean_of(const Scene& s, int z, int x0, int x1, int y0, int y1) {
  x0 = std::max(0, x0), x1 = std::min(s.width - 1, x1);
  y0 = std::max(0, y0), y1 = std::min(s.height - 1, y1);
  if (x1 < x0 || y1 < y0) return std::numeric_limits<double>::quiet_NaN();
  std::uint32_t sum = 0;
  for (int y = y0; y <= y1; ++y) {
    const std::uint8_t* row = &s.grey[(static_cast<std::size_t>(z) * s.height + y) * s.width];
    for (int x = x0; x <= x1; ++x) sum += row[x];
  }
  return sum / (255.0 * (x1 - x0 + 1) * (y1 - y0 + 1));
}

std::optional<std::array<double, 2>> lines_at(const Scene& s, int x, int z) {
  const std::size_t at = static_cast<std::size_t>(z) * s.width + x;
  const double ilm = s.ilm->depth[at], bm = s.bm->depth[at];
  if (!(std::abs(ilm) < 1e6) || !(std::abs(bm) < 1e6)) return std::nullopt;
  return std::array{ilm, bm};
}

std::optional<Place> place_of(const Component& c, int z, const Scene& s) {
  int x0 = s.width, x1 = -1, y0 = s.height, y1 = -1;
  double sx = 0, sy = 0, n = 0;
  for (const Run& r : c.runs) {
    if (r.z != z) continue;
    x0 = std::min(x0, r.x), x1 = std::max(x1, r.x + r.length - 1);
    y0 = std::min(y0, r.y), y1 = std::max(y1, r.y);
    sx += r.length * (r.x + (r.length - 1) / 2.0);
    sy += static_cast<double>(r.length) * r.y;
    n += r.length;
  }
  if (n == 0) return std::nullopt;
  const auto lines =
      lines_at(s, std::clamp(static_cast<int>(std::lround(sx / n)), 0, s.width - 1), z);
  if (!lines) return std::nullopt;
  return Place{.x = sx / n,
               .part = (sy / n - (*lines)[0]) / std::max((*lines)[1] - (*lines)[0], 5.0),
               .wide = x1 - x0 + 1,
               .high = y1 - y0 + 1};
}

// What a neighbour shows at -reach .. reach columns aside.
struct Profile {
  int reach = 0;
  std::vector<double> response; // a spot's grey over what lies beside it; the best of some rows
  std::vector<int> row;
  std::vector<std::uint8_t> map;
  double at(int aside) const { // with one column of tolerance
    double best = -1;
    for (int k = std::max(-reach, aside - 1); k <= std::min(reach, aside + 1); ++k)
      best = std::max(best, response[k + reach]);
    return best;
  }
};

struct Search {
  const Scene& scene;
  std::span<const std::uint8_t> soft_map;
  double dx, dy, dz;
  Place place;

  int across(double um) const { return std::max(1, static_cast<int>(std::lround(um / dx))); }
  int down(double um) const { return std::max(1, static_cast<int>(std::lround(um / dy))); }

  double response(int z, int x, int y) const {
    const int half_x = std::min(place.wide, across(34)) / 2, half_y = (place.high - 1) / 2;
    const int y0 = y - half_y, y1 = y0 + place.high - 1, near = across(22), far = across(45);
    const double inside = mean_of(scene, z, x - half_x, x + half_x, y0, y1);
    const double left = mean_of(scene, z, x - half_x - far, x - half_x - near, y0, y1);
    const double right = mean_of(scene, z, x + half_x + near, x + half_x + far, y0, y1);
    if (std::isnan(left) || std::isnan(right)) return inside - (std::isnan(left) ? right : left);
    return inside - (left + right) / 2;
  }

  Profile profile(int z) const {
    Profile p;
    p.reach = across(dz + 6);
    const int tolerance = down(8), step = std::max(1, tolerance / 2);
    for (int aside = -p.reach; aside <= p.reach; ++aside) {
      const int x = static_cast<int>(std::lround(place.x)) + aside;
      p.response.push_back(-1);
      p.row.push_back(0);
      p.map.push_back(0);
      if (x < 0 || x >= scene.width) continue;
      const auto lines = lines_at(scene, x, z);
      if (!lines) continue;
      const double middle = (*lines)[0] + place.part * std::max((*lines)[1] - (*lines)[0], 5.0);
      for (int off = -tolerance; off <= tolerance; off += step) {
        const int y = static_cast<int>(std::lround(middle)) + off;
        if (y < 0 || y >= scene.height) continue;
        const double r = response(z, x, y);
        if (r > p.response.back()) p.response.back() = r, p.row.back() = y;
        if (!soft_map.empty())
          p.map.back() = std::max(
              p.map.back(),
              soft_map[(static_cast<std::size_t>(z) * scene.height + y) * scene.width + x]);
      }
    }
    return p;
  }

  // Brightness below the best spot near `aside` over that beside it, at the pigment epithelium.
  double shadow(const Profile& p, int z, int aside) const {
    int best = std::clamp(aside, -p.reach, p.reach);
    for (int k = std::max(-p.reach, aside - 1); k <= std::min(p.reach, aside + 1); ++k)
      if (p.response[k + p.reach] > p.response[best + p.reach]) best = k;
    const int x = std::clamp(static_cast<int>(std::lround(place.x)) + best, 0, scene.width - 1);
    const auto lines = lines_at(scene, x, z);
    if (!lines) return 1;
    const int bm = static_cast<int>(std::lround((*lines)[1]));
    const int top = std::max(p.row[best + p.reach] + down(12), bm - down(46)), end = bm + down(60);
    const int gap = across(34), wide = across(68);
    const double below = mean_of(scene, z, x - 1, x + 1, top, end);
    const double left = mean_of(scene, z, x - gap - wide, x - gap - 1, top, end);
    const double right = mean_of(scene, z, x + gap + 1, x + gap + wide, top, end);
    const double beside = std::isnan(left) ? right : std::isnan(right) ? left : (left + right) / 2;
    if (std::isnan(below) || !(beside > 0.02)) return 1;
    return std::min(2.0, below / beside);
  }
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}

std::optional<Continuation> continuation_of(const Component& component, int bscan,
                                            const Scene& scene,
                                            std::span<const std::uint8_t> soft_map, double dx_um,
                                            double dy_um, double dz_um) {
  if (!scene.ilm || !scene.bm || !(dx_um > 0) || !(dy_um > 0) || !(dz_um > 0) ||
      dz_um > farthest_neighbour_um || scene.depth < 2)
    return std::nullopt;
  const auto place = place_of(component, bscan, scene);
  if (!place) return std::nullopt;
  const Search search{scene, soft_map, dx_um, dy_um, dz_um, *place};
  std::vector<Profile> sides;
  std::vector<int> planes;
  for (const int z : {bscan - 1, bscan + 1})
    if (z >= 0 && z < scene.depth) sides.push_back(search.profile(z)), planes.push_back(z);
  const int reach = sides.front().reach, near = std::min(reach, search.across(0.35 * dz_um + 6));
  const bool both = sides.size() == 2;
  Continuation c{-1, -1, -1, 0, 0, 1, std::log(dz_um), both ? 1.0 : 0.0};
  int best = 0;
  for (int aside = -reach; aside <= reach; ++aside) {
    const double here = sides.front().at(aside), there = both ? sides.back().at(-aside) : here;
    const double least = std::min(here, there);
    if (least > c[0]) c[0] = least, best = aside;
    if (std::abs(aside) <= near) c[1] = std::max(c[1], least);
    c[2] = std::max({c[2], here, there});
    int map = 255;
    for (std::size_t k = 0; k < sides.size(); ++k)
      map = std::min<int>(map, sides[k].map[(k == 0 ? aside : -aside) + reach]);
    c[4] = std::max(c[4], map / 255.0);
  }
  double shadow = 0;
  for (std::size_t k = 0; k < sides.size(); ++k) {
    c[3] += median(sides[k].response) / static_cast<double>(sides.size());
    shadow += search.shadow(sides[k], planes[k], k == 0 ? best : -best);
  }
  c[5] = shadow / static_cast<double>(sides.size());
  return c;
}

}
