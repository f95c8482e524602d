#include "hyperspectral/scene_whitening.h"

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/scene_training.h"
#include "modules/core/error.h"

#include <Eigen/Dense>

#include <cmath>
#include <map>

namespace sensorium::hyper {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using View = Eigen::Map<const Matrix>;

constexpr std::size_t at_once = 4096; // pixels

// Sum of the products of what remains when each class's mean is taken away.
struct Scatter {
  std::map<int, std::pair<Eigen::VectorXd, double>> of_class; // sum, pixels
  Eigen::MatrixXd products;

  void take(const Planes& planes, const std::vector<std::uint8_t>& chosen) {
    const std::size_t pixels = planes.pixels();
    std::map<int, std::vector<std::size_t>> places;
    for (std::size_t p = 0; p < pixels; ++p)
      if (chosen[p] != 0 && planes.usable[p] != 0) places[chosen[p]].push_back(p);
    for (const auto& [number, list] : places)
      for (std::size_t from = 0; from < list.size(); from += at_once)
        take_rows(planes, number,
                  std::span(list).subspan(from, std::min(at_once, list.size() - from)));
  }

  Eigen::MatrixXd covariance() const {
    Eigen::MatrixXd out = products;
    double all = 0;
    for (const auto& [number, one] : of_class) {
      out -= one.first * one.first.transpose() / one.second;
      all += one.second;
    }
    return out / all;
  }

private:
  void take_rows(const Planes& planes, int number, std::span<const std::size_t> list) {
    const std::size_t pixels = planes.pixels();
    const auto bands = static_cast<Eigen::Index>(planes.channels);
    Eigen::MatrixXd x(static_cast<Eigen::Index>(list.size()), bands);
    for (Eigen::Index b = 0; b < bands; ++b)
      for (std::size_t i = 0; i < list.size(); ++i)
        x(static_cast<Eigen::Index>(i), b) =
            static_cast<double>(planes.values[static_cast<std::size_t>(b) * pixels + list[i]]);
    auto& [sum, count] = of_class[number];
    if (sum.size() == 0) sum = Eigen::VectorXd::Zero(bands);
    if (products.size() == 0) products = Eigen::MatrixXd::Zero(bands, bands);
    sum += x.colwise().sum().transpose();
    count += static_cast<double>(list.size());
    products += x.transpose() * x;
  }
};

Graph with_mix_times(Graph graph, const std::vector<float>& matrix, int bands) {
  HostTensor& mix = graph.initializers.at("hs2rgb.weight");
  const auto weights = mix.as<float>();
  const auto channels = static_cast<Eigen::Index>(weights.size() / static_cast<std::size_t>(bands));
  const Matrix old = View(weights.data(), channels, bands);
  Eigen::Map<Matrix>(weights.data(), channels, bands) = old * View(matrix.data(), bands, bands);
  return graph;
}

}

Whitening whitening_of(std::span<const Planes* const> standardised,
                       std::span<const std::vector<std::uint8_t>* const> chosen, double floor) {
  Scatter scatter;
  for (std::size_t i = 0; i < standardised.size(); ++i) scatter.take(*standardised[i], *chosen[i]);
  if (scatter.of_class.empty())
    throw Error(ErrorCode::BadInput, "no usable pixel is on the training side of the split",
                "give more labels, or another split");
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(scatter.covariance());
  const Eigen::Index bands = solver.eigenvalues().size();
  const double least = std::max(
      1e-9, floor * std::max(0.0, solver.eigenvalues().sum() / static_cast<double>(bands)));
  const Eigen::VectorXd spread = (solver.eigenvalues().cwiseMax(0).array() + least).sqrt();
  const Matrix to =
      (spread.cwiseInverse().asDiagonal() * solver.eigenvectors().transpose()).cast<float>();
  const Matrix from = (solver.eigenvectors() * spread.asDiagonal()).cast<float>();
  return {static_cast<int>(bands),
          {to.data(), to.data() + to.size()},
          {from.data(), from.data() + from.size()}};
}

void whiten(Planes& planes, const Whitening& w) {
  const std::size_t pixels = planes.pixels();
  const View to(w.to.data(), w.bands, w.bands);
  Matrix part;
  for (std::size_t from = 0; from < pixels; from += at_once) {
    const auto count = static_cast<Eigen::Index>(std::min(at_once, pixels - from));
    Eigen::Map<Matrix, 0, Eigen::OuterStride<>> values(
        planes.values.data() + from, w.bands, count,
        Eigen::OuterStride<>(static_cast<Eigen::Index>(pixels)));
    part.noalias() = to * values;
    values = part;
  }
}

Graph for_whitened(Graph graph, const Whitening& w) {
  return with_mix_times(std::move(graph), w.from, w.bands);
}

Graph for_unwhitened(Graph graph, const Whitening& w) {
  return with_mix_times(std::move(graph), w.to, w.bands);
}

}

#endif
