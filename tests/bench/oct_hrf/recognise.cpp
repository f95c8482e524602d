#include "pipelines/oct_hrf/recognise.h"

#include "modules/core/error.h"
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/surfaces.h"
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

// The rows from first to last of every B-scan.
Volume rows_of(const Volume& v, int first, int last) {
  Volume out = v;
  out.height = last - first;
  const auto row = static_cast<std::size_t>(v.width) * v.channels * size_of(v.type);
  std::vector<std::byte> bytes;
  for (int z = 0; z < v.depth; ++z) {
    const auto from =
        v.pixels.bytes().begin() +
        static_cast<std::ptrdiff_t>((static_cast<std::size_t>(z) * v.height + first) * row);
    bytes.insert(bytes.end(), from, from + static_cast<std::ptrdiff_t>(out.height * row));
  }
  out.pixels = Buffer(std::move(bytes));
  out.surfaces.clear();
  return out;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

}

// First B-scans of the files, cut below at parts of the way from ILM to BM (in the median column),
// and above.
void recognise_cut(const Arguments& files) {
  for (const std::string& file : files) {
    Volume v = open_volume(file);
    v.pixels = Buffer(std::vector<std::byte>(
        v.pixels.bytes().begin(),
        v.pixels.bytes().begin() + static_cast<std::ptrdiff_t>(v.pixels.bytes().size() /
                                                               static_cast<std::size_t>(v.depth))));
    v.depth = 1;
    v.surfaces.clear();
    const std::vector<float> n = oct_hrf::normalise_volume(
        finite_samples(v), static_cast<std::size_t>(v.width) * v.height, 2);
    const oct_hrf::BscanLines lines =
        oct_hrf::trace_bscan(oct_hrf::enhance_bscan(n, v.width, v.height), v.width, v.height);
    std::printf("%s: %s\n", file.c_str(), verdict(v).c_str());
    if (!lines.failure.empty()) continue;
    for (const double part : {0.2, 0.4, 0.6, 0.8, 0.95, 1.1, 1.3}) {
      std::vector<double> rows;
      for (int x = 0; x < v.width; ++x)
        rows.push_back(lines.ilm[x] + part * (lines.bm[x] - lines.ilm[x]));
      const int at = static_cast<int>(median(rows));
      if (at < 64 || at >= v.height) continue;
      std::printf("  below %.2f: %s\n", part, verdict(rows_of(v, 0, at)).c_str());
      if (part < 0.5 && v.height - at > 64)
        std::printf("  above %.2f: %s\n", part, verdict(rows_of(v, at, v.height)).c_str());
    }
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
