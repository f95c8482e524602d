#include "hyperspectral/tissue_pipeline.h"

#include "modules/core/error.h"

#include <fmt/format.h>

namespace sensorium::hyper {

Extension tissue_extension(TissuePipeline pipeline) {
  const auto segmenter = std::make_shared<TissueSegmenter>(std::move(pipeline.classes));
  const auto mutex = std::make_shared<std::mutex>();
  PipelineDefinition d;
  d.info = std::move(pipeline.info);
  d.analyse = [segmenter, mutex, analyse = pipeline.analyse](const AnalysisRequest& request,
                                                             const Context& context) {
    return analyse(request, *segmenter, *mutex, context);
  };
  d.restore = [again = d.analyse](const AnalysisRequest& request, std::vector<Artifact>,
                                  std::vector<Surface>,
                                  const Context& context) { return again(request, context); };
  d.conclude = std::move(pipeline.conclude);
  d.commands = std::move(pipeline.commands);
  Extension e{.id = d.info.id, .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

void require_network(const AnalysisRequest& request, const std::string& pipeline) {
  if (!has_tissue_network() || request.model.empty())
    throw Error(
        ErrorCode::NotFound, fmt::format("{} has no network to run", pipeline),
        fmt::format("give one with --model, or make one: sensorium train {} -o DIR", pipeline));
}

ResultFile class_picture(const TissueMap& map, std::vector<LegendEntry> legend) {
  return {"classes.png", "Likeliest class of each pixel, by a network trained on phantoms alone",
          [kept = std::make_shared<const TissueMap>(map),
           legend = std::move(legend)](const std::filesystem::path& path, const Origin&) {
            write_class_map(kept->classes, kept->samples, kept->lines, kept->grey, legend,
                            "Phantom-trained. Not for clinical use.", path);
          }};
}

void add_notes(Analysis& analysis, const TissueMap& map) {
  analysis.notes.push_back("Not for clinical use: the network was trained on phantoms alone, and "
                           "no figure here was measured on patients.");
  for (std::string& note : notes_on(map)) analysis.notes.push_back(std::move(note));
}

}
