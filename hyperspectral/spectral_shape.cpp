#include "hyperspectral/spectral_shape.h"

#include "modules/core/error.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::hyper {
namespace {

// The weights that give the derivative at `at` of the polynomial fitted over the points x.
Eigen::VectorXd fit_weights(const Eigen::VectorXd& x, double at, int degree, int derivative) {
  const double reach = (x.array() - at).abs().maxCoeff(); // powers of numbers within -1 to 1
  Eigen::MatrixXd powers(x.size(), degree + 1);
  for (Eigen::Index i = 0; i < x.size(); ++i)
    for (int k = 0; k <= degree; ++k) powers(i, k) = std::pow((x[i] - at) / reach, k);
  Eigen::VectorXd wanted = Eigen::VectorXd::Zero(degree + 1);
  wanted[derivative] = std::tgamma(derivative + 1) / std::pow(reach, derivative);
  // Coefficients are pinv(powers) y; the wanted one's row.
  return powers.transpose().completeOrthogonalDecomposition().solve(wanted);
}

}

bool remove_continuum(std::span<const double> axis, std::span<double> spectrum) {
  const std::size_t n = spectrum.size();
  if (n < 2) return false;
  std::vector<std::size_t> hull;
  for (std::size_t i = 0; i < n; ++i) {
    while (hull.size() >= 2) {
      const std::size_t a = hull[hull.size() - 2], b = hull.back();
      const double cross = (axis[b] - axis[a]) * (spectrum[i] - spectrum[a]) -
                           (axis[i] - axis[a]) * (spectrum[b] - spectrum[a]);
      if (cross < 0) break; // b lies above the line from a to i
      hull.pop_back();
    }
    hull.push_back(i);
  }
  for (const std::size_t i : hull)
    if (!(spectrum[i] > 0)) return false;
  std::vector<double> out(n, 1.0);
  for (std::size_t h = 0; h + 1 < hull.size(); ++h) {
    const std::size_t a = hull[h], b = hull[h + 1];
    for (std::size_t i = a + 1; i < b; ++i) {
      const double t = (axis[i] - axis[a]) / (axis[b] - axis[a]);
      out[i] = spectrum[i] / ((1 - t) * spectrum[a] + t * spectrum[b]);
    }
  }
  std::copy(out.begin(), out.end(), spectrum.begin());
  return true;
}

SavitzkyGolay::SavitzkyGolay(std::span<const double> axis, int window, int degree, int derivative)
    : window_(static_cast<std::size_t>(std::max(1, window))) {
  const std::size_t n = axis.size();
  if (window < 1 || window % 2 == 0 || window_ > n || degree < 0 || degree >= window ||
      derivative < 0 || derivative > degree)
    throw Error(ErrorCode::Usage,
                fmt::format("a window of {} bands, degree {}, derivative {} does not fit {} bands",
                            window, degree, derivative, n),
                "an odd window, wider than the degree and at most as wide as the spectrum");
  for (std::size_t i = 0; i + 1 < n; ++i)
    if (!(axis[i] < axis[i + 1]))
      throw Error(ErrorCode::Usage,
                  fmt::format("the axis does not rise: {} after {}", axis[i + 1], axis[i]));
  const std::size_t half = window_ / 2;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t first = std::min(i < half ? 0 : i - half, n - window_);
    first_.push_back(first);
    const Eigen::Map<const Eigen::VectorXd> x(axis.data() + first,
                                              static_cast<Eigen::Index>(window_));
    const Eigen::VectorXd w = window == 1 ? Eigen::VectorXd(Eigen::VectorXd::Ones(1))
                                          : fit_weights(x, axis[i], degree, derivative);
    weights_.insert(weights_.end(), w.data(), w.data() + w.size());
  }
}

void SavitzkyGolay::apply(std::span<double> spectrum) const {
  std::vector<double> out(spectrum.size(), 0.0);
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t k = 0; k < window_; ++k)
      out[i] += weights_[i * window_ + k] * spectrum[first_[i] + k];
  std::copy(out.begin(), out.end(), spectrum.begin());
}

}
