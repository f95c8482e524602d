// A cube of any sensor as a network for tissue reads it: reflectance at the network's wavelengths.
#pragma once

#include "hyperspectral/calibration.h"
#include "modules/core/cube.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

// Which bands of a sensor make one band of the network, and how much of each; they sum to 1.
struct BandShare {
  std::vector<int> bands;
  std::vector<double> shares;
};
// Triangles as wide as the network's step to either side, where two bands of the sensor or more lie
// in one; else linear between the neighbours. The first and last band of the sensor hold for 10 nm
// beyond it. wanted rises; given in any order, bad bands left out beforehand (NaN). Throws Error
// Unsupported where the sensor misses more than that, or has a gap of more than 40 nm.
std::vector<BandShare> band_shares(std::span<const double> given_nm,
                                   std::span<const double> wanted_nm, const std::string& name);

// What was found of a cube before it is read.
struct ReflectanceCheck {
  double median = 0, high = 0;  // of reflectance in the bands used; the 99th percentile
  bool stated = false;          // the file states its scale, or it was calibrated here
  bool scaled_by_pixel = false; // each spectrum runs from 0 to 1: no reflectance any more
  std::string text;             // for the user; empty when all is well
};

class SpectraReader {
public:
  // Throws Error Unsupported: no wavelengths, the wrong range, values that cannot be reflectance
  // (counts, radiance): each says which numbers were found and what to do. calibration: null, or
  // of this cube.
  SpectraReader(const Cube& cube, std::vector<double> wanted_nm,
                std::shared_ptr<const Calibration> calibration = nullptr);
  const std::vector<double>& wavelengths_nm() const { return wanted_; }
  const ReflectanceCheck& check() const { return check_; }
  // [band][pixel] of the network's bands. usable: 0 where a band is no number, the ignore value, or
  // where all bands are equal (a dead element); such pixels are 0 in out.
  void read(const TileRange& tile, std::vector<float>& out,
            std::vector<std::uint8_t>& usable) const;

private:
  void look();
  const Cube& cube_;
  std::vector<double> wanted_;
  std::shared_ptr<const Calibration> calibration_;
  std::vector<int> used_;         // bands of the cube
  std::vector<BandShare> shares_; // bands: places in used_
  double scale_ = 1;
  ReflectanceCheck check_;
};

// The white and dark reference of a cube, when their files are given (ENVI or npy); null without.
// Throws Error NotFound, and as calibrate().
std::shared_ptr<const Calibration> calibration_from_files(const Cube& cube,
                                                          const std::string& white,
                                                          const std::string& dark,
                                                          const Context& context);

}
