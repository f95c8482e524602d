#include "modules/core/findings.h"

#include "modules/core/error.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace sensorium {
using nlohmann::json;
namespace {

json measures_json(const std::vector<Measure>& measures) {
  json out = json::array();
  for (const Measure& m : measures) {
    out.push_back({{"name", m.name}, {"value", m.value}, {"unit", m.unit}, {"source", m.source}});
    if (m.of_findings) out.back()["of_findings"] = true;
  }
  return out;
}

std::vector<Measure> measures_from(const json& in) {
  std::vector<Measure> out;
  for (const json& m : in)
    out.push_back({m.at("name").get<std::string>(),
                   m.at("value").is_number() ? m.at("value").get<double>() : 0.0,
                   m.at("unit").get<std::string>(), m.value("source", ""),
                   m.value("of_findings", false)});
  return out;
}

json finding_json(const Finding& f) {
  return {{"id", f.id},
          {"label", f.label},
          {"score", f.score},
          {"centroid", f.centroid},
          {"box", f.box},
          {"footprint", runs_to_json(f.footprint)},
          {"measures", measures_json(f.measures)},
          {"attributes", f.attributes},
          {"text", f.text}};
}

Finding finding_from(const json& in) {
  Finding f;
  f.id = in.at("id").get<std::string>();
  f.label = in.at("label").get<std::string>();
  f.score = in.at("score").get<double>();
  f.centroid = in.at("centroid").get<std::array<double, 3>>();
  f.box = in.at("box").get<std::array<int, 6>>();
  f.footprint = runs_from_json(in.at("footprint"));
  f.measures = measures_from(in.at("measures"));
  f.attributes = in.value("attributes", std::map<std::string, std::string>{});
  f.text = in.value("text", "");
  return f;
}

}

json Findings::parameters() const { return json::parse(parameters_text); }

json to_json(const Findings& findings) {
  json items = json::array();
  for (const Finding& f : findings.items) items.push_back(finding_json(f));
  json tables = json::array();
  for (const Table& t : findings.tables) {
    tables.push_back(
        {{"name", t.name}, {"caption", t.caption}, {"columns", t.columns}, {"rows", t.rows}});
    if (t.of_findings) tables.back()["of_findings"] = true;
  }
  return {{"format", "sensorium-findings"},
          {"version", 1},
          {"pipeline", findings.pipeline},
          {"pipeline_version", findings.version},
          {"input_sha256", findings.input_sha256},
          {"parameters", findings.parameters()},
          {"items", std::move(items)},
          {"summary", measures_json(findings.summary)},
          {"tables", std::move(tables)},
          {"notes", findings.notes},
          {"nothing_counted", findings.nothing_counted}};
}

Findings findings_from_json(const json& in) {
  try {
    if (in.at("format") != "sensorium-findings")
      throw Error(ErrorCode::BadInput, "this is not a findings file");
    if (in.at("version").get<int>() > 1)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("findings of version {} are newer than this program",
                              in.at("version").get<int>()),
                  "open it with the program version that wrote it, or a later one");
    Findings findings;
    findings.pipeline = in.at("pipeline").get<std::string>();
    findings.version = in.at("pipeline_version").get<std::string>();
    findings.input_sha256 = in.at("input_sha256").get<std::string>();
    findings.parameters_text = in.at("parameters").dump();
    for (const json& item : in.at("items")) findings.items.push_back(finding_from(item));
    findings.summary = measures_from(in.at("summary"));
    for (const json& t : in.at("tables"))
      findings.tables.push_back({t.at("name").get<std::string>(), t.value("caption", ""),
                                 t.at("columns").get<std::vector<std::string>>(),
                                 t.at("rows").get<std::vector<std::vector<std::string>>>(),
                                 t.value("of_findings", false)});
    findings.notes = in.at("notes").get<std::vector<std::string>>();
    findings.nothing_counted = in.value("nothing_counted", false);
    return findings;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput, fmt::format("the findings are damaged: {}", json_fault(e)),
                "run the analysis again");
  }
}

std::string csv_cell(std::string_view text) {
  std::string safe(text);
  if (!safe.empty() && std::string_view("=+-@\t\r").find(safe[0]) != std::string_view::npos &&
      safe.find_first_not_of("+-.0123456789eE") != std::string::npos)
    safe.insert(safe.begin(), '\'');
  if (safe.find_first_of(",\"\n\r") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char c : safe) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string to_csv(const Findings& findings) {
  std::vector<std::pair<std::string, std::string>> measures; // name, unit, in order of appearance
  std::set<std::string> attributes;
  for (const Finding& f : findings.items) {
    for (const Measure& m : f.measures)
      if (std::find(measures.begin(), measures.end(), std::pair(m.name, m.unit)) == measures.end())
        measures.emplace_back(m.name, m.unit);
    for (const auto& [key, value] : f.attributes) attributes.insert(key);
  }
  std::string out = "id,label,score,x_px,y_px,z_px";
  for (const auto& [name, unit] : measures)
    out += "," + csv_cell(unit == "1" ? name : name + "_" + unit);
  for (const std::string& key : attributes) out += "," + csv_cell(key);
  out += "\r\n";
  for (const Finding& f : findings.items) {
    out += fmt::format("{},{},{},{:.2f},{:.2f},{:.2f}", csv_cell(f.id), csv_cell(f.label),
                       f.score < 0 ? std::string() : fmt::format("{:.4f}", f.score), f.centroid[0],
                       f.centroid[1], f.centroid[2]);
    for (const auto& [name, unit] : measures) {
      out += ",";
      for (const Measure& m : f.measures)
        if (m.name == name && m.unit == unit) {
          out += fmt::format("{:.6g}", m.value);
          break;
        }
    }
    for (const std::string& key : attributes) {
      const auto found = f.attributes.find(key);
      out += "," + (found == f.attributes.end() ? std::string() : csv_cell(found->second));
    }
    out += "\r\n";
  }
  return out;
}

json runs_to_json(const std::vector<Run>& runs) {
  json out = json::array();
  for (const Run& r : runs)
    for (const int v : {r.z, r.y, r.x, r.length}) out.push_back(v);
  return out;
}

std::vector<Run> runs_from_json(const json& in) {
  if (!in.is_array() || in.size() % 4 != 0)
    throw Error(ErrorCode::BadInput, "a footprint is not a list of z, y, x, length");
  std::vector<Run> runs(in.size() / 4);
  for (std::size_t i = 0; i < runs.size(); ++i)
    runs[i] = {in[4 * i].get<int>(), in[4 * i + 1].get<int>(), in[4 * i + 2].get<int>(),
               in[4 * i + 3].get<int>()};
  return runs;
}

void paint_runs(const std::vector<Run>& runs, int width, int height, int depth,
                std::vector<std::uint8_t>& mask) {
  mask.resize(static_cast<std::size_t>(width) * height * depth);
  for (const Run& r : runs) {
    if (r.z < 0 || r.z >= depth || r.y < 0 || r.y >= height || r.length <= 0 || r.x >= width)
      continue;
    const long long first = std::max(r.x, 0);
    const long long last = std::min<long long>(static_cast<long long>(r.x) + r.length, width);
    const std::size_t row = (static_cast<std::size_t>(r.z) * height + r.y) * width;
    for (long long x = first; x < last; ++x) mask[row + static_cast<std::size_t>(x)] = 1;
  }
}

}
