#include "app/cli/plan.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* keys = "pipeline, verb, parameters, files, output";
constexpr const char* hint =
    "'sensorium train PIPELINE --write-plan FILE.json' writes a plan to start from";

Error wrong(const fs::path& path, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("the plan '{}' {}", path.string(), what), hint);
}

std::string shown(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

std::string text_of(const json& value, const std::string& key, const fs::path& path) {
  if (!value.is_string())
    throw wrong(path, fmt::format("has {} as '{}'; a text is needed", shown(value), key));
  return value.get<std::string>();
}

}

bool is_plan(const std::string& word) { return word.ends_with(".json"); }

Plan read_plan(const fs::path& path) {
  const json in = json::parse(read_text(path, 16u << 20), nullptr, false);
  if (in.is_discarded()) throw wrong(path, "is not JSON");
  if (!in.is_object()) throw wrong(path, fmt::format("is {}, not an object", in.type_name()));
  Plan plan;
  for (const auto& [key, value] : in.items()) {
    if (key == "pipeline")
      plan.pipeline = text_of(value, key, path);
    else if (key == "verb")
      plan.verb = text_of(value, key, path);
    else if (key == "output")
      plan.output = text_of(value, key, path);
    else if (key == "parameters" && value.is_object())
      plan.parameters = value;
    else if (key == "parameters")
      throw wrong(path, fmt::format("has {} as 'parameters'; an object is needed", shown(value)));
    else if (key == "files" && value.is_array())
      for (const json& file : value) plan.files.push_back(text_of(file, key, path));
    else if (key == "files")
      throw wrong(path, fmt::format("has {} as 'files'; a list is needed", shown(value)));
    else
      throw wrong(path, fmt::format("has the key '{}' with the value {}; the keys are {}", key,
                                    shown(value), keys));
  }
  if (plan.pipeline.empty()) throw wrong(path, "names no 'pipeline'");
  return plan;
}

json checked_parameters(const Plan& plan, const ParameterSpecs& specs, const fs::path& path) {
  try {
    return complete(specs, plan.parameters);
  } catch (const Error& e) {
    throw Error(ErrorCode::BadInput, fmt::format("the plan '{}': {}", path.string(), e.what()),
                e.hint());
  }
}

void refuse_files(const Plan& plan, const std::string& without_files) {
  if (without_files.empty() || plan.files.empty()) return;
  throw Error(ErrorCode::Usage,
              fmt::format("{} {} takes no recordings; '{}' has no place here", plan.verb,
                          plan.pipeline, plan.files.front()),
              without_files);
}

void write_plan(const Plan& plan, const fs::path& path) {
  nlohmann::ordered_json out = {
      {"pipeline", plan.pipeline}, {"verb", plan.verb}, {"parameters", plan.parameters}};
  if (!plan.files.empty()) out["files"] = plan.files;
  if (!plan.output.empty()) out["output"] = plan.output;
  write_atomically(path, out.dump(2) + "\n");
}

}
