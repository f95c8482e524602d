// The phantom's promises: bits by seed, truth that agrees with itself, sizes refused.
#include "pipelines/oct_hrf/phantom.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

PhantomOptions small(int seed, int scans = 3) {
  PhantomOptions o;
  o.seed = seed;
  o.width = 160;
  o.height = 240; // 929 um
  o.scans = scans;
  return o;
}

bool same_bytes(const Volume& a, const Volume& b) {
  return std::ranges::equal(a.pixels.bytes(), b.pixels.bytes());
}

bool lesion(PhantomLabel label) {
  return label == PhantomLabel::Focus || label == PhantomLabel::Exudate ||
         label == PhantomLabel::ChoroidalFocus;
}

}

TEST(Phantom, TheSameSeedGivesTheSameBytesOnAnyNumberOfThreads) {
  const Phantom one = make_phantom(small(20000), 1), two = make_phantom(small(20000), 2);
  EXPECT_TRUE(same_bytes(one.volume, two.volume));
  EXPECT_TRUE(same_bytes(one.labels, two.labels));
  EXPECT_TRUE(same_bytes(one.instances, two.instances));
  ASSERT_EQ(one.objects.size(), two.objects.size());
  for (std::size_t i = 0; i < one.objects.size(); ++i) {
    EXPECT_EQ(one.objects[i].instance, two.objects[i].instance);
    EXPECT_EQ(one.objects[i].x, two.objects[i].x);
  }
  for (std::size_t k = 0; k < one.volume.surfaces.size(); ++k)
    EXPECT_EQ(one.volume.surfaces[k].depth, two.volume.surfaces[k].depth);
}

TEST(Phantom, AnotherSeedGivesAnotherVolume) {
  const Phantom one = make_phantom(small(20000), 2), other = make_phantom(small(20001), 2);
  EXPECT_FALSE(same_bytes(one.volume, other.volume));
  EXPECT_FALSE(same_bytes(one.labels, other.labels));
}

TEST(Phantom, LabelsInstancesAndListAgree) {
  const Phantom p = make_phantom(small(20002, 4), 2);
  const auto labels = samples<std::uint8_t>(p.labels.pixels);
  const auto instances = samples<std::uint16_t>(p.instances.pixels);
  const std::size_t plane = 160 * 240;
  ASSERT_EQ(labels.size(), plane * 4);
  struct Seen {
    int pixels = 0;
    double x = 0, y = 0;
    std::uint8_t label = 0;
  };
  std::map<std::pair<int, int>, Seen> seen; // scan, instance
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ASSERT_EQ(labels[i] != 0, instances[i] != 0) << i;
    if (labels[i] == 0) continue;
    Seen& s = seen[{static_cast<int>(i / plane), instances[i]}];
    ASSERT_TRUE(s.pixels == 0 || s.label == labels[i]);
    s.label = labels[i];
    ++s.pixels;
    s.x += static_cast<double>(i % 160);
    s.y += static_cast<double>(i % plane / 160);
  }
  ASSERT_EQ(seen.size(), p.objects.size());
  ASSERT_FALSE(p.objects.empty());
  for (const PhantomObject& o : p.objects) {
    const auto found = seen.find({o.scan, o.instance});
    ASSERT_NE(found, seen.end()) << o.instance;
    const Seen& s = found->second;
    EXPECT_EQ(s.pixels, o.pixels);
    EXPECT_EQ(s.label, static_cast<int>(o.label));
    EXPECT_NEAR(s.x / s.pixels, o.x, 1e-9);
    EXPECT_NEAR(s.y / s.pixels, o.y, 1e-9);
    EXPECT_NEAR(o.diameter_um * o.diameter_um * std::numbers::pi / 4,
                o.pixels * p.used.spacing_x_um * p.used.spacing_y_um, 1e-6);
  }
}

TEST(Phantom, BoundariesLieInOrderInsideThePicture) {
  const Phantom p = make_phantom(small(20003), 2);
  const auto& surfaces = p.volume.surfaces;
  ASSERT_EQ(surfaces.size(), 9u);
  EXPECT_EQ(surfaces.front().name, "ILM");
  EXPECT_EQ(surfaces.back().name, "BM");
  for (std::size_t i = 0; i < surfaces[0].depth.size(); ++i) {
    for (std::size_t k = 1; k < surfaces.size(); ++k)
      ASSERT_LE(surfaces[k - 1].depth[i], surfaces[k].depth[i] + 1e-3) << k << " at " << i;
    ASSERT_GE(surfaces.front().depth[i], 0);
    ASSERT_LT(surfaces.back().depth[i], 240);
  }
}

TEST(Phantom, LesionsStandOutFromWhatIsAroundThem) {
  PhantomOptions o = small(20004, 6);
  o.vessels = o.capillaries = o.fragments = o.grains = o.drusen = o.cysts = 0;
  o.variety = 0;
  const Phantom p = make_phantom(o, 2);
  const auto grey = samples<std::uint8_t>(p.volume.pixels);
  const auto instances = samples<std::uint16_t>(p.instances.pixels);
  int brighter = 0, all = 0;
  for (const PhantomObject& object : p.objects) {
    ASSERT_TRUE(lesion(object.label)) << "a distractor though none was asked for";
    if (object.pixels < 8) continue;
    double inside = 0, outside = 0, n = 0, m = 0;
    for (int y = std::max(0, int(object.y) - 9); y < std::min(240, int(object.y) + 10); ++y)
      for (int x = std::max(0, int(object.x) - 5); x < std::min(160, int(object.x) + 6); ++x) {
        const std::size_t i = (static_cast<std::size_t>(object.scan) * 240 + y) * 160 + x;
        if (instances[i] == object.instance)
          inside += grey[i], ++n;
        else if (instances[i] == 0)
          outside += grey[i], ++m;
      }
    if (n == 0 || m == 0) continue;
    ++all;
    brighter += inside / n > outside / m;
  }
  ASSERT_GE(all, 5);
  EXPECT_GE(brighter, all * 9 / 10);
}

TEST(Phantom, WithoutObjectsThereIsNoLabel) {
  PhantomOptions o = small(20005, 2);
  o.foci = o.exudates = o.choroidal_foci = o.vessels = o.capillaries = o.fragments = 0;
  o.grains = o.drusen = o.cysts = 0;
  const Phantom p = make_phantom(o, 1);
  EXPECT_TRUE(p.objects.empty());
  for (const auto label : samples<std::uint8_t>(p.labels.pixels)) ASSERT_EQ(label, 0);
}

TEST(Phantom, VarietyZeroKeepsTheOptions) {
  PhantomOptions o = small(3);
  o.variety = 0;
  const PhantomOptions used = make_phantom(o, 1).used;
  EXPECT_EQ(used.looks, o.looks);
  EXPECT_EQ(used.foci, o.foci);
  EXPECT_EQ(used.texture, o.texture);
  EXPECT_EQ(used.spacing_x_um, o.spacing_x_um);
}

TEST(Phantom, SizesThatHoldNoRetinaAreRefused) {
  PhantomOptions shallow = small(1), narrow = small(1), many = small(1), none = small(1),
                 newer = small(1), flat = small(1);
  shallow.height = 200; // 774 um
  narrow.width = 31;
  many.scans = 256;
  none.scans = 0;
  newer.phantom_version = latest_phantom_version + 1;
  flat.spacing_z_um = 0;
  for (const PhantomOptions& o : {shallow, narrow, many, none, newer, flat}) {
    try {
      make_phantom(o, 1);
      ADD_FAILURE() << o.width << " x " << o.height << " x " << o.scans << " was taken";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::Usage);
    }
  }
}
