#include "modules/core/error.h"
#include "modules/core/extension.h"

#include "pipelines/cube_analysis/analyse.h"
#include "pipelines/cube_analysis/outputs.h"
#include "pipelines/cube_analysis/parameters.h"
#include "pipelines/cube_analysis/regions.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace sensorium::cube_analysis {
namespace {

using hyper::cube_of;
using nlohmann::json;

PipelineInfo info() {
  PipelineInfo i;
  i.id = "cube_analysis";
  i.version = "1.1.0"; // lists regions
  i.title = "Classes and mixtures in hyperspectral cubes";
  i.question = "Which pixels are alike, which are like a known spectrum, and which are odd?";
  i.input = "cube";
  i.maturity = "methods judged against SPy and SciPy; research preview";
  i.intended_use = "Research: sorts the pixels of a cube by their spectra. Not a medical device; a "
                   "class is a likeness of spectra, not a finding about a patient.";
  i.limits = "The nearest known spectrum is named even where none is right, unless a limit is set. "
             "Clusters and pure spectra have no meaning of their own. Abundances suppose that "
             "spectra mix linearly and that the cube holds reflectance.";
  i.citation =
      "Kruse et al. 1993 (Remote Sens. Environ. 44:145); Chang 2000 (IEEE Trans. Inf. Theory "
      "46:1927); Reed and Yu 1990 (IEEE Trans. ASSP 38:1760); Nascimento and Bioucas-Dias 2005 "
      "(IEEE "
      "TGRS 43:898); Heinz and Chang 2001 (IEEE TGRS 39:529).";
  i.parameters = specs_of<CubeParameters>();
  return i;
}

struct ClassAnalysis : Analysis {
  std::shared_ptr<const Result> result;
  std::vector<Finding> regions; // by falling size
};

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request, const Context& context) {
  const auto p = parameters_from<CubeParameters>(request.parameters);
  const Cube& cube = cube_of(request.dataset);
  auto a = std::make_shared<ClassAnalysis>();
  a->result = std::make_shared<const Result>(analyse_cube(cube, p, request.seed, context));
  a->regions = findings_of(*a->result);
  a->notes = a->result->notes;
  a->files = files_of(a->result, cube, parameters_json(p), "cube_analysis " + info().version);
  return a;
}

std::string figure(double value) {
  return std::isfinite(value) ? fmt::format("{:.4g}", value) : "";
}

Findings conclude(const Dataset& dataset, const Analysis& analysis, const json& parameters) {
  const auto& a = dynamic_cast<const ClassAnalysis&>(analysis);
  const Result& r = *a.result;
  const auto pixels = static_cast<double>(cube_of(dataset).pixels());
  const auto share = [&](std::uint64_t count) { return 100 * static_cast<double>(count) / pixels; };
  Findings f;
  f.pipeline = "cube_analysis";
  f.version = info().version;
  f.input_sha256 = origin_of(dataset).sha256;
  f.parameters_text = parameters.dump();
  f.notes = analysis.notes;
  f.summary = {{"pixels", pixels, "1", "lines x samples"},
               {"without measurement", share(r.blank), "%", "ignore value or NaN"},
               {"unclassified", share(r.unclassified), "%", "none of the classes"}};
  if (r.abundances)
    f.summary.push_back({"rest of the mixtures, mean", r.mean_rest, "1",
                         "root mean square over the bands, in the cube's values"});
  if (r.record.contains("threshold"))
    f.summary.push_back({"score of an anomaly", r.threshold, "1", "above this"});
  Table classes{"classes",
                "Pixels of each class, as analysed",
                {"class", "name", "pixels", "share, %", "mean of the score: " + r.score},
                {}};
  for (std::size_t k = 0; k < r.names.size(); ++k)
    classes.rows.push_back(
        {std::to_string(k + 1), r.names[k], std::to_string(r.statistics[k].pixels),
         fmt::format("{:.2f}", share(r.statistics[k].pixels)), figure(r.statistics[k].mean_score)});
  f.tables = {classes};
  list_regions(r, a.regions, parameters.at("least_pixels").get<int>(), f);
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
  Extension e{.id = "cube_analysis", .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

}

SENSORIUM_EXTENSION(sensorium::cube_analysis::make_extension)
