// What is shown: the pipeline's findings with the reader's events applied. A pure function of both.
#pragma once

#include "modules/review/events.h"

#include <optional>
#include <span>

namespace sensorium {

enum class FindingState { Proposed, Accepted, Rejected, Changed, Drawn };
std::string_view name_of(FindingState state); // "proposed" ...

struct ReviewedFinding {
  Finding finding; // label, footprint, box, centroid and measures after the events
  FindingState state = FindingState::Proposed;
  std::string label;          // the same as finding.label
  std::string original_label; // the pipeline's; empty when drawn
  std::vector<std::string> notes;
  std::string reader;   // who touched it last; empty when nobody did
  bool decided = false; // an event in force is about it (a drawn one: after it was drawn)
};

// A decision whose finding is not among the findings at these parameters. It stays in the log and
// applies again when the finding returns.
struct WaitingDecision {
  std::string finding;
  FindingState state = FindingState::Proposed;
  std::string label, reader;
  std::int64_t number = 0; // of the last event about it
};

struct Measurement {
  std::int64_t number = 0;
  std::vector<std::array<double, 3>> points; // voxels
  Measure measure;
  std::string reader;
};

struct Note {
  std::int64_t number = 0;
  std::string finding; // empty: the case
  std::string text, reader, time_utc;
};

struct Signature {
  std::int64_t number = 0;
  std::string reader, time_utc, statement, hash;
};

struct ReviewState {
  std::vector<ReviewedFinding> findings; // the pipeline's in their order, then drawn ones by event
  std::vector<WaitingDecision> waiting;
  std::vector<Measurement> measurements;
  std::vector<Note> notes;
  std::optional<std::array<double, 2>> fovea; // x, z in voxels
  nlohmann::json parameters = nlohmann::json::object();
  std::optional<Signature> signature;
  std::optional<std::int64_t> undo_number, redo_number; // what undo and redo would act on
  std::string last_event_time;
  std::vector<std::string> problems; // events that could not be applied, one sentence each

  bool can_undo() const { return undo_number.has_value(); }
  bool can_redo() const { return redo_number.has_value(); }
  bool is_signed() const { return signature.has_value(); }
  int count(FindingState state) const;
  // "2 decisions wait on findings hidden by the parameters", or empty.
  std::string waiting_text() const;
};

// reader: one reader's layer, or empty for all (the later event wins). A decision belongs to the
// finding with its id, else to the finding of largest overlap with its place, when that is at least
// half of the smaller of the two. With spacing (x, y, z) findings changed or drawn by hand are
// measured anew; without it they lose their measures.
ReviewState fold(const Findings& findings, std::span<const Event> events,
                 const std::string& reader = {}, const std::array<Spacing, 3>* spacing = nullptr);

// Which number undo and redo would act on, without folding.
struct UndoTargets {
  std::optional<std::int64_t> undo, redo;
};
UndoTargets undo_targets(std::span<const Event> events, const std::string& reader = {});

}
