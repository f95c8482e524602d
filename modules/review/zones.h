// Zones of a body that an examination goes through: schemes are data
// (resources/zones/PIPELINE.json), and so is where each zone is drawn.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sensorium {

// Titles name the place ("right upper anterior"): the same place has the same title in each scheme.
struct Zone {
  std::string id, title;
  bool right = false;    // the patient's right
  std::string view = {}; // "front", "back", "right side", "left side": where it is drawn
  int row = 0, rows = 1; // from the top, of that view and side
};
struct ZoneScheme {
  std::string id, title, source;
  std::vector<Zone> zones;
};
struct ZoneBook {
  std::vector<std::string> patterns; // what each score from 0 stands for
  std::vector<ZoneScheme> schemes;
};
// Throws Error BadInput when the file is damaged, naming it.
ZoneBook read_zones(const std::filesystem::path& file);
ZoneBook zones_of_pipeline(const std::string& pipeline); // resources/zones/PIPELINE.json

const ZoneScheme* find_scheme(const ZoneBook& book, const std::string& id); // null: none
const Zone* find_zone(const ZoneScheme& scheme, const std::string& id); // in any case; null: none

// The zone that a part of a file's name is (parts end at anything but letters and digits), in any
// case of letters; empty when none or several are named.
std::string zone_in_name(const std::string& file_name, const ZoneScheme& scheme);

}
