#include "modules/review/exam_signing.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr const char* statement = "Exam reviewed and signed in Sensorium. Not a medical device.";

std::string counted(std::int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

}

json exam_signature_data(const ExamBoard& board) {
  json clips = json::array(), scores = json::object();
  for (const BoardClip& c : board.clips)
    clips.push_back({{"clip", c.clip.id},
                     {"log", c.result.version.log_hash},
                     {"events", c.result.version.events},
                     {"findings", c.result.version.findings_hash}});
  for (const BoardZone& z : board.zones) scores[z.zone.id] = z.score ? json(*z.score) : json();
  return {{"clips", clips},       {"scheme", board.scheme.id}, {"rule", board.rule},
          {"total", board.total}, {"scores", scores},          {"unread", unread_of(board)}};
}

std::optional<ExamSignature> exam_signature(const Event& event) {
  if (event.kind != "sign" || !event.data.contains("exam")) return std::nullopt;
  ExamSignature out;
  out.reader = event.reader;
  out.time_utc = event.time_utc;
  out.statement = event.data.value("statement", "");
  out.hash = event.hash;
  const json& exam = event.data.at("exam");
  for (const json& clip : exam.at("clips"))
    out.clips[clip.at("clip").get<std::string>()] = {
        .log_hash = clip.at("log").get<std::string>(),
        .findings_hash = clip.at("findings").get<std::string>(),
        .events = clip.at("events").get<std::int64_t>()};
  if (exam.contains("total") && exam["total"].is_number_integer())
    out.total = exam["total"].get<int>();
  for (const json& text : exam.value("unread", json::array()))
    if (text.is_string()) out.unread.push_back(text.get<std::string>());
  return out;
}

std::vector<std::string> unread_of(const ExamBoard& board) {
  int absent = 0, open = 0, findings = 0;
  for (const BoardClip& c : board.clips) {
    absent += !c.result.analysed;
    open += c.result.analysed && !c.result.decided();
    findings += c.result.unread - (c.result.analysed && !c.result.decided() ? 1 : 0);
  }
  std::vector<std::string> out;
  if (absent > 0)
    out.push_back(counted(absent, "clip is not analysed.", "clips are not analysed."));
  if (open > 0)
    out.push_back(counted(open, "clip's verdict has not been decided on.",
                          "clips' verdicts have not been decided on."));
  if (findings > 0)
    out.push_back(counted(findings, "finding of the clips has not been read.",
                          "findings of the clips have not been read."));
  if (!board.missing.empty())
    out.push_back(counted(static_cast<std::int64_t>(board.missing.size()), "zone has no score.",
                          "zones have no score."));
  return out;
}

Event sign_exam(ReviewLog& log, const std::string& reader, const ExamBoard& board) {
  if (log.is_signed())
    throw Error(ErrorCode::Conflict, "the exam is signed: it can no longer be changed",
                "begin a new exam of the same clips");
  if (board.clips.empty())
    throw Error(ErrorCode::Conflict, "the exam holds no clip: there is nothing to sign",
                "add the clips first");
  return log.sign(reader, statement, {{"exam", exam_signature_data(board)}});
}

std::string change_of(const ClipVersion& then, const ClipVersion& now) {
  if (!now.fault.empty()) return now.fault;
  if (now.findings_hash.empty() && !then.findings_hash.empty()) return "its result is gone";
  std::string out;
  if (now.log_hash != then.log_hash)
    out = now.events > then.events
              ? counted(now.events - then.events, "later event", "later events")
              : std::string("its log is another one");
  if (now.findings_hash != then.findings_hash)
    out += std::string(out.empty() ? "" : ", ") + "analysed or counted again";
  return out;
}

std::string signature_text(const ExamBoard& board, bool with_reader) {
  if (!board.signature) return "not signed";
  return fmt::format("signed{} {}{}", with_reader ? " by " + board.signature->reader + "," : "",
                     board.signature->time_utc,
                     board.changed.empty() ? "" : "; changed since signed");
}

json signature_json(const ExamBoard& board, bool with_reader) {
  if (!board.signature) return nullptr;
  const ExamSignature& s = *board.signature;
  json clips = json::array(), out = {{"time", s.time_utc},
                                     {"statement", s.statement},
                                     {"hash", s.hash},
                                     {"unread", s.unread},
                                     {"total", s.total ? json(*s.total) : json()},
                                     {"changed_since_signed", !board.changed.empty()},
                                     {"changes", board.changed}};
  for (const auto& [id, version] : s.clips)
    clips.push_back({{"clip", id},
                     {"log_hash", version.log_hash},
                     {"events", version.events},
                     {"findings_sha256", version.findings_hash}});
  out["clips"] = clips;
  if (with_reader) out["reader"] = s.reader;
  return out;
}

std::vector<std::pair<std::string, json>> events_again(const ExamState& state,
                                                       const ExamBoard& board) {
  std::vector<std::pair<std::string, json>> out;
  out.emplace_back("parameters", json{{"scheme", state.scheme}, {"rule", state.rule}});
  std::vector<std::pair<std::string, std::string>> clips;
  for (const ExamClip& clip : state.clips) clips.emplace_back(clip.id, clip.file);
  if (!clips.empty()) out.emplace_back("exam_clips", exam_clips_data(clips));
  const auto zone_at = [&](const std::string& place) -> const Zone* {
    for (const BoardZone& z : board.zones)
      if (z.zone.title == place) return &z.zone;
    return nullptr;
  };
  for (const ExamClip& clip : state.clips)
    if (clip.placed) out.emplace_back("exam_zone", exam_zone_data(clip.id, zone_at(clip.place)));
  for (const auto& [place, decision] : state.decisions)
    if (const Zone* zone = zone_at(place))
      out.emplace_back("exam_score", exam_score_data(*zone, decision.score));
  return out;
}

}
