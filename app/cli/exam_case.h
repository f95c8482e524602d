// What leaves an exam folder (modules/review/exam_folder.h): the PDF report, JSON, DICOM SR.
#pragma once

#include "modules/core/registry.h"

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

}
