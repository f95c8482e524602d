#include "app/cli/follow.h"

#include "app/cli/engine.h"
#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

std::string line_of(const json& event) {
  return event.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool print_line(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

std::ofstream record_of(const std::string& output) {
  if (output.empty()) return {};
  make_folder(output);
  std::ofstream record(fs::path(output) / "follow.jsonl", std::ios::trunc);
  if (!record)
    throw Error(ErrorCode::Resources, fmt::format("cannot write to '{}'", output),
                "choose another folder");
  return record;
}

}

int follow_file(Session& session, const FollowWords& words) {
  const PipelineDefinition& pipeline = session.registry.pipeline(words.pipeline);
  if (!pipeline.follow)
    throw Error(ErrorCode::Unsupported,
                fmt::format("the pipeline '{}' cannot follow a recording", words.pipeline),
                "run it when the recording is finished");
  if (words.files.size() != 1)
    throw Error(ErrorCode::Usage,
                fmt::format("--follow takes one recording; {} were named", words.files.size()),
                "start one program for each");
  const FollowRequest request{.path = words.files.front(),
                              .parameters = complete(pipeline.info.parameters, words.parameters),
                              .model = model_for(pipeline.info, words.model),
                              .idle_s = words.idle_s};
  std::ofstream record = record_of(words.output);
  const bool as_json = session.console.json;
  const auto tell = [&](const json& event) {
    if (record.is_open()) {
      record << line_of(event) << "\n" << std::flush;
      if (!record)
        throw Error(
            ErrorCode::Resources,
            fmt::format("cannot write to '{}'", (fs::path(words.output) / "follow.jsonl").string()),
            "free space there, or leave -o out");
    }
    return print_line(as_json ? line_of(event) : event.value("text", ""));
  };
  Context context = session.console.context();
  context.progress = [](double, std::string_view) { return !interrupted(); };
  if (context.device == "auto") context.device = "cpu";
  try {
    pipeline.follow(request, tell, context);
    return 0;
  } catch (const Error& e) {
    if (!as_json) throw;
    tell({{"event", "error"},
          {"code", name_of(e.code())},
          {"text", e.what()},
          {"hint", e.hint()}}); // one line, as the events before it
    return e.exit_status();
  }
}

}
