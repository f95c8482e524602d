// Shared by the tests of cubes: a folder, files, errors.
#pragma once

#include "modules/core/error.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace sensorium::test {
namespace fs = std::filesystem;

class Folder {
public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "sensorium_cube_XXXXXX").string();
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

inline Registry& registry() {
  static Registry* one = [] {
    auto* made = new Registry;
    made->add(builtin_io());
    return made;
  }();
  return *one;
}

inline Cube open_cube(const fs::path& path) { return std::get<Cube>(registry().open(path)); }

// The error that work throws; fails the test when it throws none.
template<class Work> Error error_of(const Work& work) {
  try {
    work();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error";
  return Error(ErrorCode::Internal, "");
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline bool warns(const Cube& cube, const std::string& part) {
  for (const std::string& warning : cube.origin.warnings)
    if (contains(warning, part)) return true;
  return false;
}

}
