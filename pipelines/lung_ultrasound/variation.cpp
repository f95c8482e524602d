#include "pipelines/lung_ultrasound/variation.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium::lung_ultrasound {
namespace {

double bilinear(const Picture& picture, int side, double x, double y) {
  x = std::clamp(x, 0.0, side - 1.001);
  y = std::clamp(y, 0.0, side - 1.001);
  const int ix = static_cast<int>(x), iy = static_cast<int>(y);
  const double u = x - ix, v = y - iy;
  const std::uint8_t* p = picture.data() + static_cast<std::size_t>(iy) * side + ix;
  return ((p[0] * (1 - u) + p[1] * u) * (1 - v) + (p[side] * (1 - u) + p[side + 1] * u) * v) / 255;
}

void blank_rectangle(std::vector<float>& values, int side, Random& random) {
  const int w = random.below(side / 3) + 1, h = random.below(side / 3) + 1;
  const int x0 = random.below(side - w), y0 = random.below(side - h);
  for (int y = y0; y < y0 + h; ++y)
    std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(y) * side + x0, w, 0.2f);
}

std::size_t at(int side, int x, int y) {
  return static_cast<std::size_t>(y) * static_cast<std::size_t>(side) + static_cast<std::size_t>(x);
}

std::uint8_t level(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

// Bright rings near the probe, dark below: it does not touch the skin.
double without_contact(int side, int y, double rings, Random& random) {
  const double depth = (y + 0.5) / side;
  const double ring =
      depth < 0.25 ? 180 * std::exp(-10 * depth) * (0.6 + 0.4 * std::cos(depth * rings)) : 0;
  return ring + 8 + 5 * random.normal();
}

double smeared(const Picture& picture, int side, int x, int y) {
  const int reach = side / 6;
  double sum = 0, n = 0;
  for (int b = std::max(0, y - reach); b <= std::min(side - 1, y + reach); b += 2)
    for (int a = std::max(0, x - reach); a <= std::min(side - 1, x + reach); a += 2) {
      sum += picture[at(side, a, b)];
      ++n;
    }
  return sum / n;
}

}

std::vector<float> plain(const Picture& picture) {
  std::vector<float> out;
  out.reserve(picture.size());
  for (const std::uint8_t v : picture) out.push_back(static_cast<float>(v) / 255);
  return out;
}

std::vector<float> varied(const Picture& picture, int side, double strength, Random random) {
  const double wide = 1 - 0.3 * strength * random.uniform(),
               deep = 1 - 0.35 * strength * random.uniform();
  const double left = random.uniform(0, 1 - wide) * side,
               top = 0.25 * random.uniform(0, 1 - deep) * side;
  const bool flip = random.chance(0.5);
  const double gamma = std::exp2(strength * random.uniform(-0.7, 0.7));
  const double gain = 1 + 0.25 * strength * random.uniform(-1, 1);
  const double noise = 0.12 * strength * random.uniform();
  std::vector<float> out;
  out.reserve(picture.size());
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const double across = flip ? side - 1 - x : x;
      const double value = bilinear(picture, side, left + across * wide, top + y * deep);
      out.push_back(static_cast<float>(
          std::clamp(gain * std::pow(value, gamma) * (1 + noise * random.normal()), 0.0, 1.0)));
    }
  if (random.chance(0.5 * strength)) blank_rectangle(out, side, random);
  return out;
}

Picture turned(const Picture& picture, int side) {
  Picture out(picture.size());
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) out[at(side, y, side - 1 - x)] = picture[at(side, x, y)];
  return out;
}

Picture spoiled(const Picture& picture, int side, int way, Random random) {
  Picture out(picture.size());
  const double rings = random.uniform(60, 160), much = random.uniform(5, 9),
               little = random.uniform(0.02, 0.06);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const double own = picture[at(side, x, y)];
      out[at(side, x, y)] = level(way == 0   ? without_contact(side, y, rings, random)
                                  : way == 1 ? little * own + 4 + 4 * random.normal()
                                  : way == 2 ? much * own + 110 + 20 * random.normal()
                                             : smeared(picture, side, x, y) + 3 * random.normal());
    }
  return out;
}

std::vector<std::vector<std::size_t>> balanced_lists(const std::vector<int>& label,
                                                     const std::vector<std::string>& group) {
  std::map<int, std::map<std::string, std::vector<std::size_t>>> classes;
  for (std::size_t i = 0; i < label.size(); ++i) classes[label[i]][group[i]].push_back(i);
  std::size_t most = 0;
  for (const auto& [k, groups] : classes) most = std::max(most, groups.size());
  std::vector<std::vector<std::size_t>> out;
  for (const auto& [k, groups] : classes) {
    const auto n = static_cast<double>(groups.size());
    const auto wanted =
        static_cast<std::size_t>(std::ceil(std::sqrt(n * static_cast<double>(most))));
    auto next = groups.begin();
    for (std::size_t made = 0; made < std::max(wanted, groups.size()); ++made) {
      out.push_back(next->second);
      if (++next == groups.end()) next = groups.begin();
    }
  }
  return out;
}

}
