// Shared by the tests of the medical plugins: temporary folders, Python judges, samples as numbers.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/registry.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" void sensorium_extension(sensorium::Extension* out);

namespace sensorium::test {
namespace fs = std::filesystem;

class Folder {
public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "sensorium_medical_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code code;
    fs::remove_all(path_, code);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

private:
  fs::path path_;
};

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

inline fs::path judges_python() { return fs::path(SENSORIUM_JUDGES) / "bin" / "python"; }

#define NEEDS_JUDGES()                                                                             \
  if (!fs::exists(sensorium::test::judges_python()))                                               \
  GTEST_SKIP() << "skipped: no judges (scripts/setup installs them)"
#define NEEDS_SHARED_DATA(folder)                                                                  \
  if (!fs::is_directory(fs::path(SENSORIUM_SHARED_DATA) / folder))                                 \
  GTEST_SKIP() << "skipped: no ../shared/data"

// Runs a Python script of the tests and parses what it prints.
inline nlohmann::json judge(const std::string& script, const std::vector<std::string>& arguments) {
  std::string command = judges_python().string() + " -W ignore " +
                        std::string(SENSORIUM_SOURCE_DIR) + "/tests/" + script;
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char piece[4096];
  while (const std::size_t count = std::fread(piece, 1, sizeof piece, pipe))
    text.append(piece, count);
  const int status = ::pclose(pipe);
  if (status != 0) throw std::runtime_error("the judge failed: " + command);
  return nlohmann::json::parse(text);
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

// float64, little endian, in the order of our buffers: how judges hand over samples.
inline std::vector<double> read_numbers(const fs::path& path) {
  const std::string text = read_text(path, 1u << 30);
  std::vector<double> out(text.size() / sizeof(double));
  std::memcpy(out.data(), text.data(), out.size() * sizeof(double));
  return out;
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
