#include "app/cli/exam_case.h"

#include "modules/core/error.h"
#include "modules/report/exam_report.h"
#include "modules/review/exam_folder.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

// Of the clips that can be opened and say it. A report must not mix two people.
Patient patient_of(Registry& registry, const ExamBoard& board) {
  Patient out;
  for (const BoardClip& c : board.clips) {
    Patient one;
    try {
      if (fs::exists(c.clip.file)) one = origin_of(registry.header(c.clip.file)).patient;
    } catch (const Error&) {
      continue; // a clip that cannot be opened says nothing; the board shows it as not analysed
    }
    if (one.id.empty() && one.name.empty()) continue;
    if ((!out.id.empty() || !out.name.empty()) && (one.id != out.id || one.name != out.name))
      throw Error(ErrorCode::Conflict, "the clips of this exam name different patients",
                  "take the clips of the other patient out of the exam");
    out = one;
  }
  return out;
}

std::string statement_of(const StoredExam& exam) {
  const std::vector<std::string> readers = readers_of(exam.events);
  std::string names;
  for (const std::string& r : readers) names += (names.empty() ? "" : ", ") + r;
  return fmt::format("of an exam by zones, as placed and scored by {}, not signed",
                     names.empty() ? "nobody" : names);
}

void write_report(Registry& registry, const StoredExam& exam, const fs::path& folder,
                  const fs::path& file, const ExamExport& choice) {
  ExamReportInput input{.board = exam.board};
  input.created = exam.file.created;
  input.reader = choice.deidentified ? std::string() : choice.reader;
  input.log_hash = exam.head_hash;
  input.log_text = exam.events.empty() ? std::string() : exam.verification.text;
  if (!choice.deidentified) input.patient = patient_of(registry, exam.board);
  for (const BoardClip& c : exam.board.clips)
    if (const fs::path picture = key_picture_of(folder, c.clip.id); !picture.empty())
      input.key_pictures[c.clip.id] = picture;
  for (const PipelineInfo& info : registry.pipelines())
    if (info.id == exam.file.pipeline) input.pipeline = info;
  input.command = fmt::format("sensorium report '{}'", folder.string());
  input.deidentified = choice.deidentified;
  write_exam_pdf(input, file);
}

void write_structured(Registry& registry, const StoredExam& exam, const fs::path& file,
                      const ExamExport& choice) {
  Findings findings = findings_of(exam.board, !choice.deidentified);
  findings.input_sha256 = exam.head_hash;
  if (choice.deidentified)
    for (Finding& f : findings.items) f.attributes.erase("scored by");
  Video source; // no clip stands for the others: no image is referenced
  source.origin.format = "exam";
  source.origin.path = "exam";
  if (!choice.deidentified) source.origin.patient = patient_of(registry, exam.board);
  const Dataset dataset = source;
  const Volume none;
  registry.writer("dicom_sr")
      .write({.volume = none,
              .role = "findings",
              .source = &dataset,
              .findings = &findings,
              .statement =
                  choice.deidentified ? std::string("of an exam by zones") : statement_of(exam),
              .deidentified = choice.deidentified},
             file);
}

}

std::string write_exam(Registry& registry, const fs::path& folder, const fs::path& file,
                       const ExamExport& choice) {
  const StoredExam exam = read_exam(folder, choice.reader);
  const std::string name = file.string();
  if (name.ends_with(".pdf")) {
    write_report(registry, exam, folder, file, choice);
  } else if (name.ends_with(".json")) {
    json out = to_json(exam.board, !choice.deidentified);
    out["created"] = exam.file.created;
    out["log_hash"] = exam.head_hash;
    out["events"] = exam.events.size();
    if (choice.deidentified)
      for (json& zone : out["zones"]) zone.erase("decided_by");
    if (choice.deidentified)
      for (json& clip : out["clips"]) clip.erase("decided_by");
    write_atomically(file, out.dump(1) + "\n");
  } else if (name.ends_with(".dcm")) {
    write_structured(registry, exam, file, choice);
  } else {
    throw Error(ErrorCode::Usage, fmt::format("an exam cannot be written as '{}'", name),
                "the suffixes are .pdf, .json and .sr.dcm");
  }
  return fmt::format("{} of {} zones, total score {} (rule '{}')", exam.board.seen,
                     exam.board.zones.size(), exam.board.total, exam.board.rule);
}

}
