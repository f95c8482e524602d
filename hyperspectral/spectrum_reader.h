// The spectra of a cube as the analyses want them: good bands in the order of their wavelengths,
// scaled, calibrated, and prepared alike.
#pragma once

#include "hyperspectral/calibration.h"
#include "hyperspectral/spectral_shape.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace sensorium::hyper {

enum class Preparation { None, Continuum, Smooth, FirstDerivative, SecondDerivative };

class SpectrumReader {
public:
  // bands: empty for all good ones. calibration: null, or of this cube. window: of Smooth and the
  // derivatives, in bands (degree 2). A band whose wavelength another one has already is left out
  // where something is prepared; the axis is the band's number where wavelengths are unknown.
  // Throws Error Usage (window).
  SpectrumReader(const Cube& cube, std::vector<int> bands, Preparation preparation, int window,
                 std::shared_ptr<const Calibration> calibration);

  const Cube& cube() const { return cube_; }
  const std::vector<int>& bands() const { return bands_; }
  std::size_t size() const { return bands_.size(); }
  const std::vector<double>& nm() const { return nm_; } // one a band used, or empty
  int left_out() const { return left_out_; }            // bands with another one's wavelength
  const std::shared_ptr<const Calibration>& calibration() const { return calibration_; }
  std::vector<TileRange> tiles() const;

  // [pixel][band], divided by the reflectance scale (calibrated: reflectance), then prepared. A
  // pixel without a measurement in a band, or that cannot be prepared, is zeros and not valid.
  void read(const TileRange& tile, std::vector<double>& out,
            std::vector<std::uint8_t>& valid) const;
  // The same for a spectrum that is on these bands already. False: it cannot be prepared.
  bool prepare(std::span<double> spectrum) const;
  // One pixel; empty where it is not valid.
  std::vector<double> pixel(int line, int sample) const;

private:
  const Cube& cube_;
  Preparation preparation_;
  std::shared_ptr<const Calibration> calibration_;
  std::vector<int> bands_;
  std::vector<double> nm_, axis_;
  std::optional<SavitzkyGolay> filter_;
  double scale_ = 1;
  int left_out_ = 0;
};

// Sums over tiles that do not depend on the number of threads: what workers finish in any order is
// added in the tiles' order.
class InOrder {
public:
  // Calls add() when all tiles before this one were added; others wait their turn.
  template<class Add> void at(std::size_t tile, const Add& add) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return tile == next_ || failed_; });
    if (failed_) return;
    add();
    ++next_;
    turn_.notify_all();
  }
  // After a failure nobody waits any more.
  void fail() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    turn_.notify_all();
  }

private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::size_t next_ = 0;
  bool failed_ = false;
};

// for_each_tile with each tile's spectra. work(tile, values, valid) computes, in any order and on
// several threads, and returns what is called afterwards in the tiles' order, one at a time.
using TileWork =
    std::function<std::function<void()>(const TileRange& tile, const std::vector<double>& values,
                                        const std::vector<std::uint8_t>& valid)>;
void for_each_spectra(const SpectrumReader& reader, const Context& context, std::string_view what,
                      const TileWork& work);

}
