#include "hyperspectral/products_kernel.h"

#include <Eigen/Core>

#ifdef SENSORIUM_KERNEL_AVX2
#define products products_avx2
#else
#define products products_plain
#endif

void products(const float* rows, std::size_t count, std::size_t n, double* into) {
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
  const auto size = static_cast<Eigen::Index>(n);
  const Eigen::Map<const Rows> x(rows, size, static_cast<Eigen::Index>(count)); // a pixel a column
  Rows sum = Rows::Zero(size, size);
  sum.selfadjointView<Eigen::Lower>().rankUpdate(x);
  Eigen::Map<Eigen::MatrixXd>(into, size, size).triangularView<Eigen::Lower>() +=
      sum.cast<double>();
}
