// Networks that say the class of each pixel of a scene, behind a trainable mix of its bands.
#pragma once

#include "hyperspectral/colour.h"
#include "modules/learn/graph.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium::hyper {

// Of each band, over the pixels to train on; deviations are above 0.
struct BandScaling {
  std::vector<float> mean, deviation;
};

// mixed = offset + sum of weights times value.
struct MixStart {
  std::vector<Triple> weights; // one a band
  Triple offset{};
};

struct SceneNetworkOptions {
  int classes = 2;
  int channels = 3; // that the network behind sees; without an encoder: that the bands are mixed to
  // Hidden units of a small encoder (rgb_encoder.h) in place of the mix to three channels; 0: none.
  // It mixes the bands to `mixes` first. It sees neighbourhoods itself: the network "context"
  // behind it is one of 1x1 layers alone.
  int encoder = 0, mixes = 48;
  // "context": each pixel with its means over 5 x 5 and about 13 x 13, and `layers` layers of 1x1
  // convolutions before the last; "unet": a residual U-Net.
  std::string network = "context";
  int width = 48;                  // of the layers of context
  int layers = 2;                  // of context; 0: the last alone
  double dropout = 0;              // of the channels of context that each layer sees, in training
  std::string widths = "16,32,48"; // of the residual U-Net behind
  // A network of the user's own instead: one input [batch, 3, height, width], logits of the same
  // height and width.
  std::string backbone;
  double mix_rate = 0.1; // how much slower the mix learns than the rest
};

// "spectra" [batch, bands, height, width] -> standardised -> 1x1 convolution (its output is named
// "rgb"), or the encoder's layers up to "rgb" -> the network -> "logits" [batch, classes, height,
// width]. start: null for random weights (an encoder's always are); with it the mix is exactly this
// one before training, and channels is 3. Throws Error
// Unsupported for a backbone of other inputs or outputs, and as read_onnx().
Graph build_scene_network(const SceneNetworkOptions& options, const BandScaling& scaling,
                          const MixStart* start, std::uint64_t seed);
// The same without a mix, for pictures of `channels` planes: input "picture".
Graph build_picture_network(const SceneNetworkOptions& options, std::uint64_t seed);

// The network "context" (and an encoder before 1x1 layers) sees means of squares of mixes alone,
// and a mix of means is the mean of mixes. So it learns from the labelled pixels and their means
// (input [batch, bands, 3, pixels]: the pixel, its mean over near_side x near_side, and the mean of
// those over far_side x far_side; edges count what is there), at a fraction of the work, and its
// norms see labelled pixels alone.
inline constexpr int near_side = 5, far_side = 9;
bool sees_means_alone(const Graph& graph);
// Layers of 1x1 alone: labelled pixels are all there is to learn from.
bool sees_pixels_alone(const Graph& graph);
Graph on_means(Graph graph);
// The weights of the one where the other has the same name.
Graph with_weights_of(const Graph& from, Graph graph);

// An encoder whose units are the classes (options.encoder = classes) with the weights of a
// classifier of all bands: build_scene_network() of as many channels as the encoder has mixes,
// without an encoder and without hidden layers, trained. Its shares, sharpened, weigh the colours.
Graph with_taught_encoder(const Graph& classifier, Graph graph);
// What makes the picture: from "spectra" to "rgb".
Graph picture_maker(Graph graph);

// Height and width must be a multiple of this; 1 where any go.
int size_multiple(const Graph& graph);

// The graph with its "rgb" as a second output.
Graph with_rgb_output(Graph graph);

}
