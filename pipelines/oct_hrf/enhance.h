// Noise reduction in the frequency domain.
//
// Method: sliding-window Fourier shrinkage with an empirical Wiener rule. The B-scan is cut into
// blocks that overlap by half; each is weighted with a sine window, transformed, and every
// coefficient F is multiplied by
//   G = max(0, 1 - strength * N / |F|^2),
// N being the noise power at that frequency; blocks are transformed back, weighted again and added
// (the squared windows add up to 1, so that strength 0 gives the input back). A small bright focus
// has large coefficients at all frequencies of its block and passes; speckle stays near N and goes.
// N is measured in each B-scan: the mean power of the darkest 15 % of its blocks that are not
// constant (vitreous and what lies below the choroid). Sources: Yaroslavsky, Egiazarian, Astola
// 2001, Proc. SPIE 4304:155 (sliding-window transform-domain filters); Wiener rule with
// over-subtraction: Boll 1979, IEEE Trans. ASSP 27:113, and Berouti 1979, ICASSP, eq. 1. How it was
// chosen, against median, bilateral, non-local means and none: docs/BENCHMARKS.md.
#pragma once

#include <span>
#include <vector>

namespace sensorium::oct_hrf {

struct EnhanceOptions {
  int block = 8;         // side of a block in pixels, even
  double strength = 3.0; // over-subtraction; 0: the input unchanged
};

// One B-scan ([y][x]), any grey scale; the output has the same scale and is not cut to any range. A
// picture smaller than a block comes back unchanged.
std::vector<float> enhance_bscan(std::span<const float> bscan, int width, int height,
                                 const EnhanceOptions& options = {});

// Each B-scan of a volume ([z][y][x]), on `threads` threads. Equal bits whatever the number of
// threads.
std::vector<float> enhance_volume(std::span<const float> volume, int width, int height,
                                  const EnhanceOptions& options = {}, int threads = 1);

}
