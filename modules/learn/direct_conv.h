// Internal to modules/learn: convolution of images with the channels last (rows of pixels, pixels
// of channels), float32, on processors with AVX2 and FMA. It is for those without AVX-512, where
// oneDNN fills up output channels to 16. No LibTorch here.
#pragma once

#include <cstdint>
#include <vector>

namespace sensorium {

struct DirectConv {
  std::int64_t batch = 1, height = 0, width = 0, channels = 0; // of the image
  std::int64_t out_height = 0, out_width = 0, out_channels = 0;
  std::int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  std::int64_t dilation_h = 1, dilation_w = 1, pad_h = 0, pad_w = 0; // pads: before the first
  std::int64_t out_row =
      0; // floats from one row of the output to the next; 0: as it is without gaps
  enum class Activation { None, Relu, LeakyRelu } activation = Activation::None;
  float slope = 0; // of LeakyRelu
};

// The processor can, and gains by it.
bool direct_conv_usable();
// Weights [out_channels, channels, kernel_h, kernel_w], row-major, in the order the kernel reads
// them. out_channels is a multiple of 8.
std::vector<float> pack_direct(const float* weight, std::int64_t out_channels,
                               std::int64_t channels, std::int64_t kernel_h, std::int64_t kernel_w);
// Rows from..to of batch * out_height. bias: out_channels values or null. summand: of the output's
// size, added before the activation, or null; it may be the output itself.
void direct_conv_rows(const DirectConv& conv, const float* image, const float* packed,
                      const float* bias, const float* summand, float* out, std::int64_t from,
                      std::int64_t to);

}
