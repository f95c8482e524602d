#include "pipelines/oct_hrf/evaluate.h"

#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/imaging/components.h"
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/surfaces.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <tuple>

namespace sensorium::oct_hrf {

namespace {

constexpr std::size_t strata = std::size(stratum_limits_um) + 1;

std::size_t stratum_of(double um) {
  std::size_t k = 0;
  while (k < strata - 1 && um > stratum_limits_um[k]) ++k;
  return k;
}

Interval percentiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(std::lround(part * double(values.size() - 1)))];
  };
  return {at(0.025), at(0.975)};
}

}

std::vector<int> match(const std::vector<Section>& truths, const std::vector<Section>& candidates,
                       const MatchOptions& options) {
  std::vector<std::tuple<double, int, int>> pairs;
  for (std::size_t t = 0; t < truths.size(); ++t) {
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      if (truths[t].scan != candidates[c].scan) continue;
      const double d = std::hypot((truths[t].x - candidates[c].x) * options.spacing_x_um,
                                  (truths[t].y - candidates[c].y) * options.spacing_y_um);
      const auto& over = candidates[c].overlapped;
      const bool touches = std::find(over.begin(), over.end(), truths[t].instance) != over.end();
      if (d <= options.distance_um || touches)
        pairs.emplace_back(d, static_cast<int>(t), static_cast<int>(c));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<int> of_truth(truths.size(), -1);
  std::vector<bool> taken(candidates.size(), false);
  for (const auto& [d, t, c] : pairs) {
    if (of_truth[t] >= 0 || taken[c]) continue;
    of_truth[t] = c;
    taken[c] = true;
  }
  return of_truth;
}

Rates rates(const std::vector<Tally>& volumes) {
  double truths = 0, found = 0, candidates = 0, bscans = 0, a = 0, b = 0, common = 0;
  for (const Tally& t : volumes) {
    truths += t.truths;
    found += t.found;
    candidates += t.candidates;
    bscans += t.bscans;
    a += double(t.truth_pixels);
    b += double(t.map_pixels);
    common += double(t.common_pixels);
  }
  const auto part = [](double n, double d) { return d > 0 ? n / d : 0.0; };
  return {part(found, truths), part(found, candidates), part(2 * found, truths + candidates),
          part(candidates - found, bscans), part(2 * common, a + b)};
}

RateIntervals bootstrap(const std::vector<Tally>& volumes, int rounds, std::uint64_t seed) {
  if (volumes.empty() || rounds < 1)
    throw Error(ErrorCode::Usage, "a bootstrap needs volumes and rounds");
  Random random(random_key({seed, 0xb007}));
  std::vector<double> sensitivity, precision, f1, false_rate;
  for (int r = 0; r < rounds; ++r) {
    std::vector<Tally> drawn;
    for (std::size_t i = 0; i < volumes.size(); ++i)
      drawn.push_back(volumes[random.below(static_cast<int>(volumes.size()))]);
    const Rates one = rates(drawn);
    sensitivity.push_back(one.sensitivity);
    precision.push_back(one.precision);
    f1.push_back(one.f1);
    false_rate.push_back(one.false_per_bscan);
  }
  return {percentiles(sensitivity), percentiles(precision), percentiles(f1),
          percentiles(false_rate)};
}

EvaluationCase case_of(const Phantom& phantom, bool enhance, int threads) {
  const Volume& v = phantom.volume;
  const std::size_t plane = static_cast<std::size_t>(v.width) * v.height;
  EvaluationCase one{.name = v.origin.path, .width = v.width, .height = v.height, .depth = v.depth};
  one.scale = {.spacing_x_um = v.spacing[0].micrometres, .spacing_y_um = v.spacing[1].micrometres};
  one.prepared = normalise_volume(to_float(v), plane, threads);
  for (const float p : one.prepared)
    one.grey.push_back(static_cast<std::uint8_t>(255 * std::clamp(p, 0.0f, 1.0f) + 0.5f));
  std::vector<float> clean = enhance_volume(one.prepared, v.width, v.height, {}, threads);
  for (float& p : clean) p = std::clamp(p, 0.0f, 1.0f);
  one.lines = trace_surfaces(clean, v.width, v.height, v.depth, threads);
  if (enhance) one.prepared = std::move(clean);
  const auto all = samples<std::uint16_t>(phantom.instances.pixels);
  const auto labels = samples<std::uint8_t>(phantom.labels.pixels);
  one.instances.assign(all.begin(), all.end());
  for (std::size_t i = 0; i < one.instances.size(); ++i)
    if (labels[i] > static_cast<int>(PhantomLabel::ChoroidalFocus)) one.instances[i] = 0;
  for (const PhantomObject& o : phantom.objects) {
    auto& list = o.label <= PhantomLabel::ChoroidalFocus ? one.truths : one.distractors;
    list.push_back({o.scan, o.x, o.y, o.diameter_um, o.instance, {}, o.label});
  }
  return one;
}

Scene scene_of(const EvaluationCase& one) {
  const Surface *ilm = usable(one.lines, "ILM"), *bm = usable(one.lines, "BM");
  return {.width = one.width,
          .height = one.height,
          .depth = one.depth,
          .grey = one.grey,
          .ilm = one.grey.empty() ? nullptr : ilm,
          .rpe = bm,
          .bm = bm};
}

namespace {

bool holds(const std::vector<int>& sorted, int value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

// Instances that touch what was marked before, in rising order.
std::vector<int> marked_before(const EvaluationCase& one) {
  std::vector<int> out;
  for (std::size_t i = 0; i < one.ignored.size(); ++i)
    if (one.ignored[i] != 0 && one.instances[i] != 0) out.push_back(one.instances[i]);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Says for each false positive what it is nearest to.
void sort_false(const std::vector<Section>& truths, const std::vector<Section>& distractors,
                const std::vector<Section>& candidates, const std::vector<int>& of_truth,
                const MatchOptions& scale, Tally& out) {
  std::vector<Section> rest;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    if (std::find(of_truth.begin(), of_truth.end(), static_cast<int>(c)) != of_truth.end())
      continue;
    const std::vector<int> near = match(truths, {candidates[c]}, scale);
    if (std::find(near.begin(), near.end(), 0) != near.end())
      ++out.false_beside_lesion;
    else
      rest.push_back(candidates[c]);
  }
  const std::vector<int> of_distractor = match(distractors, rest, scale);
  int explained = 0;
  for (std::size_t d = 0; d < distractors.size(); ++d) {
    if (of_distractor[d] < 0) continue;
    ++out.false_at[static_cast<std::size_t>(distractors[d].kind)];
    ++explained;
  }
  out.false_at[0] = static_cast<int>(rest.size()) - explained;
}

std::optional<Cues> cues_in(const EvaluationCase& one, const Scene& scene, const Component& c) {
  return cues_of(c, c.runs.front().z, scene, one.scale.spacing_x_um, one.scale.spacing_y_um);
}

struct Counted {
  std::vector<Section> candidates;
  std::vector<Component> components; // only when cues are kept
  std::vector<std::optional<Cues>> cues;
  std::int64_t pixels = 0, common = 0;
};

Counted candidates_of(const EvaluationCase& one, std::span<const std::uint8_t> soft_map,
                      std::uint8_t threshold, int min_pixels, const std::vector<int>& left_out,
                      double second_look, bool keep_cues = false) {
  const std::size_t plane = static_cast<std::size_t>(one.width) * one.height;
  const ComponentIndex index(soft_map, one.width, one.height, one.depth, threshold);
  const Scene scene = scene_of(one);
  Counted out;
  for (const Component& c : index.query(threshold, Connectivity::Planar8)) {
    if (c.voxels < min_pixels) continue;
    const bool look = keep_cues || second_look > 0;
    const std::optional<Cues> cues = look ? cues_in(one, scene, c) : std::nullopt;
    if (cues && !keep_cues && lesion_probability(*cues) < second_look) continue;
    Section s{.scan = c.runs.front().z, .x = c.centroid[0], .y = c.centroid[1]};
    bool known_before = false;
    std::int64_t common = 0;
    for (const Run& run : c.runs) {
      const std::size_t at = run.z * plane + static_cast<std::size_t>(run.y) * one.width + run.x;
      for (int i = 0; i < run.length; ++i) {
        const int instance = one.instances[at + i];
        const bool dropped = instance != 0 && holds(left_out, instance);
        known_before |= dropped || (!one.ignored.empty() && one.ignored[at + i] != 0);
        if (instance == 0 || dropped) continue;
        ++common;
        if (s.overlapped.empty() || s.overlapped.back() != instance)
          s.overlapped.push_back(instance);
      }
    }
    if (known_before && s.overlapped.empty()) continue;
    out.pixels += c.voxels;
    out.common += common;
    out.candidates.push_back(std::move(s));
    if (keep_cues) {
      out.cues.push_back(cues);
      out.components.push_back(c);
    }
  }
  return out;
}

}

std::vector<Example> examples(const EvaluationCase& one, std::span<const std::uint8_t> soft_map,
                              std::uint8_t threshold, int min_pixels) {
  const Counted counted = candidates_of(one, soft_map, threshold, min_pixels, {}, 0, true);
  const std::vector<int> of_truth = match(one.truths, counted.candidates, one.scale);
  std::vector<Example> out;
  for (std::size_t i = 0; i < counted.candidates.size(); ++i)
    if (counted.cues[i])
      out.push_back(
          {counted.components[i], *counted.cues[i],
           std::find(of_truth.begin(), of_truth.end(), static_cast<int>(i)) != of_truth.end()});
  return out;
}

Tally tally(const EvaluationCase& one, std::span<const std::uint8_t> soft_map,
            std::uint8_t threshold, int min_pixels, double second_look) {
  const std::vector<int> left_out = marked_before(one);
  const Counted counted =
      candidates_of(one, soft_map, threshold, min_pixels, left_out, second_look);
  std::vector<Section> truths;
  for (const Section& t : one.truths)
    if (!holds(left_out, t.instance)) truths.push_back(t);
  Tally out{.bscans = one.depth,
            .truths = static_cast<int>(truths.size()),
            .candidates = static_cast<int>(counted.candidates.size()),
            .map_pixels = counted.pixels,
            .common_pixels = counted.common,
            .left_out = static_cast<int>(one.truths.size() - truths.size())};
  for (const std::uint16_t i : one.instances) out.truth_pixels += i != 0 && !holds(left_out, i);
  out.stratum_truths.assign(strata, 0);
  out.stratum_found.assign(strata, 0);
  out.count_differences.assign(one.depth, 0);
  for (const Section& c : counted.candidates) ++out.count_differences[c.scan];
  const std::vector<int> of_truth = match(truths, counted.candidates, one.scale);
  for (std::size_t t = 0; t < truths.size(); ++t) {
    const std::size_t k = stratum_of(truths[t].diameter_um);
    ++out.stratum_truths[k];
    out.stratum_found[k] += of_truth[t] >= 0;
    ++out.kind_truths[static_cast<std::size_t>(truths[t].kind)];
    out.kind_found[static_cast<std::size_t>(truths[t].kind)] += of_truth[t] >= 0;
    out.found += of_truth[t] >= 0;
    --out.count_differences[truths[t].scan];
  }
  sort_false(truths, one.distractors, counted.candidates, of_truth, one.scale, out);
  return out;
}

Agreement bland_altman(std::span<const double> differences) {
  if (differences.empty()) throw Error(ErrorCode::Usage, "an agreement needs differences");
  const auto n = static_cast<double>(differences.size());
  double mean = 0, square = 0;
  for (const double d : differences) mean += d / n;
  for (const double d : differences) square += (d - mean) * (d - mean);
  const double reach = 1.96 * std::sqrt(square / std::max(1.0, n - 1));
  return {mean, mean - reach, mean + reach};
}

}
