// A second look at a candidate of the network: a lesion, or a small vessel cut across or a fragment
// of a layer, which are as bright and as small. Judged by size, brightness against its surroundings
// above, below and beside, the shadow below it at several depths, and its place between the lines;
// not by grey levels as such, which differ between devices.
//
// The judge is a logistic model of these cues, their squares and products, fitted on candidates of
// the shipped network in phantoms that did not train it; weights and the command that makes them
// again: second_look_weights.h. It looks at one B-scan: in the phantom nothing goes on from one
// B-scan to the next, so it has no cue of continuation. How much it helps: docs/BENCHMARKS.md.
#pragma once

#include "pipelines/oct_hrf/measure.h"

#include <array>
#include <optional>

namespace sensorium::oct_hrf {

inline constexpr std::array cue_names = {
    "log height",    "log width",         "fill",       "map mean",   "map peak", "over ring",
    "over side",     "over far side",     "over above", "over below", "shadow",   "shadow near",
    "shadow at RPE", "shadow in choroid", "depth",      "below BM"};
using Cues = std::array<double, cue_names.size()>;

// Of the part of the component in that B-scan, its map values over all. Sizes of a pixel in um.
// Grey values and lines are the scene's. Empty where a line is missing at the candidate.
std::optional<Cues> cues_of(const Component& component, int bscan, const Scene& scene, double dx_um,
                            double dy_um);

// 0 .. 1; not calibrated.
double lesion_probability(const Cues& cues);

}
