// Pictures that other programs wrote, against what Pillow and tifffile read.
#include "modules/core/hash.h"
#include "modules/io/image.h"
#include "tests/io/support.h"

#include <fstream>
#include <sstream>

namespace sensorium {
namespace {

namespace fs = std::filesystem;

Volume open_picture(const fs::path& path, Samples samples = Samples::Load) {
  return parse_picture(MappedFile::open(path)->bytes(), path.string(), samples);
}

// Compares each file with the judge's line. JPEG decoders may differ by rounding: only shape and
// type are compared.
void compare_with_judge(const std::vector<fs::path>& files) {
  const test::TemporaryFolder folder;
  std::string list;
  for (const fs::path& file : files) list += file.string() + "\n";
  write_atomically(folder / "list", list);
  ASSERT_EQ(
      test::run_judge("judge_picture.py", {(folder / "list").string(), (folder / "out").string()}),
      0);
  std::istringstream lines(read_text(folder / "out"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    std::istringstream cells(line);
    std::string path, type, digest;
    int width = 0, height = 0, depth = 0, channels = 0;
    std::getline(cells, path, '\t');
    cells >> width >> height >> depth >> channels >> type >> digest;
    SCOPED_TRACE(path);
    const Volume v = open_picture(path);
    EXPECT_EQ(v.width, width);
    EXPECT_EQ(v.height, height);
    EXPECT_EQ(v.depth, depth);
    EXPECT_EQ(v.channels, channels);
    EXPECT_EQ(name_of(v.type), type);
    EXPECT_EQ(sha256(v.pixels.bytes()), digest);
    EXPECT_FALSE(v.spacing[1].known() && fs::path(path).stem() != "imagej");
  }
  EXPECT_EQ(count, files.size());
}

TEST(PictureJudge, PicturesOfOtherPrograms) {
  if (!fs::exists(test::judge())) GTEST_SKIP() << "skipped: no Python judge";
  const test::TemporaryFolder folder;
  ASSERT_EQ(test::run_judge("make_pictures.py", {folder.path().string()}), 0);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder.path())) files.push_back(entry.path());
  EXPECT_EQ(files.size(), 20u);
  compare_with_judge(files);
  const Volume v = open_picture(folder / "imagej.tif");
  EXPECT_NEAR(v.spacing[0].micrometres, 0.25, 1e-6);
  EXPECT_NEAR(v.spacing[1].micrometres, 0.5, 1e-6);
  EXPECT_NEAR(v.spacing[2].micrometres, 2.5, 1e-6);
}

TEST(PictureJudge, TruncatedFilesAreRefused) {
  if (!fs::exists(test::judge())) GTEST_SKIP() << "skipped: no Python judge";
  const test::TemporaryFolder folder;
  ASSERT_EQ(test::run_judge("make_pictures.py", {folder.path().string()}), 0);
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    const std::string whole = read_text(entry.path());
    for (const double part : {0.01, 0.3, 0.6, 0.9, 0.99}) {
      const std::string cut =
          whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size())));
      SCOPED_TRACE(entry.path().string() + " " + std::to_string(part));
      test::error_of([&] { parse_picture(std::as_bytes(std::span(cut)), "cut"); });
    }
  }
}

TEST(PictureJudge, DamagedJpegsAreNoGreyPixels) {
  if (!fs::exists(test::judge())) GTEST_SKIP() << "skipped: no Python judge";
  const test::TemporaryFolder folder;
  ASSERT_EQ(test::run_judge("make_pictures.py", {folder.path().string()}), 0);
  for (const char* name : {"grey.jpg", "progressive.jpg", "rgb.jpg"}) {
    const std::string whole = read_text(folder / name);
    for (const double part : {0.7, 0.8, 0.9}) {
      // cut within the entropy-coded data, and closed with an end marker as if it were whole
      const std::string lie =
          whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size()))) +
          "\xFF\xD9";
      SCOPED_TRACE(std::string(name) + " " + std::to_string(part));
      const Error e = test::error_of([&] { parse_picture(std::as_bytes(std::span(lie)), "lie"); });
      EXPECT_EQ(e.code(), ErrorCode::BadInput);
      EXPECT_TRUE(test::mentions(e, "damaged JPEG") || test::mentions(e, "cut short")) << e.what();
    }
  }
}

TEST(PictureJudge, RealPictures) {
  if (!fs::exists(test::judge())) GTEST_SKIP() << "skipped: no Python judge";
  const fs::path data = test::shared_data() / "oct";
  if (!fs::exists(data)) GTEST_SKIP() << "skipped: no ../shared/data";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    const std::string suffix = entry.path().extension().string();
    for (const char* wanted : {".png", ".jpg", ".tif", ".bmp"})
      if (suffix == wanted) files.push_back(entry.path());
  }
  EXPECT_GT(files.size(), 50u);
  compare_with_judge(files);
}

}
}
