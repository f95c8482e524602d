// Does a candidate go on in the B-scans before and after it, as a vessel does and a focus does not?
//
// A vessel that leaves the B-scan at an angle a is found dz * tan(a) aside in the next one, at the
// same part of the way from ILM to BM, and as far to the other side in the one before. So each
// neighbour is searched up to dz to both sides for a bright spot of the candidate's height, and the
// two are taken together along straight lines. Of vessels in every direction 71 % lie within that
// reach (sin 45 degrees). How much chance alone would find there is measured beside it.
//
// Measured only: it did not raise F1, so the pipeline has no such cue (docs/BENCHMARKS.md).
#pragma once

#include "pipelines/oct_hrf/measure.h"

#include <array>
#include <optional>

namespace sensorium::bench {

using oct_hrf::Scene;

inline constexpr std::array continuation_names = {
    "line",     "line near",   "either",       "line background",
    "line map", "line shadow", "log distance", "both neighbours"};
using Continuation = std::array<double, continuation_names.size()>;

// Farther apart, the same vessel is not to be found again.
inline constexpr double farthest_neighbour_um = 150;

// Of the part of the component in that B-scan. Sizes of a voxel in um. Grey values are the scene's;
// the soft map may be empty. Empty where there is no neighbour, lines are missing at the candidate,
// dz is unknown (0) or above farthest_neighbour_um.
std::optional<Continuation> continuation_of(const Component& component, int bscan,
                                            const Scene& scene,
                                            std::span<const std::uint8_t> soft_map, double dx_um,
                                            double dy_um, double dz_um);

}
