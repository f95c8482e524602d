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
constexpr const char* zsh_script = R"sh(#compdef sensorium
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_sensorium() {
  local -a candidates
  candidates=(${(f)"$(sensorium complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a candidates
  [[ ${words[CURRENT]} == -* ]] || _files
}
compdef _sensorium sensorium
)sh";
constexpr const char* fish_script = R"sh(function __sensorium_complete
  set -l before (commandline -opc)
  set -e before[1]
  sensorium complete -- $before (commandline -ct) 2>/dev/null
end
complete -c sensorium -a '(__sensorium_complete)'
)sh";

void print_names(const CLI::App& app) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_group().empty()) std::puts(sub->get_name().c_str());
}

void print_options(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) std::puts(("--" + name).c_str());
}

bool takes_pipeline(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional() && option->get_name(true).find("PIPELINE") != std::string::npos)
      return true;
  return false;
}

// The values of a pipeline's parameter, where they can be listed.
bool print_values(const Session& session, const std::string& option) {
  const std::string pipeline = named_pipeline(session);
  for (const PipelineInfo& info : session.registry.pipelines())
    for (const ParameterSpec& spec : info.parameters) {
      if (info.id != pipeline || option != "--" + spec.name) continue;
      for (const std::string& choice : spec.choices) std::puts(choice.c_str());
      if (spec.type == ParameterType::Flag) std::puts("true\nfalse");
      return !spec.choices.empty() || spec.type == ParameterType::Flag;
    }
  return false;
}

// What may stand where no option stands.
void print_operands(const CLI::App& command, const Session& session, bool first) {
  const std::string name = command.get_name();
  const bool of_models = command.get_parent() && command.get_parent()->get_name() == "models";
  if (!command.get_subcommands([](const CLI::App*) { return true; }).empty())
    print_names(command);
  else if (of_models && name == "build")
    for (const NetworkFamily& family : network_families()) std::puts(family.id.c_str());
  else if (of_models)
    for (const std::string& id : model_ids()) std::puts(id.c_str());
  else if (first && takes_pipeline(command))
    for (const PipelineInfo& info : session.registry.pipelines()) std::puts(info.id.c_str());
}

int print_candidates(CLI::App& app, const Session& session, const std::vector<std::string>& words) {
  const bool option = !words.empty() && words.back().starts_with("-");
  if (words.size() <= 1) {
    option ? print_options(app) : print_names(app);
    return 0;
  }
  const CLI::App* command = nullptr;
  const CLI::App* deepest = &app;
  std::size_t depth = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    for (const CLI::App* sub : deepest->get_subcommands([](const CLI::App*) { return true; }))
      if (sub->get_name() == words[i] && depth == i) {
        command = deepest = sub;
        depth = i + 1;
        break;
      }
  if (command == nullptr) return 0;
  if (option) {
    print_options(*command);
    print_options(app);
  } else if (!print_values(session, words[words.size() - 2])) {
    print_operands(*command, session, words.size() == depth + 1);
  }
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
      std::fputs(*shell == "fish"  ? fish_script
                 : *shell == "zsh" ? zsh_script
                                   : bash_script,
                 stdout);
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
