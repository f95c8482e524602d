#include "modules/io/image.h"
#include "modules/io/image_folder.h"
#include "tests/io/support.h"

#include <array>
#include <cmath>

namespace sensorium {
namespace {

using test::Draft;
using test::error_of;
using test::mentions;

std::uint32_t swapped(std::uint32_t v) { return __builtin_bswap32(v); }

// CRC-32 and Adler-32 as in RFC 1950 and the PNG specification, bit by bit.
std::uint32_t crc_of(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::byte b : bytes) {
    crc ^= std::to_integer<std::uint32_t>(b);
    for (int i = 0; i < 8; ++i) crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
  }
  return ~crc;
}

void add_chunk(Draft& f, const std::string& kind, std::span<const std::byte> data) {
  f.append(swapped(static_cast<std::uint32_t>(data.size())));
  const std::size_t at = f.size();
  f.append_text(kind).append_text({reinterpret_cast<const char*>(data.data()), data.size()});
  f.append(swapped(crc_of(f.bytes().subspan(at))));
}

// A PNG with one stored (not compressed) deflate block. rows: filter byte 0 and samples, row by
// row.
Draft png(std::uint32_t width, std::uint32_t height, int bits, int colour,
          const std::vector<std::uint8_t>& rows) {
  Draft f;
  f.append_text("\x89PNG\r\n\x1a\n");
  Draft header;
  header.append(swapped(width)).append(swapped(height));
  for (const int v : {bits, colour, 0, 0, 0}) header.append(static_cast<std::uint8_t>(v));
  add_chunk(f, "IHDR", header.bytes());
  Draft resolution;
  resolution.append(swapped(11811)).append(swapped(11811)).append<std::uint8_t>(1);
  add_chunk(f, "pHYs", resolution.bytes());
  Draft data;
  const auto length = static_cast<std::uint16_t>(rows.size());
  data.append<std::uint8_t>(0x78)
      .append<std::uint8_t>(0x01)
      .append<std::uint8_t>(1)
      .append(length)
      .append(static_cast<std::uint16_t>(~length));
  std::uint32_t a = 1, b = 0;
  for (const std::uint8_t v : rows) {
    data.append(v);
    a = (a + v) % 65521;
    b = (b + a) % 65521;
  }
  data.append(swapped((b << 16) | a));
  add_chunk(f, "IDAT", data.bytes());
  add_chunk(f, "IEND", {});
  return f;
}

Draft grey_png() { return png(3, 2, 8, 0, {0, 1, 2, 3, 0, 40, 50, 255}); }

struct TiffPage {
  std::uint32_t width = 3, height = 2;
  std::uint16_t bits = 8, kind = 1;
  std::vector<std::uint8_t> data{1, 2, 3, 40, 50, 255};
  std::string description;
  std::uint32_t per_unit = 0;
  bool reduced = false;
};

// An uncompressed little-endian grey TIFF with one strip a page.
Draft tiff(const std::vector<TiffPage>& pages) {
  Draft f;
  f.append_text("II").append<std::uint16_t>(42).append<std::uint32_t>(0);
  std::size_t link = 4;
  for (const TiffPage& page : pages) {
    const auto data = static_cast<std::uint32_t>(f.size());
    for (const std::uint8_t v : page.data) f.append(v);
    const auto text = static_cast<std::uint32_t>(f.size());
    f.append_text(page.description).append<std::uint8_t>(0);
    const auto ratio = static_cast<std::uint32_t>(f.size());
    f.append(page.per_unit).append<std::uint32_t>(1);
    if (f.size() % 2 != 0) f.append<std::uint8_t>(0);
    f.put(link, static_cast<std::uint32_t>(f.size()));
    std::vector<std::array<std::uint32_t, 4>> tags{{254, 4, 1, page.reduced ? 1u : 0u},
                                                   {256, 4, 1, page.width},
                                                   {257, 4, 1, page.height},
                                                   {258, 3, 1, page.bits},
                                                   {259, 3, 1, 1},
                                                   {262, 3, 1, 1}};
    if (!page.description.empty())
      tags.push_back({270, 2, static_cast<std::uint32_t>(page.description.size() + 1), text});
    tags.push_back({273, 4, 1, data});
    tags.push_back({277, 3, 1, 1});
    tags.push_back({278, 4, 1, page.height});
    tags.push_back({279, 4, 1, static_cast<std::uint32_t>(page.data.size())});
    if (page.per_unit != 0)
      tags.push_back({282, 5, 1, ratio}), tags.push_back({283, 5, 1, ratio}),
          tags.push_back({296, 3, 1, 2});
    tags.push_back({339, 3, 1, page.kind});
    f.append(static_cast<std::uint16_t>(tags.size()));
    for (const auto& [tag, type, count, value] : tags)
      f.append(static_cast<std::uint16_t>(tag))
          .append(static_cast<std::uint16_t>(type))
          .append(count)
          .append(value);
    link = f.size();
    f.append<std::uint32_t>(0);
  }
  return f;
}

Draft bmp() {
  Draft f;
  f.append_text("BM").append<std::uint32_t>(70).append<std::uint32_t>(0).append<std::uint32_t>(54);
  f.append<std::uint32_t>(40)
      .append<std::int32_t>(2)
      .append<std::int32_t>(2)
      .append<std::uint16_t>(1)
      .append<std::uint16_t>(24);
  for (int i = 0; i < 6; ++i) f.append<std::uint32_t>(0);
  for (const int v : {1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0})
    f.append(static_cast<std::uint8_t>(v)); // bottom row first, BGR
  return f;
}

Volume parse(const Draft& f, Samples samples = Samples::Load) {
  return parse_picture(f.bytes(), "a.pic", samples);
}

template<class T> std::vector<T> values(const Volume& v) {
  const auto s = samples<T>(v.pixels);
  return {s.begin(), s.end()};
}

using U8 = std::vector<std::uint8_t>;

TEST(Picture, GreyPng) {
  const Volume v = parse(grey_png());
  EXPECT_EQ(v.width, 3);
  EXPECT_EQ(v.height, 2);
  EXPECT_EQ(v.depth, 1);
  EXPECT_EQ(v.channels, 1);
  EXPECT_EQ(values<std::uint8_t>(v), (U8{1, 2, 3, 40, 50, 255}));
}

TEST(Picture, PrintResolutionIsNoScale) {
  const Volume v = parse(grey_png());
  for (const Spacing& s : v.spacing) EXPECT_FALSE(s.known());
  EXPECT_EQ(v.spacing[0].field, "a print resolution (300 dpi) is no scale");
  TiffPage page;
  page.per_unit = 300;
  EXPECT_EQ(parse(tiff({page})).spacing[0].field, "a print resolution (300 dpi) is no scale");
}

TEST(Picture, SixteenBitsAreKept) {
  const Volume v = parse(png(2, 1, 16, 0, {0, 0x12, 0x34, 0xFF, 0xFE}));
  EXPECT_EQ(v.type, PixelType::UInt16);
  EXPECT_EQ(values<std::uint16_t>(v), (std::vector<std::uint16_t>{0x1234, 0xFFFE}));
  TiffPage page{2, 1, 16, 1, {0x34, 0x12, 0xFE, 0xFF}, "", 0, false};
  EXPECT_EQ(values<std::uint16_t>(parse(tiff({page}))),
            (std::vector<std::uint16_t>{0x1234, 0xFFFE}));
}

TEST(Picture, FloatTiff) {
  Draft samples;
  samples.append(0.25f).append(-7.5f);
  TiffPage page{2, 1, 32, 3, {}, "", 0, false};
  for (const std::byte b : samples.bytes()) page.data.push_back(std::to_integer<std::uint8_t>(b));
  EXPECT_EQ(values<float>(parse(tiff({page}))), (std::vector<float>{0.25f, -7.5f}));
  page.kind = 1; // 32 bit integers, which the decoder would take for reals
  EXPECT_EQ(error_of([&] { parse(tiff({page})); }).code(), ErrorCode::Unsupported);
}

TEST(Picture, ColourIsRgbWithoutTransparency) {
  const Volume rgb = parse(png(2, 1, 8, 2, {0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(rgb.channels, 3);
  EXPECT_EQ(values<std::uint8_t>(rgb), (U8{1, 2, 3, 4, 5, 6}));
  const Volume opaque = parse(png(2, 1, 8, 6, {0, 1, 2, 3, 255, 4, 5, 6, 255}));
  EXPECT_EQ(values<std::uint8_t>(opaque), (U8{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(opaque.origin.warnings.empty());
  const Volume clear = parse(png(2, 1, 8, 6, {0, 1, 2, 3, 255, 4, 5, 6, 0}));
  EXPECT_EQ(values<std::uint8_t>(clear), (U8{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(clear.origin.warnings.size(), 1u);
  const Volume grey = parse(png(2, 1, 8, 4, {0, 9, 255, 8, 255}));
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(values<std::uint8_t>(grey), (U8{9, 8}));
  EXPECT_EQ(values<std::uint8_t>(parse(bmp())), (U8{9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4}));
}

TEST(Picture, HeaderAloneAgreesWithTheDecoder) {
  for (const Draft& f :
       {grey_png(), png(2, 1, 8, 6, {0, 1, 2, 3, 255, 4, 5, 6, 255}), tiff({{}, {}}), bmp()}) {
    const Volume header = parse(f, Samples::Skip), whole = parse(f);
    EXPECT_EQ(header.pixels.size(), 0u);
    EXPECT_EQ(header.width, whole.width);
    EXPECT_EQ(header.channels, whole.channels);
    EXPECT_EQ(header.depth, whole.depth);
    EXPECT_EQ(header.type, whole.type);
  }
}

TEST(Picture, MultiPageTiff) {
  TiffPage second, thumbnail{1, 1, 8, 1, {77}, "", 0, true};
  second.data = {9, 8, 7, 6, 5, 4};
  const Volume v = parse(tiff({{}, thumbnail, second}));
  EXPECT_EQ(v.depth, 2);
  EXPECT_EQ(values<std::uint8_t>(v), (U8{1, 2, 3, 40, 50, 255, 9, 8, 7, 6, 5, 4}));
  EXPECT_EQ(v.origin.warnings.size(), 1u);
  thumbnail.reduced = false;
  EXPECT_TRUE(mentions(error_of([&] { parse(tiff({{}, thumbnail})); }), "page 2 has 1 x 1 pixels"));
}

TEST(Picture, ImagejCalibrationIsAScale) {
  TiffPage page;
  page.description = "ImageJ=1.53t\nimages=1\nunit=micron\nspacing=2.5\n";
  page.per_unit = 4; // pixels per micrometre
  const Volume v = parse(tiff({page}));
  EXPECT_DOUBLE_EQ(v.spacing[0].micrometres, 0.25);
  EXPECT_DOUBLE_EQ(v.spacing[2].micrometres, 2.5);
  EXPECT_EQ(v.spacing[0].source, ScaleSource::HeaderTag);
  page.description = "ImageJ=1.53t\nunit=inch\n";
  EXPECT_FALSE(parse(tiff({page})).spacing[0].known());
}

TEST(Picture, CutShortAnywhere) {
  for (const Draft& whole : {grey_png(), tiff({{}, {}}), bmp()})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Draft f = whole;
      f.cut(size);
      const Error e = error_of([&] { parse(f); });
      EXPECT_TRUE(e.code() == ErrorCode::BadInput ||
                  (size < 18 && e.code() == ErrorCode::Unsupported))
          << size << ": " << e.what();
    }
}

TEST(Picture, DamagedPngDataAreNoGreyPixels) {
  Draft f = grey_png();
  f.raw()[f.size() - 12 - 10] ^= std::byte{0x40}; // within the picture data, before the end chunk
  EXPECT_EQ(error_of([&] { parse(f); }).code(), ErrorCode::BadInput);
}

TEST(Picture, HostileSizesAllocateNothing) {
  Draft f = png(1u << 19, 1u << 19, 8, 0, {0, 1});
  EXPECT_TRUE(mentions(error_of([&] { parse(f); }), "a.pic"));
  EXPECT_TRUE(mentions(error_of([&] { parse(png(30000, 30000, 8, 0, {0, 1})); }),
                       "which")); // 900 MB out of 100 bytes
  EXPECT_EQ(error_of([&] { parse(png(0, 5, 8, 0, {0, 1})); }).code(), ErrorCode::BadInput);
  EXPECT_EQ(error_of([&] { parse(png(0x80000000u, 0x80000000u, 16, 6, {0, 1})); }).code(),
            ErrorCode::BadInput);
  TiffPage page;
  page.width = 0xFFFFFFFFu;
  EXPECT_EQ(error_of([&] { parse(tiff({page})); }).code(), ErrorCode::BadInput);
  page.width = 4;
  EXPECT_TRUE(mentions(error_of([&] { parse(tiff({page})); }), "contradicts itself"));
  Draft b = bmp();
  b.put<std::int32_t>(18, 1 << 30);
  EXPECT_EQ(error_of([&] { parse(b); }).code(), ErrorCode::BadInput);
}

TEST(Picture, TiffPagesInACircle) {
  Draft f = tiff({{}});
  f.put(f.size() - 4, 8u + 6u + 2u + 8u); // the link after the only page points back to it
  std::uint32_t first = 0;
  std::memcpy(&first, f.bytes().data() + 4, 4);
  f.put(f.size() - 4, first);
  EXPECT_TRUE(mentions(error_of([&] { parse(f); }), "circle"));
}

TEST(Picture, SniffedByContent) {
  EXPECT_EQ(picture_format(grey_png().bytes()), PictureFormat::Png);
  EXPECT_EQ(picture_format(tiff({{}}).bytes()), PictureFormat::Tiff);
  EXPECT_EQ(picture_format(bmp().bytes()), PictureFormat::Bmp);
  EXPECT_EQ(picture_format(Draft().append_text("BM, a text that is no picture").bytes()),
            PictureFormat::None);
  EXPECT_EQ(picture_format({}), PictureFormat::None);
  EXPECT_EQ(picture_format(Draft(200).text(0, "II*").text(128, "DICM").bytes()),
            PictureFormat::None);
}

TEST(NaturalOrder, NumbersCompareAsNumbers) {
  EXPECT_TRUE(natural_less("b2.png", "b10.png"));
  EXPECT_FALSE(natural_less("b10.png", "b2.png"));
  EXPECT_TRUE(natural_less("a", "b"));
  EXPECT_TRUE(natural_less("a", "a1"));
  EXPECT_TRUE(natural_less("a01", "a1"));
  EXPECT_FALSE(natural_less("a1", "a01"));
  EXPECT_FALSE(natural_less("a1", "a1"));
  EXPECT_TRUE(natural_less("x99999999999999999999998", "x99999999999999999999999"));
}

TEST(PictureFolder, StackInNaturalOrder) {
  const test::TemporaryFolder folder;
  for (const int i : {10, 2, 1})
    folder.write("b" + std::to_string(i) + ".png",
                 png(1, 1, 8, 0, {0, static_cast<std::uint8_t>(i)}).bytes());
  folder.write("notes.png", Draft().append_text("not a picture, whatever its name says").bytes());
  folder.write(".hidden", Draft().append_text("x").bytes());
  const Volume v = load_picture_folder(folder.path(), Samples::Load, {});
  EXPECT_EQ(v.depth, 3);
  EXPECT_EQ(values<std::uint8_t>(v), (U8{1, 2, 10}));
  ASSERT_EQ(v.origin.warnings.size(), 1u);
  EXPECT_NE(v.origin.warnings[0].find("1 entries"), std::string::npos);
  EXPECT_EQ(load_picture_folder(folder.path(), Samples::Skip, {}).depth, 3);
  validate(v);
}

TEST(PictureFolder, TheOddFileIsNamed) {
  const test::TemporaryFolder folder;
  folder.write("a1.png", grey_png().bytes());
  folder.write("a2.png", grey_png().bytes());
  folder.write("a3.png", png(2, 1, 8, 0, {0, 1, 2}).bytes());
  EXPECT_TRUE(
      mentions(error_of([&] { load_picture_folder(folder.path(), Samples::Load, {}); }), "a3.png"));
  folder.write("a3.png", png(3, 2, 16, 0, {0, 1, 1, 2, 2, 3, 3, 0, 1, 1, 2, 2, 3, 3}).bytes());
  EXPECT_TRUE(
      mentions(error_of([&] { load_picture_folder(folder.path(), Samples::Load, {}); }), "uint16"));
  folder.write("a3.png", tiff({{}, {}}).bytes());
  EXPECT_TRUE(mentions(error_of([&] { load_picture_folder(folder.path(), Samples::Load, {}); }),
                       "2 pages"));
  Draft cut = grey_png();
  folder.write("a3.png", cut.cut(cut.size() - 20).bytes());
  EXPECT_TRUE(mentions(error_of([&] { load_picture_folder(folder.path(), Samples::Load, {}); }),
                       "cut short"));
}

TEST(PictureFolder, EmptyFolder) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { load_picture_folder(folder.path(), Samples::Load, {}); }).code(),
            ErrorCode::BadInput);
}

}
}
