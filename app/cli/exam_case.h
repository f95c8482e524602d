// What leaves an exam folder (modules/review/exam_folder.h): the PDF report, JSON, DICOM SR; and
// its signature.
#pragma once

#include "modules/core/registry.h"

#include <nlohmann/json.hpp>

namespace sensorium {

struct ExamExport {
  std::string reader; // whose name the report bears
  bool deidentified = false;
};
// By the file's suffix: .pdf, .json, .sr.dcm (or .dcm). Returns one line: what was written. Throws
// Error Usage for another suffix, Conflict when the clips name different patients, NotFound,
// BadInput, Resources.
std::string write_exam(Registry& registry, const std::filesystem::path& folder,
                       const std::filesystem::path& file, const ExamExport& choice);

// Throws Error Conflict when the clips name different patients, NotFound, BadInput.
void check_patients(Registry& registry, const std::filesystem::path& folder);

// Signs the exam as this reader sees it (modules/review/exam_signing.h). Returns what was signed,
// with what had not been read: keys reader, time, unread, text. Throws Error Conflict (signed, held
// by another program, different patients, no clip), Resources.
nlohmann::json sign_exam_folder(Registry& registry, const std::filesystem::path& folder,
                                const std::string& reader);
// Keys readers, events, signature (null: not signed), unread, log, text.
nlohmann::json exam_readers(const std::filesystem::path& folder);

}
