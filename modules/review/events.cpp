#include "modules/review/events.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int deepest_nesting = 32;

[[noreturn]] void refuse(std::string_view kind, std::string_view key, std::string_view wanted) {
  throw Error(ErrorCode::Usage, fmt::format("a '{}' event needs \"{}\": {}", kind, key, wanted),
              "this is a fault of the program that made the event");
}

// One event's data, asked key by key.
class Checker {
public:
  Checker(std::string_view kind, const json& data) : kind_(kind), data_(data) {}

  void text(const char* key, bool may_be_empty = false) const {
    if (!data_.contains(key) || !data_[key].is_string() ||
        (!may_be_empty && data_[key].get_ref<const std::string&>().empty()))
      refuse(kind_, key, "a text");
  }
  void optional_text(const char* key) const {
    if (data_.contains(key)) text(key, true);
  }
  void number(const char* key) const {
    if (!data_.contains(key) || !data_[key].is_number() || !std::isfinite(data_[key].get<double>()))
      refuse(kind_, key, "a finite number");
  }
  void flag(const char* key) const {
    if (!data_.contains(key) || !data_[key].is_boolean()) refuse(kind_, key, "true or false");
  }
  void names(const char* key) const {
    if (!data_.contains(key) || !data_[key].is_array() ||
        !std::all_of(data_[key].begin(), data_[key].end(), [](const json& v) {
          return v.is_string() && !v.get_ref<const std::string&>().empty();
        }))
      refuse(kind_, key, "a list of names");
  }
  void event_number(const char* key) const {
    if (!data_.contains(key) || !data_[key].is_number_integer() ||
        data_[key].get<std::int64_t>() < 1)
      refuse(kind_, key, "the number of an earlier event");
  }
  void runs(const char* key) const {
    if (!data_.contains(key) || !is_runs(data_[key]))
      refuse(kind_, key, "a list of z, y, x, length");
  }
  void optional_runs(const char* key) const {
    if (data_.contains(key)) runs(key);
  }
  void points(const char* key) const {
    if (!data_.contains(key) || !data_[key].is_array() || data_[key].empty())
      refuse(kind_, key, "a list of points");
    for (const json& point : data_[key])
      if (!point.is_array() || point.size() != 3 ||
          !std::all_of(point.begin(), point.end(), [](const json& v) { return v.is_number(); }))
        refuse(kind_, key, "points of x, y, z");
  }
  void items(const char* key) const {
    if (!data_.contains(key) || !data_[key].is_array()) refuse(kind_, key, "a list of findings");
    for (const json& item : data_[key])
      if (!item.is_object() || !item.contains("finding") || !item["finding"].is_string() ||
          !item.contains("label") || !item["label"].is_string() || !item.contains("footprint") ||
          !is_runs(item["footprint"]))
        refuse(kind_, key, "findings with finding, label, footprint");
      else if (!item.value("kept", json(true)).is_boolean() ||
               !is_votes(item.value("votes", json::array())))
        refuse(kind_, key, "findings whose kept is true or false and whose votes are names");
  }
  void clips(const char* key) const {
    const auto is_text = [](const json& item, const char* name) {
      return item.contains(name) && item[name].is_string() &&
             !item[name].get_ref<const std::string&>().empty();
    };
    if (!data_.contains(key) || !data_[key].is_array() || data_[key].empty())
      refuse(kind_, key, "a list of clips");
    for (const json& item : data_[key])
      if (!item.is_object() || !is_text(item, "clip") || !is_text(item, "file"))
        refuse(kind_, key, "clips with clip and file");
  }
  // What a signature says of an exam (exam_signing.h).
  void optional_exam(const char* key) const {
    if (!data_.contains(key)) return;
    const json& exam = data_[key];
    const auto is_clip = [](const json& clip) {
      return clip.is_object() && clip.contains("events") && clip["events"].is_number_integer() &&
             std::all_of(std::begin(clip_keys), std::end(clip_keys), [&](const char* name) {
               return clip.contains(name) && clip[name].is_string();
             });
    };
    if (!exam.is_object() || !exam.contains("clips") || !exam["clips"].is_array() ||
        !std::all_of(exam["clips"].begin(), exam["clips"].end(), is_clip))
      refuse(kind_, key, "clips with clip, log, findings and events");
  }

private:
  static constexpr const char* clip_keys[] = {"clip", "log", "findings"};
  static bool is_votes(const json& value) {
    const auto is_text = [](const json& v) { return v.is_string(); };
    return value.is_array() && std::all_of(value.begin(), value.end(), [&](const json& vote) {
             return vote.is_array() && vote.size() == 2 &&
                    std::all_of(vote.begin(), vote.end(), is_text);
           });
  }
  static bool is_runs(const json& value) {
    constexpr std::int64_t limit = 1 << 24;
    return value.is_array() && value.size() % 4 == 0 &&
           std::all_of(value.begin(), value.end(), [](const json& v) {
             if (!v.is_number_integer() ||
                 (v.is_number_unsigned() && v.get<std::uint64_t>() > limit))
               return false;
             const auto n = v.get<std::int64_t>();
             return n >= -limit && n <= limit;
           });
  }
  std::string_view kind_;
  const json& data_;
};

// A region of a class map is this class at these pixels, or another region: its id says all, and a
// decision is never carried over to what another analysis finds there.
json with_place(const Finding& finding) {
  const bool region = finding.id.starts_with("region-");
  return {{"finding", finding.id},
          {"place", region ? json::array() : runs_to_json(finding.footprint)}};
}

}

void check_event(std::string_view kind, const json& data) {
  if (!data.is_object())
    throw Error(ErrorCode::Usage, fmt::format("the data of a '{}' event is not an object", kind));
  const Checker check(kind, data);
  if (kind == "accept" || kind == "reject" || kind == "reset") {
    check.text("finding");
    check.optional_runs("place");
  } else if (kind == "relabel") {
    check.text("finding");
    check.text("label");
    check.optional_runs("place");
  } else if (kind == "paint") {
    check.text("finding");
    check.runs("added");
    check.runs("removed");
    check.optional_text("label");
    check.optional_runs("place");
  } else if (kind == "draw") {
    check.text("finding");
    check.text("label");
    check.runs("footprint");
  } else if (kind == "measure") {
    check.points("points");
    check.text("name");
    check.number("value");
    check.text("unit");
    check.text("source", true);
  } else if (kind == "note") {
    check.text("finding", true);
    check.text("text");
  } else if (kind == "remove" || kind == "undo" || kind == "redo") {
    check.event_number("number");
  } else if (kind == "fovea") {
    check.number("x");
    check.number("z");
  } else if (kind == "import_layer") {
    check.text("source");
    check.items("items");
  } else if (kind == "exam_clips") {
    check.clips("items");
  } else if (kind == "exam_remove") {
    check.text("clip");
  } else if (kind == "exam_zone") {
    check.text("clip");
    check.text("zone", true);
    check.text("place", true);
  } else if (kind == "exam_score") {
    check.text("zone");
    check.text("place");
    check.text("score", true);
  } else if (kind == "sign" || kind == "sign_layer") {
    check.text("statement");
    check.optional_exam("exam");
  } else if (kind == "protocol") {
    check.flag("blinded");
    check.names("readers");
  } else if (kind != "parameters") {
    throw Error(ErrorCode::Usage, fmt::format("'{}' is not a kind of event", kind),
                "the kinds are listed in modules/review/events.h");
  }
}

std::string event_hash(std::string_view previous_hash, std::int64_t number,
                       std::string_view time_utc, std::string_view reader, std::string_view kind,
                       std::string_view data_text) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  for (const std::string_view field :
       {previous_hash, std::string_view(digits), time_utc, reader, kind, data_text})
    text += fmt::format("{}:", field.size()).append(field) += ',';
  return sha256(text);
}

json parse_event_data(std::string_view text) {
  try {
    return json::parse(text, [](int depth, json::parse_event_t, json&) {
      if (depth > deepest_nesting)
        throw Error(ErrorCode::BadInput, "the event is nested too deeply");
      return true;
    });
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput, fmt::format("the event is not JSON: {}", json_fault(e)));
  }
}

json decision_data(const Finding& finding) { return with_place(finding); }

json relabel_data(const Finding& finding, const std::string& label) {
  json data = with_place(finding);
  data["label"] = label;
  return data;
}

json paint_data(const Finding& finding, const std::vector<Run>& added,
                const std::vector<Run>& removed) {
  json data = with_place(finding);
  data["label"] = finding.label;
  data["added"] = runs_to_json(added);
  data["removed"] = runs_to_json(removed);
  return data;
}

json draw_data(const std::vector<Run>& footprint, const std::string& label) {
  return {{"label", label}, {"footprint", runs_to_json(footprint)}};
}

json measure_data(const std::vector<std::array<double, 3>>& points, const Measure& measure) {
  return {{"points", points},
          {"name", measure.name},
          {"value", measure.value},
          {"unit", measure.unit},
          {"source", measure.source}};
}

json note_data(const std::string& finding, const std::string& text) {
  return {{"finding", finding}, {"text", text}};
}

json fovea_data(double x, double z) { return {{"x", x}, {"z", z}}; }

json import_data(const std::string& source, const std::vector<Finding>& items) {
  json list = json::array();
  for (const Finding& f : items)
    list.push_back(
        {{"finding", f.id}, {"label", f.label}, {"footprint", runs_to_json(f.footprint)}});
  return {{"source", source}, {"items", list}};
}

std::vector<std::string> readers_of(const std::vector<Event>& events) {
  std::vector<std::string> readers;
  for (const Event& event : events)
    if (std::find(readers.begin(), readers.end(), event.reader) == readers.end())
      readers.push_back(event.reader);
  return readers;
}

}
