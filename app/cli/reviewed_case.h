// What leaves a case: as its readers have reviewed it, or as the pipeline proposed it.
#pragma once

#include "app/cli/engine.h"
#include "modules/review/import_layer.h"
#include "modules/review/readers.h"
#include "modules/review/review_log.h"
#include "modules/review/reviewed.h"

namespace sensorium {

struct ExportChoice {
  std::optional<ExportState> state; // none: as reviewed when the case has a review
  std::string reader;               // this reader's layer alone; empty: all readers' events
  bool undecided = true;            // findings that nobody decided on count too
  bool deidentified = false;
};
// {"state": "reviewed" | "proposed", "reader", "decided_only", "deidentify"}; throws Error Usage.
ExportChoice export_choice_of(const nlohmann::json& options);

struct CaseLog {
  std::vector<Event> events;
  Verification verification;
  std::string head_hash;
};
// review.sqlite of the folder, read only; empty when there is none. Throws Error as
// ReviewLog::open.
CaseLog read_case_log(const std::filesystem::path& folder);
// Whether anything in the log changes what is shown.
bool has_review(const std::vector<Event>& events);

// The proposal at this reader's own live parameters (those of the case where the reader chose
// none), and the reader's events on it.
struct CaseReading {
  Findings base;
  ReviewState review;
};
CaseReading reading_of(const CaseRun& run, const std::vector<Event>& events,
                       const std::string& reader);

struct ReviewedCase {
  ExportState state = ExportState::AsProposed;
  std::string reader; // whose layer it is; empty: all readers together
  CaseLog log;
  CaseReading reading;
  Findings findings;     // what leaves; each item says its review state
  std::string statement; // one line for headers: "as reviewed by A, signed 2026-01-31T12:00:00Z"
};
// Without a named reader the consensus speaks where there is one, else all readers together.
// Throws Error Conflict for a closed blinded read without a named reader, NotFound for a reader
// without events, Usage when a review is asked for and there is none.
ReviewedCase reviewed_case(const CaseRun& run, const ExportChoice& choice);

// map: "mask", "labels" (k: the k-th label that the pipeline declares), or an artifact's name.
// format: a writer, "csv" or "json". Throws Error NotFound, Unsupported, Resources.
void export_case(Registry& registry, const CaseRun& run, const std::string& map,
                 const std::string& format, const ExportChoice& choice,
                 const std::filesystem::path& file);

// A file with annotations made elsewhere, laid on the case.
struct LayerFile {
  ImportedLayer layer;
  std::string source, sha256; // the file's name without its folder
};
// options: {"labels": {"2": "exudate"}, "slice": from 0, "threshold"}. Throws Error as
// import_layer().
LayerFile read_layer_file(Registry& registry, const CaseRun& run, const std::filesystem::path& file,
                          const nlohmann::json& options, const Context& context);

}
