// A recipe says everything that a run depends on. The window writes it, the command line runs it, a
// cluster runs it.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sensorium {

struct RecipeInput {
  std::string path;   // absolute, or relative to the recipe's folder
  std::string sha256; // of path and files; empty: not checked
  // Further files that the recording consists of, relative to the folder of path.
  std::vector<std::string> files = {};
};

struct Recipe {
  std::string pipeline, pipeline_version;
  std::vector<RecipeInput> inputs;
  nlohmann::json parameters = nlohmann::json::object();
  std::string model, model_sha256; // path as given, or empty for the pipeline's own
  std::uint64_t seed = 0;
  std::string device = "auto"; // "auto", "cpu", "cuda:N"
};

nlohmann::json to_json(const Recipe& recipe);
// Throws Error BadInput naming the key, Unsupported for a newer version.
Recipe recipe_from_json(const nlohmann::json& json, const std::string& name);
Recipe read_recipe(const std::filesystem::path& path);
// One shell command that makes the same result, quoted.
std::string command_of(const Recipe& recipe, const std::string& output);
std::string shell_quoted(const std::string& text);

}
