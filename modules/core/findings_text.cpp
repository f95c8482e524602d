#include "modules/core/findings_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sensorium {
namespace {

void add(std::string& out, const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (!plain) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void add(std::string& out, int value) {
  std::array<char, 16> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + 16, value).ptr);
}

void add(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + 32, value).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void add(std::string& out, bool value) { out += value ? "true" : "false"; }
void add(std::string& out, const Measure& m);
void add(std::string& out, const Finding& f);
void add(std::string& out, const Table& t);

template<class List> void add_list(std::string& out, const List& list) {
  out += '[';
  bool first = true;
  for (const auto& value : list) {
    if (!std::exchange(first, false)) out += ',';
    if constexpr (requires { value.begin()->begin(); })
      add_list(out, value);
    else
      add(out, value);
  }
  out += ']';
}

void add(std::string& out, const Measure& m) {
  out += R"({"name":)";
  add(out, m.name);
  if (m.of_findings) out += R"(,"of_findings":true)";
  out += R"(,"source":)";
  add(out, m.source);
  out += R"(,"unit":)";
  add(out, m.unit);
  out += R"(,"value":)";
  add(out, m.value);
  out += '}';
}

void add(std::string& out, const std::map<std::string, std::string>& attributes) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : attributes) {
    if (!std::exchange(first, false)) out += ',';
    add(out, key);
    out += ':';
    add(out, value);
  }
  out += '}';
}

void add_footprint(std::string& out, const std::vector<Run>& runs) {
  out += '[';
  for (const Run& r : runs)
    for (const int value : {r.z, r.y, r.x, r.length}) {
      if (out.back() != '[') out += ',';
      add(out, value);
    }
  out += ']';
}

// Keys in alphabetical order, as in a tree.
void add(std::string& out, const Finding& f) {
  out += R"({"attributes":)";
  add(out, f.attributes);
  out += R"(,"box":)";
  add_list(out, f.box);
  out += R"(,"centroid":)";
  add_list(out, f.centroid);
  out += R"(,"footprint":)";
  add_footprint(out, f.footprint);
  out += R"(,"id":)";
  add(out, f.id);
  out += R"(,"label":)";
  add(out, f.label);
  out += R"(,"measures":)";
  add_list(out, f.measures);
  out += R"(,"score":)";
  add(out, f.score);
  out += R"(,"text":)";
  add(out, f.text);
  out += '}';
}

void add(std::string& out, const Table& t) {
  out += R"({"caption":)";
  add(out, t.caption);
  out += R"(,"columns":)";
  add_list(out, t.columns);
  out += R"(,"name":)";
  add(out, t.name);
  if (t.of_findings) out += R"(,"of_findings":true)";
  out += R"(,"rows":)";
  add_list(out, t.rows);
  out += '}';
}

}

std::string to_json_text(const Findings& findings) {
  std::string out;
  out.reserve(2048 * (findings.items.size() + 4));
  out += R"({"format":"sensorium-findings","input_sha256":)";
  add(out, findings.input_sha256);
  out += R"(,"items":)";
  add_list(out, findings.items);
  out += R"(,"notes":)";
  add_list(out, findings.notes);
  out += R"(,"nothing_counted":)";
  add(out, findings.nothing_counted);
  out += R"(,"parameters":)";
  out += findings.parameters().dump();
  out += R"(,"pipeline":)";
  add(out, findings.pipeline);
  out += R"(,"pipeline_version":)";
  add(out, findings.version);
  out += R"(,"summary":)";
  add_list(out, findings.summary);
  out += R"(,"tables":)";
  add_list(out, findings.tables);
  out += R"(,"version":1})";
  return out;
}

}
