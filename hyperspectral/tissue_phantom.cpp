#include "hyperspectral/tissue_phantom.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/envi_writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium::hyper {
using nlohmann::json;

void refuse_recordings(const std::string& command, const std::vector<std::string>& files) {
  if (files.empty()) return;
  throw Error(ErrorCode::Usage,
              fmt::format("{} takes no recordings; '{}' has no place here", command, files.front()),
              "a phantom is made from its parameters alone");
}

json write_phantom(const TissueScene& scene, const CameraOptions& camera, std::uint64_t seed,
                   std::span<const char* const> class_names, const std::string& content,
                   const json& parameters, const std::filesystem::path& folder,
                   const Context& context) {
  const Cube cube = photographed(scene, camera, seed, context.thread_count());
  context.step(0.7, "writing");
  envi::write(cube, folder / "cube.hdr", context.part(0.7, 0.9));
  envi::write(truth_cube(scene, "class"), folder / "truth.hdr", context.part(0.9, 1));
  json classes = json::object();
  for (std::size_t c = 0; c < class_names.size(); ++c)
    classes[class_names[c]] = {
        {"number", c},
        {"pixels", std::count(scene.labels.begin(), scene.labels.end(), static_cast<int>(c))}};
  write_atomically(
      folder / "truth.json",
      json{{"content", content}, {"classes", classes}, {"parameters", parameters}}.dump(1) + "\n");
  return {{"cube", (folder / "cube.hdr").string()},
          {"truth", (folder / "truth.hdr").string()},
          {"classes", classes}};
}

}
