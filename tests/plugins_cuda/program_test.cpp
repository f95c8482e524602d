// `--device cuda:0` as a user meets it: refused without a driver; with one (the stand-in), the
// plugin computes, and the result says so.
#include "modules/core/accelerator.h"
#include "modules/core/devices.h"
#include "modules/core/file.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::run_program;

const std::string samples = SENSORIUM_SOURCE_DIR "/resources/samples/";

class Program : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
    for (const char* name : {"libcuda.so.1", "libcufft.so.12"})
      fs::create_symlink(SENSORIUM_BINARY_DIR "/lib/libfake_nvidia.so", folder_ / name);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // As if the machine had a GPU: the stand-in is found before any driver.
  Outcome with_gpu(std::vector<std::string> words) const {
    words.insert(words.begin(), {"/usr/bin/env", "LD_LIBRARY_PATH=" + folder_.string(),
                                 "FAKE_GPU_LOOKS=1", program_});
    return run_program(words);
  }
  static json notes_of(const fs::path& result) {
    const json provenance = json::parse(read_text(result / "provenance.json", 1 << 20));
    return provenance.at("notes");
  }
  static bool holds(const json& notes, const std::string& text) {
    return std::any_of(notes.begin(), notes.end(), [&](const json& note) {
      return note.get<std::string>().find(text) != std::string::npos;
    });
  }
  const std::string program_ = SENSORIUM_BINARY_DIR "/bin/sensorium";
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-cuda-" + std::to_string(::getpid()));
};

TEST_F(Program, WithoutAGpuTheDeviceIsRefusedInOneLine) {
  if (devices().size() > 1) GTEST_SKIP() << "skipped: this machine has a GPU";
  const Outcome run = run_program({program_, "run", "hs2rgb", samples + "chart_sample.hdr",
                                   "--device", "cuda:0", "-o", path("none")});
  EXPECT_NE(run.status, 0);
  EXPECT_NE(run.err.find("error: there is no device 'cuda:0'"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("hint: this machine has: cpu"), std::string::npos) << run.err;
  const Outcome automatic =
      run_program({program_, "run", "hs2rgb", samples + "chart_sample.hdr", "-o", path("auto")});
  EXPECT_EQ(automatic.status, 0) << automatic.err;
  EXPECT_FALSE(holds(notes_of(folder_ / "auto"), "computed on"));
}

TEST_F(Program, AGpuIsListed) {
  const Outcome list = with_gpu({"devices"});
  EXPECT_NE(list.out.find("cuda:0"), std::string::npos) << list.out << list.err;
  EXPECT_NE(list.out.find("Pretended GPU"), std::string::npos) << list.out;
}

TEST_F(Program, AResultNamesWhatComputedIt) {
  const bool built = fs::exists(SENSORIUM_BINARY_DIR "/extensions/cuda.json");
  const Outcome cube = with_gpu(
      {"run", "hs2rgb", samples + "chart_sample.hdr", "--device", "cuda:0", "-o", path("cube")});
  ASSERT_EQ(cube.status, 0) << cube.err;
  const Outcome scan = with_gpu({"run", "oct_hrf", samples + "oct_phantom_sample.nrrd", "--device",
                                 "cuda:0", "--detector", "top_hat", "-o", path("scan")});
  ASSERT_EQ(scan.status, 0) << scan.err;
  const std::string where =
      built ? " was computed on cuda:0 (Pretended GPU)."
            : " was computed on the processor, not on cuda:0: this installation has no extension "
              "'cuda'.";
  EXPECT_TRUE(holds(notes_of(folder_ / "cube"), "The projection" + where))
      << notes_of(folder_ / "cube");
  EXPECT_TRUE(holds(notes_of(folder_ / "scan"), "The enhancement" + where))
      << notes_of(folder_ / "scan");
}

}
}
