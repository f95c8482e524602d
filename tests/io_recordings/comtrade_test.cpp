#include "modules/io/comtrade.h"
#include "tests/io_recordings/open.h"

#include <cmath>

using namespace sensorium;
using namespace sensorium::test;

namespace {

// Two analogue channels (0.5 x + 1 A, 2 x V) and two status channels at 1000 Hz.
std::string configuration(const std::string& format, const std::string& year = ",1999") {
  return "station,device" + year + "\n4,2A,2D\n1,IA,A,,A,0.5,1,0,-32767,32767,1,1,P\n2,UA,A,,V,2,0,0,-32767,32767,1,1,P\n"
         "1,trip,,,0\n2,start,,,0\n50\n1\n1000,3\n01/01/2020,00:00:00.000000\n01/01/2020,00:00:00.001000\n" + format + "\n1\n";
}

template<class T> Draft binary(T missing) {
  Draft d;
  const T analogue[3][2] = {{4, 10}, {static_cast<T>(-6), missing}, {8, 30}};
  const std::uint16_t status[3] = {1, 2, 3};
  for (std::uint32_t i = 0; i < 3; ++i) {
    d.append<std::uint32_t>(i + 1).append<std::uint32_t>(i * 1000);
    for (const T value : analogue[i]) d.append(value);
    d.append(status[i]);
  }
  return d;
}

void check(const Recording& r, bool missing) {
  ASSERT_EQ(r.channels.size(), 4u);
  ASSERT_EQ(r.length, 3u);
  EXPECT_EQ(values(r, 0), (std::vector<double>{3, -2, 5}));
  EXPECT_EQ(values(r, 1)[0], 20);
  EXPECT_EQ(std::isnan(values(r, 1)[1]), missing);
  EXPECT_EQ(values(r, 2), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(values(r, 3), (std::vector<double>{0, 1, 1}));
  EXPECT_EQ(r.channels[0].unit, "A");
  EXPECT_EQ(r.channels[1].name, "UA");
  EXPECT_EQ(r.channels[3].unit, "state");
  EXPECT_DOUBLE_EQ(r.rate.hertz, 1000);
  EXPECT_EQ(r.rate.source, RateSource::Stated);
}

const std::string ascii = "1,0,4,10,1,0\n2,1000,-6,99999,0,1\n3,2000,8,30,1,1\n";

}

TEST(Comtrade, AsciiAndTheThreeBinaryForms) {
  TemporaryFolder folder;
  write_text(folder, "a.dat", ascii);
  check(open_recording(write_text(folder, "a.cfg", configuration("ASCII"))), true);
  check(open_recording(folder / "a.dat"), true);
  folder.write("b.DAT", binary<std::int16_t>(-32768).bytes());
  check(open_recording(write_text(folder, "b.cfg", configuration("BINARY"))), true);
  folder.write("c.dat", binary<std::int32_t>(std::numeric_limits<std::int32_t>::min()).bytes());
  check(open_recording(write_text(folder, "c.cfg", configuration("binary32", ",2013"))), true);
  folder.write("d.dat", binary<float>(20).bytes());
  check(open_recording(write_text(folder, "d.cfg", configuration("FLOAT32", ",2013"))), false);
}

TEST(Comtrade, TheFirstRevisionHasNoYearAndNoFactor) {
  TemporaryFolder folder;
  std::string text = configuration("ASCII", "");
  text.resize(text.size() - 2);
  write_text(folder, "a.dat", ascii);
  check(open_recording(write_text(folder, "a.cfg", text)), true);
}

TEST(Comtrade, OneFileHoldsAll) {
  TemporaryFolder folder;
  check(open_recording(write_text(folder, "a.cff", "--- file type: CFG ---\n" + configuration("ASCII", ",2013") +
                                                       "--- file type: INF ---\n\n--- file type: DAT ASCII ---\n" + ascii)), true);
  const Draft data = binary<std::int16_t>(-32768);
  check(open_recording(write_text(folder, "b.cff", "--- file type: CFG ---\r\n" + configuration("BINARY", ",2013") + "--- file type: DAT BINARY: " +
                                                       std::to_string(data.size()) + " ---\r\n" +
                                                       std::string(reinterpret_cast<const char*>(data.bytes().data()), data.size()))), true);
}

TEST(Comtrade, TimeStampsWhereNoRateIsStated) {
  TemporaryFolder folder;
  std::string text = configuration("ASCII");
  text.replace(text.find("1\n1000,3"), 8, "0\n0,3");
  write_text(folder, "a.dat", ascii);
  const Recording r = open_recording(write_text(folder, "a.cfg", text));
  EXPECT_EQ(r.rate.source, RateSource::TimeColumn);
  EXPECT_NEAR(r.rate.hertz, 1000, 1e-9); // microseconds
}

TEST(Comtrade, SeveralRatesAreResampledWithANotice) {
  TemporaryFolder folder;
  std::string text = configuration("ASCII"), data;
  text.replace(text.find("1\n1000,3"), 8, "2\n1000,10\n500,20");
  for (int i = 0; i < 20; ++i) {
    const int time = i < 10 ? i : 9 + 2 * (i - 9); // ms
    data += std::to_string(i + 1) + "," + std::to_string(time * 1000) + "," + std::to_string(2 * time) + ",0,0,0\n";
  }
  write_text(folder, "a.dat", data);
  const Recording r = open_recording(write_text(folder, "a.cfg", text));
  EXPECT_TRUE(warns(r, "sample rate changes"));
  const auto x = values(r, 0); // 0.5 * 2 t + 1, t in ms: still a line after resampling
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], 1 + static_cast<double>(i) * 1000 / r.rate.hertz, 1e-9);
}

TEST(Comtrade, AHalfAlone) {
  TemporaryFolder folder;
  const auto config = write_text(folder, "a.cfg", configuration("ASCII"));
  const Error e = error_of([&] { open_recording(config); });
  EXPECT_EQ(e.code(), ErrorCode::NotFound);
  EXPECT_TRUE(mentions(e, "a.dat"));
  const Dataset header = builtin_registry().header(config);
  EXPECT_EQ(std::get<Recording>(header).channels.size(), 4u);
}

TEST(Comtrade, BadConfigurations) {
  const std::string good = configuration("ASCII");
  for (std::size_t lines = 0; lines < 12; ++lines) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < lines; ++i) at = good.find('\n', at) + 1;
    EXPECT_THROW(parse_comtrade_config(std::string_view(good).substr(0, at), "x"), Error) << lines;
  }
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return error_of([&] { parse_comtrade_config(text, "x.cfg"); });
  };
  EXPECT_TRUE(mentions(broken("4,2A,2D", "5,2A,2D"), "line 2"));
  EXPECT_TRUE(mentions(broken("4,2A,2D", "99999999,99999997A,2D"), "line 2"));
  EXPECT_TRUE(mentions(broken("4,2A,2D", "-4,2A,2D"), "line 2"));
  EXPECT_TRUE(mentions(broken("0.5,1,0", "zero,1,0"), "line 3"));
  EXPECT_TRUE(mentions(broken("0.5,1,0", "0,1,0"), "line 3"));
  EXPECT_TRUE(mentions(broken("1000,3", "-1,3"), "line 9"));
  EXPECT_TRUE(mentions(broken("ASCII", "MORSE"), "MORSE"));
}

TEST(Comtrade, BadData) {
  TemporaryFolder folder;
  const auto config = write_text(folder, "a.cfg", configuration("ASCII"));
  write_text(folder, "a.dat", "1,0,4,10,1,0\n2,1000,x,20,0,1\n3,2000,8,30,1,1\n");
  EXPECT_TRUE(mentions(error_of([&] { open_recording(config); }), "'x'"));
  write_text(folder, "a.dat", "1,0,4,10,1,0\n2,1000,4\n3,2000,8,30,1,1\n");
  EXPECT_TRUE(mentions(error_of([&] { open_recording(config); }), "record 2"));
  write_text(folder, "a.dat", "1,0,4,10,1,0\n2,1000,4,1,1,0\n3,2000,8");
  EXPECT_TRUE(warns(open_recording(config), "cut short"));
  const auto other = write_text(folder, "b.cfg", configuration("BINARY"));
  Draft cut = binary<std::int16_t>(1);
  folder.write("b.dat", cut.cut(cut.size() - 3).bytes());
  const Recording r = open_recording(other);
  EXPECT_EQ(r.length, 2u);
  EXPECT_TRUE(warns(r, "inside a record"));
  folder.write("b.dat", cut.cut(5).bytes());
  EXPECT_THROW(open_recording(other), Error);
}

TEST(Comtrade, PythonComtradeAgreesOnTheRealFiles) {
  const auto folder = shared_data() / "motor" / "comtrade";
  if (!std::filesystem::exists(folder) || !std::filesystem::exists(judge())) GTEST_SKIP() << "skipped: no shared data or judge";
  TemporaryFolder out;
  int read = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder)) {
    const std::string suffix = item.path().extension().string(), stem = item.path().stem().string();
    if (suffix != ".cfg" && suffix != ".cff") continue;
    if (suffix == ".cfg" && !std::filesystem::exists(folder / (stem + ".dat"))) {
      EXPECT_EQ(error_of([&] { open_recording(item.path()); }).code(), ErrorCode::NotFound);
      EXPECT_GT(std::get<Recording>(builtin_registry().header(item.path())).channels.size(), 0u);
      continue;
    }
    const Recording r = open_recording(item.path());
    EXPECT_TRUE(r.rate.known()) << item.path();
    write_values(r, out / "values");
    EXPECT_EQ(run_own_judge("comtrade_judge.py", {item.path().string(), (out / "values").string(), std::to_string(r.rate.hertz)}), 0) << item.path();
    ++read;
  }
  EXPECT_EQ(read, 5);
}
