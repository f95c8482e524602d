#include "modules/io/heyex_xml.h"
#include "tests/io/support.h"

#include <cmath>

namespace sensorium {
namespace {

using test::error_of;
using test::mentions;

std::string picture(const std::string& type, const std::string& file, const std::string& geometry,
                    const std::string& lines = "") {
  return "<Image><ImageType><Type>" + type + "</Type></ImageType><OphthalmicAcquisitionContext>" +
         geometry +
         "</OphthalmicAcquisitionContext><ImageData><ExamURL>file:///\\\\host\\a folder\\" + file +
         "</ExamURL></ImageData>" + lines + "</Image>";
}

std::string geometry(double y) {
  const std::string at = std::to_string(y);
  return "<Width>3</Width><Height>2</Height><ScaleX>0.0125</ScaleX><ScaleY>0.0039</"
         "ScaleY><Start><Coord><X>0.5</X><Y>" +
         at + "</Y></Coord></Start><End><Coord><X>2.5</X><Y>" + at + "</Y></Coord></End>";
}

std::string line(const std::string& values, const std::string& name = "ILM") {
  return "<Segmentation><SegLine><Name>" + name + "</Name><Array>" + values +
         "</Array></SegLine></Segmentation>";
}

const std::string localizer =
    picture("LOCALIZER", "ir.tif",
            "<Width>4</Width><Height>5</Height><ScaleX>0.5</ScaleX><ScaleY>0.25</ScaleY>");

std::string document(const std::string& images, const std::string& laterality = "L") {
  return "<?xml "
         "version=\"1.0\"?><HEDX><BODY><Patient><PatientID>S-1</PatientID><LastName>Doe</"
         "LastName><FirstNames>Jane</FirstNames>"
         "<Birthdate><Date><Year>1980</Year><Month>02</Month><Day>03</Day></Date></"
         "Birthdate><Study><Series><Type>Volume</Type><Laterality>" +
         laterality + "</Laterality>" + images + "</Series></Study></Patient></BODY></HEDX>";
}

const std::string three_scans = localizer +
                                picture("OCT", "b1.tif", geometry(1.0), line("0.5 3e+038 1")) +
                                picture("OCT", "b2.tif", geometry(1.1)) +
                                picture("OCT", "b3.tif", geometry(1.2), line("1 1 1.25"));

Image grey(int width, int height, std::uint8_t first) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(first + i);
  return {width, height, 1, PixelType::UInt8, Buffer::of(pixels), {}};
}

Image source(const std::string& file) {
  if (file == "ir.tif") return grey(4, 5, 100);
  return grey(3, 2, static_cast<std::uint8_t>(10 * (file[1] - '0')));
}

Volume parse(const std::string& xml, Samples samples = Samples::Load) {
  return parse_heyex_xml(xml, "a.xml", source, samples);
}

TEST(HeyexXml, WholeExport) {
  const Volume v = parse(document(three_scans));
  EXPECT_EQ(v.width, 3);
  EXPECT_EQ(v.height, 2);
  EXPECT_EQ(v.depth, 3);
  EXPECT_EQ(samples<std::uint8_t>(v.pixels)[7], 21); // second B-scan, second pixel
  EXPECT_DOUBLE_EQ(v.spacing[0].micrometres, 12.5);
  EXPECT_DOUBLE_EQ(v.spacing[1].micrometres, 3.9);
  EXPECT_NEAR(v.spacing[2].micrometres, 100, 1e-6);
  EXPECT_EQ(v.laterality, Laterality::Left);
  EXPECT_EQ(v.origin.patient.name, "Doe, Jane");
  EXPECT_EQ(v.origin.patient.birth_date, "1980-02-03");
  ASSERT_EQ(v.scan_lines.size(), 3u);
  EXPECT_NEAR(v.scan_lines[1].x0, 1, 1e-9);
  EXPECT_NEAR(v.scan_lines[1].x1, 5, 1e-9);
  EXPECT_NEAR(v.scan_lines[1].y0, 4.4, 1e-9);
  ASSERT_TRUE(v.localizer);
  EXPECT_EQ(v.localizer->height, 5);
  EXPECT_NO_THROW(validate(v));
}

TEST(HeyexXml, LayerLines) {
  const Volume v = parse(document(three_scans));
  ASSERT_EQ(v.surfaces.size(), 1u);
  const auto& d = v.surfaces[0].depth;
  EXPECT_EQ(v.surfaces[0].name, "ILM");
  EXPECT_FLOAT_EQ(d[0], 0.5f);
  EXPECT_TRUE(std::isnan(d[1])); // 3e38
  EXPECT_TRUE(std::isnan(d[4])); // no line in the second B-scan
  EXPECT_FLOAT_EQ(d[8], 1.25f);
}

TEST(HeyexXml, LayerLineOfAWrongLength) {
  for (const char* values : {"1 1", "1 1 1 1", "1 x 1", ""}) {
    const std::string xml = document(picture("OCT", "b1.tif", geometry(1), line(values)));
    if (*values == 0) {
      EXPECT_TRUE(parse(xml).surfaces.empty());
      continue;
    }
    EXPECT_TRUE(mentions(error_of([&] { parse(xml); }), "layer line ILM in B-scan 1")) << values;
  }
}

TEST(HeyexXml, UnevenOrSingleScansHaveNoDistance) {
  EXPECT_FALSE(parse(document(picture("OCT", "b1.tif", geometry(1)))).spacing[2].known());
  const Volume v = parse(document(picture("OCT", "b1.tif", geometry(1)) +
                                  picture("OCT", "b2.tif", geometry(1.1)) +
                                  picture("OCT", "b3.tif", geometry(2))));
  EXPECT_FALSE(v.spacing[2].known());
  EXPECT_EQ(v.spacing[2].field, "the B-scans are not parallel at one distance");
}

TEST(HeyexXml, UnusableScalesAreUnknown) {
  for (const char* value : {"0", "-1", "nan", "inf", "1e300", "1e-300", "text", ""}) {
    const std::string g =
        std::string("<Width>3</Width><Height>2</Height><ScaleX>") + value + "</ScaleX>";
    const Volume v = parse(document(picture("OCT", "b1.tif", g)));
    EXPECT_FALSE(v.spacing[0].known()) << value;
    EXPECT_FALSE(v.spacing[0].field.empty());
    EXPECT_FALSE(v.spacing[1].known());
  }
}

TEST(HeyexXml, CutShortAnywhere) {
  const std::string whole = document(three_scans);
  for (std::size_t size = 0; size < whole.size(); size += 13)
    EXPECT_EQ(error_of([&] { parse(whole.substr(0, size)); }).code(), ErrorCode::BadInput) << size;
}

TEST(HeyexXml, LyingSizes) {
  for (const char* size : {"0", "-3", "4", "70000", "99999999999999999999", "nan", "3.x"}) {
    const std::string g = std::string("<Width>") + size + "</Width><Height>2</Height>";
    EXPECT_EQ(error_of([&] { parse(document(picture("OCT", "b1.tif", g))); }).code(),
              ErrorCode::BadInput)
        << size;
  }
  const Error e = error_of([] {
    parse(document(picture("OCT", "b1.tif", geometry(1)) +
                   picture("OCT", "ir.tif", "<Width>4</Width><Height>5</Height>")));
  });
  EXPECT_TRUE(mentions(e, "several sizes"));
}

TEST(HeyexXml, OtherXml) {
  EXPECT_EQ(error_of([] { parse("<html></html>"); }).code(), ErrorCode::Unsupported);
  EXPECT_TRUE(mentions(error_of([] { parse(document(localizer)); }), "no OCT B-scan"));
  EXPECT_TRUE(mentions(error_of([] { parse("<HEDX/>"); }), "no OCT B-scan"));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_EQ(error_of([&] { parse("<HEDX>" + deep); }).code(), ErrorCode::BadInput);
}

TEST(HeyexXml, PicturesOutsideTheFolderAreRefused) {
  for (const char* file : {"..\\..\\secret.tif", "../secret.tif", "x\\..", ""}) {
    const std::string xml = document(picture("OCT", file, geometry(1)));
    EXPECT_EQ(error_of([&] { parse(xml); }).code(), ErrorCode::BadInput) << file;
  }
}

TEST(HeyexXml, OnlyTheNameOfThePathCounts) {
  std::vector<std::string> asked;
  const auto spy = [&](const std::string& file) {
    asked.push_back(file);
    return grey(3, 2, 0);
  };
  parse_heyex_xml(document(picture("OCT", "deeper/etc/passwd", geometry(1))), "a.xml", spy);
  EXPECT_EQ(asked, std::vector<std::string>{"passwd"});
  asked.clear();
  parse_heyex_xml(document(three_scans), "a.xml", spy, Samples::Skip);
  EXPECT_TRUE(asked.empty());
}

TEST(HeyexXml, MissingPicturesAreOneError) {
  const test::TemporaryFolder folder;
  write_atomically(folder / "export.xml", document(three_scans));
  const Error e = error_of([&] { load_heyex_xml(folder.path(), Samples::Load, {}); });
  EXPECT_EQ(e.code(), ErrorCode::NotFound);
  EXPECT_TRUE(mentions(e, "4 pictures") && mentions(e, "b1.tif, b2.tif, b3.tif, ...")) << e.what();
  write_atomically(folder / "second.xml", document(three_scans));
  EXPECT_TRUE(mentions(error_of([&] { load_heyex_xml(folder.path(), Samples::Load, {}); }),
                       "several HEYEX exports"));
}

TEST(HeyexXml, ColouredOverlaysBecomeLuminanceWithAWarning) {
  const auto colour = [](const std::string&) {
    return Image{3,
                 2,
                 3,
                 PixelType::UInt8,
                 Buffer::of(std::vector<std::uint8_t>{7, 7, 7, 255, 0, 0, 0, 255, 0, 0, 0, 255, 1,
                                                      1, 1, 9, 9, 9}),
                 {}};
  };
  const Volume v =
      parse_heyex_xml(document(picture("OCT", "b1.tif", geometry(1))), "a.xml", colour);
  const auto s = samples<std::uint8_t>(v.pixels);
  const std::uint8_t expected[] = {7, 76, 150, 29, 1, 9}; // 0.299, 0.587, 0.114 of 255
  ASSERT_EQ(s.size(), 6u);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(s[i], expected[i]);
  EXPECT_EQ(v.origin.warnings.size(), 1u);
}

TEST(HeyexXml, RealExport) {
  const auto folder = test::shared_data() / "oct/eyepy/tests/data/filetypes/heyex_xml/test_volume";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no ../shared/data";
  const Volume v = load_heyex_xml(folder, Samples::Load, {});
  EXPECT_EQ(v.width, 50);
  EXPECT_EQ(v.height, 40);
  EXPECT_EQ(v.depth, 10);
  EXPECT_EQ(v.laterality, Laterality::Right);
  EXPECT_NEAR(v.spacing[0].micrometres, 11.819, 1e-6);
  EXPECT_NEAR(v.spacing[1].micrometres, 3.872, 1e-6);
  EXPECT_NEAR(v.spacing[2].micrometres, 31.444, 1e-3);
  EXPECT_EQ(v.surfaces.size(), 11u);
  EXPECT_FLOAT_EQ(v.surfaces[0].depth[2], 9.6f);
  EXPECT_TRUE(std::isnan(v.surfaces[0].depth[0]));
  ASSERT_TRUE(v.localizer);
  EXPECT_EQ(v.localizer->width, 50);
  validate(v);
}

}
}
