// Pure spectra of a cube, and of what share of each its pixels are mixed.
#pragma once

#include "hyperspectral/classes.h"

#include <span>
#include <vector>

namespace sensorium::hyper {

struct Endmember {
  int line = 0, sample = 0; // of the pixel
  std::vector<double> spectrum;
};
// The vertices of the simplex that the pixels fill, by vertex component analysis (Nascimento and
// Bioucas-Dias 2005, IEEE TGRS 43:898), as the spectra of the pixels that were found. reader:
// nothing prepared. The same for the same seed and any number of threads. Throws Error Usage for
// fewer than two, or more than there are bands; BadInput where the pixels span fewer dimensions.
std::vector<Endmember> vertex_components(const SpectrumReader& reader, int count,
                                         std::uint64_t seed, const Context& context);

// min |x - E a|, a >= 0, sum of a = 1 (Heinz and Chang 2001, IEEE TGRS 39:529), solved exactly by
// an active set instead of by a heavy extra row.
class FullyConstrained {
public:
  // Throws Error Usage for none, more than bands + 1, or spectra that depend on each other.
  explicit FullyConstrained(const Spectra& endmembers);
  std::size_t size() const { return static_cast<std::size_t>(count_); }
  // abundances: one an endmember. Returns the root mean square of x - E a.
  double solve(std::span<const double> x, std::span<double> abundances) const;

private:
  int count_ = 0, bands_ = 0;
  std::vector<double> endmembers_, gram_; // columns first
};

// out (endmembers + 1 channels): abundances, then the root mean square of the rest; NaN without
// measurement.
void unmix(const SpectrumReader& reader, const FullyConstrained& solver, const Context& context,
           Raster& out);

}
