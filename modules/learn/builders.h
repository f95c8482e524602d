// Networks made from declared parameters. Each builder emits a graph with seeded weights; sweeps
// choose among the variants.
#pragma once

#include "modules/core/parameters.h"
#include "modules/learn/graph.h"

#include <functional>

namespace sensorium {

// Residual U-Net: Zhang, Liu and Wang, "Road Extraction by Deep Residual U-Net", IEEE GRSL 15(5),
// 2018: residual units in encoder, bridge and decoder, skip connections by concatenation. Input
// [batch, in_channels, (depth,) height, width], each spatial size a multiple of 2^(levels - 1);
// output logits, or probabilities with probability_output.
struct ResidualUnetOptions {
  int dimensions = 2;
  int in_channels = 1, out_channels = 1;
  std::string widths = "16,32,64,128"; // channels of each level
  int blocks_per_level = 1;
  std::string norm = "batch";
  std::string activation = "relu";
  std::string upsampling = "transposed";
  bool residual = true; // false: the plain U-Net of the same size, for ablations
  bool probability_output = false;
};
void describe(ParameterVisitor& v, ResidualUnetOptions& o);
Graph build_residual_unet(const ResidualUnetOptions& options, std::uint64_t seed);

// ResNet: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016. Basic blocks;
// logits [batch, classes].
struct ResnetOptions {
  int in_channels = 3, classes = 2;
  std::string widths = "16,32,64,128";
  int blocks_per_stage = 2;
  std::string norm = "batch";
  std::string activation = "relu";
};
void describe(ParameterVisitor& v, ResnetOptions& o);
Graph build_resnet(const ResnetOptions& options, std::uint64_t seed);

// ViT: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021. Pre-norm, mean pooling
// instead of a class token.
struct VitOptions {
  int in_channels = 3, classes = 2;
  int image_size = 64, patch = 8;
  int width = 64, depth = 4, heads = 4, mlp_ratio = 2;
  // layer: of each token; batch and group take the tokens as a map's positions. No instance norm:
  // its mean over the tokens, which the head sees, is always the same.
  std::string norm = "layer";
  std::string activation = "gelu";
};
void describe(ParameterVisitor& v, VitOptions& o);
Graph build_vit(const VitOptions& options, std::uint64_t seed);

// Residual MLP: linear, then blocks x + W2 f(norm(W1 x)), then linear. Without norm: only Gemm, Add
// and the activation, which quantises well.
struct ResidualMlpOptions {
  int inputs = 16, classes = 2;
  int width = 64, blocks = 2;
  std::string norm = "none";
  std::string activation = "relu";
};
void describe(ParameterVisitor& v, ResidualMlpOptions& o);
Graph build_residual_mlp(const ResidualMlpOptions& options, std::uint64_t seed);

// Residual 1-D convolutional network over samples (in the manner of Wang, Yan and Oates, "Time
// series classification from scratch with deep neural networks", IJCNN 2017: convolutions, global
// average pooling, linear). Each width is a convolution of stride 2 and a residual one. Input
// [batch, in_channels, length]. Only Conv, Add, the activation, the pool and one Gemm.
struct Conv1dOptions {
  int in_channels = 3, classes = 2, length = 256;
  std::string widths = "16,32,32";
  int kernel = 7; // odd
  std::string activation = "relu";
};
void describe(ParameterVisitor& v, Conv1dOptions& o);
Graph build_conv1d(const Conv1dOptions& options, std::uint64_t seed);

// The families by name, so that a command line, a plan or a sweep chooses one.
struct NetworkFamily {
  std::string id, title;
  ParameterSpecs parameters;
  std::function<Graph(const nlohmann::json& parameters, std::uint64_t seed)> build;
};
const std::vector<NetworkFamily>& network_families();
// Throws Error NotFound with the nearest name.
const NetworkFamily& network_family(const std::string& id);
inline constexpr const char* untrained = "random weights: it is not trained"; // the card's limits
// The same with a card that says architecture, input, output, seed and parameters. Throws Error
// Usage: unknown or wrong parameters.
Graph build_network(const std::string& family, const nlohmann::json& parameters,
                    std::uint64_t seed);

}
