#include "modules/core/recipe.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>

namespace sensorium {
using nlohmann::json;

json to_json(const Recipe& recipe) {
  json inputs = json::array();
  for (const RecipeInput& input : recipe.inputs) {
    inputs.push_back({{"path", input.path}, {"sha256", input.sha256}});
    if (!input.files.empty()) inputs.back()["files"] = input.files;
  }
  return {{"format", "sensorium-recipe"},
          {"version", 1},
          {"pipeline", {{"id", recipe.pipeline}, {"version", recipe.pipeline_version}}},
          {"inputs", inputs},
          {"parameters", recipe.parameters},
          {"model", {{"path", recipe.model}, {"sha256", recipe.model_sha256}}},
          {"seed", recipe.seed},
          {"device", recipe.device}};
}

namespace {

std::vector<std::string> files_of(const json& input, const std::string& name) {
  auto files = input.value("files", std::vector<std::string>{});
  for (const std::string& file : files) {
    const auto path = std::filesystem::path(file).lexically_normal();
    if (file.empty() || path.is_absolute() || *path.begin() == "..")
      throw Error(ErrorCode::BadInput,
                  fmt::format("the recipe '{}' names the file '{}' outside its recording's folder",
                              name, file.substr(0, 80)),
                  "compare it with a recipe.json of another result");
  }
  return files;
}

}

Recipe recipe_from_json(const json& in, const std::string& name) {
  try {
    if (!in.is_object() || in.value("format", "") != "sensorium-recipe")
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' is not a recipe (no \"format\": \"sensorium-recipe\")", name),
                  "recipes are written beside every result as recipe.json");
    if (const int version = in.at("version").get<int>(); version != 1)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}' is a recipe of version {}; this program knows version 1", name,
                              version),
                  "use the program version that wrote it, or a later one");
    Recipe recipe;
    recipe.pipeline = in.at("pipeline").at("id").get<std::string>();
    recipe.pipeline_version = in.at("pipeline").value("version", "");
    for (const json& input : in.at("inputs"))
      recipe.inputs.push_back(
          {input.at("path").get<std::string>(), input.value("sha256", ""), files_of(input, name)});
    if (recipe.inputs.empty())
      throw Error(ErrorCode::BadInput, fmt::format("the recipe '{}' names no input", name),
                  "add a file under \"inputs\"");
    recipe.parameters = in.value("parameters", json::object());
    if (!recipe.parameters.is_object())
      throw Error(ErrorCode::BadInput,
                  fmt::format("the recipe '{}' has parameters that are no object", name),
                  "parameters are {\"name\": value, ...}");
    if (in.contains("model")) {
      recipe.model = in.at("model").value("path", "");
      recipe.model_sha256 = in.at("model").value("sha256", "");
    }
    recipe.seed = in.value("seed", std::uint64_t{0});
    recipe.device = in.value("device", "auto");
    return recipe;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("the recipe '{}' is damaged: {}", name, json_fault(e)),
                "compare it with a recipe.json of another result");
  }
}

Recipe read_recipe(const std::filesystem::path& path) {
  const json in = parse_json(read_text(path, 16u << 20), path.string(),
                             "compare it with a recipe.json of another result");
  Recipe recipe = recipe_from_json(in, path.string());
  for (RecipeInput& input : recipe.inputs)
    if (std::filesystem::path(input.path).is_relative())
      input.path =
          (std::filesystem::absolute(path).parent_path() / input.path).lexically_normal().string();
  return recipe;
}

std::string shell_quoted(const std::string& text) {
  if (!text.empty() &&
      text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-") ==
          std::string::npos)
    return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_of(const Recipe& recipe, const std::string& output) {
  std::string command = "sensorium run " + shell_quoted(recipe.pipeline);
  for (const RecipeInput& input : recipe.inputs) command += " " + shell_quoted(input.path);
  for (const auto& [name, value] : recipe.parameters.items())
    command +=
        fmt::format(" --{} {}", name,
                    shell_quoted(value.is_string() ? value.get<std::string>() : value.dump()));
  if (!recipe.model.empty()) command += " --model " + shell_quoted(recipe.model);
  return command + fmt::format(" --seed {} -o {}", recipe.seed, shell_quoted(output));
}

}
