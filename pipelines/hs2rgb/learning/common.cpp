#include "pipelines/hs2rgb/learning/common.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/envi_reader.h"
#include "modules/io/npy_reader.h"
#include "pipelines/hs2rgb/learning/entry.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium::hs2rgb {

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from <= list.size();) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    std::string word = list.substr(from, comma - from);
    word.erase(0, std::min(word.find_first_not_of(' '), word.size()));
    word.erase(word.find_last_not_of(' ') + 1);
    if (!word.empty()) out.push_back(word);
    from = comma + 1;
  }
  return out;
}

Cube open_cube(const std::string& file) {
  return npy::sniff(read_head(file)) > 0 ? npy::load(file, Samples::Load)
                                         : envi::load(file, Samples::Load);
}

std::vector<double> grid_of(const Cube& cube) {
  if (cube.wavelengths_nm.empty())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the wavelengths of '{}' are not known ({})", cube.origin.path,
                            cube.wavelength_note),
                "add 'wavelength' and 'wavelength units' to its header, or lay a file "
                "'wavelengths.csv' beside an array");
  std::vector<double> nm;
  for (const int band : good_bands(cube))
    nm.push_back(cube.wavelengths_nm[static_cast<std::size_t>(band)]);
  std::sort(nm.begin(), nm.end());
  nm.erase(std::unique(nm.begin(), nm.end()), nm.end());
  if (nm.size() < 3)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' has {} good bands; three are needed",
                                                    cube.origin.path, nm.size()));
  return nm;
}

hyper::MixStart start_of(const std::string& name, std::span<const double> grid,
                         const hyper::Planes& spectra, const hyper::BandScaling& scaling,
                         const std::vector<std::uint8_t>& chosen) {
  if (name == "cie") return {hyper::cie_rows(grid), {}};
  return hyper::principal_start(spectra, scaling, chosen);
}

Graph for_standardised(Graph graph, double mix_rate) {
  for (float& v : graph.initializers.at("const.band_mean").as<float>()) v = 0;
  for (float& v : graph.initializers.at("const.band_scale").as<float>())
    v = static_cast<float>(mix_rate);
  return graph;
}

Graph with_standardisation_of(const Graph& from, Graph graph) {
  for (const char* name : {"const.band_mean", "const.band_scale"})
    graph.initializers[name] = from.initializers.at(name);
  return graph;
}

std::optional<hyper::Whitening>
whitening_for(const NetworkParameters& p, std::span<const hyper::Planes* const> standardised,
              std::span<const std::vector<std::uint8_t>* const> chosen) {
  if (!p.whiten) return std::nullopt;
  return hyper::whitening_of(standardised, chosen, p.floor);
}

hyper::SceneTraining training_of(const NetworkParameters& p) {
  return {.steps = p.steps,
          .learning_rate = p.learning_rate,
          .weight_decay = p.weight_decay,
          .jitter = p.jitter,
          .seed = p.seed,
          .threads = p.threads};
}

Graph train_taught(const hyper::SceneNetworkOptions& o, const Graph& first,
                   const std::vector<hyper::LabelledPlanes>& scenes,
                   const hyper::SceneTraining& training, const std::filesystem::path& run_folder,
                   const Context& context) {
  const auto seed = static_cast<std::uint64_t>(training.seed);
  const auto bands = static_cast<std::size_t>(scenes.at(0).planes->channels);
  const hyper::BandScaling none{std::vector<float>(bands, 0.0f), std::vector<float>(bands, 1.0f)};
  const Graph classifier =
      hyper::train_on_scenes(hyper::build_scene_network({.classes = o.classes,
                                                         .channels = o.mixes,
                                                         .layers = 0,
                                                         .dropout = o.dropout,
                                                         .mix_rate = o.mix_rate},
                                                        none, nullptr, seed),
                             scenes, training, run_folder / "classifier", context.part(0, 0.5));
  const Graph taught = hyper::with_taught_encoder(classifier, first);
  Model maker = Model::from_graph(hyper::picture_maker(taught), {.threads = training.threads});
  std::vector<hyper::Planes> pictures;
  std::vector<hyper::LabelledPlanes> shown;
  pictures.reserve(scenes.size());
  for (const hyper::LabelledPlanes& scene : scenes) {
    pictures.push_back(hyper::pictured(maker, *scene.planes, context.part(0.5, 0.5)));
    shown.push_back({&pictures.back(), scene.labels, scene.group});
  }
  const Graph behind =
      hyper::train_on_scenes(hyper::build_picture_network(o, seed), std::move(shown), training,
                             run_folder / "behind", context.part(0.5, 1));
  return hyper::with_weights_of(behind, taught);
}

}

void sensorium_hs2rgb_learning(const char* verb, const std::vector<std::string>& files,
                               const nlohmann::json& parameters,
                               const std::filesystem::path& output,
                               const sensorium::Context& context, nlohmann::json& result) {
  using namespace sensorium::hs2rgb;
  result = std::string(verb) == "train" ? train_learned(files, parameters, output, context)
                                        : evaluate_routes(files, parameters, output, context);
}
