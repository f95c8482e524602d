#include "app/cli/commands.h"
#include "modules/core/parameters.h"
#include "modules/io/builtin.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <set>

namespace sensorium {
namespace {

constexpr const char* version = "0.1.0";

CLI::App& deepest_of(CLI::App& app) { // of "dataset from-reviews" it is from-reviews
  CLI::App* deepest = &app;
  for (auto chosen = app.get_subcommands(); !chosen.empty(); chosen = deepest->get_subcommands())
    deepest = chosen.front();
  return *deepest;
}

std::string full_name(const CLI::App& command) {
  if (command.get_parent() == nullptr) return {};
  const std::string parent = full_name(*command.get_parent());
  return (parent.empty() ? "" : parent + " ") + command.get_name();
}

// The parser names what it did not expect; a mistyped word is more often meant than superfluous.
Error usage_error(CLI::App& app, const CLI::ParseError& e) {
  const CLI::App& command = deepest_of(app);
  const std::string name = full_name(command);
  const std::string help = fmt::format("see 'sensorium {}--help'", name.empty() ? "" : name + " ");
  const auto commands = command.get_subcommands([](const CLI::App*) { return true; });
  const bool unexpected =
      dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr ||
      (!commands.empty() && dynamic_cast<const CLI::RequiredError*>(&e) != nullptr);
  const auto words = unexpected ? app.remaining(true) : std::vector<std::string>{};
  if (words.empty()) return {ErrorCode::Usage, e.what(), help};
  std::string word = words.front();
  const bool option = word.starts_with("-");
  std::vector<std::string> known;
  if (option) {
    for (const CLI::App* at = &command; at != nullptr; at = at->get_parent())
      for (const CLI::Option* o : at->get_options())
        for (const std::string& long_name : o->get_lnames()) known.push_back("--" + long_name);
    word = word.substr(0, word.find('='));
  } else {
    for (const CLI::App* one : commands) known.push_back(one->get_name());
  }
  const std::string near = nearest(word, known);
  const std::string place = name.empty() ? "" : fmt::format(" of 'sensorium {}'", name);
  return {ErrorCode::Usage,
          option ? fmt::format("there is no option '{}'{}", word, place)
          : !commands.empty()
              ? fmt::format("there is no command '{}'{}", word, place)
              : fmt::format("'{}' is one word too many for 'sensorium {}'", word, name),
          near.empty() ? help : fmt::format("did you mean '{}'? {}", near, help)};
}

// CLI11 keeps what an option needs and excludes ordered by address, which differs from run to run;
// here it is by name.
class SteadyHelp : public CLI::Formatter {
public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = Formatter::make_option_opts(option);
    const auto relations = {std::pair("Needs", option->get_needs()),
                            std::pair("Excludes", option->get_excludes())};
    std::string sorted;
    for (const auto& [label, others] : relations) {
      if (others.empty()) continue;
      std::set<std::string> names;
      for (const CLI::Option* other : others) names.insert(other->get_name());
      sorted += fmt::format(" {}: {}", label, fmt::join(names, " "));
      text.resize(std::min(text.size(), text.find(fmt::format(" {}:", label))));
    }
    return text + sorted;
  }
};

int run(int argc, char** argv) {
  Session session;
  for (int i = 1; i < argc; ++i) session.words.emplace_back(argv[i]);
  CLI::App app("Sensorium analyses retinal OCT, lung ultrasound, hyperspectral cubes and motor "
               "currents.\nNot a medical device: for research, and for review by qualified people "
               "only.",
               "sensorium");
  app.set_version_flag("--version", version);
  app.add_flag("--json", session.console.json, "Print results as one JSON document");
  app.add_flag("--quiet", session.console.quiet, "Show no progress");
  app.add_option("--threads", session.console.threads, "Processor threads to use (0: all)")
      ->check(CLI::Range(0, 1024));
  app.add_option("--device", session.console.device, "auto, cpu, or cuda:N");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.formatter(std::make_shared<SteadyHelp>());
  app.get_formatter()->column_width(36);
  app.footer("Exit status: 0 done; 2 wrong use; 3 not found; 4 bad input; 5 unsupported; 6 disk, "
             "memory or permission;\n"
             "7 in use or changed since; 8 stopped; 9 some items of a batch failed; 1 a fault of "
             "this program.");

  session.console.json =
      std::find(session.words.begin(), session.words.end(), "--json") != session.words.end();
  catch_interrupts();
  try {
    session.registry.add(builtin_io());
    session.registry.scan_default();
    for (const auto add :
         {add_info,        add_run,       add_pipelines, add_devices, add_models,
          add_convert,     add_report,    add_readers,   add_compare, add_consensus,
          add_import_mask, add_follow_up, add_dataset,   add_promote, add_extension_commands,
          add_site,        add_submit,    add_jobs,      add_trial,   add_worker,
          add_completion})
      add(app, session);
    if (!session.words.empty() && session.words.front() == "complete")
      return complete_words(app, session);
    app.parse(argc, argv);
    if (!session.chosen) {
      std::fputs(app.help().c_str(), stdout);
      return 0;
    }
    return session.chosen();
  } catch (const CLI::CallForHelp&) {
    const CLI::App& deepest = deepest_of(app);
    const bool group = &deepest != &app && !deepest.get_subcommands({}).empty();
    std::fputs(
        deepest.help("", group ? CLI::AppFormatMode::All : CLI::AppFormatMode::Normal).c_str(),
        stdout);
    return 0;
  } catch (const CLI::CallForVersion&) {
    session.console.print(nlohmann::json{{"program", "sensorium"}, {"version", version}});
    session.console.print(fmt::format("sensorium {}", version));
    return 0;
  } catch (const CLI::ParseError& e) {
    const Error error = usage_error(app, e);
    session.console.print_error(error);
    return error.exit_status();
  } catch (const Error& e) {
    session.console.print_error(e);
    return e.exit_status();
  } catch (const std::bad_alloc&) {
    const Error error(ErrorCode::Resources, "out of memory",
                      "close other programs, or use a smaller input");
    session.console.print_error(error);
    return error.exit_status();
  } catch (const std::exception& e) {
    const Error error(ErrorCode::Internal, e.what(),
                      "this is a fault of the program: please report it with the command you gave");
    session.console.print_error(error);
    return error.exit_status();
  }
}

}
}

int main(int argc, char** argv) { return sensorium::run(argc, argv); }
