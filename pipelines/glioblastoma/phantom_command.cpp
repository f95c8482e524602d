#include "hyperspectral/tissue_phantom.h"
#include "pipelines/glioblastoma/phantom.h"

#include <nlohmann/json.hpp>

namespace sensorium::glioblastoma {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

json run(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
         const Context& context) {
  hyper::refuse_recordings("phantom glioblastoma", files);
  const auto o = parameters_from<PhantomOptions>(parameters);
  context.step(0, "making the phantom");
  return hyper::write_phantom(
      make_brain(o.brain), o.camera, static_cast<std::uint64_t>(o.brain.seed), class_names,
      "synthetic brain surface (phantom), no patient", parameters_json(o), output, context);
}

}

PipelineCommand phantom_command() {
  return {.verb = "phantom",
          .title = "Make a synthetic cube of a brain's surface whose classes are known",
          .parameters = specs_of<PhantomOptions>(),
          .run = run};
}

}
