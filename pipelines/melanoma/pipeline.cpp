#include "hyperspectral/cube_input.h"
#include "hyperspectral/tissue_pipeline.h"
#include "modules/core/error.h"
#include "modules/core/extension.h"

#include "pipelines/melanoma/commands.h"
#include "pipelines/melanoma/field.h"
#include "pipelines/melanoma/lesions.h"
#include "pipelines/melanoma/operating.h"
#include "pipelines/melanoma/phantom.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sensorium::melanoma {
namespace {

using hyper::cube_of;
using nlohmann::json;

PipelineInfo info() {
  PipelineInfo i;
  i.id = "melanoma";
  i.version = "1.0.0";
  i.title = "Pigmented lesions of skin";
  i.question = "Where is the lesion, and does it look more like the phantoms' melanoma or nevus?";
  i.input = "cube";
  i.maturity = "trained on phantoms alone; research preview";
  i.intended_use =
      "Research and teaching: shows how a hyperspectral classification of skin lesions "
      "works. Not for clinical use, not a medical device.";
  i.limits =
      "The network has seen synthetic skin only. On a real cube its answer is a "
      "demonstration, not a finding. It needs calibrated reflectance from 450 to 900 nm, and "
      "one lesion that fills a quarter to a half of the picture's width. "
      "Areas are in pixels: a cube does not state its scale.";
  i.citation = "Jacques 1998 (Skin optics) and 2013 (Phys. Med. Biol. 58:R37); Bosschaart et al. "
               "2014 (Lasers Med. Sci. 29:453); Farrell et al. 1992 (Med. Phys. 19:879); Zhang et "
               "al. 2018 (IEEE GRSL 15:749).";
  i.labels = {"melanoma-like", "nevus-like", "skin", "artefact"};
  i.model = "melanoma.onnx";
  i.parameters = specs_of<MelanomaParameters>();
  return i;
}

struct SkinAnalysis : Analysis {
  hyper::TissueMap map;
  std::shared_ptr<const ComponentIndex> regions;
  PhantomScores known; // of the model, on phantom patients never seen
};

void add_maps(SkinAnalysis& a) {
  a.artifacts.push_back({"classes",
                         "Class numbers: 0 skin, 1 nevus, 2 melanoma-like; 255 no spectrum",
                         hyper::map_volume(a.map.classes, a.map.samples, a.map.lines)});
  a.artifacts.push_back({"soft_map", "Probability of lesion, 255 = 1",
                         hyper::map_volume(lesion_map(a.map), a.map.samples, a.map.lines)});
  const std::vector<hyper::LegendEntry> legend{{class_names[0], hyper::bluish_green},
                                               {class_names[1], hyper::sky_blue},
                                               {class_names[2], hyper::vermillion}};
  a.files.push_back(hyper::class_picture(a.map, legend));
  a.files.push_back(hyper::class_map(a.map, legend));
}

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request,
                                        hyper::TissueSegmenter& segmenter, std::mutex& mutex,
                                        const Context& context) {
  const auto p = parameters_from<MelanomaParameters>(request.parameters);
  const Cube& cube = cube_of(request.dataset);
  hyper::require_network(request, "melanoma");
  if (p.references.white.empty() && !p.references.dark.empty())
    throw Error(ErrorCode::Usage, "a dark reference alone gives no reflectance",
                "give the white reference too, with --white");
  const auto calibration =
      hyper::calibration_from(cube, p.references, context.part(0, 0.05)).calibration;
  auto a = std::make_shared<SkinAnalysis>();
  {
    const std::lock_guard lock(mutex);
    a->map = read_skin(segmenter, request.model, cube, calibration, context.part(0.05, 0.95)).map;
    a->model_card = segmenter.card_json();
    a->known = scores_of_card(a->model_card);
  }
  a->regions = std::make_shared<const ComponentIndex>(lesion_map(a->map), a->map.samples,
                                                      a->map.lines, 1, half);
  add_maps(*a);
  hyper::add_notes(*a, a->map);
  return a;
}

Finding finding_of(const Lesion& lesion, const MelanomaParameters& p) {
  const bool suspicious = lesion.scores.by(p.rule) >= p.operating_point;
  Finding f;
  f.id = fmt::format("l{}-{}", lesion.region.peak_at[0], lesion.region.peak_at[1]);
  f.label = suspicious ? "melanoma-like" : "nevus-like";
  f.score = lesion.scores.by(p.rule);
  f.centroid = lesion.region.centroid;
  f.box = lesion.region.box;
  f.footprint = lesion.region.runs;
  f.measures = {
      {"area", static_cast<double>(lesion.region.voxels), "px", "a cube does not state its scale"},
      {"score by mean", lesion.scores.mean, "1", "mean over the lesion's pixels"},
      {"score by majority", lesion.scores.majority, "1", "share of the lesion's pixels"}};
  f.attributes = {{"trained on", "phantoms alone"}, {"rule", p.rule}};
  f.text = fmt::format("looks more like the phantoms' {}: {} {:.2f}, operating point {:.2f}; {} px",
                       suspicious ? "melanoma" : "nevus", p.rule, f.score, p.operating_point,
                       lesion.region.voxels);
  return f;
}

// What the chosen point meant on phantoms: moves with the slider.
void add_operating_point(const PhantomScores& known, const MelanomaParameters& p, Findings& f) {
  if (known.empty()) return;
  const OperatingPoint at = known.at(p.rule, p.operating_point);
  const auto measure = [&](const char* name, const Rate& rate) {
    f.summary.push_back({name, rate.value(), "1",
                         fmt::format("{} of {} phantom patients never seen, {:.2f} to {:.2f}",
                                     rate.hits, rate.trials, rate.range().low, rate.range().high),
                         true});
  };
  measure("sensitivity at this operating point", at.sensitivity);
  measure("specificity at this operating point", at.specificity);
}

Findings conclude(const Dataset& dataset, const Analysis& analysis, const json& parameters) {
  const auto& a = dynamic_cast<const SkinAnalysis&>(analysis);
  const auto p = parameters_from<MelanomaParameters>(parameters);
  Findings f;
  f.pipeline = "melanoma";
  f.version = info().version;
  f.input_sha256 = origin_of(dataset).sha256;
  f.parameters_text = parameters.dump();
  f.notes = a.notes;
  Table table{.name = "lesions",
              .caption = "Both rules; phantom-trained",
              .columns = {"lesion", "area (px)", "mean", "majority", "looks more like"},
              .of_findings = true};
  double suspicious = 0, area = 0;
  for (const Lesion& lesion : lesions_of(a.map, *a.regions, p.least_pixels)) {
    f.items.push_back(finding_of(lesion, p));
    suspicious += f.items.back().label == "melanoma-like";
    area += static_cast<double>(lesion.region.voxels);
    table.rows.push_back({f.items.back().id, fmt::format("{}", lesion.region.voxels),
                          fmt::format("{:.2f}", lesion.scores.mean),
                          fmt::format("{:.2f}", lesion.scores.majority), f.items.back().label});
  }
  if (f.items.empty()) f.notes.push_back("No lesion was found.");
  f.tables.push_back(std::move(table));
  f.tables.push_back(hyper::class_table(a.map, {"skin", "nevus-like", "melanoma-like"}));
  f.summary = {{"lesions", static_cast<double>(f.items.size()), "1",
                fmt::format("of {} px or more", p.least_pixels), true},
               {"melanoma-like lesions", suspicious, "1",
                fmt::format("{} of {:.2f} or more; phantom-trained", p.rule, p.operating_point),
                true},
               {"area of lesions", area, "px", "likelier lesion than skin", true},
               {"unlike the training", 100 * a.map.unlike, "%", "of blocks of 8 x 8 cells"}};
  add_operating_point(a.known, p, f);
  return f;
}

}

Extension make_extension() {
  return hyper::tissue_extension({.info = info(),
                                  .classes = {class_names.begin(), class_names.end()},
                                  .analyse = analyse,
                                  .conclude = conclude,
                                  .commands = commands()});
}

}

SENSORIUM_EXTENSION(sensorium::melanoma::make_extension)
