// The networks: what sees spectrum and shape, and what sees one of them alone.
#pragma once

#include "modules/learn/graph.h"

#include <cstdint>
#include <string>

namespace sensorium::melanoma {

// hybrid: 3-D convolutions over wavelength and place, the brightness beside them, then a 2-D
// residual U-Net (in the manner of Roy et al. 2020, IEEE GRSL 17:277: 3-D first, 2-D after).
// spectral: the normalised spectrum of each pixel alone. spatial: the brightness of the pixels
// alone, in the same U-Net. All three: input [batch, bands, height, width] of reflectance, sides
// multiples of 2^(levels - 1); output logits [batch, 3, height, width]. vit: a vision transformer
// (Dosovitskiy et al., ICLR 2021) over squares of 8 x 8 pixels of normalised spectra; sides of
// field_side; output logits [batch, 2], nevus and melanoma-like.
struct NetworkOptions {
  std::string kind = "hybrid";
  int channels = 12;
  std::string widths = "12,16,24,32";
};
Graph build_network(const NetworkOptions& options, std::uint64_t seed);

}
