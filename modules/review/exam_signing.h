// Signing an exam. The signature is the last event of the exam's log and names the state of every
// clip's case by hash: what is changed there later is found and said.
#pragma once

#include "modules/review/exam_board.h"
#include "modules/review/review_log.h"

namespace sensorium {

// The key "exam" of the event "sign": clips [{clip, log, events, findings}] (hashes as in
// ClipVersion), scheme, rule, total, scores {zone: score or null}, unread [sentence].
nlohmann::json exam_signature_data(const ExamBoard& board);
// Of a "sign" event; nothing when it is not one of an exam.
std::optional<ExamSignature> exam_signature(const Event& event);

// What is still to be read, one sentence each; empty: all has been.
std::vector<std::string> unread_of(const ExamBoard& board);

// Freezes the log. Throws Error Conflict (signed already, read-only, no clip), Resources.
Event sign_exam(ReviewLog& log, const std::string& reader, const ExamBoard& board);

// Why a clip is no longer as it was signed, a part of a sentence; empty: it is.
std::string change_of(const ClipVersion& then, const ClipVersion& now);
// "signed by ada, 2026-01-31T12:00:00Z; changed since signed", or "not signed".
std::string signature_text(const ExamBoard& board, bool with_reader = true);
nlohmann::json signature_json(const ExamBoard& board, bool with_reader = true); // null: not signed

// Events that make the same exam again in a log of its own, unsigned: clips, zones, scores, scheme
// and rule.
std::vector<std::pair<std::string, nlohmann::json>> events_again(const ExamState& state,
                                                                 const ExamBoard& board);

}
