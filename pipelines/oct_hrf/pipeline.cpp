#include "modules/core/error.h"
#include "modules/core/extension.h"

#include "pipelines/oct_hrf/commands.h"
#include "pipelines/oct_hrf/count.h"
#include "pipelines/oct_hrf/detector.h"
#include "pipelines/oct_hrf/enhance_device.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/parameters.h"
#include "pipelines/oct_hrf/recognise.h"
#include "pipelines/oct_hrf/surfaces.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>

namespace sensorium::oct_hrf {

namespace {

constexpr std::uint8_t floor_of_map = 13; // 0.05, the least threshold

PipelineInfo info() {
  PipelineInfo i;
  i.id = "oct_hrf";
  i.version = "1.1.0";
  i.title = "Hyper-reflective foci in OCT";
  i.question = "How many hyper-reflective foci, how large, and in which layer and region?";
  i.input = "volume";
  i.maturity = "research preview, phantom-trained";
  i.intended_use =
      "Research: marks candidates for hyper-reflective foci in retinal OCT B-scans for review by a "
      "reader. Not a medical device; not for diagnosis or treatment.";
  i.limits =
      "The network was trained on phantoms only, never "
      "on expert masks of patients' foci. Foci smaller than the B-scan distance are seen in one "
      "B-scan "
      "only. Inner and outer retina are parted at half depth unless the file has an OPL line.";
  i.citation = "Definitions: Midena 2021 (Front. Immunol. 12:613051), BOULEVARD (IOVS 2789617), J. "
               "Clin. Med. "
               "2022 11(24):7404; boundaries after Chiu 2010 (Opt. Express 18:19413).";
  i.labels = {"focus", "exudate", "choroidal", "vessel or shadow", "artefact"};
  i.model = "oct_hrf.onnx";
  i.parameters = specs_of<HrfParameters>();
  return i;
}

// Kept for conclude(): everything that a slider's movement needs.
struct HrfAnalysis : Analysis {
  bool refused = false;
  bool by_network = false; // the second look knows the network's candidates only
  std::vector<std::uint8_t> grey;
  std::optional<ComponentIndex> index;
  Scene scene;
};

const Volume& volume_of(const Dataset& dataset) {
  if (const auto* v = std::get_if<Volume>(&dataset)) return *v;
  throw Error(ErrorCode::Unsupported,
              "'" + origin_of(dataset).path + "' is a video, not an OCT scan",
              "give a B-scan or a stack of B-scans");
}

std::vector<std::uint8_t> quantised(std::span<const float> values) {
  std::vector<std::uint8_t> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint8_t>(255 * std::clamp(values[i], 0.0f, 1.0f) + 0.5f);
  return out;
}

Artifact artifact(const Volume& like, std::string name, std::string caption,
                  std::vector<std::uint8_t> values) {
  Artifact a{std::move(name), std::move(caption), {}};
  Volume& v = a.volume;
  v.width = like.width;
  v.height = like.height;
  v.depth = like.depth;
  v.pixels = Buffer::of(std::move(values));
  v.spacing = like.spacing;
  v.orientation = like.orientation;
  v.modality = like.modality;
  v.laterality = like.laterality;
  return a;
}

std::vector<float> invalid_as_zero(const Volume& volume) {
  std::vector<float> values = to_float(volume);
  for (float& v : values)
    if (!(std::abs(v) < 1e30f)) v = 0;
  return values;
}

// The end of analyse and of restore: index of the map, references of the layers.
void prepare_counting(HrfAnalysis& a, const Volume& volume, const Volume& soft_map,
                      const Context& context) {
  a.index.emplace(samples<std::uint8_t>(soft_map.pixels), volume.width, volume.height, volume.depth,
                  floor_of_map);
  const Surface *ilm = usable(a.surfaces, "ILM"), *rpe = usable(a.surfaces, "RPE"),
                *bm = usable(a.surfaces, "BM");
  a.scene = {.width = volume.width,
             .height = volume.height,
             .depth = volume.depth,
             .grey = a.grey,
             .ilm = ilm,
             .rpe = rpe ? rpe : bm,
             .bm = bm ? bm : rpe,
             .opl = usable(a.surfaces, "OPL"),
             .threads = context.thread_count()};
  measure_layers(a.scene, context.thread_count());
}

void check_input(HrfAnalysis& a, const Volume& volume, std::span<const float> normalised,
                 const HrfParameters& p) {
  if (!p.check_input) {
    a.notes.push_back("The checks of the input were switched off.");
    return;
  }
  const bool lines = !volume.surfaces.empty() && usable(volume.surfaces, "ILM") &&
                     (usable(volume.surfaces, "BM") || usable(volume.surfaces, "RPE"));
  Recognition r = recognise(volume, normalised, lines);
  a.refused = r.refused;
  a.notes.insert(a.notes.end(), r.notes.begin(), r.notes.end());
}

std::vector<std::uint8_t> detect(HrfAnalysis& a, const AnalysisRequest& request,
                                 const HrfParameters& p, const Prepared& prepared,
                                 const Volume& volume, Network& network, std::mutex& mutex,
                                 const Context& context) {
  if (a.refused) return std::vector<std::uint8_t>(prepared.values.size(), 0);
  if (p.detector == "network" && has_network() && !request.model.empty()) {
    const std::lock_guard lock(mutex);
    a.by_network = true;
    return network.soft_map(request.model, prepared, p.tile, context);
  }
  a.notes.push_back(
      p.detector == "top_hat"
          ? "Detector: the classical top-hat, not the network. Its map is a contrast, "
            "not a probability."
      : has_network() ? "No model was found: candidates come from the classical top-hat, whose map "
                        "is a contrast, not a probability."
                      : "This build has no LibTorch: candidates come from the classical top-hat, "
                        "whose map is a contrast, not a probability.");
  return top_hat_soft_map(prepared, volume.spacing[0].micrometres, volume.spacing[1].micrometres,
                          context);
}

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request, Network& network,
                                        std::mutex& mutex, const Context& context) {
  const auto p = parameters_from<HrfParameters>(request.parameters);
  const Volume& volume = volume_of(request.dataset);
  const int threads = context.thread_count();
  auto a = std::make_shared<HrfAnalysis>();

  context.step(0, "grey values");
  std::vector<float> values = normalise_volume(
      invalid_as_zero(volume), static_cast<std::size_t>(volume.width) * volume.height, threads);
  a->grey = quantised(values);
  context.step(0.05, "checking the picture");
  check_input(*a, volume, values, p);

  context.step(0.1, "enhancement");
  std::vector<float> clean;
  const std::string where = compute_on(
      context, "enhancement",
      [&](Accelerator& gpu) {
        clean = enhance_volume_on(gpu, values, volume.width, volume.height, {}, threads);
      },
      [&] { clean = enhance_volume(values, volume.width, volume.height, {}, threads); });
  if (!where.empty()) a->notes.push_back(where);
  for (float& v : clean) v = std::clamp(v, 0.0f, 1.0f);
  context.step(0.15, "layer lines");
  a->surfaces = choose_surfaces(volume, clean, a->refused ? "file" : p.surfaces, threads);
  for (const Surface& s : a->surfaces)
    if (!s.failure.empty())
      a->notes.push_back("Line " + s.name + " is not used: " + s.failure + ".");

  a->artifacts.push_back(
      artifact(volume, "enhanced", "B-scans after noise reduction", quantised(clean)));
  if (p.enhance) values = std::move(clean);
  const Prepared prepared{volume.width, volume.height, volume.depth, values};
  a->artifacts.push_back(
      artifact(volume, "soft_map", "probability of a focus, 255 = 1",
               detect(*a, request, p, prepared, volume, network, mutex, context.part(0.25, 0.95))));
  context.step(0.95, "components");
  prepare_counting(*a, volume, a->artifacts.back().volume, context);
  return a;
}

std::shared_ptr<const Analysis> restore(const AnalysisRequest& request,
                                        std::vector<Artifact> artifacts,
                                        std::vector<Surface> surfaces, const Context& context) {
  const auto p = parameters_from<HrfParameters>(request.parameters);
  const Volume& volume = volume_of(request.dataset);
  const auto map = std::find_if(artifacts.begin(), artifacts.end(),
                                [](const Artifact& a) { return a.name == "soft_map"; });
  if (map == artifacts.end() || map->volume.type != PixelType::UInt8 ||
      map->volume.voxels() != volume.voxels() || map->volume.width != volume.width ||
      map->volume.height != volume.height)
    throw Error(ErrorCode::BadInput, "the result has no soft map of the recording's size",
                "run the pipeline again");
  auto a = std::make_shared<HrfAnalysis>();
  const std::vector<float> values = normalise_volume(
      invalid_as_zero(volume), static_cast<std::size_t>(volume.width) * volume.height,
      context.thread_count());
  a->grey = quantised(values);
  check_input(*a, volume, values, p);
  const std::size_t area = static_cast<std::size_t>(volume.width) * volume.depth;
  std::erase_if(surfaces, [&](const Surface& s) { return s.depth.size() != area; });
  a->surfaces = std::move(surfaces);
  const Volume soft_map = map->volume;
  a->artifacts = std::move(artifacts);
  a->by_network = p.detector == "network" && !request.model.empty();
  prepare_counting(*a, volume, soft_map, context);
  return a;
}

Findings conclude(const Dataset& dataset, const Analysis& analysis,
                  const nlohmann::json& parameters) {
  const auto p = parameters_from<HrfParameters>(parameters);
  const auto& a = dynamic_cast<const HrfAnalysis&>(analysis);
  CountOptions options = count_options(p);
  if (!a.by_network) options.second_look = 0;
  Findings f;
  if (a.refused)
    f.nothing_counted = true;
  else
    f = count_foci(volume_of(dataset), *a.index, a.scene, options);
  f.pipeline = "oct_hrf";
  f.version = info().version;
  f.input_sha256 = origin_of(dataset).sha256;
  f.parameters_text = parameters_json(p).dump();
  f.notes.insert(f.notes.begin(), a.notes.begin(), a.notes.end());
  return f;
}

}

Extension make_extension() {
  auto network = std::make_shared<Network>();
  auto mutex = std::make_shared<std::mutex>();
  PipelineDefinition d;
  d.info = info();
  d.analyse = [network, mutex](const AnalysisRequest& request, const Context& context) {
    return analyse(request, *network, *mutex, context);
  };
  d.restore = restore;
  d.conclude = conclude;
  d.commands = commands();
  Extension e{.id = "oct_hrf", .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

}

SENSORIUM_EXTENSION(sensorium::oct_hrf::make_extension)
