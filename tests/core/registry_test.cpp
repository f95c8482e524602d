#include "modules/core/error.h"
#include "modules/core/registry.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

ReaderDefinition reader(const std::string& id, int score) {
  ReaderDefinition r;
  r.id = id;
  r.sniff = [score](const fs::path&, std::span<const std::byte> head) {
    return !head.empty() && head[0] == std::byte{'x'} ? score : 0;
  };
  r.load = [](const fs::path&, const Context&) {
    Volume v;
    v.width = v.height = v.depth = 1;
    v.pixels = Buffer::of(std::vector<std::uint8_t>{1});
    return Dataset(v);
  };
  r.header = r.load;
  return r;
}

class Extensions : public ::testing::Test {
protected:
  void SetUp() override { make_folder(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  nlohmann::json manifest() const {
    Extension extension;
    extension.id = "demo";
    PipelineDefinition p;
    p.info.id = "demo";
    p.info.input = "volume";
    extension.pipelines = {p};
    return manifest_of(extension, "demo.so");
  }
  void write(const nlohmann::json& json) { write_atomically(folder_ / "demo.json", json.dump()); }
  std::string failure() {
    Registry registry;
    registry.scan(folder_);
    return registry.extensions().at(0).failure;
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-registry-" + std::to_string(::getpid()));
};

TEST_F(Extensions, BestReaderWinsWhateverTheSuffix) {
  Registry registry;
  registry.add({.id = "t", .readers = {reader("weak", 20), reader("strong", 90)}});
  write_atomically(folder_ / "scan.png", "xyz");
  EXPECT_EQ(origin_of(registry.open(folder_ / "scan.png")).format, "strong");
}

TEST_F(Extensions, UnknownEmptyAndMissingFilesAreToldApart) {
  Registry registry;
  registry.add({.id = "t", .readers = {reader("one", 50)}});
  write_atomically(folder_ / "unknown", "abc");
  write_atomically(folder_ / "empty", "");
  const auto code = [&](const char* name) {
    try {
      registry.open(folder_ / name);
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode::Internal;
  };
  EXPECT_EQ(code("unknown"), ErrorCode::Unsupported);
  EXPECT_EQ(code("empty"), ErrorCode::BadInput);
  EXPECT_EQ(code("missing"), ErrorCode::NotFound);
}

TEST_F(Extensions, AFileThatChangesWhileItIsReadIsSaid) {
  const fs::path scan = folder_ / "scan";
  const auto code = [&](const std::function<void()>& change) {
    write_atomically(scan, "x" + std::string(100000, 'y'));
    ReaderDefinition one = reader("one", 50);
    one.load = [&, inner = one.load](const fs::path& path, const Context& context) {
      const auto map = MappedFile::open(path);
      change();
      if (map->bytes().back() != std::byte{'y'}) throw Error(ErrorCode::BadInput, "cut short");
      return inner(path, context);
    };
    Registry registry;
    registry.add({.id = "t", .readers = {one}});
    try {
      registry.open(scan);
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode::Internal;
  };
  EXPECT_EQ(code([] {}), ErrorCode::Internal); // nothing is thrown
  EXPECT_EQ(code([&] { fs::resize_file(scan, 10); }), ErrorCode::Conflict);
  EXPECT_EQ(code([&] { fs::resize_file(scan, 200000); }), ErrorCode::Conflict);
  EXPECT_EQ(code([&] { write_atomically(scan, "another"); }), ErrorCode::Conflict);
  EXPECT_EQ(code([&] { fs::remove(scan); }), ErrorCode::Conflict);
}

TEST_F(Extensions, ABadManifestIsListedWithItsReason) {
  write_atomically(folder_ / "demo.json", "{ not json");
  EXPECT_FALSE(failure().empty());
  write(manifest());
  EXPECT_NE(failure().find("missing"), std::string::npos) << failure();
  auto newer = manifest();
  newer["interface"] = interface_version + 1;
  write(newer);
  EXPECT_NE(failure().find("interface"), std::string::npos);
  auto foreign = manifest();
  foreign["build"] = "other";
  write(foreign);
  EXPECT_NE(failure().find("built as"), std::string::npos);
}

TEST_F(Extensions, ALibraryThatIsNoneIsListedWithItsReason) {
  write(manifest());
  write_atomically(folder_ / "demo.so", "not a library");
  Registry registry;
  registry.scan(folder_);
  EXPECT_TRUE(registry.extensions().at(0).failure.empty())
      << "code is not loaded before it is needed";
  EXPECT_THROW(registry.pipeline("demo"), Error);
  EXPECT_FALSE(registry.extensions().at(0).failure.empty());
}

TEST_F(Extensions, AMistypedPipelineGetsASuggestion) {
  Registry registry;
  PipelineDefinition p;
  p.info.id = "oct_hrf";
  p.info.input = "volume";
  registry.add({.id = "oct_hrf", .pipelines = {p}});
  try {
    registry.pipeline("oct_hrv");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(e.hint().find("oct_hrf"), std::string::npos);
  }
}

}
}
