#include "modules/review/agreement.h"

#include "modules/review/footprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium {
namespace {

struct Candidate {
  std::int64_t shared;
  double distance;
  int a, b;
};

double distance_between(const Finding& a, const Finding& b, const std::array<Spacing, 3>& spacing,
                        bool known) {
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double step = (a.centroid[i] - b.centroid[i]) * (known ? spacing[i].micrometres : 1.0);
    sum += step * step;
  }
  return std::sqrt(sum);
}

std::vector<std::vector<Run>> footprints(const std::vector<Finding>& layer) {
  std::vector<std::vector<Run>> out;
  for (const Finding& f : layer) out.push_back(normalised(f.footprint));
  return out;
}

std::vector<Run> all_runs(const std::vector<Finding>& layer) {
  std::vector<Run> runs;
  for (const Finding& f : layer) runs.insert(runs.end(), f.footprint.begin(), f.footprint.end());
  return normalised(std::move(runs));
}

double ratio(std::int64_t shared, std::int64_t total) {
  return total == 0 ? 1.0 : 2.0 * static_cast<double>(shared) / static_cast<double>(total);
}

}

std::vector<Finding> layer_of(const ReviewState& state, bool with_proposed) {
  std::vector<Finding> layer;
  for (const ReviewedFinding& f : state.findings)
    if (f.state != FindingState::Rejected && (with_proposed || f.state != FindingState::Proposed))
      layer.push_back(f.finding);
  return layer;
}

Agreement agreement(const std::vector<Finding>& a, const std::vector<Finding>& b,
                    const std::array<Spacing, 3>& spacing, const MatchRule& rule) {
  const bool known =
      std::all_of(spacing.begin(), spacing.end(), [](const Spacing& s) { return s.known(); });
  const double farthest = known ? rule.max_distance_um : rule.max_distance_px;
  const auto runs_a = footprints(a), runs_b = footprints(b);
  std::vector<Candidate> candidates;
  for (int i = 0; i < static_cast<int>(a.size()); ++i)
    for (int j = 0; j < static_cast<int>(b.size()); ++j) {
      const double distance = distance_between(a[i], b[j], spacing, known);
      const std::int64_t shared = overlap(runs_a[i], runs_b[j]);
      if (shared > 0 || distance <= farthest) candidates.push_back({shared, distance, i, j});
    }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& x, const Candidate& y) {
                     return x.shared != y.shared ? x.shared > y.shared : x.distance < y.distance;
                   });
  Agreement out;
  out.count_a = static_cast<int>(a.size());
  out.count_b = static_cast<int>(b.size());
  std::vector<bool> used_a(a.size()), used_b(b.size());
  for (const Candidate& c : candidates) {
    if (used_a[c.a] || used_b[c.b]) continue;
    used_a[c.a] = used_b[c.b] = true;
    out.pairs.push_back({c.a, c.b});
    out.same_label += a[c.a].label == b[c.b].label;
  }
  out.matched = static_cast<int>(out.pairs.size());
  for (int i = 0; i < out.count_a; ++i)
    if (!used_a[i]) out.only_a.push_back(i);
  for (int j = 0; j < out.count_b; ++j)
    if (!used_b[j]) out.only_b.push_back(j);
  out.f1 = ratio(out.matched, out.count_a + out.count_b);
  const std::vector<Run> whole_a = all_runs(a), whole_b = all_runs(b);
  out.dice = ratio(overlap(whole_a, whole_b), voxel_count(whole_a) + voxel_count(whole_b));
  out.rule = fmt::format("paired one to one, largest overlap first; a pair shares a voxel or its "
                         "centroids are at most "
                         "{} {} apart",
                         farthest, known ? "um" : "px (scale unknown)");
  return out;
}

BlandAltman bland_altman(const std::vector<double>& a, const std::vector<double>& b) {
  BlandAltman out;
  out.n = static_cast<int>(std::min(a.size(), b.size()));
  for (int i = 0; i < out.n; ++i) out.bias += (a[i] - b[i]) / out.n;
  double squares = 0;
  for (int i = 0; i < out.n; ++i) squares += (a[i] - b[i] - out.bias) * (a[i] - b[i] - out.bias);
  out.deviation =
      out.n < 2 ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(squares / (out.n - 1));
  out.lower = out.bias - 1.96 * out.deviation;
  out.upper = out.bias + 1.96 * out.deviation;
  return out;
}

std::vector<double> counts_per_slice(const std::vector<Finding>& layer, int slices) {
  std::vector<double> counts(static_cast<std::size_t>(std::max(slices, 0)));
  for (const Finding& f : layer) {
    const auto z = std::llround(f.centroid[2]);
    if (z >= 0 && z < slices) counts[static_cast<std::size_t>(z)] += 1;
  }
  return counts;
}

}
