#include "pipelines/lung_ultrasound/labels.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else if (c != '\r')
      out.back() += c;
  }
  for (std::string& cell : out) {
    while (!cell.empty() && cell.back() == ' ') cell.pop_back();
    cell.erase(0, std::min(cell.find_first_not_of(' '), cell.size()));
  }
  return out;
}

std::optional<int> yes_or_no(const std::string& text) {
  if (text == "yes" || text == "1") return 1;
  if (text == "no" || text == "0") return 0;
  return std::nullopt;
}

std::optional<int> severity_of(const std::string& text, int line, const std::string& table) {
  if (text.empty()) return std::nullopt;
  char* stop = nullptr;
  const double grade = std::strtod(text.c_str(), &stop);
  if (*stop != '\0' || grade != std::floor(grade) || grade < 0 || grade > 3)
    throw Error(ErrorCode::BadInput,
                fmt::format("line {} of '{}': severity '{}' is none of 0 to 3", line, table, text),
                "severity is a whole number from 0 to 3, or empty");
  return static_cast<int>(grade);
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool has_part(const std::string& licence, const std::string& part) {
  std::string word;
  for (const char c : licence + " ") {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    if (lower(word) == part) return true;
    word.clear();
  }
  return false;
}

}

int LabelledClip::class_index() const {
  for (int k = 0; k < class_count; ++k)
    if (lower(label) == lower(class_names[static_cast<std::size_t>(k)])) return k;
  return -1;
}

bool forbids_training(const std::string& licence) { return has_part(licence, "nd"); }
bool asks_to_share_alike(const std::string& licence) { return has_part(licence, "sa"); }

std::vector<std::pair<int, std::map<std::string, std::string>>>
table_rows(const std::filesystem::path& path, const std::vector<std::string>& needed) {
  const std::string text = read_text(path);
  std::vector<std::pair<int, std::map<std::string, std::string>>> out;
  std::vector<std::string> columns;
  int number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto row = cells(text.substr(at, end - at));
    at = end + 1;
    if (++number == 1) {
      columns = row;
      for (const std::string& need : needed)
        if (std::find(row.begin(), row.end(), need) == row.end())
          throw Error(
              ErrorCode::BadInput, fmt::format("'{}' has no column '{}'", path.string(), need),
              fmt::format("the first line names the columns; needed: {}", fmt::join(needed, ", ")));
      continue;
    }
    if (row.size() == 1 && row[0].empty()) continue;
    std::map<std::string, std::string> named;
    for (std::size_t i = 0; i < columns.size(); ++i)
      named[columns[i]] = i < row.size() ? row[i] : std::string();
    out.emplace_back(number, std::move(named));
  }
  return out;
}

std::vector<LabelledClip> read_labels(const std::filesystem::path& table) {
  const std::filesystem::path path =
      std::filesystem::is_directory(table) ? table / "labels.csv" : table;
  std::vector<LabelledClip> out;
  for (const auto& [number, row] : table_rows(path, {"file", "patient_group"})) {
    const auto cell = [&, &named = row](const std::string& name) {
      const auto found = named.find(name);
      return found != named.end() ? found->second : std::string();
    };
    LabelledClip clip{.file = path.parent_path() / cell("file"),
                      .name = cell("file"),
                      .group = cell("patient_group"),
                      .label = cell("label"),
                      .licence = cell("licence")};
    if (clip.name.empty() || clip.group.empty())
      throw Error(
          ErrorCode::BadInput,
          fmt::format("line {} of '{}' has no file or no patient_group", number, path.string()),
          "patients must be known, or figures would count one patient twice");
    clip.a_lines = yes_or_no(cell("a_lines"));
    clip.b_lines = yes_or_no(cell("b_lines"));
    clip.severity = severity_of(cell("severity"), number, path.string());
    if (clip.label.starts_with("cov_test=")) clip.covid_test = yes_or_no(clip.label.substr(9));
    out.push_back(std::move(clip));
  }
  if (out.empty())
    throw Error(ErrorCode::BadInput, fmt::format("'{}' names no clip", path.string()),
                "give one line a clip");
  return out;
}

}
