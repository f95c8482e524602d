// The commands of the command line: each adds itself to the parser and says what to do when it was
// chosen.
#pragma once

#include "app/cli/console.h"
#include "modules/core/registry.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sensorium {

// What every command is handed. The registry is filled before parsing, so that pipelines'
// parameters become options.
struct Session {
  Registry registry;
  Console console;
  std::vector<std::string> words; // the words after the program's name, before parsing
  std::function<int()> chosen;    // set by the command that was named; returns the exit status
};

void add_info(CLI::App& app, Session& session);
void add_pipelines(CLI::App& app, Session& session);
void add_devices(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_convert(CLI::App& app, Session& session);
void add_models(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_readers(CLI::App& app, Session& session);
void add_compare(CLI::App& app, Session& session);
void add_consensus(CLI::App& app, Session& session);
void add_import_mask(CLI::App& app, Session& session);
void add_dataset(CLI::App& app, Session& session);
void add_promote(CLI::App& app, Session& session); // and rollback
void add_follow_up(CLI::App& app, Session& session);
void add_site(CLI::App& app, Session& session); // docs/CLUSTER.md
void add_submit(CLI::App& app, Session& session);
void add_jobs(CLI::App& app, Session& session);
void add_trial(CLI::App& app, Session& session);
void add_worker(CLI::App& app, Session& session);
void add_extension_commands(
    CLI::App& app, Session& session); // phantom, train, evaluate, ... as pipelines offer them
void add_completion(CLI::App& app, Session& session);
// Prints the words that may come next. Taken before parsing: the words are another command's, and
// may be empty.
int complete_words(CLI::App& app, const Session& session);

// The pipeline among the words after the command's name, or empty.
std::string named_pipeline(const Session& session);
// Adds one option a parameter; values land in the returned object when the parser has run.
std::shared_ptr<std::map<std::string, std::string>> add_parameters(CLI::App& command,
                                                                   const ParameterSpecs& specs);
nlohmann::json parameters_given(const ParameterSpecs& specs,
                                const std::map<std::string, std::string>& values);

}
