// Recordings and cubes in another format, as a user asks for it.
#include "modules/core/file.h"
#include "tests/support/files.h"
#include "tests/support/process.h"

namespace sensorium {
namespace {
using testing_support::Outcome;
using testing_support::run_program;

Outcome sensorium(std::vector<std::string> words) {
  words.insert(words.begin(), SENSORIUM_BINARY_DIR "/bin/sensorium");
  return run_program(words);
}

TEST(ConvertRecording, ASpanInSecondsOrSamples) {
  const test::Folder folder;
  const std::string in = (folder / "in.csv").string(), out = (folder / "out.csv").string();
  std::string table = "time [s],ia [A]\n";
  for (int i = 0; i < 200; ++i) table += std::to_string(i * 0.25) + "," + std::to_string(i) + "\n";
  test::write(in, table);
  Outcome done = sensorium({"convert", in, "-o", out, "--from", "1", "--to", "2"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(read_text(out), "time [s],ia [A]\n1,4\n1.25,5\n1.5,6\n1.75,7\n");
  done = sensorium({"convert", in, "-o", out, "--first-sample", "2", "--last-sample", "3"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(read_text(out), "time [s],ia [A]\n0.25,1\n0.5,2\n");
  for (const char* suffix : {"mat", "h5", "wav"}) {
    const std::string other = (folder / (std::string("out.") + suffix)).string();
    ASSERT_EQ(sensorium({"convert", in, "-o", other}).status, 0) << suffix;
    const Outcome info = sensorium({"info", other});
    EXPECT_NE(info.out.find("4 Hz"), std::string::npos) << info.out << info.err;
    EXPECT_NE(info.out.find("200 of each channel"), std::string::npos) << info.out;
  }
}

TEST(ConvertRecording, WrongSpansAreUsageErrors) {
  const test::Folder folder;
  const std::string in = (folder / "in.csv").string(), out = (folder / "out.csv").string();
  std::string table;
  for (int i = 0; i < 200; ++i) table += std::to_string(i * i) + "," + std::to_string(i) + "\n";
  test::write(in, table);
  for (const std::vector<std::string>& span :
       std::vector<std::vector<std::string>>{{"--from", "1"}, // the rate is unknown
                                             {"--first-sample", "0"},
                                             {"--last-sample", "201"},
                                             {"--first-sample", "9", "--last-sample", "8"}}) {
    std::vector<std::string> words{"convert", in, "-o", out};
    words.insert(words.end(), span.begin(), span.end());
    const Outcome outcome = sensorium(words);
    EXPECT_EQ(outcome.status, 2) << span[0] << " " << span[1] << outcome.err;
    EXPECT_NE(outcome.err.find("hint: "), std::string::npos) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

// What makes pictures says which, and counts no findings.
TEST(RunHs2rgb, SaysWhatItMade) {
  const test::Folder folder;
  std::string header = "ENVI\nlines = 2\nsamples = 2\nbands = 4\ndata type = 1\ninterleave = bip\n"
                       "wavelength units = nm\nwavelength = {450, 520, 600, 680}\n";
  test::write(folder / "cube.hdr", header);
  test::write(folder / "cube.raw",
              std::string("\x10\x20\x30\x40\x20\x30\x40\x50\x30\x40\x50\x60\x40\x50\x60\x70", 16));
  const Outcome done = sensorium({"run", "hs2rgb", (folder / "cube.hdr").string(), "-o",
                                  (folder / "out").string(), "--no-report"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_NE(done.out.find("rgb.png"), std::string::npos) << done.out;
  EXPECT_EQ(done.out.find("0 findings"), std::string::npos) << done.out;
}

}
}
