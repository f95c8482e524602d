// The product that the time of a covariance goes into.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace sensorium::hyper {

// into (n x n, its lower triangle, columns first) += X^T X, X: rows of n values. In single
// precision within one call. Uses AVX2 where the processor has it.
void add_products(std::span<const float> rows, std::size_t n, std::vector<double>& into);

}
