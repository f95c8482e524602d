#include "modules/review/zones.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

Zone zone_of(const json& z) {
  Zone zone{z.at("id"),
            z.at("title"),
            z.value("side", "") == "right",
            z.value("view", "front"),
            z.value("row", 0),
            z.value("rows", 1)};
  zone.rows = std::clamp(zone.rows, 1, 20);
  zone.row = std::clamp(zone.row, 0, zone.rows - 1);
  return zone;
}

}

ZoneBook read_zones(const fs::path& file) {
  ZoneBook out;
  try {
    const json document = json::parse(read_text(file, 1 << 20));
    for (const json& p : document.value("patterns", json::array())) out.patterns.push_back(p);
    for (const json& s : document.at("schemes")) {
      ZoneScheme scheme{s.at("id"), s.at("title"), s.at("source"), {}};
      for (const json& z : s.at("zones")) scheme.zones.push_back(zone_of(z));
      if (!scheme.zones.empty()) out.schemes.push_back(std::move(scheme));
    }
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is damaged: {}", file.string(), e.what()),
                "install the program again");
  }
  if (out.schemes.empty())
    throw Error(ErrorCode::BadInput, fmt::format("'{}' names no zones", file.string()),
                "install the program again");
  return out;
}

ZoneBook zones_of_pipeline(const std::string& pipeline) {
  return read_zones(resources_folder() / "zones" / (pipeline + ".json"));
}

const ZoneScheme* find_scheme(const ZoneBook& book, const std::string& id) {
  for (const ZoneScheme& scheme : book.schemes)
    if (scheme.id == id) return &scheme;
  return nullptr;
}

const Zone* find_zone(const ZoneScheme& scheme, const std::string& id) {
  for (const Zone& zone : scheme.zones)
    if (upper(zone.id) == upper(id)) return &zone;
  return nullptr;
}

std::string zone_in_name(const std::string& file_name, const ZoneScheme& scheme) {
  std::string found, word;
  const std::string stem = fs::path(file_name).stem().string();
  for (const char c : stem + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    if (const Zone* z = find_zone(scheme, word)) {
      if (!found.empty() && found != z->id) return {};
      found = z->id;
    }
    word.clear();
  }
  return found;
}

}
