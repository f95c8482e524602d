// Several clips of one examination on the zones of a body. Which clips, in which zones, and what a
// reader overrides are events of one append-only log; what a clip says is in its own case, with the
// reader's decisions there. The board is a pure function of these.
#pragma once

#include "modules/review/fold.h"
#include "modules/review/zones.h"

#include <map>

namespace sensorium {

// What the log of an exam says. Kinds of its events beside "parameters" (keys scheme, rule):
// exam_clips   items [{clip, file}]     clips that are taken in; clip is an id of the exam
// exam_remove  clip                     taken out again
// exam_zone    clip, zone, place        zone: an id, empty: none; place: its title
// exam_score   zone, place, score       "0" to "3", "uninterpretable"; empty: as the clips say
struct ExamClip {
  std::string id, file;
  bool placed = false; // by a reader; else by the file's name
  std::string place;   // title of the zone that a reader chose; empty: none
};
struct ZoneDecision {
  std::string score, reader;
};
// The state of a clip's case. Hashes are empty where there is no log, or no result.
struct ClipVersion {
  std::string log_hash;      // of the last event of its review
  std::string findings_hash; // SHA-256 of its findings.json
  std::int64_t events = 0;
  std::string fault = {}; // empty, or why the log cannot be trusted or read
};
// As the event "sign" of the exam's log says it (exam_signing.h).
struct ExamSignature {
  std::string reader, time_utc, statement, hash;
  std::map<std::string, ClipVersion> clips; // by clip id
  std::optional<int> total;
  std::vector<std::string> unread; // what had not been read then, one sentence each
};
struct ExamState {
  std::string scheme = "12", rule = "top";
  std::vector<ExamClip> clips;
  std::map<std::string, ZoneDecision> decisions; // by the zone's title
  std::optional<ExamSignature> signature;
  std::vector<std::string> problems; // events that could not be applied
};
ExamState exam_state(std::span<const Event> events);

nlohmann::json exam_clips_data(const std::vector<std::pair<std::string, std::string>>& id_and_file);
nlohmann::json exam_zone_data(const std::string& clip, const Zone* zone); // null: none
nlohmann::json exam_score_data(const Zone& zone, const std::string& score);

// What the case of a clip says, from its tables "verdicts" and "frames" and its finding "clip-...".
struct RuleVerdict {
  std::string rule;
  std::optional<int> score;
  std::string named; // class, empty without a network
};
struct ClipFrame {
  int frame = 0; // from 0
  bool readable = false;
  int score = 0;
  std::vector<double> shares; // of ClipResult::classes, 0 to 1; empty when not readable
};
struct ClipResult {
  bool analysed = false;
  std::string note; // why not, or what is being done
  std::vector<RuleVerdict> rules;
  std::vector<std::string> classes;
  std::vector<ClipFrame> frames;
  int frame_count = 0; // of the clip, as far as its table tells
  int key_frame = -1;  // a reader's marks, else any marks, else the worst; -1: none is readable
  double top = 0.25;   // share of the frames that the rule "top" takes
  // A reader's decision on the clip counts under every rule; rejected or uninterpretable: no score.
  FindingState state = FindingState::Proposed;
  std::optional<int> decided_score;
  std::string reader;
  int unread = 0;                   // findings nobody decided on, the verdict among them
  std::map<std::string, int> marks; // what a reader has drawn or kept, by label (mark_kinds.h)
  ClipVersion version;
  bool decided() const { return analysed && state != FindingState::Proposed; }
};
ClipResult clip_result(const Findings& findings, const ReviewState& review);
std::optional<int> score_of(const ClipResult& clip, const std::string& rule);

struct BoardClip {
  ExamClip clip;
  std::string zone; // id in the scheme, empty: in none
  ClipResult result;
  bool agree = true;  // score and class under all rules
  std::string change; // since the exam was signed; empty: none
};
struct BoardZone {
  Zone zone;
  std::vector<std::size_t> clips; // indices into ExamBoard::clips
  std::vector<std::optional<int>> by_rule;
  std::optional<int> score; // under the rule in force, or the reader's
  bool agree = true;
  std::string decision, decided_by; // a reader's own score of the zone
  bool uninterpretable = false;     // clips or a reader say so
  bool missing() const { return clips.empty() && decision.empty(); }
};
struct ExamBoard {
  ZoneScheme scheme;
  std::vector<std::string> patterns; // what each score stands for
  std::vector<std::string> rules;
  std::string rule;
  std::vector<BoardClip> clips;
  std::vector<BoardZone> zones;
  int seen = 0;  // zones with a score
  int total = 0; // over those, under the rule in force: a lower bound where zones lack one
  std::vector<int> totals;          // under each rule
  int analysed = 0;                 // clips
  std::vector<std::string> missing; // ids of zones without a score
  std::vector<std::size_t> unplaced;
  bool agree = true;                      // zones' scores under all rules
  std::vector<std::string> class_by_rule; // of the exam; empty texts without a network
  bool classes_agree = true;
  std::optional<ExamSignature> signature;
  std::vector<std::string> changed; // since it was signed, one part of a sentence a clip, by number
  // The same, where wanted by the name of the clip's file.
  std::vector<std::string> changes(bool with_file_names) const;
  int most() const { return 3 * static_cast<int>(zones.size()); }
  // What a reader must know, one sentence each. File names may name a patient.
  std::vector<std::string> notes(bool with_file_names = false) const;
};
// results: by clip id; clips without one are not analysed yet. A zone's score is the worst of its
// clips. The exam's class under a rule puts the clips together by the rule that put their frames
// together, as the command line does.
ExamBoard exam_board(const ExamState& state, const ZoneBook& book,
                     const std::map<std::string, ClipResult>& results);

nlohmann::json to_json(const ExamBoard& board, bool with_file_names = true);
// One finding a zone, for reports: attributes "finding site" (id), "finding site meaning",
// "laterality", "evaluation: ..." as a structured report takes them.
Findings findings_of(const ExamBoard& board, bool with_file_names = true);

}
