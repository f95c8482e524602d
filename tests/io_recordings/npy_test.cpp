#include "modules/core/dataset_store.h"
#include "modules/core/error.h"
#include "modules/io/npy_recording.h"
#include "modules/signal/pyramid.h"
#include "tests/io_recordings/open.h"

using namespace sensorium;
using namespace sensorium::test;

namespace {

Draft npy(const std::string& type, const std::string& shape, bool fortran = false) {
  std::string head = "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") +
                     ", 'shape': " + shape + ", }";
  while ((10 + head.size() + 1) % 64 != 0) head += ' ';
  head += '\n';
  Draft d;
  d.append_text("\x93NUMPY")
      .append<std::uint8_t>(1)
      .append<std::uint8_t>(0)
      .append<std::uint16_t>(static_cast<std::uint16_t>(head.size()));
  return d.append_text(head);
}

}

TEST(Npy, OneAxisTwoAxesAndBothOrders) {
  TemporaryFolder folder;
  Draft one = npy("<f4", "(3,)");
  for (float v : {1.5f, 2.5f, -4.0f}) one.append(v);
  EXPECT_EQ(values(open_recording(folder.write("a.npy", one.bytes())), 0),
            (std::vector<double>{1.5, 2.5, -4}));
  for (const bool fortran : {false, true})
    for (const bool tall : {false, true}) {
      Draft d = npy("<i2", tall ? "(4, 2)" : "(2, 4)", fortran);
      // Channel 0 is 1 2 3 4, channel 1 is 10 20 30 40, contiguous where the order has them so.
      const bool contiguous = tall == fortran;
      for (int i = 0; i < 8; ++i)
        d.append<std::int16_t>(
            static_cast<std::int16_t>(contiguous ? (i < 4 ? i + 1 : 10 * (i - 3))
                                                 : (i % 2 == 0 ? i / 2 + 1 : 10 * (i / 2 + 1))));
      const Recording r = open_recording(folder.write("b.npy", d.bytes()));
      ASSERT_EQ(r.channels.size(), 2u);
      EXPECT_EQ(values(r, 0), (std::vector<double>{1, 2, 3, 4})) << fortran << tall;
      EXPECT_EQ(values(r, 1), (std::vector<double>{10, 20, 30, 40})) << fortran << tall;
      EXPECT_FALSE(r.rate.known());
    }
}

TEST(Npy, OtherByteOrderHalfPrecisionAndLongIntegers) {
  TemporaryFolder folder;
  Draft big = npy(">i4", "(2,)");
  big.append<std::uint32_t>(__builtin_bswap32(7))
      .append<std::uint32_t>(__builtin_bswap32(static_cast<std::uint32_t>(-9)));
  EXPECT_EQ(values(open_recording(folder.write("a.npy", big.bytes())), 0),
            (std::vector<double>{7, -9}));
  Draft half = npy("<f2", "(4,)");
  for (std::uint16_t v : {0x3c00, 0xc000, 0x3555, 0x0001}) half.append(v);
  const auto x = values(open_recording(folder.write("b.npy", half.bytes())), 0);
  EXPECT_EQ(x[0], 1);
  EXPECT_EQ(x[1], -2);
  EXPECT_EQ(x[2], 1365.0 / 4096);
  EXPECT_EQ(x[3], 0x1p-24);
  Draft wide = npy("<i8", "(1,)");
  wide.append<std::int64_t>(-5000000000);
  EXPECT_EQ(values(open_recording(folder.write("c.npy", wide.bytes())), 0)[0], -5e9);
}

TEST(Npy, BadHeaders) {
  for (const auto& [type, shape] :
       std::vector<std::pair<std::string, std::string>>{{"<f4", "(1000000000000,)"},
                                                        {"<c8", "(4,)"},
                                                        {"<f4", "(-4,)"},
                                                        {"<f4", "4"},
                                                        {"<f4", "(100, 200)"},
                                                        {"<f4", "(0, 3)"},
                                                        {"<U4", "(4,)"}}) {
    TemporaryFolder folder;
    Draft d = npy(type, shape);
    for (int i = 0; i < 4; ++i) d.append<float>(1);
    const auto path = folder.write("a.npy", d.bytes());
    EXPECT_THROW(validate(Dataset(load_npy_recording(path, {}))), Error) << type << shape;
  }
  TemporaryFolder folder;
  Draft d = npy("<f4", "(3,)");
  d.append<float>(1).append<float>(2);
  EXPECT_TRUE(
      mentions(error_of([&] { open_recording(folder.write("a.npy", d.bytes())); }), "cut short"));
}

// Another process maps the recording's own file: nothing is copied, whatever its size.
TEST(Npy, ALargeRecordingIsHandedOnByItsPlace) {
  TemporaryFolder folder;
  constexpr std::uint64_t rows = 1 << 20;
  Draft d = npy("<f4", "(1048576, 3)");
  for (std::uint64_t i = 0; i < 3 * rows; ++i) d.append(static_cast<float>(i % 1001));
  const std::filesystem::path path = folder.write("long.npy", d.bytes()), store = folder / "store";
  Recording r = load_npy_recording(path, {});
  r.rate = known_rate(1000, RateSource::Stated, "test");
  store_dataset(Dataset(r), store);
  EXPECT_LT(std::filesystem::file_size(store), 65536u);
  const Dataset mapped = map_dataset(store);
  const auto& again = std::get<Recording>(mapped);
  ASSERT_EQ(again.channels.size(), 3u);
  EXPECT_EQ(again.length, rows);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_EQ(block(again, c, rows - 5, 5), block(r, c, rows - 5, 5));
  const auto all = Pyramid::build(r, {0, 1, 2});
  for (std::size_t c = 0; c < 3; ++c) {
    const Pyramid one = Pyramid::build(r.channels[c], rows);
    const auto a = all[c].columns(r.channels[c], 1000, rows, 100),
               b = one.columns(r.channels[c], 1000, rows, 100);
    for (std::size_t k = 0; k < 100; ++k) {
      EXPECT_EQ(a[k].least, b[k].least);
      EXPECT_EQ(a[k].greatest, b[k].greatest);
      EXPECT_EQ(a[k].mean, b[k].mean);
    }
  }
  std::filesystem::resize_file(path, 1 << 20);
  EXPECT_EQ(error_of([&] { map_dataset(store); }).code(), ErrorCode::Conflict);
}
