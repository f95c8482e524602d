#include "modules/io/envi_header.h"

#include "modules/core/error.h"
#include "modules/io/bytes.h"
#include "modules/io/grid_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

namespace sensorium::envi {
namespace {

using grid::trimmed;

constexpr std::string_view wanted_keys = "lines, samples, bands, data type and interleave are "
                                         "needed; all else may be left out";

std::string lower(std::string_view text) {
  std::string out;
  bool space = false; // runs of blanks become one
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (!(blank && space)) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    space = blank;
  }
  return out;
}

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

struct Fields {
  std::map<std::string, std::string> values;
  std::vector<std::string> repeated;
  std::string name; // the file

  const std::string* find(const std::string& key) const {
    const auto at = values.find(key);
    return at == values.end() ? nullptr : &at->second;
  }
  Error bad(const std::string& what, const std::string& hint = std::string(wanted_keys)) const {
    return Error(ErrorCode::BadInput, fmt::format("'{}': {}", name, what), hint);
  }
};

Fields split(std::string_view text, const std::string& name) {
  Fields fields{.name = name};
  std::string_view rest = without_mark(text);
  next_line(rest); // "ENVI"
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    const std::string plain = trimmed(line);
    if (plain.empty() || plain[0] == ';') continue;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue; // ENVI itself passes over such lines
    const std::string key = lower(trimmed(line.substr(0, equals)));
    std::string value = trimmed(line.substr(equals + 1));
    if (value.starts_with('{')) {
      for (bool open = value.find('}') == std::string::npos; open;) {
        if (rest.empty())
          throw fields.bad(fmt::format("the list of '{}' has no closing brace", key),
                           "the header is cut short: copy it again");
        const std::string_view more = next_line(rest);
        open = more.find('}') == std::string_view::npos;
        value += ' ';
        value += more;
      }
      std::replace(value.begin(), value.end(), '\t', ' ');
      value = value.substr(1, value.find('}') - 1);
    }
    if (!fields.values.insert_or_assign(key, clean_text(trimmed(value))).second)
      fields.repeated.push_back(key);
  }
  return fields;
}

std::vector<std::string> items(const std::string& text) {
  std::vector<std::string> out;
  std::string item;
  const auto flush = [&] {
    if (const std::string plain = trimmed(item); !plain.empty()) out.push_back(plain);
    item.clear();
  };
  for (const char c : text)
    if (c == ',')
      flush();
    else
      item += c;
  flush();
  return out;
}

std::optional<double> number_in(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> whole_in(std::string_view text) {
  const auto value = number_in(text);
  if (!value || *value != std::floor(*value) || std::abs(*value) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

// Line ends became blanks, so numbers are parted by commas or blanks.
std::vector<double> numbers(const Fields& fields, const std::string& key,
                            std::vector<std::string>& warnings) {
  std::vector<double> out;
  const std::string* text = fields.find(key);
  if (text == nullptr) return out;
  for (const std::string& item : items(*text))
    for (const std::string& word : grid::words(item)) {
      const auto value = number_in(word);
      if (!value) {
        warnings.push_back(fmt::format("'{}' has an entry that is no number ('{}') and is not used",
                                       key, word.substr(0, 40)));
        return {};
      }
      out.push_back(*value);
    }
  return out;
}

int dimension(const Fields& fields, const std::string& key) {
  const std::string* text = fields.find(key);
  if (text == nullptr) throw fields.bad(fmt::format("the header has no '{}'", key));
  const auto value = whole_in(*text);
  if (!value || *value < 1 || *value > 2147483647)
    throw fields.bad(fmt::format("{} = '{}' is not possible", key, text->substr(0, 40)));
  return static_cast<int>(*value);
}

SampleType type_in(const Fields& fields) {
  const std::string* text = fields.find("data type");
  if (text == nullptr) throw fields.bad("the header has no 'data type'");
  const auto value = whole_in(*text);
  for (const int known : {1, 2, 3, 4, 5, 6, 9, 12, 13, 14, 15})
    if (value == known) return static_cast<SampleType>(known);
  throw fields.bad(fmt::format("data type = '{}' is none of ENVI's", text->substr(0, 40)),
                   "1 uint8, 2 int16, 3 int32, 4 float32, 5 float64, 6 complex64, 9 complex128, "
                   "12 uint16, 13 uint32, 14 int64, 15 uint64");
}

Interleave interleave_in(const Fields& fields, const std::string& key) {
  const std::string* text = fields.find(key);
  if (text == nullptr) throw fields.bad(fmt::format("the header has no '{}'", key));
  const std::string value = lower(*text);
  for (const Interleave i : {Interleave::Bsq, Interleave::Bil, Interleave::Bip})
    if (value == name_of(i)) return i;
  throw fields.bad(fmt::format("{} = '{}' is none of bsq, bil, bip", key, text->substr(0, 40)));
}

void read_bad_bands(const Fields& fields, Cube& cube) {
  auto& warnings = cube.origin.warnings;
  const auto marks = numbers(fields, "bbl", warnings);
  if (marks.empty()) return;
  if (marks.size() != static_cast<std::size_t>(cube.bands)) {
    warnings.push_back(fmt::format("the bad band list has {} entries for {} bands and is not used",
                                   marks.size(), cube.bands));
    return;
  }
  for (const double mark : marks) cube.bad_bands.push_back(mark == 0 ? 1 : 0);
  const auto count = std::count(cube.bad_bands.begin(), cube.bad_bands.end(), 1);
  if (count == cube.bands) {
    cube.bad_bands.clear();
    warnings.push_back("the bad band list marks every band as bad and is not used");
  } else if (count == 0) {
    cube.bad_bands.clear();
  }
}

void read_default_bands(const Fields& fields, Cube& cube) {
  auto& warnings = cube.origin.warnings;
  const auto list = numbers(fields, "default bands", warnings);
  std::vector<int> bands;
  for (const double one : list)
    if (one >= 1 && one <= cube.bands && one == std::floor(one))
      bands.push_back(static_cast<int>(one) - 1);
  if (bands.size() == list.size() && (bands.size() == 1 || bands.size() == 3)) {
    cube.default_bands = bands;
  } else if (!list.empty()) {
    warnings.push_back(fmt::format("default bands {} are not one or three of 1 to {}; none is used",
                                   fmt::join(list, ", "), cube.bands));
  }
}

void read_fwhm(const Fields& fields, Cube& cube, double nm) {
  const auto list = numbers(fields, "fwhm", cube.origin.warnings);
  if (list.empty()) return;
  if (list.size() != static_cast<std::size_t>(cube.bands)) {
    cube.origin.warnings.push_back(
        fmt::format("{} band widths (fwhm) for {} bands are not used", list.size(), cube.bands));
    return;
  }
  if (nm <= 0) return;
  for (const double one : list) cube.fwhm_nm.push_back(one * nm);
}

void read_facts(const Fields& fields, Cube& cube) {
  for (const char* key : {"sensor type", "acquisition date", "acquisition time", "file type"})
    if (const std::string* text = fields.find(key); text != nullptr && !text->empty())
      cube.origin.facts.push_back({key, text->substr(0, 200), key});
}

constexpr int most_names = 10000;

void read_spectra_names(const Fields& fields, Cube& cube) {
  const std::string* text = fields.find("spectra names");
  if (text == nullptr) return;
  const auto names = items(*text);
  if (names.size() != static_cast<std::size_t>(cube.lines)) {
    cube.origin.warnings.push_back(
        fmt::format("{} spectra names for {} spectra are not used", names.size(), cube.lines));
    return;
  }
  if (cube.lines > most_names) return;
  for (int i = 0; i < cube.lines; ++i)
    cube.origin.facts.push_back({fmt::format("spectrum {}", i + 1),
                                 names[static_cast<std::size_t>(i)].substr(0, 200),
                                 "spectra names"});
}

void read_values(const Fields& fields, Cube& cube) {
  auto& warnings = cube.origin.warnings;
  if (const std::string* text = fields.find("reflectance scale factor")) {
    const auto value = number_in(*text);
    if (value && *value > 0 && std::isfinite(*value))
      cube.reflectance_scale = *value;
    else
      warnings.push_back(
          fmt::format("reflectance scale factor '{}' is not used", text->substr(0, 40)));
  }
  if (const std::string* text = fields.find("data ignore value")) {
    const auto value = number_in(lower(*text));
    if (value)
      cube.ignore_value = *value;
    else
      warnings.push_back(fmt::format("data ignore value '{}' is not used", text->substr(0, 40)));
  }
  const std::string names_text = fields.find("band names") ? *fields.find("band names") : "";
  auto names = items(names_text);
  if (names.size() == static_cast<std::size_t>(cube.bands))
    cube.band_names = std::move(names);
  else if (!names.empty())
    warnings.push_back(
        fmt::format("{} band names for {} bands are not used", names.size(), cube.bands));
}

void read_spectral(const Fields& fields, Cube& cube) {
  auto& warnings = cube.origin.warnings;
  auto values = numbers(fields, "wavelength", warnings);
  const std::string* unit = fields.find("wavelength units");
  const std::string unit_text = unit != nullptr ? *unit : "";
  if (values.empty()) {
    cube.wavelength_note = "the header has no 'wavelength'";
  } else if (values.size() != static_cast<std::size_t>(cube.bands)) {
    cube.wavelength_note = fmt::format("{} wavelengths for {} bands", values.size(), cube.bands);
    warnings.push_back(
        fmt::format("{} wavelengths for {} bands: they are not used", values.size(), cube.bands));
  } else {
    const double first = values.front();
    set_wavelengths(cube, std::move(values), unit_text, "wavelength");
    const double nm = cube.wavelengths_nm.empty() ? 0 : cube.wavelengths_nm.front() / first;
    const bool turned = cube.wavelength_note.find("wavenumbers") != std::string::npos;
    read_fwhm(fields, cube, turned ? 0 : nm);
  }
}

void read_byte_order(const Fields& fields, Cube& cube) {
  const std::string* order = fields.find("byte order");
  if (order == nullptr) {
    if (size_of(cube.type) > 1)
      cube.origin.warnings.push_back(
          "the header has no 'byte order': low byte first is taken, as ENVI does");
    return;
  }
  if (*order != "0" && *order != "1")
    throw fields.bad(fmt::format("byte order = '{}' is neither 0 nor 1", order->substr(0, 40)));
  cube.big_endian = *order == "1";
}

void refuse_unread(const Fields& fields) {
  const std::string* packed = fields.find("file compression");
  if (packed != nullptr && *packed != "0")
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' has compressed samples (file compression = {})", fields.name,
                            packed->substr(0, 40)),
                "save it uncompressed in ENVI");
  for (const char* key : {"major frame offsets", "minor frame offsets"}) {
    std::vector<std::string> ignored;
    for (const double one : numbers(fields, key, ignored))
      if (one != 0)
        throw Error(ErrorCode::Unsupported,
                    fmt::format("'{}' has {}, which are not read", fields.name, key),
                    "save it as a plain ENVI file");
  }
}

Header parse_envi(std::string_view text, const std::string& name) {
  const Fields fields = split(text, name);
  Header header;
  Cube& cube = header.cube;
  cube.origin.path = name;
  refuse_unread(fields);
  cube.lines = dimension(fields, "lines");
  cube.samples = dimension(fields, "samples");
  cube.bands = dimension(fields, "bands");
  cube.type = type_in(fields);
  cube.interleave = interleave_in(fields, "interleave");
  const std::string* kind = fields.find("file type");
  if (kind != nullptr && lower(*kind).find("spectral library") != std::string::npos) {
    header.library = true; // stored as one picture: a spectrum a line
    cube.bands = cube.samples;
    cube.samples = 1;
    cube.interleave = Interleave::Bip;
    cube.origin.warnings.push_back("a spectral library: each line is one spectrum");
    read_spectra_names(fields, cube);
  }
  set_dense_strides(cube);
  read_byte_order(fields, cube);
  if (const std::string* offset = fields.find("header offset"); offset && !offset->empty()) {
    const auto value = whole_in(*offset);
    if (!value || *value < 0)
      throw fields.bad(
          fmt::format("header offset = '{}' is no number of bytes", offset->substr(0, 40)));
    header.offset = static_cast<std::uint64_t>(*value);
  }
  for (const std::string& key : fields.repeated)
    if (cube.origin.warnings.size() < 20)
      cube.origin.warnings.push_back(
          fmt::format("'{}' is there more than once: the last is taken", key.substr(0, 60)));
  read_spectral(fields, cube);
  read_bad_bands(fields, cube);
  read_default_bands(fields, cube);
  read_values(fields, cube);
  read_facts(fields, cube);
  return header;
}

// Keys and values parted by blanks, one a line; after WAVELENGTHS one number a line.
Header parse_arcgis(std::string_view text, const std::string& name) {
  Fields fields{.name = name};
  std::vector<double> wavelengths;
  bool listing = false;
  for (std::string_view rest = without_mark(text); !rest.empty();) {
    const auto words = grid::words(next_line(rest));
    if (words.empty()) continue;
    const std::string key = lower(words[0]);
    if (listing && words.size() == 1 && number_in(key))
      wavelengths.push_back(*number_in(key));
    else if (words.size() >= 2)
      fields.values[key] = words[1];
    listing = key == "wavelengths" || (listing && key != "wavelengths_end");
  }
  Header header{.arcgis = true};
  Cube& cube = header.cube;
  cube.origin.path = name;
  cube.lines = dimension(fields, "nrows");
  cube.samples = dimension(fields, "ncols");
  cube.bands = fields.find("nbands") ? dimension(fields, "nbands") : 1;
  cube.interleave = fields.find("layout") ? interleave_in(fields, "layout") : Interleave::Bil;
  const std::string kind = fields.find("pixeltype") ? lower(*fields.find("pixeltype")) : "";
  const int bits = fields.find("nbits") ? dimension(fields, "nbits") : 8;
  const bool is_signed = kind.starts_with("signed"), real = kind.starts_with("float");
  if (bits == 32 && real)
    cube.type = SampleType::Float32;
  else if (bits == 8 && !is_signed)
    cube.type = SampleType::UInt8;
  else if (bits == 16)
    cube.type = is_signed ? SampleType::Int16 : SampleType::UInt16;
  else if (bits == 32)
    cube.type = is_signed ? SampleType::Int32 : SampleType::UInt32;
  else
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}': NBITS {} {} is not read", name, bits, kind),
                "8, 16 and 32 bits are read");
  const std::string order = fields.find("byteorder") ? lower(*fields.find("byteorder")) : "i";
  cube.big_endian = order.starts_with("m");
  set_dense_strides(cube);
  const auto count = [&](const char* key) -> std::uint64_t {
    const std::string* value = fields.find(key);
    const auto bytes = value ? whole_in(*value) : std::nullopt;
    if (value && (!bytes || *bytes < 0))
      throw fields.bad(fmt::format("{} = '{}' is no number of bytes", key, value->substr(0, 40)));
    return bytes ? static_cast<std::uint64_t>(*bytes) : 0;
  };
  header.offset = count("skipbytes");
  const std::uint64_t size = size_of(cube.type);
  const auto samples = [&](std::uint64_t bytes, const char* key) {
    if (bytes % size != 0)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}': {} = {} is no multiple of the sample's {} bytes", name, key,
                              bytes, size),
                  "save it without gaps");
    return bytes / size;
  };
  if (cube.interleave == Interleave::Bil && count("bandrowbytes") > 0)
    cube.stride = {samples(count("bandrowbytes"), "BANDROWBYTES") *
                       static_cast<std::uint64_t>(cube.bands),
                   1, samples(count("bandrowbytes"), "BANDROWBYTES")};
  if (cube.interleave != Interleave::Bsq && count("totalrowbytes") > 0)
    cube.stride[0] = samples(count("totalrowbytes"), "TOTALROWBYTES");
  if (cube.interleave == Interleave::Bsq)
    cube.stride[2] += samples(count("bandgapbytes"), "BANDGAPBYTES");
  if (const std::string* none = fields.find("nodata")) cube.ignore_value = number_in(*none);
  if (wavelengths.size() == static_cast<std::size_t>(cube.bands))
    set_wavelengths(cube, std::move(wavelengths), "", "WAVELENGTHS");
  else
    cube.wavelength_note =
        fmt::format("{} wavelengths for {} bands", wavelengths.size(), cube.bands);
  return header;
}

}

int sniff(std::span<const std::byte> head) {
  const std::string_view text =
      without_mark({reinterpret_cast<const char*>(head.data()), head.size()});
  if (text.starts_with("ENVI") &&
      (text.size() == 4 || text[4] == '\n' || text[4] == '\r' || text[4] == ' ' || text[4] == '\t'))
    return 95;
  if (text.find('\0') != std::string_view::npos) return 0;
  const std::string all = lower(text.substr(0, 2000));
  return all.find("nrows") != std::string::npos && all.find("ncols") != std::string::npos &&
                 (all.find("nbits") != std::string::npos || all.find("layout") != std::string::npos)
             ? 85
             : 0;
}

Header parse(std::string_view text, const std::string& name) {
  const int score =
      sniff(std::as_bytes(std::span(text.data(), std::min<std::size_t>(text.size(), 4096))));
  if (score == 0)
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is no ENVI header", name),
                "its first line must be ENVI");
  return score == 95 ? parse_envi(text, name) : parse_arcgis(text, name);
}

std::uint64_t expected_bytes(const Header& header, const std::string& name) {
  const Cube& c = header.cube;
  std::uint64_t end = 1, bytes = 0;
  const std::array<int, 3> size{c.lines, c.samples, c.bands};
  for (std::size_t i = 0; i < 3; ++i) {
    std::uint64_t reach = 0;
    if (__builtin_mul_overflow(static_cast<std::uint64_t>(size[i] - 1), c.stride[i], &reach) ||
        __builtin_add_overflow(end, reach, &end))
      end = UINT64_MAX / 2;
  }
  if (__builtin_mul_overflow(end, size_of(c.type), &bytes) ||
      __builtin_add_overflow(bytes, header.offset, &bytes) || bytes > (std::uint64_t{1} << 62))
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}': {} lines x {} samples x {} bands is not possible", name, c.lines,
                            c.samples, c.bands),
                "is this the right header?");
  return bytes;
}

std::string what_would_fit(const Header& header, std::uint64_t found) {
  const Cube& c = header.cube;
  std::vector<std::string> fits;
  for (const int number : {1, 2, 3, 4, 5, 6, 9, 12, 13, 14, 15}) {
    Header other = header;
    other.cube.type = static_cast<SampleType>(number);
    if (size_of(other.cube.type) != size_of(c.type) && expected_bytes(other, "") == found)
      fits.push_back(fmt::format("data type {} ({})", number, name_of(other.cube.type)));
  }
  const std::uint64_t samples = expected_bytes(header, "") - header.offset;
  if (found > samples)
    fits.push_back(fmt::format("header offset = {}", found - samples));
  else if (found == samples)
    fits.emplace_back("header offset = 0");
  const auto fit_axis = [&](const char* key, int size) {
    const std::uint64_t one = samples / static_cast<std::uint64_t>(size);
    if (found > header.offset && one > 0 && (found - header.offset) % one == 0)
      fits.push_back(fmt::format("{} = {}", key, (found - header.offset) / one));
  };
  fit_axis("lines", c.lines);
  fit_axis("samples", c.samples);
  fit_axis("bands", c.bands);
  return fits.empty() ? "no other type, offset, number of lines or of bands fits this size: the "
                        "file is cut short, or the header belongs to another file"
                      : fmt::format("what would fit: {}; the interleave does not change the size",
                                    fmt::join(fits, ", or "));
}

double nanometres_in(std::string_view unit) {
  std::string plain;
  for (const char c : lower(unit))
    if (std::isalpha(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 128)
      plain += c;
  if (plain.ends_with("s") && plain.size() > 2) plain.pop_back();
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), plain) != names.end();
  };
  if (is({"nm", "nanometer", "nanometre", "nano", "nanom"})) return 1;
  if (is({"um", "\xc2\xb5m", "\xce\xbcm", "micrometer", "micrometre", "micron", "mum"})) return 1e3;
  if (is({"mm", "millimeter", "millimetre"})) return 1e6;
  if (is({"cm", "centimeter", "centimetre"})) return 1e7;
  if (is({"m", "meter", "metre"})) return 1e9;
  if (is({"angstrom", "a"})) return 0.1;
  return 0;
}

void set_wavelengths(Cube& cube, std::vector<double> values, const std::string& unit,
                     const std::string& key) {
  auto& warnings = cube.origin.warnings;
  const auto absent = [&](const std::string& why) {
    cube.wavelength_note = why;
    warnings.push_back("wavelengths are not used: " + why);
  };
  if (values.empty()) return;
  for (const double v : values)
    if (!std::isfinite(v) || v <= 0) return absent(fmt::format("one of them is {}", v));
  double nm = nanometres_in(unit);
  const std::string plain = lower(unit);
  const bool named = !unit.empty() && plain != "unknown" && plain != "none";
  const bool wavenumber = plain.find("wavenumber") != std::string::npos || plain == "cm-1" ||
                          plain == "1/cm" || plain == "cm^-1";
  if (nm > 0 && !wavenumber) {
    cube.wavelength_source = WavelengthSource::Stated;
    cube.wavelength_note = fmt::format("{}, in {}", key, unit);
  } else if (wavenumber) {
    for (double& v : values) v = 1e7 / v;
    nm = 1;
    cube.wavelength_source = WavelengthSource::Stated;
    cube.wavelength_note = fmt::format("{}, wavenumbers in 1/cm", key);
  } else if (named) {
    return absent(fmt::format("their unit '{}' is no length", unit.substr(0, 40)));
  } else {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    bool counts = true; // 1, 2, 3 ...: band numbers
    for (std::size_t i = 0; i < values.size(); ++i)
      counts = counts && values[i] == static_cast<double>(i + 1);
    if (counts && values.size() > 1) return absent("they are band numbers");
    if (*least > 100)
      nm = 1;
    else if (*least >= 0.1 && *most <= 30)
      nm = 1e3;
    else
      return absent(fmt::format("they have no unit, and {:g} to {:g} fits none", *least, *most));
    cube.wavelength_source = WavelengthSource::Guessed;
    cube.wavelength_note =
        fmt::format("{}, no unit: {} from their size", key, nm == 1 ? "nm" : "um");
    warnings.push_back(fmt::format("the wavelengths have no unit: {} was guessed from their size",
                                   nm == 1 ? "nm" : "um"));
  }
  for (double& v : values) v *= nm;
  if (std::set<double>(values.begin(), values.end()).size() < values.size())
    warnings.push_back("several bands have the same wavelength");
  cube.wavelengths_nm = std::move(values);
}

}
