#include "tests/io_cube/support.h"

#include "modules/io/envi_header.h"
#include "modules/io/envi_writer.h"

#include <fmt/format.h>

namespace sensorium::test {
namespace {

const std::string least =
    "ENVI\nlines = 2\nsamples = 3\nbands = 2\ndata type = 1\ninterleave = bsq\n";

Cube parsed(const std::string& text) { return envi::parse(text, "x.hdr").cube; }

struct Made {
  explicit Made(const std::string& header, const std::string& samples = "abcdefghijkl",
                const std::string& name = "x.raw") {
    write(folder / "x.hdr", header);
    write(folder / name, samples);
  }
  Folder folder;
};

TEST(EnviHeader, FiveKeysAreEnough) {
  const Cube c = parsed(least);
  EXPECT_EQ(c.lines, 2);
  EXPECT_EQ(c.samples, 3);
  EXPECT_EQ(c.bands, 2);
  EXPECT_EQ(c.type, SampleType::UInt8);
  EXPECT_FALSE(c.big_endian);
  EXPECT_TRUE(c.origin.warnings.empty());
  EXPECT_EQ(c.wavelength_source, WavelengthSource::Absent);
}

TEST(EnviHeader, KeysInAnyCaseWithMarksBlanksAndComments) {
  const Cube c = parsed("\xef\xbb\xbf"
                        "ENVI\r\n; a remark = 3\r\nLINES=2\r\n  Samples  =  3 \r\nBands = "
                        "2\r\nData   Type = 12\r\nInterleave = BIL\r\nByte Order = 1\r\nno equals "
                        "sign\r\n");
  EXPECT_EQ(c.interleave, Interleave::Bil);
  EXPECT_EQ(c.type, SampleType::UInt16);
  EXPECT_TRUE(c.big_endian);
}

TEST(EnviHeader, EachMissingKeyIsNamed) {
  for (const std::string key : {"lines", "samples", "bands", "data type", "interleave"}) {
    std::string text = least;
    text.replace(text.find(key + " ="), key.size(), std::string(key.size(), 'q'));
    const Error e = error_of([&] { parsed(text); });
    EXPECT_EQ(e.code(), ErrorCode::BadInput);
    EXPECT_TRUE(contains(e.what(), "'" + key + "'")) << e.what();
    EXPECT_FALSE(e.hint().empty());
  }
}

TEST(EnviHeader, ImpossibleValuesAreNamed) {
  const auto with = [](const std::string& line) {
    return std::string(error_of([&] { parsed(least + line); }).what());
  };
  EXPECT_TRUE(contains(with("lines = 0\n"), "lines = '0'"));
  EXPECT_TRUE(contains(with("bands = -3\n"), "'-3'"));
  EXPECT_TRUE(contains(with("samples = 99999999999\n"), "'99999999999'"));
  EXPECT_TRUE(contains(with("lines = two\n"), "'two'"));
  EXPECT_TRUE(contains(with("data type = 7\n"), "'7'"));
  EXPECT_TRUE(contains(with("interleave = bqs\n"), "'bqs'"));
  EXPECT_TRUE(contains(with("byte order = 2\n"), "'2'"));
  EXPECT_TRUE(contains(with("header offset = -1\n"), "'-1'"));
  EXPECT_TRUE(contains(with("wavelength = {1, 2\n"), "closing brace"));
  EXPECT_EQ(error_of([] { parsed(least + "file compression = 1\n"); }).code(),
            ErrorCode::Unsupported);
}

TEST(EnviHeader, ListsWithLeadingCommasAndLineEnds) {
  const Cube c = parsed(least + "wavelength units = nm\nwavelength = {\n379.027\n,379.663\n}\n");
  EXPECT_EQ(c.wavelengths_nm, (std::vector<double>{379.027, 379.663}));
  EXPECT_EQ(c.wavelength_source, WavelengthSource::Stated);
  EXPECT_EQ(parsed(least + "wavelength = {400\n500}\n").wavelengths_nm,
            (std::vector<double>{400, 500}));
}

TEST(EnviHeader, UnitsInAnySpelling) {
  const auto first = [](const std::string& unit, const std::string& values) {
    return parsed(least + "wavelength units = " + unit + "\nwavelength = {" + values + "}\n");
  };
  for (const std::string unit : {"nm", "Nanometers", "nanometer", "NANOMETRES", " nm. "})
    EXPECT_EQ(first(unit, "450, 550").wavelengths_nm, (std::vector<double>{450, 550})) << unit;
  for (const std::string unit :
       {"um", "Micrometers", "micron", "microns", "\xc2\xb5m", "\xce\xbcm", "Micrometre"}) {
    const auto nm = first(unit, "0.45, 0.5").wavelengths_nm;
    ASSERT_EQ(nm.size(), 2u) << unit;
    EXPECT_NEAR(nm[0], 450, 1e-9);
    EXPECT_NEAR(nm[1], 500, 1e-9);
  }
  const auto turned = first("Wavenumber", "20000, 10000").wavelengths_nm;
  EXPECT_NEAR(turned.at(0), 500, 1e-9);
  EXPECT_NEAR(turned.at(1), 1000, 1e-9);
  EXPECT_TRUE(first("GHz", "450, 550").wavelengths_nm.empty());
  EXPECT_TRUE(warns(first("GHz", "450, 550"), "GHz"));
}

TEST(EnviHeader, AGuessedUnitIsMarked) {
  const auto of = [](const std::string& values) {
    return parsed(least + "wavelength = {" + values + "}\n");
  };
  EXPECT_EQ(of("450, 550").wavelength_source, WavelengthSource::Guessed);
  EXPECT_TRUE(warns(of("450, 550"), "guessed"));
  EXPECT_NEAR(of("0.45, 2.5").wavelengths_nm.at(1), 2500, 1e-9);
  EXPECT_TRUE(of("1, 2").wavelengths_nm.empty()); // band numbers
  EXPECT_TRUE(of("0.45, 550").wavelengths_nm.empty());
  EXPECT_TRUE(of("-450, 550").wavelengths_nm.empty());
  EXPECT_TRUE(of("nan, 550").wavelengths_nm.empty());
  EXPECT_TRUE(of("450").wavelengths_nm.empty());
  EXPECT_TRUE(warns(of("450"), "1 wavelengths for 2 bands"));
  EXPECT_TRUE(warns(of("450, x50"), "'x50'"));
  EXPECT_TRUE(warns(of("450, 450"), "same wavelength"));
}

TEST(EnviHeader, DefaultBandsAreCountedFromOne) {
  const auto of = [](const std::string& values) {
    return parsed(least + "default bands = {" + values + "}\n");
  };
  EXPECT_EQ(of("2, 1, 1").default_bands, (std::vector<int>{1, 0, 0}));
  EXPECT_EQ(of("2").default_bands, (std::vector<int>{1}));
  for (const std::string odd : {"0, 1, 2", "1, 2, 3", "1, 2", "1.5"}) {
    EXPECT_TRUE(of(odd).default_bands.empty()) << odd;
    EXPECT_TRUE(warns(of(odd), "default bands")) << odd;
  }
}

TEST(EnviHeader, BadBandsScaleAndIgnoreValue) {
  const Cube c = parsed(least + "bbl = {1, 0}\nreflectance scale factor = 10000\ndata ignore value "
                                "= -9999\nwavelength = {450, 550}\nfwhm = {5, 6}\nband names = "
                                "{one, two}\n");
  EXPECT_TRUE(c.is_bad(1));
  EXPECT_FALSE(c.is_bad(0));
  EXPECT_EQ(c.reflectance_scale, 10000);
  EXPECT_EQ(c.ignore_value, -9999);
  EXPECT_EQ(c.fwhm_nm, (std::vector<double>{5, 6}));
  EXPECT_EQ(c.band_names, (std::vector<std::string>{"one", "two"}));
  const Cube odd = parsed(least + "bbl = {1, 0, 1}\nreflectance scale factor = 0\ndata ignore "
                                  "value = none\nfwhm = {5}\nband names = {one}\nlines = 2\n");
  EXPECT_TRUE(odd.bad_bands.empty());
  EXPECT_FALSE(odd.reflectance_scale);
  EXPECT_FALSE(odd.ignore_value);
  for (const char* part : {"bad band list", "scale factor", "ignore value", "more than once"})
    EXPECT_TRUE(part == std::string("scale factor") ? warns(odd, "reflectance scale factor")
                                                    : warns(odd, part))
        << part;
  EXPECT_TRUE(parsed(least + "bbl = {0, 0}\n").bad_bands.empty());
}

TEST(EnviFile, HeaderOrSamplesMayBeGiven) {
  for (const std::string name : {"x", "x.raw", "x.dat", "X.IMG", "x.bsq"}) {
    const Made made(least, "abcdefghijkl", name);
    for (const fs::path& path : {made.folder / "x.hdr", made.folder / name}) {
      if (name == "X.IMG" && path.filename() == name) continue; // its header has another name
      const Cube c = open_cube(path);
      EXPECT_EQ(read_spectrum(c, 1, 2), (std::vector<double>{'f', 'l'})) << path;
    }
  }
}

TEST(EnviFile, AHeaderNamedAfterTheWholeFile) {
  const Folder folder;
  write(folder / "x.raw.hdr", least);
  write(folder / "x.raw", "abcdefghijkl");
  EXPECT_EQ(open_cube(folder / "x.raw").lines, 2);
  EXPECT_EQ(open_cube(folder / "x.raw.hdr").lines, 2);
}

TEST(EnviFile, WhatIsNotBesideIsNamed) {
  const Folder folder;
  write(folder / "x.hdr", least);
  const Error e = error_of([&] { open_cube(folder / "x.hdr"); });
  EXPECT_EQ(e.code(), ErrorCode::NotFound);
  EXPECT_TRUE(contains(e.what(), "x.hdr"));
  EXPECT_TRUE(contains(e.hint(), ".raw"));
}

TEST(EnviFile, TheOffsetAndTheByteOrderCount) {
  const Made made("ENVI\nlines = 1\nsamples = 1\nbands = 2\ndata type = 2\ninterleave = bip\nbyte "
                  "order = 1\nheader offset = 3\n",
                  std::string("xyz\x01\x02\xff\xfe", 7));
  EXPECT_EQ(read_spectrum(open_cube(made.folder / "x.hdr"), 0, 0), (std::vector<double>{258, -2}));
}

TEST(EnviFile, AWrongSizeSaysWhatWouldFit) {
  const auto told = [](const std::string& more, std::size_t size) {
    const Made made(least + more, std::string(size, 'a'));
    return error_of([&] { open_cube(made.folder / "x.hdr"); });
  };
  const Error doubled = told("", 24);
  EXPECT_EQ(doubled.code(), ErrorCode::BadInput);
  EXPECT_TRUE(contains(doubled.what(), "24 bytes"));
  EXPECT_TRUE(contains(doubled.what(), "12"));
  EXPECT_TRUE(contains(doubled.hint(), "data type 12 (uint16)"));
  EXPECT_TRUE(contains(doubled.hint(), "header offset = 12"));
  EXPECT_TRUE(contains(doubled.hint(), "lines = 4"));
  EXPECT_TRUE(contains(doubled.hint(), "bands = 4"));
  EXPECT_TRUE(contains(told("header offset = 5\n", 12).hint(), "header offset = 0"));
  EXPECT_TRUE(contains(told("", 6).hint(), "lines = 1"));
  EXPECT_TRUE(contains(told("", 11).hint(), "cut short"));
  EXPECT_TRUE(
      contains(told("lines = 2147483647\nsamples = 2147483647\nbands = 2147483647\n", 12).what(),
               "not possible"));
}

TEST(EnviFile, ASmallTrailerIsAWarning) {
  const Made made("ENVI\nlines = 10\nsamples = 10\nbands = 3\ndata type = 1\ninterleave = bsq\n",
                  std::string(307, 'a'));
  const Cube c = open_cube(made.folder / "x.hdr");
  EXPECT_TRUE(warns(c, "307 bytes"));
}

TEST(EnviFile, ArcGisHeadersWithGaps) {
  const Made made("BYTEORDER M\nLAYOUT BIL\nNROWS 2\nNCOLS 1\nNBANDS 2\nNBITS 16\nBANDROWBYTES "
                  "4\nTOTALROWBYTES 10\nWAVELENGTHS\n450.5\n551\nWAVELENGTHS_END\n",
                  std::string("\0\1..\0\2....\0\3..\0\4....", 20), "x.bil");
  const Cube c = open_cube(made.folder / "x.hdr");
  EXPECT_EQ(c.wavelengths_nm, (std::vector<double>{450.5, 551}));
  EXPECT_EQ(c.wavelength_source, WavelengthSource::Guessed);
  EXPECT_EQ(read_spectrum(c, 0, 0), (std::vector<double>{1, 2}));
  EXPECT_EQ(read_spectrum(c, 1, 0), (std::vector<double>{3, 4}));
}

TEST(EnviFile, ALibraryIsOneSpectrumALine) {
  const Made made(
      "ENVI\nfile type = ENVI Spectral Library\nlines = 2\nsamples = 3\nbands = 1\ndata "
      "type = 1\ninterleave = bsq\nwavelength = {400, 500, 600}\n",
      "abcdef", "x.sli");
  const Cube c = open_cube(made.folder / "x.sli");
  EXPECT_EQ(c.bands, 3);
  EXPECT_EQ(read_spectrum(c, 1, 0), (std::vector<double>{'d', 'e', 'f'}));
}

TEST(EnviFile, IsWrittenAndReadBack) {
  const std::string keys = "wavelength units = um\nwavelength = {0.45, 0.55}\nfwhm = {0.01, "
                           "0.02}\nbbl = {0, 1}\ndefault "
                           "bands = {2}\nreflectance scale factor = 10000\ndata ignore value = "
                           "97\nband names = {a, b}\n";
  for (const std::string order : {"bsq", "bil", "bip"}) {
    const Made made(least + "interleave = " + order + "\n" + keys);
    const Cube a = open_cube(made.folder / "x.hdr");
    envi::write(a, made.folder / "y.hdr", Context{});
    Cube b = open_cube(made.folder / "y.hdr");
    EXPECT_EQ(b.interleave, a.interleave);
    EXPECT_EQ(b.wavelengths_nm, a.wavelengths_nm);
    EXPECT_EQ(b.fwhm_nm, a.fwhm_nm);
    EXPECT_EQ(b.bad_bands, a.bad_bands);
    EXPECT_EQ(b.default_bands, a.default_bands);
    EXPECT_EQ(b.reflectance_scale, a.reflectance_scale);
    EXPECT_EQ(b.ignore_value, a.ignore_value);
    EXPECT_EQ(b.band_names, a.band_names);
    EXPECT_TRUE(std::ranges::equal(b.data.bytes(), a.data.bytes()));
  }
}

TEST(EnviFile, AGuessStaysAGuessAndNothingIsOverwritten) {
  const Made made(least + "wavelength = {450, 550}\n", "abcdefghijkl", "x.img");
  const Cube a = open_cube(made.folder / "x.hdr");
  EXPECT_EQ(error_of([&] { envi::write(a, made.folder / "x.hdr", Context{}); }).code(),
            ErrorCode::Usage);
  envi::write(a, made.folder / "y.hdr", Context{});
  EXPECT_EQ(open_cube(made.folder / "y.img").wavelength_source, WavelengthSource::Guessed);
  EXPECT_EQ(error_of([&] { envi::write(a, made.folder / "no" / "y.hdr", Context{}); }).code(),
            ErrorCode::Resources);
}

TEST(EnviShared, EveryCubeOpens) {
  const fs::path root = fs::path(SENSORIUM_SHARED_DATA) / "hyperspectral";
  if (!fs::exists(root)) GTEST_SKIP() << "skipped: no ../shared/data";
  struct Want {
    const char* file;
    int lines, samples, bands;
    double first, last;
    WavelengthSource source;
  };
  for (const Want& want : std::vector<Want>{
           {"plantcv/corn-kernel-hyperspectral.hdr", 31, 43, 580, 366.551, 1048.421,
            WavelengthSource::Stated},
           {"plantcv/corn-kernel-hyperspectral.raw", 31, 43, 580, 366.551, 1048.421,
            WavelengthSource::Stated},
           {"plantcv/darkReference", 1, 1600, 978, 379.027, 1000.893, WavelengthSource::Stated},
           {"hylite/Radiometric_2x2_1x1.dat", 1, 384, 624, 377.35, 2509.0,
            WavelengthSource::Guessed},
           {"indian_pines/Indian_pines_corrected.npy", 145, 145, 200, 400.019989, 2500,
            WavelengthSource::Guessed},
           {"helicoid_patches/058-02_0_0.npy", 17, 17, 63, 449.2294, 900,
            WavelengthSource::Guessed}}) {
    SCOPED_TRACE(want.file);
    const Cube c = open_cube(root / want.file);
    EXPECT_EQ(c.lines, want.lines);
    EXPECT_EQ(c.samples, want.samples);
    EXPECT_EQ(c.bands, want.bands);
    EXPECT_EQ(c.wavelength_source, want.source);
    ASSERT_EQ(c.wavelengths_nm.size(), static_cast<std::size_t>(want.bands));
    EXPECT_NEAR(c.wavelengths_nm.front(), want.first, 1e-9);
    EXPECT_NEAR(c.wavelengths_nm.back(), want.last, 0.01 * want.last);
  }
  const Error alone = error_of([&] { open_cube(root / "plantcv/arcgis.hdr"); });
  EXPECT_EQ(alone.code(), ErrorCode::NotFound); // its samples are not in the folder
}

}
}
