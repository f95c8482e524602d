// A learned RGB: three weighted sums of a spectrum, or a small encoder, that were trained together
// with a network behind them, as they stand in the one ONNX file of both.
//
// The graph takes spectra [batch, bands, height, width] at the wavelengths that its card states;
// its output "rgb" [batch, 3, height, width] is a 1x1 convolution of them or what the encoder makes
// of them, its first output what the network behind says.
#pragma once

#include "hyperspectral/colour.h"
#include "hyperspectral/project.h"
#include "hyperspectral/rgb_encoder.h"
#include "modules/learn/graph.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sensorium::hyper {

struct RgbModel {
  std::vector<double> wavelengths_nm; // rises
  bool reflectance = true;            // of the spectra; else stored values over unit
  double unit = 1;
  std::vector<Triple> weights; // one a wavelength: rgb = offset + sum of weight times value
  Triple offset{};
  std::optional<RgbEncoder> encoder;  // instead of weights and offset; of values over unit
  Triple low{0, 0, 0}, high{1, 1, 1}; // shown as black and as full
  std::string started_from;           // "cie", "pca"; an encoder: "random"
  std::vector<std::string> classes;   // of the network behind
};

// The card's entry "hs2rgb": all but weights, offset and encoder, which are the graph's.
nlohmann::json rgb_card(const RgbModel& model);
// Throws Error Unsupported, naming the file, for a network that holds no learned RGB or whose card
// and graph contradict each other.
RgbModel rgb_model_of(const Graph& graph, const std::string& name);

// The projection for a cube of any sensor, whose bands are resampled to the model's wavelengths.
// one_is_white: values are reflectance even where the cube states no scale. Throws Error
// Unsupported: no wavelengths, bands that do not cover the model's, reflectance where the model
// takes stored values, or the reverse.
Projection learned_projection(const RgbModel& model, const Cube& cube, bool one_is_white);
// The same for a model with an encoder.
RgbEncoding learned_encoding(const RgbModel& model, const Cube& cube, bool one_is_white);
// The bands of the cube that either uses.
std::vector<int> learned_bands(const RgbModel& model, const Cube& cube, bool one_is_white);

// Linear sRGB (D65, CIE 1931, ASTM E308) of reflectance at these wavelengths: where training
// starts. Throws as colour_weights().
std::vector<Triple> cie_rows(std::span<const double> nm);

}
