// The phantom's geometry: where layers, vessels, drusen, cysts and lesions lie, before any optics.
#pragma once

#include "pipelines/oct_hrf/phantom.h"

#include <array>

namespace sensorium::oct_hrf {

// Boundaries from top to bottom; layer k lies between boundary k - 1 and boundary k.
inline constexpr std::array<const char*, 9> boundary_names = {"ILM", "RNFL", "IPL", "INL", "OPL",
                                                              "ELM", "EZ",   "RPE", "BM"};
inline constexpr std::array<const char*, 10> layer_names = {
    "vitreous", "RNFL", "GCL+IPL", "INL", "OPL", "ONL", "EZ", "OS", "RPE", "choroid"};

// A bump of the pigment epithelium: height at (x, z), Gaussian.
struct Druse {
  double x_um, z_um, height_um, sigma_um;
};

// An ellipse in one B-scan. Grey replaces what lies below by `edge`-sharp weights.
struct Spot {
  PhantomLabel label = PhantomLabel::Background; // Background: seen, but in no label map
  double x = 0, y = 0;                           // pixels
  double rx = 1, ry = 1;                         // half axes, pixels
  double angle = 0;                              // radians
  double grey = 0;
  double least_above = 0; // raised where its surroundings are brighter than grey - least_above
  double shadow = 1;      // factor on the intensity below, 1: none
  double ring = 0;        // > 0: a vessel, bright at top and bottom only
  double rz_um = 0;       // half axis across B-scans of a body (version 2); 0: local
  int body = 0;           // PhantomObject::body
  int instance = 0;
  std::string layer;
};

struct PhantomScene {
  PhantomOptions options;
  double fovea_x_um = 0, fovea_z_um = 0, base_um = 0, slope = 0;
  std::array<double, 10> layer_grey{};
  std::vector<Druse> druse;
  std::vector<std::vector<Spot>> spots; // of each B-scan, in the order they are painted
  std::uint64_t key = 0;

  // Rows in micrometres from the top of the picture.
  std::array<double, 9> boundaries_um(double x_um, double z_um) const;
};

enum Boundary { Ilm, Rnfl, Ipl, Inl, Opl, Elm, Ez, Rpe, Bm };

// The options with this seed's own variety applied.
PhantomOptions varied(const PhantomOptions& options);
PhantomScene make_scene(const PhantomOptions& varied_options);

}
