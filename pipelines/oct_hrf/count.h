// From the soft map to counted foci: threshold, components, profile, place, tables. Pure and fast:
// moved by a slider.
#pragma once

#include "modules/core/findings.h"
#include "pipelines/oct_hrf/measure.h"

namespace sensorium::oct_hrf {

struct CountOptions {
  double threshold = 0.5; // on the soft map, 0 .. 1
  std::string profile = "inflammatory_30um";
  double min_size_um = 0; // least long axis; not applied where the scale is unknown
  double max_size_um = 0; // greatest long axis, instead of the profile's; 0: the profile's own
  int min_pixels = 3;     // least pixels in the B-scan that shows most
  bool per_bscan = false; // items: 2-D components of single B-scans instead of 3-D objects
  double fovea_x = -1, fovea_z = -1; // column, B-scan; -1: the middle
  // Candidates of a lower probability in the second look (second_look.h) are no lesions. 0: off.
  double second_look = 0;
  bool list_look_alikes = false; // they become items "vessel or shadow"; counted nowhere
};

// Items carry label "focus", "exudate" or "choroidal"; what the profile refuses, what lies in front
// of the retina and what the second look refuses is left out and its number told in the summary.
// Retinal and choroidal numbers stand apart everywhere. Both kinds of count (3-D objects, B-scan
// sections) are in the summary and the tables, whichever kind the items are.
//   id: "f-X-Y-Z", the voxel of greatest probability (first in raster order): it stays while the
//   threshold moves. score: greatest probability. Measures: "long axis", "equivalent diameter",
//   "section area", "en-face area", "volume", "mean intensity", "contrast", "mean probability"; in
//   um, um2, um3 where the spacings that enter are known, else px, px2, px3. attributes: "bscan"
//   (from 1), "bscans", "slab", "etdrs", "shadow" (yes, no, unknown), "of_rpe", "profile",
//   "second_look" (its probability, where it was applied).
Findings count_foci(const Volume& volume, const ComponentIndex& index, const Scene& scene,
                    const CountOptions& options);

}
