#include "modules/io/recording_writer.h"
#include "tests/plugins_arrays/support.h"

#include <sndfile.h>

namespace sensorium::test {
namespace {

std::vector<double> values_of(const Recording& r) {
  std::vector<double> out;
  for (std::size_t c = 0; c < r.channels.size(); ++c) {
    const auto one = block(r, c, 0, r.length);
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

class Recordings : public testing::Test {
protected:
  void SetUp() override {
    NEEDS_JUDGES();
    cases = judge("plugins_arrays/judge.py", {"recordings", folder.path().string()});
  }
  Folder folder;
  nlohmann::json cases;
};

TEST_F(Recordings, EveryContainerGivesChannelsAndTheRateThatItStates) {
  ASSERT_GE(cases.size(), 8u);
  for (const auto& want : cases) {
    const std::string name = want["file"];
    SCOPED_TRACE(name);
    const Dataset dataset = registry().open(folder / name);
    ASSERT_TRUE(std::holds_alternative<Recording>(dataset)) << kind_of(dataset);
    const Recording& r = std::get<Recording>(dataset);
    ASSERT_EQ(r.channels.size(), want["size"][0].get<std::size_t>());
    ASSERT_EQ(r.length, want["size"][1].get<std::uint64_t>());
    expect_same(values_of(r), read_numbers(folder / (name + ".f64")), 1e-15);
    const double hertz = want["hertz"];
    EXPECT_EQ(r.rate.known(), hertz > 0) << r.rate.field;
    EXPECT_NEAR(r.rate.hertz, hertz, 1e-6 * hertz);
    if (hertz > 0) {
      EXPECT_NE(r.rate.field.find(want["field"].get<std::string>()), std::string::npos)
          << r.rate.field;
    }
    for (std::size_t c = 0; c < r.channels.size(); ++c) {
      EXPECT_EQ(r.channels[c].name, want["names"][c].get<std::string>());
      EXPECT_EQ(r.channels[c].unit, want["unit"].get<std::string>());
    }
    auto header = describe(registry().header(folder / name)), loaded = describe(dataset);
    header.erase("sha256");
    loaded.erase("sha256");
    EXPECT_EQ(header, loaded);
  }
}

TEST_F(Recordings, AViewNamesVariablesAndTheRate) {
  write(folder / "unknown.mat.view.json",
        R"({"as": "recording", "variable": ["X097_FE_time"], "rate_hz": 12000, "unit": "g"})");
  const Dataset dataset = registry().open(folder / "unknown.mat");
  const Recording& r = std::get<Recording>(dataset);
  ASSERT_EQ(r.channels.size(), 1u);
  EXPECT_EQ(r.channels[0].name, "X097_FE_time");
  EXPECT_EQ(r.channels[0].unit, "g");
  EXPECT_EQ(r.rate.hertz, 12000);
  EXPECT_EQ(r.rate.source, RateSource::UserEntry);
}

TEST_F(Recordings, AudioSaysItsScaling) {
  for (const auto& [name, part] : std::vector<std::pair<std::string, std::string>>{
           {"pcm.wav", "32768"}, {"float.wav", "as stored"}}) {
    std::string facts;
    const Dataset dataset = registry().open(folder / name);
    for (const Fact& fact : origin_of(dataset).facts) facts += fact.name + "=" + fact.value + ";";
    EXPECT_NE(facts.find("scaling="), std::string::npos) << facts;
    EXPECT_NE(facts.find(part), std::string::npos) << facts;
  }
}

TEST_F(Recordings, AudioThatIsCutShortIsRefusedWithBothNumbers) {
  const std::string whole = read_text(folder / "pcm.wav"); // 44 bytes, then 24000 of samples
  write(folder / "cut.wav", whole.substr(0, 10000));
  expect_error(folder / "cut.wav", ErrorCode::BadInput, "24000");
  write(folder / "head.wav", whole.substr(0, 30));
  expect_error(folder / "head.wav", ErrorCode::BadInput, "head.wav");
  std::string open_end = whole; // a recorder that was switched off: the length was never written
  open_end.replace(40, 4, std::string("\0\0\0\0", 4));
  write(folder / "open.wav", open_end);
  const Dataset dataset = registry().open(folder / "open.wav");
  EXPECT_EQ(std::get<Recording>(dataset).length, 4000u);
  ASSERT_EQ(origin_of(dataset).warnings.size(), 1u);
}

Recording two_channels(double hertz) {
  Recording r;
  r.length = 100000;
  std::vector<double> a(r.length), b(r.length);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = std::sin(0.01 * static_cast<double>(i)) / 3;
    b[i] = static_cast<double>(i) * 0.25;
  }
  r.channels.push_back({.name = "ia (A)", .unit = "A", .samples = Buffer::of(a)});
  r.channels.push_back({.name = "2nd", .unit = "mm/s", .samples = Buffer::of(b)});
  r.rate = hertz > 0 ? known_rate(hertz, RateSource::Stated, "test") : unknown_rate("test");
  r.start_s = 2;
  r.origin.path = "two channels";
  return r;
}

TEST(WrittenRecordings, OthersReadWhatWeWrite) {
  NEEDS_JUDGES();
  const Folder folder;
  const Recording r = two_channels(8000);
  const SampleSpan span{4000, 70000}; // more than one block
  write_recording_mat(r, span, folder / "ours.mat", Context{});
  write_recording_hdf5(r, span, folder / "ours.h5", Context{});
  write_recording_wav(r, span, folder / "ours.wav", Context{});
  write_recording_csv(r, span, folder / "ours.csv", Context{});
  const auto seen = judge("plugins_arrays/judge.py", {"written", folder.path().string()});
  for (const auto& [format, one] : seen.items()) {
    SCOPED_TRACE(format);
    EXPECT_NEAR(one["hertz"].get<double>(), 8000, 1e-6);
    if (format != "wav") {
      EXPECT_NEAR(one["start"].get<double>(), 2.5, 1e-12);
    }
    for (std::size_t c = 0; c < 2; ++c) {
      const auto got = one["values"][c].get<std::vector<double>>();
      std::vector<double> want = block(r, c, span.first, span.count);
      if (format == "wav")
        for (double& v : want) v = static_cast<double>(static_cast<float>(v));
      expect_same(got, want, 0);
    }
  }
  EXPECT_EQ(seen["mat"]["units"], "A,mm/s");
  EXPECT_EQ(seen["hdf5"]["units"], "mm/s");
  for (const char* name : {"ours.mat", "ours.h5", "ours.wav", "ours.csv"}) {
    SCOPED_TRACE(name);
    const Dataset dataset = registry().open(folder / name);
    const Recording& back = std::get<Recording>(dataset);
    EXPECT_EQ(back.length, span.count);
    EXPECT_EQ(back.channels.size(), 2u);
    EXPECT_NEAR(back.rate.hertz, 8000, 1e-3);
  }
}

TEST(WrittenRecordings, WhatAFormatCannotHoldIsRefusedAndLeavesNothing) {
  const Folder folder;
  const auto told = [&](const auto& work) {
    try {
      work();
    } catch (const Error& e) {
      return std::string(e.what());
    }
    ADD_FAILURE() << "no error";
    return std::string();
  };
  EXPECT_NE(told([&] {
              write_recording_wav(two_channels(0), {0, 10}, folder / "a.wav", Context{});
            }).find("unknown"),
            std::string::npos);
  EXPECT_NE(told([&] {
              write_recording_wav(two_channels(0.5), {0, 10}, folder / "a.wav", Context{});
            }).find("0.5 Hz"),
            std::string::npos);
  EXPECT_NE(told([&] {
              write_recording_csv(two_channels(1), {99999, 2}, folder / "a.csv", Context{});
            }).find("which has 100000"),
            std::string::npos);
  const Context stop{.progress = [](double, std::string_view) { return false; }};
  told([&] {
    write_recording_mat(two_channels(1), {0, 10}, folder / "a.mat", stop);
    return 0;
  });
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

// No judge in PyPI is independent of libsndfile: the values are compared with what was given to it.
TEST(Flac, IntegersComeBackAsTheyWere) {
  const Folder folder;
  std::vector<int> in;
  for (int i = 0; i < 3000; ++i) in.push_back(((i * 7919) % 65536 - 32768) * 65536);
  SF_INFO info{};
  info.samplerate = 8000;
  info.channels = 2;
  info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_24;
  SNDFILE* file = sf_open((folder / "x.flac").c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  sf_writef_int(file, in.data(), 1500);
  sf_close(file);
  fs::rename(folder / "x.flac", folder / "x.txt"); // the content decides
  const Dataset dataset = registry().open(folder / "x.txt");
  const Recording& r = std::get<Recording>(dataset);
  EXPECT_EQ(r.length, 1500u);
  EXPECT_EQ(r.rate.hertz, 8000);
  const auto left = block(r, 0, 0, 1500), right = block(r, 1, 0, 1500);
  for (std::size_t i = 0; i < 1500; ++i) {
    EXPECT_EQ(left[i], in[2 * i] / 2147483648.0);
    EXPECT_EQ(right[i], in[2 * i + 1] / 2147483648.0);
  }
  const std::string whole = read_text(folder / "x.txt");
  write(folder / "cut.flac", whole.substr(0, whole.size() / 2));
  expect_error(folder / "cut.flac", ErrorCode::BadInput, "1500");
}

}
}
