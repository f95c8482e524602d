#include "pipelines/lung_ultrasound/exam.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <map>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::vector<ExamItem> items_of_table(const fs::path& path, const ZoneScheme& scheme) {
  std::vector<ExamItem> out;
  for (const auto& [line, row] : table_rows(path, {"file", "zone"})) {
    const std::string &file = row.at("file"), &zone = row.at("zone");
    if (file.empty())
      throw Error(ErrorCode::BadInput,
                  fmt::format("line {} of '{}' has no file", line, path.string()),
                  "give one line a clip: file,zone");
    if (!zone.empty() && find_zone(scheme, zone) == nullptr)
      throw Error(
          ErrorCode::BadInput,
          fmt::format("line {} of '{}': there is no zone '{}' among the {}", line, path.string(),
                      zone, scheme.title),
          fmt::format("zones run from {} to {}", scheme.zones.front().id, scheme.zones.back().id));
    out.push_back({path.parent_path() / file, upper(zone)});
  }
  return out;
}

std::string score_text(const std::optional<int>& score) {
  return score ? std::to_string(*score) : "none";
}

Table zone_table(const ExamScore& score) {
  Table t{"zones", "Zones: the worst pattern of each", {"zone", "place", "clips", "score"}, {}};
  for (const ZoneScore& z : score.zones)
    t.rows.push_back({z.zone.id, z.zone.title, std::to_string(z.clips),
                      z.score       ? std::to_string(*z.score)
                      : z.clips > 0 ? "unreadable"
                                    : "missing"});
  return t;
}

Table clip_table(const std::vector<ExamClip>& clips, const std::string& rule) {
  Table t{"clips", "Clips of the exam", {"file", "zone"}, {}};
  for (const char* name : rule_names) t.columns.push_back(fmt::format("score, {}", name));
  t.columns.push_back("class, " + rule);
  t.columns.push_back("remark");
  for (const ExamClip& c : clips) {
    std::vector<std::string> row = {c.item.file.filename().string(), c.item.zone};
    for (const char* name : rule_names) row.push_back(score_text(verdict(c.judgement.score, name)));
    const auto k = best_class(c.judgement.classes.used);
    row.push_back(k ? class_names[static_cast<std::size_t>(*k)] : "none");
    const bool agree = c.judgement.score.agree && c.judgement.classes.agree;
    row.push_back(!c.failure.empty()                ? c.failure
                  : c.judgement.score.readable == 0 ? "uninterpretable"
                  : agree                           ? ""
                                                    : "the rules disagree");
    t.rows.push_back(std::move(row));
  }
  return t;
}

Table rule_table(const ExamScore& score, const std::string& rule) {
  Table t{"exam", "The exam's class under each rule", {"rule", "class", "used"}, {}};
  for (std::size_t r = 0; r < rule_names.size(); ++r) {
    const auto k = score.classes.by_rule[r];
    t.rows.push_back({rule_names[r], k ? class_names[static_cast<std::size_t>(*k)] : "none",
                      rule == rule_names[r] ? "yes" : ""});
  }
  if (const auto k = score.classes.by_attention)
    t.rows.push_back({attention_rule, class_names[static_cast<std::size_t>(*k)],
                      rule == attention_rule ? "yes" : ""});
  return t;
}

}

std::vector<ZoneScheme> zone_schemes() { return zones_of_pipeline("lung_ultrasound").schemes; }

ZoneScheme zone_scheme(const std::string& id) {
  std::vector<std::string> names;
  for (ZoneScheme& scheme : zone_schemes()) {
    if (scheme.id == id) return std::move(scheme);
    names.push_back(scheme.id);
  }
  throw Error(ErrorCode::Usage, fmt::format("there is no zone scheme '{}'", id),
              fmt::format("choose one of: {}", fmt::join(names, ", ")));
}

std::vector<ExamItem> exam_items(const std::vector<std::string>& paths, const ZoneScheme& scheme) {
  std::vector<ExamItem> out;
  const auto add = [&](const fs::path& file) {
    out.push_back({file, zone_in_name(file.filename().string(), scheme)});
  };
  for (const std::string& path : paths) {
    if (fs::is_directory(path)) {
      std::vector<fs::path> files;
      for (const auto& entry : fs::directory_iterator(path))
        if (entry.is_regular_file() && !entry.path().filename().string().starts_with("."))
          files.push_back(entry.path());
      std::sort(files.begin(), files.end());
      for (const fs::path& file : files) add(file);
    } else if (upper(fs::path(path).extension().string()) == ".CSV") {
      for (ExamItem& item : items_of_table(path, scheme)) out.push_back(std::move(item));
    } else {
      add(path);
    }
  }
  if (out.empty())
    throw Error(ErrorCode::NotFound, "there is no clip to put together",
                "give a folder of clips, a table with the columns file and zone, or the clips");
  return out;
}

ExamScore score_exam(const std::vector<ExamClip>& clips, const ZoneScheme& scheme,
                     const LungParameters& p) {
  ExamScore out;
  std::vector<Probabilities> parts, attended;
  for (const Zone& zone : scheme.zones) {
    ZoneScore z{.zone = zone};
    for (const ExamClip& c : clips) {
      if (c.item.zone != zone.id) continue;
      ++z.clips;
      if (const auto score = verdict(c.judgement.score, p.rule))
        z.score = std::max(z.score.value_or(0), *score);
    }
    if (z.score) {
      ++out.seen;
      out.total += *z.score;
    } else {
      out.missing.push_back(zone.id);
    }
    out.zones.push_back(std::move(z));
  }
  for (const ExamClip& c : clips) {
    out.without_zone += c.item.zone.empty();
    if (p.rule != attention_rule)
      if (const auto all = pooled(c.readable, p.rule, p.score.top)) parts.push_back(*all);
    if (c.attention) attended.push_back(*c.attention);
  }
  // The clip network's answers are put together by their mean.
  out.classes = class_verdicts(parts, p.rule, p.score.top, pooled(attended, "mean", p.score.top));
  for (std::size_t r = 0; r < rule_names.size(); ++r) { // each rule from frames to exam
    std::vector<Probabilities> own;
    for (const ExamClip& c : clips)
      if (const auto all = pooled(c.readable, rule_names[r], p.score.top)) own.push_back(*all);
    out.classes.by_rule[r] = best_class(pooled(own, rule_names[r], p.score.top));
  }
  out.classes.agree =
      std::all_of(out.classes.by_rule.begin(), out.classes.by_rule.end(),
                  [&](const std::optional<int>& k) { return k == out.classes.by_rule[0]; }) &&
      out.classes.by_attention.value_or(out.classes.by_rule[0].value_or(0)) ==
          out.classes.by_rule[0].value_or(0);
  return out;
}

Findings exam_findings(const std::vector<ExamClip>& clips, const ExamScore& score,
                       const ZoneScheme& scheme, const LungParameters& p) {
  Findings f;
  f.pipeline = "lung_ultrasound";
  f.parameters_text = parameters_json(p).dump();
  for (const ZoneScore& z : score.zones) {
    if (!z.score) continue;
    Finding one;
    one.id = "zone-" + z.zone.id;
    one.label = fmt::format("score {}", *z.score);
    one.score = 1;
    one.text = fmt::format("{}, {}: score {}", z.zone.id, z.zone.title, *z.score);
    f.items.push_back(std::move(one));
  }
  const auto zones = static_cast<double>(score.zones.size());
  f.summary = {
      {"total score", static_cast<double>(score.total), "1",
       fmt::format("sum over {} of {} zones, each 0 to 2", score.seen, score.zones.size())},
      {"zones with a score", static_cast<double>(score.seen), "1", ""},
      {"zones of the scheme", zones, "1", scheme.source},
      {"clips", static_cast<double>(clips.size()), "1", ""}};
  for (int k = 0; score.classes.used && k < class_count; ++k)
    f.summary.push_back({class_names[static_cast<std::size_t>(k)],
                         100 * (*score.classes.used)[static_cast<std::size_t>(k)], "%",
                         "network, rule '" + p.rule + "'"});
  f.tables = {zone_table(score), rule_table(score, p.rule), clip_table(clips, p.rule)};
  f.nothing_counted = score.seen == 0 && !score.classes.used;
  if (!score.missing.empty())
    f.notes.push_back(fmt::format("Zones without a score: {}. The total is a lower bound.",
                                  fmt::join(score.missing, ", ")));
  if (score.without_zone > 0)
    f.notes.push_back(fmt::format(
        "{} clips name no zone: they count for the class, not for the score.", score.without_zone));
  const auto failed = std::count_if(clips.begin(), clips.end(),
                                    [](const ExamClip& c) { return !c.failure.empty(); });
  if (failed > 0) f.notes.push_back(fmt::format("{} clips could not be read.", failed));
  if (!score.classes.agree) f.notes.push_back("The rules disagree on the exam's class.");
  f.notes.push_back("Consolidation and effusion are not seen: a zone's score ends at 2 of 3.");
  return f;
}

}
