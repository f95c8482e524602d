// Shared by the tests of readers: a temporary folder, files, Python judges, errors.
#pragma once

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace sensorium::test {
namespace fs = std::filesystem;

class Folder {
public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "sensorium_test_XXXXXX").string();
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

inline void write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

template<class T> std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
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

// float64, little endian, in the order of our buffers: how judges hand over samples.
inline std::vector<double> read_numbers(const fs::path& path) {
  const std::string text = read_text(path, 1u << 30);
  std::vector<double> out(text.size() / sizeof(double));
  std::memcpy(out.data(), text.data(), out.size() * sizeof(double));
  return out;
}

}
