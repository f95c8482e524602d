// What is done to single spectra before they are compared: the continuum taken off, smoothing,
// derivatives.
#pragma once

#include <span>
#include <vector>

namespace sensorium::hyper {

// Divides by the upper convex hull of the spectrum over its axis (Clark and Roush 1984, J. Geophys.
// Res. 89:6329). axis rises. Both ends become 1. False, and the spectrum left as it is, where the
// hull is not positive everywhere.
bool remove_continuum(std::span<const double> axis, std::span<double> spectrum);

// A polynomial fitted to the values in a window about each band, and the value of it or of a
// derivative there (Savitzky and Golay 1964, Anal. Chem. 36:1627). The window stays inside at the
// ends. On an axis of equal steps this is scipy.signal.savgol_filter with mode "interp"; unequal
// steps are honoured.
class SavitzkyGolay {
public:
  // axis rises strictly; window: odd, above degree, at most the axis' length; derivative: 0 to
  // degree, in units of the axis. Throws Error Usage.
  SavitzkyGolay(std::span<const double> axis, int window, int degree, int derivative);
  // Safe from several threads.
  void apply(std::span<double> spectrum) const;

private:
  std::size_t window_;
  std::vector<std::size_t> first_; // of each band's window
  std::vector<double> weights_;    // [band][window]
};

}
