#include "modules/review/class_map.h"

#include <algorithm>
#include <unordered_map>

namespace sensorium {
namespace {

void fill(ClassMap& map, const std::vector<Run>& runs, std::uint8_t value) {
  for (const Run& r : runs) {
    if (r.z != 0 || r.y < 0 || r.y >= map.height || r.length <= 0) continue;
    const auto end = std::min<std::int64_t>(std::int64_t{r.x} + r.length, map.width);
    const std::int64_t first = std::max(r.x, 0);
    if (first < end)
      std::fill_n(map.values.begin() + std::int64_t{r.y} * map.width + first, end - first, value);
  }
}

}

std::vector<std::string> class_names(const Findings& findings) {
  std::vector<std::string> out;
  for (const Table& table : findings.tables) {
    if (table.name != "classes") continue;
    const auto column = [&](const char* name) {
      return static_cast<std::size_t>(std::find(table.columns.begin(), table.columns.end(), name) -
                                      table.columns.begin());
    };
    const std::size_t number = column("class"), name = column("name");
    for (const auto& row : table.rows)
      if (row.size() > std::max(number, name) && out.size() < 255 &&
          row[number] == std::to_string(out.size() + 1))
        out.push_back(row[name]);
  }
  return out;
}

std::vector<std::string> labels_of(const PipelineInfo& pipeline, const Findings& findings) {
  return pipeline.labels.empty() ? class_names(findings) : pipeline.labels;
}

ClassMap reviewed_map(ClassMap map, const std::vector<std::string>& names, const Findings& proposed,
                      const ReviewState& review, Keep keep) {
  const auto value_of = [&](const std::string& label) {
    const auto found = std::find(names.begin(), names.end(), label);
    return static_cast<std::uint8_t>(found == names.end() ? 0 : found - names.begin() + 1);
  };
  std::unordered_map<std::string_view, const Finding*> before;
  for (const Finding& f : proposed.items) before.emplace(f.id, &f);
  for (const ReviewedFinding& f : review.findings) {
    const bool stays =
        f.state == FindingState::Accepted || (f.state == FindingState::Proposed && keep.proposed);
    const auto found = before.find(f.finding.id);
    if (!stays && found != before.end()) fill(map, found->second->footprint, 0);
  }
  for (const FindingState state :
       {FindingState::Accepted, FindingState::Changed, FindingState::Drawn})
    for (const ReviewedFinding& f : review.findings) {
      if (f.state != state) continue;
      const std::uint8_t value = value_of(f.label);
      if (value != 0 || state != FindingState::Drawn) fill(map, f.finding.footprint, value);
    }
  return map;
}

std::vector<std::int64_t> class_counts(const ClassMap& map, std::size_t classes) {
  std::vector<std::int64_t> all(256);
  for (const std::uint8_t value : map.values) ++all[value];
  all.resize(classes + 1);
  return all;
}

}
