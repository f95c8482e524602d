#include "modules/report/class_map.h"

#include <algorithm>
#include <map>
#include <string>

namespace sensorium {
namespace {

std::map<std::string, int> numbers_of(const Findings& proposed) {
  std::map<std::string, int> out;
  for (const Table& table : proposed.tables)
    if (table.name == "classes")
      for (const auto& row : table.rows)
        if (row.size() >= 2 && out.size() < 255)
          out.emplace(row[1], static_cast<int>(&row - table.rows.data()) + 1);
  return out;
}

void fill(QImage& map, const std::vector<Run>& runs, int number) {
  for (const Run& run : runs) {
    if (run.z != 0 || run.y < 0 || run.y >= map.height() || run.length <= 0) continue;
    const auto end = std::min<std::int64_t>(map.width(), std::int64_t{run.x} + run.length);
    uchar* row = map.scanLine(run.y);
    for (std::int64_t x = std::max(0, run.x); x < end; ++x) row[x] = static_cast<uchar>(number);
  }
}

}

QImage reviewed_class_map(const QImage& map, const Findings& proposed, const ReviewState& review) {
  const std::map<std::string, int> numbers = numbers_of(proposed);
  if (map.format() != QImage::Format_Indexed8 || numbers.empty()) return map;
  std::map<std::string, const Finding*> before;
  for (const Finding& f : proposed.items) before.emplace(f.id, &f);
  QImage out = map;
  for (const ReviewedFinding& f : review.findings) {
    const auto was = before.find(f.finding.id);
    if (was != before.end() &&
        (f.state == FindingState::Rejected || f.state == FindingState::Changed))
      fill(out, was->second->footprint, 0);
  }
  for (const FindingState state : {FindingState::Changed, FindingState::Drawn})
    for (const ReviewedFinding& f : review.findings) {
      if (f.state != state) continue;
      const auto number = numbers.find(f.finding.label);
      fill(out, f.finding.footprint, number == numbers.end() ? 0 : number->second);
    }
  return out;
}

}
