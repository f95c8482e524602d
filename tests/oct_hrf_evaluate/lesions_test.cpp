// Properties of the second generator: what it puts where, and that it leaves all else as it was.
#include "pipelines/oct_hrf/lesions.h"
#include "pipelines/oct_hrf/normalise.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

constexpr int width = 320, height = 260, scans = 2;

// A retina without objects, in the place of a real scan.
const Phantom& bare() {
  static const Phantom made = [] {
    PhantomOptions o;
    o.seed = 20200;
    o.width = width, o.height = height, o.scans = scans;
    o.variety = 0;
    o.foci = o.exudates = o.choroidal_foci = o.vessels = o.capillaries = o.fragments = 0;
    o.grains = o.drusen = o.cysts = 0;
    return make_phantom(o, 2);
  }();
  return made;
}

InsertedCase inserted(std::uint64_t seed, int threads = 1, bool enhance = false) {
  return insert_lesions(bare().volume, {}, enhance, seed, threads);
}

}

TEST(Inserted, TheSeedDecidesAndNotTheThreads) {
  const InsertedCase a = inserted(1, 1), b = inserted(1, 2), c = inserted(2, 1);
  EXPECT_EQ(a.inserted.prepared, b.inserted.prepared);
  EXPECT_EQ(a.inserted.instances, b.inserted.instances);
  EXPECT_EQ(a.untouched, b.untouched);
  EXPECT_NE(a.inserted.instances, c.inserted.instances);
  EXPECT_EQ(a.untouched, c.untouched);
}

TEST(Inserted, TheScanIsUnchangedAwayFromTheLesions) {
  const InsertedCase c = inserted(3);
  const EvaluationCase& one = c.inserted;
  ASSERT_EQ(one.depth, scans);
  EXPECT_EQ(c.untouched, normalise_volume(to_float(bare().volume), width * height, 1));
  const InsertOptions o;
  std::size_t changed = 0;
  for (std::size_t i = 0; i < one.prepared.size(); ++i) {
    if (one.prepared[i] == c.untouched[i]) continue;
    ++changed;
    const int x = static_cast<int>(i % width), y = static_cast<int>(i / width % height);
    const int z = static_cast<int>(i / (width * height));
    bool near = false;
    for (const Section& t : one.truths)
      near |= t.scan == z && std::abs(t.x - x) * one.scale.spacing_x_um < 2 * o.max_um + 12 &&
              std::abs(t.y - y) * one.scale.spacing_y_um < 2 * o.max_um + 12;
    ASSERT_TRUE(near) << x << " " << y << " " << z;
  }
  EXPECT_GT(changed, one.truths.size() * 3);
}

// Three discs of 0.28 to 0.42 of the nominal diameter, 0.22 off the middle at most on each axis:
// the region above half height is between 0.56 and 1.47 of it wide, but for the pixels' size.
TEST(Inserted, SizesNumbersAndPlaces) {
  const InsertedCase c = inserted(4);
  const EvaluationCase& one = c.inserted;
  const InsertOptions o;
  std::map<int, int> pixels, in_scan;
  for (const std::uint16_t i : one.instances)
    if (i != 0) ++pixels[i];
  ASSERT_EQ(pixels.size(), one.truths.size());
  const auto& ilm = bare().volume.surfaces.front().depth;
  const auto& bm = bare().volume.surfaces.back().depth;
  for (const Section& t : one.truths) {
    ++in_scan[t.scan];
    const double area = pixels[t.instance] * one.scale.spacing_x_um * one.scale.spacing_y_um;
    EXPECT_NEAR(t.diameter_um * t.diameter_um * std::numbers::pi / 4, area, 1e-6);
    EXPECT_GT(t.diameter_um, 0.56 * o.min_um - 4);
    EXPECT_LT(t.diameter_um, 1.47 * o.max_um + 8);
    const std::size_t column = static_cast<std::size_t>(t.scan) * width + std::lround(t.x);
    EXPECT_GT(t.y, ilm[column]);
    EXPECT_LT(t.y, bm[column]);
  }
  for (int z = 0; z < scans; ++z) {
    EXPECT_LE(in_scan[z], o.per_bscan);
    EXPECT_GE(in_scan[z], o.per_bscan / 2);
  }
}

TEST(Inserted, LesionsAreBrighterThanWhatWasThere) {
  const InsertedCase c = inserted(5);
  std::map<int, std::array<double, 3>> sums; // after, before, pixels
  for (std::size_t i = 0; i < c.untouched.size(); ++i) {
    auto& s = sums[c.inserted.instances[i]];
    s[0] += c.inserted.prepared[i], s[1] += c.untouched[i], ++s[2];
  }
  sums.erase(0);
  ASSERT_GE(sums.size(), 10u);
  int brighter = 0;
  for (const auto& [instance, s] : sums) brighter += s[0] / s[2] > s[1] / s[2] + 0.03;
  EXPECT_GE(brighter, static_cast<int>(sums.size()) * 9 / 10);
}

TEST(Inserted, EnhancementComesAfterTheInsertion) {
  const InsertedCase raw = inserted(6), enhanced = inserted(6, 1, true);
  EXPECT_EQ(raw.inserted.instances, enhanced.inserted.instances);
  EXPECT_NE(raw.inserted.prepared, enhanced.inserted.prepared);
  EXPECT_NE(raw.untouched, enhanced.untouched);
  for (const float v : enhanced.inserted.prepared) ASSERT_TRUE(v >= 0 && v <= 1);
}

TEST(Inserted, AScaleThatIsNotKnownIsAssumedAsStated) {
  Volume v = bare().volume;
  v.spacing[0] = v.spacing[1] = unknown_spacing("test");
  const InsertOptions o{.assumed_x_um = 9, .assumed_y_um = 4};
  const InsertedCase c = insert_lesions(v, o, false, 1, 1);
  EXPECT_EQ(c.inserted.scale.spacing_x_um, 9);
  EXPECT_EQ(c.inserted.scale.spacing_y_um, 4);
}

TEST(Inserted, NoRetinaIsRefused) {
  Volume v = bare().volume;
  std::vector<std::uint8_t> noise(v.voxels());
  for (std::size_t i = 0; i < noise.size(); ++i)
    noise[i] = static_cast<std::uint8_t>(100 + i * 2654435761u % 7);
  v.pixels = Buffer::of(std::move(noise));
  try {
    insert_lesions(v, {}, false, 1, 1);
    ADD_FAILURE() << "noise was taken for a retina";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::BadInput);
  }
}
