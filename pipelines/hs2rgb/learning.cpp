#include "pipelines/hs2rgb/learning.h"

#ifdef SENSORIUM_HAS_LEARN
#include "modules/core/error.h"
#include "pipelines/hs2rgb/learning/entry.h"
#include "pipelines/hs2rgb/learning_parameters.h"

#include <fmt/format.h>

#include <dlfcn.h>
#endif

namespace sensorium::hs2rgb {

#ifdef SENSORIUM_HAS_LEARN
namespace {

// Kept loaded: LibTorch does not unload.
decltype(&sensorium_hs2rgb_learning) learning() {
  constexpr const char* file = "libsensorium_hs2rgb_learning.so";
  static void* const library = ::dlopen(file, RTLD_NOW | RTLD_GLOBAL);
  void* const entry = library == nullptr ? nullptr : ::dlsym(library, "sensorium_hs2rgb_learning");
  if (entry == nullptr) {
    const char* const why = ::dlerror();
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' cannot be loaded: {}", file, why == nullptr ? "" : why),
                "install the program again");
  }
  return reinterpret_cast<decltype(&sensorium_hs2rgb_learning)>(entry);
}

auto run_as(const char* verb) {
  return [verb](const std::vector<std::string>& files, const nlohmann::json& parameters,
                const std::filesystem::path& output, const Context& context) {
    nlohmann::json result;
    learning()(verb, files, parameters, output, context, result);
    return result;
  };
}

}

std::vector<PipelineCommand> learning_commands() {
  return {{.verb = "train",
           .title = "Train a learned RGB together with a network behind it, from labelled cubes",
           .parameters = specs_of<TrainParameters>(),
           .run = run_as("train")},
          {.verb = "evaluate",
           .title = "Compare three bands, CIE, PCA, learned RGB and all bands on splits of a "
                    "labelled cube",
           .parameters = specs_of<EvaluateParameters>(),
           .run = run_as("evaluate")}};
}
#else
std::vector<PipelineCommand> learning_commands() { return {}; }
#endif

}
