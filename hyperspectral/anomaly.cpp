#include "hyperspectral/anomaly.h"

#include "hyperspectral/components.h"
#include "modules/core/error.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::hyper {
namespace {

constexpr double least_variance = 1e-10; // of the greatest
constexpr int lines_at_once = 64;

template<class Work> void over_scores(const Raster& map, const Work& work) {
  for (int line = 0; line < map.lines(); line += lines_at_once) {
    const auto values = map.rows(line, std::min(lines_at_once, map.lines() - line));
    for (std::size_t i = 1; i < values.size(); i += 2)
      if (std::isfinite(values[i])) work(static_cast<double>(values[i]));
    if (line / lines_at_once % 16 == 15) map.release();
  }
  map.release();
}

}

AnomalySpace rx_anomaly(const SpectrumReader& reader, const Context& context, Raster& out) {
  const Cube& cube = reader.cube();
  const Statistics s =
      statistics(cube, reader.bands(), false, context.part(0, 0.5), reader.calibration().get());
  const auto n = static_cast<Eigen::Index>(reader.size());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      Eigen::Map<const Eigen::MatrixXd>(s.covariance.data(), n, n));
  const double greatest = solver.eigenvalues()[n - 1];
  if (!(greatest > 0))
    throw Error(ErrorCode::BadInput,
                fmt::format("every pixel of '{}' has the same spectrum", cube.origin.path),
                "there is nothing that differs");
  Eigen::Index first = 0; // the solver's order rises
  while (solver.eigenvalues()[first] <= least_variance * greatest) ++first;
  // Statistics are of stored values, the reader's are divided by the scale.
  const double scale = reader.calibration() != nullptr ? 1 : cube.reflectance_scale.value_or(1);
  const Eigen::VectorXd mean = Eigen::Map<const Eigen::VectorXd>(s.mean.data(), n) / scale;
  const Eigen::MatrixXd whiten =
      (solver.eigenvalues().tail(n - first).cwiseSqrt().cwiseInverse() * scale).asDiagonal() *
      solver.eigenvectors().rightCols(n - first).transpose();
  for_each_spectra(
      reader, context.part(0.5, 1), "anomalies",
      [&](const TileRange& tile, const std::vector<double>& values,
          const std::vector<std::uint8_t>& valid) {
        const Eigen::Map<const Eigen::MatrixXd> x(values.data(), n,
                                                  static_cast<Eigen::Index>(valid.size()));
        const Eigen::VectorXd score = (whiten * (x.colwise() - mean)).colwise().squaredNorm();
        const auto width = static_cast<std::size_t>(tile.samples);
        for (std::size_t i = 0; i < valid.size(); ++i) {
          float* at = out.rows(tile.line + static_cast<int>(i / width), 1).data() +
                      2 * (static_cast<std::size_t>(tile.sample) + i % width);
          const float none = std::numeric_limits<float>::quiet_NaN();
          at[0] = valid[i] != 0 ? 0 : none;
          at[1] = valid[i] != 0 ? static_cast<float>(score[static_cast<Eigen::Index>(i)]) : none;
        }
        return [] {};
      });
  out.release();
  return {static_cast<std::size_t>(n - first), s.pixels};
}

std::uint64_t mark_above(Raster& map, double score) {
  std::uint64_t count = 0;
  for (int line = 0; line < map.lines(); ++line) {
    const auto values = map.rows(line, 1);
    for (std::size_t i = 0; i < values.size(); i += 2)
      if (static_cast<double>(values[i + 1]) > score) {
        values[i] = 1;
        ++count;
      }
  }
  map.release();
  return count;
}

double score_at(const Raster& map, double percent) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  std::uint64_t total = 0;
  over_scores(map, [&](double v) {
    least = std::min(least, v);
    most = std::max(most, v);
    ++total;
  });
  if (total == 0 || !(most > least)) return most;
  constexpr std::size_t bins = 65536;
  std::vector<std::uint64_t> histogram(bins, 0);
  const double scale = static_cast<double>(bins) / (most - least);
  over_scores(map, [&](double v) {
    ++histogram[std::min(bins - 1, static_cast<std::size_t>((v - least) * scale))];
  });
  const double wanted = percent / 100 * static_cast<double>(total);
  std::uint64_t below = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    below += histogram[bin];
    if (static_cast<double>(below) >= wanted) return least + static_cast<double>(bin + 1) / scale;
  }
  return most;
}

}
