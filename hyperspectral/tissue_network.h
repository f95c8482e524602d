// Networks for tissue: what their graphs and cards have in common.
#pragma once

#include "modules/learn/graph.h"

#include <nlohmann/json.hpp>

#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

// 450, 460 ... 900 nm: inside of cameras for 400 to 1000 and for 450 to 950 nm.
std::vector<double> tissue_wavelengths();

// The graph with the normalisation of each spectrum before it: minus its mean, over its standard
// deviation over the bands, so that uneven light and a scale pixel by pixel do not matter. Maps:
// input [batch, bands, height, width]; rows: [batch, bands].
Graph with_normalised_spectra(Graph graph, int bands);
// A residual U-Net behind a 1x1 convolution from bands to `channels`, behind the normalisation.
struct SpectralUnetOptions {
  int bands = 46, classes = 4, channels = 16;
  std::string widths = "24,32,48";
};
Graph build_spectral_unet(const SpectralUnetOptions& options, std::uint64_t seed);

// The same normalisation, for methods that are no network. spectrum: [band].
void normalise_spectrum(std::span<float> spectrum);

// Multiplications and additions (two for each product) of the convolutions and products of a graph,
// for one pixel of a map or for one row.
double operations_per_pixel(const Graph& graph);

// How training spectra look: their mean and the main directions about it. A normalised spectrum
// whose distance from that plane (root mean square over the bands) exceeds the limit looks like
// none of them.
struct Likeness {
  std::vector<double> mean;
  std::vector<std::vector<double>> directions;
  double limit = 0;
  double distance(std::span<const float> normalised) const;
};
// rows: normalised spectra, each `bands` long. limit: 1.25 times the 99.5th percentile of the
// distances of check. Throws Error BadInput with too few rows.
Likeness likeness_of(std::span<const float> rows, std::span<const float> check, int bands,
                     int directions);
nlohmann::json to_json(const Likeness& likeness);
Likeness likeness_from_json(const nlohmann::json& json); // throws Error BadInput

// What a segmenting model must say of itself, in its card's "tissue".
struct TissueModelFacts {
  std::vector<double> wavelengths_nm;
  std::vector<std::string> classes;
  Likeness likeness;
};
nlohmann::json to_json(const TissueModelFacts& facts);
// Throws Error Unsupported, naming the model, when the card says nothing of it or something else.
TissueModelFacts facts_of_card(const std::string& card_json, const std::string& model);

}
