// The report of an exam as PDF: the board, the thorax, the clips with their key frames.
#pragma once

#include "modules/core/extension.h"
#include "modules/review/exam_board.h"

#include <optional>

namespace sensorium {

struct ExamReportInput {
  const ExamBoard& board;
  std::string created; // UTC
  std::string reader;  // who reports
  std::string log_hash, log_text;
  Patient patient; // as the clips say, empty when they do not
  std::map<std::string, std::filesystem::path> key_pictures; // by clip id
  std::optional<PipelineInfo> pipeline;
  std::string command;       // that writes this report again
  bool deidentified = false; // no pictures, file names or patient fields
};

// A4 portrait, as write_pdf(). Written whole or not at all. Throws Error Resources.
void write_exam_pdf(const ExamReportInput& input, const std::filesystem::path& path);

}
