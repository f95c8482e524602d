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

// How well a validation is solved, whatever the loss, so that trainings with different losses can
// be compared. With class targets: the part of the elements whose class is right. Else: the
// greatest Dice index that a threshold on the probability gives, of 1000 thresholds, over all
// elements together; 0 where the targets hold nothing.
class ValidationScore {
public:
  explicit ValidationScore(const TrainingOptions& options);
  // Shapes as in loss_of, which has checked them.
  void add(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight);
  const at::Tensor& counts() const { return counts_; } // float64 on the processor; ranks add theirs
  double value() const;

private:
  bool classes_;
  at::Tensor counts_; // classes: right, all; else [2][1000]: by probability, not and in the target
};

}
