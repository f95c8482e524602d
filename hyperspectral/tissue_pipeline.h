// The shell of a pipeline that runs one network for tissue, trained on phantoms alone.
#pragma once

#include "hyperspectral/tissue_map.h"
#include "hyperspectral/tissue_segment.h"
#include "modules/core/extension.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sensorium::hyper {

struct TissuePipeline {
  PipelineInfo info;
  std::vector<std::string> classes; // that a model must have, in order
  // Also what restores a case: the checks of the cube are not stored, and the network takes less
  // than opening a case. The mutex guards the segmenter.
  std::function<std::shared_ptr<const Analysis>(const AnalysisRequest&, TissueSegmenter&,
                                                std::mutex&, const Context&)>
      analyse;
  std::function<Findings(const Dataset&, const Analysis&, const nlohmann::json&)> conclude;
  std::vector<PipelineCommand> commands;
};
Extension tissue_extension(TissuePipeline pipeline);

// Throws Error NotFound when there is no network to run.
void require_network(const AnalysisRequest& request, const std::string& pipeline);
// classes.png: the map over the cube's grey picture.
ResultFile class_picture(const TissueMap& map, std::vector<LegendEntry> legend);
// class_map.png: the map alone as a palette picture, one pixel a pixel; its value is the class plus
// one, 0 where there is none.
ResultFile class_map(const TissueMap& map, const std::vector<LegendEntry>& legend);
// The table "classes" that names the values of class_map.png. names: of the classes in order.
Table class_table(const TissueMap& map, const std::vector<std::string>& names);
// That the network knows phantoms alone, then notes_on the map.
void add_notes(Analysis& analysis, const TissueMap& map);

}
