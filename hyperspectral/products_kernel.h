// One source, compiled for two processors. The AVX2 one is a library of its own that shows nothing
// but this name: inline functions of Eigen compiled for AVX2 must never stand in for plain ones.
#pragma once

#include <cstddef>

extern "C" {
void products_plain(const float* rows, std::size_t count, std::size_t n, double* into);
__attribute__((visibility("default"))) void products_avx2(const float* rows, std::size_t count,
                                                          std::size_t n, double* into);
}
