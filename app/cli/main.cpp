#include "app/cli/commands.h"
#include "modules/io/builtin.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <new>

namespace sensorium {
namespace {

constexpr const char* version = "0.1.0";

int run(int argc, char** argv) {
  Session session;
  for (int i = 1; i < argc; ++i) session.words.emplace_back(argv[i]);
  CLI::App app("Sensorium analyses OCT volumes and other sensing data.\nNot a medical device: for "
               "research, and for review by qualified people only.",
               "sensorium");
  app.set_version_flag("--version", version);
  app.add_flag("--json", session.console.json, "Print results as one JSON document");
  app.add_flag("--quiet", session.console.quiet, "Show no progress");
  app.add_option("--threads", session.console.threads, "Processor threads to use (0: all)")
      ->check(CLI::Range(0, 1024));
  app.add_option("--device", session.console.device, "auto, cpu, or cuda:N");
  app.require_subcommand(0, 1);
  app.fallthrough();
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
          add_site,        add_submit,    add_jobs,      add_worker,  add_completion})
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
    const CLI::App* deepest = &app; // "dataset from-reviews --help" is about from-reviews
    for (auto chosen = app.get_subcommands(); !chosen.empty(); chosen = deepest->get_subcommands())
      deepest = chosen.front();
    const bool group = deepest != &app && !deepest->get_subcommands({}).empty();
    std::fputs(
        deepest->help("", group ? CLI::AppFormatMode::All : CLI::AppFormatMode::Normal).c_str(),
        stdout);
    return 0;
  } catch (const CLI::CallForVersion&) {
    std::fputs(fmt::format("sensorium {}\n", version).c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& e) {
    const auto chosen = app.get_subcommands();
    const Error error(ErrorCode::Usage, e.what(),
                      fmt::format("see 'sensorium {}--help'",
                                  chosen.empty() ? "" : chosen.front()->get_name() + " "));
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
