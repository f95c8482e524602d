#include "hyperspectral/unmixing.h"

#include "hyperspectral/components.h"
#include "modules/core/error.h"
#include "modules/core/random.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace sensorium::hyper {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// y = directions^T (x - origin), then either a constant is added as the last coordinate or y is
// divided by its product with `scaled`: the pixels of a simplex stay one.
struct SimplexSpace {
  Matrix directions;
  Vector origin, scaled;
  bool constant = false;
};

SimplexSpace simplex_space(const Statistics& s, int count, double scale) {
  const auto n = static_cast<Eigen::Index>(s.bands.size());
  const Vector mean = Eigen::Map<const Vector>(s.mean.data(), n) / scale;
  const Matrix covariance = Eigen::Map<const Matrix>(s.covariance.data(), n, n) / (scale * scale) *
                            (static_cast<double>(s.pixels - 1) / static_cast<double>(s.pixels));
  const Eigen::SelfAdjointEigenSolver<Matrix> about_mean(covariance);
  const double power = covariance.trace() + mean.squaredNorm();
  const double kept = about_mean.eigenvalues().tail(count).sum() + mean.squaredNorm();
  const double noise = power - kept, signal = kept - count / static_cast<double>(n) * power;
  const double ratio = noise > 1e-14 * power ? 10 * std::log10(std::max(1e-30, signal / noise))
                                             : std::numeric_limits<double>::infinity();
  SimplexSpace out;
  out.constant = ratio < 15 + 10 * std::log10(count);
  if (out.constant) {
    out.directions = about_mean.eigenvectors().rightCols(count - 1);
    out.origin = mean;
  } else {
    const Eigen::SelfAdjointEigenSolver<Matrix> about_zero(covariance + mean * mean.transpose());
    out.directions = about_zero.eigenvectors().rightCols(count);
    out.origin = Vector::Zero(n);
    out.scaled = out.directions.transpose() * mean;
  }
  return out;
}

void project_pixels(const SpectrumReader& reader, const SimplexSpace& space, const Context& context,
                    Raster& out) {
  const auto n = static_cast<Eigen::Index>(reader.size());
  const std::size_t channels = static_cast<std::size_t>(out.channels());
  for_each_spectra(reader, context, "pure spectra",
                   [&](const TileRange& tile, const std::vector<double>& values,
                       const std::vector<std::uint8_t>& valid) {
                     const Eigen::Map<const Matrix> x(values.data(), n,
                                                      static_cast<Eigen::Index>(valid.size()));
                     Matrix y = space.directions.transpose() * (x.colwise() - space.origin);
                     const auto width = static_cast<std::size_t>(tile.samples);
                     for (std::size_t i = 0; i < valid.size(); ++i) {
                       float* at = out.rows(tile.line + static_cast<int>(i / width), 1).data() +
                                   channels * (static_cast<std::size_t>(tile.sample) + i % width);
                       const auto column = y.col(static_cast<Eigen::Index>(i));
                       const double by = space.constant ? 1 : space.scaled.dot(column);
                       const bool none = valid[i] == 0 || !(by > 0);
                       for (std::size_t c = 0; c < channels; ++c)
                         at[c] = none ? std::numeric_limits<float>::quiet_NaN()
                                 : c < static_cast<std::size_t>(column.size())
                                     ? static_cast<float>(column[static_cast<Eigen::Index>(c)] / by)
                                     : 0.0f;
                     }
                     return [] {};
                   });
  out.release();
}

// Calls look(line, sample, y) for each measured pixel.
template<class Look> void over_pixels(const Raster& raster, const Look& look) {
  const auto channels = static_cast<std::size_t>(raster.channels());
  for (int line = 0; line < raster.lines(); ++line) {
    const auto row = raster.rows(line, 1);
    for (int sample = 0; sample < raster.samples(); ++sample) {
      const float* y = row.data() + channels * static_cast<std::size_t>(sample);
      if (std::isfinite(y[0])) look(line, sample, y);
    }
    if (line % 1024 == 1023) raster.release();
  }
  raster.release();
}

struct Place {
  int line = -1, sample = -1;
  double reach = 0;
  Vector y;
};

Place farthest(const Raster& projected, const Vector& along, double constant) {
  const auto given = static_cast<std::size_t>(projected.channels());
  const auto size = static_cast<std::size_t>(along.size());
  Place best;
  over_pixels(projected, [&](int line, int sample, const float* y) {
    double dot = 0;
    for (std::size_t c = 0; c < size; ++c)
      dot += along[static_cast<Eigen::Index>(c)] *
             (constant > 0 && c + 1 == given ? constant : static_cast<double>(y[c]));
    if (std::abs(dot) > best.reach) {
      best = {line, sample, std::abs(dot), Vector(along.size())};
      for (std::size_t c = 0; c < size; ++c)
        best.y[static_cast<Eigen::Index>(c)] =
            constant > 0 && c + 1 == given ? constant : static_cast<double>(y[c]);
    }
  });
  return best;
}

// Of the free abundances: the least squares solution whose sum is 1.
Vector free_solution(const Matrix& gram, const Vector& b, const std::vector<int>& free) {
  const auto m = static_cast<Eigen::Index>(free.size());
  Matrix g(m, m);
  Vector right(m);
  for (Eigen::Index i = 0; i < m; ++i) {
    right[i] = b[free[static_cast<std::size_t>(i)]];
    for (Eigen::Index j = 0; j < m; ++j)
      g(i, j) = gram(free[static_cast<std::size_t>(i)], free[static_cast<std::size_t>(j)]);
  }
  const Eigen::LDLT<Matrix> factor(g);
  const Vector plain = factor.solve(right), ones = factor.solve(Vector::Ones(m));
  return plain - (plain.sum() - 1) / ones.sum() * ones;
}

}

std::vector<Endmember> vertex_components(const SpectrumReader& reader, int count,
                                         std::uint64_t seed, const Context& context) {
  const Cube& cube = reader.cube();
  if (count < 2 || static_cast<std::size_t>(count) > reader.size())
    throw Error(ErrorCode::Usage,
                fmt::format("{} pure spectra cannot be found in {} bands", count, reader.size()),
                fmt::format("ask for 2 to {}", reader.size()));
  const Statistics s =
      statistics(cube, reader.bands(), false, context.part(0, 0.4), reader.calibration().get());
  const double scale = reader.calibration() != nullptr ? 1 : cube.reflectance_scale.value_or(1);
  const SimplexSpace space = simplex_space(s, count, scale);
  Raster projected(cube.lines, cube.samples, count);
  project_pixels(reader, space, context.part(0.4, 0.8), projected);
  double constant = 0;
  if (space.constant)
    over_pixels(projected, [&](int, int, const float* y) {
      double square = 0;
      for (int c = 0; c + 1 < count; ++c)
        square += static_cast<double>(y[c]) * static_cast<double>(y[c]);
      constant = std::max(constant, std::sqrt(square));
    });
  Random random(random_key({seed, 0x766361}));
  Matrix found = Matrix::Zero(count, count);
  found(count - 1, 0) = 1;
  std::vector<Endmember> out;
  for (int i = 0; i < count; ++i) {
    context.step(0.8 + 0.2 * i / count, "pure spectra");
    Vector w(count);
    for (double& one : w) one = random.normal();
    Vector along = w - found * found.completeOrthogonalDecomposition().solve(w);
    along.normalize();
    const Place place = farthest(projected, along, constant);
    const bool again = std::any_of(out.begin(), out.end(), [&](const Endmember& e) {
      return e.line == place.line && e.sample == place.sample;
    });
    if (place.line < 0 || again)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' has only {} pure spectra, not {}: its pixels span no more "
                              "dimensions",
                              cube.origin.path, i, count),
                  "ask for fewer");
    found.col(i) = place.y;
    out.push_back({place.line, place.sample, reader.pixel(place.line, place.sample)});
  }
  return out;
}

FullyConstrained::FullyConstrained(const Spectra& endmembers)
    : count_(static_cast<int>(endmembers.size())),
      bands_(endmembers.empty() ? 0 : static_cast<int>(endmembers[0].size())) {
  const auto fail = [&](const std::string& what) {
    return Error(ErrorCode::Usage,
                 fmt::format("{} spectra on {} bands cannot be told apart in a mixture: {}", count_,
                             bands_, what),
                 "leave out spectra that are alike");
  };
  if (count_ == 0 || bands_ == 0 || count_ > bands_ + 1) throw fail("too many spectra");
  for (const auto& one : endmembers) endmembers_.insert(endmembers_.end(), one.begin(), one.end());
  const Eigen::Map<const Matrix> e(endmembers_.data(), bands_, count_);
  const Matrix gram = e.transpose() * e;
  // Differences from the first one: with the sum fixed, these must be independent.
  if (count_ > 1) {
    Matrix d = e.rightCols(count_ - 1).colwise() - e.col(0);
    for (Eigen::Index i = 0; i < d.cols(); ++i) {
      if (!(d.col(i).norm() > 1e-9 * e.norm())) throw fail("two of them are equal");
      d.col(i).normalize();
    }
    Eigen::ColPivHouseholderQR<Matrix> qr(d);
    qr.setThreshold(1e-7);
    if (qr.rank() < d.cols()) throw fail("one of them is a mixture of the others");
  }
  // A ridge far below every figure that is kept: factors of dependent (not affinely so) spectra.
  Matrix held = gram;
  held.diagonal().array() += 1e-13 * gram.trace();
  gram_.assign(held.data(), held.data() + held.size());
}

double FullyConstrained::solve(std::span<const double> x, std::span<double> abundances) const {
  const Eigen::Map<const Matrix> e(endmembers_.data(), bands_, count_);
  const Eigen::Map<const Matrix> gram(gram_.data(), count_, count_);
  const Eigen::Map<const Vector> values(x.data(), bands_);
  const Vector b = e.transpose() * values;
  Eigen::Map<Vector> a(abundances.data(), count_);
  Eigen::Index start = 0;
  (gram.diagonal() - 2 * b).minCoeff(&start); // the single spectrum that is nearest
  a.setZero();
  a[start] = 1;
  std::vector<int> free{static_cast<int>(start)};
  const double tiny = 1e-12 * (gram.diagonal().maxCoeff() + b.cwiseAbs().maxCoeff());
  for (int step = 0; step < 8 * count_ + 16; ++step) {
    const Vector wanted = free_solution(gram, b, free);
    double reach = 1;
    for (std::size_t i = 0; i < free.size(); ++i)
      if (const double w = wanted[static_cast<Eigen::Index>(i)], now = a[free[i]]; w < 0)
        reach = std::min(reach, now / (now - w));
    for (std::size_t i = 0; i < free.size(); ++i)
      a[free[i]] += reach * (wanted[static_cast<Eigen::Index>(i)] - a[free[i]]);
    if (reach < 1) {
      std::erase_if(free, [&](int i) {
        const bool out = a[i] <= 1e-15;
        if (out) a[i] = 0;
        return out;
      });
      continue;
    }
    const Vector slope = gram * a - b;
    const double level = slope[free.front()];
    Eigen::Index steepest = -1;
    double least = -tiny;
    for (Eigen::Index i = 0; i < count_; ++i)
      if (a[i] == 0 && slope[i] - level < least &&
          std::find(free.begin(), free.end(), static_cast<int>(i)) == free.end()) {
        least = slope[i] - level;
        steepest = i;
      }
    if (steepest < 0) break;
    free.push_back(static_cast<int>(steepest));
  }
  return (values - e * a).norm() / std::sqrt(static_cast<double>(bands_));
}

void unmix(const SpectrumReader& reader, const FullyConstrained& solver, const Context& context,
           Raster& out) {
  const std::size_t n = reader.size(), channels = solver.size() + 1;
  for_each_spectra(reader, context, "abundances",
                   [&](const TileRange& tile, const std::vector<double>& values,
                       const std::vector<std::uint8_t>& valid) {
                     const auto width = static_cast<std::size_t>(tile.samples);
                     std::vector<double> shares(solver.size());
                     for (std::size_t i = 0; i < valid.size(); ++i) {
                       float* at = out.rows(tile.line + static_cast<int>(i / width), 1).data() +
                                   channels * (static_cast<std::size_t>(tile.sample) + i % width);
                       if (valid[i] == 0) {
                         std::fill_n(at, channels, std::numeric_limits<float>::quiet_NaN());
                         continue;
                       }
                       const double rest = solver.solve({values.data() + i * n, n}, shares);
                       std::transform(shares.begin(), shares.end(), at,
                                      [](double v) { return static_cast<float>(v); });
                       at[channels - 1] = static_cast<float>(rest);
                     }
                     return [] {};
                   });
  out.release();
}

}
