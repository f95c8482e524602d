#include "modules/review/reviewed.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::size_t most_values_of_a_table = 16;

bool kept(const ReviewedFinding& f, Keep keep) {
  return f.state != FindingState::Rejected && (keep.proposed || f.state != FindingState::Proposed);
}

Finding with_review(const ReviewedFinding& f) {
  Finding out = f.finding;
  out.attributes["review"] = name_of(f.state);
  if (!f.reader.empty()) out.attributes["reader"] = f.reader;
  if (!f.original_label.empty() && f.original_label != f.label)
    out.attributes["original_label"] = f.original_label;
  std::string notes;
  for (const std::string& note : f.notes) notes += (notes.empty() ? "" : "; ") + note;
  if (!notes.empty()) out.attributes["notes"] = notes;
  return out;
}

// Sums of a measure are given only where every finding has it in the same unit.
void add_total(const std::vector<Finding>& items, const std::string& name,
               std::vector<Measure>& summary) {
  double sum = 0;
  std::string unit, source;
  for (const Finding& f : items) {
    const Measure* found = nullptr;
    for (const Measure& m : f.measures)
      if (m.name == name) found = &m;
    if (found == nullptr || (!unit.empty() && unit != found->unit)) return;
    unit = found->unit;
    source = found->source;
    sum += found->value;
  }
  if (!unit.empty()) summary.push_back({"total " + name, sum, unit, source});
}

Table count_table(const std::vector<Finding>& items, const std::string& attribute) {
  std::map<std::string, std::map<std::string, int>> counts;
  std::set<std::string> labels;
  for (const Finding& f : items) {
    const auto at = f.attributes.find(attribute);
    ++counts[at == f.attributes.end() ? "not determined" : at->second][f.label];
    labels.insert(f.label);
  }
  Table table{"reviewed by " + attribute,
              fmt::format("Reviewed findings by {}", attribute),
              {attribute},
              {}};
  table.columns.insert(table.columns.end(), labels.begin(), labels.end());
  for (const auto& [value, by_label] : counts) {
    table.rows.push_back({value});
    for (const std::string& label : labels)
      table.rows.back().push_back(
          std::to_string(by_label.contains(label) ? by_label.at(label) : 0));
  }
  return table;
}

bool is_number(const std::string& text) {
  return text.find_first_not_of("+-.0123456789eE") == std::string::npos;
}

// A place or a kind makes a table; a number (the B-scan) or what the whole run shares (the profile)
// does not.
std::vector<Table> count_tables(const std::vector<Finding>& items) {
  static const std::set<std::string> no_table{"review", "reader", "notes", "original_label",
                                              "profile"};
  std::map<std::string, std::set<std::string>> values;
  for (const Finding& f : items)
    for (const auto& [key, value] : f.attributes)
      if (!no_table.contains(key)) values[key].insert(value);
  std::vector<Table> tables;
  for (const auto& [key, distinct] : values)
    if (distinct.size() <= most_values_of_a_table &&
        !std::all_of(distinct.begin(), distinct.end(), is_number))
      tables.push_back(count_table(items, key));
  return tables;
}

}

std::string_view name_of(ExportState state) {
  return state == ExportState::AsReviewed ? "as reviewed" : "as proposed";
}

Findings reviewed_findings(const Findings& base, const ReviewState& state, Keep keep) {
  Findings out = base;
  out.items.clear();
  const auto replaced = [](const auto& entry) { return entry.of_findings; };
  const bool counts = std::any_of(base.summary.begin(), base.summary.end(), replaced);
  std::erase_if(out.summary, replaced);
  std::erase_if(out.tables, replaced);
  std::map<std::string, int> labels;
  for (const ReviewedFinding& f : state.findings)
    if (kept(f, keep)) {
      out.items.push_back(with_review(f));
      ++labels[f.label];
    }
  const std::string source =
      keep.proposed ? "review; findings without a decision count" : "review; decided findings only";
  if (counts || !state.findings.empty())
    out.summary.push_back({"count", static_cast<double>(out.items.size()), "1", source});
  for (const auto& [label, count] : labels)
    out.summary.push_back({"count of " + label, static_cast<double>(count), "1", source});
  for (const char* name : {"section area", "en-face area", "volume"})
    add_total(out.items, name, out.summary);
  for (Table& table : count_tables(out.items)) out.tables.push_back(std::move(table));
  if (const std::string waiting = state.waiting_text(); !waiting.empty())
    out.notes.push_back(waiting);
  return out;
}

std::vector<std::uint8_t> reviewed_mask(const ReviewState& state, int width, int height, int depth,
                                        Keep keep) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(width) * height * depth);
  for (const ReviewedFinding& f : state.findings)
    if (kept(f, keep)) paint_runs(f.finding.footprint, width, height, depth, mask);
  return mask;
}

std::string reviewed_csv(const ReviewState& state) {
  Findings all;
  for (const ReviewedFinding& f : state.findings) {
    all.items.push_back(with_review(f));
    for (const char* key : {"reader", "original_label", "notes"})
      all.items.back().attributes.try_emplace(key);
  }
  return to_csv(all);
}

json to_json(const ReviewState& state) {
  Findings all;
  for (const ReviewedFinding& f : state.findings) all.items.push_back(with_review(f));
  json measurements = json::array(), notes = json::array(), waiting = json::array();
  for (const Measurement& m : state.measurements)
    measurements.push_back({{"points", m.points},
                            {"name", m.measure.name},
                            {"value", m.measure.value},
                            {"unit", m.measure.unit},
                            {"source", m.measure.source},
                            {"reader", m.reader}});
  for (const Note& n : state.notes)
    notes.push_back(
        {{"finding", n.finding}, {"text", n.text}, {"reader", n.reader}, {"time", n.time_utc}});
  for (const WaitingDecision& w : state.waiting)
    waiting.push_back({{"finding", w.finding},
                       {"review", name_of(w.state)},
                       {"label", w.label},
                       {"reader", w.reader}});
  json out = {{"format", "sensorium-review"},
              {"version", 1},
              {"findings", to_json(all).at("items")},
              {"measurements", measurements},
              {"notes", notes},
              {"waiting", waiting},
              {"parameters", state.parameters},
              {"signed", state.is_signed()}};
  if (state.fovea) out["fovea"] = *state.fovea;
  if (state.signature)
    out["signature"] = {{"reader", state.signature->reader},
                        {"time", state.signature->time_utc},
                        {"statement", state.signature->statement},
                        {"hash", state.signature->hash}};
  return out;
}

}
