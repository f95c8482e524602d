#include "modules/sweep/samplers.h"

#include "modules/core/error.h"
#include "modules/core/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::size_t random_first = 10, draws = 24, most_good = 25;
constexpr double good_part = 0.15;

// A stepped dimension is a line whose steps have equal width; a logarithmic one is its logarithm.
struct Line {
  explicit Line(const Dimension& dimension) : d(dimension) {
    const double half = d.step / 2;
    const double top = d.step > 0 ? d.low + d.step * static_cast<double>(levels_of(d) - 1) : d.high;
    low = at(d.low - half);
    high = at(top + half);
  }
  double at(double value) const { return d.logarithmic ? std::log(value) : value; }
  json value(double x) const {
    double v = d.logarithmic ? std::exp(x) : x;
    if (d.step > 0) {
      const double last = static_cast<double>(levels_of(d) - 1);
      v = d.low + d.step * std::clamp(std::round((v - d.low) / d.step), 0.0, last);
    }
    v = std::clamp(v, d.low, d.high);
    return d.kind == DimensionKind::Integer ? json(static_cast<std::int64_t>(v)) : json(v);
  }
  const Dimension& d;
  double low, high;
};

// One Gaussian for each observation and one as wide as the range, all cut to the range. Its width
// is the greater of the distances to both neighbours, within limits.
class Parzen {
public:
  Parzen(std::vector<double> points, double low, double high) : low_(low), high_(high) {
    const double range = high - low;
    std::sort(points.begin(), points.end());
    const double least = range / std::min(100.0, 1.0 + static_cast<double>(points.size()));
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double left = points[i] - (i > 0 ? points[i - 1] : low);
      const double right = (i + 1 < points.size() ? points[i + 1] : high) - points[i];
      add(points[i], std::clamp(std::max(left, right), least, range));
    }
    add((low + high) / 2, range);
  }
  double draw(Random& random) const {
    const auto i = static_cast<std::size_t>(random.uniform() * static_cast<double>(all_.size()));
    for (int tries = 0; tries < 1000; ++tries) {
      const double x = all_[i].mean + all_[i].width * random.normal();
      if (x >= low_ && x <= high_) return x;
    }
    return std::clamp(all_[i].mean, low_, high_);
  }
  double density(double x) const {
    double sum = 0;
    for (const Part& p : all_) {
      const double z = (x - p.mean) / p.width;
      sum += std::exp(-z * z / 2) / (p.width * p.mass);
    }
    return sum / static_cast<double>(all_.size());
  }

private:
  struct Part {
    double mean, width, mass;
  };
  void add(double mean, double width) {
    const auto below = [&](double x) {
      return std::erfc((mean - x) / (width * std::numbers::sqrt2)) / 2;
    };
    all_.push_back({mean, width, std::max(below(high_) - below(low_), 1e-12)});
  }
  double low_, high_;
  std::vector<Part> all_;
};

json random_value(const Dimension& d, Random& random) {
  if (d.kind == DimensionKind::Choice)
    return d.choices[static_cast<std::size_t>(random.uniform() *
                                              static_cast<double>(d.choices.size()))];
  const Line line(d);
  return line.value(line.low + random.uniform() * (line.high - line.low));
}

using Split = std::pair<std::vector<const Tried*>, std::vector<const Tried*>>; // good, bad

Split split(const std::vector<Tried>& history) {
  std::vector<const Tried*> all;
  for (const Tried& t : history) all.push_back(&t);
  std::stable_sort(all.begin(), all.end(), [](const Tried* a, const Tried* b) {
    return std::pair(a->pruned, a->loss) < std::pair(b->pruned, b->loss);
  });
  const auto wanted =
      static_cast<std::size_t>(std::ceil(good_part * static_cast<double>(all.size())));
  const auto good = static_cast<std::ptrdiff_t>(std::min(wanted, most_good));
  return {{all.begin(), all.begin() + good}, {all.begin() + good, all.end()}};
}

json tpe_choice(const Dimension& d, const Split& parts, Random& random) {
  const auto weights = [&](const std::vector<const Tried*>& tried) {
    std::vector<double> out(d.choices.size(), 1.0);
    for (const Tried* t : tried)
      for (std::size_t i = 0; i < out.size(); ++i)
        if (t->parameters.value(d.name, json()) == d.choices[i]) out[i] += 1;
    double sum = 0;
    for (const double w : out) sum += w;
    for (double& w : out) w /= sum;
    return out;
  };
  const auto good = weights(parts.first), bad = weights(parts.second);
  std::size_t best = 0;
  double ratio = -1;
  for (std::size_t n = 0; n < draws; ++n) {
    double left = random.uniform();
    std::size_t i = 0;
    while (i + 1 < good.size() && left >= good[i]) left -= good[i++];
    if (good[i] / bad[i] > ratio) {
      ratio = good[i] / bad[i];
      best = i;
    }
  }
  return d.choices[best];
}

json tpe_value(const Dimension& d, const Split& parts, Random& random) {
  if (d.kind == DimensionKind::Choice) return tpe_choice(d, parts, random);
  const Line line(d);
  const auto density = [&](const std::vector<const Tried*>& tried) {
    std::vector<double> points;
    for (const Tried* t : tried)
      if (const json value = t->parameters.value(d.name, json()); value.is_number())
        points.push_back(line.at(value.get<double>()));
    return Parzen(points, line.low, line.high);
  };
  const Parzen good = density(parts.first), bad = density(parts.second);
  double best = line.low, ratio = -1;
  for (std::size_t n = 0; n < draws; ++n) {
    const double x = good.draw(random);
    const double here = good.density(x) / std::max(bad.density(x), 1e-300);
    if (here > ratio) {
      ratio = here;
      best = x;
    }
  }
  return line.value(best);
}

}

void check_sampler(const std::string& sampler) {
  if (sampler != "grid" && sampler != "random" && sampler != "tpe")
    throw Error(ErrorCode::Usage, fmt::format("there is no sampler '{}'", sampler),
                "grid, random or tpe");
}

json sample(const std::string& sampler, const SearchSpace& space, std::uint64_t seed,
            std::int64_t index, const std::vector<Tried>& history) {
  check_sampler(sampler);
  if (sampler == "grid") return grid_point(space, index);
  Random random(random_key({seed, static_cast<std::uint64_t>(index)}));
  const bool learns = sampler == "tpe" && history.size() >= random_first;
  const Split parts = learns ? split(history) : Split{};
  json out = json::object();
  for (const Dimension& d : space)
    out[d.name] = learns ? tpe_value(d, parts, random) : random_value(d, random);
  return out;
}

}
