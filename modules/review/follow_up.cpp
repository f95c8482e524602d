#include "modules/review/follow_up.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr const char* all = "all";
constexpr const char* missing = "not determined";

std::string attribute(const Finding& f, const char* key) {
  const auto at = f.attributes.find(key);
  return at == f.attributes.end() || at->second.empty() ? missing : at->second;
}

const char* eye(Laterality laterality) {
  return laterality == Laterality::Right ? "right" : "left";
}

void refuse_other_eye_or_person(const Visit& a, const Visit& b, std::vector<std::string>& notes) {
  const bool eyes = a.laterality != Laterality::Unknown && b.laterality != Laterality::Unknown;
  if (eyes && a.laterality != b.laterality)
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' is a {} eye and '{}' a {} eye", a.name, eye(a.laterality), b.name,
                            eye(b.laterality)),
                "compare two visits of one eye");
  if (!eyes)
    notes.push_back(fmt::format("The eye is not stated by {}: whether both are the same eye was "
                                "not checked",
                                a.laterality != Laterality::Unknown   ? "'" + b.name + "'"
                                : b.laterality != Laterality::Unknown ? "'" + a.name + "'"
                                                                      : "either recording"));
  if (!a.patient.empty() && !b.patient.empty() && a.patient != b.patient)
    throw Error(ErrorCode::Conflict,
                fmt::format("'{}' and '{}' belong to different patients", a.name, b.name),
                "compare two visits of one patient");
  if (a.patient.empty() || b.patient.empty())
    notes.push_back("The patient is not stated by both recordings: whether they are the same "
                    "person was not checked");
}

void note_differences(const Visit& a, const Visit& b, std::vector<std::string>& notes) {
  if (a.pipeline != b.pipeline)
    throw Error(
        ErrorCode::Conflict,
        fmt::format("'{}' was analysed by {}, '{}' by {}", a.name, a.pipeline, b.name, b.pipeline),
        "analyse both with the same pipeline");
  if (a.version != b.version)
    notes.push_back(fmt::format("The visits were analysed by versions {} and {} of {}", a.version,
                                b.version, a.pipeline));
  if (a.model_sha256 != b.model_sha256)
    notes.push_back("The visits were read with different models: a change of counts may be the "
                    "model's");
  std::vector<std::string> names;
  if (a.parameters.is_object() && b.parameters.is_object())
    for (const auto& [name, value] : a.parameters.items())
      if (!name.starts_with("fovea") && b.parameters.value(name, json()) != value)
        names.push_back(fmt::format("{} ({} and {})", name, value.dump(),
                                    b.parameters.value(name, json()).dump()));
  for (const std::string& name : names)
    notes.push_back("The visits were counted with different parameters: " + name);
  for (const Visit* visit : {&a, &b})
    if (!visit->signed_case) notes.push_back(fmt::format("'{}' is not signed", visit->name));
  if (a.scale_known != b.scale_known)
    notes.push_back("The scale is known for one visit only: its size limits differ");
}

using Key = std::array<std::string, 3>; // slab, region, label

// Adds a row for each value that occurs in either visit.
void add_rows(FollowUp& out, const Visit& a, const Visit& b,
              const std::function<Key(const Finding&)>& key_of) {
  std::map<Key, std::pair<int, int>> counts;
  for (const Finding& f : a.findings) ++counts[key_of(f)].first;
  for (const Finding& f : b.findings) ++counts[key_of(f)].second;
  for (const auto& [key, count] : counts)
    out.rows.push_back({key[0], key[1], key[2], count.first, count.second});
}

std::string have(int findings) {
  return std::to_string(findings) + (findings == 1 ? " finding has" : " findings have");
}

void note_places(const FollowUp& out, std::vector<std::string>& notes) {
  int slab = 0, region = 0;
  for (const FollowUpRow& row : out.rows) {
    if (row.label != all) continue;
    if (row.slab == missing && row.region == all) slab += row.first + row.second;
    if (row.region == missing && row.slab == all) region += row.first + row.second;
  }
  if (slab > 0)
    notes.push_back(
        fmt::format("{} no layer (drawn or imported by hand, or no layer lines)", have(slab)));
  if (region > 0)
    notes.push_back(fmt::format("{} no region (drawn or imported by hand, or the scale or the eye "
                                "is unknown)",
                                have(region)));
}

}

FollowUp follow_up(const Visit& first, const Visit& second) {
  FollowUp out;
  out.first = first.name;
  out.second = second.name;
  refuse_other_eye_or_person(first, second, out.notes);
  note_differences(first, second, out.notes);
  out.rows.push_back({all, all, all, static_cast<int>(first.findings.size()),
                      static_cast<int>(second.findings.size())});
  add_rows(out, first, second, [](const Finding& f) { return Key{all, all, f.label}; });
  add_rows(out, first, second,
           [](const Finding& f) { return Key{attribute(f, "slab"), all, all}; });
  add_rows(out, first, second,
           [](const Finding& f) { return Key{all, attribute(f, "etdrs"), all}; });
  add_rows(out, first, second,
           [](const Finding& f) { return Key{attribute(f, "slab"), attribute(f, "etdrs"), all}; });
  note_places(out, out.notes);
  out.notes.push_back("Counts are compared, lesions are not paired one to one");
  return out;
}

json to_json(const FollowUp& f) {
  json rows = json::array();
  for (const FollowUpRow& r : f.rows)
    rows.push_back({{"slab", r.slab},
                    {"region", r.region},
                    {"label", r.label},
                    {"first", r.first},
                    {"second", r.second},
                    {"change", r.change()}});
  return {{"format", "sensorium-follow-up"},
          {"version", 1},
          {"first", f.first},
          {"second", f.second},
          {"rows", rows},
          {"notes", f.notes}};
}

std::string to_csv(const FollowUp& f) {
  std::string out = "slab,region,label,first,second,change\r\n";
  for (const FollowUpRow& r : f.rows)
    out += fmt::format("{},{},{},{},{},{}\r\n", csv_cell(r.slab), csv_cell(r.region),
                       csv_cell(r.label), r.first, r.second, r.change());
  return out;
}

std::string text_of(const FollowUp& f) {
  std::string out =
      fmt::format("first:  {}\nsecond: {}\n\n{:<18}{:<20}{:<14}{:>8}{:>8}{:>8}\n", f.first,
                  f.second, "layer", "region", "label", "first", "second", "change");
  for (const FollowUpRow& r : f.rows)
    out += fmt::format("{:<18}{:<20}{:<14}{:>8}{:>8}{:>+8}\n", r.slab, r.region, r.label, r.first,
                       r.second, r.change());
  for (const std::string& note : f.notes) out += "note: " + note + "\n";
  out.pop_back();
  return out;
}

}
