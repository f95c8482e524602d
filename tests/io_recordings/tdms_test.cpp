#include "modules/io/tdms.h"
#include "tests/io_recordings/open.h"

#include <fstream>

using namespace sensorium;
using namespace sensorium::test;

namespace {

Draft& string(Draft& d, const std::string& text) {
  return d.append<std::uint32_t>(static_cast<std::uint32_t>(text.size())).append_text(text);
}

// One segment with channels a, b of three int16 each: {1, 2, 3}, {10, 20, 30} in every chunk.
Draft segment(std::uint32_t toc, int chunks, bool interleaved) {
  Draft meta;
  meta.append<std::uint32_t>(2);
  for (const char* name : {"/'g'/'a'", "/'g'/'b'"}) {
    string(meta, name);
    meta.append<std::uint32_t>(20).append<std::uint32_t>(2).append<std::uint32_t>(1).append<std::uint64_t>(3);
    meta.append<std::uint32_t>(0);
  }
  Draft d;
  d.append_text("TDSm").append<std::uint32_t>(toc).append<std::uint32_t>(4713);
  d.append<std::uint64_t>(meta.size() + static_cast<std::size_t>(12 * chunks)).append<std::uint64_t>(meta.size());
  d.append_text(std::string(reinterpret_cast<const char*>(meta.bytes().data()), meta.size()));
  for (int k = 0; k < chunks; ++k)
    for (int i = 0; i < 6; ++i)
      d.append<std::int16_t>(static_cast<std::int16_t>(interleaved ? (i % 2 == 0 ? 1 + i / 2 : 10 * (1 + i / 2)) : (i < 3 ? i + 1 : 10 * (i - 2))));
  return d;
}

constexpr std::uint32_t plain = 2 + 4 + 8, mixed = plain + 32;

}

TEST(Tdms, ChunksContiguousAndInterleaved) {
  TemporaryFolder folder;
  for (const auto toc : {plain, mixed}) {
    const Recording r = open_recording(folder.write("a.tdms", segment(toc, 2, toc == mixed).bytes()));
    ASSERT_EQ(r.channels.size(), 2u);
    EXPECT_EQ(r.channels[1].name, "b");
    EXPECT_EQ(values(r, 0), (std::vector<double>{1, 2, 3, 1, 2, 3}));
    EXPECT_EQ(values(r, 1), (std::vector<double>{10, 20, 30, 10, 20, 30}));
    EXPECT_FALSE(r.rate.known());
  }
}

TEST(Tdms, EveryTruncationIsAnErrorOrAWarning) {
  TemporaryFolder folder;
  const Draft whole = segment(plain, 3, false);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    Draft cut = whole;
    const auto path = folder.write("a.tdms", cut.cut(size).bytes());
    try {
      const Recording r = open_recording(path);
      EXPECT_FALSE(r.origin.warnings.empty()) << size;
      EXPECT_LE(r.length, 9u);
    } catch (const Error& e) {
      EXPECT_FALSE(e.hint().empty()) << size;
    }
  }
}

TEST(Tdms, LyingHeadersAreRefused) {
  TemporaryFolder folder;
  const auto broken = [&](std::size_t at, auto value) {
    Draft d = segment(plain, 1, false);
    d.put(at, value);
    return error_of([&] { open_recording(folder.write("a.tdms", d.bytes())); });
  };
  EXPECT_EQ(broken(8, std::uint32_t{9999}).code(), ErrorCode::Unsupported);   // version
  EXPECT_EQ(broken(20, std::uint64_t{1} << 60).code(), ErrorCode::BadInput);  // data outside
  EXPECT_EQ(broken(28, std::uint32_t{0xfffffff0}).code(), ErrorCode::BadInput); // objects
  EXPECT_EQ(broken(32, std::uint32_t{0xfffffff0}).code(), ErrorCode::BadInput); // length of a path
  EXPECT_EQ(broken(44, std::uint32_t{0x1269}).code(), ErrorCode::Unsupported); // DAQmx
  EXPECT_EQ(broken(48, std::uint32_t{0x77}).code(), ErrorCode::Unsupported);   // type
  EXPECT_EQ(broken(52, std::uint32_t{2}).code(), ErrorCode::BadInput);         // dimension
  EXPECT_EQ(broken(56, ~std::uint64_t{0}).code(), ErrorCode::BadInput);        // values
  EXPECT_EQ(broken(64, std::uint32_t{0x7fffffff}).code(), ErrorCode::BadInput); // properties
}

TEST(Tdms, NpTdmsAgrees) {
  if (!std::filesystem::exists(judge())) GTEST_SKIP() << "skipped: no judge";
  TemporaryFolder folder;
  ASSERT_EQ(run_own_judge("tdms_judge.py", {"make", folder.path().string()}), 0);
  int read = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder.path())) {
    if (item.path().extension() != ".tdms") continue;
    const Recording r = open_recording(item.path());
    std::vector<double> ours, theirs(r.channels.size() * r.length);
    for (std::size_t c = 0; c < r.channels.size(); ++c) {
      const auto x = values(r, c);
      ours.insert(ours.end(), x.begin(), x.end());
    }
    std::ifstream in(folder / (item.path().stem().string() + ".f64"), std::ios::binary);
    in.read(reinterpret_cast<char*>(theirs.data()), static_cast<std::streamsize>(theirs.size() * 8));
    EXPECT_EQ(in.gcount(), static_cast<std::streamsize>(theirs.size() * 8)) << item.path();
    EXPECT_EQ(ours, theirs) << item.path();
    ++read;
    if (item.path().stem() != "plain") continue;
    EXPECT_DOUBLE_EQ(r.rate.hertz, 2000);
    EXPECT_DOUBLE_EQ(r.start_s, 0.25);
    EXPECT_EQ(r.channels[0].unit, "A");
    EXPECT_EQ(r.channels[1].name, "ib");
  }
  EXPECT_EQ(read, 13);
}
