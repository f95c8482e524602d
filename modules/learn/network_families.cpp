#include "modules/core/error.h"
#include "modules/learn/builders.h"
#include "modules/learn/model_card.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sensorium {
using nlohmann::json;
namespace {

template<class Options>
NetworkFamily family(std::string id, std::string title,
                     Graph (*build)(const Options&, std::uint64_t)) {
  return {std::move(id), std::move(title), specs_of<Options>(),
          [build](const json& parameters, std::uint64_t seed) {
            return build(parameters_from<Options>(parameters), seed);
          }};
}

std::string shape_text(const ValueInfo& value) {
  std::vector<std::string> dims;
  for (std::size_t i = 0; i < value.dims.size(); ++i)
    dims.push_back(value.dims[i] >= 0 ? std::to_string(value.dims[i]) : value.dim_names[i]);
  return fmt::format("{} [{}]", value.name, fmt::join(dims, ", "));
}

}

const std::vector<NetworkFamily>& network_families() {
  static const std::vector<NetworkFamily> all = {
      family("residual_unet", "Residual U-Net, 2-D or 3-D: a map of the input's size",
             build_residual_unet),
      family("resnet", "ResNet: classes of an image", build_resnet),
      family("vit", "Vision transformer: classes of an image of fixed size", build_vit),
      family("residual_mlp", "Residual MLP: classes of a row of features", build_residual_mlp),
      family("conv1d", "1-D convolutional network: classes of a stretch of samples", build_conv1d)};
  return all;
}

const NetworkFamily& network_family(const std::string& id) {
  std::vector<std::string> names;
  for (const NetworkFamily& candidate : network_families()) {
    if (candidate.id == id) return candidate;
    names.push_back(candidate.id);
  }
  const std::string near = nearest(id, names);
  throw Error(ErrorCode::NotFound, fmt::format("there is no network family '{}'", id),
              near.empty() ? fmt::format("choose one of: {}", fmt::join(names, ", "))
                           : fmt::format("did you mean '{}'?", near));
}

Graph build_network(const std::string& id, const json& parameters, std::uint64_t seed) {
  const NetworkFamily& chosen = network_family(id);
  const json complete_parameters = complete(chosen.parameters, parameters);
  Graph graph = chosen.build(complete_parameters, seed);
  ModelCard card;
  card.architecture = fmt::format("{} {}", id, complete_parameters.dump());
  card.input = shape_text(graph.inputs.front());
  card.output = shape_text(graph.outputs.front());
  card.seed = seed;
  card.limits = untrained;
  set_card(graph, card);
  return graph;
}

}
