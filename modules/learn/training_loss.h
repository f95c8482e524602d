// Internal: losses on logits.
#pragma once

#include "modules/learn/torch_headers.h"
#include "modules/learn/training.h"

namespace sensorium {

// weight: undefined, or of target's shape. Scalar.
at::Tensor loss_of(const TrainingOptions& options, const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight);

}
