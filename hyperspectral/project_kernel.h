// Three weighted sums of stored numbers, straight from where they lie. One source, compiled for two
// processors, as products_kernel.h.
#pragma once

#include "hyperspectral/products_kernel.h"

namespace sensorium::hyper {

enum class KernelType { UInt8, Int16, UInt16, Int32, Float32, Float64 };

// One row of pixels. first: the stored number of the first pixel in band 0; steps in bytes.
// weights: red's for every band of the list, then green's, then blue's. out: [pixel][3].
struct RowSums {
  const std::byte* first;
  std::ptrdiff_t sample_step, band_step;
  std::size_t pixels;
  const int* bands;
  std::size_t count;
  const double* weights;
  const double* offset;
  double* out;
};

}

extern "C" {
// together: the bands of a pixel lie side by side and are bands[0], bands[0] + 1 ...; else the
// pixels of a band lie side by side.
void sums_plain(sensorium::hyper::KernelType type, bool together,
                const sensorium::hyper::RowSums* row);
__attribute__((visibility("default"))) void
sums_avx2(sensorium::hyper::KernelType type, bool together, const sensorium::hyper::RowSums* row);
}
