#include "app/cli/exam_case.h"

#include "modules/core/error.h"
#include "modules/report/exam_report.h"
#include "modules/review/exam_folder.h"
#include "modules/review/exam_signing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

// What the files of the clips say of themselves; an empty format: not there, or not readable. The
// board shows such a clip as not analysed.
struct ClipFile {
  std::string format;
  Patient patient;
};

ClipFile clip_file(Registry& registry, const std::string& path) {
  try {
    if (!fs::exists(path)) return {};
    const Dataset header = registry.header(path);
    return {origin_of(header).format, origin_of(header).patient};
  } catch (const Error&) {
    return {};
  }
}

// A report must not mix two people.
Patient patient_of(const std::vector<ClipFile>& files) {
  Patient out;
  for (const ClipFile& file : files) {
    const Patient& one = file.patient;
    if (one.id.empty() && one.name.empty()) continue;
    if ((!out.id.empty() || !out.name.empty()) && (one.id != out.id || one.name != out.name))
      throw Error(ErrorCode::Conflict, "the clips of this exam name different patients",
                  "take the clips of the other patient out of the exam");
    out = one;
  }
  return out;
}

std::vector<ClipFile> clip_files(Registry& registry, const ExamBoard& board) {
  std::vector<ClipFile> out;
  for (const BoardClip& c : board.clips) out.push_back(clip_file(registry, c.clip.file));
  return out;
}

// Clips that are DICOM are referenced by their zones; the others are counted.
std::string reference_clips(const StoredExam& exam, const std::vector<ClipFile>& files,
                            Findings& findings) {
  int others = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const BoardClip& c = exam.board.clips[i];
    if (files[i].format != "dicom" || fs::is_directory(c.clip.file)) {
      ++others;
      continue;
    }
    for (Finding& zone : findings.items)
      if (zone.id == "zone-" + c.zone) zone.attributes["source image: " + c.clip.id] = c.clip.file;
  }
  const auto n = static_cast<int>(files.size());
  return others == 0 || others == n
             ? std::string()
             : fmt::format("; {} of {} clips are not DICOM and have no image reference", others, n);
}

std::string names_of(const StoredExam& exam) {
  const std::vector<std::string> readers = readers_of(exam.events);
  return readers.empty() ? "nobody" : fmt::format("{}", fmt::join(readers, ", "));
}

std::string statement_of(const StoredExam& exam, bool deidentified) {
  const std::string signature = signature_text(exam.board, !deidentified);
  std::string text = deidentified
                         ? "of an exam by zones, " + signature
                         : fmt::format("of an exam by zones, as placed and scored by {}, {}",
                                       names_of(exam), signature);
  if (exam.board.signature && !exam.board.signature->unread.empty())
    text += fmt::format("; when it was signed: {}", fmt::join(exam.board.signature->unread, " "));
  if (!exam.board.changed.empty())
    text += fmt::format("; changed: {}", fmt::join(exam.board.changes(!deidentified), ", "));
  return text;
}

void write_report(Registry& registry, const StoredExam& exam, const Patient& patient,
                  const fs::path& folder, const fs::path& file, const ExamExport& choice) {
  ExamReportInput input{.board = exam.board};
  input.created = exam.file.created;
  input.reader = choice.deidentified ? std::string() : choice.reader;
  input.log_hash = exam.head_hash;
  input.log_text = exam.events.empty() ? std::string() : exam.verification.text;
  if (!choice.deidentified) input.patient = patient;
  for (const BoardClip& c : exam.board.clips)
    if (const fs::path picture = key_picture_of(folder, c.clip.id); !picture.empty())
      input.key_pictures[c.clip.id] = picture;
  for (const PipelineInfo& info : registry.pipelines())
    if (info.id == exam.file.pipeline) input.pipeline = info;
  input.command = fmt::format("sensorium report '{}'", folder.string());
  input.deidentified = choice.deidentified;
  write_exam_pdf(input, file);
}

void write_structured(Registry& registry, const StoredExam& exam, const Patient& patient,
                      const std::vector<ClipFile>& files, const fs::path& file,
                      const ExamExport& choice) {
  Findings findings = findings_of(exam.board, !choice.deidentified);
  findings.input_sha256 = exam.head_hash;
  if (choice.deidentified)
    for (Finding& f : findings.items) f.attributes.erase("scored by");
  const std::string left_out = reference_clips(exam, files, findings);
  Video source; // no clip stands for the others
  source.origin.format = "exam";
  source.origin.path = "exam";
  if (!choice.deidentified) source.origin.patient = patient;
  const Dataset dataset = source;
  const Volume none;
  registry.writer("dicom_sr")
      .write({.volume = none,
              .role = "findings",
              .source = &dataset,
              .findings = &findings,
              .statement = statement_of(exam, choice.deidentified) + left_out,
              .deidentified = choice.deidentified},
             file);
}

json json_of(const StoredExam& exam, const ExamExport& choice) {
  json out = to_json(exam.board, !choice.deidentified);
  out["created"] = exam.file.created;
  out["log_hash"] = exam.head_hash;
  out["log"] = exam.events.empty() ? std::string() : exam.verification.text;
  out["events"] = exam.events.size();
  if (!choice.deidentified) return out;
  out["signature"] = signature_json(exam.board, false);
  for (const char* list : {"zones", "clips"})
    for (json& one : out[list]) one.erase("decided_by");
  return out;
}

}

std::string write_exam(Registry& registry, const fs::path& folder, const fs::path& file,
                       const ExamExport& choice) {
  const StoredExam exam = read_exam(folder, choice.reader);
  const std::vector<ClipFile> files = clip_files(registry, exam.board);
  const Patient patient = patient_of(files);
  const std::string name = file.string();
  if (name.ends_with(".pdf")) {
    write_report(registry, exam, patient, folder, file, choice);
  } else if (name.ends_with(".json")) {
    write_atomically(file, json_of(exam, choice).dump(1) + "\n");
  } else if (name.ends_with(".dcm")) {
    write_structured(registry, exam, patient, files, file, choice);
  } else {
    throw Error(ErrorCode::Usage, fmt::format("an exam cannot be written as '{}'", name),
                "the suffixes are .pdf, .json and .sr.dcm");
  }
  return fmt::format("{} of {} zones, total score {} (rule '{}'), {}", exam.board.seen,
                     exam.board.zones.size(), exam.board.total, exam.board.rule,
                     signature_text(exam.board, !choice.deidentified));
}

void check_patients(Registry& registry, const fs::path& folder) {
  (void)patient_of(clip_files(registry, read_exam(folder, "").board));
}

json sign_exam_folder(Registry& registry, const fs::path& folder, const std::string& reader) {
  const StoredExam exam = read_exam(folder, reader);
  (void)patient_of(clip_files(registry, exam.board));
  const auto log = ReviewLog::open(folder / "review.sqlite", ReviewLog::Mode::ReadWrite);
  if (log->head_hash() != exam.head_hash)
    throw Error(ErrorCode::Conflict, "the exam was changed while it was read",
                "look at it and sign it again");
  const Event event = sign_exam(*log, reader, exam.board);
  ExamFile file = exam.file;
  file.signed_at = event.time_utc;
  write_exam_file(folder, file);
  const std::vector<std::string> unread = unread_of(exam.board);
  return {
      {"reader", reader},
      {"time", event.time_utc},
      {"hash", event.hash},
      {"unread", unread},
      {"text", fmt::format("signed by {} at {}{}{}", reader, event.time_utc,
                           unread.empty() ? "" : "\n  note: ", fmt::join(unread, "\n  note: "))}};
}

json exam_readers(const fs::path& folder) {
  const StoredExam exam = read_exam(folder, "");
  std::string text = fmt::format("readers: {}\n{}", names_of(exam), signature_text(exam.board));
  for (const std::string& change : exam.board.changes(true)) text += "\n  changed: " + change;
  for (const std::string& unread : unread_of(exam.board)) text += "\n  note: " + unread;
  if (!exam.events.empty()) text += "\nlog: " + exam.verification.text;
  return {{"readers", readers_of(exam.events)},
          {"events", exam.events.size()},
          {"signature", signature_json(exam.board)},
          {"unread", unread_of(exam.board)},
          {"log", exam.events.empty() ? std::string() : exam.verification.text},
          {"intact", exam.verification.intact},
          {"text", text}};
}

}
