#include "hyperspectral/components.h"

#include "hyperspectral/products.h"
#include "modules/core/error.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

namespace sensorium::hyper {
namespace {

using Matrix = Eigen::MatrixXd;

// One worker's share.
struct Share {
  std::uint64_t pixels = 0, differences = 0;
  std::vector<double> sum, products, noise, noise_sum;
  std::vector<float> values, turned, changes;
};

struct Work {
  const Cube& cube;
  const std::vector<int>& bands;
  std::vector<float> centre; // subtracted before products are taken
  bool with_noise;
  const Calibration* calibration;
};

// Stored values about the centre, [pixel][band]; what is no measurement becomes a row of zeros,
// which adds nothing. Returns the number of measured pixels; valid has one mark a pixel.
std::size_t centred(const Work& w, const TileRange& tile, Share& share,
                    std::vector<std::uint8_t>& valid) {
  const std::size_t n = w.bands.size(), pixels = tile.pixels();
  share.values.resize(pixels * n);
  read_values<float>(w.cube, w.calibration, tile, w.bands, TileOrder::Pixels, share.values);
  valid.assign(pixels, 1);
  std::size_t count = 0;
  const bool check = w.cube.ignore_value || !is_integer(w.cube.type) || w.calibration != nullptr;
  const bool compare = w.cube.ignore_value && w.calibration == nullptr;
  const float ignored = w.cube.ignore_value ? static_cast<float>(*w.cube.ignore_value) : 0;
  for (std::size_t i = 0; i < pixels; ++i) {
    float* v = share.values.data() + i * n;
    if (check)
      for (std::size_t k = 0; k < n; ++k)
        if (!std::isfinite(v[k]) || (compare && v[k] == ignored)) valid[i] = 0;
    if (valid[i] == 0) {
      std::fill(v, v + n, 0.0f);
      continue;
    }
    ++count;
    for (std::size_t k = 0; k < n; ++k) v[k] -= w.centre[k];
  }
  return count;
}

void add_noise(const Work& w, const TileRange& tile, const std::vector<std::uint8_t>& valid,
               Share& share) {
  const std::size_t n = w.bands.size(), width = static_cast<std::size_t>(tile.samples);
  share.changes.clear();
  for (std::size_t i = 0; i + 1 < tile.pixels(); ++i) {
    if (i % width + 1 == width || valid[i] == 0 || valid[i + 1] == 0) continue;
    const float* v = share.values.data() + i * n;
    for (std::size_t k = 0; k < n; ++k) {
      share.changes.push_back(v[k + n] - v[k]);
      share.noise_sum[k] += static_cast<double>(share.changes.back());
    }
    ++share.differences;
  }
  add_products(share.changes, n, share.noise);
}

void add_tile(const Work& w, const TileRange& tile, Share& share) {
  std::vector<std::uint8_t> valid;
  const std::size_t n = w.bands.size();
  share.pixels += centred(w, tile, share, valid);
  std::vector<float> sums(n, 0.0f);
  for (std::size_t i = 0; i < tile.pixels(); ++i)
    for (std::size_t k = 0; k < n; ++k) sums[k] += share.values[i * n + k];
  for (std::size_t k = 0; k < n; ++k) share.sum[k] += static_cast<double>(sums[k]);
  add_products(share.values, n, share.products);
  if (w.with_noise) add_noise(w, tile, valid, share);
}

// Means of the first tile's measured pixels.
std::vector<float> first_mean(const Cube& cube, const std::vector<int>& bands,
                              const TileRange& tile, const Calibration* calibration) {
  const std::size_t n = bands.size();
  std::vector<double> values(tile.pixels() * n), sum(n, 0.0);
  read_values<double>(cube, calibration, tile, bands, TileOrder::Pixels, values);
  std::vector<std::size_t> count(n, 0);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i]) &&
        (calibration != nullptr || !(cube.ignore_value && values[i] == *cube.ignore_value))) {
      sum[i % n] += values[i];
      ++count[i % n];
    }
  std::vector<float> mean(n, 0.0f);
  for (std::size_t k = 0; k < n; ++k)
    if (count[k] > 0) mean[k] = static_cast<float>(sum[k] / static_cast<double>(count[k]));
  return mean;
}

Eigen::Map<const Matrix> square(const std::vector<double>& values, std::size_t n) {
  return {values.data(), static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n)};
}

std::vector<double> flat(const Matrix& m) { return {m.data(), m.data() + m.size()}; }

Components ordered(const Eigen::VectorXd& values, const Matrix& vectors, int count) {
  Components out;
  const auto n = static_cast<int>(values.size());
  for (int i = 0; i < std::min(count, n); ++i) {
    Eigen::VectorXd v = vectors.col(n - 1 - i); // the solvers' order rises
    Eigen::Index most = 0;
    v.cwiseAbs().maxCoeff(&most);
    if (v[most] < 0) v = -v;
    out.values.push_back(values[n - 1 - i]);
    out.directions.emplace_back(v.data(), v.data() + v.size());
  }
  return out;
}

}

Statistics statistics(const Cube& cube, std::span<const int> bands, bool with_noise,
                      const Context& context, const Calibration* calibration) {
  Statistics out;
  out.bands = bands.empty() ? good_bands(cube) : std::vector<int>(bands.begin(), bands.end());
  const std::size_t n = out.bands.size();
  const auto tiles = tiles_of(cube, n, std::size_t{1} << 20);
  const Work work{cube, out.bands, first_mean(cube, out.bands, tiles.front(), calibration),
                  with_noise, calibration};
  std::vector<Share> shares(static_cast<std::size_t>(std::max(1, context.thread_count())));
  for (Share& share : shares) {
    share.sum.assign(n, 0.0);
    share.products.assign(n * n, 0.0);
    if (with_noise) share.noise.assign(n * n, 0.0);
    share.noise_sum.assign(n, 0.0);
  }
  for_each_tile(cube, tiles, n, context, "covariance", [&](const TileRange& tile, int worker) {
    add_tile(work, tile, shares[static_cast<std::size_t>(worker)]);
  });
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(n)), noise_sum = sum;
  Matrix products = Matrix::Zero(sum.size(), sum.size()), noise = products;
  for (const Share& share : shares) {
    out.pixels += share.pixels;
    out.differences += share.differences;
    sum += Eigen::Map<const Eigen::VectorXd>(share.sum.data(), sum.size());
    products += square(share.products, n);
    noise_sum += Eigen::Map<const Eigen::VectorXd>(share.noise_sum.data(), sum.size());
    if (with_noise) noise += square(share.noise, n);
  }
  if (out.pixels < 2)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' has {} pixels with a measurement in every band", cube.origin.path,
                            out.pixels),
                "check the data ignore value and the bad band list of its header");
  const auto count = static_cast<double>(out.pixels);
  const Eigen::VectorXd shift = sum / count;
  products = products.selfadjointView<Eigen::Lower>();
  out.covariance = flat((products - count * shift * shift.transpose()) / (count - 1));
  for (std::size_t k = 0; k < n; ++k)
    out.mean.push_back(static_cast<double>(work.centre[k]) + shift[static_cast<Eigen::Index>(k)]);
  if (with_noise && out.differences > 1) {
    noise = noise.selfadjointView<Eigen::Lower>();
    const auto steps = static_cast<double>(out.differences);
    out.noise = flat((noise - noise_sum * noise_sum.transpose() / steps) / (2 * (steps - 1)));
  }
  return out;
}

Components principal_components(const Statistics& s, int count) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(square(s.covariance, s.bands.size()));
  return ordered(solver.eigenvalues(), solver.eigenvectors(), count);
}

Components minimum_noise_fraction(const Statistics& s, int count) {
  const std::size_t n = s.bands.size();
  const auto fail = [] {
    return Error(ErrorCode::BadInput,
                 "the noise of the bands cannot be estimated: a band is "
                 "constant, or two bands are the same",
                 "mark such bands as bad in the header (bbl), or use --route pca");
  };
  if (s.noise.size() != n * n) throw fail();
  const Matrix noise = square(s.noise, n);
  const Eigen::LLT<Matrix> factor(noise);
  if (factor.info() != Eigen::Success || noise.diagonal().minCoeff() <= 0) throw fail();
  // What a band's noise has that the bands before it do not explain.
  const Eigen::VectorXd own = Matrix(factor.matrixL()).diagonal().cwiseAbs2();
  if (own.cwiseQuotient(noise.diagonal()).minCoeff() < 1e-9) throw fail();
  const Eigen::GeneralizedSelfAdjointEigenSolver<Matrix> solver(square(s.covariance, n), noise);
  if (solver.info() != Eigen::Success || !solver.eigenvalues().allFinite()) throw fail();
  return ordered(solver.eigenvalues(), solver.eigenvectors(), count);
}

Projection projection_on(const Statistics& s, const Components& components) {
  Projection p;
  p.bands = s.bands;
  p.weights.resize(s.bands.size());
  for (std::size_t c = 0; c < 3; ++c) {
    const auto& direction = components.directions[std::min(c, components.directions.size() - 1)];
    for (std::size_t k = 0; k < p.bands.size(); ++k) {
      p.weights[k][c] = direction[k];
      p.offset[c] -= direction[k] * s.mean[k];
    }
  }
  return p;
}

}
