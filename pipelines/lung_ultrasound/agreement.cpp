#include "pipelines/lung_ultrasound/agreement.h"

#include "pipelines/lung_ultrasound/figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

namespace sensorium::lung_ultrasound {
using nlohmann::json;
namespace {

using Drawn = std::vector<std::size_t>;

json number(double v) { return std::isfinite(v) ? json(v) : json(); }

double mean_error(const std::vector<Graded>& clips, const Drawn& drawn) {
  double sum = 0;
  for (const std::size_t i : drawn) sum += std::abs(clips[i].truth - clips[i].ours);
  return sum / static_cast<double>(drawn.size());
}

double kappa(const std::vector<Graded>& clips, const Drawn& drawn) {
  std::vector<int> truth, ours;
  for (const std::size_t i : drawn) truth.push_back(clips[i].truth), ours.push_back(clips[i].ours);
  return weighted_kappa(truth, ours, 4);
}

double within_one(const std::vector<Graded>& clips) {
  return static_cast<double>(
             std::count_if(clips.begin(), clips.end(),
                           [](const Graded& c) { return std::abs(c.truth - c.ours) <= 1; })) /
         static_cast<double>(clips.size());
}

std::vector<Graded> always(std::vector<Graded> clips, int grade) {
  for (Graded& c : clips) c.ours = grade;
  return clips;
}

}

json agreement(const std::vector<Graded>& clips, int rounds, std::uint64_t seed) {
  if (clips.empty()) return json::object();
  std::vector<std::string> group;
  for (const Graded& c : clips) group.push_back(c.group);
  Drawn all(clips.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto with_interval = [&](const std::function<double(const Drawn&)>& figure) {
    const auto [low, high] = bootstrap_interval(group, rounds, seed, figure);
    json out = {{"value", number(figure(all))},
                {"clips", clips.size()},
                {"patients", std::set(group.begin(), group.end()).size()}};
    if (std::isfinite(low)) out["interval_95"] = {low, high};
    return out;
  };
  int best = 0;
  for (int k = 1; k < 4; ++k)
    if (mean_error(always(clips, k), all) < mean_error(always(clips, best), all)) best = k;
  std::vector<std::vector<int>> confusion(4, std::vector<int>(4));
  for (const Graded& c : clips)
    ++confusion[static_cast<std::size_t>(c.truth)][static_cast<std::size_t>(c.ours)];
  return {{"quadratic_weighted_kappa",
           with_interval([&](const Drawn& drawn) { return kappa(clips, drawn); })},
          {"mean_absolute_error",
           with_interval([&](const Drawn& drawn) { return mean_error(clips, drawn); })},
          {"within_one", within_one(clips)},
          {"best_constant",
           {{"grade", best},
            {"mean_absolute_error", mean_error(always(clips, best), all)},
            {"within_one", within_one(always(clips, best))}}},
          {"confusion", confusion}};
}

}
