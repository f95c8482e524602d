// Whether ranks reach each other and add up rightly.
#pragma once

#include "modules/learn/graph.h"
#include "modules/learn/ranks.h"

#include <vector>

namespace sensorium {

// The element-wise sums over the ranks, in their types. Every rank gives as many tensors of the
// same types and shapes. Types: Float32, Float64, Float16, UInt8, Int8, Int32, Int64. Throws Error
// Resources when a rank does not come or goes away, Unsupported for other types.
std::vector<HostTensor> sums_over_ranks(const RankSetup& setup,
                                        const std::vector<HostTensor>& tensors);

}
