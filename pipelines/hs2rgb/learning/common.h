// What training and evaluation have in common: their scenes, and how a mix starts.
#pragma once

#include "hyperspectral/learned_rgb.h"
#include "hyperspectral/scene_labels.h"
#include "hyperspectral/scene_training.h"
#include "hyperspectral/scene_whitening.h"
#include "pipelines/hs2rgb/learning_parameters.h"

#include <filesystem>
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

// Trains a network of build_scene_network(options) for standardised (and whitened) spectra in two
// steps: a classifier of all bands, whose shares of the classes become the encoder's units (with
// options.encoder the classes) and stay as they are; then what is behind, on the pictures. `first`
// is the network before training. Throws as train_on_scenes().
Graph train_taught(const hyper::SceneNetworkOptions& options, const Graph& first,
                   const std::vector<hyper::LabelledPlanes>& scenes,
                   const hyper::SceneTraining& training, const std::filesystem::path& run_folder,
                   const Context& context);

}
