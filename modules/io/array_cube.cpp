#include "modules/core/error.h"
#include "modules/io/array_meaning.h"
#include "modules/io/cube_axes.h"
#include "modules/io/envi_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t fewest_bands = 4, fewest_unnamed_bands = 8;

Error bad_view(const ArrayFile& file, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", view_path(file.path()).string(), what),
               fmt::format("correct it, or remove it; 'sensorium info {}' shows what is there",
                           file.path().filename().string()));
}

bool is_wavelength_name(const std::string& name) {
  static const std::set<std::string, std::less<>> words{
      "wl",   "wls",   "wvl",  "wvls",  "wv",      "lambda",      "lambdas",
      "wave", "waves", "wlen", "wlens", "wavelen", "bandcenters", "band_centers"};
  return name.find("wavelength") != std::string::npos || words.contains(name);
}

struct Wavelengths {
  std::vector<double> values;
  std::string unit, source;
};

std::string unit_of(const NamedArray& array) {
  for (const char* key : {"units", "unit", "wavelength_units", "wavelength units"})
    if (const auto at = array.texts.find(key); at != array.texts.end() && !at->second.empty())
      return at->second;
  const std::string name = array.short_name();
  for (const char* unit : {"nm", "um"})
    if (name.ends_with(std::string("_") + unit) || name.ends_with(std::string("(") + unit + ")"))
      return unit;
  return {};
}

// A list of as many numbers: an attribute of the cube, a variable so named, a file beside.
std::optional<Wavelengths> wavelengths_for(const ArrayFile& file, const NamedArray& cube,
                                           const ArrayView& view, std::uint64_t count) {
  if (!view.wavelengths.empty()) {
    const NamedArray* array = file.find(view.wavelengths);
    if (array == nullptr)
      throw bad_view(file, fmt::format("there is no variable '{}'", view.wavelengths));
    if (array->elements() != count) return std::nullopt;
    return Wavelengths{file.values(*array), view.unit.empty() ? unit_of(*array) : view.unit,
                       array->name};
  }
  for (const auto& [key, values] : cube.numbers)
    if (is_wavelength_name(key) && values.size() == count) {
      std::string unit = view.unit;
      for (const char* name :
           {"wavelength_units", "wavelength units", "wavelength_unit", "wavelengths_units"})
        if (const auto at = cube.texts.find(name); unit.empty() && at != cube.texts.end())
          unit = at->second;
      return Wavelengths{values, unit, fmt::format("attribute {}", key)};
    }
  for (const NamedArray& array : file.arrays())
    if (array.type && !is_complex(*array.type) && array.elements() == count && count > 1 &&
        array.long_axes().size() == 1 && is_wavelength_name(array.short_name()))
      return Wavelengths{file.values(array), view.unit.empty() ? unit_of(array) : view.unit,
                         array.name};
  if (auto list = wavelengths_beside(file.path(), count))
    return Wavelengths{std::move(list->values), view.unit, list->file};
  return std::nullopt;
}

std::optional<std::uint64_t> count_named(const ArrayFile& file,
                                         std::initializer_list<std::string_view> names) {
  for (const NamedArray& array : file.arrays()) {
    if (!array.type || is_complex(*array.type) || array.elements() != 1) continue;
    const std::string name = array.short_name();
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    const double value = file.values(array).at(0);
    if (value >= 1 && value <= 0x7fffffff && value == std::floor(value))
      return static_cast<std::uint64_t>(value);
  }
  return std::nullopt;
}

void take_wavelengths(CubeChoice& choice, const std::optional<Wavelengths>& list) {
  if (!list) return;
  choice.wavelengths = list->values;
  choice.wavelength_unit = list->unit;
  choice.wavelength_source = list->source;
}

CubeChoice of_three(const NamedArray& array, std::array<std::size_t, 3> axes) {
  CubeChoice out{.array = &array};
  out.lines = static_cast<int>(array.size[axes[0]]);
  out.samples = static_cast<int>(array.size[axes[1]]);
  out.bands = static_cast<int>(array.size[axes[2]]);
  for (std::size_t i = 0; i < 3; ++i) out.stride[i] = array.stride[axes[i]];
  return out;
}

bool can_be_cube(const NamedArray& a) {
  return a.type && a.size.size() == 3 && a.elements() > 0 && a.elements() != UINT64_MAX &&
         std::min({a.size[0], a.size[1], a.size[2]}) >= 1 &&
         std::max(a.size[0], a.size[2]) >= fewest_bands;
}

const NamedArray* largest(const ArrayFile& file, bool (*fits)(const NamedArray&)) {
  const NamedArray* best = nullptr;
  for (const NamedArray& a : file.arrays())
    if (fits(a) && (best == nullptr || a.elements() > best->elements())) best = &a;
  return best;
}

void name_others(const ArrayFile& file, bool (*fits)(const NamedArray&), CubeChoice& choice) {
  std::string others;
  for (const NamedArray& a : file.arrays())
    if (fits(a) && &a != choice.array && others.size() < 400)
      others += fmt::format("{}{} ({})", others.empty() ? "" : ", ", a.name, size_text(a));
  if (!others.empty())
    choice.warnings.push_back(
        fmt::format("several variables could be the cube: the largest, {} ({}), was taken, not "
                    "{}; a file {} can name another",
                    choice.array->name, size_text(*choice.array), others,
                    view_path(file.path()).filename().string()));
}

// --- three axes ---

constexpr std::array<std::array<std::size_t, 3>, 3> axes_with_bands{
    {{1, 2, 0}, {0, 2, 1}, {0, 1, 2}}};

std::array<std::size_t, 3> viewed_axes(const ArrayFile& file, const ArrayView& view) {
  std::array<std::size_t, 3> out{3, 3, 3};
  constexpr std::array<std::string_view, 3> names{"lines", "samples", "bands"};
  for (std::size_t i = 0; i < view.axes.size(); ++i)
    for (std::size_t k = 0; k < 3; ++k)
      if (view.axes[i] == names[k]) out[k] = i;
  if (view.axes.size() != 3 || *std::max_element(out.begin(), out.end()) > 2)
    throw bad_view(file, "the axes of an array of three are lines, samples and bands");
  return out;
}

// Which axis is the spectrum: a list of wavelengths that fits it alone; else the one whose means
// differ most; else the last.
CubeChoice three_axes(const ArrayFile& file, const NamedArray& array, const ArrayView& view,
                      const Context& context) {
  if (!view.axes.empty()) {
    CubeChoice out = of_three(array, viewed_axes(file, view));
    out.certain = true;
    take_wavelengths(out,
                     wavelengths_for(file, array, view, static_cast<std::uint64_t>(out.bands)));
    return out;
  }
  std::vector<std::size_t> fitting;
  for (const std::size_t axis : {std::size_t{2}, std::size_t{0}, std::size_t{1}})
    if (wavelengths_for(file, array, view, array.size[axis])) fitting.push_back(axis);
  const bool one_fits =
      fitting.size() == 1 || (fitting.size() > 1 && fitting[0] == 2 && file.is_matlab());
  if (one_fits) {
    CubeChoice out = of_three(array, axes_with_bands[fitting[0]]);
    take_wavelengths(out, wavelengths_for(file, array, view, array.size[fitting[0]]));
    out.certain = true;
    out.facts.push_back({"spectral axis",
                         fmt::format("{} of 3 ({}), as the wavelengths say", fitting[0] + 1,
                                     array.size[fitting[0]]),
                         out.wavelength_source});
    return out;
  }
  const auto shares = axis_shares(file, array, context);
  const auto best =
      static_cast<std::size_t>(std::max_element(shares.begin(), shares.end()) - shares.begin());
  const double second = [&] {
    auto sorted = shares;
    std::sort(sorted.begin(), sorted.end());
    return sorted[1];
  }();
  const bool clear = shares[best] >= 0.2 && shares[best] >= 2 * second;
  const std::size_t axis = clear ? best : 2;
  CubeChoice out = of_three(array, axes_with_bands[axis]);
  take_wavelengths(out, wavelengths_for(file, array, view, array.size[axis]));
  out.certain = view.as == "cube" || !fitting.empty();
  out.facts.push_back({"spectral axis", fmt::format("{} of 3 ({})", axis + 1, array.size[axis]),
                       clear ? "inferred from the numbers" : "assumed"});
  out.warnings.push_back(
      clear ? fmt::format("the file does not say which axis is the spectrum: the one of {} was "
                          "taken, whose means explain {:.0f} % of the variance (the others {:.0f} "
                          "% at most)",
                          array.size[axis], 100 * shares[axis], 100 * second)
            : fmt::format("the file does not say which axis is the spectrum, and the numbers do "
                          "not tell: the last ({}) was taken",
                          array.size[axis]));
  if (!out.certain && file.is_matlab() &&
      !(clear && axis == 2 && array.size[2] >= fewest_unnamed_bands))
    out.array = nullptr; // an image volume, as far as anyone can tell
  return out;
}

// --- two axes: bands and pixels ---

bool is_matrix(const NamedArray& a) {
  return a.type && a.size.size() == 2 && std::min(a.size[0], a.size[1]) >= fewest_bands &&
         a.elements() != UINT64_MAX;
}

struct Frame {
  std::uint64_t lines, samples;
};

std::optional<Frame> frame_of(const ArrayFile& file, const ArrayView& view) {
  if (view.lines > 0 && view.samples > 0)
    return Frame{static_cast<std::uint64_t>(view.lines), static_cast<std::uint64_t>(view.samples)};
  const auto lines = count_named(file,
                                 {"nrow", "nrows", "rows", "height", "lines", "nlines", "h", "m"}),
             samples = count_named(file, {"ncol", "ncols", "cols", "columns", "width", "samples",
                                          "nsamples", "w", "n"});
  if (!lines || !samples) return std::nullopt;
  return Frame{*lines, *samples};
}

// Neighbouring pixels of a picture are alike: the mean difference of two that the order makes
// neighbours across its rows. pixel step: how far apart in the axis of pixels.
double roughness(const Cube& row_of_pixels, std::uint64_t step) {
  const auto count = static_cast<std::uint64_t>(row_of_pixels.samples);
  const std::uint64_t every = std::max<std::uint64_t>(1, count / 2000);
  std::vector<int> bands;
  for (int b = 0; b < row_of_pixels.bands; b += std::max(1, row_of_pixels.bands / 8))
    bands.push_back(b);
  double sum = 0;
  std::vector<double> a(bands.size()), b(bands.size());
  for (std::uint64_t p = 0; p + step < count; p += every) {
    read_tile<double>(row_of_pixels, {0, 1, static_cast<int>(p), 1}, bands, TileOrder::Pixels, a);
    read_tile<double>(row_of_pixels, {0, 1, static_cast<int>(p + step), 1}, bands,
                      TileOrder::Pixels, b);
    for (std::size_t k = 0; k < bands.size(); ++k)
      if (std::isfinite(a[k] - b[k])) sum += std::abs(a[k] - b[k]);
  }
  return sum;
}

bool columns_first(const ArrayFile& file, const NamedArray& array, std::size_t pixel_axis,
                   const Frame& frame, const ArrayView& view, CubeChoice& out,
                   const Context& context) {
  if (!view.pixels.empty()) {
    out.facts.push_back({"pixels", view.pixels + " first", "view"});
    return view.pixels == "columns";
  }
  std::string why = file.is_matlab() ? "as MATLAB reshapes" : "as C reshapes";
  bool columns = file.is_matlab();
  if (frame.lines != frame.samples) {
    const std::size_t band_axis = 1 - pixel_axis;
    Cube pixels{.lines = 1,
                .samples = static_cast<int>(array.size[pixel_axis]),
                .bands = static_cast<int>(array.size[band_axis]),
                .type = *array.type,
                .interleave = Interleave::Other,
                .big_endian = array.big_endian};
    pixels.stride = {0, array.stride[pixel_axis], array.stride[band_axis]};
    pixels.data = file.samples(array, context).data;
    const double if_columns = roughness(pixels, frame.lines),
                 if_rows = roughness(pixels, frame.samples);
    if (std::max(if_columns, if_rows) > 1.05 * std::min(if_columns, if_rows)) {
      columns = if_columns < if_rows;
      why = "inferred: so neighbours are alike";
    }
  }
  out.facts.push_back({"pixels", columns ? "columns first" : "rows first", why});
  out.warnings.push_back(
      fmt::format("the file does not say in which order the {} pixels run: {} first was taken ({})",
                  array.size[pixel_axis], columns ? "columns" : "rows", why));
  return columns;
}

std::optional<CubeChoice> two_axes(const ArrayFile& file, const NamedArray& array,
                                   const ArrayView& view, const Context& context) {
  const auto frame = frame_of(file, view);
  if (!frame) return std::nullopt;
  const std::uint64_t pixels = frame->lines * frame->samples;
  const bool first = array.size[0] == pixels, last = array.size[1] == pixels;
  if (!first && !last) return std::nullopt;
  std::size_t pixel_axis = last ? 1 : 0;
  if (first && last && view.axes.size() == 2) pixel_axis = view.axes[0] == "pixels" ? 0 : 1;
  const std::size_t band_axis = 1 - pixel_axis;
  if (array.size[band_axis] > 65536) return std::nullopt;
  CubeChoice out{.array = &array, .certain = true};
  out.lines = static_cast<int>(frame->lines);
  out.samples = static_cast<int>(frame->samples);
  out.bands = static_cast<int>(array.size[band_axis]);
  const bool columns = columns_first(file, array, pixel_axis, *frame, view, out, context);
  const std::uint64_t step = array.stride[pixel_axis];
  out.stride = {columns ? step : step * frame->samples, columns ? step * frame->lines : step,
                array.stride[band_axis]};
  take_wavelengths(out, wavelengths_for(file, array, view, array.size[band_axis]));
  return out;
}

std::optional<double> attribute(const NamedArray& array, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto at = array.numbers.find(name);
        at != array.numbers.end() && at->second.size() == 1)
      return at->second[0];
  return std::nullopt;
}

Interleave interleave_of(const Cube& c) {
  const auto is = [&](std::uint64_t line, std::uint64_t sample, std::uint64_t band) {
    return c.stride == std::array<std::uint64_t, 3>{line, sample, band};
  };
  const auto l = static_cast<std::uint64_t>(c.lines), s = static_cast<std::uint64_t>(c.samples),
             b = static_cast<std::uint64_t>(c.bands);
  if (is(s * b, b, 1)) return Interleave::Bip;
  if (is(s * b, 1, s)) return Interleave::Bil;
  if (is(s, 1, l * s)) return Interleave::Bsq;
  return Interleave::Other;
}

}

std::array<double, 3> axis_shares(const ArrayFile& file, const NamedArray& array,
                                  const Context& context) {
  constexpr std::uint64_t most = 24;
  Cube all{.lines = static_cast<int>(array.size[0]),
           .samples = static_cast<int>(array.size[1]),
           .bands = static_cast<int>(array.size[2]),
           .type = *array.type,
           .interleave = Interleave::Other,
           .big_endian = array.big_endian};
  all.stride = {array.stride[0], array.stride[1], array.stride[2]};
  all.data = file.samples(array, context).data;
  std::array<std::vector<int>, 3> at;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::uint64_t count = std::min(most, array.size[axis]);
    for (std::uint64_t i = 0; i < count; ++i)
      at[axis].push_back(static_cast<int>((2 * i + 1) * array.size[axis] / (2 * count)));
  }
  std::array<std::vector<double>, 3> sums, counts;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    sums[axis].assign(at[axis].size(), 0);
    counts[axis].assign(at[axis].size(), 0);
  }
  double n = 0, sum = 0, squares = 0;
  std::vector<double> values(at[2].size());
  for (std::size_t i = 0; i < at[0].size(); ++i)
    for (std::size_t j = 0; j < at[1].size(); ++j) {
      read_tile<double>(all, {at[0][i], 1, at[1][j], 1}, at[2], TileOrder::Pixels, values);
      for (std::size_t k = 0; k < values.size(); ++k) {
        const double v = values[k];
        if (!std::isfinite(v)) continue;
        n += 1;
        sum += v;
        squares += v * v;
        const std::array<std::size_t, 3> index{i, j, k};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          sums[axis][index[axis]] += v;
          counts[axis][index[axis]] += 1;
        }
      }
    }
  all.data.release();
  std::array<double, 3> out{};
  const double mean = n > 0 ? sum / n : 0, variance = n > 0 ? squares / n - mean * mean : 0;
  if (!(variance > 0)) return out;
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (std::size_t i = 0; i < sums[axis].size(); ++i)
      if (counts[axis][i] > 0) {
        const double away = sums[axis][i] / counts[axis][i] - mean;
        out[axis] += counts[axis][i] * away * away / (n * variance);
      }
  return out;
}

std::optional<CubeChoice> find_cube(const ArrayFile& file, const ArrayView& view,
                                    const Context& context) {
  if (!view.as.empty() && view.as != "cube") return std::nullopt;
  const NamedArray* named = nullptr;
  if (view.as == "cube" && !view.variables.empty()) {
    named = file.find(view.variables[0]);
    if (named == nullptr)
      throw bad_view(file, fmt::format("there is no variable '{}'", view.variables[0]));
    if (!named->type) throw bad_view(file, fmt::format("'{}' holds no numbers", named->name));
  }
  std::optional<CubeChoice> out;
  const NamedArray* three =
      named != nullptr ? (can_be_cube(*named) ? named : nullptr) : largest(file, can_be_cube);
  if (three != nullptr) {
    out = three_axes(file, *three, view, context);
    if (out->array == nullptr) out.reset();
    if (out && named == nullptr) name_others(file, can_be_cube, *out);
  }
  if (!out) {
    const NamedArray* matrix =
        named != nullptr ? (is_matrix(*named) ? named : nullptr) : largest(file, is_matrix);
    if (matrix != nullptr) out = two_axes(file, *matrix, view, context);
  }
  if (!out && view.as == "cube")
    throw bad_view(file, named == nullptr
                             ? std::string("no variable can be a cube")
                             : fmt::format("'{}' is {}: a cube has three axes, or two and the "
                                           "numbers of lines and samples whose product is one",
                                           named->name, size_text(*named)));
  return out;
}

Cube cube_of(const ArrayFile& file, const CubeChoice& choice, const ArrayView& view,
             Samples samples, const Context& context) {
  const NamedArray& array = *choice.array;
  Cube cube{.lines = choice.lines,
            .samples = choice.samples,
            .bands = choice.bands,
            .type = *array.type,
            .big_endian = array.big_endian,
            .stride = choice.stride};
  cube.interleave = interleave_of(cube);
  cube.origin.path = file.path().string();
  cube.origin.facts.push_back(
      {"variable", fmt::format("{} ({})", array.name, size_text(array)), file.format()});
  if (const auto stored = stored_as(array); !stored.empty())
    cube.origin.facts.push_back({"values", stored, file.format()});
  cube.origin.facts.insert(cube.origin.facts.end(), choice.facts.begin(), choice.facts.end());
  cube.origin.warnings = choice.warnings;
  if (choice.wavelengths.empty())
    cube.wavelength_note =
        fmt::format("no variable, attribute or file beside lists {} wavelengths", cube.bands);
  else
    envi::set_wavelengths(cube, choice.wavelengths, choice.wavelength_unit,
                          choice.wavelength_source);
  cube.reflectance_scale = view.reflectance_scale;
  if (const auto scale = attribute(array, {"scale_factor", "reflectance scale factor",
                                           "reflectance_scale_factor", "reflectance_scale"});
      scale && *scale > 0 && !cube.reflectance_scale)
    cube.reflectance_scale = *scale < 1 ? 1 / *scale : *scale;
  cube.ignore_value = view.ignore_value;
  if (!cube.ignore_value)
    cube.ignore_value = attribute(
        array, {"data_ignore_value", "data ignore value", "_fillvalue", "nodata", "missing_value"});
  if (samples == Samples::Skip) return cube;
  StoredSamples stored = file.samples(array, context);
  cube.data = std::move(stored.data);
  cube.data_path = std::move(stored.path);
  cube.data_offset = stored.offset;
  return cube;
}

}
