// Shared by the tests of cubes: the built-in readers, errors.
#pragma once

#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "tests/support/files.h"

namespace sensorium::test {

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
