// A consensus in the making: what the readers' layers have, lesion by lesion, and what one named
// person decided where they differ. Every step is an event of "consensus by NAME".
#pragma once

#include "modules/review/readers.h"
#include "modules/review/review_log.h"

namespace sensorium {

// One lesion of the consensus.
struct ConsensusRow {
  std::string finding;             // id in the consensus' layer
  Finding place;                   // as it is now, after strokes and labels
  std::vector<std::string> labels; // of each of layers(): what it calls it, "" where it has none
  int seen = 0;                    // layers that have it
  bool differs = false;            // not all have it, or their labels differ
  bool kept = false;               // is in the consensus now
  bool decided = false;            // the person has decided about it
};

class ConsensusDesk {
public:
  // base: the findings at the parameters in force. log must outlive the desk.
  ConsensusDesk(Findings base, ReviewLog& log, const std::array<Spacing, 3>& spacing,
                std::string person);
  const std::string& person() const { return person_; }
  bool made() const { return made_; }
  // Stores what the layers agree on under the rule, and what it leaves out, as one event. Throws
  // Error Usage (fewer than two layers, or no finding in any), Conflict (made already, blinded read
  // still closed, signed).
  void make(const std::vector<Layer>& layers, ConsensusRule rule);

  const std::vector<std::string>& layers() const { return layers_; }
  const std::string& rule() const { return rule_; }               // in words
  const std::vector<ConsensusRow>& rows() const { return rows_; } // by slice, then from the left
  int differing() const;
  int open() const; // differing and not decided
  // Layers whose readers have changed something since the consensus was made.
  std::vector<std::string> changed_since() const;
  // Other persons' consensus layers of this case.
  std::vector<std::string> others() const;

  // Throw as ReviewLog::append, and NotFound for a finding that is not among the rows.
  void keep(const std::string& finding);
  void leave_out(const std::string& finding);
  void relabel(const std::string& finding, const std::string& label); // keeps it too
  // Undoing the first event takes the consensus back. False: there was nothing.
  bool undo();
  bool redo();
  bool can_undo() const { return targets_.undo.has_value(); }
  bool can_redo() const { return targets_.redo.has_value(); }

private:
  void refresh();
  void decide(const char* kind, const std::string& finding, nlohmann::json data);
  Findings base_;
  ReviewLog& log_;
  std::array<Spacing, 3> spacing_;
  std::string person_, reader_, rule_;
  std::vector<std::string> layers_;
  std::vector<ConsensusRow> rows_;
  UndoTargets targets_;
  std::int64_t made_at_ = 0; // number of the event
  bool made_ = false;
};

}
