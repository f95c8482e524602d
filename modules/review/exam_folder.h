// An exam on disk: a folder with exam.json (when it was made, and where each clip's case is: a
// cache) and review.sqlite (its log). Key frames made by the window lie below key/.
#pragma once

#include "modules/review/exam_board.h"
#include "modules/review/review_log.h"

namespace sensorium {

struct ExamFile {
  std::string pipeline = "lung_ultrasound", created; // UTC
  std::map<std::string, std::string> cases;          // result folder of a clip's file
  std::string signed_at = {}; // UTC, empty: not; for lists, what counts is the log
};
bool is_exam(const std::filesystem::path& folder);
// Throws Error NotFound, BadInput (damaged, or made by a newer program).
ExamFile read_exam_file(const std::filesystem::path& folder);
void write_exam_file(const std::filesystem::path& folder, const ExamFile& exam); // throws Resources

// What a clip's case says, with the decisions that this reader may see. Not analysed, with the
// reason, when the folder holds no result; throws nothing.
ClipResult read_clip_case(const std::filesystem::path& folder, const std::string& reader);

struct StoredExam {
  ExamFile file;
  ExamState state;
  ExamBoard board;
  std::vector<Event> events;
  Verification verification;
  std::string head_hash;
};
// As it is on disk, for reports. Throws Error.
StoredExam read_exam(const std::filesystem::path& folder, const std::string& reader);

// The picture of a clip's key frame: key/CLIP-FRAME.png (frame from 1). Empty when there is none.
std::filesystem::path key_picture_of(const std::filesystem::path& folder, const std::string& clip);
std::filesystem::path key_picture_name(const std::filesystem::path& folder, const std::string& clip,
                                       int frame); // frame from 0

}
