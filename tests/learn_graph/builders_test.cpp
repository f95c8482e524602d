// Builders: sizes by hand, seeds, variants, wrong options.
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sensorium {
namespace {

std::int64_t elements(const Graph& graph, const std::string& name) {
  return graph.initializers.at(name).elements();
}

TEST(Builders, MlpHasTheParametersCountedByHand) {
  // 16x64+64, two blocks of 2 (64x64+64), 64x2+2
  EXPECT_EQ(build_residual_mlp({}, 1).parameters(),
            16 * 64 + 64 + 2 * 2 * (64 * 64 + 64) + 64 * 2 + 2);
}

TEST(Builders, Conv1dHasTheParametersCountedByHand) {
  // Of each stage a convolution of stride 2 and a residual one, with biases; then 6x2+2.
  const Graph g =
      build_conv1d({.in_channels = 3, .classes = 2, .length = 64, .widths = "4,6", .kernel = 5}, 1);
  EXPECT_EQ(g.parameters(),
            (3 * 4 * 5 + 4) + (4 * 4 * 5 + 4) + (4 * 6 * 5 + 6) + (6 * 6 * 5 + 6) + 6 * 2 + 2);
  EXPECT_EQ(g.inputs.at(0).dims, (std::vector<std::int64_t>{-1, 3, 64}));
  EXPECT_THROW(build_conv1d({.kernel = 4}, 1), Error);
}

TEST(Builders, UnetHasTheWeightsCountedByHand) {
  ResidualUnetOptions o;
  o.widths = "4,8";
  const Graph g = build_residual_unet(o, 1);
  // conv 3x3 and 1x1 without bias, norms of 4 per channel; transposed 8->4 2x2 with bias; head 4->1
  // with bias
  const std::int64_t down0 = 9 * (1 * 4 + 4 * 4) + 1 * 4 + 3 * 4 * 4,
                     down1 = 9 * (4 * 8 + 8 * 8) + 4 * 8 + 3 * 4 * 8;
  const std::int64_t up = 8 * 4 * 4 + 4, join = 9 * (8 * 4 + 4 * 4) + 8 * 4 + 3 * 4 * 4,
                     head = 4 + 1;
  EXPECT_EQ(g.parameters(), down0 + down1 + up + join + head);
  EXPECT_EQ(elements(g, "head.weight"), 4);
}

TEST(Builders, VitHasTheParametersCountedByHand) {
  VitOptions o;
  o.depth = 1;
  const int d = o.width, tokens = 64;
  const std::int64_t block = 2 * 2 * d + 4 * (d * d + d) + (d * 2 * d + 2 * d) + (2 * d * d + d);
  // the scalars of attention and Gelu are weights of one element
  const std::int64_t whole = 3 * 8 * 8 * d + d + tokens * d + block + 2 * d + d * 2 + 2;
  const std::int64_t scalars = build_vit(o, 1).parameters() - whole;
  EXPECT_GE(scalars, 1);
  EXPECT_LE(scalars, 4);
}

TEST(Builders, SameSeedSameBytesOtherSeedOtherWeights) {
  const ResidualUnetOptions o{.widths = "4,8"};
  EXPECT_EQ(serialise_onnx(build_residual_unet(o, 7)), serialise_onnx(build_residual_unet(o, 7)));
  EXPECT_NE(serialise_onnx(build_residual_unet(o, 7)), serialise_onnx(build_residual_unet(o, 8)));
}

TEST(Builders, HeInitialisationHasItsSpread) {
  const Graph g = build_residual_unet({.widths = "32,64"}, 3);
  const auto w = g.initializers.at("down1.unit0.conv2.weight").as<float>();
  double sum = 0, square = 0;
  for (const float v : w) sum += v, square += static_cast<double>(v) * v;
  const double mean = sum / static_cast<double>(w.size()),
               deviation = std::sqrt(square / static_cast<double>(w.size()) - mean * mean);
  EXPECT_NEAR(deviation, std::sqrt(2.0 / (9 * 64)), 0.01 * std::sqrt(2.0 / (9 * 64)));
  EXPECT_NEAR(mean, 0, 4 * deviation / std::sqrt(static_cast<double>(w.size())));
}

TEST(Builders, WrongOptionsAreRefused) {
  for (const char* widths : {"", "a", "16,,32", "0", "16,99999", "1,2,3,4,5,6,7,8,9"})
    EXPECT_THROW(build_residual_unet({.widths = widths}, 1), Error) << widths;
  EXPECT_THROW(build_vit({.image_size = 65}, 1), Error);
  EXPECT_THROW(build_vit({.width = 65}, 1), Error);
  EXPECT_THROW(build_vit({.width = 8, .norm = "group"}, 1), Error);
  EXPECT_THROW(build_residual_mlp({.width = 8, .norm = "group"}, 1), Error);
  EXPECT_THROW(parameters_from<ResidualUnetOptions>({{"norm", "magic"}}), Error);
  EXPECT_EQ(parameters_from<ResidualUnetOptions>({{"norm", "group"}}).norm, "group");
}

}
}
