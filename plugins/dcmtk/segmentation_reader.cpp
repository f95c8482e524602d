#include "plugins/dcmtk/geometry.h"
#include "plugins/dcmtk/image_reader.h"
#include "plugins/dcmtk/pixels.h"
#include "plugins/dcmtk/segmentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

namespace sensorium::dicom {
namespace {

struct Frame {
  long segment = 0;
  Plane plane;
  long source_frame = 0; // 1-based, 0 when unknown
  int z = 0;
};

std::vector<Frame> frames_of(const File& file, int count) {
  std::vector<Frame> out(static_cast<std::size_t>(count));
  DcmItem& data = file.data();
  for (std::size_t i = 0; i < out.size(); ++i) {
    DcmItem* id = functional_group(data, i, DCM_SegmentIdentificationSequence);
    const auto segment =
        id == nullptr ? std::nullopt : integer_of(*id, DCM_ReferencedSegmentNumber);
    if (!segment || *segment < 1 || *segment > 65535)
      throw bad(file.path(),
                fmt::format("frame {} does not say which segment it belongs to", i + 1));
    out[i].segment = *segment;
    out[i].plane = plane_of(data, i);
    if (DcmItem* derivation = functional_group(data, i, DCM_DerivationImageSequence)) {
      const auto sources = items_of(*derivation, DCM_SourceImageSequence);
      if (sources.size() == 1)
        out[i].source_frame = integer_of(*sources[0], DCM_ReferencedFrameNumber).value_or(0);
    }
  }
  return out;
}

// Slices by place in space. Frames may be missing (empty ones usually are): the smallest step is
// the grid's.
int place_by_position(std::vector<Frame>& frames, std::vector<Plane>& planes,
                      std::vector<std::string>& warnings) {
  const Plane reference = frames.front().plane;
  std::vector<std::pair<double, Plane>> places;
  for (const Frame& frame : frames)
    places.emplace_back(*distance_along_normal(frame.plane, reference), frame.plane);
  std::sort(places.begin(), places.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto same = [](const auto& a, const auto& b) { return b.first - a.first < 1e-4; };
  places.erase(std::unique(places.begin(), places.end(), same), places.end());
  double step = 0;
  Plane second = places.front().second;
  for (std::size_t i = 1; i < places.size(); ++i) {
    const double d = places[i].first - places[i - 1].first;
    if (step != 0 && d >= step) continue;
    step = d;
    for (std::size_t k = 0; k < 3; ++k)
      (*second.position)[k] = (*places[0].second.position)[k] + (*places[i].second.position)[k] -
                              (*places[i - 1].second.position)[k];
  }
  bool even = step > 0 && (places.back().first - places.front().first) / step < 65535;
  for (const auto& place : places) {
    const double index = even ? (place.first - places.front().first) / step : 0;
    even = even && std::abs(index - std::round(index)) < 0.05;
  }
  if (!even && places.size() > 1)
    warnings.push_back(
        "the segmented slices are not evenly spaced: they follow each other without gaps");
  const auto index_of = [&](double place) {
    if (even) return static_cast<int>(std::lround((place - places.front().first) / step));
    return static_cast<int>(std::lower_bound(places.begin(), places.end(), place - 1e-4,
                                             [](const auto& p, double v) { return p.first < v; }) -
                            places.begin());
  };
  for (Frame& frame : frames) frame.z = index_of(*distance_along_normal(frame.plane, reference));
  const int depth = even ? index_of(places.back().first) + 1 : static_cast<int>(places.size());
  for (const auto& place : places) planes.push_back(place.second);
  if (even && static_cast<int>(places.size()) != depth) planes = {planes.front(), second};
  return depth;
}

int place_by_source(std::vector<Frame>& frames) {
  long most = 0;
  for (const Frame& frame : frames) most = std::max(most, frame.source_frame);
  for (Frame& frame : frames) frame.z = static_cast<int>(frame.source_frame - 1);
  return static_cast<int>(most);
}

int place_by_order(std::vector<Frame>& frames) {
  std::map<long, int> seen;
  int depth = 0;
  for (Frame& frame : frames) {
    frame.z = seen[frame.segment]++;
    depth = std::max(depth, frame.z + 1);
  }
  return depth;
}

int place_frames(const File& file, std::vector<Frame>& frames, Volume& volume) {
  auto& warnings = volume.origin.warnings;
  const Plane reference = frames.front().plane;
  bool placed = true, distinct = false, sourced = true;
  std::map<long, double> first;
  for (const Frame& frame : frames) {
    const auto at = distance_along_normal(frame.plane, reference);
    placed = placed && at.has_value();
    sourced = sourced && frame.source_frame > 0 && frame.source_frame <= 1000000;
    if (at)
      distinct = distinct || std::abs(*at - *distance_along_normal(reference, reference)) > 1e-4;
  }
  std::optional<double> distance;
  if (DcmItem* measures = functional_group(file.data(), 0, DCM_PixelMeasuresSequence))
    distance = number_of(*measures, DCM_SpacingBetweenSlices);
  int depth = 0;
  std::vector<Plane> planes;
  if (placed && (distinct || !sourced))
    depth = place_by_position(frames, planes, warnings);
  else
    depth = sourced ? place_by_source(frames) : place_by_order(frames);
  volume.origin.facts.push_back({"slices placed by",
                                 placed && (distinct || !sourced) ? "position"
                                 : sourced                        ? "source frame"
                                                                  : "order",
                                 ""});
  if (planes.empty()) planes.assign(static_cast<std::size_t>(depth), frames.front().plane);
  const Stack stack = stack_of(planes, distance, name_of_tag(DCM_SpacingBetweenSlices), warnings);
  volume.spacing[2] = stack.spacing;
  volume.orientation = stack.orientation;
  return depth;
}

template<class T>
Buffer painted(const File& file, const PixelModule& module, const std::vector<Frame>& frames,
               Volume& volume, const Context& context) {
  const std::size_t area =
      static_cast<std::size_t>(volume.width) * static_cast<std::size_t>(volume.height);
  const auto bits = native_bytes(file, (area * frames.size() + 7) / 8);
  std::vector<T> out(area * static_cast<std::size_t>(volume.depth), 0);
  std::size_t overlapping = 0;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    if (f % 16 == 0)
      context.step(static_cast<double>(f) / static_cast<double>(frames.size()), "reading segments");
    T* slice = out.data() + static_cast<std::size_t>(frames[f].z) * area;
    for (std::size_t i = 0; i < area; ++i) {
      const std::size_t at = f * area + i;
      const int value = module.allocated == 1 ? std::to_integer<int>(bits[at / 8]) >> (at % 8) & 1
                                              : std::to_integer<int>(bits[at]);
      if (value == 0) continue;
      if (slice[i] != 0) ++overlapping;
      slice[i] = std::max(slice[i], static_cast<T>(frames[f].segment));
    }
  }
  if (overlapping > 0)
    volume.origin.warnings.push_back(
        fmt::format("segments overlap in {} voxels: the higher number is kept", overlapping));
  return Buffer::of(std::move(out));
}

Buffer fractions(const File& file, const std::vector<Frame>& frames, const Volume& volume) {
  const std::size_t area =
      static_cast<std::size_t>(volume.width) * static_cast<std::size_t>(volume.height);
  const auto bytes = native_bytes(file, area * frames.size());
  std::vector<std::uint8_t> out(area * static_cast<std::size_t>(volume.depth), 0);
  for (std::size_t f = 0; f < frames.size(); ++f)
    std::memcpy(out.data() + static_cast<std::size_t>(frames[f].z) * area, bytes.data() + f * area,
                area);
  return Buffer::of(std::move(out));
}

}

Volume read_segmentation(const File& file, bool with_pixels, const Context& context) {
  DcmItem& data = file.data();
  const PixelModule module = read_pixel_module(file);
  const std::string kind = text_of(data, DCM_SegmentationType);
  const bool binary = kind == "BINARY", fractional = kind == "FRACTIONAL";
  const auto segments = items_of(data, DCM_SegmentSequence);
  if (segments.empty()) throw bad(file.path(), "a segmentation without segments");
  if ((!binary && !fractional) || (fractional && segments.size() > 1))
    throw unsupported(file.path(),
                      fmt::format("a segmentation of type '{}' with {} segments is not read",
                                  kind.substr(0, 20), segments.size()),
                      "export it as a BINARY segmentation");
  if (DcmXfer(file.syntax()).isEncapsulated() || module.samples != 1 || module.allocated > 8 ||
      (fractional && module.allocated != 8))
    throw unsupported(file.path(),
                      fmt::format("a {} segmentation of {} bits ({}) is not read", kind,
                                  module.allocated, file.syntax_name()),
                      "export it uncompressed");
  std::vector<Frame> frames = frames_of(file, module.frames);
  Volume volume{.width = module.columns, .height = module.rows};
  volume.origin = origin_of_file(file);
  volume.modality = modality_of(file);
  const auto plane = plane_spacing(data, 0, volume.origin.warnings);
  volume.spacing[0] = plane[0];
  volume.spacing[1] = plane[1];
  volume.depth = place_frames(file, frames, volume);
  long most = 0;
  for (const Frame& frame : frames) most = std::max(most, frame.segment);
  volume.type = most > 255 ? PixelType::UInt16 : PixelType::UInt8;
  for (DcmItem* segment : segments)
    volume.origin.facts.push_back(
        {fmt::format("segment {}", integer_of(*segment, DCM_SegmentNumber).value_or(0)),
         text_of(*segment, DCM_SegmentLabel), name_of_tag(DCM_SegmentLabel)});
  checked_bytes({static_cast<std::uint64_t>(volume.width),
                 static_cast<std::uint64_t>(volume.height),
                 static_cast<std::uint64_t>(volume.depth), size_of(volume.type)},
                allocation_limit(), fmt::format("'{}'", file.path().string()));
  if (!with_pixels) return volume;
  if (fractional)
    volume.pixels = fractions(file, frames, volume);
  else if (volume.type == PixelType::UInt8)
    volume.pixels = painted<std::uint8_t>(file, module, frames, volume, context);
  else
    volume.pixels = painted<std::uint16_t>(file, module, frames, volume, context);
  return volume;
}

}
