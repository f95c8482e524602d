// Graph passes for inference. The result computes the same numbers up to rounding.
#pragma once

#include "modules/learn/graph.h"

namespace sensorium {

// Batch normalisation folded into the convolution before it: w' = w s / sqrt(v + e), b' = (b - m) s / sqrt(v + e) + t
// (Jacob et al., CVPR 2018, section 3.2). Dropout removed.
Graph optimised(const Graph& graph);

}
