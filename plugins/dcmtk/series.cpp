#include "plugins/dcmtk/series.h"

#include "plugins/dcmtk/geometry.h"
#include "plugins/dcmtk/image_reader.h"
#include "plugins/dcmtk/pixels.h"

#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sensorium::dicom {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_files = 20000;

std::vector<fs::path> regular_files(const fs::path& folder, std::size_t limit) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (!entry.is_regular_file(code) || entry.path().filename() == "DICOMDIR" ||
        entry.path().filename().string().front() == '.')
      continue;
    out.push_back(entry.path());
    if (out.size() >= limit) break;
  }
  std::sort(out.begin(), out.end());
  return out;
}

struct Slice {
  fs::path path;
  std::unique_ptr<File> file;
  Plane plane;
  long number = 0;
};

struct Series {
  std::string modality;
  std::vector<Slice> slices;
};

bool has_pixels(const File& file) {
  return file.data().tagExists(DCM_PixelData) || file.data().tagExists(DCM_FloatPixelData) ||
         file.data().tagExists(DCM_DoubleFloatPixelData);
}

std::map<std::string, Series> series_in(const fs::path& folder, const Context& context) {
  std::map<std::string, Series> out;
  const auto files = regular_files(folder, most_files + 1);
  if (files.size() > most_files)
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("the folder '{}' holds more than {} files", folder.string(), most_files),
        "give one series");
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i % 16 == 0)
      context.step(static_cast<double>(i) / static_cast<double>(files.size()), "reading headers");
    if (sniff_bytes(read_head(files[i])) == 0) continue;
    Slice slice{.path = files[i], .file = std::make_unique<File>(files[i])};
    DcmDataset& data = slice.file->data();
    if (!has_pixels(*slice.file)) continue;
    slice.plane = plane_of(data, 0);
    slice.number = integer_of(data, DCM_InstanceNumber).value_or(0);
    Series& series = out[text_of(data, DCM_SeriesInstanceUID)];
    series.modality = text_of(data, DCM_Modality);
    series.slices.push_back(std::move(slice));
  }
  return out;
}

// Sorted in place. Says how.
std::string sort_slices(Series& series) {
  auto& slices = series.slices;
  const Plane reference = slices.front().plane;
  const bool placed = std::all_of(slices.begin(), slices.end(), [&](const Slice& s) {
    return distance_along_normal(s.plane, reference).has_value();
  });
  if (placed) {
    std::stable_sort(slices.begin(), slices.end(), [&](const Slice& a, const Slice& b) {
      return *distance_along_normal(a.plane, reference) <
             *distance_along_normal(b.plane, reference);
    });
    return {};
  }
  std::stable_sort(slices.begin(), slices.end(),
                   [](const Slice& a, const Slice& b) { return a.number < b.number; });
  return "the slices have no positions: they are in the order of their instance numbers";
}

Series only_series(const fs::path& folder, const Context& context) {
  auto all = series_in(folder, context);
  if (all.empty())
    throw Error(ErrorCode::Unsupported,
                fmt::format("no DICOM file in the folder '{}' holds an image", folder.string()),
                "choose another folder");
  if (all.size() > 1) {
    std::string list;
    for (const auto& [uid, series] : all)
      list += fmt::format("{}...{} ({}, {} files)", list.empty() ? "" : "; ",
                          uid.size() > 12 ? uid.substr(uid.size() - 12) : uid, series.modality,
                          series.slices.size());
    throw Error(ErrorCode::Unsupported,
                fmt::format("the folder '{}' holds {} series: {}", folder.string(), all.size(),
                            list.substr(0, 2000)),
                "move the one you want into a folder of its own, or open a single file");
  }
  return std::move(all.begin()->second);
}

std::vector<PixelModule> modules_of(const fs::path& folder, const Series& series) {
  std::vector<PixelModule> out;
  bool same_type = true;
  for (const Slice& slice : series.slices) {
    out.push_back(read_pixel_module(*slice.file));
    const PixelModule& m = out.back();
    const PixelModule& first = out.front();
    if (m.frames > 1)
      throw unsupported(folder,
                        fmt::format("'{}' has {} frames beside {} other files of its series",
                                    slice.path.filename().string(), m.frames,
                                    series.slices.size() - 1),
                        "open one of the files");
    if (m.rows != first.rows || m.columns != first.columns || m.channels != first.channels)
      throw unsupported(folder,
                        fmt::format("'{}' is {} x {} of {}, the first slice {} x {} of {}",
                                    slice.path.filename().string(), m.columns, m.rows, m.channels,
                                    first.columns, first.rows, first.channels),
                        "the files are no stack: open one of them, or remove those that differ");
    same_type = same_type && m.type == first.type;
  }
  const PixelModule& first = out.front();
  checked_bytes({static_cast<std::uint64_t>(first.rows), static_cast<std::uint64_t>(first.columns),
                 out.size(), static_cast<std::uint64_t>(first.channels), 4},
                allocation_limit(), fmt::format("'{}'", folder.string()));
  if (!same_type)
    for (PixelModule& m : out) {
      if (m.channels != 1 || m.type == PixelType::Float64)
        throw unsupported(folder, "the slices have different sample types",
                          "open one of the files");
      m.type = PixelType::Float32;
    }
  return out;
}

}

int sniff_folder(const fs::path& folder) {
  std::size_t mine = 0, seen = 0;
  for (const fs::path& path : regular_files(folder, 32)) {
    ++seen;
    try {
      if (sniff_bytes(read_head(path, 256)) == 100) ++mine;
    } catch (const Error&) {
      continue;
    }
  }
  if (mine == 0) return 0;
  return 2 * mine >= seen ? 90 : 20;
}

std::vector<fs::path> sorted_slices(const fs::path& folder, const Context& context) {
  Series series = only_series(folder, context);
  sort_slices(series);
  std::vector<fs::path> out;
  for (const Slice& slice : series.slices) out.push_back(slice.path);
  return out;
}

Dataset read_folder(const fs::path& folder, bool with_pixels, const Context& context) {
  Series series = only_series(folder, context.part(0, 0.3));
  if (series.slices.size() == 1) return read_file(series.slices.front().path, with_pixels, context);
  const std::string sorting = sort_slices(series);
  const auto modules = modules_of(folder, series);
  const PixelModule& first = modules.front();
  const File& file = *series.slices.front().file;
  Volume volume{.width = first.columns,
                .height = first.rows,
                .depth = static_cast<int>(series.slices.size()),
                .channels = first.channels,
                .type = first.type};
  volume.origin = origin_of_file(file);
  volume.origin.path = folder.string();
  std::erase_if(volume.origin.facts, [](const Fact& fact) { return fact.name == "instance"; });
  volume.origin.facts.push_back({"files", std::to_string(series.slices.size()), "folder"});
  auto& warnings = volume.origin.warnings;
  warnings.insert(warnings.end(), first.warnings.begin(), first.warnings.end());
  if (!sorting.empty()) warnings.push_back(sorting);
  volume.modality = modality_of(file);
  volume.laterality = laterality_of(file.data());
  const auto plane = plane_spacing(file.data(), 0, warnings);
  std::vector<Plane> planes;
  for (const Slice& slice : series.slices) planes.push_back(slice.plane);
  // Between files only positions count: SpacingBetweenSlices may be that of other slices.
  const Stack stack = stack_of(planes, std::nullopt, "", warnings);
  volume.spacing = {plane[0], plane[1], stack.spacing};
  volume.orientation = stack.orientation;
  if (!with_pixels) return volume;
  std::vector<std::byte> all;
  for (std::size_t i = 0; i < series.slices.size(); ++i) {
    context.part(0.3, 1).step(static_cast<double>(i) / static_cast<double>(series.slices.size()),
                              "decoding");
    const auto one = decode(*series.slices[i].file, modules[i], Context{});
    all.insert(all.end(), one.begin(), one.end());
    series.slices[i].file.reset();
  }
  volume.pixels = Buffer(std::move(all));
  return volume;
}

}
