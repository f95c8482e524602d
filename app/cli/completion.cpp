// completion: a script for the shell that asks this program for the candidates.
#include "app/cli/models.h"
#include "modules/core/error.h"
#include "modules/learn/builders.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>

namespace sensorium {
namespace {

constexpr const char* bash_script = R"sh(_sensorium() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$(sensorium complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sensorium sensorium
)sh";
constexpr const char* fish_script = "complete -c sensorium -a '(sensorium complete -- (commandline "
                                    "-opc)[2..] (commandline -ct))'\n";

void print_names(const CLI::App& app) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_group().empty()) std::puts(sub->get_name().c_str());
}

// What may stand where no option stands.
void print_operands(const CLI::App& command, const Session& session) {
  const std::string name = command.get_name();
  const bool of_models = command.get_parent() && command.get_parent()->get_name() == "models";
  if (!command.get_subcommands([](const CLI::App*) { return true; }).empty())
    print_names(command);
  else if (of_models && name == "build")
    for (const NetworkFamily& family : network_families()) std::puts(family.id.c_str());
  else if (of_models)
    for (const std::string& id : model_ids()) std::puts(id.c_str());
  else
    for (const PipelineInfo& info : session.registry.pipelines()) std::puts(info.id.c_str());
}

int print_candidates(CLI::App& app, const Session& session, const std::vector<std::string>& words) {
  if (words.size() <= 1) {
    print_names(app);
    return 0;
  }
  const CLI::App* command = nullptr;
  const CLI::App* deepest = &app;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    for (const CLI::App* sub : deepest->get_subcommands([](const CLI::App*) { return true; }))
      if (sub->get_name() == words[i] && (i == 0 || command != nullptr)) {
        command = deepest = sub;
        break;
      }
  if (command == nullptr) return 0;
  if (!words.back().starts_with("-")) {
    print_operands(*command, session);
    return 0;
  }
  for (const CLI::Option* option : command->get_options())
    for (const std::string& name : option->get_lnames()) std::puts(("--" + name).c_str());
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) std::puts(("--" + name).c_str());
  return 0;
}

}

void add_completion(CLI::App& app, Session& session) {
  auto* script = app.add_subcommand(
      "completion", "Print the completion script of a shell: source <(sensorium completion bash)");
  const auto shell = std::make_shared<std::string>("bash");
  script->add_option("SHELL", *shell, "bash, zsh or fish")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  script->callback([&session, shell] {
    session.chosen = [shell] {
      if (*shell == "zsh") std::fputs("autoload -U +X bashcompinit && bashcompinit\n", stdout);
      std::fputs(*shell == "fish" ? fish_script : bash_script, stdout);
      return 0;
    };
  });
}

int complete_words(CLI::App& app, const Session& session) {
  std::vector<std::string> words(session.words.begin() + 1, session.words.end());
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  return print_candidates(app, session, words);
}

}
