#include "tests/medical/judge.h"

#include <fmt/format.h>
#include <zlib.h>

#include <fstream>

namespace sensorium::test {
namespace {

void write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string gzip(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A uint8 NIfTI-1 header, little endian, for extents that may lie.
std::string nifti(int w, int h, int d, std::size_t samples, int type = 2) {
  std::string out(352, '\0');
  const auto put = [&](std::size_t at, auto value) {
    std::memcpy(out.data() + at, &value, sizeof value);
  };
  put(0, std::int32_t{348});
  const std::int16_t dim[8] = {3,
                               static_cast<std::int16_t>(w),
                               static_cast<std::int16_t>(h),
                               static_cast<std::int16_t>(d),
                               1,
                               1,
                               1,
                               1};
  for (std::size_t i = 0; i < 8; ++i) put(40 + 2 * i, dim[i]);
  put(70, static_cast<std::int16_t>(type));
  put(72, std::int16_t{8});
  for (std::size_t i = 0; i < 4; ++i) put(76 + 4 * i, 0.5f);
  put(108, 352.0f);
  put(123, char{2});
  out.replace(344, 3, "n+1");
  return out + std::string(samples, '\x05');
}

class GridReadJudged : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(By, GridReadJudged, testing::Values("judge", "judge_itk"),
                         [](const auto& one) { return one.param; });

TEST_P(GridReadJudged, EveryFileGivesItsVoxelsSpacingAndPlace) {
  NEEDS_JUDGES();
  const Folder folder;
  const auto cases = judge("io_grid/" + GetParam() + ".py", {"make", folder.path().string()});
  ASSERT_GT(cases.size(), 20u);
  for (const auto& want : cases) {
    const std::string name = want["file"];
    SCOPED_TRACE(name);
    Dataset dataset;
    ASSERT_NO_THROW(
        try { dataset = registry().open(folder / name); } catch (const Error& e) {
          ADD_FAILURE() << e.what();
          throw;
        });
    const Volume& v = std::get<Volume>(dataset);
    EXPECT_EQ((std::vector<int>{v.width, v.height, v.depth, v.channels}),
              want["size"].get<std::vector<int>>());
    expect_same(numbers(dataset), read_numbers(folder / (name + ".f64")));
    for (std::size_t i = 0; i < 3; ++i) {
      const auto& spacing = want["spacing"][i];
      EXPECT_EQ(v.spacing[i].known(), !spacing.is_null())
          << "axis " << i << ": " << v.spacing[i].field;
      EXPECT_FALSE(v.spacing[i].field.empty());
      if (!spacing.is_null()) {
        EXPECT_NEAR(v.spacing[i].micrometres, spacing.get<double>(), 1e-5 * spacing.get<double>());
        EXPECT_EQ(v.spacing[i].source, ScaleSource::HeaderTag);
      }
    }
    if (want.contains("origin")) {
      ASSERT_TRUE(v.orientation);
      for (std::size_t i = 0; i < 3; ++i)
        EXPECT_NEAR(v.orientation->origin_mm[i], want["origin"][i].get<double>(), 1e-4);
      for (std::size_t i = 0; i < 9; ++i)
        EXPECT_NEAR(v.orientation->direction[i], want["direction"][i].get<double>(), 1e-5);
    }
    const Dataset header = registry().header(folder / name);
    auto loaded_text = describe(dataset), header_text = describe(header);
    loaded_text.erase("sha256");
    header_text.erase("sha256");
    EXPECT_EQ(header_text, loaded_text);
    EXPECT_EQ(std::get<Volume>(header).pixels.size(), 0u);
  }
}

TEST(GridRead, AnRgbPictureIsRecognisedAndSaysSo) {
  NEEDS_JUDGES();
  const Folder folder;
  judge("io_grid/judge.py", {"make", folder.path().string()});
  for (const char* name : {"first.nii.gz", "last.nii.gz"}) {
    const Dataset dataset = registry().open(folder / name);
    ASSERT_EQ(origin_of(dataset).warnings.size(), 1u);
    EXPECT_NE(origin_of(dataset).warnings[0].find("RGB"), std::string::npos);
  }
}

TEST(GridRead, ThreeSlicesThatTheFileCallsPlacesAreNotColour) {
  const Folder folder;
  const std::string samples(20 * 20 * 3, 'a');
  const auto text = [&](const std::string& kinds) {
    return "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 20 20 3\n" + kinds + "encoding: raw\n\n" +
           samples;
  };
  write(folder / "silent.nrrd", text(""));
  EXPECT_EQ(std::get<Volume>(registry().open(folder / "silent.nrrd")).channels, 3);
  write(folder / "slices.nrrd", text("kinds: domain domain domain\n"));
  const Dataset slices = registry().open(folder / "slices.nrrd");
  EXPECT_EQ(std::get<Volume>(slices).depth, 3);
  EXPECT_EQ(std::get<Volume>(slices).channels, 1);
}

TEST(GridRead, TruncatedFilesNameBothNumbers) {
  const Folder folder;
  write(folder / "short.nii", nifti(10, 10, 10, 900));
  expect_error(folder / "short.nii", ErrorCode::BadInput, "1000 bytes of samples, there are 900");
  const std::string whole = gzip(nifti(10, 10, 10, 1000));
  write(folder / "short.nii.gz", gzip(nifti(10, 10, 10, 900)));
  expect_error(folder / "short.nii.gz", ErrorCode::BadInput,
               "1000 bytes of samples, there are 900");
  write(folder / "cut.nii.gz", whole.substr(0, whole.size() - 12));
  expect_error(folder / "cut.nii.gz", ErrorCode::BadInput, "");
  const std::string nrrd =
      "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 10 10 10\nencoding: raw\n\n";
  write(folder / "short.nrrd", nrrd + std::string(999, 'x'));
  expect_error(folder / "short.nrrd", ErrorCode::BadInput, "1000 bytes of samples, there are 999");
  write(folder / "nothing.nrrd", nrrd.substr(0, 30));
  expect_error(folder / "nothing.nrrd", ErrorCode::BadInput, "");
  const std::string meta = "ObjectType = Image\nNDims = 3\nDimSize = 10 10 10\nElementType = "
                           "MET_UCHAR\nElementDataFile = LOCAL\n";
  write(folder / "short.mha", meta + std::string(998, 'x'));
  expect_error(folder / "short.mha", ErrorCode::BadInput, "1000 bytes of samples, there are 998");
  write(folder / "header.mha", meta.substr(0, 60));
  expect_error(folder / "header.mha", ErrorCode::BadInput, "ElementDataFile");
}

TEST(GridRead, LyingHeadersAreRefusedBeforeAnythingIsAllocated) {
  const Folder folder;
  write(folder / "huge.nii", nifti(32000, 32000, 32000, 100));
  expect_error(folder / "huge.nii", ErrorCode::BadInput, "more than");
  write(folder / "huge.nii.gz", gzip(nifti(2000, 2000, 2000, 100)));
  expect_error(folder / "huge.nii.gz", ErrorCode::BadInput, "cannot hold");
  write(folder / "negative.nii", nifti(10, -10, 10, 1000));
  expect_error(folder / "negative.nii", ErrorCode::BadInput, "dim[2] is -10");
  write(folder / "type.nii", nifti(10, 10, 10, 1000, 77));
  expect_error(folder / "type.nii", ErrorCode::BadInput, "datatype 77");
  write(folder / "complex.nii", nifti(10, 10, 10, 8000, 32));
  expect_error(folder / "complex.nii", ErrorCode::Unsupported, "complex");
  write(folder / "sizes.nrrd",
        "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 99999 99999 99999\nencoding: raw\n\nx");
  expect_error(folder / "sizes.nrrd", ErrorCode::BadInput, "more than");
  write(folder / "axes.nrrd",
        "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 9 9\nencoding: raw\n\nx");
  expect_error(folder / "axes.nrrd", ErrorCode::BadInput, "'dimension' is 3");
  write(folder / "away.nhdr", "NRRD0004\ntype: uchar\ndimension: 2\nsizes: 2 2\nencoding: "
                              "raw\ndata file: ../../etc/passwd\n\n");
  expect_error(folder / "away.nhdr", ErrorCode::Unsupported, "etc/passwd");
}

TEST(GridRead, AnOrientationThatIsNoNumberIsRefused) {
  const Folder folder;
  std::string file = nifti(4, 3, 2, 24);
  const std::int16_t code = 2;
  const float nan = std::nanf("");
  std::memcpy(file.data() + 254, &code, 2);
  std::memcpy(file.data() + 292, &nan, 4);
  write(folder / "nan.nii", file);
  expect_error(folder / "nan.nii", ErrorCode::BadInput, "orientation");
}

TEST(GridRead, ABombOfZerosIsCountedInBoundedMemory) {
  const Folder folder;
  const std::string bomb = gzip(std::string(64u << 20, '\0'));
  write(folder / "bomb.nii.gz", gzip(nifti(10, 10, 10, 1000)) + bomb);
  const Dataset dataset = registry().open(folder / "bomb.nii.gz");
  EXPECT_EQ(std::get<Volume>(dataset).voxels(), 1000u);
}

TEST(GridRead, EmptyAndForeignFilesAreNotOurs) {
  const Folder folder;
  write(folder / "empty.nii", "");
  expect_error(folder / "empty.nii", ErrorCode::BadInput, "empty");
  write(folder / "text.nii", "this is a text file");
  expect_error(folder / "text.nii", ErrorCode::Unsupported, "is text");
  write(folder / "byte.nii.gz", "\x1f");
  expect_error(folder / "byte.nii.gz", ErrorCode::Unsupported, "no known format");
}

TEST(GridRead, TheContentDecidesNotTheName) {
  const Folder folder;
  const std::string nrrd = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 4 3 2\nencoding: raw\n\n" +
                           std::string(24, '\x05');
  const std::string meta = "ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementType = "
                           "MET_UCHAR\nElementDataFile = LOCAL\n" +
                           std::string(24, '\x05');
  write(folder / "scan.nrrd", nifti(4, 3, 2, 24));
  write(folder / "packed.dcm", gzip(nifti(4, 3, 2, 24)));
  write(folder / "scan.nii", nrrd);
  write(folder / "scan", meta);
  for (const char* name : {"scan.nrrd", "packed.dcm", "scan.nii", "scan"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(numbers(registry().open(folder / name)), std::vector<double>(24, 5));
  }
}

TEST(GridRead, TheFilesOfAHeaderAreHashedWithIt) {
  const Folder folder;
  fs::create_directory(folder / "raw");
  write(folder / "scan.nhdr", "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 4 3 2\nencoding: raw\n"
                              "data file: LIST\nraw/a 1.raw\nraw/b.raw\n");
  write(folder / "raw/a 1.raw", std::string(12, '\x05'));
  write(folder / "raw/b.raw", std::string(12, '\x06'));
  EXPECT_EQ(registry().companions(folder / "scan.nhdr"),
            (std::vector<std::string>{"raw/a 1.raw", "raw/b.raw"}));
  const auto before = registry().open(folder / "scan.nhdr");
  EXPECT_EQ(numbers(before).back(), 6);
  write(folder / "raw/b.raw", std::string(12, '\x07'));
  EXPECT_NE(origin_of(registry().open(folder / "scan.nhdr")).sha256, origin_of(before).sha256);
  fs::remove(folder / "raw/b.raw");
  expect_error(folder / "scan.nhdr", ErrorCode::NotFound, "b.raw");
}

TEST(GridRead, ListsAndPatternsThatLieAreRefused) {
  const Folder folder;
  const std::string head = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 4 3 2\nencoding: raw\n";
  write(folder / "s0.raw", std::string(12, '\x05'));
  write(folder / "s1.raw", std::string(11, '\x05'));
  for (const auto& [field, part] : std::vector<std::pair<std::string, std::string>>{
           {"data file: LIST\n", "empty"},
           {"data file: LIST\ns0.raw\n../s1.raw\n", "s1.raw"},
           {"data file: LIST\ns0.raw\ns0.raw\ns0.raw\ns0.raw\ns0.raw\n", "do not divide"},
           {"data file: s%d.raw 0 1 1\n\n", "12 bytes of samples, there are 11 in 's1.raw'"},
           {"data file: s%d.raw 0 1 0\n\n", "step 0"},
           {"data file: s%d.raw 0 18446744073709551615 1\n\n", "names files"},
           {"data file: s%d.raw 5 2 1\n\n", "names files"},
           {"data file: s%n.raw 0 1 1\n\n", "pattern"},
           {"data file: s%s%d.raw 0 1 1\n\n", "pattern"},
           {"data file: s%d.raw\n\n", "first and last"},
           {"data file: s0.raw\nbyte skip: -2\n\n", "byte skip"},
           {"data file: s0.raw\nbyte skip: -1\n\n", "24 bytes"},
           {"data file: s0.raw\nline skip: 9\n\n", "lines"},
           {"data file: s0.raw\nbyte skip: 99999999999999999\n\n", "24 bytes"}}) {
    SCOPED_TRACE(field);
    write(folder / "scan.nhdr", head + field);
    const auto error = error_of(folder / "scan.nhdr");
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find(part), std::string::npos) << error->what();
    EXPECT_FALSE(error->hint().empty());
  }
}

TEST(GridRead, AHeaderWithoutItsImageSaysWhatIsMissing) {
  const Folder folder;
  std::string header = nifti(4, 3, 2, 0);
  header.replace(344, 3, "ni1");
  write(folder / "scan.hdr", header);
  expect_error(folder / "scan.hdr", ErrorCode::NotFound, ".img");
  write(folder / "scan.img", std::string(24, '\x05'));
  const float none = 0;
  std::memcpy(header.data() + 108, &none, 4);
  write(folder / "scan.hdr", header);
  for (const char* name : {"scan.hdr", "scan.img"}) {
    EXPECT_EQ(numbers(registry().open(folder / name)), std::vector<double>(24, 5)) << name;
    EXPECT_EQ(registry().companions(folder / name).size(), 1u);
  }
}

TEST(GridRead, OctPicturesOfTheBiomarkerSetHaveNoScale) {
  NEEDS_SHARED_DATA("oct/OCT-Biomarker-Segmentation");
  std::size_t opened = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(SENSORIUM_SHARED_DATA) /
                                                            "oct/OCT-Biomarker-Segmentation")) {
    if (entry.path().extension() != ".gz") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const Dataset dataset = registry().open(entry.path());
    const Volume& v = std::get<Volume>(dataset);
    EXPECT_EQ(v.width, 512);
    EXPECT_EQ(v.height, 512);
    EXPECT_EQ(v.depth, 1);
    EXPECT_EQ(v.channels, entry.path().parent_path().filename() == "labelsTr" ? 1 : 3);
    for (const Spacing& spacing : v.spacing) EXPECT_FALSE(spacing.known());
    ++opened;
  }
  EXPECT_GE(opened, 20u);
}

TEST(GridRead, TheMalformedNiftiGivesOneError) {
  NEEDS_SHARED_DATA("malformed");
  const auto error = error_of(fs::path(SENSORIUM_SHARED_DATA) / "malformed/AMD_0779_0000.nii.gz");
  ASSERT_TRUE(error);
  EXPECT_FALSE(error->hint().empty());
}

}
}
