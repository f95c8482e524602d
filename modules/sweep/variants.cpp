#include "modules/sweep/variants.h"

#include <boost/math/distributions/students_t.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int fewest_pairs = 5;

using Seeds = std::map<double, double>; // seed: value

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void set_difference(VariantFigures& out, const Seeds& own, const Seeds& best) {
  std::vector<double> differences;
  for (const auto& [seed, value] : own)
    if (const auto at = best.find(seed); at != best.end())
      differences.push_back(value - at->second);
  out.pairs = static_cast<int>(differences.size());
  out.verdict = "too few seeds";
  if (differences.empty()) return;
  out.difference = out.low = out.high = mean_of(differences);
  if (differences.size() < 2) return;
  double squares = 0;
  for (const double d : differences) squares += (d - out.difference) * (d - out.difference);
  const auto n = static_cast<double>(differences.size());
  const boost::math::students_t t(n - 1);
  const double half = boost::math::quantile(t, 0.975) * std::sqrt(squares / (n - 1) / n);
  out.low = out.difference - half;
  out.high = out.difference + half;
  if (out.pairs >= fewest_pairs)
    out.verdict = out.low <= 0 && out.high >= 0 ? "no difference" : "worse";
}

}

std::vector<VariantFigures> variants_of(const Study& study) {
  const bool seeded = std::any_of(study.space.begin(), study.space.end(),
                                  [](const Dimension& d) { return d.name == "seed"; });
  std::map<std::string, std::pair<json, Seeds>> groups;
  for (const Trial& trial : study.trials) {
    if (trial.state != "complete" || !trial.value || !trial.parameters.contains("seed")) continue;
    json rest = trial.parameters;
    rest.erase("seed");
    auto& [parameters, seeds] = groups[rest.dump()];
    parameters = rest;
    seeds[trial.parameters.at("seed").get<double>()] = *trial.value;
  }
  if (!seeded || groups.size() < 2) return {};
  std::vector<std::pair<VariantFigures, const Seeds*>> all;
  for (const auto& [key, group] : groups) {
    VariantFigures figures{.parameters = group.first};
    for (const auto& [seed, value] : group.second) figures.values.push_back(value);
    figures.mean = mean_of(figures.values);
    all.emplace_back(std::move(figures), &group.second);
  }
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    return study.maximise ? a.first.mean > b.first.mean : a.first.mean < b.first.mean;
  });
  std::vector<VariantFigures> out;
  for (auto& [figures, seeds] : all) {
    if (out.empty())
      figures.verdict = "best";
    else
      set_difference(figures, *seeds, *all.front().second);
    out.push_back(std::move(figures));
  }
  return out;
}

std::string note_of(const std::vector<VariantFigures>& variants) {
  std::size_t nothing = 0, few = 0;
  for (const VariantFigures& v : variants) {
    nothing += v.verdict == "no difference";
    few += v.verdict == "too few seeds";
  }
  std::string text;
  if (nothing > 0)
    text += fmt::format("{} of {} variants cannot be told from the best by these seeds.", nothing,
                        variants.size());
  if (few > 0)
    text += fmt::format("{}{} of {} variants have fewer than {} seeds in common with the best: "
                        "nothing is said of them.",
                        text.empty() ? "" : "\n", few, variants.size(), fewest_pairs);
  return text;
}

std::string table_of(const std::vector<VariantFigures>& variants) {
  if (variants.empty()) return {};
  std::string text = fmt::format("{:>12} {:>6}  {:<38} {}", "mean", "seeds",
                                 "less the best (95 %, paired by seed)", "variant");
  for (const VariantFigures& v : variants) {
    const std::string difference =
        v.verdict == "best" ? "best"
                            : fmt::format("{:+.4g} ({:+.4g} to {:+.4g}) {}", v.difference, v.low,
                                          v.high, v.verdict == "worse" ? "" : v.verdict);
    text += fmt::format("\n{:>12.6g} {:>6}  {:<38} {}", v.mean, v.values.size(), difference,
                        v.parameters.dump());
  }
  if (const std::string note = note_of(variants); !note.empty()) text += "\n" + note;
  return text;
}

}
