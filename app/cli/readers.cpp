// readers, compare, consensus, import-mask: several readers of one case.
#include "app/cli/case_layers.h"
#include "app/cli/commands.h"
#include "app/cli/exam_case.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/review/comparison.h"
#include "modules/review/exam_folder.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct CompareWords {
  std::vector<std::string> cases, readers;
  std::string csv, lesions_csv;
  bool ai = false, undecided = false;
  double distance_um = MatchRule{}.max_distance_um, distance_px = MatchRule{}.max_distance_px;
};

MatchRule rule_of(const CompareWords& words) {
  return {.max_distance_um = words.distance_um, .max_distance_px = words.distance_px};
}

std::string undecided_text(const Comparison& c, bool counted) {
  int a = 0, b = 0;
  for (const CaseComparison& one : c.cases) {
    a += one.undecided_a;
    b += one.undecided_b;
  }
  if (a + b == 0) return {};
  return fmt::format("findings that a reader left undecided ({}: {}, {}: {}) {}", c.a, a, c.b, b,
                     counted ? "count as theirs" : "do not count as theirs");
}

int compare(Session& session, const CompareWords& words) {
  const bool two = words.readers.size() == 2 && !words.ai,
             one = words.readers.size() == 1 && words.ai;
  if (!two && !one)
    throw Error(ErrorCode::Usage, "a comparison needs two layers",
                "name two readers (--reader A --reader B), or one and --ai");
  std::vector<CaseComparison> cases;
  const Context context = session.console.context();
  for (std::size_t i = 0; i < words.cases.size(); ++i) {
    const double from = static_cast<double>(i) / static_cast<double>(words.cases.size());
    context.step(from, "comparing");
    CaseLayers layers(session.registry, words.cases[i], context.part(from, from));
    if (two) require_open(layers.events(), fmt::format("'{}' cannot be compared", layers.name()));
    const Layer a = layers.reader(words.readers[0], words.undecided);
    const Layer b = two ? layers.reader(words.readers[1], words.undecided) : layers.ai();
    cases.push_back(
        compare_case(layers.name(), a, b, layers.slices(), layers.spacing(), rule_of(words)));
  }
  Comparison all =
      compared(words.readers[0], two ? words.readers[1] : std::string(ai_layer), std::move(cases));
  all.note = undecided_text(all, words.undecided);
  if (!words.csv.empty()) write_atomically(words.csv, cases_csv(all));
  if (!words.lesions_csv.empty()) write_atomically(words.lesions_csv, lesions_csv(all));
  session.console.end_progress();
  session.console.print(to_json(all));
  session.console.print(text_of(all));
  return 0;
}

struct ConsensusWords {
  std::string folder, rule = "majority", by;
  std::vector<std::string> readers;
  bool ai = false, undecided = false;
};

int make_consensus(Session& session, const ConsensusWords& words) {
  const Context context = session.console.context();
  CaseLayers layers(session.registry, words.folder, context);
  require_open(layers.events(), "there can be no consensus yet");
  std::vector<Layer> chosen;
  std::vector<std::string> names = words.readers;
  if (names.empty())
    for (const std::string& reader : readers_of(layers.events()))
      if (!is_consensus_reader(reader) && reader != "protocol") names.push_back(reader);
  for (const std::string& reader : names) chosen.push_back(layers.reader(reader, words.undecided));
  if (words.ai) chosen.push_back(layers.ai());
  const Consensus found = consensus(chosen, layers.spacing(), consensus_rule_of(words.rule));
  json result = {{"rule", found.rule},
                 {"kept", found.findings.size()},
                 {"left_out", found.left_out.size()},
                 {"disputed_labels", found.disputed_labels}};
  std::string text =
      fmt::format("{}\n{} lesions kept ({} with differing labels), {} left out", found.rule,
                  found.findings.size(), found.disputed_labels, found.left_out.size());
  if (!words.by.empty()) {
    const auto log =
        ReviewLog::open(fs::path(words.folder) / "review.sqlite", ReviewLog::Mode::ReadWrite);
    const Event event = log->append(consensus_reader(words.by), "import_layer",
                                    consensus_data(found, log->events(), words.by));
    result["event"] = event.number;
    result["reader"] = event.reader;
    text += fmt::format("\nstored as the layer of '{}' (event {}): decide the rest there",
                        event.reader, event.number);
  }
  session.console.end_progress();
  session.console.print(result);
  session.console.print(text);
  return 0;
}

struct ReaderWords {
  std::string folder, sign, sign_all, statement = "I have read this case.";
  std::vector<std::string> blinded;
};

void change_readers(const ReaderWords& words) {
  if (words.blinded.empty() && words.sign.empty() && words.sign_all.empty()) return;
  const auto log =
      ReviewLog::open(fs::path(words.folder) / "review.sqlite", ReviewLog::Mode::ReadWrite);
  if (!words.blinded.empty())
    log->append("protocol", "protocol", protocol_data(true, words.blinded));
  if (!words.sign.empty()) log->append(words.sign, "sign_layer", sign_layer_data(words.statement));
  if (!words.sign_all.empty()) log->sign(words.sign_all, words.statement);
}

// An exam is read and signed as a whole.
int show_exam_readers(Session& session, const ReaderWords& words) {
  if (!words.blinded.empty() || !words.sign.empty())
    throw Error(ErrorCode::Usage, fmt::format("'{}' is an exam: it has no layers", words.folder),
                "sign it as a whole: --sign NAME");
  const json out = words.sign_all.empty()
                       ? exam_readers(words.folder)
                       : sign_exam_folder(session.registry, words.folder, words.sign_all);
  session.console.print(out);
  session.console.print(out.at("text").get<std::string>());
  return 0;
}

int show_readers(Session& session, const ReaderWords& words) {
  if (is_exam(words.folder)) return show_exam_readers(session, words);
  CaseLayers check(session.registry, words.folder, session.console.context());
  change_readers(words);
  CaseLayers layers(session.registry, words.folder, session.console.context());
  const Protocol protocol = protocol_of(layers.events());
  json list = json::array();
  std::string text = fmt::format("{:<28}{:>10}{:>10}{:>10}{:>10}{:>10}  {}", "reader", "accepted",
                                 "rejected", "changed", "drawn", "undecided", "signed");
  for (const std::string& reader : readers_of(layers.events())) {
    if (reader == "protocol") continue;
    const bool has_signed = layer_is_signed(layers.events(), reader);
    json row = {{"reader", reader}, {"signed", has_signed}};
    if (protocol.closed()) {
      text += fmt::format("\n{:<28}{:>50}  {}", reader, "(blinded)", has_signed ? "yes" : "no");
    } else {
      const ReviewState state = layers.reading(reader).review;
      text += fmt::format("\n{:<28}", reader);
      for (const FindingState s :
           {FindingState::Accepted, FindingState::Rejected, FindingState::Changed,
            FindingState::Drawn, FindingState::Proposed}) {
        text += fmt::format("{:>10}", state.count(s));
        row[std::string(name_of(s))] = state.count(s);
      }
      text += fmt::format("  {}", has_signed ? "yes" : "no");
    }
    list.push_back(row);
  }
  if (const std::string about = protocol.text(); !about.empty()) text += "\n" + about;
  text += fmt::format("\nlog: {}", layers.log().verification.text);
  session.console.end_progress();
  session.console.print(json{{"readers", list},
                             {"blinded", protocol.blinded},
                             {"closed", protocol.closed()},
                             {"missing", protocol.missing()},
                             {"log", layers.log().verification.text},
                             {"intact", layers.log().verification.intact}});
  session.console.print(text);
  return 0;
}

struct ImportWords {
  std::string folder, file, reader;
  std::vector<std::string> labels;
  int slice = 0;
  double threshold = 0;
};

int import_mask(Session& session, const ImportWords& words, bool has_slice, bool has_threshold) {
  json options = {{"labels", json::object()}};
  for (const std::string& pair : words.labels) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorCode::Usage, fmt::format("'{}' is not VALUE=LABEL", pair),
                  "for example --label 2=exudate");
    options["labels"][pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (has_slice) options["slice"] = words.slice - 1;
  if (has_threshold) options["threshold"] = words.threshold;
  const Context context = session.console.context();
  const CaseRun run = restore_case(session.registry, words.folder, context.part(0, 0.8));
  const LayerFile layer =
      read_layer_file(session.registry, run, words.file, options, context.part(0.8, 1));
  const auto log =
      ReviewLog::open(fs::path(words.folder) / "review.sqlite", ReviewLog::Mode::ReadWrite);
  const Event event = log->append(
      words.reader, "import_layer",
      import_layer_data(layer.layer, layer.source, layer.sha256, log->events(), words.reader));
  std::string text =
      fmt::format("{} findings of '{}' are now the layer of '{}' (event {})",
                  layer.layer.findings.size(), layer.source, words.reader, event.number);
  json named = json::object();
  for (const auto& [value, label] : layer.layer.labels) {
    named[std::to_string(value)] = label;
    text += fmt::format("\n  value {} is '{}'", value, label);
  }
  for (const std::string& note : layer.layer.notes) text += "\n  note: " + note;
  session.console.end_progress();
  session.console.print(json{{"event", event.number},
                             {"reader", words.reader},
                             {"findings", layer.layer.findings.size()},
                             {"labels", named},
                             {"notes", layer.layer.notes}});
  session.console.print(text);
  return 0;
}

}

void add_readers(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("readers", "Who has read a case or an exam, and how far; "
                                                "agree on a blinded read, sign one layer or all");
  const auto words = std::make_shared<ReaderWords>();
  command->add_option("CASE", words->folder, "A result folder, or the folder of an exam")
      ->required();
  command->add_option("--blinded", words->blinded,
                      "The readers of a blinded read: none sees another's decisions until all "
                      "have signed their layer");
  command->add_option("--sign-layer", words->sign, "Sign this reader's layer; it is then frozen");
  command->add_option(
      "--sign", words->sign_all,
      "Sign the case or the exam as a whole under this name; its log is then frozen");
  command->add_option("--statement", words->statement, "What is signed (of a case)");
  command->callback([&session, words] {
    session.chosen = [&session, words] { return show_readers(session, *words); };
  });
}

void add_compare(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "compare", "Two readers, or a reader and the pipeline, over one or more cases: lesion "
                 "agreement, Bland-Altman of counts, Dice, labels");
  const auto words = std::make_shared<CompareWords>();
  command->add_option("CASE", words->cases, "Result folders")->required();
  command->add_option("--reader", words->readers, "A reader; twice for two readers");
  command->add_flag("--ai", words->ai, "Compare with what the pipeline proposed");
  command->add_flag("--undecided", words->undecided,
                    "Proposals that a reader left undecided count as theirs");
  command->add_option("--max-distance-um", words->distance_um,
                      "Lesions that share no voxel are paired up to this distance of centroids");
  command->add_option("--max-distance-px", words->distance_px,
                      "The same where the scale is unknown");
  command->add_option("--csv", words->csv, "Write one row a case to this file");
  command->add_option("--lesions-csv", words->lesions_csv, "Write one row a lesion to this file");
  command->callback([&session, words] {
    session.chosen = [&session, words] { return compare(session, *words); };
  });
}

void add_consensus(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "consensus", "What several readers of a case agree on, as a layer that a person decides");
  const auto words = std::make_shared<ConsensusWords>();
  command->add_option("CASE", words->folder, "A result folder")->required();
  command->add_option("--reader", words->readers, "The readers (default: all of the case)");
  command->add_flag("--ai", words->ai, "The pipeline's proposal takes part");
  command->add_flag("--undecided", words->undecided,
                    "Proposals that a reader left undecided count as theirs");
  command->add_option("--rule", words->rule, "majority, intersection or union");
  command->add_option("--by", words->by, "Store it as the consensus layer of this person");
  command->callback([&session, words] {
    session.chosen = [&session, words] { return make_consensus(session, *words); };
  });
}

void add_import_mask(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "import-mask", "Annotations made elsewhere (DICOM SEG or SR, NIfTI, NRRD, label pictures) "
                     "become a reader's layer of a case");
  const auto words = std::make_shared<ImportWords>();
  command->add_option("CASE", words->folder, "A result folder")->required();
  command->add_option("FILE", words->file, "The mask, or a folder of label pictures")->required();
  command->add_option("--reader", words->reader, "Whose annotations they are")->required();
  command->add_option("--label", words->labels, "What a value means: VALUE=LABEL");
  auto* slice =
      command->add_option("--slice", words->slice, "The B-scan of a single picture, from 1");
  auto* threshold = command->add_option("--threshold", words->threshold,
                                        "Of probabilities: values from here on are lesions");
  command->callback([&session, words, slice, threshold] {
    session.chosen = [&session, words, has_slice = slice->count() > 0,
                      has_threshold = threshold->count() > 0] {
      return import_mask(session, *words, has_slice, has_threshold);
    };
  });
}

}
