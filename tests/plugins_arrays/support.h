// The program's own readers and the plugins of the build, as it loads them.
#pragma once

#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "tests/support/files.h"

#include <cmath>

namespace sensorium::test {

inline Registry& registry() {
  static Registry* one = [] {
    auto* made = new Registry;
    made->add(builtin_io());
    made->scan(fs::path(SENSORIUM_BINARY_DIR) / "extensions");
    return made;
  }();
  return *one;
}

inline Error error_of(const fs::path& path) {
  try {
    registry().open(path);
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << path << " was opened";
  return Error(ErrorCode::Internal, "");
}

inline void expect_error(const fs::path& path, ErrorCode code, const std::string& part) {
  const Error e = error_of(path);
  EXPECT_EQ(e.code(), code) << e.what();
  EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  EXPECT_NE(std::string(e.what()).find(path.filename().string()), std::string::npos) << e.what();
  EXPECT_FALSE(e.hint().empty());
}

inline void expect_same(const std::vector<double>& got, const std::vector<double>& want,
                        double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_LE(std::abs(got[i] - want[i]), tolerance) << "at " << i;
}

}
