#include "pipelines/lung_ultrasound/phantom_scene.h"

#include "modules/core/error.h"
#include "pipelines/lung_ultrasound/signs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

PhantomOptions small(const std::string& pattern, int seed = 1) {
  PhantomOptions o;
  o.seed = seed;
  o.frames = 8;
  o.frame_rate = 4; // the lung moves well within the clip
  o.pattern = pattern;
  o.variety = 0;
  return o;
}

std::vector<std::byte> bytes_of(const LungPhantom& p) {
  const auto bytes = p.video.pixels.bytes();
  return {bytes.begin(), bytes.end()};
}

TEST(LungPhantom, OneSeedGivesOneClipOnAnyNumberOfThreads) {
  const auto one = bytes_of(make_phantom(small("b_lines"), 1));
  EXPECT_EQ(one, bytes_of(make_phantom(small("b_lines"), 3)));
  EXPECT_NE(one, bytes_of(make_phantom(small("b_lines", 2), 1)));
}

TEST(LungPhantom, TheBeamThatIsDrawnIsTheBeamThatIsFound) {
  PhantomOptions o = small("coalescent");
  o.banner = true;
  const LungPhantom p = make_phantom(o);
  const Beam beam = find_beam(frames_of(Dataset(p.video), 64));
  ASSERT_TRUE(beam.found()) << beam.failure;
  ASSERT_EQ(beam.shape, BeamShape::Sector);
  EXPECT_NEAR(beam.apex_x, p.apex_x, 5);
  EXPECT_NEAR((beam.last_angle - beam.first_angle) * 180 / 3.14159265, p.opening_deg, 5);
}

TEST(LungPhantom, ALinearProbeGivesARectangle) {
  PhantomOptions o = small("a_lines");
  o.probe = "linear";
  o.ribs = false;
  const Beam beam = find_beam(frames_of(Dataset(make_phantom(o).video), 64));
  ASSERT_TRUE(beam.found()) << beam.failure;
  EXPECT_EQ(beam.shape, BeamShape::Rectangle);
}

TEST(LungPhantom, SignsOfEachPatternAreThoseOfItsDefinition) {
  for (const auto& frame : make_phantom(small("a_lines")).frames) {
    EXPECT_TRUE(frame.a_lines);
    EXPECT_TRUE(frame.b_lines.empty());
    EXPECT_EQ(frame.score, 0);
  }
  for (const auto& frame : make_phantom(small("b_lines")).frames) {
    EXPECT_EQ(frame.score, frame.b_lines.size() >= 3 ? 1 : 0);
    EXPECT_GE(frame.b_lines.size(), 2u) << "four are asked for; breathing may hide some";
  }
  for (const auto& frame : make_phantom(small("coalescent")).frames) {
    EXPECT_GE(frame.covered, 0.5);
    EXPECT_FALSE(frame.a_lines);
    EXPECT_EQ(frame.score, 2);
  }
  for (const auto& frame : make_phantom(small("consolidation")).frames) {
    EXPECT_TRUE(frame.consolidation);
    EXPECT_EQ(frame.score, 3);
  }
}

// Grey level of the phantom at a place along the true beam, by its own geometry.
double level(const LungPhantom& p, int t, double degrees, double depth_mm) {
  const double radius = 60 + depth_mm, angle = degrees * 3.14159265358979 / 180;
  const int x = static_cast<int>(p.apex_x + radius * std::sin(angle) / p.mm_per_px),
            y = static_cast<int>(p.apex_y + radius * std::cos(angle) / p.mm_per_px);
  const auto at = (static_cast<std::size_t>(t) * p.video.height + y) * p.video.width + x;
  return static_cast<double>(samples<std::uint8_t>(p.video.pixels)[3 * at]);
}

double mean_level(const LungPhantom& p, double depth_mm) {
  double sum = 0;
  for (int t = 0; t < p.video.frames; ++t)
    for (double degrees = -10; degrees <= 10; degrees += 0.5) sum += level(p, t, degrees, depth_mm);
  return sum / p.video.frames / 41;
}

TEST(LungPhantom, ALinesStandAtMultiplesOfThePleuralDepth) {
  const LungPhantom p = make_phantom(small("a_lines"));
  for (const int k : {1, 2, 3}) {
    const double on = mean_level(p, k * p.pleura_mm), off = mean_level(p, (k + 0.45) * p.pleura_mm);
    EXPECT_GT(on, off + 40) << k;
  }
  const LungPhantom without = make_phantom(small("coalescent"));
  EXPECT_LT(mean_level(without, 2 * p.pleura_mm), mean_level(without, 2.45 * p.pleura_mm) + 25);
}

TEST(LungPhantom, BLinesReachTheBottomWithoutFading) {
  const LungPhantom p = make_phantom(small("coalescent"));
  EXPECT_GT(mean_level(p, 85), mean_level(p, 40) - 25);
  EXPECT_GT(mean_level(p, 85), mean_level(make_phantom(small("a_lines")), 85) + 50);
}

TEST(LungPhantom, AnEffusionIsBlackBetweenTwoLines) {
  PhantomOptions o = small("a_lines");
  o.effusion_mm = 15;
  const LungPhantom p = make_phantom(o);
  EXPECT_GT(mean_level(p, p.pleura_mm), mean_level(p, p.pleura_mm + 7) + 60);
  EXPECT_GT(mean_level(p, p.pleura_mm + 15), mean_level(p, p.pleura_mm + 7) + 60);
}

// Mean over deviation of the amplitude is 1.91 where many scatterers add up and no mirror adds a
// constant (Wagner et al. 1983). The grey levels are undone by the known law.
TEST(LungPhantom, SpeckleIsFullyDeveloped) {
  PhantomOptions o = small("coalescent");
  o.pattern = "consolidation";
  o.dynamic_range_db = 90; // nothing is cut to black or white
  o.ribs = false;
  const Scene scene(o);
  std::vector<double> amplitude;
  for (int t = 0; t < 4; ++t) {
    PhantomFrame signs;
    const std::vector<float> grey = scene.frame(t, signs);
    for (int l = 4; l < 40; ++l)
      for (int d = 250; d < 288; ++d) // 78 to 90 mm: between the third and the fourth A-line
        amplitude.push_back(
            std::pow(10, grey[static_cast<std::size_t>(l * Scene::depths + d)] * 90 / 20));
  }
  double mean = 0, square = 0;
  for (const double a : amplitude) mean += a, square += a * a;
  mean /= static_cast<double>(amplitude.size());
  square /= static_cast<double>(amplitude.size());
  EXPECT_NEAR(mean / std::sqrt(square - mean * mean), 1.91, 0.1);
}

// The detectors against the phantom's truth, over several seeds.
TEST(LungPhantom, PleuralLineAndItsRepeatsAreFound) {
  std::vector<double> with, without;
  for (int seed = 1; seed <= 5; ++seed)
    for (const char* pattern : {"a_lines", "coalescent"}) {
      const LungPhantom p = make_phantom(small(pattern, seed));
      const Frames frames = frames_of(Dataset(p.video), 64);
      const Beam beam = find_beam(frames);
      ASSERT_TRUE(beam.found()) << beam.failure;
      EXPECT_NEAR(beam.near * p.mm_per_px, 60, 3) << "a chest wall that stands still belongs to it";
      const Signs signs = signs_of(along_beam(frames.grey[0], beam));
      const double depth = signs.pleura_depth * (beam.far - beam.near) * p.mm_per_px;
      if (pattern == std::string("a_lines")) {
        EXPECT_NEAR(depth, p.pleura_mm, 4) << seed;
      }
      (pattern == std::string("a_lines") ? with : without).push_back(signs.a_line);
    }
  std::sort(with.begin(), with.end());
  std::sort(without.begin(), without.end());
  EXPECT_GT(with[2], 2) << "the level from which A-lines are said to be there";
  EXPECT_GT(with[2], without[2]);
}

TEST(LungPhantom, TheLungMovesAndTheWallStands) {
  PhantomOptions o = small("b_lines");
  o.breathing_mm = 8;
  const LungPhantom moving = make_phantom(o);
  o.breathing_mm = 0;
  const LungPhantom still = make_phantom(o);
  const auto first = [](const LungPhantom& p, int t) { return p.frames[t].b_lines[0][0]; };
  EXPECT_NE(first(moving, 0), first(moving, 3));
  EXPECT_EQ(first(still, 0), first(still, 3));
}

TEST(LungPhantom, AClipThatFillsTheMemoryIsRefused) {
  PhantomOptions o = small("a_lines");
  o.width = o.height = 1024;
  o.frames = 2000;
  EXPECT_THROW((void)make_phantom(o), Error);
}

}
}
