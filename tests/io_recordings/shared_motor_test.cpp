// Every real recording of motor currents that is at hand: its channels, units and rate, or what is
// unknown.
#include "modules/signal/audit.h"
#include "tests/io_recordings/open.h"

using namespace sensorium;
using namespace sensorium::test;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> files_of(const std::string& folder, const std::string& suffix) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const auto& item :
       fs::directory_iterator(fs::path(SENSORIUM_SHARED_DATA) / "motor" / folder, code))
    if (item.path().extension() == suffix) out.push_back(item.path());
  std::sort(out.begin(), out.end());
  return out;
}

bool at_hand() { return fs::is_directory(fs::path(SENSORIUM_SHARED_DATA) / "motor"); }

}

TEST(SharedMotor, TablesOpenAndSayThatTheRateIsUnknown) {
  if (!at_hand()) GTEST_SKIP() << "skipped: no ../shared/data";
  const auto itsc = files_of("itsc", ".csv"), counts = files_of("adc_counts", ".csv");
  ASSERT_EQ(itsc.size(), 52u);
  ASSERT_EQ(counts.size(), 3u);
  for (const auto& [files, length] : {std::pair{&itsc, 5000u}, std::pair{&counts, 10000u}})
    for (const fs::path& file : *files) {
      const Recording r = open_recording(file);
      EXPECT_EQ(r.channels.size(), 3u) << file;
      EXPECT_EQ(r.length, length) << file;
      EXPECT_FALSE(r.rate.known()) << file;
      EXPECT_FALSE(r.rate.field.empty()) << "why it is unknown";
      for (const Channel& c : r.channels) EXPECT_TRUE(c.unit.empty()) << file;
    }
}

// The channels saturate where the fault is strong. No recording has a jump of all phases: each
// "dropped samples" would be a false alarm, as far as is known.
TEST(SharedMotor, TheAuditSeesClippingAndNoFalseJump) {
  if (!at_hand()) GTEST_SKIP() << "skipped: no ../shared/data";
  int clipped = 0;
  for (const fs::path& file : files_of("itsc", ".csv")) {
    const Audit a = audit(open_recording(file));
    bool here = false;
    for (const AuditEntry& e : a.entries) {
      here = here || e.kind == "clipping";
      EXPECT_FALSE(e.kind == "dropped samples" && e.channel < 0) << file << e.text;
    }
    clipped += here ? 1 : 0;
    const std::string name = file.stem().string();
    if (name.starts_with("SC_A4") || name.starts_with("SC_A0_B4")) {
      EXPECT_TRUE(here) << file;
    }
  }
  EXPECT_GE(clipped, 12);
}

TEST(SharedMotor, ComtradeOpensWithItsRateAndUnits) {
  if (!at_hand()) GTEST_SKIP() << "skipped: no ../shared/data";
  struct Expected {
    const char* file;
    double rate;
    std::size_t channels;
    std::uint64_t length;
    const char *name, *unit;
  };
  for (const Expected& e :
       std::initializer_list<Expected>{{"sample_ascii.cfg", 1200, 8, 40, "IA", "A"},
                                       {"sample_ascii.cff", 1200, 8, 40, "IA", "A"},
                                       {"sample_iso8859-1.cfg", 1200, 8, 40, "IA", "A"},
                                       {"sample_iso8859-1_bin.cfg", 1200, 8, 40, "IA", "A"},
                                       {"sample_bin.cfg", 15360, 20, 5, "VA", "kV"}}) {
    const Recording r = open_recording(fs::path(SENSORIUM_SHARED_DATA) / "motor/comtrade" / e.file);
    EXPECT_DOUBLE_EQ(r.rate.hertz, e.rate) << e.file;
    EXPECT_EQ(r.channels.size(), e.channels) << e.file;
    EXPECT_EQ(r.length, e.length) << e.file;
    EXPECT_EQ(r.channels.at(0).name, e.name) << e.file;
    EXPECT_EQ(r.channels.at(0).unit, e.unit) << e.file;
  }
  for (const char* file : {"sample_sub_char.cfg", "sample_ascii_utf-8.cfg"}) try {
      open_recording(fs::path(SENSORIUM_SHARED_DATA) / "motor/comtrade" / file);
      ADD_FAILURE() << file << " has no data beside it";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("no sample_"), std::string::npos) << e.what();
    }
}
