// ONNX Runtime is the judge of every builder's variants and of every model that ships, with and
// without the graph passes.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

namespace {
namespace fs = std::filesystem;

TEST(Agreement, WithOnnxRuntime) {
  const fs::path python = fs::path(SENSORIUM_JUDGES) / "bin/python";
  if (!fs::exists(python)) GTEST_SKIP() << "skipped: no judges (scripts/setup installs them)";
  const std::string bin = std::string(SENSORIUM_BINARY_DIR) + "/bin/";
  const std::string command = python.string() + " -W ignore " + SENSORIUM_SOURCE_DIR +
                              "/tests/learn_graph/agree.py " + bin + "make_model " + bin +
                              "run_model";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string text;
  char piece[4096];
  while (const std::size_t n = std::fread(piece, 1, sizeof piece, pipe)) text.append(piece, n);
  ASSERT_EQ(::pclose(pipe), 0) << text;
  const auto results = nlohmann::json::parse(text);
  std::size_t shipped = 0;
  for (const auto& entry : fs::directory_iterator(SENSORIUM_SOURCE_DIR "/resources/models"))
    shipped += entry.path().extension() == ".onnx";
  EXPECT_GE(shipped, 4u);
  EXPECT_GE(results.size(), 37u + 2 * shipped);
  for (const auto& [name, value] : results.items()) EXPECT_LE(value.get<double>(), 1e-4) << name;
}

}
