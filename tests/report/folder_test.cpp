#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/report/result_folder.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

class ResultFolder : public testing::Test {
protected:
  ResultFolder()
      : root_(fs::temp_directory_path() / ("sensorium-folder-" + std::to_string(::getpid()))) {
    make_folder(root_);
    result_.recipe.pipeline = "oct_hrf";
    result_.recipe.inputs = {{(root_ / "scan.vol").string(), ""}};
    result_.findings.pipeline = "oct_hrf";
    result_.findings.items.resize(1);
    result_.findings.items[0].id = "first";
    result_.artifacts = {{"soft_map", "soft map", {}}};
    result_.mask = Volume{};
  }
  ~ResultFolder() override { fs::remove_all(root_); }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(root_ / "case"))
      out.push_back(entry.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }
  static VolumeWriter writer(const std::string& content) {
    return [content](const Volume&, const std::string&, const fs::path& path) {
      write_atomically(path, content);
    };
  }

  fs::path root_;
  CaseResult result_;
};

const std::vector<std::string> complete_result{"findings.csv",    "findings.json", "mask.nrrd",
                                               "provenance.json", "recipe.json",   "soft_map.nrrd",
                                               "surfaces.json"};

TEST_F(ResultFolder, HoldsItsFilesAndNothingElse) {
  write_result_folder(root_ / "case", result_, writer("map"));
  EXPECT_EQ(names(), complete_result);
  EXPECT_TRUE(read_result_folder(root_ / "case", {}).changed_files.empty());
}

// A file may grow to a few bytes only, as on a disk that fills up while the result is written.
TEST_F(ResultFolder, AFullDiskLeavesTheEarlierResultAsItWas) {
  write_result_folder(root_ / "case", result_, writer("map"));
  const auto before = sha256_of_path(root_ / "case");
  result_.findings.items[0].id = "second";
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{5000, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(write_result_folder(root_ / "case", result_, writer(std::string(9000, 'x'))), Error);
  EXPECT_THROW(write_result_folder(root_ / "new", result_, writer(std::string(9000, 'x'))), Error);
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(sha256_of_path(root_ / "case"), before);
  EXPECT_EQ(names(), complete_result);
  EXPECT_FALSE(fs::exists(root_ / "new" / "findings.json"));
}

TEST_F(ResultFolder, WhatAKilledProcessLeftIsCleared) {
  make_folder(root_ / "case" / ".writing-999999999");
  write_atomically(root_ / "case" / ".writing-999999999" / "mask.nrrd", "half");
  write_result_folder(root_ / "case", result_, writer("map"));
  EXPECT_EQ(names(), complete_result);
}

TEST_F(ResultFolder, AFileInTheWayIsOneError) {
  write_atomically(root_ / "case", "a file");
  EXPECT_THROW(write_result_folder(root_ / "case", result_, writer("map")), Error);
  EXPECT_THROW(check_writable(root_ / "case"), Error);
  EXPECT_THROW(check_writable(root_ / "case" / "below"), Error);
  EXPECT_NO_THROW(check_writable(root_ / "not" / "there" / "yet"));
  EXPECT_FALSE(fs::exists(root_ / "not"));
}

TEST_F(ResultFolder, ThePicturesOfARecordingAreCheckedWithIt) {
  write_atomically(root_ / "scan.xml", "<HEDX/>");
  write_atomically(root_ / "1.tif", "one");
  Recipe recipe;
  recipe.inputs = {{(root_ / "scan.xml").string(), "", {"1.tif"}}};
  recipe.inputs[0].sha256 = sha256_of_files(root_ / "scan.xml", {"1.tif"});
  EXPECT_EQ(check_sources(recipe)[0].status, SourceStatus::Same);
  write_atomically(root_ / "1.tif", "two");
  EXPECT_EQ(check_sources(recipe)[0].status, SourceStatus::Changed);
  fs::remove(root_ / "1.tif");
  EXPECT_EQ(check_sources(recipe)[0].status, SourceStatus::Missing);
}

}
}
