#include "pipelines/oct_hrf/recognise.h"

#include "modules/core/error.h"
#include "pipelines/oct_hrf/normalise.h"
#include "tests/bench/oct_hrf/bench.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace sensorium::bench {

namespace {

Volume turned(const Volume& v) {
  Volume out = v;
  const auto row = static_cast<std::size_t>(v.width) * v.channels * size_of(v.type);
  std::vector<std::byte> bytes(v.pixels.bytes().begin(), v.pixels.bytes().end());
  for (int z = 0; z < v.depth; ++z)
    for (int y = 0; y < v.height; ++y)
      std::copy_n(v.pixels.bytes().data() + (static_cast<std::size_t>(z) * v.height + y) * row, row,
                  bytes.data() + (static_cast<std::size_t>(z) * v.height + v.height - 1 - y) * row);
  out.pixels = Buffer(std::move(bytes));
  return out;
}

std::string verdict(const Volume& v) {
  const std::vector<float> n =
      oct_hrf::normalise_volume(finite_samples(v), static_cast<std::size_t>(v.width) * v.height, 2);
  const oct_hrf::Recognition r = oct_hrf::recognise(v, n);
  std::string text = r.refused ? "REFUSED" : "ok";
  for (const std::string& note : r.notes) text += " | " + note;
  return text;
}

}

void recognise(const Arguments& files) {
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).parent_path().filename().string() + "/" +
                             std::filesystem::path(file).filename().string();
    try {
      const Volume v = open_volume(file);
      std::printf("%s %dx%dx%dx%d: %s\n", name.c_str(), v.width, v.height, v.depth, v.channels,
                  verdict(v).c_str());
      std::printf("    turned: %s\n", verdict(turned(v)).c_str());
    } catch (const Error& e) {
      std::printf("%s: not opened: %s\n", name.c_str(), e.what());
    }
  }
}

}
