// The phantom along the lines of its beam: anatomy of one seed, and frames of it.
#pragma once

#include "pipelines/lung_ultrasound/phantom.h"

#include <algorithm>
#include <vector>

namespace sensorium::lung_ultrasound {

constexpr double probe_radius_mm = 60; // of a usual abdominal convex probe
inline double linear_width_mm(const PhantomOptions& o) { return std::min(o.depth_mm, 50.0); }

class Scene {
public:
  static constexpr int lines = 160, depths = 320;

  explicit Scene(const PhantomOptions& options);
  const PhantomOptions& options() const { return options_; } // as varied by the seed
  double opening_deg() const { return opening_deg_; }
  double pleura_mm(double across) const; // of the parietal pleura

  // Grey 0 .. 1 at [line * depths + depth] of frame t, and its signs. May run on any thread.
  std::vector<float> frame(int t, PhantomFrame& signs) const;

private:
  struct BLine {
    double across, half_width, brightness, phase;
  };
  struct Field { // of one frame: what scatters, and what reflects as a mirror
    std::vector<float> scattering, mirror;
  };
  void vary();
  void choose_signs();
  double slide(int t) const; // mm to the right
  double border_mm(double across) const;
  void draw_wall(Field& field) const;
  void draw_lung(Field& field, double shift, double time, const std::vector<BLine>& shown) const;
  void draw_consolidation(Field& field, double shift) const;
  void shade_ribs(Field& field) const;
  std::vector<BLine> shown_at(double shift) const;
  std::vector<float> envelope(const Field& field, int t, double shift) const;

  PhantomOptions options_;
  double opening_deg_ = 60, pleura_ = 25, bend_ = 0, breaths_ = 0.3, across_mm_ = 60, muscle_ = 1;
  bool a_lines_ = true;
  std::vector<BLine> b_lines_;
  double consolidation_at_ = 0.5, consolidation_half_ = 0, consolidation_mm_ = 0;
  std::vector<double> ribs_; // across
};

}
