// bench_cube FILE THREADS WHAT: one cube opened and worked on as the pipeline hs2rgb does it. WHAT:
// touch (every byte of the mapped file read once), read (the file by the system's calls, 1 MiB
// each), cie (linear sRGB of every pixel), checked (the same and saturated and dead pixels), all
// (open, sRGB, principal components, the picture of three of them). Prints seconds and the greatest
// resident size.
#include "hyperspectral/calibration.h"
#include "hyperspectral/colour.h"
#include "hyperspectral/components.h"
#include "hyperspectral/project.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <vector>

using namespace sensorium;
using namespace sensorium::hyper;

namespace {

// Every mapped byte once, in order, in pieces that are given back: the least that any reader does.
std::uint64_t touch(const Cube& cube) {
  std::uint64_t sum = 0;
  const auto bytes = cube.data.bytes();
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    sum += word;
    if (at % (32u << 20) == 0) cube.data.release();
  }
  return sum;
}

// The same by the system's calls into memory of our own: what a program does that maps nothing.
std::uint64_t read_once(const std::string& path) {
  std::ifstream file;
  file.rdbuf()->pubsetbuf(nullptr, 0);
  file.open(path, std::ios::binary);
  std::vector<char> some(1 << 20);
  std::uint64_t sum = 0;
  while (file.read(some.data(), static_cast<std::streamsize>(some.size())) || file.gcount() > 0)
    sum += static_cast<unsigned char>(some[0]);
  return sum;
}

// Of this process alone: what getrusage reports starts with its parent's size.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

double cpu_seconds() {
  struct rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto time = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return time(used.ru_utime) + time(used.ru_stime);
}

Projection srgb(const Cube& cube) {
  const Illuminant light = illuminant("D65");
  const ColourWeights weights =
      colour_weights(cube.wavelengths_nm, Observer::Cie1931, light, ColourSum::AstmE308, true);
  Projection p;
  for (int b = 0; b < cube.bands; ++b) {
    Triple w = product(srgb_matrix(), weights.xyz[static_cast<std::size_t>(b)]);
    if (w == Triple{}) continue;
    p.bands.push_back(b);
    p.weights.push_back(w);
  }
  return p;
}

}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string what = argv[3];
  Context context;
  context.threads = std::atoi(argv[2]);
  const double cpu_before = cpu_seconds(); // loading the program is not the cube's
  const auto start = std::chrono::steady_clock::now();
  Registry registry;
  registry.add(builtin_io());
  const Dataset dataset = registry.open(argv[1], context);
  const Cube& cube = std::get<Cube>(dataset);
  double check = 0;
  if (what == "touch") check = static_cast<double>(touch(cube) % 1000);
  if (what == "read") check = static_cast<double>(read_once(cube.data_path) % 1000);
  if (what == "cie" || what == "checked" || what == "all") {
    Raster raster(cube.lines, cube.samples);
    project(cube, srgb(cube), context, raster);
    check += static_cast<double>(raster.rows(0, 1)[0]);
  }
  if (what == "checked")
    check += check_pixels(cube, srgb(cube).bands, std::nullopt, context).greatest;
  if (what == "all") {
    const Statistics s = statistics(cube, {}, false, context);
    const Components components = principal_components(s, 3);
    Raster raster(cube.lines, cube.samples);
    project(cube, projection_on(s, components), context, raster);
    check = components.values[0];
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("{\"seconds\": %.4f, \"cpu\": %.4f, \"peak_mb\": %.1f, \"check\": %.6g}\n",
              seconds.count(), cpu_seconds() - cpu_before, peak_mb(), check);
  return 0;
}
