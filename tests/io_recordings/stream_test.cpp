// Tables that are still being written. Files are written by the test itself, one piece at a time.
#include "modules/core/error.h"
#include "modules/io/table_stream.h"
#include "tests/io/support.h"

#include <cmath>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace sensorium;
using namespace sensorium::test;

namespace {

using std::chrono::milliseconds;

std::string rows(int from, int count) {
  std::string out;
  for (int i = from; i < from + count; ++i)
    out += std::to_string(i) + "," + std::to_string(i + 0.5) + "\n";
  return out;
}

class Writer {
public:
  explicit Writer(const std::filesystem::path& path, std::ios::openmode mode = std::ios::trunc)
      : out_(path, mode | std::ios::out) {}
  void add(const std::string& text) { out_ << text << std::flush; }

private:
  std::ofstream out_;
};

// Reads until nothing new comes; the last state.
StreamState drain(TableStream& stream, std::vector<double>& values) {
  for (;;)
    if (const StreamState s = stream.read(values, milliseconds(0)); s != StreamState::Rows)
      return s;
}

}

TEST(TableStream, RowsComeAsTheyAreWritten) {
  TemporaryFolder folder;
  Writer writer(folder / "a.csv");
  writer.add("# sample rate: 2 kHz\nia [A],ib [A]\n");
  TableStream stream((folder / "a.csv").string());
  std::vector<double> values;
  EXPECT_EQ(drain(stream, values), StreamState::Waiting);
  writer.add(rows(0, 63)); // one fewer than the layout asks for
  EXPECT_EQ(drain(stream, values), StreamState::Waiting);
  EXPECT_FALSE(stream.layout());
  writer.add(rows(63, 1));
  EXPECT_EQ(drain(stream, values), StreamState::Waiting);
  ASSERT_EQ(values.size(), 128u);
  EXPECT_EQ(values[126], 63);
  EXPECT_EQ(values[127], 63.5);
  ASSERT_TRUE(stream.layout());
  EXPECT_EQ(stream.head().rate.hertz, 2000);
  EXPECT_EQ(stream.head().channels.at(1).name, "ib");
  EXPECT_EQ(stream.head().channels.at(1).unit, "A");
  writer.add("64,6"); // half a line is no row yet
  EXPECT_EQ(drain(stream, values), StreamState::Waiting);
  EXPECT_EQ(values.size(), 128u);
  writer.add("4.5\n");
  drain(stream, values);
  ASSERT_EQ(values.size(), 130u);
  EXPECT_EQ(values.back(), 64.5);
  EXPECT_EQ(stream.bad_lines(), 0u);
}

TEST(TableStream, ATimeColumnGivesTheRate) {
  TemporaryFolder folder;
  Writer writer(folder / "a.csv");
  writer.add("time (ms);i\n");
  for (int i = 0; i < 80; ++i)
    writer.add(std::to_string(100 + i / 4) + "," + std::to_string(i % 4 * 25) + ";1,5\n");
  TableStream stream((folder / "a.csv").string());
  std::vector<double> values;
  drain(stream, values);
  EXPECT_EQ(stream.time_column(), 0u);
  EXPECT_NEAR(stream.head().rate.hertz, 4000, 1e-6);
  EXPECT_NEAR(stream.head().start_s, 0.1, 1e-12);
  EXPECT_EQ(stream.time_unit_s(), 1e-3);
  EXPECT_EQ(stream.head().channels.size(), 1u);
}

TEST(TableStream, ALineThatIsNoRowIsAMissingRow) {
  TemporaryFolder folder;
  Writer writer(folder / "a.csv");
  writer.add(rows(0, 70));
  TableStream stream((folder / "a.csv").string());
  std::vector<double> values;
  drain(stream, values);
  writer.add("1,2,3\noh no,5\n\n" + rows(70, 1));
  drain(stream, values);
  ASSERT_EQ(values.size(), 2 * 73u);
  EXPECT_TRUE(std::isnan(values[140]) && std::isnan(values[143]));
  EXPECT_EQ(values[144], 70);
  EXPECT_EQ(stream.bad_lines(), 2u);
  EXPECT_NE(stream.last_bad().find("'oh no'"), std::string::npos);
  std::string nonsense;
  for (int i = 0; i < 200; ++i) nonsense += "nothing but words\n";
  writer.add(nonsense);
  const Error e = error_of([&] { drain(stream, values); });
  EXPECT_EQ(e.code(), ErrorCode::BadInput);
  EXPECT_TRUE(mentions(e, "of the last 200 lines are no rows"));
}

TEST(TableStream, ACutOrReplacedFileBeginsAnew) {
  TemporaryFolder folder;
  const auto path = folder / "a.csv";
  Writer(path).add("a,b\n" + rows(0, 100));
  TableStream stream(path.string());
  std::vector<double> values;
  drain(stream, values);
  Writer(path).add("c,d\n" + rows(0, 70)); // shorter than what was read
  EXPECT_EQ(drain(stream, values), StreamState::Restarted);
  values.clear();
  EXPECT_EQ(drain(stream, values), StreamState::Waiting);
  EXPECT_EQ(values.size(), 140u);
  EXPECT_EQ(stream.head().channels.at(0).name, "c");
  EXPECT_EQ(stream.lines(), 70u);
  Writer(folder / "b.csv").add("e,f\n" + rows(0, 200));
  std::filesystem::rename(folder / "b.csv", path);
  EXPECT_EQ(drain(stream, values), StreamState::Restarted);
  drain(stream, values);
  EXPECT_EQ(stream.head().channels.at(0).name, "e");
  std::filesystem::remove(path);
  EXPECT_EQ(drain(stream, values), StreamState::Ended);
}

TEST(TableStream, APipeEndsWithItsWriter) {
  TemporaryFolder folder;
  const std::string path = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  TableStream stream(path); // nobody writes yet: this must not wait
  std::vector<double> values;
  EXPECT_EQ(stream.read(values, milliseconds(0)), StreamState::Waiting);
  const int writer = ::open(path.c_str(), O_WRONLY);
  ASSERT_GE(writer, 0);
  const std::string text = "ia,ib\n" + rows(0, 10) + "10,10."; // cut within a number
  ASSERT_EQ(::write(writer, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(stream.read(values, milliseconds(1000)), StreamState::Waiting); // ten rows: too few
  ::close(writer);
  EXPECT_EQ(stream.read(values, milliseconds(1000)), StreamState::Rows);
  EXPECT_EQ(values.size(), 20u); // the last line is not whole
  EXPECT_EQ(stream.read(values, milliseconds(1000)), StreamState::Ended);
}

TEST(TableStream, WhatIsNoTableIsRefused) {
  TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { TableStream((folder / "absent").string()); }).code(),
            ErrorCode::NotFound);
  EXPECT_EQ(error_of([&] { TableStream(folder.path().string()); }).code(), ErrorCode::Unsupported);
  const auto refused = [&](const std::string& content) {
    Writer(folder / "x").add(content);
    TableStream stream((folder / "x").string());
    std::vector<double> values;
    // A read takes 64 kB at most.
    return error_of([&] {
      for (int i = 0; i < 64; ++i) stream.read(values, milliseconds(0));
    });
  };
  EXPECT_TRUE(mentions(refused(std::string("\x01\x02\0\x7f", 4)), "no text"));
  std::string words;
  while (words.size() < 70000) words += "these are only words\n";
  EXPECT_TRUE(mentions(refused(words), "no rows of numbers"));
  EXPECT_TRUE(mentions(refused(rows(0, 100) + std::string(2u << 20, '7')), "longer than"));
}
