#include "modules/report/scrub.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace sensorium {
namespace {

constexpr std::size_t shortest_part = 3;

unsigned char lower(char c) {
  return static_cast<unsigned char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(lower(c)); });
  return text;
}

// Bytes of UTF-8 letters count as part of a word.
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 128;
}

bool stands_alone(const std::string& text, std::size_t at, std::size_t size) {
  const bool open_before = at == 0 || !is_word(text[at - 1]) || !is_word(text[at]);
  const std::size_t end = at + size;
  const bool open_after = end >= text.size() || !is_word(text[end]) || !is_word(text[end - 1]);
  return open_before && open_after;
}

}

std::vector<std::string> identifying_strings(const Origin& origin) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& text) {
    if (text.size() >= shortest_part &&
        std::find(out.begin(), out.end(), lowered(text)) == out.end())
      out.push_back(lowered(text));
  };
  const Patient& patient = origin.patient;
  for (const std::string& field : {patient.id, patient.name, patient.birth_date}) add(field);
  std::string part;
  for (const char c : patient.name + " ") {
    if (is_word(c)) {
      part += c;
    } else {
      add(part);
      part.clear();
    }
  }
  const std::filesystem::path path(origin.path);
  for (const auto& p : {path, path.filename(), path.stem(), path.parent_path()}) add(p.string());
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return out;
}

std::string scrubbed(const std::string& text, const std::vector<std::string>& identifying) {
  std::string out = text;
  for (const std::string& secret : identifying) {
    if (secret.empty()) continue;
    std::string small = lowered(out);
    for (std::size_t at = 0; (at = small.find(secret, at)) != std::string::npos;) {
      if (!stands_alone(small, at, secret.size())) {
        ++at;
        continue;
      }
      constexpr std::string_view instead = "[removed]";
      out.replace(at, secret.size(), instead);
      small.replace(at, secret.size(), instead);
      at += instead.size();
    }
  }
  return out;
}

bool identifies(const Fact& fact) {
  const std::string text = lowered(fact.name + " " + fact.field);
  for (const char* word : {"date", "time", "birth", "patient", "physician", "operator",
                           "institution", "hospital", "station", "serial", "uid", "name",
                           "accession", "address", "study id", "comment", "description"})
    if (text.find(word) != std::string::npos) return true;
  return false;
}

}
