#include "tests/plugins_dcmtk/made.h"

#include <fstream>

namespace sensorium::test {
namespace {

// A little-endian explicit DICOM file, element by element, for headers that lie.
class Maker {
public:
  explicit Maker(const std::string& syntax = "1.2.840.10008.1.2.1")
      : bytes_(std::string(128, '\0') + "DICM") {
    std::string meta;
    text(meta, 2, 0x10, "UI", syntax);
    std::string group;
    element(group, 2, 0, "UL", std::string("\0\0\0\0", 4));
    const auto length = static_cast<std::uint32_t>(meta.size());
    std::memcpy(group.data() + 8, &length, 4);
    bytes_ += group + meta;
  }
  Maker& text(int group, int number, const char* vr, const std::string& value) {
    text(bytes_, group, number, vr, value);
    return *this;
  }
  Maker& word(int group, int number, int value) {
    std::string two(2, '\0');
    const auto v = static_cast<std::uint16_t>(value);
    std::memcpy(two.data(), &v, 2);
    element(bytes_, group, number, "US", two);
    return *this;
  }
  Maker& image(int rows, int columns, int bits, const std::string& frames = "") {
    text(8, 0x16, "UI", "1.2.840.10008.5.1.4.1.1.7");
    word(0x28, 2, 1).text(0x28, 4, "CS", "MONOCHROME2");
    if (!frames.empty()) text(0x28, 8, "IS", frames);
    return word(0x28, 0x10, rows)
        .word(0x28, 0x11, columns)
        .word(0x28, 0x100, bits)
        .word(0x28, 0x101, bits)
        .word(0x28, 0x102, bits - 1)
        .word(0x28, 0x103, 0);
  }
  Maker& pixels(std::uint32_t claimed, std::size_t there) {
    bytes_ += std::string("\xe0\x7f\x10\x00OW\0\0", 8) +
              std::string(reinterpret_cast<const char*>(&claimed), 4) + std::string(there, '\x07');
    return *this;
  }
  // One RLE frame behind an empty offset table (PS3.5 A.4, G.5).
  Maker& rle(const std::vector<std::uint32_t>& header, const std::string& segments) {
    std::vector<std::uint32_t> words = header;
    words.resize(16);
    const std::string frame(reinterpret_cast<const char*>(words.data()), 64);
    const auto length = static_cast<std::uint32_t>(frame.size() + segments.size());
    bytes_ += std::string("\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff", 12) +
              std::string("\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0", 12) +
              std::string(reinterpret_cast<const char*>(&length), 4) + frame + segments +
              std::string("\xfe\xff\xdd\xe0\0\0\0\0", 8);
    return *this;
  }
  void save(const fs::path& path) const { std::ofstream(path, std::ios::binary) << bytes_; }

private:
  static void element(std::string& out, int group, int number, const char* vr,
                      const std::string& value) {
    const std::uint16_t head[2] = {static_cast<std::uint16_t>(group),
                                   static_cast<std::uint16_t>(number)};
    const auto length = static_cast<std::uint16_t>(value.size());
    out.append(reinterpret_cast<const char*>(head), 4)
        .append(vr)
        .append(reinterpret_cast<const char*>(&length), 2)
        .append(value);
  }
  static void text(std::string& out, int group, int number, const char* vr, std::string value) {
    if (value.size() % 2 != 0) value += vr == std::string("UI") ? '\0' : ' ';
    element(out, group, number, vr, value);
  }
  std::string bytes_;
};

TEST(DicomHostile, AHandmadeImageOpens) {
  const Folder folder;
  Maker().image(4, 6, 8).pixels(24, 24).save(folder / "good.dcm");
  const Dataset dataset = registry().open(folder / "good.dcm");
  EXPECT_EQ(numbers(dataset), std::vector<double>(24, 7));
}

TEST(DicomHostile, ShortPixelsNameBothNumbers) {
  const Folder folder;
  Maker().image(4, 6, 16).pixels(48, 40).save(folder / "cut.dcm");
  expect_error(folder / "cut.dcm", ErrorCode::BadInput, "48 bytes of pixel data, there are 40");
  Maker().image(4, 6, 16).pixels(40, 40).save(folder / "short.dcm");
  expect_error(folder / "short.dcm", ErrorCode::BadInput, "48 bytes of pixel data, there are 40");
  Maker().image(4, 6, 8, "3").pixels(24, 24).save(folder / "frames.dcm");
  expect_error(folder / "frames.dcm", ErrorCode::BadInput, "72 bytes of pixel data, there are 24");
}

TEST(DicomHostile, LyingHeadersAreRefusedBeforeAllocation) {
  const Folder folder;
  Maker().image(65535, 65535, 16, "9999999").pixels(24, 24).save(folder / "huge.dcm");
  expect_error(folder / "huge.dcm", ErrorCode::BadInput, "more than");
  Maker().image(65535, 65535, 8).pixels(24, 24).save(folder / "big.dcm");
  expect_error(folder / "big.dcm", ErrorCode::BadInput, "there are 24");
  Maker().image(0, 6, 8).pixels(24, 24).save(folder / "rows.dcm");
  expect_error(folder / "rows.dcm", ErrorCode::BadInput, "(0028,0010) is 0");
  Maker().image(4, 6, 8, "-2").pixels(24, 24).save(folder / "negative.dcm");
  expect_error(folder / "negative.dcm", ErrorCode::BadInput, "(0028,0008) is -2");
  Maker().image(4, 6, 8, "many").pixels(24, 24).save(folder / "many.dcm");
  expect_error(folder / "many.dcm", ErrorCode::BadInput, "");
  Maker().image(4, 6, 24).pixels(72, 72).save(folder / "bits.dcm");
  expect_error(folder / "bits.dcm", ErrorCode::Unsupported, "24 bits");
}

TEST(DicomHostile, SegmentsOfRleThatLieAreRefused) {
  const Folder folder;
  const std::string rle = "1.2.840.10008.1.2.5";
  // Bytes of value 1 (most significant) and 2, each 24 times: a run of 24 is coded as 1 - 24 = -23.
  const std::string one = "\xe9\x01", two = "\xe9\x02";
  const auto made = [&](const char* name, const std::vector<std::uint32_t>& header,
                        const std::string& segments) {
    Maker(rle).image(4, 6, 16).rle(header, segments).save(folder / name);
    return folder / name;
  };
  EXPECT_EQ(numbers(registry().open(made("good.dcm", {2, 64, 66}, one + two))),
            std::vector<double>(24, 0x0102));
  expect_error(made("count.dcm", {1, 64}, one + two), ErrorCode::BadInput, "1 segments where 2");
  expect_error(made("far.dcm", {2, 64, 0x70000000}, one + two), ErrorCode::BadInput,
               "from byte 64 to 1879048192 of 68");
  expect_error(made("back.dcm", {2, 66, 64}, one + two), ErrorCode::BadInput, "from byte 66 to 64");
  expect_error(made("head.dcm", {2, 8, 66}, one + two), ErrorCode::BadInput, "from byte 8 to 66");
  expect_error(made("short.dcm", {2, 64, 66}, one + "\xef\x02"), ErrorCode::BadInput,
               "segment 2 ends before 24 pixels");
  expect_error(made("cut.dcm", {2, 64, 66}, one + "\x17\x02"), ErrorCode::BadInput,
               "segment 2 ends before 24 pixels");
}

TEST(DicomHostile, WithoutPixelsItIsNamedAndUnsupported) {
  const Folder folder;
  Maker()
      .text(8, 0x16, "UI", "1.2.840.10008.5.1.4.1.1.88.11")
      .text(8, 0x60, "CS", "SR")
      .save(folder / "report.dcm");
  expect_error(folder / "report.dcm", ErrorCode::Unsupported, "Basic Text SR");
}

TEST(DicomHostile, EveryTruncationGivesOneErrorOrTheImage) {
  const Folder folder;
  Maker().image(4, 6, 8).pixels(24, 24).save(folder / "whole.dcm");
  const std::string whole = read_text(folder / "whole.dcm");
  for (std::size_t length = 1; length < whole.size(); ++length) {
    std::ofstream(folder / "cut.dcm", std::ios::binary) << whole.substr(0, length);
    EXPECT_TRUE(error_of(folder / "cut.dcm")) << length;
  }
}

TEST(DicomHostile, DamagedBytesNeverCrashAndNeverShowThePatient) {
  NEEDS_JUDGES();
  const Folder folder;
  std::uint32_t state = 12345;
  const auto next = [&](std::size_t below) {
    state = state * 1664525u + 1013904223u;
    return static_cast<std::size_t>(state >> 8) % below;
  };
  for (const auto& one : made().cases) {
    const std::string whole = read_text(made().folder / one["file"].get<std::string>());
    for (int trial = 0; trial < 12; ++trial) {
      std::string damaged = whole;
      for (int k = 0; k < 4; ++k)
        damaged[132 + next(damaged.size() - 132)] = static_cast<char>(next(256));
      if (trial % 3 == 0) damaged.resize(132 + next(damaged.size() - 132));
      std::ofstream(folder / "damaged.dcm", std::ios::binary) << damaged;
      if (const auto error = error_of(folder / "damaged.dcm")) {
        EXPECT_FALSE(error->hint().empty()) << error->what();
        EXPECT_EQ(std::string(error->what()).find("SECRET"), std::string::npos);
      }
    }
  }
}

}
}
