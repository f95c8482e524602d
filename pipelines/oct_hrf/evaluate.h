// How well candidates agree with known lesions: lesion by lesion first, pixel by pixel second.
//
// Matching rule: within one B-scan a candidate and a lesion may be paired when their centroids are
// at most `distance_um` apart or when they share a pixel. Pairs are made in order of rising
// distance, one to one. What is left of the candidates is false positive (a lesion broken in two
// has one), what is left of the lesions is missed. Lesion-wise figures rather than IoU, which says
// little of objects of a few pixels: Maier-Hein et al. 2024, Nature Methods 21:195 (Metrics
// Reloaded).
#pragma once

#include "modules/core/context.h"
#include "modules/core/extension.h"
#include "pipelines/oct_hrf/phantom.h"
#include "pipelines/oct_hrf/second_look.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

// One object in one B-scan, with the instances of the truth that it covers.
struct Section {
  int scan = 0;
  double x = 0, y = 0; // pixels
  double diameter_um = 0;
  int instance = 0;                             // a truth's own
  std::vector<int> overlapped;                  // a candidate's
  PhantomLabel kind = PhantomLabel::Background; // Background: not known
};

struct MatchOptions {
  double distance_um = 30;
  double spacing_x_um = 11.3, spacing_y_um = 3.87;
};

// For each truth the index of its candidate, or -1.
std::vector<int> match(const std::vector<Section>& truths, const std::vector<Section>& candidates,
                       const MatchOptions& options);

// Sums over one volume; they add up over volumes.
struct Tally {
  int bscans = 0, truths = 0, found = 0, candidates = 0;
  std::int64_t truth_pixels = 0, map_pixels = 0, common_pixels = 0;
  std::vector<int> stratum_truths, stratum_found; // by stratum_limits_um
  std::vector<double> count_differences;          // candidates minus lesions, of each B-scan
  // By PhantomLabel: lesions, those found, and false positives with the centre of a vessel or
  // fragment within the distance; [Background]: false positives at neither.
  std::array<int, 6> kind_truths{}, kind_found{}, false_at{};
  int false_beside_lesion = 0; // at a lesion that another candidate has found already
  int left_out = 0;            // lesions on a place that was marked before they were inserted
  int false_positives() const { return candidates - found; }
};
// Upper limits of the strata of size; the last has none.
inline constexpr double stratum_limits_um[] = {20, 30, 50};

struct Rates {
  double sensitivity = 0, precision = 0, f1 = 0, false_per_bscan = 0, dice = 0;
};
Rates rates(const std::vector<Tally>& volumes);

struct Interval {
  double low = 0, high = 0;
};
// Percentile bootstrap over volumes (Efron 1979): 2.5 % and 97.5 % of F1, sensitivity, precision,
// false positives per B-scan in `rounds` resamples. Deterministic by seed.
struct RateIntervals {
  Interval sensitivity, precision, f1, false_per_bscan;
};
RateIntervals bootstrap(const std::vector<Tally>& volumes, int rounds, std::uint64_t seed);

// Mean difference and the limits of agreement: mean -+ 1.96 deviations (n - 1). Bland, Altman 1986,
// Lancet 327:307. Throws Error Usage for no differences.
struct Agreement {
  double bias = 0, low = 0, high = 0;
};
Agreement bland_altman(std::span<const double> differences);

// Lesions and distractors of one volume, and the grey values as a detector is shown them.
struct EvaluationCase {
  std::string name;
  int width = 0, height = 0, depth = 0;
  MatchOptions scale;
  std::vector<float> prepared;
  std::vector<std::uint16_t> instances; // lesions only
  // What the detector marked before lesions were inserted: empty, or of the grey values' length.
  // Where it is not 0, candidates that are no lesion do not count, and a lesion that touches such
  // a place is left out, since finding it would prove nothing.
  std::vector<std::uint8_t> ignored;
  std::vector<Section> truths, distractors;
  // For the second look: normalised grey values that were not enhanced, ILM and BM. May be empty.
  std::vector<std::uint8_t> grey;
  std::vector<Surface> lines;
};
EvaluationCase case_of(const Phantom& phantom, bool enhance, int threads);

// Candidates are the 8-connected components of a B-scan at `threshold` with min_pixels at least, of
// which the second look takes those below `second_look` away (0: none).
Tally tally(const EvaluationCase& one, std::span<const std::uint8_t> soft_map,
            std::uint8_t threshold, int min_pixels, double second_look = 0);

// What candidates of the case are measured against; the case must outlive it.
Scene scene_of(const EvaluationCase& one);

// A candidate, its cues and whether it was paired with a lesion: what the second look is fitted on.
struct Example {
  Component component;
  Cues cues;
  bool lesion = false;
};
std::vector<Example> examples(const EvaluationCase& one, std::span<const std::uint8_t> soft_map,
                              std::uint8_t threshold, int min_pixels);

// `sensorium evaluate oct_hrf [SCAN...] -o DIR`.
PipelineCommand evaluate_command();

}
