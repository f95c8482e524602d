// The one function of the library that trains and evaluates. It is loaded when a command asks for
// it, so that a picture does not wait for LibTorch.
#pragma once

#include "modules/core/context.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

// verb: "train", "evaluate". Throws Error.
extern "C" __attribute__((visibility("default"))) void
sensorium_hs2rgb_learning(const char* verb, const std::vector<std::string>& files,
                          const nlohmann::json& parameters, const std::filesystem::path& output,
                          const sensorium::Context& context, nlohmann::json& result);

namespace sensorium::hs2rgb {

nlohmann::json train_learned(const std::vector<std::string>& files,
                             const nlohmann::json& parameters, const std::filesystem::path& output,
                             const Context& context);
nlohmann::json evaluate_routes(const std::vector<std::string>& files,
                               const nlohmann::json& parameters,
                               const std::filesystem::path& output, const Context& context);

}
