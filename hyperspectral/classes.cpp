#include "hyperspectral/classes.h"

#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/imaging/spectral_library.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::hyper {
namespace {

using Matrix = Eigen::MatrixXd;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr int most_draws = 4096;

Eigen::Map<const Matrix> columns(const std::vector<double>& values, std::size_t n) {
  return {values.data(), static_cast<Eigen::Index>(n),
          static_cast<Eigen::Index>(values.size() / n)};
}

Matrix columns(const Spectra& spectra, std::size_t n) {
  Matrix out(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(spectra.size()));
  for (std::size_t i = 0; i < spectra.size(); ++i)
    out.col(static_cast<Eigen::Index>(i)) =
        Eigen::Map<const Eigen::VectorXd>(spectra[i].data(), static_cast<Eigen::Index>(n));
  return out;
}

// The place of a tile's pixel in a raster.
float* cell(Raster& out, const TileRange& tile, std::size_t pixel) {
  const auto width = static_cast<std::size_t>(tile.samples);
  return out.rows(tile.line + static_cast<int>(pixel / width), 1).data() +
         static_cast<std::size_t>(out.channels()) *
             (static_cast<std::size_t>(tile.sample) + pixel % width);
}
const float* cell(const Raster& out, const TileRange& tile, std::size_t pixel) {
  return cell(const_cast<Raster&>(out), tile, pixel);
}

void check_sizes(const SpectrumReader& reader, const Spectra& spectra) {
  bool fits = !spectra.empty();
  for (const auto& one : spectra) fits = fits && one.size() == reader.size();
  if (!fits) throw Error(ErrorCode::Internal, "spectra that do not fit the bands");
}

// Of one tile: the number (from 0) of the nearest centre and the squared distance to it.
struct Nearest {
  std::vector<int> which;
  std::vector<double> square;
};

Nearest nearest_centres(const std::vector<double>& values, const Spectra& centres, std::size_t n) {
  const std::size_t pixels = values.size() / n;
  Nearest out{std::vector<int>(pixels, 0), std::vector<double>(pixels, 0)};
  // Products about the first centre: |x - c|^2 without the cancellation of large sums.
  const Eigen::Map<const Eigen::VectorXd> origin(centres[0].data(), static_cast<Eigen::Index>(n));
  const Matrix x = columns(values, n).colwise() - origin;
  const Matrix c = columns(centres, n).colwise() - origin;
  const Eigen::VectorXd squares = c.colwise().squaredNorm();
  const Matrix score = (-2 * (c.transpose() * x)).colwise() + squares;
  const Eigen::RowVectorXd own = x.colwise().squaredNorm();
  for (std::size_t i = 0; i < pixels; ++i) {
    Eigen::Index best = 0;
    const double least = score.col(static_cast<Eigen::Index>(i)).minCoeff(&best);
    out.which[i] = static_cast<int>(best);
    out.square[i] = std::max(0.0, least + own[static_cast<Eigen::Index>(i)]);
  }
  return out;
}

}

void match(const SpectrumReader& reader, const Spectra& spectra, Likeness likeness, double limit,
           const Context& context, Raster& out) {
  check_sizes(reader, spectra);
  const std::size_t n = reader.size();
  Matrix units = columns(spectra, n);
  for (Eigen::Index i = 0; i < units.cols(); ++i) units.col(i).normalize();
  for_each_spectra(reader, context, "comparing spectra",
                   [&](const TileRange& tile, const std::vector<double>& values,
                       const std::vector<std::uint8_t>& valid) {
                     const auto x = columns(values, n);
                     Matrix cosines;
                     if (likeness == Likeness::Angle) cosines = units.transpose() * x;
                     for (std::size_t i = 0; i < valid.size(); ++i) {
                       const auto column = static_cast<Eigen::Index>(i);
                       double best = nothing;
                       std::size_t which = 0;
                       for (std::size_t k = 0; k < spectra.size() && valid[i] != 0; ++k) {
                         const double d =
                             likeness == Likeness::Angle
                                 ? std::acos(
                                       std::clamp(cosines(static_cast<Eigen::Index>(k), column) /
                                                      x.col(column).norm(),
                                                  -1.0, 1.0))
                                 : information_divergence({values.data() + i * n, n}, spectra[k]);
                         if (std::isfinite(d) && !(d >= best)) {
                           best = d;
                           which = k + 1;
                         }
                       }
                       float* at = cell(out, tile, i);
                       at[0] = which == 0 ? std::numeric_limits<float>::quiet_NaN()
                               : limit > 0 && !(best <= limit) ? 0.0f
                                                               : static_cast<float>(which);
                       at[1] = static_cast<float>(best);
                     }
                     return [] {};
                   });
  out.release();
}

Clusters k_means(const SpectrumReader& reader, Spectra starts, int most_iterations,
                 const Context& context, Raster& out) {
  check_sizes(reader, starts);
  const std::size_t n = reader.size(), count = starts.size();
  Clusters found{.centres = std::move(starts)};
  while (found.iterations < most_iterations && !found.settled) {
    Matrix sums = Matrix::Zero(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(count));
    std::vector<std::uint64_t> members(count, 0);
    std::uint64_t moved = 0;
    const bool first = found.iterations == 0;
    const double from = static_cast<double>(found.iterations) / most_iterations;
    for_each_spectra(reader, context.part(from, from + 1.0 / most_iterations),
                     fmt::format("clusters, pass {}", found.iterations + 1),
                     [&](const TileRange& tile, const std::vector<double>& values,
                         const std::vector<std::uint8_t>& valid) {
                       const Nearest nearest = nearest_centres(values, found.centres, n);
                       Matrix own = Matrix::Zero(sums.rows(), sums.cols());
                       std::vector<std::uint64_t> own_members(count, 0);
                       std::uint64_t own_moved = 0;
                       for (std::size_t i = 0; i < valid.size(); ++i) {
                         float* at = cell(out, tile, i);
                         if (valid[i] == 0) {
                           at[0] = at[1] = std::numeric_limits<float>::quiet_NaN();
                           continue;
                         }
                         const int which = nearest.which[i];
                         own_moved += first || at[0] != static_cast<float>(which + 1) ? 1 : 0;
                         at[0] = static_cast<float>(which + 1);
                         at[1] = static_cast<float>(std::sqrt(nearest.square[i]));
                         own.col(which) += columns(values, n).col(static_cast<Eigen::Index>(i));
                         ++own_members[static_cast<std::size_t>(which)];
                       }
                       return [&, own = std::move(own), own_members, own_moved] {
                         sums += own;
                         for (std::size_t k = 0; k < count; ++k) members[k] += own_members[k];
                         moved += own_moved;
                       };
                     });
    ++found.iterations;
    found.settled = moved == 0;
    for (std::size_t k = 0; k < count && !found.settled; ++k)
      for (std::size_t b = 0; b < n && members[k] > 0; ++b)
        found.centres[k][b] = sums(static_cast<Eigen::Index>(b), static_cast<Eigen::Index>(k)) /
                              static_cast<double>(members[k]);
  }
  out.release();
  return found;
}

Spectra spread_starts(const SpectrumReader& reader, int count, std::uint64_t seed,
                      const Context& context) {
  const Cube& cube = reader.cube();
  Random random(random_key({seed, 0x6b6d6561}));
  Spectra drawn;
  const auto all = cube.pixels();
  const int draws = static_cast<int>(std::min<std::uint64_t>(all, most_draws));
  for (int i = 0; i < draws; ++i) {
    if (i % 64 == 0) {
      context.step(static_cast<double>(i) / draws, "starts of the clusters");
      cube.data.release();
    }
    const std::uint64_t at =
        all <= most_draws ? static_cast<std::uint64_t>(i) : random.bits() % all;
    std::vector<double> one =
        reader.pixel(static_cast<int>(at / static_cast<std::uint64_t>(cube.samples)),
                     static_cast<int>(at % static_cast<std::uint64_t>(cube.samples)));
    if (!one.empty()) drawn.push_back(std::move(one));
  }
  Spectra starts;
  std::vector<double> square(drawn.size(), 1.0);
  while (starts.size() < static_cast<std::size_t>(count)) {
    double sum = 0;
    for (const double s : square) sum += s;
    if (!(sum > 0))
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' has only {} different spectra among {} that were drawn, not {}",
                              cube.origin.path, starts.size(), drawn.size(), count),
                  "ask for fewer classes");
    double left = random.uniform() * sum;
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < square.size(); ++i)
      if (square[i] > 0) {
        chosen = i;
        if ((left -= square[i]) < 0) break;
      }
    starts.push_back(drawn[chosen]);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      double distance = 0;
      for (std::size_t b = 0; b < reader.size(); ++b) {
        const double d = drawn[i][b] - starts.back()[b];
        distance += d * d;
      }
      square[i] = starts.size() == 1 ? distance : std::min(square[i], distance);
    }
  }
  return starts;
}

std::vector<ClassStatistics> class_statistics(const SpectrumReader& reader, const Raster& map,
                                              int count, const Context& context) {
  const std::size_t n = reader.size(), classes = static_cast<std::size_t>(count);
  struct Sums {
    std::uint64_t pixels = 0;
    double score = 0;
    std::vector<double> mean, squares;
  };
  std::vector<Sums> all(classes, {0, 0, std::vector<double>(n, 0), std::vector<double>(n, 0)});
  for_each_spectra(reader, context, "spectra of the classes",
                   [&](const TileRange& tile, const std::vector<double>& values,
                       const std::vector<std::uint8_t>& valid) {
                     std::vector<Sums> own(classes);
                     for (std::size_t i = 0; i < valid.size(); ++i) {
                       const float* at = cell(map, tile, i);
                       if (valid[i] == 0 || !(at[0] >= 1) || at[0] > static_cast<float>(count))
                         continue;
                       Sums& s = own[static_cast<std::size_t>(at[0]) - 1];
                       if (s.pixels++ == 0) {
                         s.mean.assign(n, 0);
                         s.squares.assign(n, 0);
                       }
                       s.score += static_cast<double>(at[1]);
                       for (std::size_t b = 0; b < n; ++b) { // Welford 1962
                         const double v = values[i * n + b], delta = v - s.mean[b];
                         s.mean[b] += delta / static_cast<double>(s.pixels);
                         s.squares[b] += delta * (v - s.mean[b]);
                       }
                     }
                     // Chan, Golub and LeVeque 1983, The American Statistician 37:242.
                     return [&, own = std::move(own)] {
                       for (std::size_t k = 0; k < classes; ++k) {
                         if (own[k].pixels == 0) continue;
                         Sums& into = all[k];
                         const auto na = static_cast<double>(into.pixels),
                                    nb = static_cast<double>(own[k].pixels);
                         for (std::size_t b = 0; b < n; ++b) {
                           const double delta = own[k].mean[b] - into.mean[b];
                           into.mean[b] += delta * nb / (na + nb);
                           into.squares[b] +=
                               own[k].squares[b] + delta * delta * na * nb / (na + nb);
                         }
                         into.pixels += own[k].pixels;
                         into.score += own[k].score;
                       }
                     };
                   });
  map.release();
  std::vector<ClassStatistics> out;
  for (const Sums& s : all) {
    const auto pixels = static_cast<double>(s.pixels);
    ClassStatistics one{.pixels = s.pixels,
                        .mean = {},
                        .sd = {},
                        .mean_score = s.pixels > 0 ? s.score / pixels : nothing};
    for (std::size_t b = 0; b < n; ++b) {
      one.mean.push_back(s.pixels > 0 ? s.mean[b] : nothing);
      one.sd.push_back(s.pixels > 1 ? std::sqrt(s.squares[b] / (pixels - 1)) : nothing);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}
