#include "pipelines/lung_ultrasound/phantom_command.h"

#include "modules/core/file.h"
#include "modules/io/video_writer.h"
#include "pipelines/lung_ultrasound/phantom.h"

#include <nlohmann/json.hpp>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

json truth_of(const LungPhantom& phantom, const PhantomOptions& options) {
  json frames = json::array();
  for (const PhantomFrame& f : phantom.frames)
    frames.push_back({{"b_lines", f.b_lines},
                      {"covered", f.covered},
                      {"a_lines", f.a_lines},
                      {"consolidation", f.consolidation},
                      {"score", f.score}});
  return {{"content", "synthetic lung ultrasound (phantom), no patient"},
          {"pattern", phantom.pattern},
          {"pleura_mm", phantom.pleura_mm},
          {"mm_per_px", phantom.mm_per_px},
          {"effusion_mm", options.effusion_mm},
          {"opening_deg", phantom.opening_deg},
          {"apex_px", {phantom.apex_x, phantom.apex_y}},
          {"parameters", parameters_json(options)},
          {"frames", frames}};
}

json run(const std::vector<std::string>&, const json& parameters, const fs::path& output,
         const Context& context) {
  const auto options = parameters_from<PhantomOptions>(parameters);
  context.step(0, "making the phantom");
  const LungPhantom phantom = make_phantom(options, context.thread_count());
  context.step(0.8, "writing");
  const fs::path clip = output / "clip.mkv", truth = output / "truth.json";
  write_video(phantom.video, clip);
  write_atomically(truth, truth_of(phantom, options).dump(1) + "\n");
  return {{"clip", clip.string()}, {"truth", truth.string()}, {"pattern", phantom.pattern}};
}

}

PipelineCommand phantom_command() {
  return {.verb = "phantom",
          .title = "Make a synthetic clip whose signs are known",
          .parameters = specs_of<PhantomOptions>(),
          .without_files = "a phantom is made from its parameters alone",
          .run = run};
}

}
