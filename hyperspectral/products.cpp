#include "hyperspectral/products.h"

#include "hyperspectral/products_kernel.h"

namespace sensorium::hyper {

void add_products(std::span<const float> rows, std::size_t n, std::vector<double>& into) {
  if (rows.empty()) return;
#ifdef SENSORIUM_PRODUCTS_AVX2
  static const bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (fast) return products_avx2(rows.data(), rows.size() / n, n, into.data());
#endif
  products_plain(rows.data(), rows.size() / n, n, into.data());
}

}
