// Retinal boundaries: from the file where it has them, else found by graph search.
//
// Each B-scan is a graph whose nodes are pixels and whose edges join a pixel with those of the next
// column at most two rows up or down; the boundary is the path of least cost from left to right
// (dynamic programming), cost = one less the normalised edge strength, plus a price per row of
// step. After Chiu et al. 2010, Opt. Express 18:19413, with these three searches:
//   ILM  dark to bright, weighted down by all that is bright above it;
//   BM   bright to dark, within 30 rows (of 496) below the brightest ridge that lies well below the
//   ILM (ellipsoid zone or
//        epithelium), weighted down by what is nearly as bright below it; that weight draws the
//        path 2.8 rows (of 496) too deep, measured on phantoms, which is taken off again;
//   RPE  the brightest path within 12 rows (of 496) above BM.
// Measured agreement with vendor lines (two scans): docs/BENCHMARKS.md.
#pragma once

#include "modules/core/dataset.h"

#include <span>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

// Lines of one B-scan: row (y, pixels, may be fractional) for each column.
struct BscanLines {
  std::vector<float> ilm, rpe, bm;
  std::string failure; // empty, or which check failed
};

// bscan: [y][x], 0 .. 1 (normalised, best enhanced). Never throws for odd pictures: it says so in
// `failure`. Checks: the ILM lies above the RPE by 3 % of the height everywhere; mean thickness is
// 5 % to 75 % of the height; both edges stand out from the picture's mean edge; no line follows the
// picture's rim.
BscanLines trace_bscan(std::span<const float> bscan, int width, int height);

// ILM, RPE and BM of a volume. Columns of failed B-scans are NaN. A surface that failed in more
// than half of the B-scans has its `failure` set; then it must not be used.
std::vector<Surface> trace_surfaces(std::span<const float> volume, int width, int height, int depth,
                                    int threads = 1);

// prefer "file": the file's own lines when it has an ILM and an RPE or BM that neither cross nor
// leave the picture; what is missing or contradicts itself is computed. prefer "computed": the
// file's lines are left aside.
std::vector<Surface> choose_surfaces(const Volume& volume, std::span<const float> normalised,
                                     const std::string& prefer, int threads = 1);

// The usable surface of that name, or nullptr.
const Surface* usable(const std::vector<Surface>& surfaces, const std::string& name);

}
