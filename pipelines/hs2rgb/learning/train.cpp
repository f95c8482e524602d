#include "hyperspectral/tissue_network.h"
#include "modules/core/error.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/hs2rgb/learning/common.h"
#include "pipelines/hs2rgb/learning/entry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace sensorium::hs2rgb {
namespace {

using namespace hyper;
using nlohmann::json;
namespace fs = std::filesystem;

struct Material {
  std::vector<TrainingScene> scenes;
  std::vector<Split> splits;
  std::vector<double> grid;
  bool reflectance = true;
  double unit = 1;
  int classes = 0;
};

// Splits by blocks: the parts of each scene; the whole training side counts.
std::vector<std::uint8_t> side_of(const Split& split, const LabelMap* labels) {
  std::vector<std::uint8_t> out(split.parts.size(), 0);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (split.parts[i] == Part::Training) out[i] = labels == nullptr ? 1 : labels->labels[i];
  return out;
}

Material material_of(const std::vector<std::string>& files, const TrainParameters& p,
                     const Context& context) {
  const std::vector<std::string> maps = words_of(p.labels);
  if (files.empty() || maps.size() != files.size())
    throw Error(ErrorCode::Usage,
                fmt::format("{} cubes and {} maps of classes were given: each cube needs one",
                            files.size(), maps.size()),
                "sensorium train hs2rgb A.hdr B.hdr --labels A_classes.hdr,B_classes.hdr -o DIR");
  Material m;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Cube cube = open_cube(files[i]);
    const bool reflectance = cube.reflectance_scale.has_value();
    if (i == 0) {
      m.grid = grid_of(cube);
      m.reflectance = reflectance;
    } else if (reflectance != m.reflectance) {
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' states {} reflectance scale, unlike '{}'", files[i],
                              reflectance ? "a" : "no", files[0]),
                  "train on reflectance alone, or on stored values of one sensor alone");
    }
    TrainingScene scene{files[i], {}, read_label_map(maps[i])};
    check_size(scene.labels, cube.lines, cube.samples, files[i]);
    scene.spectra = spectra_of(cube, m.grid, cube.reflectance_scale.value_or(1),
                               context.part(static_cast<double>(i) / files.size(),
                                            static_cast<double>(i + 1) / files.size()));
    m.classes = std::max(m.classes, scene.labels.classes);
    m.splits.push_back(split_by_blocks(scene.labels, p.block, 100 - p.test_percent,
                                       static_cast<std::uint64_t>(p.network.seed) + i));
    m.scenes.push_back(std::move(scene));
  }
  if (m.classes < 2)
    throw Error(ErrorCode::BadInput, "the maps hold one class alone; two are needed");
  if (!m.reflectance) {
    m.unit = bright_value(m.scenes[0].spectra);
    for (TrainingScene& scene : m.scenes)
      for (float& v : scene.spectra.values) v = static_cast<float>(v / m.unit);
  }
  return m;
}

BandScaling scaling_of_training(const Material& m) {
  std::vector<const Planes*> planes;
  std::vector<std::vector<std::uint8_t>> sides;
  std::vector<const std::vector<std::uint8_t>*> chosen;
  for (std::size_t i = 0; i < m.scenes.size(); ++i) {
    planes.push_back(&m.scenes[i].spectra);
    sides.push_back(side_of(m.splits[i], nullptr));
  }
  for (const auto& side : sides) chosen.push_back(&side);
  return scaling_of(planes, chosen);
}

std::optional<Whitening> whiten_all(std::vector<Planes>& standardised, const Material& m,
                                    const TrainParameters& p) {
  std::vector<const Planes*> planes;
  std::vector<std::vector<std::uint8_t>> sides;
  std::vector<const std::vector<std::uint8_t>*> chosen;
  for (std::size_t i = 0; i < m.scenes.size(); ++i) {
    planes.push_back(&standardised[i]);
    sides.push_back(side_of(m.splits[i], nullptr));
  }
  for (const auto& side : sides) chosen.push_back(&side);
  const std::optional<Whitening> whitening = whitening_for(p.network, planes, chosen);
  for (Planes& scene : standardised)
    if (whitening) whiten(scene, *whitening);
  return whitening;
}

// Accuracy on the squares kept back, of all scenes. seen: what the graph takes.
json figures_of(const Material& m, const std::vector<Planes>& seen, const Graph& graph,
                const TrainParameters& p, const Context& context) {
  Model model = Model::from_graph(graph, {.threads = p.network.threads});
  double right = 0, all = 0;
  for (std::size_t i = 0; i < m.scenes.size(); ++i) {
    const SceneScore s =
        score_map(m.scenes[i].labels, m.splits[i],
                  greatest(probabilities(model, seen[i], p.network.views, context)));
    right += s.overall * static_cast<double>(s.pixels);
    all += static_cast<double>(s.pixels);
  }
  return {{"overall accuracy", std::round(1e4 * right / all) / 1e4}, {"test pixels", all}};
}

// What is shown as black and full: the 1st and 99th percentile over the scenes.
void set_range(RgbModel& model, const Material& m) {
  const MixStart mix{model.weights, model.offset};
  for (std::size_t c = 0; c < 3; ++c) {
    model.low[c] = 1e300;
    model.high[c] = -1e300;
  }
  for (const TrainingScene& scene : m.scenes) {
    const Planes shown = mixed(scene.spectra, mix);
    for (std::size_t c = 0; c < 3; ++c) {
      const auto [low, high] = percentiles_of(shown, static_cast<int>(c), 1, 99);
      model.low[c] = std::min(model.low[c], low);
      model.high[c] = std::max(model.high[c], high);
    }
  }
}

SceneNetworkOptions network_options(const TrainParameters& p, int classes) {
  return {.classes = classes,
          .encoder = p.network.encoder > 0 && p.network.taught ? classes : p.network.encoder,
          .network = p.network.network,
          .width = p.network.width,
          .layers = p.network.layers,
          .dropout = p.network.dropout,
          .widths = p.network.widths,
          .backbone = p.network.backbone,
          // A mix for a picture starts as one; the mixes of an encoder learn as fast as the rest.
          .mix_rate = p.network.encoder > 0 ? 1 : 0.1};
}

ModelCard card_for(const TrainParameters& p, const Material& m, const Graph& graph) {
  ModelCard card;
  card.name = "learned RGB";
  card.task = "three channels from a spectrum, and the class of each pixel";
  const SceneNetworkOptions o = network_options(p, m.classes);
  card.architecture = fmt::format(
      "{}, before {}; {} parameters, {:.0f} operations a pixel",
      p.network.encoder == 0
          ? fmt::format("1x1 convolution {} to 3, started from {}", m.grid.size(), p.network.start)
          : fmt::format("encoder of {} bands with means over neighbourhoods ({} mixes, {} hidden "
                        "units, 3 channels from 0 to 1)",
                        m.grid.size(), o.mixes, o.encoder),
      !p.network.backbone.empty()   ? "a network of the user's own"
      : p.network.network == "unet" ? "a residual U-Net of widths " + p.network.widths
      : p.network.encoder > 0       ? fmt::format("{} layers of {} that see each pixel alone",
                                                  p.network.layers, p.network.width)
                                    : fmt::format("means over neighbourhoods and {} layers of {}",
                                                  p.network.layers, p.network.width),
      graph.parameters(), operations_per_pixel(graph));
  card.input =
      fmt::format("spectra [batch, {}, height, width] at {:g} to {:g} nm, {}", m.grid.size(),
                  m.grid.front(), m.grid.back(),
                  m.reflectance ? "reflectance" : fmt::format("stored values over {:g}", m.unit));
  card.normalisation = "inside the graph: each band minus its mean, over its deviation";
  card.output =
      fmt::format("logits [batch, {}, height, width]; rgb [batch, 3, height, width]", m.classes);
  card.data = fmt::format("{} labelled cube{} of the user", m.scenes.size(),
                          m.scenes.size() == 1 ? "" : "s");
  card.data_licence = "that of the cubes";
  card.split = {{"by", fmt::format("squares of {} pixels", p.block)},
                {"test_percent", p.test_percent}};
  card.seed = p.network.seed;
  card.intended_use = "pictures of cubes in which these classes differ; research";
  card.limits =
      "measured on squares of the same scenes: other scenes, sensors and light may differ";
  card.command = fmt::format(
      "sensorium train hs2rgb CUBE... --labels FILE... -o DIR --start {} "
      "--encoder {} --taught {} --network {} --width {} --layers {} --dropout {:g} --whiten {} "
      "--floor {:g} "
      "--widths {} "
      "--steps {} --learning_rate {:g} --weight_decay {:g} --block {} --test_percent {} --seed {}",
      p.network.start, p.network.encoder, p.network.taught, p.network.network, p.network.width,
      p.network.layers, p.network.dropout, p.network.whiten, p.network.floor, p.network.widths,
      p.network.steps, p.network.learning_rate, p.network.weight_decay, p.block, p.test_percent,
      p.network.seed);
  return card;
}

std::vector<std::string> class_names(const TrainParameters& p, int classes) {
  std::vector<std::string> names = words_of(p.classes);
  if (!names.empty() && names.size() != static_cast<std::size_t>(classes))
    throw Error(ErrorCode::Usage,
                fmt::format("{} names were given for {} classes", names.size(), classes),
                "--classes takes a name for each class from 1 on");
  for (int c = 1; names.size() < static_cast<std::size_t>(classes); ++c)
    names.push_back(fmt::format("class {}", c));
  return names;
}

}

// Pictures of the scenes by a mix that stays as it is, and the network that is trained on them.
json train_on_pictures(const TrainParameters& p, const Material& m, const MixStart& start,
                       const fs::path& output, const Context& context) {
  std::vector<Planes> pictures;
  for (const TrainingScene& scene : m.scenes) pictures.push_back(mixed(scene.spectra, start));
  std::vector<LabelledPlanes> labelled;
  for (std::size_t i = 0; i < m.scenes.size(); ++i)
    labelled.push_back({&pictures[i], side_of(m.splits[i], &m.scenes[i].labels),
                        fmt::format("training side of scene {}", i + 1)});
  Graph graph = build_picture_network(network_options(p, m.classes),
                                      static_cast<std::uint64_t>(p.network.seed));
  graph = train_on_scenes(graph, std::move(labelled), training_of(p.network), output / "run",
                          context.part(0, 0.95));
  const json figures = figures_of(m, pictures, graph, p, context.part(0.95, 1));
  ModelCard card = card_for(p, m, graph);
  card.name = "network for pictures of cubes";
  card.task = "the class of each pixel of a picture";
  card.architecture = fmt::format("{} parameters, {:.0f} operations a pixel", graph.parameters(),
                                  operations_per_pixel(graph));
  card.input = fmt::format("pictures [batch, 3, height, width]: {}",
                           p.network.start == "cie" ? "linear sRGB" : "three principal components");
  card.normalisation = "inside the graph";
  card.output = fmt::format("logits [batch, {}, height, width]", m.classes);
  card.intended_use = "to stand behind a learned RGB (--backbone); research";
  card.command += " --pictures true";
  card.metrics = figures;
  set_card(graph, card);
  const fs::path file = output / "backbone.onnx";
  write_onnx(graph, file);
  return {{"model", file.string()},
          {"metrics", figures},
          {"text", fmt::format("{}\nsquares kept back: {}\nsensorium train hs2rgb CUBE... --labels "
                               "FILE... --backbone {} -o DIR",
                               file.string(), figures.dump(), file.string())}};
}

json train_learned(const std::vector<std::string>& files, const json& parameters,
                   const fs::path& output, const Context& context) {
  const auto p = parameters_from<TrainParameters>(parameters);
  const Material m = material_of(files, p, context.part(0, 0.1));
  const std::vector<std::string> names = class_names(p, m.classes);
  const BandScaling scaling = scaling_of_training(m);
  const MixStart start = start_of(p.network.start, m.grid, m.scenes[0].spectra, scaling,
                                  side_of(m.splits[0], nullptr));
  if (p.pictures && p.network.encoder > 0)
    throw Error(ErrorCode::Usage, "a network from pictures has no encoder",
                "leave out --encoder or --pictures");
  if (p.pictures) return train_on_pictures(p, m, start, output, context.part(0.1, 1));
  const SceneNetworkOptions o = network_options(p, m.classes);
  const Graph first =
      build_scene_network(o, scaling, &start, static_cast<std::uint64_t>(p.network.seed));
  std::vector<Planes> seen;
  for (const TrainingScene& scene : m.scenes) {
    seen.push_back(scene.spectra);
    standardise(seen.back(), scaling);
  }
  const std::optional<Whitening> whitening = whiten_all(seen, m, p);
  std::vector<LabelledPlanes> labelled;
  for (std::size_t i = 0; i < m.scenes.size(); ++i)
    labelled.push_back({&seen[i], side_of(m.splits[i], &m.scenes[i].labels),
                        fmt::format("training side of scene {}", i + 1)});
  Graph untrained = for_standardised(first, o.mix_rate);
  // An encoder's random weights are for directions from the start.
  if (whitening && o.encoder == 0) untrained = for_whitened(std::move(untrained), *whitening);
  const Context learning = context.part(0.1, 0.95);
  Graph trained =
      o.encoder > 0 && p.network.taught
          ? train_taught(o, untrained, labelled, training_of(p.network), output / "run", learning)
          : train_on_scenes(untrained, std::move(labelled), training_of(p.network), output / "run",
                            learning);
  const json figures = figures_of(m, seen, trained, p, context.part(0.95, 1));
  if (whitening) trained = for_unwhitened(std::move(trained), *whitening);

  Graph graph = with_rgb_output(with_standardisation_of(first, trained));
  ModelCard card = card_for(p, m, graph);
  card.metrics = figures;
  RgbModel model{.wavelengths_nm = m.grid,
                 .reflectance = m.reflectance,
                 .unit = m.unit,
                 .started_from = o.encoder == 0     ? p.network.start
                                 : p.network.taught ? "a classifier of all bands"
                                                    : "random",
                 .classes = names};
  card.further["hs2rgb"] = rgb_card(model);
  set_card(graph, card);
  model = rgb_model_of(graph, "the trained network");
  if (!model.encoder) set_range(model, m); // an encoder's picture is 0 to 1
  card.further["hs2rgb"] = rgb_card(model);
  set_card(graph, card);
  const fs::path file = output / "hs2rgb.onnx";
  write_onnx(graph, file);
  return {{"model", file.string()},
          {"metrics", figures},
          {"text", fmt::format("{}\nsquares kept back: {}\nsensorium run hs2rgb CUBE --route "
                               "learned --model {} -o DIR",
                               file.string(), figures.dump(), file.string())}};
}

}
