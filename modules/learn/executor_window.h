// Internal to modules/learn: the windows of convolutions and pools.
#pragma once

#include "modules/learn/torch_runtime.h"

namespace sensorium {

// Empty lists stand for ONNX's defaults until fill().
struct Window {
  std::vector<std::int64_t> kernel, strides, dilations, pads; // pads: all begins, then all ends
  std::string auto_pad;
  bool ceil = false;
};

Window window_of(const Node& node);
void fill(Window& w, std::size_t rank);
// SAME_UPPER and SAME_LOWER: output size is input size over stride, rounded up.
void resolve_auto_pad(Window& w, const at::Tensor& x, std::size_t rank);
bool symmetric(const Window& w, std::size_t rank);
at::Tensor pad_ends(const at::Tensor& x, const Window& w, std::size_t rank, double value);
// in: image, weight, bias or undefined.
std::vector<at::Tensor> convolve(const std::vector<at::Tensor>& in, Window w, std::int64_t group,
                                 bool training = false);

}
