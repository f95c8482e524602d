#include "modules/core/training_set.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

fs::path inside(const fs::path& folder, const json& name) {
  const fs::path path = name.get<std::string>();
  const bool leaves = path.empty() || path.is_absolute() ||
                      std::find(path.begin(), path.end(), fs::path("..")) != path.end();
  if (leaves)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' names '{}', which lies outside its folder",
                            (folder / "index.json").string(), path.string()),
                "make the training set again");
  return folder / path;
}

int value_of(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 254)
    throw Error(ErrorCode::BadInput, fmt::format("the label value '{}' is none of 1 to 254", text));
  return value;
}

TrainingSet parse(const fs::path& folder, const std::string& text) {
  const json index =
      parse_json(text, (folder / "index.json").string(), "make the training set again");
  if (index.at("format") != "sensorium-training-set")
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is no training set", (folder / "index.json").string()),
                "make one with 'sensorium dataset from-reviews'");
  if (index.at("version").get<int>() > 1)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' is newer than this program", (folder / "index.json").string()),
                "use the program version that wrote it, or a later one");
  TrainingSet out;
  out.pipeline = index.at("pipeline").get<std::string>();
  out.ignored_value = index.value("ignored_value", 255);
  out.index_sha256 = sha256(text);
  for (const auto& [value, label] : index.at("labels").items())
    out.labels[value_of(value)] = label.get<std::string>();
  std::map<std::string, std::string> part_of;
  for (const json& item : index.at("items")) {
    TrainingItem one{.image = inside(folder, item.at("image")),
                     .mask = inside(folder, item.at("mask")),
                     .image_sha256 = item.at("image_sha256").get<std::string>(),
                     .mask_sha256 = item.at("mask_sha256").get<std::string>(),
                     .part = item.at("part").get<std::string>(),
                     .patient = item.at("patient").get<std::string>()};
    const auto [known, fresh] = part_of.try_emplace(one.patient, one.part);
    if (!fresh && known->second != one.part)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' has patient {} in '{}' and in '{}'",
                              (folder / "index.json").string(), one.patient, known->second,
                              one.part),
                  "make the training set again: a patient belongs to one part");
    out.items.push_back(std::move(one));
  }
  return out;
}

void verify_file(const fs::path& path, const std::string& wanted) {
  if (!fs::exists(path))
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' of the training set is missing", path.string()),
                "make the training set again, or copy it whole");
  if (sha256_of_path(path) != wanted)
    throw Error(
        ErrorCode::BadInput,
        fmt::format("'{}' is not the file that the training set was made with", path.string()),
        "make the training set again, or copy it whole");
}

}

TrainingSet read_training_set(const fs::path& folder) {
  if (!fs::exists(folder / "index.json"))
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' is no training set: it has no index.json", folder.string()),
                "make one with 'sensorium dataset from-reviews'");
  const std::string text = read_text(folder / "index.json", 512u << 20);
  try {
    return parse(folder, text);
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is damaged: {}", (folder / "index.json").string(), json_fault(e)),
                "make the training set again");
  }
}

void verify(const TrainingItem& item) {
  verify_file(item.image, item.image_sha256);
  verify_file(item.mask, item.mask_sha256);
}

}
