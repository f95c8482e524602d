#include "hyperspectral/cube_input.h"
#include "hyperspectral/tissue_pipeline.h"
#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/imaging/components.h"

#include "pipelines/glioblastoma/commands.h"
#include "pipelines/glioblastoma/parameters.h"
#include "pipelines/glioblastoma/phantom.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sensorium::glioblastoma {
namespace {

using hyper::cube_of;
using nlohmann::json;

constexpr auto tumour_class = static_cast<std::size_t>(TissueClass::Tumour);
constexpr std::uint8_t map_floor = 25; // the least threshold, 0.1

PipelineInfo info() {
  PipelineInfo i;
  i.id = "glioblastoma";
  i.version = "1.0.0";
  i.title = "Tumour map of a brain's surface";
  i.question = "Which pixels of this cube look like tumour, normal tissue, vessel or background?";
  i.input = "cube";
  i.maturity = "trained on phantoms alone; research preview";
  i.intended_use = "Research and teaching: shows how a hyperspectral segmentation of brain tissue "
                   "works. Not for clinical use, not a medical device.";
  i.limits = "The network has seen synthetic tissue only. On a real cube its classes are a "
             "demonstration, not a finding. It needs calibrated reflectance from 450 to 900 nm. "
             "Areas are in pixels: a cube does not state its scale.";
  i.citation = "Jacques 2013 (Phys. Med. Biol. 58:R37); Bosschaart et al. 2014 (Lasers Med. Sci. "
               "29:453); Farrell et al. 1992 (Med. Phys. 19:879); Zhang et al. 2018 (IEEE GRSL "
               "15:749).";
  i.labels = {"tumour", "normal tissue", "vessel", "background", "artefact"};
  i.model = "glioblastoma.onnx";
  i.parameters = specs_of<GlioblastomaParameters>();
  return i;
}

struct TumourAnalysis : Analysis {
  hyper::TissueMap map;
  std::array<std::int64_t, class_count> pixels{};
  std::shared_ptr<const ComponentIndex> regions;
};

std::vector<hyper::LegendEntry> legend_of(const TumourAnalysis& a) {
  constexpr std::array colours{hyper::bluish_green, hyper::vermillion, hyper::sky_blue,
                               hyper::dark_grey};
  std::vector<hyper::LegendEntry> out;
  for (std::size_t c = 0; c < colours.size(); ++c)
    out.push_back(
        {fmt::format("{}, {:.1f} %", class_names[c],
                     100.0 * static_cast<double>(a.pixels[c]) /
                         static_cast<double>(std::max<std::size_t>(1, a.map.classes.size()))),
         colours[c]});
  return out;
}

void add_maps(TumourAnalysis& a) {
  std::string names;
  for (int c = 0; c < class_count; ++c)
    names +=
        fmt::format("{}{} {}", c == 0 ? "" : ", ", c, class_names[static_cast<std::size_t>(c)]);
  a.artifacts.push_back({"classes", fmt::format("Class numbers: {}; 255 no spectrum", names),
                         hyper::map_volume(a.map.classes, a.map.samples, a.map.lines)});
  a.artifacts.push_back(
      {"soft_map", "Tumour probability, 255 = 1",
       hyper::map_volume(a.map.probability[tumour_class], a.map.samples, a.map.lines)});
  a.files.push_back(hyper::class_picture(a.map, legend_of(a)));
  a.files.push_back(hyper::class_map(a.map, legend_of(a)));
}

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request,
                                        hyper::TissueSegmenter& segmenter, std::mutex& mutex,
                                        const Context& context) {
  const auto p = parameters_from<GlioblastomaParameters>(request.parameters);
  const Cube& cube = cube_of(request.dataset);
  hyper::require_network(request, "glioblastoma");
  const auto calibration =
      hyper::calibration_from_files(cube, p.white, p.dark, context.part(0, 0.05));
  auto a = std::make_shared<TumourAnalysis>();
  {
    const std::lock_guard lock(mutex);
    a->map = segmenter.run(request.model, cube, calibration, context.part(0.05, 0.95));
    a->model_card = segmenter.card_json();
  }
  for (const std::uint8_t c : a->map.classes)
    if (c < class_count) ++a->pixels[c];
  a->regions = std::make_shared<const ComponentIndex>(a->map.probability[tumour_class],
                                                      a->map.samples, a->map.lines, 1, map_floor);
  add_maps(*a);
  hyper::add_notes(*a, a->map);
  return a;
}

Finding finding_of(const Component& region) {
  Finding f;
  f.id = fmt::format("t{}-{}", region.peak_at[0], region.peak_at[1]);
  f.label = "tumour";
  f.score = region.sum / (255 * static_cast<double>(region.voxels));
  f.centroid = region.centroid;
  f.box = region.box;
  f.footprint = region.runs;
  f.measures = {
      {"area", static_cast<double>(region.voxels), "px", "a cube does not state its scale"},
      {"mean probability", f.score, "1", "phantom-trained network"}};
  f.attributes = {{"trained on", "phantoms alone"}};
  f.text = fmt::format("looks like the phantoms' tumour: {} px, mean probability {:.2f}",
                       region.voxels, f.score);
  return f;
}

void add_areas(const TumourAnalysis& a, Findings& f) {
  for (std::size_t c = 0; c < class_count; ++c)
    f.summary.push_back({fmt::format("{} area", class_names[c]), static_cast<double>(a.pixels[c]),
                         "px", "likeliest class; a cube does not state its scale"});
  f.tables.push_back(hyper::class_table(a.map, {class_names.begin(), class_names.end()}));
  f.summary.push_back(
      {"unlike the training", 100 * a.map.unlike, "%", "of blocks of 8 x 8 pixels"});
}

Findings conclude(const Dataset& dataset, const Analysis& analysis, const json& parameters) {
  const auto& a = dynamic_cast<const TumourAnalysis&>(analysis);
  const auto p = parameters_from<GlioblastomaParameters>(parameters);
  Findings f;
  f.pipeline = "glioblastoma";
  f.version = info().version;
  f.input_sha256 = origin_of(dataset).sha256;
  f.parameters_text = parameters.dump();
  f.notes = a.notes;
  double listed = 0;
  const auto threshold =
      static_cast<std::uint8_t>(std::clamp(std::lround(255 * p.threshold), 1L, 255L));
  for (const Component& region : a.regions->query(threshold, Connectivity::Planar8)) {
    if (region.voxels < p.least_pixels) continue;
    f.items.push_back(finding_of(region));
    listed += static_cast<double>(region.voxels);
  }
  f.summary.push_back({"tumour regions", static_cast<double>(f.items.size()), "1",
                       fmt::format("of {} px or more", p.least_pixels), true});
  f.summary.push_back({"area of tumour regions", listed, "px",
                       fmt::format("probability of {:.2f} or more", p.threshold), true});
  add_areas(a, f);
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

SENSORIUM_EXTENSION(sensorium::glioblastoma::make_extension)
