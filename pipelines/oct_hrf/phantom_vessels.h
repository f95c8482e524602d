// Vessels of phantom version 2: curved lines through the volume, cut by the B-scans.
//
// Segments lie at random in the plane of the retina, in every direction alike, so that a B-scan of
// length W cuts (2 / pi) * W * (length per area) of them (Crofton's formula: Santalo 1976, Integral
// Geometry and Geometric Probability, ch. 3). The length per area follows from the mean number of
// sections of a B-scan, which is version 1's: 0.81 mm/mm2 for large vessels, 1.63 for small ones.
// Depth, calibre, grey level and shadow are drawn as in version 1, once for each vessel.
#pragma once

#include "pipelines/oct_hrf/phantom_anatomy.h"

namespace sensorium::oct_hrf {

enum class VesselKind { Small, Large };

struct ThroughVessel {
  VesselKind kind = VesselKind::Small;
  std::vector<std::array<double, 2>> line_um; // x, z of its centre line
  double diameter_um = 0;
  double depth = 0; // large: part of the way from ILM to IPL; small: pixels below the boundary
  int level = Ipl;  // boundary that a small one follows
  double grey = 0, shadow = 1;
  std::uint64_t key = 0;
  int body = 0;
};

// Numbers them from last_body + 1 on.
std::vector<ThroughVessel> through_vessels(const PhantomScene& scene, VesselKind kind,
                                           int& last_body);
// Where they cross the plane of that B-scan.
std::vector<Spot> sections_at(const PhantomScene& scene, const std::vector<ThroughVessel>& vessels,
                              int scan);

}
