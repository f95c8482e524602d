// The grid of the Early Treatment Diabetic Retinopathy Study: circles of 1, 3 and 6 mm diameter
// round the fovea, the two rings quartered at 45 degrees (ETDRS report 10, Ophthalmology 1991,
// 98:786).
#pragma once

#include "modules/core/dataset.h"

#include <optional>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

// How columns and B-scans lie on the eye.
struct EtdrsGrid {
  double fovea_x = 0, fovea_z = 0; // column and B-scan, may be fractional
  double x_um = 0, z_um = 0;       // > 0
  int nasal_x = 0;                 // +1: nasal towards greater x; -1: towards smaller; 0: unknown
  int superior_z = 0;              // the same for superior and z
};

// Needs known spacing along x and between B-scans. fovea < 0: the middle of the volume. The
// direction of nasal comes from the laterality together with the lines on the localiser (whose x
// grows to the right of the fundus as the examiner sees it: in a right eye nasal is right) or with
// the orientation (patient coordinates: nasal is towards the midline). Superior comes from the
// lines' y (downwards is inferior) or the orientation. `why`, when given, receives the reason for
// what is missing.
std::optional<EtdrsGrid> etdrs_grid(const Volume& volume, double fovea_x, double fovea_z,
                                    std::string* why = nullptr);

// "centre", "inner nasal", "inner superior", ... "outer inferior", "outside". Without directions:
// "inner ring", "outer ring".
std::string etdrs_region(const EtdrsGrid& grid, double x, double z);

// All names that etdrs_region can give for this grid, in the order of a report.
std::vector<std::string> etdrs_regions(const EtdrsGrid& grid);

}
