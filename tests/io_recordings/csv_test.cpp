#include "modules/io/csv_cells.h"
#include "modules/io/recording_table.h"
#include "tests/io_recordings/open.h"

#include <cmath>
#include <fstream>

using namespace sensorium;
using namespace sensorium::test;

TEST(Csv, NamesUnitsAndRateFromATimeColumn) {
  TemporaryFolder folder;
  const Recording r = open_recording(write_text(
      folder, "a.csv", "Time (ms),ia [A],speed / rpm\n0,1,10\n0.5,2,20\n1.0,3,30\n1.5,4,40\n"));
  ASSERT_EQ(r.channels.size(), 2u);
  EXPECT_EQ(r.channels[0].name, "ia");
  EXPECT_EQ(r.channels[0].unit, "A");
  EXPECT_EQ(r.channels[1].name, "speed");
  EXPECT_EQ(r.channels[1].unit, "rpm");
  EXPECT_EQ(r.rate.source, RateSource::TimeColumn);
  EXPECT_DOUBLE_EQ(r.rate.hertz, 2000);
  EXPECT_EQ(values(r, 1), (std::vector<double>{10, 20, 30, 40}));
}

TEST(Csv, DelimitersAndDecimalCommas) {
  TemporaryFolder folder;
  const std::vector<double> first{1.5, -2.25, 3};
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"a.csv", "u;v\n1,5;10\n-2,25;20\n3;30\n"},
           {"b.csv", "u;v\n1.5;10\n-2.25;20\n3;30\n"},
           {"c.tsv", "u\tv\n1,5\t10\n-2,25\t20\n3\t30\n"},
           {"d.csv", "u|v\n1.5|10\n-2.25|20\n3|30\n"},
           {"e.txt", "u   v\n 1.5  10\n-2.25   20\n 3 30\n"},
           {"f.csv", "\"u\",\"v\"\r\n\"1.5\",10\r\n-2.25,20\r\n3,30\r\n"},
           {"g.csv", "\xef\xbb\xbfu,v\n1.5,10,\n-2.25,20,\n3,30,\n"}}) {
    const Recording r = open_recording(write_text(folder, name, text));
    ASSERT_EQ(r.channels.size(), 2u) << name;
    EXPECT_EQ(values(r, 0), first) << name;
    EXPECT_EQ(values(r, 1), (std::vector<double>{10, 20, 30})) << name;
    EXPECT_EQ(r.channels[0].name, "u") << name;
    EXPECT_FALSE(r.rate.known()) << name;
  }
}

TEST(Csv, WithoutAHeaderNothingIsInvented) {
  TemporaryFolder folder;
  const Recording r = open_recording(write_text(folder, "a.csv", "4.3,2.3\n0.1,7.2\n-2.5,7.5\n"));
  EXPECT_EQ(r.channels[0].name, "column 1");
  EXPECT_EQ(r.channels[0].unit, "");
  EXPECT_FALSE(r.rate.known());
  EXPECT_FALSE(r.rate.field.empty());
  EXPECT_TRUE(
      warns(open_recording(write_text(folder, "b.csv", "1,5\n2,5\n3,7\n")), "decimal signs"));
}

TEST(Csv, AnUnnamedRisingColumnIsNoSignal) {
  TemporaryFolder folder;
  const Recording r =
      open_recording(write_text(folder, "a.csv", "0.001,5\n0.002,7\n0.003,6\n0.004,2\n"));
  EXPECT_EQ(r.channels.size(), 1u);
  EXPECT_FALSE(r.rate.known()); // in what unit it rises is not said
}

TEST(Csv, StatedRatesAndUnitsRow) {
  TemporaryFolder folder;
  for (const auto& [head, hertz] :
       std::vector<std::pair<std::string, double>>{{"Sample rate: 10 kHz\n", 10000},
                                                   {"# fs=1000\n", 1000},
                                                   {"Sampling interval,0.1 ms\n", 10000},
                                                   {"dt = 0.002\n", 500},
                                                   {"Sampling frequency [Hz];2500\n", 2500}}) {
    const Recording r =
        open_recording(write_text(folder, "a.csv", head + "\nia;ib\n(A);(V)\n1;2\n3;4\n5;6\n"));
    EXPECT_DOUBLE_EQ(r.rate.hertz, hertz) << head;
    EXPECT_EQ(r.rate.source, RateSource::Stated) << head;
    EXPECT_EQ(r.channels.at(0).name, "ia");
    EXPECT_EQ(r.channels.at(1).unit, "V");
  }
}

TEST(Csv, ClockTimesAreSeconds) {
  TemporaryFolder folder;
  const Recording r = open_recording(write_text(
      folder, "a.csv",
      "stamp,x\n2024-02-29T23:59:59.5,1\n2024-03-01T00:00:00.0,2\n2024-03-01T00:00:00.5,3\n"));
  EXPECT_EQ(r.channels.size(),
            2u); // the column is not named time: it is kept, and no rate is made of it
  const Recording t =
      open_recording(write_text(folder, "b.csv", "10:00:00.00,1\n10:00:00.25,2\n10:00:00.50,4\n"));
  EXPECT_DOUBLE_EQ(t.rate.hertz, 4);
  EXPECT_EQ(*cell_value("1970-01-02 00:00:01", '.'), 86401);
  EXPECT_EQ(*cell_value("2000-03-01T00:00:00Z", '.'), 951868800);
  EXPECT_FALSE(cell_value("2000-13-01 00:00:00", '.'));
}

TEST(Csv, GapsAreFoundAndBridgedWithANotice) {
  TemporaryFolder folder;
  std::string text = "t [s],x\n";
  for (int i = 0; i < 200; ++i)
    if (i < 50 || i >= 54) text += std::to_string(i * 0.01) + "," + std::to_string(2 * i) + "\n";
  const Recording r = open_recording(write_text(folder, "a.csv", text));
  EXPECT_NEAR(r.rate.hertz, 100, 1e-6);
  ASSERT_EQ(r.length, 200u);
  EXPECT_NEAR(values(r, 0)[52], 104, 1e-6); // on the straight line
  EXPECT_TRUE(warns(r, "1 gaps (4 samples missing)"));
}

TEST(Csv, TimesPrintedWithFewDigitsAreEven) {
  TemporaryFolder folder;
  std::string text = "t [s],x\n";
  char line[64];
  for (int i = 0; i < 500; ++i) {
    std::snprintf(line, sizeof line, "%.4f,%d\n", i * 0.00024, i);
    text += line;
  }
  const Recording r = open_recording(write_text(folder, "a.csv", text));
  EXPECT_EQ(r.length, 500u);
  EXPECT_NEAR(r.rate.hertz, 1 / 0.00024, 10);
  EXPECT_TRUE(warns(r, "few digits"));
}

TEST(Csv, FallingTimesGiveNoRate) {
  TemporaryFolder folder;
  const Recording r =
      open_recording(write_text(folder, "a.csv", "t [s],x\n0,1\n0.1,2\n0.05,3\n0.3,4\n"));
  EXPECT_FALSE(r.rate.known());
}

TEST(Csv, BadTables) {
  TemporaryFolder folder;
  const auto error = [&](const std::string& text) {
    return error_of([&] { open_recording(write_text(folder, "a.csv", text)); });
  };
  const std::string rows = "1.5,2\n3,4\n5,6.5\n7,8\n";
  std::string long_head = "a,b\n";
  for (int i = 0; i < 20000; ++i) long_head += "1.25,2.5\n";
  EXPECT_TRUE(mentions(error(long_head + "3,4,5\n6,7\n"), "line 20002"));
  EXPECT_TRUE(mentions(error(long_head + "3,x\n6,7\n"), "'x'"));
  EXPECT_EQ(error("hello\nworld\n").code(), ErrorCode::Unsupported);
  // A last line without its end is left out and named; one with its end is an error of the table.
  const Recording cut = open_recording(write_text(folder, "b.csv", rows + "9"));
  EXPECT_EQ(cut.length, 4u);
  EXPECT_TRUE(warns(cut, "cut short"));
  const Recording empty = open_recording(write_text(folder, "c.csv", "a,b\n1,2\n,4\nNaN,6\n7,8\n"));
  EXPECT_TRUE(std::isnan(values(empty, 0)[1]));
  EXPECT_TRUE(warns(empty, "2 cells"));
}

TEST(Csv, LargeTablesGoThroughTheCache) {
  TemporaryFolder folder;
  ::setenv("SENSORIUM_CACHE", (folder / "cache").c_str(), 1);
  SampleTable table("key", 1 << 10);
  for (int i = 0; i < 1000; ++i) table.add(std::array<double, 2>{double(i), double(-i)});
  EXPECT_EQ(table.rows(), 1000u);
  const Buffer all = table.take();
  EXPECT_EQ(all.size(), 16000u);
  EXPECT_EQ(samples<double>(all)[1999], -999);
  EXPECT_EQ(samples<double>(all)[1998], 999);
  ASSERT_TRUE(converted_before("key"));
  EXPECT_EQ(converted_before("key")->size(), 16000u);
  EXPECT_FALSE(converted_before("another"));
  ::unsetenv("SENSORIUM_CACHE");
}

TEST(Csv, EveryRealFileOpens) {
  const auto folder = shared_data() / "motor";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no shared data";
  int itsc = 0, counts = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder / "itsc")) {
    if (item.path().extension() != ".csv") continue;
    const Recording r = open_recording(item.path());
    EXPECT_EQ(r.length, 5000u) << item.path();
    EXPECT_EQ(r.channels.size(), 3u);
    EXPECT_FALSE(r.rate.known());
    ++itsc;
  }
  for (const auto& item : std::filesystem::directory_iterator(folder / "adc_counts")) {
    const Recording r = open_recording(item.path());
    EXPECT_EQ(r.channels.at(0).name, "current_1");
    EXPECT_FALSE(r.rate.known());
    ++counts;
  }
  EXPECT_EQ(itsc, 52);
  EXPECT_EQ(counts, 3);
}
