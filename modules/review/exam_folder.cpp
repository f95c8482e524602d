#include "modules/review/exam_folder.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"
#include "modules/review/readers.h"

#include <fmt/format.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;

bool is_exam(const fs::path& folder) {
  std::error_code code;
  return fs::is_regular_file(folder / "exam.json", code);
}

ExamFile read_exam_file(const fs::path& folder) {
  const fs::path file = folder / "exam.json";
  const std::string text = read_text(file, 4 << 20);
  const json document = json::parse(text, nullptr, false);
  ExamFile out;
  try {
    if (document.at("format") != "sensorium-exam")
      throw Error(ErrorCode::BadInput, fmt::format("'{}' is not an exam", file.string()),
                  "choose a folder that the exam board made");
    if (document.at("version").get<int>() > 1)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}' was made by a newer program", file.string()),
                  "open it with that program");
    out.pipeline = document.at("pipeline");
    out.created = document.at("created");
    out.cases = document.at("cases").get<std::map<std::string, std::string>>();
    out.signed_at = document.value("signed_at", "");
  } catch (const json::exception&) {
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is damaged", file.string()),
                "the log beside it (review.sqlite) still holds the exam's decisions");
  }
  return out;
}

void write_exam_file(const fs::path& folder, const ExamFile& exam) {
  make_folder(folder);
  json document{{"format", "sensorium-exam"},
                {"version", 1},
                {"pipeline", exam.pipeline},
                {"created", exam.created},
                {"cases", exam.cases}};
  if (!exam.signed_at.empty()) document["signed_at"] = exam.signed_at;
  write_atomically(folder / "exam.json", document.dump(1) + "\n");
}

ClipResult read_clip_case(const fs::path& folder, const std::string& reader) {
  ClipResult none;
  try {
    if (folder.empty() || !fs::exists(folder / "findings.json")) {
      none.note = "not analysed yet";
      return none;
    }
    const std::string text = read_text(folder / "findings.json");
    const Findings findings = findings_from_json(
        parse_json(text, (folder / "findings.json").string(), "run the clip again"));
    std::vector<Event> events;
    ClipVersion version{.log_hash = "", .findings_hash = sha256(text)};
    if (fs::exists(folder / "review.sqlite")) {
      const auto log = ReviewLog::open(folder / "review.sqlite", ReviewLog::Mode::ReadOnly);
      events = log->events();
      version.log_hash = log->head_hash();
      version.events = static_cast<std::int64_t>(events.size());
      if (const Verification checked = log->verify(); !checked.intact)
        version.fault = "its log is not as it was written: " + checked.text;
    }
    ClipResult out = clip_result(findings, fold(findings, visible_events(events, reader)));
    out.version = std::move(version);
    return out;
  } catch (const std::exception& e) {
    none.note = e.what();
    none.version.fault = "its case cannot be read";
    return none;
  }
}

StoredExam read_exam(const fs::path& folder, const std::string& reader) {
  StoredExam out;
  out.file = read_exam_file(folder);
  if (fs::exists(folder / "review.sqlite")) {
    const auto log = ReviewLog::open(folder / "review.sqlite", ReviewLog::Mode::ReadOnly);
    out.events = log->events();
    out.verification = log->verify();
    out.head_hash = log->head_hash();
  }
  out.state = exam_state(out.events);
  std::map<std::string, ClipResult> results;
  for (const ExamClip& clip : out.state.clips) {
    const auto found = out.file.cases.find(clip.file);
    results[clip.id] = read_clip_case(
        found == out.file.cases.end() ? fs::path() : fs::path(found->second), reader);
  }
  out.board = exam_board(out.state, zones_of_pipeline(out.file.pipeline), results);
  return out;
}

fs::path key_picture_name(const fs::path& folder, const std::string& clip, int frame) {
  return folder / "key" / fmt::format("{}-{}.png", clip, frame + 1);
}

fs::path key_picture_of(const fs::path& folder, const std::string& clip) {
  std::error_code code;
  fs::path newest;
  fs::file_time_type when;
  for (const auto& entry : fs::directory_iterator(folder / "key", code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(clip + "-") || !name.ends_with(".png")) continue;
    const auto time = entry.last_write_time(code);
    if (newest.empty() || time > when) newest = entry.path(), when = time;
  }
  return newest;
}

}
