// Shared by the tests of the medical plugins: the plugin alone as a registry, samples as numbers.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/registry.h"
#include "tests/support/files.h"

#include <cmath>
#include <optional>
#include <string>
#include <vector>

extern "C" void sensorium_extension(sensorium::Extension* out);

namespace sensorium::test {

inline Registry& registry() {
  static Registry* one = [] {
    auto* made = new Registry;
    Extension extension;
    sensorium_extension(&extension);
    made->add(std::move(extension));
    return made;
  }();
  return *one;
}

template<class T> std::vector<double> widened(const Buffer& buffer) {
  const auto in = samples<T>(buffer);
  return {in.begin(), in.end()};
}

inline std::vector<double> numbers(PixelType type, const Buffer& pixels) {
  switch (type) {
  case PixelType::UInt8:
    return widened<std::uint8_t>(pixels);
  case PixelType::Int8:
    return widened<std::int8_t>(pixels);
  case PixelType::UInt16:
    return widened<std::uint16_t>(pixels);
  case PixelType::Int16:
    return widened<std::int16_t>(pixels);
  case PixelType::UInt32:
    return widened<std::uint32_t>(pixels);
  case PixelType::Int32:
    return widened<std::int32_t>(pixels);
  case PixelType::Float32:
    return widened<float>(pixels);
  case PixelType::Float64:
    return widened<double>(pixels);
  }
  return {};
}

inline std::vector<double> numbers(const Dataset& dataset) {
  if (const auto* video = std::get_if<Video>(&dataset)) return numbers(video->type, video->pixels);
  const auto& volume = std::get<Volume>(dataset);
  return numbers(volume.type, volume.pixels);
}

inline void expect_same(const std::vector<double>& got, const std::vector<double>& want,
                        double tolerance = 0) {
  ASSERT_EQ(got.size(), want.size());
  double worst = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    if (const double d = std::abs(got[i] - want[i]); !(d <= worst)) {
      worst = d;
      where = i;
    }
  EXPECT_LE(worst, tolerance) << "at sample " << where << ": " << got[where] << " instead of "
                              << want[where];
}

inline std::optional<Error> error_of(const fs::path& path) {
  try {
    registry().open(path);
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

// One clear error: of the code, naming the file and (a part of) the value, with a hint.
inline void expect_error(const fs::path& path, ErrorCode code, const std::string& part) {
  const auto error = error_of(path);
  ASSERT_TRUE(error) << path << " was opened";
  EXPECT_EQ(error->code(), code) << error->what();
  EXPECT_NE(std::string(error->what()).find(part), std::string::npos) << error->what();
  EXPECT_NE(std::string(error->what()).find(path.filename().string()), std::string::npos)
      << error->what();
  EXPECT_FALSE(error->hint().empty());
}

}
