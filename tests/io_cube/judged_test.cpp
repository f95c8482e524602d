// SPy, the usual Python reader, in both directions.
#include "tests/io_cube/support.h"

#include "modules/io/envi_writer.h"

namespace sensorium::test {
namespace {

nlohmann::json spy(const std::string& verb, const Folder& folder) {
  return judge("io_cube/judge_spy.py", {verb, folder.path().string()});
}

TEST(EnviJudged, SpyAndWeReadEachOthersFiles) {
  NEEDS_JUDGES();
  const Folder folder;
  const auto cases = spy("make", folder);
  ASSERT_EQ(cases.size(), 66u);
  for (const auto& one : cases) {
    const std::string stem = one.at("stem");
    SCOPED_TRACE(stem);
    const Cube cube = open_cube(folder / (stem + ".hdr"));
    EXPECT_EQ(name_of(cube.type), one.at("type").get<std::string>());
    EXPECT_EQ(name_of(cube.interleave), one.at("interleave").get<std::string>());
    EXPECT_EQ(cube.big_endian, one.at("big").get<bool>());
    EXPECT_EQ(cube.wavelengths_nm, (std::vector<double>{450, 500, 550, 600, 650}));
    std::vector<double> want(60), got(60);
    std::ifstream(folder / (stem + ".want"), std::ios::binary)
        .read(reinterpret_cast<char*>(want.data()), 480);
    read_tile<double>(cube, {0, 3, 0, 4}, {}, TileOrder::Pixels, got);
    for (std::size_t i = 0; i < 60; ++i)
      EXPECT_LE(std::abs(got[i] - want[i]), is_complex(cube.type) ? 1e-5 * want[i] : 0) << i;
    envi::write(cube, folder / (stem + "_ours.hdr"), Context{});
  }
  EXPECT_EQ(spy("read", folder).size(), cases.size());
}

}
}
