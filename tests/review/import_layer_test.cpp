#include "modules/review/fold.h"
#include "modules/review/import_layer.h"
#include "tests/review/lesions.h"

namespace sensorium::test {
namespace {

Volume volume(int w, int h, int d, std::vector<std::uint8_t> values = {}) {
  Volume v{.width = w, .height = h, .depth = d};
  values.resize(v.voxels());
  v.pixels = Buffer::of(std::move(values));
  v.spacing = micrometres;
  v.origin.path = "/somewhere/mask.nii";
  return v;
}

std::string refusal(const Volume& mask, const Volume& recording, const ImportOptions& o = {}) {
  return message_of(ErrorCode::BadInput, [&] {
    std::vector<std::string> notes;
    check_geometry(mask, recording, o, notes);
  });
}

TEST(ImportLayer, OtherGeometryIsRefusedWithBothValues) {
  const Volume recording = volume(4, 3, 2);
  std::string text = refusal(volume(4, 3, 5), recording);
  EXPECT_NE(text.find("4 x 3 x 5"), std::string::npos) << text;
  EXPECT_NE(text.find("4 x 3 x 2"), std::string::npos) << text;
  Volume other = volume(4, 3, 2);
  other.spacing[1].micrometres = 10.5;
  text = refusal(other, recording);
  EXPECT_NE(text.find("10.5 um"), std::string::npos) << text;
  EXPECT_NE(text.find("10 um"), std::string::npos) << text;
  other = volume(4, 3, 2);
  other.laterality = Laterality::Left;
  Volume right = recording;
  right.laterality = Laterality::Right;
  EXPECT_NE(refusal(other, right).find("left"), std::string::npos);
}

TEST(ImportLayer, OrientationAndOriginAreCompared) {
  Volume recording = volume(4, 3, 2), mask = volume(4, 3, 2);
  recording.orientation = Orientation{};
  mask.orientation = Orientation{.direction = {-1, 0, 0, 0, 1, 0, 0, 0, 1}};
  EXPECT_NE(refusal(mask, recording).find("(-1, 0, 0)"), std::string::npos);
  mask.orientation = Orientation{.origin_mm = {0.02, 0, 0}}; // two pixels of 10 um
  EXPECT_NE(refusal(mask, recording).find("0.0200"), std::string::npos);
  mask.orientation = Orientation{.origin_mm = {0, 0, 0.1}}; // one slice of 100 um
  EXPECT_NE(refusal(mask, recording).find("slice"), std::string::npos);
  mask.orientation = Orientation{};
  std::vector<std::string> notes;
  EXPECT_EQ(check_geometry(mask, recording, {}, notes), 0);
  EXPECT_TRUE(notes.empty());
  mask.orientation.reset();
  EXPECT_EQ(check_geometry(mask, recording, {}, notes), 0);
  EXPECT_EQ(notes.size(), 1u) << "what was not compared is said";
}

TEST(ImportLayer, ADicomSegMayLeaveOutSlices) {
  Volume recording = volume(4, 3, 5), mask = volume(4, 3, 2);
  recording.orientation = Orientation{};
  mask.orientation = Orientation{.origin_mm = {0, 0, 0.2}};
  std::vector<std::string> notes;
  EXPECT_NE(refusal(mask, recording).find("4 x 3 x 5"), std::string::npos) << "an NRRD may not";
  mask.origin.format = "dicom";
  EXPECT_EQ(check_geometry(mask, recording, {}, notes), 2);
  mask.orientation = Orientation{.origin_mm = {0, 0, 0.4}};
  refusal(mask, recording); // slices 4 and 5 of 0 .. 4
}

TEST(ImportLayer, PartsTouchOverCornersAndSlices) {
  // 26-connected: (0,0,0) and (1,1,1) are one part; (3,0,0) touches neither.
  std::vector<std::uint8_t> v(4 * 3 * 2);
  v[0] = v[(3 + 1) * 4 + 1] = v[3] = 1;
  const ImportedLayer layer =
      import_layer(volume(4, 3, 2, v), volume(4, 3, 2), {"focus", "exudate"});
  ASSERT_EQ(layer.findings.size(), 2u);
  EXPECT_EQ(runs_to_json(layer.findings[0].footprint), nlohmann::json({0, 0, 0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(layer.findings[0].label, "focus") << "one value: the pipeline's first label";
  EXPECT_EQ(layer.findings[1].box, (std::array<int, 6>{3, 0, 0, 3, 0, 0}));
}

TEST(ImportLayer, EachValueNeedsALabel) {
  std::vector<std::uint8_t> v(12);
  v[0] = 1;
  v[5] = 2;
  const Volume mask = volume(4, 3, 1, v), recording = volume(4, 3, 1);
  const std::string text =
      message_of(ErrorCode::Usage, [&] { import_layer(mask, recording, {"focus", "exudate"}); });
  EXPECT_NE(text.find("1=focus"), std::string::npos) << text;
  EXPECT_EQ(import_layer(mask, recording, {"focus", "exudate"},
                         {.labels = {{1, "exudate"}, {2, "focus"}}})
                .findings[0]
                .label,
            "exudate");
  message_of(ErrorCode::Usage, [&] {
    import_layer(mask, recording, {"focus", "exudate"}, {.labels = {{1, "x"}, {2, "focus"}}});
  });
  Volume named = mask;
  named.origin.facts = {{"segment 1", "Exudate", ""}, {"segment 2", "lesion", ""}};
  const ImportedLayer layer =
      import_layer(named, recording, {"focus", "exudate"}, {.names = {{"lesion", "focus"}}});
  EXPECT_EQ(layer.labels, (std::map<long, std::string>{{1, "exudate"}, {2, "focus"}}));
}

TEST(ImportLayer, ProbabilitiesNeedAThresholdAndColoursAreRefused) {
  Volume soft{.width = 2, .height = 1, .depth = 1, .type = PixelType::Float32};
  soft.pixels = Buffer::of(std::vector<float>{0.25f, 0.75f});
  const Volume recording = volume(2, 1, 1);
  message_of(ErrorCode::Unsupported, [&] { import_layer(soft, recording, {"focus"}); });
  const ImportedLayer layer = import_layer(soft, recording, {"focus"}, {.threshold = 0.5});
  ASSERT_EQ(layer.findings.size(), 1u);
  EXPECT_EQ(layer.findings[0].box[0], 1);
  Volume rgb{.width = 1, .height = 1, .depth = 1, .channels = 3};
  rgb.pixels = Buffer::of(std::vector<std::uint8_t>{9, 9, 9});
  EXPECT_EQ(import_layer(rgb, volume(1, 1, 1), {"focus"}).findings.size(), 1u) << "grey as colour";
  rgb.pixels = Buffer::of(std::vector<std::uint8_t>{9, 0, 0});
  message_of(ErrorCode::Unsupported, [&] { import_layer(rgb, volume(1, 1, 1), {"focus"}); });
}

TEST(ImportLayer, OnePictureGoesToTheNamedSlice) {
  const Volume recording = volume(2, 1, 3), mask = volume(2, 1, 1, {0, 1});
  EXPECT_NE(refusal(mask, recording).find("which slice"), std::string::npos);
  const ImportedLayer layer = import_layer(mask, recording, {"focus"}, {.slice = 2});
  EXPECT_EQ(runs_to_json(layer.findings.at(0).footprint), nlohmann::json({2, 0, 1, 1}));
  message_of(ErrorCode::Usage, [&] { import_layer(mask, recording, {"focus"}, {.slice = 3}); });
}

TEST(ImportLayer, BecomesAReadersLayerOnce) {
  const ImportedLayer layer = import_layer(volume(2, 1, 1, {0, 1}), volume(2, 1, 1), {"focus"});
  Story s;
  s.add("ann", "import_layer", import_layer_data(layer, "mask.nii", "abc", s.events, "ann"));
  EXPECT_EQ(fold({}, s.events, "ann").findings.size(), 1u);
  EXPECT_EQ(s.events[0].data.at("source"), "mask.nii");
  message_of(ErrorCode::Conflict,
             [&] { (void)import_layer_data(layer, "mask.nii", "abc", s.events, "ann"); });
  s.add("ben", "import_layer", import_layer_data(layer, "mask.nii", "abc", s.events, "ben"));
  EXPECT_EQ(fold({}, s.events).findings.size(), 2u) << "two readers, two layers";
  s.add("ann", "undo", {{"number", 1}});
  EXPECT_NO_THROW((void)import_layer_data(layer, "mask.nii", "abc", s.events, "ann"));
}

}
}
