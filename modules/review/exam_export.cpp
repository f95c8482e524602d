// What leaves an exam: JSON, and findings for reports.
#include "modules/review/exam_signing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

namespace sensorium {
using nlohmann::json;
namespace {

json number(const std::optional<int>& score) { return score ? json(*score) : json(); }

std::string words(const std::optional<int>& score) {
  return score ? std::to_string(*score) : std::string("none");
}

std::string name_of(const BoardClip& clip, bool with_file_names) {
  return with_file_names ? std::filesystem::path(clip.clip.file).filename().string() : clip.clip.id;
}

std::string by_rule_text(const BoardZone& zone, const ExamBoard& board) {
  std::string out;
  for (std::size_t r = 0; r < board.rules.size(); ++r)
    out += fmt::format("{}{} {}", r == 0 ? "" : ", ", board.rules[r], words(zone.by_rule[r]));
  return out;
}

std::string score_text(const BoardZone& zone) {
  if (zone.score) return fmt::format("score {}", *zone.score);
  return zone.uninterpretable ? "uninterpretable" : "not examined";
}

// "consolidation 2, effusion 1" over the clips of a zone.
std::string marks_text(const BoardZone& zone, const ExamBoard& board) {
  std::map<std::string, int> sum;
  for (const std::size_t i : zone.clips)
    for (const auto& [label, count] : board.clips[i].result.marks) sum[label] += count;
  std::string out;
  for (const auto& [label, count] : sum)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", label, count);
  return out;
}

json clip_json(const BoardClip& c, bool with_file_names) {
  json rules = json::object(), classes = json::object();
  for (const RuleVerdict& r : c.result.rules) {
    rules[r.rule] = number(r.score);
    if (!r.named.empty()) classes[r.rule] = r.named;
  }
  return {{"clip", c.clip.id},
          {"file", name_of(c, with_file_names)},
          {"zone", c.zone},
          {"zone_from", c.clip.placed    ? "reader"
                        : c.zone.empty() ? ""
                                         : "file name"},
          {"analysed", c.result.analysed},
          {"failure", with_file_names ? c.result.note : std::string()},
          {"score_by_rule", rules},
          {"class_by_rule", classes},
          {"state", std::string(sensorium::name_of(c.result.state))},
          {"decided_score", c.result.decided() ? number(c.result.decided_score) : json()},
          {"decided_by", c.result.reader},
          {"marks", c.result.marks},
          {"log_hash", c.result.version.log_hash},
          {"findings_sha256", c.result.version.findings_hash},
          {"changed_since_signed", c.change},
          {"key_frame", c.result.key_frame < 0 ? json() : json(c.result.key_frame + 1)}};
}

}

json to_json(const ExamBoard& board, bool with_file_names) {
  json zones = json::array(), clips = json::array(), totals = json::object(),
       classes = json::object();
  for (const BoardZone& z : board.zones) {
    json by_rule = json::object();
    for (std::size_t r = 0; r < board.rules.size(); ++r)
      by_rule[board.rules[r]] = number(z.by_rule[r]);
    zones.push_back(
        {{"zone", z.zone.id},
         {"place", z.zone.title},
         {"clips", z.clips.size()},
         {"score", number(z.score)},
         {"pattern", z.score && static_cast<std::size_t>(*z.score) < board.patterns.size()
                         ? json(board.patterns[static_cast<std::size_t>(*z.score)])
                         : json()},
         {"score_by_rule", by_rule},
         {"rules_agree", z.agree},
         {"decided_by", z.decided_by},
         {"uninterpretable", z.uninterpretable}});
  }
  for (const BoardClip& c : board.clips) clips.push_back(clip_json(c, with_file_names));
  for (std::size_t r = 0; r < board.rules.size(); ++r) {
    totals[board.rules[r]] = board.totals[r];
    if (!board.class_by_rule[r].empty()) classes[board.rules[r]] = board.class_by_rule[r];
  }
  return {{"format", "sensorium-exam-board"},
          {"version", 1},
          {"scheme", board.scheme.id},
          {"source", board.scheme.source},
          {"rule", board.rule},
          {"zones", zones},
          {"total", board.total},
          {"most", board.most()},
          {"total_by_rule", totals},
          {"class_by_rule", classes},
          {"zones_seen", board.seen},
          {"missing", board.missing},
          {"rules_agree", board.agree && board.classes_agree},
          {"clips", clips},
          {"signature", signature_json(board)},
          {"unread", unread_of(board)},
          {"notes", board.notes(with_file_names)}};
}

Findings findings_of(const ExamBoard& board, bool with_file_names) {
  Findings f;
  f.pipeline = "lung_ultrasound";
  f.parameters_text = json{{"scheme", board.scheme.id}, {"rule", board.rule}}.dump();
  for (const BoardZone& z : board.zones) {
    Finding one;
    one.id = "zone-" + z.zone.id;
    one.label = score_text(z);
    one.score = 1;
    one.attributes = {{"finding site", z.zone.id},
                      {"finding site meaning", z.zone.title},
                      {"laterality", z.zone.right ? "right" : "left"},
                      {"evaluation: lung ultrasound score", one.label},
                      {"evaluation: rules", z.agree ? "rules agree" : "rules disagree"},
                      {"score under each rule", by_rule_text(z, board)}};
    if (z.score && static_cast<std::size_t>(*z.score) < board.patterns.size())
      one.attributes["evaluation: worst pattern"] =
          board.patterns[static_cast<std::size_t>(*z.score)];
    if (!z.decided_by.empty()) one.attributes["scored by"] = z.decided_by;
    if (const std::string marks = marks_text(z, board); !marks.empty())
      one.attributes["marks"] = marks;
    std::vector<std::string> names;
    for (const std::size_t i : z.clips) names.push_back(name_of(board.clips[i], with_file_names));
    if (!names.empty()) one.attributes["clips"] = fmt::format("{}", fmt::join(names, ", "));
    one.text = fmt::format("{}, {}: {}", z.zone.id, z.zone.title, one.label);
    f.items.push_back(std::move(one));
  }
  f.summary = {
      {"total score", static_cast<double>(board.total), "1",
       fmt::format("rule '{}', {} of {} zones", board.rule, board.seen, board.zones.size())},
      {"highest possible score", static_cast<double>(board.most()), "1", ""},
      {"zones with a score", static_cast<double>(board.seen), "1", ""}};
  for (std::size_t r = 0; r < board.rules.size(); ++r)
    f.summary.push_back(
        {"total score, " + board.rules[r], static_cast<double>(board.totals[r]), "1", ""});
  f.notes = board.notes(with_file_names);
  return f;
}

}
