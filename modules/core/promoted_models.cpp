#include "modules/core/promoted_models.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

const std::vector<Promotion> no_history;

json json_of(const Promotion& p) {
  return {{"path", p.path},     {"sha256", p.sha256}, {"by", p.by},
          {"reason", p.reason}, {"time", p.time_utc}, {"rollback", p.rollback}};
}

Promotion promotion_of(const json& in) {
  return {in.at("path").get<std::string>(), in.at("sha256").get<std::string>(),
          in.at("by").get<std::string>(),   in.value("reason", ""),
          in.at("time").get<std::string>(), in.value("rollback", false)};
}

void need_name(const std::string& by) {
  if (by.empty())
    throw Error(ErrorCode::Usage, "a model is promoted or rolled back by a person",
                "give your name with --by");
}

// What would be in force without the last promotion that is: promotions are a stack, a rollback
// takes the top one away.
std::vector<const Promotion*> stack_of(const std::vector<Promotion>& history) {
  std::vector<const Promotion*> stack;
  for (const Promotion& p : history) {
    if (!p.rollback)
      stack.push_back(&p);
    else if (!stack.empty())
      stack.pop_back();
  }
  return stack;
}

}

fs::path user_data_folder() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0')
    return fs::path(data) / "sensorium";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0')
    throw Error(ErrorCode::NotFound, "there is no home folder", "set HOME or XDG_DATA_HOME");
  return fs::path(home) / ".local" / "share" / "sensorium";
}

PromotedModels::PromotedModels(fs::path file) : file_(std::move(file)) {
  std::error_code code;
  if (!fs::exists(file_, code)) return;
  try {
    const json in = json::parse(read_text(file_, 16u << 20));
    if (in.at("format") != "sensorium-promoted-models")
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' is not a list of promoted models", file_.string()),
                  "move it away; the pipelines' own models are used then");
    if (in.at("version").get<int>() > 1)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}' is newer than this program", file_.string()),
                  "use the program version that wrote it, or a later one");
    for (const auto& [pipeline, list] : in.at("pipelines").items()) {
      std::vector<Promotion> history;
      for (const json& entry : list) history.push_back(promotion_of(entry));
      pipelines_.emplace_back(pipeline, std::move(history));
    }
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is damaged: {}", file_.string(), json_fault(e)),
                "move it away; the pipelines' own models are used then");
  }
}

const std::vector<Promotion>& PromotedModels::history(const std::string& pipeline) const {
  for (const auto& [name, history] : pipelines_)
    if (name == pipeline) return history;
  return no_history;
}

std::optional<Promotion> PromotedModels::current(const std::string& pipeline) const {
  const auto stack = stack_of(history(pipeline));
  if (stack.empty()) return std::nullopt;
  return *stack.back();
}

void PromotedModels::append(const std::string& pipeline, const Promotion& entry) {
  auto changed = pipelines_;
  auto at = std::find_if(changed.begin(), changed.end(),
                         [&](const auto& one) { return one.first == pipeline; });
  if (at == changed.end()) at = changed.insert(changed.end(), {pipeline, {}});
  at->second.push_back(entry);
  json pipelines = json::object();
  for (const auto& [name, history] : changed)
    for (const Promotion& p : history) pipelines[name].push_back(json_of(p));
  make_folder(file_.parent_path());
  write_atomically(
      file_,
      json{{"format", "sensorium-promoted-models"}, {"version", 1}, {"pipelines", pipelines}}.dump(
          2) +
          "\n");
  pipelines_ = std::move(changed);
}

Promotion PromotedModels::promote(const std::string& pipeline, const fs::path& model,
                                  const std::string& by, const std::string& reason) {
  need_name(by);
  if (!fs::is_regular_file(model))
    throw Error(ErrorCode::NotFound, fmt::format("there is no model '{}'", model.string()),
                "check the path");
  const Promotion entry{fs::absolute(model).lexically_normal().string(),
                        sha256_of_path(model),
                        by,
                        reason,
                        utc_now(),
                        false};
  append(pipeline, entry);
  return entry;
}

Promotion PromotedModels::rollback(const std::string& pipeline, const std::string& by,
                                   const std::string& reason) {
  need_name(by);
  const auto stack = stack_of(history(pipeline));
  if (stack.empty())
    throw Error(ErrorCode::Conflict,
                fmt::format("the pipeline '{}' uses its own model: there is nothing to go back to",
                            pipeline),
                "promote a model first");
  Promotion entry{"", "", by, reason, utc_now(), true};
  if (stack.size() > 1) {
    entry.path = stack[stack.size() - 2]->path;
    entry.sha256 = stack[stack.size() - 2]->sha256;
  }
  append(pipeline, entry);
  return entry;
}

fs::path promoted_model(const std::string& pipeline) {
  const char* home = std::getenv("HOME");
  const char* data = std::getenv("XDG_DATA_HOME");
  if ((home == nullptr || *home == '\0') && (data == nullptr || *data == '\0')) return {};
  const auto current = PromotedModels().current(pipeline);
  if (!current) return {};
  const std::string back =
      fmt::format("put it back, or go back: sensorium rollback {} --by NAME", pipeline);
  std::error_code code;
  if (!fs::is_regular_file(current->path, code))
    throw Error(ErrorCode::NotFound, fmt::format("the promoted model '{}' is gone", current->path),
                back);
  if (const std::string found = sha256_of_path(current->path); found != current->sha256)
    throw Error(ErrorCode::Conflict,
                fmt::format("the promoted model '{}' has changed since it was promoted (SHA-256 "
                            "{}…, promoted {}…)",
                            current->path, found.substr(0, 12), current->sha256.substr(0, 12)),
                back);
  return current->path;
}

}
