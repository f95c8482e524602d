// Drives one pipeline as the host and the worker do.
#pragma once

#include "modules/core/extension.h"
#include "tests/support/files.h"
#include "tests/support/process.h"

#include <algorithm>

namespace sensorium::test {

struct DrivenPipeline {
  PipelineDefinition definition;
  fs::path model; // empty: none
  int threads = 0;

  explicit DrivenPipeline(const Extension& extension, fs::path network = {}, int workers = 0)
      : definition(extension.pipelines.at(0)), model(std::move(network)), threads(workers) {}
  std::shared_ptr<const Analysis>
  analysed(const Dataset& dataset, const nlohmann::json& values = nlohmann::json::object()) const {
    return definition.analyse({.dataset = dataset,
                               .parameters = complete(definition.info.parameters, values),
                               .model = model,
                               .seed = 1},
                              Context{.threads = threads});
  }
  Findings concluded(const Dataset& dataset, const Analysis& analysis,
                     const nlohmann::json& values = nlohmann::json::object()) const {
    return definition.conclude(dataset, analysis, complete(definition.info.parameters, values));
  }
  const PipelineCommand& command(const std::string& verb) const {
    for (const PipelineCommand& c : definition.commands)
      if (c.verb == verb) return c;
    throw std::runtime_error("the pipeline has no command " + verb);
  }
};

inline void write_files(const Analysis& analysis, const fs::path& folder, const Origin& origin) {
  for (const ResultFile& file : analysis.files) file.write(folder / file.name, origin);
}

inline bool notes(const std::vector<std::string>& all, const std::string& part) {
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}
inline bool notes(const Findings& findings, const std::string& part) {
  return notes(findings.notes, part);
}

// A worker's last word on a request: its result or its error.
inline nlohmann::json answer_of(testing_support::Process& worker, const nlohmann::json& request) {
  worker.write_line(request.dump());
  while (const auto line = worker.read_line(600000)) {
    nlohmann::json event = nlohmann::json::parse(*line);
    if (event.at("id") == request.at("id") &&
        (event.at("event") == "result" || event.at("event") == "error"))
      return event;
  }
  return {{"event", "nothing"}};
}

}
