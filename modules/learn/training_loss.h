// Internal: losses on logits.
#pragma once

#include "modules/learn/torch_headers.h"
#include "modules/learn/training.h"

namespace sensorium {

// weight: undefined, or of target's shape. Scalar, float32. With cross_entropy, alone or in a pair,
// target holds class numbers (one channel, or one number a sample) and the second loss of the pair
// acts on softmax and one-hot targets. Throws Error BadInput when target does not have the shape
// that the logits ask for.
at::Tensor loss_of(const TrainingOptions& options, const at::Tensor& logits,
                   const at::Tensor& target, const at::Tensor& weight);
bool takes_classes(const TrainingOptions& options);

}
