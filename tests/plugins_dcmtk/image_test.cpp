#include "tests/plugins_dcmtk/made.h"

#include <algorithm>
#include <cstdlib>

namespace sensorium::test {
namespace {

std::vector<int> size_of_dataset(const Dataset& dataset) {
  if (const auto* v = std::get_if<Volume>(&dataset))
    return {v->depth, v->height, v->width, v->channels};
  const auto& video = std::get<Video>(dataset);
  return {video.frames, video.height, video.width, video.channels};
}

Spacing spacing_at(const Dataset& dataset, std::size_t axis) {
  if (const auto* v = std::get_if<Volume>(&dataset)) return v->spacing[axis];
  return std::get<Video>(dataset).spacing[axis];
}

void expect_spacing(const Dataset& dataset, const nlohmann::json& want) {
  for (std::size_t i = 0; i < want.size(); ++i) {
    const Spacing got = spacing_at(dataset, i);
    EXPECT_EQ(got.known(), !want[i].is_null()) << "axis " << i << ": " << got.field;
    EXPECT_FALSE(got.field.empty()) << "axis " << i;
    if (!want[i].is_null()) {
      EXPECT_NEAR(got.micrometres, want[i].get<double>(), 1e-6 * want[i].get<double>())
          << got.field;
    }
  }
}

void expect_video(const Dataset& dataset, const nlohmann::json& want) {
  ASSERT_TRUE(std::holds_alternative<Video>(dataset));
  const auto& video = std::get<Video>(dataset);
  EXPECT_EQ(video.modality, "US");
  EXPECT_EQ(video.regions.size(), want["regions"].get<std::size_t>());
  EXPECT_EQ(video.frame_time_ms.has_value(), !want["frame_time"].is_null())
      << video.frame_time_source;
  EXPECT_FALSE(video.frame_time_source.empty());
  if (!want["frame_time"].is_null()) {
    EXPECT_DOUBLE_EQ(video.frame_time_ms.value_or(0), want["frame_time"].get<double>());
  }
}

void expect_place(const Volume& volume, const nlohmann::json& want) {
  if (want.contains("modality")) {
    EXPECT_EQ(volume.modality, want["modality"].get<std::string>());
  }
  const std::string side = volume.laterality == Laterality::Left    ? "left"
                           : volume.laterality == Laterality::Right ? "right"
                                                                    : "";
  EXPECT_EQ(side, want.value("laterality", ""));
  if (want.contains("scan_lines")) {
    ASSERT_EQ(volume.scan_lines.size(), want["scan_lines"].size());
    for (std::size_t i = 0; i < volume.scan_lines.size(); ++i) {
      const ScanLine& line = volume.scan_lines[i];
      EXPECT_EQ((std::vector<double>{line.x0, line.y0, line.x1, line.y1}),
                want["scan_lines"][i].get<std::vector<double>>());
    }
  }
  if (want.contains("origin")) {
    ASSERT_TRUE(volume.orientation);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_DOUBLE_EQ(volume.orientation->origin_mm[i], want["origin"][i].get<double>());
  }
}

TEST(DicomImage, EveryKindGivesPydicomsPixelsAndItsScale) {
  NEEDS_JUDGES();
  const auto& [folder, cases] = made();
  ASSERT_GT(cases.size(), 35u);
  for (const auto& want : cases) {
    const std::string name = want["file"];
    SCOPED_TRACE(name);
    const fs::path path = folder / name;
    if (const auto error = error_of(path)) {
      ADD_FAILURE() << error->what();
      continue;
    }
    const Dataset dataset = registry().open(path);
    EXPECT_EQ(size_of_dataset(dataset), want["size"].get<std::vector<int>>());
    expect_same(numbers(dataset), read_numbers(path.string() + ".f64"),
                want["tolerance"].get<double>());
    if (want.contains("spacing")) expect_spacing(dataset, want["spacing"]);
    if (want.contains("warning")) {
      bool found = false;
      for (const std::string& warning : origin_of(dataset).warnings)
        found = found || warning.find(want["warning"].get<std::string>()) != std::string::npos;
      EXPECT_TRUE(found);
    }
    if (want.contains("kind"))
      expect_video(dataset, want);
    else
      expect_place(std::get<Volume>(dataset), want);
    auto header = describe(registry().header(path)), loaded = describe(dataset);
    header.erase("sha256");
    loaded.erase("sha256");
    EXPECT_EQ(header, loaded);
  }
}

TEST(DicomImage, ThePatientIsKeptApartAndInUtf8) {
  NEEDS_JUDGES();
  const Folder& folder = made().folder;
  const Dataset dataset = registry().open(folder / "u8.dcm");
  const Origin& origin = origin_of(dataset);
  EXPECT_EQ(origin.patient.id, "SECRET-4711");
  EXPECT_EQ(origin.patient.name, "M\xc3\xbcller J\xc3\xb6rg");
  EXPECT_EQ(origin.patient.birth_date, "19700102");
  EXPECT_EQ(describe(dataset).dump().find("SECRET"), std::string::npos);
}

TEST(DicomImage, EnhancedSlicesStepAlongTheirNormal) {
  NEEDS_JUDGES();
  const Folder& folder = made().folder;
  const Dataset dataset = registry().open(folder / "enhanced.dcm");
  const auto& d = std::get<Volume>(dataset).orientation->direction;
  // rows along y, columns along -z: their cross product is -x, but the slices go up in x
  EXPECT_EQ((std::vector<double>(d.begin(), d.end())),
            (std::vector<double>{0, 0, 1, 1, 0, 0, 0, -1, 0}));
}

// Colour by JPEG differs by rounding between decoders; all else must be equal.
double tolerance_of(const std::string& name) {
  if (name == "US1_J2KI.dcm") return 2;
  return name == "examples_ybr_color.dcm" || name.find("jpeg") != std::string::npos ? 3 : 0;
}

void compare_folder(const std::string& name, std::size_t at_least) {
  std::size_t compared = 0;
  const Folder folder;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(SENSORIUM_SHARED_DATA) / name)) {
    if (entry.path().extension() != ".dcm") continue;
    const std::string file = entry.path().filename().string();
    SCOPED_TRACE(file);
    const auto want = judge("plugins_dcmtk/judge.py",
                            {"pixels", entry.path().string(), (folder / "want.f64").string()});
    const auto error = error_of(entry.path());
    if (file == "JPEG-lossy.dcm") continue; // pydicom has no decoder for 12 bits: the next test
    if (want.contains("error")) {
      ASSERT_TRUE(error) << "pydicom says: " << want["error"];
      EXPECT_FALSE(error->hint().empty());
      continue;
    }
    ASSERT_FALSE(error) << (error ? error->what() : "");
    const Dataset dataset = registry().open(entry.path());
    EXPECT_EQ(size_of_dataset(dataset), want["size"].get<std::vector<int>>());
    expect_same(numbers(dataset), read_numbers(folder / "want.f64"), tolerance_of(file));
    ++compared;
  }
  EXPECT_GE(compared, at_least);
}

TEST(DicomImage, RealUltrasoundFilesGivePydicomsPixels) {
  NEEDS_JUDGES();
  NEEDS_SHARED_DATA("ultrasound_dicom");
  compare_folder("ultrasound_dicom", 11);
}

// Of a clip that is not held each frame is that of the clip that is, also in another order and in
// another process.
void expect_same_frames(const fs::path& path, int& compared) {
  Dataset held;
  try {
    held = registry().open(path);
  } catch (const Error&) {
    return;
  }
  const auto* whole = std::get_if<Video>(&held);
  if (whole == nullptr || whole->frames < 2) return;
  SCOPED_TRACE(path.string());
  ::setenv("SENSORIUM_FRAME_BYTES", std::to_string(whole->frame_bytes()).c_str(), 1);
  const Dataset opened = registry().open(path);
  const auto& clip = std::get<Video>(opened);
  if (clip.source) {
    EXPECT_EQ(clip.pixels.size(), 0u);
    const auto again = registry().frames(clip, clip.source->index());
    for (int t = whole->frames - 1; t >= 0; --t)
      for (const Buffer& got : {clip.frame(t), again->frame(t)})
        ASSERT_TRUE(std::ranges::equal(got.bytes(), whole->frame(t).bytes())) << t;
    ++compared;
  }
  ::unsetenv("SENSORIUM_FRAME_BYTES");
}

TEST(DicomImage, FramesOneByOneAreThoseOfTheWhole) {
  NEEDS_JUDGES();
  int compared = 0;
  for (const nlohmann::json& one : made().cases)
    expect_same_frames(made().folder / one["file"].get<std::string>(), compared);
  EXPECT_GE(compared, 5);
}

TEST(DicomImage, FramesOneByOneOfRealClips) {
  NEEDS_SHARED_DATA("ultrasound_dicom");
  int compared = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(SENSORIUM_SHARED_DATA) / "ultrasound_dicom"))
    if (entry.is_regular_file()) expect_same_frames(entry.path(), compared);
  EXPECT_GE(compared, 3);
}

TEST(DicomImage, AClipThatChangedGivesNoFrame) {
  NEEDS_JUDGES();
  const Folder folder;
  const fs::path path = folder / "clip.dcm";
  fs::copy(made().folder / "us.dcm", path);
  ::setenv("SENSORIUM_FRAME_BYTES", "1", 1);
  const Dataset opened = registry().open(path);
  ::unsetenv("SENSORIUM_FRAME_BYTES");
  const auto& clip = std::get<Video>(opened);
  ASSERT_TRUE(clip.source);
  fs::resize_file(path, fs::file_size(path) / 2);
  try {
    (void)clip.frame(3);
    FAIL() << "it gave a frame";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Conflict);
  }
}

TEST(DicomImage, OddFilesGivePydicomsPixelsOrOneClearError) {
  NEEDS_JUDGES();
  NEEDS_SHARED_DATA("malformed");
  compare_folder("malformed", 5);
}

TEST(DicomImage, TwelveBitJpegGivesTheValuesOfGdcm) {
  NEEDS_SHARED_DATA("malformed");
  const Dataset dataset =
      registry().open(fs::path(SENSORIUM_SHARED_DATA) / "malformed/JPEG-lossy.dcm");
  const Volume& v = std::get<Volume>(dataset);
  const auto values = samples<std::uint16_t>(v.pixels);
  std::uint64_t sum = 0;
  for (const std::uint16_t value : values) sum += value;
  EXPECT_EQ(sum, 3767007u); // GDCM 3.0.21
  EXPECT_EQ(values[420 * 256 + 140], 244);
  EXPECT_EQ(values[230 * 256 + 120], 95);
}

TEST(DicomImage, TheTruncatedFileNamesBothNumbers) {
  NEEDS_SHARED_DATA("malformed");
  const fs::path folder = fs::path(SENSORIUM_SHARED_DATA) / "malformed";
  expect_error(folder / "MR_truncated.dcm", ErrorCode::BadInput,
               "8192 bytes of pixel data, there are 8130");
  expect_error(folder / "reportsi_with_empty_number_tags.dcm", ErrorCode::Unsupported,
               "Basic Text SR");
}

TEST(DicomImage, UltrasoundScaleComesFromItsRegionsNeverFromADefault) {
  NEEDS_SHARED_DATA("ultrasound_dicom");
  const fs::path folder = fs::path(SENSORIUM_SHARED_DATA) / "ultrasound_dicom";
  const Dataset palette = registry().open(folder / "pydicom-data/OBXXXX1A_rle_2frame.dcm");
  const auto& video = std::get<Video>(palette);
  EXPECT_NEAR(video.spacing[0].micrometres, 262.2878766, 1e-4);
  EXPECT_NE(video.spacing[0].field.find("0018,602c"), std::string::npos);
  ASSERT_EQ(video.regions.size(), 2u);
  EXPECT_EQ(video.regions[0].x1, 799);
  EXPECT_FALSE(video.regions[1].spacing_x.known()) << "seconds are no length";
  const Dataset none = registry().open(folder / "pydicom-data/US1_UNCR.dcm");
  EXPECT_FALSE(std::get<Video>(none).spacing[0].known());
  const Dataset resized = registry().open(folder / "pydicom/examples_ybr_color.dcm");
  EXPECT_FALSE(std::get<Video>(resized).spacing[0].known())
      << "its region reaches to 595,414 in 320 x 240";
  EXPECT_NEAR(std::get<Video>(resized).frame_time_ms.value_or(0), 33.333, 1e-9);
}

}
}
