#include "hyperspectral/scene_labels.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/random.h"
#include "modules/io/envi_reader.h"
#include "modules/io/npy_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

namespace sensorium::hyper {
namespace {

namespace fs = std::filesystem;

constexpr int most_classes = 200;
constexpr std::uint64_t most_pixels = std::uint64_t{1} << 28;

bool is_erdas(std::span<const std::byte> head) {
  constexpr std::string_view magic = "HEAD74";
  return head.size() >= 128 &&
         std::equal(magic.begin(), magic.end(), reinterpret_cast<const char*>(head.data()));
}

std::uint32_t little(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

// ERDAS 7.4 "GIS": 128 bytes of header (packing at 6, bands at 8, width at 16, height at 20).
LabelMap read_erdas(const fs::path& path) {
  const auto map = MappedFile::open(path);
  const auto bytes = map->bytes();
  const std::uint32_t packing = little(bytes, 6, 2), bands = little(bytes, 8, 2),
                      width = little(bytes, 16, 4), height = little(bytes, 20, 4);
  if (packing != 0 || bands != 1)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' is an ERDAS file of {} bands and packing {}", path.string(),
                            bands, packing),
                "one band of 8 bits is read");
  const std::uint64_t pixels = std::uint64_t{width} * height;
  if (pixels == 0 || pixels > most_pixels || bytes.size() < 128 + pixels)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is cut short: {} x {} labels do not fit into {} bytes",
                            path.string(), height, width, bytes.size()));
  LabelMap out{static_cast<int>(height), static_cast<int>(width), 0, {}};
  for (std::uint64_t i = 0; i < pixels; ++i)
    out.labels.push_back(std::to_integer<std::uint8_t>(bytes[128 + i]));
  return out;
}

LabelMap read_band(const fs::path& path, const Cube& cube) {
  if (cube.bands != 1 || is_complex(cube.type))
    throw Error(ErrorCode::BadInput, fmt::format("'{}' has {} bands; a map of classes has one",
                                                 path.string(), cube.bands));
  if (cube.pixels() > most_pixels)
    throw Error(ErrorCode::Resources, fmt::format("'{}' has {} pixels; up to {} are read",
                                                  path.string(), cube.pixels(), most_pixels));
  LabelMap out{cube.lines, cube.samples, 0, {}};
  std::vector<double> values(cube.pixels());
  read_tile<double>(cube, {0, cube.lines, 0, cube.samples}, {}, TileOrder::Pixels, values);
  for (const double v : values) {
    if (!(v >= 0 && v <= most_classes) || v != std::floor(v))
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' holds the value {}; classes are whole numbers from 0 (none) to "
                              "{}",
                              path.string(), v, most_classes));
    out.labels.push_back(static_cast<std::uint8_t>(v));
  }
  return out;
}

std::vector<std::size_t> labelled_pixels(const LabelMap& map) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < map.labels.size(); ++i)
    if (map.labels[i] != 0) out.push_back(i);
  return out;
}

// A seeded order of 0 .. count-1.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t key) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(key);
  for (std::size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(static_cast<int>(i)))]);
  return order;
}

void check_sides(const Split& split, double percent) {
  for (const Part part : {Part::Training, Part::Test})
    if (std::find(split.parts.begin(), split.parts.end(), part) == split.parts.end())
      throw Error(ErrorCode::Usage,
                  fmt::format("{:g} % of the labels for training leave one side of the split empty",
                              percent),
                  "choose another percentage or smaller blocks");
}

}

std::size_t LabelMap::labelled() const {
  return labels.size() -
         static_cast<std::size_t>(std::count(labels.begin(), labels.end(), std::uint8_t{0}));
}

LabelMap read_label_map(const fs::path& path) {
  const std::vector<std::byte> head = read_head(path);
  LabelMap out = is_erdas(head)         ? read_erdas(path)
                 : npy::sniff(head) > 0 ? read_band(path, npy::load_map(path, Samples::Load))
                                        : read_band(path, envi::load(path, Samples::Load));
  out.classes = *std::max_element(out.labels.begin(), out.labels.end());
  if (out.classes == 0)
    throw Error(ErrorCode::BadInput, fmt::format("'{}' labels no pixel", path.string()),
                "classes are numbered from 1; 0 is no label");
  if (out.classes > most_classes)
    throw Error(ErrorCode::BadInput, fmt::format("'{}' holds the class {}; up to {} are read",
                                                 path.string(), out.classes, most_classes));
  return out;
}

void check_size(const LabelMap& map, int lines, int samples, const std::string& cube) {
  if (map.lines == lines && map.samples == samples) return;
  throw Error(ErrorCode::BadInput,
              fmt::format("the labels are {} x {} pixels, '{}' is {} x {}", map.lines, map.samples,
                          cube, lines, samples),
              "give the labels of this cube (lines x samples)");
}

Split split_by_blocks(const LabelMap& map, int block, double percent, std::uint64_t seed) {
  const int across = (map.samples + block - 1) / block;
  std::map<int, std::vector<std::size_t>> blocks;
  for (const std::size_t i : labelled_pixels(map)) {
    const auto line = static_cast<int>(i / static_cast<std::size_t>(map.samples)),
               sample = static_cast<int>(i % static_cast<std::size_t>(map.samples));
    blocks[line / block * across + sample / block].push_back(i);
  }
  std::vector<const std::vector<std::size_t>*> lists;
  for (const auto& [number, pixels] : blocks) lists.push_back(&pixels);
  Split out{std::vector<Part>(map.labels.size(), Part::None), false};
  const double wanted = percent / 100 * static_cast<double>(map.labelled());
  double taken = 0;
  for (const std::size_t k : shuffled(lists.size(), random_key({seed, 0x626c6f636b}))) {
    const auto size = static_cast<double>(lists[k]->size());
    const bool training = taken + size / 2 <= wanted;
    if (training) taken += size;
    for (const std::size_t i : *lists[k]) out.parts[i] = training ? Part::Training : Part::Test;
  }
  check_sides(out, percent);
  return out;
}

Split split_by_pixels(const LabelMap& map, double percent, std::uint64_t seed) {
  const std::vector<std::size_t> pixels = labelled_pixels(map);
  Split out{std::vector<Part>(map.labels.size(), Part::None), true};
  const auto wanted =
      static_cast<std::size_t>(std::lround(percent / 100 * static_cast<double>(pixels.size())));
  const auto order = shuffled(pixels.size(), random_key({seed, 0x706978656c}));
  for (std::size_t k = 0; k < order.size(); ++k)
    out.parts[pixels[order[k]]] = k < wanted ? Part::Training : Part::Test;
  check_sides(out, percent);
  return out;
}

std::vector<std::uint8_t> training_labels(const LabelMap& map, const Split& split, double percent,
                                          std::uint64_t seed) {
  std::map<std::uint8_t, std::vector<std::size_t>> of_class;
  for (std::size_t i = 0; i < map.labels.size(); ++i)
    if (split.parts[i] == Part::Training) of_class[map.labels[i]].push_back(i);
  std::vector<std::uint8_t> out(map.labels.size(), 0);
  for (const auto& [c, pixels] : of_class) {
    const auto order = shuffled(pixels.size(), random_key({seed, 0x6c6162656c, c}));
    const auto count = static_cast<std::size_t>(
        std::max(1L, std::lround(percent / 100 * static_cast<double>(pixels.size()))));
    for (std::size_t k = 0; k < std::min(count, pixels.size()); ++k) out[pixels[order[k]]] = c;
  }
  return out;
}

std::vector<std::uint8_t> majority(const std::vector<std::uint8_t>& classes, int lines, int samples,
                                   int side) {
  const int reach = side / 2;
  std::vector<std::uint8_t> out(classes.size());
  for (int y = 0; y < lines; ++y)
    for (int x = 0; x < samples; ++x) {
      std::array<int, 256> count{};
      for (int v = std::max(0, y - reach); v <= std::min(lines - 1, y + reach); ++v)
        for (int u = std::max(0, x - reach); u <= std::min(samples - 1, x + reach); ++u)
          ++count[classes[static_cast<std::size_t>(v) * static_cast<std::size_t>(samples) +
                          static_cast<std::size_t>(u)]];
      const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(samples) +
                             static_cast<std::size_t>(x);
      const auto most = std::max_element(count.begin(), count.end());
      out[at] = count[classes[at]] == *most ? classes[at]
                                            : static_cast<std::uint8_t>(most - count.begin());
    }
  return out;
}

SceneScore score_map(const LabelMap& map, const Split& split,
                     const std::vector<std::uint8_t>& found, int away) {
  Confusion table(256);
  SceneScore score;
  for (int y = 0; y < map.lines; ++y)
    for (int x = 0; x < map.samples; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(map.samples) +
                             static_cast<std::size_t>(x);
      if (split.parts[at] != Part::Test) continue;
      bool near = false;
      for (int v = std::max(0, y - away); away > 0 && v <= std::min(map.lines - 1, y + away); ++v)
        for (int u = std::max(0, x - away); u <= std::min(map.samples - 1, x + away); ++u)
          near = near ||
                 split.parts[static_cast<std::size_t>(v) * static_cast<std::size_t>(map.samples) +
                             static_cast<std::size_t>(u)] == Part::Training;
      if (near) continue;
      table.add(map.labels[at], found[at]);
      ++score.pixels;
    }
  if (score.pixels == 0) return score;
  const auto all = static_cast<double>(score.pixels);
  double chance = 0;
  int classes = 0;
  for (int c = 0; c < 256; ++c) {
    const auto truths = static_cast<double>(table.truths(c));
    chance += truths / all * static_cast<double>(table.found(c)) / all;
    if (truths == 0) continue;
    score.average += static_cast<double>(table.count(c, c)) / truths;
    ++classes;
  }
  score.average /= classes;
  score.overall = table.accuracy();
  score.kappa = chance < 1 ? (score.overall - chance) / (1 - chance) : 0;
  return score;
}

}
