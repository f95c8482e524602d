// The report of one case as PDF. Works without a display.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/extension.h"
#include "modules/core/plots.h"
#include "modules/review/fold.h"

#include <filesystem>

namespace sensorium {

struct ReportOptions {
  bool deidentified =
      false; // no patient field, file path or name that the file gave, in text or in PDF metadata
  bool proposed_count = true; // findings nobody decided on count too, and the report says so
  int max_crops = 12;
  int max_rows = 2000; // of the findings table; what is left out is said
};

struct ReportInput {
  const Dataset&
      dataset; // samples may be absent: then there are no pictures, and the report says so
  const Findings& findings;
  const ReviewState& review; // fold(findings, {}) when nobody reviewed
  nlohmann::json provenance =
      nlohmann::json::object(); // as in the result folder: "program", "device", "started",
                                // "command", "model" ...
  nlohmann::json model_card = nlohmann::json::object(); // empty: no model
  std::optional<PipelineInfo> pipeline; // title, maturity, intended use, limits, citation
  std::string command;                  // that makes the same result again
  std::string reader;                   // who reports
  std::string statement;                // "as reviewed by A, signed ..." or "as proposed by ..."
  std::string log_hash;                 // ReviewLog::head_hash()
  std::string log_text;                 // Verification::text
  std::vector<Surface> surfaces;        // drawn over the pictures
  // Pictures that the run wrote, with a caption each; one that cannot be read is left out.
  std::vector<std::pair<std::filesystem::path, std::string>> pictures;
  std::vector<Plot> plots; // of a recording, drawn with the spans of its findings
  ReportOptions options;
};

// A4 portrait. Makes an offscreen QGuiApplication when the program has none (then: call it from the
// main thread). Written whole or not at all. Throws Error Resources.
void write_pdf(const ReportInput& input, const std::filesystem::path& path);

}
