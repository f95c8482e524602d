// Size, place, brightness and shadow of one component.
#pragma once

#include "modules/core/dataset.h"
#include "modules/imaging/components.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

// What components are measured against. Spans must outlive it.
struct Scene {
  int width = 0, height = 0, depth = 0;
  std::span<const std::uint8_t> grey;     // normalised B-scans, 255 = 1, not enhanced
  const Surface* ilm = nullptr;           // null where not usable
  const Surface* rpe = nullptr;           // RPE, or BM where there is no RPE
  const Surface* bm = nullptr;            // BM, or RPE where there is no BM
  const Surface* opl = nullptr;           // parts inner from outer retina when the file has it
  std::vector<float> rpe_grey, rnfl_grey; // per B-scan, 0 .. 1; NaN where there are no lines
  int threads = 1;                        // for counting; results do not depend on it
};

// Fills rpe_grey (median of the brightest of five rows around the RPE line, over the columns) and
// rnfl_grey (median of the mean of rows 3 to 8 below the ILM) from grey and the lines.
void measure_layers(Scene& scene, int threads = 1);

enum class Slab { Vitreous, InnerRetina, OuterRetina, NearRpe, Choroid, Unknown };
std::string name_of(Slab slab); // "inner retina" ...

// Place of a voxel between the lines. r = (y - ILM) / (RPE - ILM). r < 0: vitreous; up to the OPL
// where the file has it, else r < 0.5: inner; r < 0.9: outer; down to one pixel below BM: near the
// pigment epithelium; deeper: choroid.
Slab slab_at(const Scene& scene, double x, double y, int z);

// The B-scan that shows most of it decides about diameters and shadow, since B-scans are farther
// apart than foci are wide.
struct Shape {
  int bscan = 0; // that B-scan (the first of equals)
  std::int64_t voxels = 0;
  std::int64_t section_pixels = 0; // its pixels there
  std::int64_t face_pixels = 0;    // columns (x, z) it covers, seen from the front
  int bscans = 0;                  // in how many B-scans it appears
  double long_axis = 0; // of the ellipse with the same second moments there, in units of (dx, dy)
  double equivalent_diameter = 0; // of the circle with the same area there
};

// dx, dy: sizes of a pixel; 1 and 1 give pixels. Each pixel adds dx^2/12 and dy^2/12 to the
// moments: a single pixel of side 1 has a long axis of 4 * sqrt(1 / 12) = 1.155.
Shape shape_of(const Component& component, double dx, double dy);

struct Brightness {
  double mean = 0; // of grey over all its voxels, 0 .. 1
  double contrast =
      0; // (mean - ring) / (mean + ring); ring: its box in `bscan`, 4 pixels wider, less itself
  std::optional<bool> shadow;
  double shadow_ratio = 1; // brightness below it / beside that
};

// Shadow: mean grey of its columns from 3 pixels below it to 15 pixels below BM (40 below it where
// there are no lines), divided by that of equally many columns on both sides, 3 columns apart. yes
// below 0.8 (a shadow of one fifth); unknown when fewer than 8 rows lie below it or a side is cut
// by the rim.
Brightness brightness_of(const Component& component, const Shape& shape, const Scene& scene);

}
