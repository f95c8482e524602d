// Graph passes for inference. The result computes the same numbers up to rounding.
#pragma once

#include "modules/learn/graph.h"

namespace sensorium {

// Batch normalisation folded into the convolution before it: w' = w s / sqrt(v + e), b' = (b - m) s
// / sqrt(v + e) + t (Jacob et al., CVPR 2018, section 3.2). Dropout removed. With fuse:
// convolution, sum and activation become one node "FusedConv" of the domain "sensorium", which only
// the executor knows:
//   inputs image, weight, bias or absent, summand or absent; attributes of Conv; activation (text),
//   alpha, in_place (1: the summand is used nowhere else and may be overwritten); output
//   activation(conv + summand).
// A ConvTranspose whose windows do not meet (stride = kernel, no pads) becomes "UpConv", with the
// same inputs and attributes.
Graph optimised(const Graph& graph, bool fuse = false);

}
