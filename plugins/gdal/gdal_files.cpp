// The one translation unit with GDAL's headers.
#include "plugins/gdal/gdal_files.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/converted_samples.h"
#include "modules/io/cube_axes.h"
#include "modules/io/envi_header.h"

#include <cpl_string.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <mutex>
#include <unistd.h>

namespace sensorium::gdal {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t piece_bytes = 16u << 20;
constexpr int most_bands = 65536;

void start() {
  static std::once_flag once;
  std::call_once(once, [] {
    GDALAllRegister();
    GDALSetCacheMax64(64 << 20);
    CPLSetErrorHandler(CPLQuietErrorHandler);
    CPLSetConfigOption("GDAL_PAM_ENABLED", "NO"); // writes no .aux.xml beside a person's file
    CPLSetConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES");
  });
}

struct Close {
  void operator()(GDALDataset* set) const { GDALClose(set); }
};
using Held = std::unique_ptr<GDALDataset, Close>;

Error bad(const fs::path& path, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path.string(), what),
               "copy or export the file again");
}

// GDAL's own words, without line ends.
std::string last_words() {
  std::string text = clean_text(CPLGetLastErrorMsg());
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.substr(0, 300);
}

Held opened(const fs::path& path) {
  start();
  const std::string driver = driver_of(path, read_head(path));
  const std::array<const char*, 2> drivers{driver.c_str(), nullptr};
  CPLErrorReset();
  Held set(GDALDataset::FromHandle(GDALOpenEx(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY,
                                              drivers.data(), nullptr, nullptr)));
  if (set == nullptr)
    throw bad(path,
              fmt::format("GDAL's {} driver cannot open it: {}", driver,
                          last_words().empty() ? "it is damaged or cut short" : last_words()));
  return set;
}

SampleType type_of(GDALDataType type, const fs::path& path) {
  switch (type) {
  case GDT_Byte:
    return SampleType::UInt8;
  case GDT_UInt16:
    return SampleType::UInt16;
  case GDT_Int16:
    return SampleType::Int16;
  case GDT_UInt32:
    return SampleType::UInt32;
  case GDT_Int32:
    return SampleType::Int32;
  case GDT_UInt64:
    return SampleType::UInt64;
  case GDT_Int64:
    return SampleType::Int64;
  case GDT_Float32:
    return SampleType::Float32;
  case GDT_Float64:
    return SampleType::Float64;
  case GDT_CFloat32:
    return SampleType::Complex64;
  case GDT_CFloat64:
    return SampleType::Complex128;
  default:
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("'{}' holds samples of type {}", path.string(), GDALGetDataTypeName(type)),
        "export it as integers or floats of 8 to 64 bits");
  }
}

std::optional<double> number_in(const char* text) {
  if (text == nullptr) return std::nullopt;
  double value = 0;
  const std::string_view all(text);
  const auto [end, code] = std::from_chars(all.data(), all.data() + all.size(), value);
  return code == std::errc() && end != all.data() && std::isfinite(value) ? std::optional(value)
                                                                          : std::nullopt;
}

std::string text_in(const char* text) { return text == nullptr ? "" : clean_text(text); }

// One number of every band's metadata, or nothing.
std::vector<double> of_bands(GDALDataset& set, std::initializer_list<const char*> keys,
                             const char* domain) {
  for (const char* key : keys) {
    std::vector<double> out;
    for (int b = 1; b <= set.GetRasterCount(); ++b)
      if (const auto value = number_in(set.GetRasterBand(b)->GetMetadataItem(key, domain)))
        out.push_back(*value);
    if (out.size() == static_cast<std::size_t>(set.GetRasterCount())) return out;
  }
  return {};
}

void add_wavelengths(GDALDataset& set, const fs::path& path, Cube& cube) {
  GDALRasterBand* first = set.GetRasterBand(1);
  std::string unit = text_in(first->GetMetadataItem("wavelength_units"));
  if (unit.empty()) unit = text_in(first->GetMetadataItem("WAVELENGTH_UNITS"));
  if (unit.empty()) unit = text_in(set.GetMetadataItem("wavelength_units"));
  auto values = of_bands(set, {"wavelength", "WAVELENGTH", "Wavelength", "center_wavelength"}, "");
  std::string key = "the bands' wavelength";
  if (values.empty()) {
    values = of_bands(set, {"CENTRAL_WAVELENGTH_UM"}, "IMAGERY");
    if (!values.empty()) {
      unit = "um";
      key = "CENTRAL_WAVELENGTH_UM";
    }
  }
  if (values.empty())
    if (auto list = wavelengths_beside(path, static_cast<std::uint64_t>(cube.bands))) {
      values = std::move(list->values);
      key = list->file;
      unit.clear();
    }
  if (values.empty())
    cube.wavelength_note = "neither the bands nor a list beside the file state any";
  else
    envi::set_wavelengths(cube, std::move(values), unit, key);
  const auto fwhm = of_bands(set, {"fwhm", "FWHM"}, "");
  if (const double nm = envi::nanometres_in(unit); nm > 0 && !fwhm.empty())
    for (const double f : fwhm) cube.fwhm_nm.push_back(f * nm);
}

void add_facts(GDALDataset& set, Cube& cube) {
  auto& facts = cube.origin.facts;
  facts.push_back({"container", set.GetDriverName(), "GDAL"});
  if (const OGRSpatialReference* system = set.GetSpatialRef(); system != nullptr)
    if (const std::string name = text_in(system->GetName()); !name.empty())
      facts.push_back({"map projection", name, "GDAL"});
  std::array<double, 6> t{};
  if (set.GetGeoTransform(t.data()) == CE_None)
    facts.push_back({"map corner", fmt::format("{:.10g}, {:.10g}", t[0], t[3]), "GDAL"});
  if (set.GetGeoTransform(t.data()) == CE_None)
    facts.push_back({"map pixel",
                     fmt::format("{:.6g} x {:.6g} in the projection's unit", t[1], std::abs(t[5])),
                     "GDAL"});
}

void add_band_facts(GDALDataset& set, Cube& cube) {
  bool named = false, scaled = true;
  std::vector<std::string> names;
  int has = 0;
  const double ignore = set.GetRasterBand(1)->GetNoDataValue(&has),
               scale = set.GetRasterBand(1)->GetScale();
  if (has != 0) cube.ignore_value = ignore;
  for (int b = 1; b <= cube.bands; ++b) {
    GDALRasterBand* band = set.GetRasterBand(b);
    names.push_back(text_in(band->GetDescription()));
    named = named || !names.back().empty();
    scaled = scaled && band->GetScale() == scale && band->GetOffset() == 0;
  }
  if (named) cube.band_names = std::move(names);
  if (scaled && scale > 0 && scale < 1) cube.reflectance_scale = 1 / scale;
  if (const auto bad_marks = of_bands(set, {"bbl", "BBL"}, ""); !bad_marks.empty())
    for (const double mark : bad_marks) cube.bad_bands.push_back(mark == 0 ? 1 : 0);
}

// The samples as they lie in a file: nothing where they are packed or in many pieces.
std::optional<StoredSamples> mapped(GDALDataset& set, Cube& cube, const fs::path& path) {
  GDALDataset::RawBinaryLayout layout;
  if (!set.GetRawBinaryLayout(layout)) return std::nullopt;
  const auto size = static_cast<GIntBig>(size_of(cube.type));
  for (const GIntBig step : {layout.nLineOffset, layout.nPixelOffset, layout.nBandOffset})
    if (step < 0 || step % size != 0) return std::nullopt;
  if (layout.nPixelOffset == 0 || layout.nLineOffset == 0 ||
      (cube.bands > 1 && layout.nBandOffset == 0))
    return std::nullopt;
  std::error_code code;
  if (!fs::equivalent(layout.osRawFilename, path, code)) return std::nullopt;
  cube.stride = {static_cast<std::uint64_t>(layout.nLineOffset / size),
                 static_cast<std::uint64_t>(layout.nPixelOffset / size),
                 static_cast<std::uint64_t>(layout.nBandOffset / size)};
  cube.big_endian = !layout.bLittleEndianOrder && size > 1;
  cube.interleave =
      layout.eInterleaving == GDALDataset::RawBinaryLayout::Interleaving::BIP   ? Interleave::Bip
      : layout.eInterleaving == GDALDataset::RawBinaryLayout::Interleaving::BIL ? Interleave::Bil
      : layout.eInterleaving == GDALDataset::RawBinaryLayout::Interleaving::BSQ ? Interleave::Bsq
                                                                                : Interleave::Other;
  const auto map = MappedFile::open(path);
  const auto offset = static_cast<std::uint64_t>(layout.nImageOffset);
  const std::uint64_t bytes = ((static_cast<std::uint64_t>(cube.lines) - 1) * cube.stride[0] +
                               (static_cast<std::uint64_t>(cube.samples) - 1) * cube.stride[1] +
                               (static_cast<std::uint64_t>(cube.bands) - 1) * cube.stride[2] + 1) *
                              size_of(cube.type);
  if (offset > map->bytes().size() || bytes > map->bytes().size() - offset)
    throw bad(path, fmt::format("is cut short: {} bytes of samples at byte {}, the file has {}",
                                bytes, offset, map->bytes().size()));
  return StoredSamples{Buffer(map, offset, bytes), path.string(), offset};
}

struct Block {
  int width = 0, height = 0;
};

void read_window(GDALDataset& set, const fs::path& path, Block at, Block size, int first_band,
                 int bands, std::vector<std::byte>& out, GSpacing pixel, GSpacing line,
                 GSpacing band) {
  std::vector<int> list(static_cast<std::size_t>(bands));
  for (int b = 0; b < bands; ++b) list[static_cast<std::size_t>(b)] = first_band + b;
  CPLErrorReset();
  if (set.RasterIO(GF_Read, at.width, at.height, size.width, size.height, out.data(), size.width,
                   size.height, set.GetRasterBand(1)->GetRasterDataType(), bands, list.data(),
                   pixel, line, band, nullptr) != CE_None ||
      CPLGetLastErrorType() == CE_Failure)
    throw bad(path, fmt::format("its samples cannot be read: {}", last_words()));
}

// Bands one after another: rows of blocks of one band, into BSQ.
void unpack_bands(GDALDataset& set, const Cube& cube, const fs::path& path, Block block,
                  const PutSamples& put, const Context& context) {
  const auto size = static_cast<std::uint64_t>(size_of(cube.type));
  const std::uint64_t row = static_cast<std::uint64_t>(cube.samples) * size;
  const int rows =
      std::max(1, std::min({std::max(1, block.height), cube.lines,
                            static_cast<int>(std::max<std::uint64_t>(1, piece_bytes / row))}));
  std::vector<std::byte> values(static_cast<std::size_t>(rows) * row);
  for (int b = 0; b < cube.bands; ++b)
    for (int y = 0; y < cube.lines; y += rows) {
      const int count = std::min(rows, cube.lines - y);
      read_window(set, path, {0, y}, {cube.samples, count}, b + 1, 1, values,
                  static_cast<GSpacing>(size), static_cast<GSpacing>(row), 0);
      put((static_cast<std::uint64_t>(b) * static_cast<std::uint64_t>(cube.lines) +
           static_cast<std::uint64_t>(y)) *
              row,
          std::span(values).first(static_cast<std::size_t>(count) * row));
      context.step((b + static_cast<double>(y) / cube.lines) / cube.bands, "unpacking");
    }
}

// All bands of a pixel together: block by block, into BIP.
void unpack_pixels(GDALDataset& set, const Cube& cube, const fs::path& path, Block block,
                   const PutSamples& put, const Context& context) {
  const auto size = static_cast<std::uint64_t>(size_of(cube.type)),
             pixel = static_cast<std::uint64_t>(cube.bands) * size,
             width = static_cast<std::uint64_t>(cube.samples);
  const int most = static_cast<int>(std::clamp<std::uint64_t>(piece_bytes / pixel, 1, 1 << 30)),
            columns = std::max(1, std::min({block.width, cube.samples, most})),
            rows = std::max(1, std::min({block.height, cube.lines, most / columns}));
  std::vector<std::byte> values(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows) *
                                pixel);
  for (int y = 0; y < cube.lines; y += rows)
    for (int x = 0; x < cube.samples; x += columns) {
      const int w = std::min(columns, cube.samples - x), h = std::min(rows, cube.lines - y);
      const std::uint64_t run = static_cast<std::uint64_t>(w) * pixel;
      read_window(set, path, {x, y}, {w, h}, 1, cube.bands, values, static_cast<GSpacing>(pixel),
                  static_cast<GSpacing>(run), static_cast<GSpacing>(size));
      for (int i = 0; i < h; ++i)
        put((static_cast<std::uint64_t>(y + i) * width + static_cast<std::uint64_t>(x)) * pixel,
            std::span(values).subspan(static_cast<std::size_t>(i) * run, run));
      context.step((y + static_cast<double>(x) / cube.samples * h) / cube.lines, "unpacking");
    }
}

StoredSamples unpacked(GDALDataset& set, const Cube& cube, const fs::path& path,
                       const Context& context) {
  const std::uint64_t bytes =
      cube.pixels() * static_cast<std::uint64_t>(cube.bands) * size_of(cube.type);
  if (bytes / 2000 > fs::file_size(path) + (1u << 16)) // deflate at its best reaches 1032 to 1
    throw bad(path, fmt::format("it claims {} bytes of samples and has {} in all", bytes,
                                fs::file_size(path)));
  Block block;
  set.GetRasterBand(1)->GetBlockSize(&block.width, &block.height);
  return converted_samples(path, "gdal", bytes, [&](const PutSamples& put) {
    if (cube.interleave == Interleave::Bsq)
      unpack_bands(set, cube, path, block, put, context);
    else
      unpack_pixels(set, cube, path, block, put, context);
  });
}

bool bands_apart(GDALDataset& set) {
  const char* order = set.GetMetadataItem("INTERLEAVE", "IMAGE_STRUCTURE");
  return order == nullptr || !EQUAL(order, "PIXEL");
}

}

Cube open(const fs::path& path, Samples samples, const Context& context) {
  const Held set = opened(path);
  Cube cube{.lines = set->GetRasterYSize(),
            .samples = set->GetRasterXSize(),
            .bands = set->GetRasterCount()};
  if (cube.lines < 1 || cube.samples < 1 || cube.bands < 1 || cube.bands > most_bands)
    throw bad(path,
              fmt::format("{} lines, {} samples, {} bands", cube.lines, cube.samples, cube.bands));
  const GDALDataType type = set->GetRasterBand(1)->GetRasterDataType();
  for (int b = 2; b <= cube.bands; ++b)
    if (set->GetRasterBand(b)->GetRasterDataType() != type)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}': band {} is {}, band 1 is {}", path.string(), b,
                              GDALGetDataTypeName(set->GetRasterBand(b)->GetRasterDataType()),
                              GDALGetDataTypeName(type)),
                  "export all bands in one type");
  cube.type = type_of(type, path);
  cube.origin.path = path.string();
  cube.interleave = bands_apart(*set) ? Interleave::Bsq : Interleave::Bip;
  set_dense_strides(cube);
  add_facts(*set, cube);
  add_wavelengths(*set, path, cube);
  add_band_facts(*set, cube);
  auto stored = mapped(*set, cube, path);
  if (samples == Samples::Skip) return cube;
  if (!stored) stored = unpacked(*set, cube, path, context);
  cube.data = std::move(stored->data);
  cube.data_path = std::move(stored->path);
  cube.data_offset = stored->offset;
  return cube;
}

namespace {

GDALDataType gdal_type(SampleType type) {
  switch (type) {
  case SampleType::UInt8:
    return GDT_Byte;
  case SampleType::Int8: // as int16: GDAL 3.6 has none
  case SampleType::Int16:
    return GDT_Int16;
  case SampleType::UInt16:
    return GDT_UInt16;
  case SampleType::Int32:
    return GDT_Int32;
  case SampleType::UInt32:
    return GDT_UInt32;
  case SampleType::Int64:
    return GDT_Int64;
  case SampleType::UInt64:
    return GDT_UInt64;
  case SampleType::Float32:
    return GDT_Float32;
  case SampleType::Float64:
    return GDT_Float64;
  case SampleType::Complex64:
    return GDT_CFloat32;
  case SampleType::Complex128:
    return GDT_CFloat64;
  }
  return GDT_Unknown;
}

void describe_bands(GDALDataset& set, const Cube& cube) {
  for (int b = 0; b < cube.bands; ++b) {
    const auto k = static_cast<std::size_t>(b);
    GDALRasterBand* band = set.GetRasterBand(b + 1);
    if (!cube.band_names.empty()) band->SetDescription(cube.band_names[k].c_str());
    if (!cube.wavelengths_nm.empty()) {
      band->SetMetadataItem("wavelength", fmt::format("{:.10g}", cube.wavelengths_nm[k]).c_str());
      if (cube.wavelength_source == WavelengthSource::Stated)
        band->SetMetadataItem("wavelength_units", "Nanometers");
    }
    if (!cube.fwhm_nm.empty())
      band->SetMetadataItem("fwhm", fmt::format("{:.10g}", cube.fwhm_nm[k]).c_str());
    if (!cube.bad_bands.empty()) band->SetMetadataItem("bbl", cube.is_bad(b) ? "0" : "1");
    if (cube.reflectance_scale) band->SetScale(1 / *cube.reflectance_scale);
  }
  if (cube.ignore_value) set.GetRasterBand(1)->SetNoDataValue(*cube.ignore_value);
}

// Stored values of whole lines, line by line of each band, in the file's own type: GDAL turns
// doubles to it, which holds all integers up to 2^53.
void write_lines(GDALDataset& set, const Cube& cube, int line, int count, const fs::path& path) {
  const std::size_t width = static_cast<std::size_t>(cube.samples),
                    pixels = width * static_cast<std::size_t>(count);
  const TileRange tile{line, count, 0, cube.samples};
  const auto write = [&](void* data, GDALDataType type, std::size_t size) {
    if (set.RasterIO(GF_Write, 0, line, cube.samples, count, data, cube.samples, count, type,
                     cube.bands, nullptr, static_cast<GSpacing>(size),
                     static_cast<GSpacing>(size * width), static_cast<GSpacing>(size * pixels),
                     nullptr) != CE_None)
      throw Error(ErrorCode::Resources,
                  fmt::format("cannot write '{}': {}", path.string(), last_words()),
                  "free space there, or write elsewhere");
  };
  if (is_complex(cube.type)) {
    const auto by_pixel = read_complex(cube, tile, {});
    std::vector<std::complex<double>> by_band(by_pixel.size());
    const auto bands = static_cast<std::size_t>(cube.bands);
    for (std::size_t i = 0; i < pixels; ++i)
      for (std::size_t b = 0; b < bands; ++b) by_band[b * pixels + i] = by_pixel[i * bands + b];
    write(by_band.data(), GDT_CFloat64, 16);
    return;
  }
  std::vector<double> values(pixels * static_cast<std::size_t>(cube.bands));
  read_tile<double>(cube, tile, {}, TileOrder::Bands, values);
  write(values.data(), GDT_Float64, 8);
}

}

void write_geotiff(const Cube& cube, const fs::path& path, const Context& context) {
  start();
  std::error_code code;
  if ((!cube.data_path.empty() && fs::equivalent(cube.data_path, path, code)) ||
      fs::equivalent(cube.origin.path, path, code))
    throw Error(ErrorCode::Usage, fmt::format("'{}' would be written over itself", path.string()),
                "name another file");
  if (cube.type == SampleType::Int64 || cube.type == SampleType::UInt64)
    throw Error(ErrorCode::Unsupported, "64-bit integers do not pass through this writer exactly",
                "write the cube as .hdr (ENVI)");
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
  const fs::path draft = path.string() + fmt::format(".{}.tmp", ::getpid());
  CPLStringList options;
  for (const char* option :
       {"COMPRESS=DEFLATE", "INTERLEAVE=BAND", "BIGTIFF=IF_SAFER", "PREDICTOR=1"})
    options.AddString(option);
  CPLErrorReset();
  Held set(driver->Create(draft.c_str(), cube.samples, cube.lines, cube.bands, gdal_type(cube.type),
                          options.List()));
  const auto failed = [&] {
    fs::remove(draft, code);
    return Error(ErrorCode::Resources,
                 fmt::format("cannot write '{}': {}", path.string(), last_words()),
                 "free space there, or write elsewhere");
  };
  if (set == nullptr) throw failed();
  try {
    describe_bands(*set, cube);
    const std::size_t row =
        static_cast<std::size_t>(cube.samples) * static_cast<std::size_t>(cube.bands);
    const int step = static_cast<int>(std::clamp<std::size_t>(
        (std::size_t{1} << 20) / row, 1, static_cast<std::size_t>(cube.lines)));
    for (int line = 0; line < cube.lines; line += step) {
      context.step(static_cast<double>(line) / cube.lines, "writing");
      write_lines(*set, cube, line, std::min(step, cube.lines - line), path);
      cube.data.release();
    }
  } catch (...) {
    set.reset();
    fs::remove(draft, code);
    throw;
  }
  CPLErrorReset();
  set.reset();
  if (CPLGetLastErrorType() == CE_Failure) throw failed();
  fs::rename(draft, path, code);
  if (code) throw failed();
}

}
