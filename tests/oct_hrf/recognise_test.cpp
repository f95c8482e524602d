#include "pipelines/oct_hrf/recognise.h"

#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/surfaces.h"
#include "tests/oct_hrf/drawn.h"

#include <filesystem>

using namespace sensorium;
using namespace sensorium::test;
using oct_hrf::Recognition;
namespace fs = std::filesystem;

namespace {

Recognition asked(const Volume& v, bool has_lines = false) {
  const std::size_t plane = static_cast<std::size_t>(v.width) * v.height;
  return oct_hrf::recognise(v, oct_hrf::normalise_volume(to_float(v), plane), has_lines);
}

Volume with(Volume v, std::vector<std::uint8_t> pixels, int channels = 1) {
  v.pixels = Buffer::of(std::move(pixels));
  v.channels = channels;
  return v;
}

Volume opened(const fs::path& file) {
  Registry registry;
  registry.add(builtin_io());
  return std::get<Volume>(registry.open(file));
}

void expect_refused(const Volume& v, const std::string& part) {
  const Recognition r = asked(v);
  EXPECT_TRUE(r.refused) << part;
  EXPECT_TRUE(noted(r.notes, part)) << (r.notes.empty() ? "no note" : r.notes[0]);
}

}

TEST(Recognise, ARetinaIsAccepted) {
  const Recognition r = asked(Retina{}.volume());
  EXPECT_FALSE(r.refused) << (r.notes.empty() ? "" : r.notes[0]);
  EXPECT_TRUE(r.notes.empty());
}

TEST(Recognise, AnotherModalityThanOct) {
  Volume v = Retina{}.volume();
  for (const char* other : {"CT", "MR", "US", "NM"}) {
    v.modality = other;
    expect_refused(v, "not OCT");
  }
  for (const char* possible : {"OCT", "OPT", "OT", "OP", ""}) {
    v.modality = possible;
    EXPECT_FALSE(asked(v).refused) << possible;
  }
}

TEST(Recognise, UpsideDown) {
  const Volume v = Retina{}.volume();
  auto p = pixels_of(v);
  for (int y = 0; y < v.height / 2; ++y)
    std::swap_ranges(p.begin() + y * v.width, p.begin() + (y + 1) * v.width,
                     p.begin() + (v.height - 1 - y) * v.width);
  expect_refused(with(v, p), "upside-down");
}

TEST(Recognise, NoRetina) {
  const Volume v = Retina{}.volume();
  std::mt19937 random(3);
  auto p = pixels_of(v);
  for (auto& x : p) x = static_cast<std::uint8_t>(60 + random() % 60);
  expect_refused(with(v, p), "no retina");
}

TEST(Recognise, EmptyAndSaturated) {
  const Volume v = Retina{}.volume();
  auto p = pixels_of(v);
  expect_refused(with(v, std::vector<std::uint8_t>(p.size(), 0)), "empty");
  expect_refused(with(v, std::vector<std::uint8_t>(p.size(), 255)), "empty");
  for (auto& x : p) x = static_cast<std::uint8_t>(std::min(255, x * 3));
  expect_refused(with(v, p), "saturated");
}

TEST(Recognise, CutAtTheTop) {
  const Volume v = Retina{}.volume();
  const auto p = pixels_of(v);
  std::vector<std::uint8_t> moved(p.size(), 20);
  std::copy(p.begin() + 110 * v.width, p.end(), moved.begin()); // the inner retina is gone
  const Recognition r = asked(with(v, moved));
  EXPECT_TRUE(r.refused);
}

TEST(Recognise, CutAtTheBottom) {
  Retina retina;
  retina.slope = 0;
  Volume v = retina.volume();
  auto p = pixels_of(v);
  v.height = 76; // ILM at 65 to 75: most columns end in the nerve fibre layer
  p.resize(static_cast<std::size_t>(v.width) * v.height);
  expect_refused(with(v, p), "lower rim");
  EXPECT_FALSE(noted(asked(retina.volume()).notes, "lower rim"));
}

TEST(Recognise, CutAboveThePigmentEpithelium) {
  Retina retina;
  retina.slope = 0;
  const Volume v = retina.volume();
  for (const int height : {126, 130, 134}) { // in the dark outer layer
    auto p = pixels_of(v);
    p.resize(static_cast<std::size_t>(v.width) * static_cast<std::size_t>(height));
    Volume cut = with(v, p);
    cut.height = height;
    EXPECT_TRUE(asked(cut).refused) << height;
  }
}

TEST(Recognise, ReportPageWithWhiteBorder) {
  const Volume v = Retina{}.volume();
  auto p = pixels_of(v);
  for (int y = 0; y < v.height; ++y)
    for (int x = 0; x < v.width; ++x)
      if (x < 12 || y < 12 || x >= v.width - 12 || y >= v.height - 12) p[y * v.width + x] = 255;
  expect_refused(with(v, p), "white borders");
}

TEST(Recognise, VendorDrawingsInColour) {
  const Volume v = Retina{}.volume();
  const auto grey = pixels_of(v);
  std::vector<std::uint8_t> rgb;
  for (auto g : grey) rgb.insert(rgb.end(), {g, g, g});
  EXPECT_FALSE(asked(with(v, rgb, 3)).refused); // grey in three channels is grey
  for (int x = 40; x < 140; ++x) {
    rgb[(100 * v.width + x) * 3] = 0;
    rgb[(100 * v.width + x) * 3 + 1] = 255;
    rgb[(100 * v.width + x) * 3 + 2] = 0;
  }
  expect_refused(with(v, rgb, 3), "coloured");
}

TEST(Recognise, TooSmall) {
  Volume v;
  v.width = 20;
  v.height = 20;
  v.depth = 1;
  v.pixels = Buffer::of(std::vector<std::uint8_t>(400, 7));
  expect_refused(v, "too small");
}

TEST(Recognise, RealRecordings) {
  const fs::path oct = fs::path(SENSORIUM_SHARED_DATA) / "oct";
  if (!fs::exists(oct)) GTEST_SKIP() << "skipped: no ../shared/data";
  const auto verdict = [&](const std::string& file) { return asked(opened(oct / file)); };
  for (const char* file : {"Choroidalyzer/example_data/image1.png",
                           "OCT-denoising-package/Datasets/dt1_Bioptigen_SDOCT/1/test.tif"}) {
    if (!fs::exists(oct / file)) continue;
    EXPECT_FALSE(verdict(file).refused) << file;
  }
  EXPECT_TRUE(
      noted(verdict("oct-image-srf-detection/Test-Data/handout/3684.png").notes, "white borders"));
  EXPECT_TRUE(
      noted(verdict("OCT-Biomarker-Segmentation/data/sample_images/amd/amd_1084498_1.jpg").notes,
            "coloured"));
}

TEST(Recognise, RealScansTurnedOrCutAboveTheEpithelium) {
  const fs::path oct = fs::path(SENSORIUM_SHARED_DATA) / "oct";
  if (!fs::exists(oct)) GTEST_SKIP() << "skipped: no ../shared/data";
  for (const char* file : {"Choroidalyzer/example_data/image1.png",
                           "OCT-denoising-package/Datasets/dt1_Bioptigen_SDOCT/7/test.tif"}) {
    const Volume v = opened(oct / file);
    auto p = pixels_of(v);
    const auto row = static_cast<std::ptrdiff_t>(v.width) * v.channels;
    for (int y = 0; y < v.height / 2; ++y)
      std::swap_ranges(p.begin() + y * row, p.begin() + (y + 1) * row,
                       p.begin() + (v.height - 1 - y) * row);
    expect_refused(with(v, p, v.channels), "upside-down");
  }
  for (const char* file : {"23.png", "20.png", "21.png"}) {
    const Volume v = opened(oct /
                            "Annotation-efficient-learning-for-OCT-segmentation/dataset/"
                            "train_fewshot_data/TRAIN001" /
                            file);
    const auto values =
        oct_hrf::normalise_volume(to_float(v), static_cast<std::size_t>(v.width) * v.height);
    const oct_hrf::BscanLines lines =
        oct_hrf::trace_bscan(oct_hrf::enhance_bscan(values, v.width, v.height), v.width, v.height);
    ASSERT_TRUE(lines.failure.empty()) << lines.failure;
    const std::size_t middle = lines.ilm.size() / 2;
    Volume cut = v;
    cut.height = static_cast<int>(lines.ilm[middle] + 0.7 * (lines.bm[middle] - lines.ilm[middle]));
    auto p = pixels_of(v);
    p.resize(static_cast<std::size_t>(v.width) * v.channels * static_cast<std::size_t>(cut.height));
    expect_refused(with(cut, p, v.channels), "cut off");
  }
}
