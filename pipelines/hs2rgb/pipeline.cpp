#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"

#include "pipelines/hs2rgb/chart.h"
#include "pipelines/hs2rgb/convert.h"
#include "pipelines/hs2rgb/learning.h"
#include "pipelines/hs2rgb/parameters.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sensorium::hs2rgb {
namespace {

using hyper::cube_of;
using nlohmann::json;

PipelineInfo info() {
  PipelineInfo i;
  i.id = "hs2rgb";
  i.version = "1.0.0";
  i.title = "Pictures from hyperspectral cubes";
  i.question = "How does this cube look, to a person, by its main components, or to a network?";
  i.input = "cube";
  i.maturity = "colour judged against colour-science; research preview";
  i.intended_use =
      "Research: shows a hyperspectral cube as a picture. Not a medical device; a colour on the "
      "screen is no measurement.";
  i.limits =
      "Colours are right for reflectance; of counts or radiance they show the light as well. A "
      "sensor that misses a part of the visible gives wrong colours, by the amount that the result "
      "states. Components are scaled to each picture and cannot be compared between pictures.";
  i.citation = "CIE 15:2018; ASTM E308-15; IEC 61966-2-1:1999; Sharma, Wu and Dalal 2005 (Color "
               "Res. Appl. 30:21); Green et al. 1988 (IEEE TGRS 26:65).";
  i.parameters = specs_of<Hs2rgbParameters>();
  return i;
}

struct PictureAnalysis : Analysis {
  Converted picture;
};

// The record beside the picture: what it is, of which file, and how it was made.
void write_record(const Converted& picture, const json& parameters,
                  const std::filesystem::path& path, const Origin& input) {
  json out = {{"format", "sensorium-picture"},
              {"version", 1},
              {"picture", "rgb.png"},
              {"made_by", "hs2rgb " + info().version},
              {"made", utc_now()},
              {"input", {{"path", input.path}, {"sha256", hash_of(input)}}},
              {"parameters", parameters},
              {"method", picture.record},
              {"notes", picture.notes}};
  write_atomically(path, out.dump(2) + "\n");
}

hyper::RgbModel read_model(const std::filesystem::path& file, Analysis& analysis) {
  const Graph graph = read_onnx(file);
  const hyper::RgbModel model = hyper::rgb_model_of(graph, file.filename().string());
  analysis.model_card = graph.metadata.at(card_key);
  return model;
}

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request, const Context& context) {
  const auto p = parameters_from<Hs2rgbParameters>(request.parameters);
  auto a = std::make_shared<PictureAnalysis>();
  std::optional<hyper::RgbModel> model;
  std::filesystem::path file;
  if (p.route == "learned") {
    file = request.model.empty() ? std::filesystem::path(p.rgb_model) : request.model;
    if (!file.empty()) model = read_model(file, *a);
  }
  a->picture = convert(cube_of(request.dataset), p, context, model ? &*model : nullptr);
  if (model)
    a->picture.record["model"] = {{"path", file.string()}, {"sha256", sha256_of_path(file)}};
  a->notes = a->picture.notes;
  // The files keep what they need: they are written after this function's caller is gone.
  const auto picture = std::make_shared<const Converted>(a->picture);
  a->files.push_back({"rgb.png", fmt::format("The cube, route {}", p.route),
                      [picture](const std::filesystem::path& path, const Origin&) {
                        hyper::write_png(*picture->raster, picture->tone, path);
                      }});
  a->files.push_back({"rgb.json", "How the picture was made",
                      [picture, parameters = parameters_json(p)](const std::filesystem::path& path,
                                                                 const Origin& input) {
                        write_record(*picture, parameters, path, input);
                      }});
  return a;
}

Findings conclude(const Dataset& dataset, const Analysis& analysis, const json& parameters) {
  const auto& a = dynamic_cast<const PictureAnalysis&>(analysis);
  const Cube& cube = cube_of(dataset);
  const auto pixels = static_cast<double>(cube.pixels());
  const auto share = [&](std::uint64_t count) { return 100 * static_cast<double>(count) / pixels; };
  Findings f;
  f.pipeline = "hs2rgb";
  f.version = info().version;
  f.input_sha256 = origin_of(dataset).sha256;
  f.parameters_text = parameters.dump();
  f.notes = a.notes;
  const hyper::PictureCounts& counts = a.picture.counts;
  f.summary = {{"pixels", pixels, "1", "lines x samples"},
               {"without measurement", share(counts.blank), "%", "ignore value or NaN: black"},
               {"brighter than white", share(counts.clipped), "%", "a channel is clipped"},
               {"outside of sRGB", share(counts.below), "%", "a channel is below black"}};
  if (a.picture.coverage) {
    f.summary.push_back({"expected colour error, mean", a.picture.coverage->mean_delta_e,
                         "delta E 2000", "this sensor on a ColorChecker"});
    f.summary.push_back({"expected colour error, greatest", a.picture.coverage->max_delta_e,
                         "delta E 2000", a.picture.coverage->worst_patch});
  }
  if (a.picture.pixels) {
    const hyper::PixelCheck& found = *a.picture.pixels;
    f.summary.push_back({"saturated pixels", share(found.saturated), "%",
                         found.level ? fmt::format("stored value {:g}", *found.level)
                                     : "no full count is reached"});
    f.summary.push_back({"dead elements", static_cast<double>(found.dead), "1",
                         fmt::format("of {} (samples x bands used)", found.elements)});
  }
  if (a.picture.calibration)
    f.summary.push_back({"elements without reference",
                         static_cast<double>(a.picture.calibration->bad), "1",
                         "samples x bands; pixels that need them are black"});
  return f;
}

}

Extension make_extension() {
  PipelineDefinition d;
  d.info = info();
  d.analyse = analyse;
  d.restore = [](const AnalysisRequest& request, std::vector<Artifact>, std::vector<Surface>,
                 const Context& context) { return analyse(request, context); };
  d.conclude = conclude;
  d.commands = learning_commands();
  d.commands.insert(d.commands.begin(), chart_command());
  Extension e{.id = "hs2rgb", .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

}

SENSORIUM_EXTENSION(sensorium::hs2rgb::make_extension)
