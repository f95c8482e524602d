// A set of reviewed cases, drawn.
#pragma once

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/io/grid_writer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <functional>

namespace sensorium::oct_hrf {
using nlohmann::json;
namespace fs = std::filesystem;

constexpr int width = 96, height = 80, depth = 3;

// A flat retina between rows 20 and 60; a lesion (1), a vessel (4) and an undecided patch (255) in
// the second B-scan.
struct MadeSet {
  fs::path folder;
  json index;

  explicit MadeSet(const std::string& name)
      : folder(fs::path(SENSORIUM_BINARY_DIR) / "test_reviewed_source" / name) {
    fs::remove_all(folder);
    fs::create_directories(folder / "images");
    fs::create_directories(folder / "masks");
    index = {{"format", "sensorium-training-set"},
             {"version", 1},
             {"pipeline", "oct_hrf"},
             {"labels", {{"1", "focus"}, {"2", "exudate"}, {"4", "vessel or shadow"}}},
             {"ignored_value", 255},
             {"items", json::array()}};
  }
  void add(const std::string& part, const std::string& patient, int shift = 0) {
    std::vector<std::uint8_t> image(std::size_t{width} * height * depth), mask(image.size());
    const auto at = [](int x, int y, int z) {
      return (static_cast<std::size_t>(z) * height + y) * width + x;
    };
    for (int z = 0; z < depth; ++z)
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          image[at(x, y, z)] =
              static_cast<std::uint8_t>((y >= 20 && y < 60 ? 110 : 15) + (x * 7 + y * 13 + z) % 11);
    const auto paint = [&](int x0, int y0, int value, int grey) {
      for (int y = y0; y < y0 + 4; ++y)
        for (int x = x0; x < x0 + 4; ++x) {
          mask[at(x, y, 1)] = static_cast<std::uint8_t>(value);
          image[at(x, y, 1)] = static_cast<std::uint8_t>(grey);
        }
    };
    paint(40 + shift, 36, 1, 250);
    paint(10, 40, 4, 200);
    paint(70, 44, 255, 230);
    const std::string name = std::to_string(index["items"].size() + 1) + ".nrrd";
    write(image, "image", folder / "images" / name);
    write(mask, "labels", folder / "masks" / name);
    index["items"].push_back({{"image", "images/" + name},
                              {"image_sha256", sha256_of_path(folder / "images" / name)},
                              {"mask", "masks/" + name},
                              {"mask_sha256", sha256_of_path(folder / "masks" / name)},
                              {"part", part},
                              {"patient", patient}});
  }
  fs::path save() const {
    std::ofstream(folder / "index.json") << index.dump();
    return folder;
  }

private:
  static void write(const std::vector<std::uint8_t>& values, const char* role,
                    const fs::path& path) {
    Volume volume{.width = width, .height = height, .depth = depth};
    volume.pixels = Buffer::of(values);
    for (Spacing& s : volume.spacing) s = unknown_spacing("made");
    grid::write_nrrd({.volume = volume, .role = role}, path);
  }
};

inline ErrorCode refused(const std::function<void()>& act, const std::string& text) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
    return e.code();
  }
  ADD_FAILURE() << "taken: " << text;
  return ErrorCode::Internal;
}

}
