// bench_registration: registers pairs of raw volumes. Standard input: a pair a line,
// "A B WIDTH HEIGHT DEPTH_A DEPTH_B X_UM Y_UM Z_UM" (UInt8, [z][y][x]). Prints a line of JSON each.
#include "modules/imaging/registration.h"
#include "modules/core/file.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>

using namespace sensorium;

namespace {

Volume volume_of(const std::string& path, int width, int height, int depth,
                 const std::array<double, 3>& um) {
  Volume v;
  v.width = width, v.height = height, v.depth = depth;
  const std::string text = read_text(path);
  std::vector<std::uint8_t> pixels(text.begin(), text.end());
  v.pixels = Buffer::of(std::move(pixels));
  for (std::size_t i = 0; i < 3; ++i)
    v.spacing[i] = known_spacing(um[i], ScaleSource::Phantom, "phantom");
  v.origin.path = path;
  validate(v);
  return v;
}

}

int main() {
  std::string a, b;
  int width, height, depth_a, depth_b;
  std::array<double, 3> um;
  while (std::cin >> a >> b >> width >> height >> depth_a >> depth_b >> um[0] >> um[1] >> um[2]) {
    const Volume first = volume_of(a, width, height, depth_a, um),
                 second = volume_of(b, width, height, depth_b, um);
    const auto start = std::chrono::steady_clock::now();
    const Registration r = register_shift(first, second);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << nlohmann::json{{"found", r.found},
                                {"shift", r.shift},
                                {"correlation", r.correlation},
                                {"runner_up", r.runner_up},
                                {"seconds", took.count()}}
              << std::endl;
  }
}
