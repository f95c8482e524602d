#include "modules/io/heyex_vol.h"
#include "tests/io/support.h"

#include <cmath>
#include <limits>

namespace sensorium {
namespace {

using test::Draft;
using test::error_of;
using test::mentions;

constexpr float absent = 3.4028234663852886e38f;
constexpr int width = 3, height = 2, scans = 2, slo_width = 4, slo_height = 5,
              bscan_header = 256 + 2 * width * 4;
constexpr std::size_t slo_at = 2048, first_scan = slo_at + slo_width * slo_height,
                      scan_bytes = bscan_header + width * height * 4;

// A volume of two B-scans, 3 x 2, written from the published layout.
Draft small_volume() {
  Draft f(first_scan + scans * scan_bytes);
  f.text(0, "HSF-OCT-103");
  f.put<std::int32_t>(12, width).put<std::int32_t>(16, scans).put<std::int32_t>(20, height);
  f.put(24, 0.0125).put(32, 0.25).put(40, 0.0039);
  f.put<std::int32_t>(48, slo_width).put<std::int32_t>(52, slo_height).put(56, 0.5).put(64, 0.25);
  f.put<std::int32_t>(72, 30).put(76, -1.5).text(84, "OD");
  f.put<std::uint64_t>(88, 132223104000000000u +
                               10'000'000u * 61); // 2020-01-01T00:01:01Z in 100 ns since 1601
  f.put<std::int32_t>(96, 3).put<std::int32_t>(100, bscan_header);
  f.text(140, "P\xE4t-7").put(164, 18904.0); // 1951-10-03
  for (int i = 0; i < slo_width * slo_height; ++i)
    f.put<std::uint8_t>(slo_at + i, static_cast<std::uint8_t>(10 * i));
  for (int z = 0; z < scans; ++z) {
    const std::size_t at = first_scan + z * scan_bytes;
    f.text(at, "HSF-BS-103").put<std::int32_t>(at + 12, bscan_header);
    f.put(at + 16, 0.5).put(at + 24, 0.25 * z).put(at + 32, 1.5).put(at + 40, 0.25 * z);
    f.put<std::int32_t>(at + 48, 2).put<std::int32_t>(at + 52, 256).put(at + 56, 20.0f + z);
    const float ilm[] = {0.5f, absent, 1.0f + 0.25f * z}, bm[] = {absent, absent, absent};
    for (int x = 0; x < width; ++x)
      f.put(at + 256 + 4 * x, ilm[x]).put(at + 256 + 4 * (width + x), bm[x]);
    const float grey[] = {0, 1, 0.0625f, 0.0001f, absent, 0.4096f};
    for (int i = 0; i < width * height; ++i) f.put(at + bscan_header + 4 * i, grey[i]);
  }
  return f;
}

Volume parse(const Draft& f, Samples samples = Samples::Load) {
  return parse_heyex_vol(f.bytes(), "a.vol", samples);
}

std::string fact(const Volume& v, const std::string& name) {
  for (const Fact& f : v.origin.facts)
    if (f.name == name) return f.value;
  return "absent";
}

TEST(HeyexVol, SizesSpacingAndSource) {
  const Volume v = parse(small_volume());
  EXPECT_EQ(v.width, 3);
  EXPECT_EQ(v.height, 2);
  EXPECT_EQ(v.depth, 2);
  EXPECT_EQ(v.type, PixelType::Float32);
  EXPECT_EQ(v.modality, "OCT");
  EXPECT_DOUBLE_EQ(v.spacing[0].micrometres, 12.5);
  EXPECT_DOUBLE_EQ(v.spacing[1].micrometres, 3.9);
  EXPECT_DOUBLE_EQ(v.spacing[2].micrometres, 250);
  EXPECT_EQ(v.spacing[0].field, "ScaleX");
  EXPECT_EQ(v.spacing[1].field, "ScaleZ");
  EXPECT_EQ(v.spacing[2].field, "Distance");
  for (const Spacing& s : v.spacing) EXPECT_EQ(s.source, ScaleSource::VendorField);
  EXPECT_NO_THROW(validate(v));
}

TEST(HeyexVol, SamplesAreTheFourthRoot) {
  const Volume v = parse(small_volume());
  const auto s = samples<float>(v.pixels);
  ASSERT_EQ(s.size(), 12u);
  const float expected[] = {0, 1, 0.5f, 0.1f, 0, 0.8f};
  for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(s[i], expected[i % 6], 1e-6) << i;
  EXPECT_EQ(fact(v, "Samples outside the registered area"), "2, set to 0");
}

TEST(HeyexVol, LayerLines) {
  const Volume v = parse(small_volume());
  ASSERT_EQ(v.surfaces.size(), 1u);
  const Surface& ilm = v.surfaces[0];
  EXPECT_EQ(ilm.name, "ILM");
  EXPECT_EQ(ilm.source, "vendor");
  EXPECT_FLOAT_EQ(ilm.depth[0], 0.5f);
  EXPECT_TRUE(std::isnan(ilm.depth[1]));
  EXPECT_FLOAT_EQ(ilm.depth[2], 1.0f);
  EXPECT_FLOAT_EQ(ilm.depth[5], 1.25f);
  EXPECT_EQ(fact(v, "Layer lines without values"), "BM");
}

TEST(HeyexVol, LayerLineOutsideTheImageIsLeftOut) {
  Draft f = small_volume();
  f.put(first_scan + 256, 2.0f).put(first_scan + 256 + 8, -1.0f); // depth 2 of an image of height 2
  const Volume v = parse(f);
  EXPECT_TRUE(std::isnan(v.surfaces[0].depth[0]));
  EXPECT_TRUE(std::isnan(v.surfaces[0].depth[2]));
  ASSERT_EQ(v.origin.warnings.size(), 1u);
  EXPECT_NE(v.origin.warnings[0].find("2 layer line values"), std::string::npos);
}

TEST(HeyexVol, LocalizerAndScanLines) {
  const Volume v = parse(small_volume());
  ASSERT_TRUE(v.localizer);
  EXPECT_EQ(v.localizer->width, 4);
  EXPECT_EQ(v.localizer->height, 5);
  EXPECT_EQ(samples<std::uint8_t>(v.localizer->pixels)[7], 70);
  EXPECT_DOUBLE_EQ(v.localizer->spacing[0].micrometres, 500);
  EXPECT_DOUBLE_EQ(v.localizer->spacing[1].micrometres, 250);
  ASSERT_EQ(v.scan_lines.size(), 2u);
  EXPECT_DOUBLE_EQ(v.scan_lines[1].x0, 1);
  EXPECT_DOUBLE_EQ(v.scan_lines[1].y0, 1);
  EXPECT_DOUBLE_EQ(v.scan_lines[1].x1, 3);
}

TEST(HeyexVol, FactsAndPatient) {
  const Volume v = parse(small_volume());
  EXPECT_EQ(v.laterality, Laterality::Right);
  EXPECT_EQ(fact(v, "Exam time"), "2020-01-01T00:01:01Z");
  EXPECT_EQ(fact(v, "Scan pattern"), "volume");
  EXPECT_EQ(fact(v, "Scan focus"), "-1.50 dpt");
  EXPECT_EQ(fact(v, "Image quality"), "20.0 to 21.0 dB");
  EXPECT_EQ(v.origin.patient.id, "P\xC3\xA4t-7"); // Latin-1 becomes UTF-8
  EXPECT_EQ(v.origin.patient.birth_date, "1951-10-03");
  for (const Fact& f : v.origin.facts) EXPECT_EQ(f.value.find("t-7"), std::string::npos) << f.name;
}

TEST(HeyexVol, HeaderAloneHasNoSamples) {
  const Volume v = parse(small_volume(), Samples::Skip);
  EXPECT_EQ(v.pixels.size(), 0u);
  EXPECT_EQ(v.width, 3);
  EXPECT_EQ(v.surfaces.size(), 1u);
}

TEST(HeyexVol, UnusableScalesAreUnknownWithTheirReason) {
  for (const double value : {0.0, -1.0, 1e30, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
    Draft f = small_volume();
    f.put(24, value).put(32, value).put(40, value).put(56, value);
    const Volume v = parse(f);
    for (const Spacing& s : v.spacing) EXPECT_FALSE(s.known()) << value;
    EXPECT_EQ(v.spacing[2].field.substr(0, 14), "Distance says ");
    EXPECT_TRUE(v.scan_lines.empty());
  }
}

TEST(HeyexVol, RadialScansHaveNoDistanceAndCircleNoLine) {
  Draft f = small_volume();
  f.put<std::int32_t>(96, 5);
  EXPECT_FALSE(parse(f).spacing[2].known());
  f.put<std::int32_t>(96, 2);
  EXPECT_TRUE(parse(f).scan_lines.empty());
}

TEST(HeyexVol, CutShortAtEveryBorder) {
  const Draft whole = small_volume();
  for (const std::size_t size :
       {std::size_t{8}, std::size_t{12}, std::size_t{100}, std::size_t{2047}, slo_at, slo_at + 7,
        first_scan, first_scan + 52, first_scan + 256, first_scan + bscan_header,
        first_scan + scan_bytes, first_scan + scan_bytes + 60, whole.size() - 1}) {
    Draft f = whole;
    f.cut(size);
    const Error e = error_of([&] { parse(f); });
    EXPECT_EQ(e.code(), ErrorCode::BadInput) << size;
    EXPECT_TRUE(mentions(e, "a.vol") && mentions(e, "cut short")) << e.what();
    EXPECT_FALSE(e.hint().empty());
  }
  EXPECT_NO_THROW(parse(Draft(whole).append<std::int32_t>(0))); // thickness grids may follow
}

TEST(HeyexVol, OtherFilesCalledVol) {
  EXPECT_EQ(error_of([] { parse(Draft()); }).code(), ErrorCode::Unsupported);
  Draft kretz(4096);
  kretz.text(0, "KRETZFILE 1.0   ");
  const Error e = error_of([&] { parse(kretz); });
  EXPECT_EQ(e.code(), ErrorCode::Unsupported);
  EXPECT_TRUE(mentions(e, "GE Kretz")) << e.what();
  EXPECT_EQ(sniff_heyex_vol(small_volume().bytes()), 100);
  EXPECT_EQ(sniff_heyex_vol(Draft(100).bytes()), 0);
  EXPECT_EQ(sniff_heyex_vol({}), 0);
}

TEST(HeyexVol, LyingSizes) {
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max(),
                         least = std::numeric_limits<std::int32_t>::min();
  for (const std::size_t field : {12u, 16u, 20u, 48u, 52u, 100u})
    for (const std::int32_t value :
         {most, least, -1, 1 << 24, field == 48u || field == 52u ? -7 : 0}) {
      Draft f = small_volume();
      f.put(field, value);
      const Error e = error_of([&] { parse(f); });
      EXPECT_EQ(e.code(), ErrorCode::BadInput) << field << " " << value;
    }
  Draft f = small_volume();
  for (const std::size_t field : {12u, 16u, 20u, 48u, 52u, 100u})
    f.put(field, most); // products beyond 64 bits
  EXPECT_EQ(error_of([&] { parse(f); }).code(), ErrorCode::BadInput);
}

TEST(HeyexVol, LyingBscanHeaders) {
  for (const std::int32_t value : {3, -1, std::numeric_limits<std::int32_t>::max()}) {
    Draft f = small_volume();
    f.put<std::int32_t>(first_scan + 48, value); // NumSeg
    EXPECT_TRUE(mentions(error_of([&] { parse(f); }), value < 0 ? "NumSeg" : "layer lines"))
        << value;
    Draft g = small_volume();
    g.put<std::int32_t>(first_scan + 52, value == 3 ? 257 : value); // OffSeg
    EXPECT_EQ(error_of([&] { parse(g); }).code(), ErrorCode::BadInput) << value;
  }
  Draft f = small_volume();
  f.text(first_scan + scan_bytes, "XXXXXXXX");
  EXPECT_TRUE(mentions(error_of([&] { parse(f); }), "B-scan 2"));
}

TEST(HeyexVol, SamplesThatAreNoReflectivity) {
  Draft f = small_volume();
  const std::size_t at = first_scan + bscan_header;
  f.put(at, -0.5f)
      .put(at + 4, 7.0f)
      .put(at + 8, std::numeric_limits<float>::quiet_NaN())
      .put(at + 12, std::numeric_limits<float>::infinity());
  const Volume v = parse(f);
  const auto s = samples<float>(v.pixels);
  EXPECT_EQ(s[0], 0);
  EXPECT_EQ(s[1], 1);
  EXPECT_EQ(s[2], 0);
  EXPECT_EQ(s[3], 0);
  ASSERT_EQ(v.origin.warnings.size(), 1u);
  EXPECT_EQ(v.origin.warnings[0], "1 samples below 0 and 1 above 1 were clipped.");
}

TEST(HeyexVol, TheSeventeenNames) {
  EXPECT_EQ(heyex_layer_name(0), "ILM");
  EXPECT_EQ(heyex_layer_name(1), "BM");
  EXPECT_EQ(heyex_layer_name(2), "RNFL");
  EXPECT_EQ(heyex_layer_name(8), "ELM");
  EXPECT_EQ(heyex_layer_name(14), "PR1");
  EXPECT_EQ(heyex_layer_name(16), "RPE");
  EXPECT_EQ(heyex_layer_name(17), "layer 17");
}

TEST(HeyexVol, CancelIsObeyed) {
  Context context;
  context.progress = [](double, std::string_view) { return false; };
  EXPECT_EQ(error_of([&] {
              parse_heyex_vol(small_volume().bytes(), "a.vol", Samples::Load, context);
            }).code(),
            ErrorCode::Cancelled);
}

// Expected values by an independent reader: tests/io/judge_vol.py (numpy).
void compare_with_judge(const std::filesystem::path& path, double scale, double power,
                        const Volume& v) {
  if (!std::filesystem::exists(test::judge())) GTEST_SKIP() << "skipped: no Python judge";
  const test::TemporaryFolder folder;
  const auto out = folder / "samples.f32";
  ASSERT_EQ(test::run_judge("judge_vol.py", {path.string(), out.string(), std::to_string(scale),
                                             std::to_string(power)}),
            0);
  const auto file = MappedFile::open(out);
  const std::span<const float> expected(reinterpret_cast<const float*>(file->bytes().data()),
                                        file->bytes().size() / 4);
  const auto got = samples<float>(v.pixels);
  ASSERT_EQ(got.size(), expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - expected[i]));
  EXPECT_LT(worst, 1e-6);
}

TEST(HeyexVol, RealLineScan) {
  const auto path = test::shared_data() / "oct/OCTolyzer/demo/input/Linescan_1.vol";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "skipped: no ../shared/data";
  const Volume v = parse_heyex_vol(MappedFile::open(path)->bytes(), path.string());
  EXPECT_EQ(v.width, 768);
  EXPECT_EQ(v.height, 496);
  EXPECT_EQ(v.depth, 1);
  EXPECT_NEAR(v.spacing[0].micrometres, 11.82, 0.01);
  EXPECT_NEAR(v.spacing[1].micrometres, 3.87, 0.01);
  EXPECT_FALSE(v.spacing[2].known());
  EXPECT_EQ(v.spacing[2].field, "Distance says 0 mm");
  ASSERT_TRUE(v.localizer);
  EXPECT_EQ(v.localizer->width, 768);
  ASSERT_EQ(v.scan_lines.size(), 1u);
  EXPECT_NEAR(v.scan_lines[0].x1, 768, 0.5); // the line crosses the whole SLO image, in its middle
  EXPECT_NEAR(v.scan_lines[0].y0, 384, 0.5);
  ASSERT_EQ(v.surfaces.size(), 2u);
  EXPECT_EQ(v.surfaces[0].name, "ILM");
  EXPECT_EQ(v.surfaces[1].name, "BM");
  for (int x = 0; x < v.width; ++x) {
    const float ilm = v.surfaces[0].depth[x], bm = v.surfaces[1].depth[x];
    EXPECT_TRUE(std::isnan(ilm) || std::isnan(bm) || ilm < bm) << x;
  }
  compare_with_judge(path, 1, 0.25, v);
}

TEST(HeyexVol, FileOfThePackageEyepy) {
  const auto path =
      test::shared_data() / "oct/eyepy/tests/data/filetypes/heyex_vol/test_volume.vol";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "skipped: no ../shared/data";
  const Volume v = parse_heyex_vol(MappedFile::open(path)->bytes(), path.string());
  EXPECT_EQ(v.width, 50);
  EXPECT_EQ(v.height, 40);
  EXPECT_EQ(v.depth, 10);
  EXPECT_NEAR(v.spacing[2].micrometres, 31.44, 0.01);
  EXPECT_EQ(v.origin.warnings.size(),
            1u); // its file header gives a wrong size of the B-scan headers
  compare_with_judge(path, 255, 1, v);
}

}
}
