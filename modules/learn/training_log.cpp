#include "modules/learn/training_log.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

void drop_after(const fs::path& path, int step) {
  std::ifstream in(path);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    const json entry = json::parse(line, nullptr, false);
    if (entry.is_object() && entry.value("step", step + 1) <= step) kept += line + "\n";
  }
  if (in.is_open()) write_atomically(path, kept);
}

}

TrainingLog::TrainingLog(const fs::path& folder, int step)
    : path_(folder / "log.jsonl"), begun_before_(fs::exists(folder / "events")),
      events_(folder / "events") {
  drop_after(path_, step);
  // A run that was killed before its first checkpoint was whole may have written steps too.
  if (begun_before_) events_.start(step + 1);
  lines_.open(path_, std::ios::app);
}

void TrainingLog::record(const std::string& tag, double value, int step) {
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  events_.scalar(tag, value, step, now);
  lines_ << json{{"step", step}, {"tag", tag}, {"value", value}, {"time", now}}.dump() << "\n"
         << std::flush; // others follow it
}

void TrainingLog::flush() {
  events_.flush();
  if (!lines_.flush())
    throw Error(ErrorCode::Resources, fmt::format("cannot write '{}'", path_.string()),
                "is the disk full? Free some space and start again: the last checkpoint is kept");
}

}
