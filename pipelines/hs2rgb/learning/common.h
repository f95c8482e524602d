// What training and evaluation have in common: their scenes, and how a mix starts.
#pragma once

#include "hyperspectral/learned_rgb.h"
#include "hyperspectral/scene_labels.h"
#include "hyperspectral/scene_training.h"
#include "hyperspectral/scene_whitening.h"
#include "pipelines/hs2rgb/learning_parameters.h"

#include <optional>
#include <string>
#include <vector>

namespace sensorium::hs2rgb {

std::vector<std::string> words_of(const std::string& list); // by commas, without spaces around

// ENVI or npy, by content.
Cube open_cube(const std::string& file);
// Of the good bands, rising, each once. Throws Error Unsupported without wavelengths.
std::vector<double> grid_of(const Cube& cube);

struct TrainingScene {
  std::string file;
  hyper::Planes spectra; // at the grid's wavelengths, over unit
  hyper::LabelMap labels;
};

// "cie" or "pca", for spectra of this grid.
hyper::MixStart start_of(const std::string& name, std::span<const double> grid,
                         const hyper::Planes& spectra, const hyper::BandScaling& scaling,
                         const std::vector<std::uint8_t>& chosen);

// The graph with its standardisation replaced by one for spectra that are standardised already.
Graph for_standardised(Graph graph, double mix_rate);
// The standardisation of one graph, everything else of the other.
Graph with_standardisation_of(const Graph& from, Graph graph);

// The whitening that is asked for, of standardised scenes; none: nothing is done. chosen: the
// pixels of the training side.
std::optional<hyper::Whitening>
whitening_for(const NetworkParameters& p, std::span<const hyper::Planes* const> standardised,
              std::span<const std::vector<std::uint8_t>* const> chosen);

hyper::SceneTraining training_of(const NetworkParameters& p);

}
