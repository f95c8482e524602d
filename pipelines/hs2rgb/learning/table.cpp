#include "pipelines/hs2rgb/learning/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace sensorium::hs2rgb {

using nlohmann::json;

namespace {

constexpr std::array figures{
    "overall",         "average",      "kappa",      "overall_majority",
    "overall_refined", "overall_away", "parameters", "operations_per_pixel",
    "milliseconds",    "trained_s"};

struct Cell {
  json first;
  std::map<std::string, std::vector<double>> values;
};

}

json summary_of(const std::vector<json>& rows) {
  std::vector<std::pair<std::string, Cell>> cells;
  for (const json& row : rows) {
    const std::string name =
        fmt::format("{} {} {}", row.at("leaking").get<bool>(),
                    row.at("labels_percent").get<double>(), row.at("route").get<std::string>());
    auto at = std::find_if(cells.begin(), cells.end(),
                           [&](const auto& cell) { return cell.first == name; });
    if (at == cells.end()) at = cells.insert(cells.end(), {name, {row, {}}});
    for (const char* figure : figures)
      if (row.at(figure).is_number()) at->second.values[figure].push_back(row[figure]);
  }
  json out = json::array();
  for (auto& [name, cell] : cells) {
    json entry = {{"leaking", cell.first["leaking"]},
                  {"labels_percent", cell.first["labels_percent"]},
                  {"route", cell.first["route"]},
                  {"splits", cell.values["overall"].size()}};
    for (const auto& [figure, values] : cell.values) {
      double mean = 0, square = 0;
      for (const double v : values) mean += v / static_cast<double>(values.size());
      for (const double v : values) square += (v - mean) * (v - mean);
      entry[figure] = mean;
      if (values.size() > 1)
        entry[figure + std::string("_sd")] =
            std::sqrt(square / static_cast<double>(values.size() - 1));
    }
    out.push_back(std::move(entry));
  }
  return out;
}

std::string table_of(const std::vector<json>& rows) {
  std::string out =
      fmt::format("{:<8}{:>7} {:<12}{:>7}{:>16}{:>9}{:>8}{:>10}{:>9}{:>8}{:>12}{:>13}{:>10}\n",
                  "split", "labels", "route", "splits", "overall +- sd", "average", "kappa",
                  "majority", "refined", "away", "parameters", "operations", "ms");
  // What was not measured (the spread of one split, pixels away where there are none) is a dash.
  const auto percent = [](const json& entry, const char* key) {
    return entry.contains(key) ? fmt::format("{:.1f}", 100 * entry[key].get<double>())
                               : std::string("-");
  };
  for (const json& e : summary_of(rows))
    out += fmt::format(
        "{:<8}{:>5g} % {:<12}{:>7}{:>9} +- {:<4}{:>8}{:>8.3f}{:>10}{:>9}{:>8}{:>12.0f}"
        "{:>13.0f}{:>10.1f}\n",
        e["leaking"].get<bool>() ? "LEAKING" : "blocks", e["labels_percent"].get<double>(),
        e["route"].get<std::string>(), e["splits"].get<int>(), percent(e, "overall"),
        percent(e, "overall_sd"), percent(e, "average"), e["kappa"].get<double>(),
        percent(e, "overall_majority"), percent(e, "overall_refined"), percent(e, "overall_away"),
        e["parameters"].get<double>(), e["operations_per_pixel"].get<double>(),
        e["milliseconds"].get<double>());
  return out;
}

}
