#include "modules/signal/bearing_list.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/promoted_models.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::size_t most_own = 500;

Error bad_list(const fs::path& file, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", file.string(), what),
               "it holds a list of bearings, each with name, elements, element_diameter and "
               "pitch_diameter; mend or remove the file");
}

void write_list(const std::vector<Bearing>& list, const fs::path& file) {
  json out = json::array();
  for (const Bearing& b : list) out.push_back(to_json(b));
  make_folder(file.parent_path());
  write_atomically(file, out.dump(2) + "\n");
}

}

fs::path own_bearings_file() { return user_data_folder() / "bearings.json"; }

std::vector<Bearing> own_bearings(const fs::path& file) {
  std::error_code code;
  if (!fs::exists(file, code)) return {};
  const json in = json::parse(read_text(file, 1 << 20), nullptr, false);
  if (!in.is_array() || in.size() > most_own) throw bad_list(file, "it is no list of bearings");
  std::vector<Bearing> out;
  for (const json& one : in) {
    if (!one.is_object()) throw bad_list(file, "a bearing in it is no object");
    out.push_back(bearing_from_json(one, file.string()));
    if (out.back().name.empty()) throw bad_list(file, "a bearing in it has no name");
  }
  return out;
}

void keep_bearing(const Bearing& bearing, const fs::path& file) {
  bearing_from_json(to_json(bearing), "the bearing"); // refuses what is none
  if (bearing.name.empty())
    throw Error(ErrorCode::BadInput, "a bearing of the list needs a name", "enter its name");
  for (const Bearing& b : common_bearings())
    if (b.name == bearing.name)
      throw Error(
          ErrorCode::BadInput,
          fmt::format("'{}' is the name of a common bearing, which does not change", bearing.name),
          "give yours another name");
  std::vector<Bearing> list = own_bearings(file);
  std::erase_if(list, [&](const Bearing& b) { return b.name == bearing.name; });
  if (list.size() >= most_own)
    throw Error(ErrorCode::BadInput, fmt::format("the list holds {} bearings already", most_own),
                "remove some");
  list.push_back(bearing);
  write_list(list, file);
}

bool forget_bearing(const std::string& name, const fs::path& file) {
  std::vector<Bearing> list = own_bearings(file);
  if (std::erase_if(list, [&](const Bearing& b) { return b.name == name; }) == 0) return false;
  write_list(list, file);
  return true;
}

}
