// report: the PDF of a case, with the review as it stands.
#include "app/cli/commands.h"
#include "app/cli/engine.h"
#include "app/cli/exam_case.h"
#include "modules/review/exam_folder.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Words {
  std::string folder, output, reader, state;
  bool deidentify = false, decided_only = false;
};

// The exam board's folder: the suffix of the output chooses between PDF, JSON and DICOM SR.
int report_exam(Session& session, const Words& words) {
  const fs::path file =
      words.output.empty() ? fs::path(words.folder) / "report.pdf" : fs::path(words.output);
  const std::string text = write_exam(session.registry, words.folder, file,
                                      {.reader = words.reader, .deidentified = words.deidentify});
  session.console.print(json{{"report", file.string()}, {"statement", text}});
  session.console.print(fmt::format("{} written: {}", file.string(), text));
  return 0;
}

int report(Session& session, const Words& words) {
  if (is_exam(words.folder)) return report_exam(session, words);
  const Context context = session.console.context();
  const CaseRun run = restore_case(session.registry, words.folder, context.part(0, 0.7));
  const fs::path file =
      words.output.empty() ? fs::path(words.folder) / "report.pdf" : fs::path(words.output);
  context.step(0.8, "writing the report");
  report_case(session.registry, run, file,
              {{"reader", words.reader},
               {"state", words.state},
               {"decided_only", words.decided_only},
               {"deidentify", words.deidentify}});
  session.console.end_progress();
  session.console.print(json{{"report", file.string()}});
  session.console.print(fmt::format("{} written", file.string()));
  return 0;
}

}

void add_report(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "report", "Write the PDF report of a result folder or an exam, with the review as it stands");
  const auto words = std::make_shared<Words>();
  command->add_option("DIR", words->folder, "A result folder, or the folder of an exam")
      ->required();
  command->add_option("-o,--output", words->output,
                      "The PDF to write (default: report.pdf in the folder); of an exam also "
                      ".json or .sr.dcm");
  command->add_option("--reader", words->reader, "Only this reader's decisions");
  command->add_option("--state", words->state,
                      "reviewed or proposed (default: as reviewed where there is a review)");
  command->add_flag("--decided-only", words->decided_only,
                    "Findings that nobody decided on do not count");
  command->add_flag("--deidentify", words->deidentify,
                    "Leave out everything that identifies the patient");
  command->callback([&session, words] {
    session.chosen = [&session, words] { return report(session, *words); };
  });
}

}
