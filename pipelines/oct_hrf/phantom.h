// Synthetic OCT volumes of the macula with known lesions: for training, tests and the evaluation.
//
// A scene of layers, vessels, drusen, cysts and lesions gives a mean intensity at each voxel. This
// is multiplied by fully developed speckle (the squared modulus of a circular complex Gaussian
// field, hence exponential intensity, averaged over `looks`: Goodman 2007, Speckle Phenomena in
// Optics, ch. 3 and 4; in OCT: Schmitt, Xiang, Yung 1999, J. Biomed. Opt. 4:95), detector noise is
// added, and the sum is brought to 8 bits by the fourth root (as Spectralis shows it) or by the
// logarithm. How near it comes to real scans: docs/BENCHMARKS.md.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/parameters.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

// Version 1 draws each B-scan by itself. In version 2 vessels run through the volume
// (phantom_vessels.h) and bodies wider than the B-scan distance show in several B-scans; layers,
// lesions and optics of a seed are those of version 1. A version, once here, keeps its voxels.
inline constexpr int latest_phantom_version = 2;

struct PhantomOptions {
  int seed = 1; // --seed
  int phantom_version = 1;
  int width = 512, height = 496, scans = 8;
  double spacing_x_um = 11.3, spacing_y_um = 3.87, spacing_z_um = 120;
  // Means per B-scan; each volume draws its own factor around 1 when variety > 0.
  double foci = 6, exudates = 0.7, choroidal_foci = 2;
  double vessels = 3, capillaries = 6, fragments = 6, grains = 10;
  double drusen = 0.6, cysts = 0.5;
  double focus_min_um = 14, focus_max_um = 30, exudate_min_um = 35, exudate_max_um = 90;
  double focus_contrast = 42; // least grey levels of a focus above its layer
  int looks = 6;
  double speckle_x_px = 0.6, speckle_y_px = 0.9; // sigma of the point spread
  double noise_grey = 24;
  double texture = 0.25; // log-intensity deviation within layers
  double gain = 1;       // above 1 the bright layers saturate
  std::string display = "fourth_root";
  double tilt_deg = 2, curvature_um_per_mm2 = 12, pit = 1, thickness = 1;
  std::string eye = "right";
  double variety = 1; // 0: exactly these values; 1: each seed varies them as real devices differ
};
void describe(ParameterVisitor& v, PhantomOptions& p);

// Values of the label map. Everything above 3 is a distractor: bright, small, and no lesion.
enum class PhantomLabel : std::uint8_t {
  Background = 0,
  Focus = 1,
  Exudate = 2,
  ChoroidalFocus = 3,
  Vessel = 4,
  Fragment = 5,
};
std::string_view name_of(PhantomLabel label);

// One lesion or vessel section in one B-scan.
struct PhantomObject {
  int instance = 0; // value in `instances`
  PhantomLabel label = PhantomLabel::Focus;
  int scan = 0;
  double x = 0, y = 0;                // true centre, pixels
  double width_um = 0, height_um = 0; // of the section
  double diameter_um = 0;             // of the circle of equal area
  double grey = 0;                    // mean grey level before speckle
  std::string layer;                  // the layer of the centre
  bool shadow = false;
  int pixels = 0; // labelled in this B-scan
  int body = 0;   // version 2: sections of one vessel or lesion share it; 0: this one is alone
};

struct Phantom {
  Volume volume;    // UInt8, modality OCT, surfaces ILM, RNFL, IPL, INL, OPL, ELM, EZ, RPE, BM
  Volume labels;    // UInt8, PhantomLabel
  Volume instances; // UInt16: 0, or PhantomObject::instance
  std::vector<PhantomObject> objects;
  PhantomOptions used; // after `variety` has been applied
};

// Equal bits for equal options on any number of threads. Surfaces are rows (pixels) of boundaries;
// RPE is the middle of its band, BM the lower edge. Throws Error Usage for a size that holds no
// retina (height * spacing below 800 um, or a side below 32) or more than 255 B-scans,
// B-scans less than 1 um apart, a version that does not exist.
Phantom make_phantom(const PhantomOptions& options, int threads = 1);

}
