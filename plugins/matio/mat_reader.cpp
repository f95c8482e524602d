#include "plugins/matio/mat_reader.h"

#include "modules/core/file.h"
#include "modules/io/array_meaning.h"
#include "plugins/matio/mat_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace sensorium::mat {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t smallest_side = 16;

bool is_image(const Variable& v) {
  return v.type && (v.size.size() == 2 || v.size.size() == 3) && v.size[0] >= smallest_side &&
         v.size[1] >= smallest_side && v.elements() > 0;
}

std::string size_text(const Variable& v) {
  std::string out;
  for (const std::uint64_t n : v.size) out += fmt::format("{}{}", out.empty() ? "" : " x ", n);
  return out;
}

std::vector<std::byte> interleaved(const std::vector<std::byte>& planes, std::size_t channels,
                                   std::size_t width) {
  std::vector<std::byte> out(planes.size());
  const std::size_t pixels = planes.size() / channels / width;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < pixels; ++i)
      std::memcpy(out.data() + (i * channels + c) * width, planes.data() + (c * pixels + i) * width,
                  width);
  return out;
}

Volume largest_image(const File& file, bool with_pixels) {
  const Variable* best = nullptr;
  std::string others;
  for (const Variable& v : file.variables())
    if (is_image(v) && (best == nullptr || v.elements() > best->elements())) best = &v;
  if (best == nullptr)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' holds {} variables, none of them an image", file.path().string(),
                            file.variables().size()),
                "an image is a real array of 2 or 3 axes, the first two of at least 16");
  for (const Variable& v : file.variables())
    if (is_image(v) && &v != best && others.size() < 400)
      others += fmt::format("{}{} ({})", others.empty() ? "" : ", ", v.name, size_text(v));
  for (const std::uint64_t n : best->size)
    if (n > 1u << 24)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}': variable '{}' is {}", file.path().string(), best->name,
                              size_text(*best)),
                  "export a smaller array");
  Volume v{.width = static_cast<int>(best->size[1]),
           .height = static_cast<int>(best->size[0]),
           .depth = best->size.size() > 2 ? static_cast<int>(best->size[2]) : 1,
           .type = *best->type};
  v.spacing.fill(unknown_spacing("a MAT array has no scale"));
  v.origin.facts.push_back({"variable", best->name, "MAT"});
  if (!others.empty())
    v.origin.warnings.push_back(
        fmt::format("several arrays could be the image: the largest, {} ({}), was taken, not {}",
                    best->name, size_text(*best), others));
  const bool colour = v.depth == 3 && (v.type == PixelType::UInt8 || v.type == PixelType::UInt16);
  if (colour) {
    v.depth = 1;
    v.channels = 3;
    v.origin.warnings.push_back("an array with a last axis of 3 was read as one RGB picture");
  }
  if (!with_pixels) return v;
  auto bytes = file.samples(*best);
  v.pixels = Buffer(colour ? interleaved(bytes, 3, size_of(v.type)) : std::move(bytes));
  return v;
}

// --- exports of Heidelberg .vol files to MATLAB: one array a B-scan, the header as scalars of its
// field names ---

std::vector<const Variable*> b_scans(const File& file) {
  std::vector<const Variable*> out;
  for (int i = 0; i < 4096; ++i) {
    const Variable* v = file.find(fmt::format("B{}", i));
    if (v == nullptr || !is_image(*v) || v->size.size() != 2 ||
        (!out.empty() && (v->size != out.front()->size || v->type != out.front()->type)))
      break;
    out.push_back(v);
  }
  return out;
}

bool is_heidelberg(const File& file) {
  return !b_scans(file).empty() && file.scalar("ScaleX") && file.scalar("ScaleZ") &&
         file.find("SizeX") != nullptr && file.find("SizeZ") != nullptr;
}

Spacing field_spacing(const File& file, const std::string& name) {
  const auto mm = file.scalar(name);
  if (!mm) return unknown_spacing(fmt::format("the file has no {}", name));
  return known_spacing(*mm * 1e3, ScaleSource::VendorField, name);
}

std::vector<double> doubles(const File& file, const Variable& v) {
  const auto bytes = file.samples(v);
  std::vector<double> out(v.elements());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (*v.type == PixelType::Float32) {
      float value;
      std::memcpy(&value, bytes.data() + 4 * i, 4);
      out[i] = value;
    } else
      std::memcpy(&out[i], bytes.data() + 8 * i, 8);
  }
  return out;
}

bool is_real(const Variable& v) {
  return v.type == PixelType::Float32 || v.type == PixelType::Float64;
}

// Heidelberg stores reflectivity, 0..1 and nearly all of it close to 0; what is shown is its fourth
// root, in which half of a scan lies near 0.2 (Spectralis special function: exporting raw data). An
// export of shown values has a far larger median.
constexpr double largest_raw_median = 0.02, absent_above = 1e30;

bool is_reflectivity(const File& file, const Variable& scan) {
  if (!is_real(scan)) return false;
  std::vector<double> values = doubles(file, scan);
  std::erase_if(values, [](double v) { return !(v != 0 && v < absent_above); });
  if (values.empty()) return false;
  for (const double v : values)
    if (v < 0 || v > 1) return false;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle < largest_raw_median;
}

template<class T> void take_fourth_root(std::vector<std::byte>& bytes) {
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    value = value >= 0 && value <= 1 ? std::sqrt(std::sqrt(value)) : T{0};
    std::memcpy(bytes.data() + at, &value, sizeof(T));
  }
}

// Rows of lines x width; values that are no depth of this image are gaps.
void add_lines(const std::vector<double>& values, std::size_t lines, int height, int slices,
               int slice, double shift, const std::vector<std::string>& names,
               const std::string& source, std::vector<Surface>& surfaces) {
  const std::size_t width = values.size() / lines;
  if (surfaces.empty())
    for (std::size_t k = 0; k < lines; ++k)
      surfaces.push_back({names[k],
                          std::vector<float>(width * static_cast<std::size_t>(slices),
                                             std::numeric_limits<float>::quiet_NaN()),
                          source, ""});
  for (std::size_t k = 0; k < std::min(lines, surfaces.size()); ++k)
    for (std::size_t x = 0; x < width; ++x) {
      const double y = values[k * width + x] - shift;
      if (y >= 0 && y < height)
        surfaces[k].depth[static_cast<std::size_t>(slice) * width + x] = static_cast<float>(y);
    }
}

// The order of lines in Heidelberg's raw export: inner limiting membrane, Bruch's membrane, nerve
// fibre layer.
std::vector<Surface> vendor_lines(const File& file, const Volume& volume) {
  std::vector<Surface> out;
  for (int z = 0; z < volume.depth; ++z) {
    const Variable* v = file.find(fmt::format("B{}seg", z));
    if (v == nullptr || !is_real(*v) || v->size.size() != 2 ||
        v->size[1] != static_cast<std::uint64_t>(volume.width) || v->size[0] == 0 ||
        v->size[0] > 17)
      continue;
    std::vector<std::string> names{"ILM", "BM", "NFL"};
    for (std::size_t k = names.size(); k < v->size[0]; ++k)
      names.push_back(fmt::format("line {}", k + 1));
    add_lines(doubles(file, *v), v->size[0], volume.height, volume.depth, z, 0, names, "vendor",
              out);
  }
  return out;
}

// A reader's boundaries, saved beside the scan as NAME_<slice>_coordinates.mat with MATLAB's
// indices from 1.
std::vector<Surface> reader_lines(const fs::path& path, const Volume& volume) {
  std::vector<Surface> out;
  for (int z = 0; z < volume.depth; ++z) {
    const fs::path beside =
        path.parent_path() / fmt::format("{}_{}_coordinates.mat", path.stem().string(), z);
    std::error_code code;
    if (!fs::is_regular_file(beside, code)) continue;
    const File file(beside);
    const Variable* v = file.find("interpolation");
    if (v == nullptr || !is_real(*v) || v->size.size() != 2 ||
        v->size[1] != static_cast<std::uint64_t>(volume.width) || v->size[0] == 0 ||
        v->size[0] > 32)
      continue;
    std::vector<std::string> names;
    for (std::size_t k = 0; k < v->size[0]; ++k) names.push_back(fmt::format("boundary {}", k + 1));
    add_lines(doubles(file, *v), v->size[0], volume.height, volume.depth, z, 1, names, "reader",
              out);
  }
  return out;
}

void add_localizer(const File& file, bool with_pixels, Volume& volume) {
  const Variable* slo = file.find("SLO");
  if (slo == nullptr || !is_image(*slo) || slo->size.size() != 2) return;
  Image image{.width = static_cast<int>(slo->size[1]),
              .height = static_cast<int>(slo->size[0]),
              .type = *slo->type};
  image.spacing = {field_spacing(file, "ScaleXSlo"), field_spacing(file, "ScaleYSlo")};
  if (with_pixels) image.pixels = Buffer(file.samples(*slo));
  const auto x0 = file.scalar("StartX"), y0 = file.scalar("StartY"), x1 = file.scalar("EndX"),
             y1 = file.scalar("EndY");
  if (volume.depth == 1 && x0 && y0 && x1 && y1 && image.spacing[0].known() &&
      image.spacing[1].known()) {
    const double sx = image.spacing[0].micrometres / 1e3, sy = image.spacing[1].micrometres / 1e3;
    volume.scan_lines.push_back({*x0 / sx, *y0 / sy, *x1 / sx, *y1 / sy});
  }
  volume.localizer = std::move(image);
}

Volume heidelberg_export(const File& file, bool with_pixels, const Context& context) {
  const auto scans = b_scans(file);
  const Variable& first = *scans.front();
  Volume v{.width = static_cast<int>(first.size[1]),
           .height = static_cast<int>(first.size[0]),
           .depth = static_cast<int>(scans.size()),
           .type = *first.type,
           .modality = "OCT"};
  v.spacing = {field_spacing(file, "ScaleX"), field_spacing(file, "ScaleZ"),
               field_spacing(file, "Distance")};
  const std::string eye = file.text("ScanPosition");
  v.laterality = eye == "OD"   ? Laterality::Right
                 : eye == "OS" ? Laterality::Left
                               : Laterality::Unknown;
  v.origin.patient.id = file.text("PatientID");
  const bool raw = is_reflectivity(file, first);
  v.origin.facts.push_back(
      {"values", raw ? "fourth root of the stored reflectivity" : "as stored", "B0"});
  v.origin.facts.push_back(
      {"variable", scans.size() == 1 ? "B0" : fmt::format("B0 to B{}", scans.size() - 1), "MAT"});
  for (const auto& [name, field] :
       std::vector<std::pair<std::string, std::string>>{{"scan pattern", "ScanPattern"},
                                                        {"focus (dioptres)", "ScanFocus"},
                                                        {"quality (dB)", "Quality"}})
    if (const auto value = file.scalar(field))
      v.origin.facts.push_back({name, fmt::format("{:.6g}", *value), field});
  if (const auto claimed = file.scalar("NumBScans");
      claimed && *claimed != static_cast<double>(scans.size()))
    v.origin.warnings.push_back(
        fmt::format("NumBScans is {}, {} B-scans are there", *claimed, scans.size()));
  if (file.scalar("ScanPattern") == 2)
    v.origin.warnings.push_back("a circular scan: its two ends are neighbours, and areas of the "
                                "retina cannot be told from it");
  add_localizer(file, with_pixels, v);
  v.surfaces = vendor_lines(file, v);
  auto lines = reader_lines(file.path(), v);
  if (!lines.empty())
    v.origin.facts.push_back({"layer lines",
                              fmt::format("{} by a reader (indices less 1)", lines.size()),
                              fmt::format("{}_0_coordinates.mat", file.path().stem().string())});
  v.surfaces.insert(v.surfaces.end(), lines.begin(), lines.end());
  if (!with_pixels) return v;
  checked_bytes({first.elements(), scans.size(), size_of(v.type)}, allocation_limit(),
                fmt::format("'{}'", file.path().string()));
  std::vector<std::byte> all;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(scans.size()), "reading B-scans");
    const auto one = file.samples(*scans[i]);
    all.insert(all.end(), one.begin(), one.end());
  }
  if (raw && v.type == PixelType::Float32) take_fourth_root<float>(all);
  if (raw && v.type == PixelType::Float64) take_fourth_root<double>(all);
  v.pixels = Buffer(std::move(all));
  return v;
}

// As is_heidelberg, from the names alone.
bool names_heidelberg(const ArrayFile& file) {
  for (const char* name : {"B0", "ScaleX", "ScaleZ", "SizeX", "SizeZ"})
    if (file.find(name) == nullptr) return false;
  return true;
}

}

Volume read(const fs::path& path, bool with_pixels, const Context& context) {
  const File file(path);
  Volume volume = is_heidelberg(file) ? heidelberg_export(file, with_pixels, context)
                                      : largest_image(file, with_pixels);
  volume.origin.path = path.string();
  return volume;
}

Dataset open(const fs::path& path, Samples samples, const Context& context) {
  const bool new_format = sniff_mat73(read_head(path)) > 0;
  const auto arrays = new_format ? open_hdf5(path) : open_mat5(path);
  const ArrayView view = view_of(path);
  const auto image = [&] { return read(path, samples == Samples::Load, context); };
  if (view.as == "image" || (view.as.empty() && names_heidelberg(*arrays))) return image();
  const auto cube = find_cube(*arrays, view, context);
  if (cube && cube->certain) return cube_of(*arrays, *cube, view, samples, context);
  const auto recording = find_recording(*arrays, view);
  if (recording && recording->certain) return recording_of(*arrays, *recording, view, context);
  if (cube) return cube_of(*arrays, *cube, view, samples, context);
  const auto variables = File(path).variables();
  if (recording && std::none_of(variables.begin(), variables.end(), is_image))
    return recording_of(*arrays, *recording, view, context);
  return image();
}

}
