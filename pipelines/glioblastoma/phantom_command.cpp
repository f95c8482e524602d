#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/envi_writer.h"
#include "pipelines/glioblastoma/phantom.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace sensorium::glioblastoma {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

json run(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
         const Context& context) {
  if (!files.empty())
    throw Error(ErrorCode::Usage,
                fmt::format("phantom glioblastoma takes no recordings; '{}' has no place here",
                            files.front()),
                "a phantom is made from its parameters alone");
  const auto o = parameters_from<PhantomOptions>(parameters);
  context.step(0, "making the phantom");
  const hyper::TissueScene scene = make_brain(o.brain);
  const Cube cube = hyper::photographed(scene, o.camera, static_cast<std::uint64_t>(o.brain.seed),
                                        context.thread_count());
  context.step(0.7, "writing");
  envi::write(cube, output / "cube.hdr", context.part(0.7, 0.9));
  envi::write(hyper::truth_cube(scene, "class"), output / "truth.hdr", context.part(0.9, 1));
  json classes = json::object();
  for (int c = 0; c < class_count; ++c)
    classes[class_names[static_cast<std::size_t>(c)]] = {
        {"number", c}, {"pixels", std::count(scene.labels.begin(), scene.labels.end(), c)}};
  write_atomically(output / "truth.json",
                   json{{"content", "synthetic brain surface (phantom), no patient"},
                        {"classes", classes},
                        {"parameters", parameters_json(o)}}
                           .dump(1) +
                       "\n");
  return {{"cube", (output / "cube.hdr").string()},
          {"truth", (output / "truth.hdr").string()},
          {"classes", classes}};
}

}

PipelineCommand phantom_command() {
  return {.verb = "phantom",
          .title = "Make a synthetic cube of a brain's surface whose classes are known",
          .parameters = specs_of<PhantomOptions>(),
          .run = run};
}

}
