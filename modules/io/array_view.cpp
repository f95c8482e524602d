#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/array_meaning.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

Error bad(const fs::path& path, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path.string(), what),
               "docs/formats.md describes what such a file may say");
}

std::string word_of(const json& value, const fs::path& path, const std::string& key,
                    std::initializer_list<std::string_view> allowed) {
  const std::string word = value.get<std::string>();
  if (std::find(allowed.begin(), allowed.end(), word) == allowed.end())
    throw bad(path, fmt::format("'{}' cannot be '{}'", key, clean_text(word.substr(0, 40))));
  return word;
}

int extent_of(const json& value, const fs::path& path, const std::string& key) {
  const auto number = value.get<std::int64_t>();
  if (number < 1 || number > 0x7fffffff) throw bad(path, fmt::format("'{}' is {}", key, number));
  return static_cast<int>(number);
}

std::vector<std::string> words_of(const json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  return value.get<std::vector<std::string>>();
}

void set_key(ArrayView& view, const fs::path& path, const std::string& key, const json& value) {
  if (key == "as")
    view.as = word_of(value, path, key, {"cube", "recording", "image"});
  else if (key == "variable")
    view.variables = words_of(value);
  else if (key == "axes") {
    view.axes = words_of(value);
    for (const std::string& axis : view.axes)
      word_of(axis, path, key, {"lines", "samples", "bands", "pixels", "time", "channels"});
  } else if (key == "lines")
    view.lines = extent_of(value, path, key);
  else if (key == "samples")
    view.samples = extent_of(value, path, key);
  else if (key == "pixels")
    view.pixels = word_of(value, path, key, {"rows", "columns"});
  else if (key == "wavelengths")
    view.wavelengths = value.get<std::string>();
  else if (key == "unit")
    view.unit = clean_text(value.get<std::string>());
  else if (key == "rate_hz")
    view.rate_hz = value.get<double>();
  else if (key == "reflectance_scale")
    view.reflectance_scale = value.get<double>();
  else if (key == "ignore_value")
    view.ignore_value = value.get<double>();
  else
    throw bad(path, fmt::format("unknown key '{}'", clean_text(key.substr(0, 40))));
}

}

fs::path view_path(const fs::path& file) { return file.string() + ".view.json"; }

ArrayView view_of(const fs::path& file) {
  const fs::path path = view_path(file);
  std::error_code code;
  ArrayView view;
  if (!fs::is_regular_file(path, code)) return view;
  view.present = true;
  const json document = json::parse(read_text(path, 1u << 16), nullptr, false);
  if (!document.is_object()) throw bad(path, "is no JSON object");
  for (const auto& [key, value] : document.items()) try {
      set_key(view, path, key, value);
    } catch (const json::exception&) {
      throw bad(path,
                fmt::format("the value of '{}' is of another kind", clean_text(key.substr(0, 40))));
    }
  if (view.rate_hz && !(*view.rate_hz > 0))
    throw bad(path, fmt::format("'rate_hz' is {}", *view.rate_hz));
  if (view.reflectance_scale && !(*view.reflectance_scale > 0))
    throw bad(path, fmt::format("'reflectance_scale' is {}", *view.reflectance_scale));
  return view;
}

std::vector<std::string> view_companion(const fs::path& file) {
  std::error_code code;
  const fs::path path = view_path(file);
  if (!fs::is_regular_file(path, code)) return {};
  return {path.filename().string()};
}

}
