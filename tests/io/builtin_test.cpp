#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "tests/io/support.h"

#include <nlohmann/json.hpp>

namespace sensorium {
namespace {

namespace fs = std::filesystem;
using test::Draft;
using test::error_of;
using test::mentions;

struct Opened {
  Registry registry;
  Opened() { registry.add(builtin_io()); }
};

TEST(Builtin, EachReaderIsComplete) {
  for (const ReaderDefinition& reader : builtin_io().readers) {
    EXPECT_FALSE(reader.id.empty());
    EXPECT_FALSE(reader.title.empty());
    EXPECT_TRUE(reader.sniff && reader.header && reader.load) << reader.id;
    EXPECT_EQ(reader.sniff("/nowhere/x", std::as_bytes(std::span("plain text", 10))), 0)
        << reader.id;
  }
}

TEST(Builtin, KretzFilesGetTheirOwnMessage) {
  const test::TemporaryFolder folder;
  Draft f(4096);
  f.text(0, "KRETZFILE 1.0   ");
  Opened o;
  const Error e = error_of([&] { o.registry.open(folder.write("a.vol", f.bytes())); });
  EXPECT_EQ(e.code(), ErrorCode::Unsupported);
  EXPECT_TRUE(mentions(e, "GE Kretz"));
}

TEST(Builtin, EmptyFilesAndFolders) {
  const test::TemporaryFolder folder;
  Opened o;
  EXPECT_EQ(error_of([&] { o.registry.open(folder.path()); }).code(), ErrorCode::Unsupported);
  EXPECT_EQ(error_of([&] { o.registry.open(folder.write("a.vol", {})); }).code(),
            ErrorCode::BadInput);
}

TEST(Builtin, RealFilesByTheirContent) {
  const fs::path data = test::shared_data();
  if (!fs::exists(data)) GTEST_SKIP() << "skipped: no ../shared/data";
  Opened o;
  struct Case {
    const char *path, *format;
    int width, height, depth;
  };
  for (const Case& c :
       {Case{"oct/OCTolyzer/demo/input/Linescan_1.vol", "heyex_vol", 768, 496, 1},
        Case{"oct/eyepy/tests/data/filetypes/heyex_vol/test_volume.vol", "heyex_vol", 50, 40, 10},
        Case{"oct/eyepy/tests/data/filetypes/heyex_xml/test_volume", "heyex_xml", 50, 40, 10},
        Case{"oct/eyepy/tests/data/filetypes/heyex_xml/test_volume/test_dummy.xml", "heyex_xml", 50,
             40, 10},
        Case{"oct/OCT-denoising-package/Datasets/dt1_Bioptigen_SDOCT/3/test.tif", "picture", 900,
             450, 1},
        Case{"oct/OCT-denoising-package/Datasets/dt1_Bioptigen_SDOCT/3", "picture_folder", 900, 450,
             6}}) {
    SCOPED_TRACE(c.path);
    const Dataset header = o.registry.header(data / c.path), whole = o.registry.open(data / c.path);
    for (const Dataset& dataset : {header, whole}) {
      const auto& v = std::get<Volume>(dataset);
      EXPECT_EQ(v.width, c.width);
      EXPECT_EQ(v.height, c.height);
      EXPECT_EQ(v.depth, c.depth);
      EXPECT_EQ(v.origin.format, c.format);
    }
    EXPECT_EQ(origin_of(whole).sha256.size(), 64u);
    EXPECT_NO_THROW(describe(whole).dump());
  }
}

}
}
