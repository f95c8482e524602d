#include "plugins/dcmtk/geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::dicom {
namespace {

std::optional<Vector3> three(DcmItem* item, const DcmTagKey& tag) {
  if (item == nullptr) return std::nullopt;
  const auto values = numbers_of(*item, tag);
  if (values.size() != 3) return std::nullopt;
  return Vector3{values[0], values[1], values[2]};
}

Vector3 normal_of(const std::array<double, 6>& o) {
  return {o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]};
}

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

bool is_orientation(const std::vector<double>& v) {
  if (v.size() != 6) return false;
  const Vector3 rows{v[0], v[1], v[2]}, columns{v[3], v[4], v[5]};
  return std::abs(dot(rows, rows) - 1) < 0.01 && std::abs(dot(columns, columns) - 1) < 0.01 &&
         std::abs(dot(rows, columns)) < 0.01;
}

// PixelSpacing: the distance between rows (y) first, between columns (x) second.
std::optional<std::array<Spacing, 2>> pair_of(DcmItem& item, const DcmTagKey& tag,
                                              const std::string& place) {
  const auto values = numbers_of(item, tag);
  if (values.size() != 2) return std::nullopt;
  const std::string field = place + name_of_tag(tag);
  return std::array<Spacing, 2>{known_spacing(values[1] * 1e3, ScaleSource::HeaderTag, field),
                                known_spacing(values[0] * 1e3, ScaleSource::HeaderTag, field)};
}

// PS3.3 C.8.5.5.1.15: 3 is centimetres; the others are no lengths.
Spacing region_spacing(DcmItem& item, const DcmTagKey& unit_tag, const DcmTagKey& delta_tag) {
  static const char* const names[] = {"none",  "percent",    "dB",     "cm",  "seconds",
                                      "hertz", "dB/seconds", "cm/sec", "cm2", "cm2/sec",
                                      "cm3",   "cm3/sec",    "degrees"};
  const auto unit = integer_of(item, unit_tag);
  const auto delta = number_of(item, delta_tag);
  const std::string field = name_of_tag(delta_tag);
  if (!unit || !delta) return unknown_spacing(fmt::format("{} is missing", field));
  if (*unit != 3)
    return unknown_spacing(
        fmt::format("{} is in {}, which is no length", field,
                    *unit >= 0 && *unit <= 12 ? names[*unit] : "an unknown unit"));
  return known_spacing(std::abs(*delta) * 1e4, ScaleSource::HeaderTag, field);
}

std::string region_kind(long format) {
  switch (format) {
  case 1:
    return "2D";
  case 2:
    return "M-mode";
  case 3:
    return "doppler";
  case 4:
    return "waveform";
  case 5:
    return "graphics";
  default:
    return "other";
  }
}

}

Plane plane_of(DcmItem& data, std::size_t frame) {
  Plane plane;
  plane.position =
      three(functional_group(data, frame, DCM_PlanePositionSequence), DCM_ImagePositionPatient);
  if (!plane.position) plane.position = three(&data, DCM_ImagePositionPatient);
  std::vector<double> direction;
  if (DcmItem* group = functional_group(data, frame, DCM_PlaneOrientationSequence))
    direction = numbers_of(*group, DCM_ImageOrientationPatient);
  if (direction.empty()) direction = numbers_of(data, DCM_ImageOrientationPatient);
  if (is_orientation(direction)) {
    plane.orientation.emplace();
    std::copy(direction.begin(), direction.end(), plane.orientation->begin());
  }
  return plane;
}

std::array<Spacing, 2> plane_spacing(DcmItem& data, std::size_t frame,
                                     std::vector<std::string>& warnings) {
  if (DcmItem* measures = functional_group(data, frame, DCM_PixelMeasuresSequence))
    if (const auto pair = pair_of(*measures, DCM_PixelSpacing, "PixelMeasures: ")) return *pair;
  if (const auto pair = pair_of(data, DCM_PixelSpacing, "")) return *pair;
  if (const auto pair = pair_of(data, DCM_ImagerPixelSpacing, "")) {
    warnings.push_back("the pixel spacing is that of the detector (ImagerPixelSpacing): lengths in "
                       "the body are shorter");
    return *pair;
  }
  const Spacing none = unknown_spacing("the file has no PixelSpacing");
  return {none, none};
}

std::optional<double> distance_along_normal(const Plane& plane, const Plane& reference) {
  if (!plane.position || !reference.orientation) return std::nullopt;
  return dot(*plane.position, normal_of(*reference.orientation));
}

Stack stack_of(const std::vector<Plane>& planes, std::optional<double> distance,
               const std::string& distance_field, std::vector<std::string>& warnings) {
  Stack out;
  out.spacing =
      distance ? known_spacing(std::abs(*distance) * 1e3, ScaleSource::HeaderTag, distance_field)
               : unknown_spacing("neither slice positions nor SpacingBetweenSlices");
  if (planes.size() == 1) out.spacing = unknown_spacing("one slice has no slice distance");
  const Plane& first = planes.front();
  if (!first.position || !first.orientation) return out;
  const auto& o = *first.orientation;
  Vector3 step = normal_of(o);
  std::vector<double> places;
  bool parallel = true;
  for (const Plane& plane : planes) {
    const auto place = distance_along_normal(plane, first);
    if (!place || !plane.orientation) return out;
    for (std::size_t i = 0; i < 6; ++i)
      parallel = parallel && std::abs((*plane.orientation)[i] - o[i]) < 1e-3;
    places.push_back(*place);
  }
  if (planes.size() > 1) {
    const double mean = (places.back() - places.front()) / static_cast<double>(places.size() - 1);
    double low = INFINITY, high = -INFINITY;
    for (std::size_t i = 1; i < places.size(); ++i) {
      low = std::min(low, places[i] - places[i - 1]);
      high = std::max(high, places[i] - places[i - 1]);
    }
    const bool still = std::abs(high) < 1e-6 && std::abs(low) < 1e-6;
    if (!parallel) {
      out.spacing = unknown_spacing("the slices are not parallel");
      warnings.push_back("the slices are not parallel: they do not form one volume in space");
      return out;
    }
    if (still) {
      if (!distance) out.spacing = unknown_spacing("all frames lie at the same place");
    } else if (high - low > 0.01 * std::abs(mean) + 1e-4) {
      out.spacing = unknown_spacing(fmt::format("the slices are {:.4g} to {:.4g} mm apart",
                                                std::min(std::abs(low), std::abs(high)),
                                                std::max(std::abs(low), std::abs(high))));
      warnings.push_back(
          fmt::format("the slices are not evenly spaced ({:.4g} to {:.4g} mm)", low, high));
    } else {
      out.spacing = known_spacing(std::abs(mean) * 1e3, ScaleSource::HeaderTag,
                                  name_of_tag(DCM_ImagePositionPatient));
      if (mean < 0)
        for (double& value : step) value = -value;
    }
  }
  Orientation place;
  place.origin_mm = *first.position;
  for (std::size_t row = 0; row < 3; ++row) {
    place.direction[3 * row] = o[row];
    place.direction[3 * row + 1] = o[3 + row];
    place.direction[3 * row + 2] = step[row];
  }
  out.orientation = place;
  return out;
}

Laterality laterality_of(DcmItem& data) {
  std::string text;
  if (DcmItem* anatomy = functional_group(data, 0, DCM_FrameAnatomySequence))
    text = text_of(*anatomy, DCM_FrameLaterality);
  if (text.empty()) text = text_of(data, DCM_ImageLaterality);
  if (text.empty()) text = text_of(data, DCM_Laterality);
  return text == "R" ? Laterality::Right : text == "L" ? Laterality::Left : Laterality::Unknown;
}

std::vector<ScanLine> scan_lines_of(DcmItem& data, std::size_t frames) {
  std::vector<ScanLine> out;
  for (std::size_t i = 0; i < frames; ++i) {
    DcmItem* location = functional_group(data, i, DCM_OphthalmicFrameLocationSequence);
    if (location == nullptr) return {};
    const auto c = numbers_of(*location, DCM_ReferenceCoordinates);
    if (c.size() < 4 || c.size() % 2 != 0) return {};
    out.push_back({c[1], c[0], c[c.size() - 1], c[c.size() - 2]});
  }
  return out;
}

std::vector<Region> regions_of(DcmItem& data, int width, int height,
                               std::vector<std::string>& warnings) {
  std::vector<Region> out;
  for (DcmItem* item : items_of(data, DCM_SequenceOfUltrasoundRegions)) {
    const auto x0 = integer_of(*item, DCM_RegionLocationMinX0),
               y0 = integer_of(*item, DCM_RegionLocationMinY0);
    const auto x1 = integer_of(*item, DCM_RegionLocationMaxX1),
               y1 = integer_of(*item, DCM_RegionLocationMaxY1);
    if (!x0 || !y0 || !x1 || !y1 || *x0 < 0 || *y0 < 0 || *x1 < *x0 || *y1 < *y0) {
      warnings.push_back("an ultrasound region without usable corners was ignored");
      continue;
    }
    Region region{.kind = region_kind(integer_of(*item, DCM_RegionSpatialFormat).value_or(0))};
    region.spacing_x = region_spacing(*item, DCM_PhysicalUnitsXDirection, DCM_PhysicalDeltaX);
    region.spacing_y = region_spacing(*item, DCM_PhysicalUnitsYDirection, DCM_PhysicalDeltaY);
    // One beyond the last pixel is a common way of counting; more means that the frames were
    // resized after the scan.
    if (*x1 > width || *y1 > height) {
      const std::string why = fmt::format("the calibrated region reaches to {},{} in a picture of "
                                          "{} x {}: it was resized after the scan",
                                          *x1, *y1, width, height);
      warnings.push_back(why);
      region.spacing_x = region.spacing_y = unknown_spacing(why);
    }
    if (*x0 >= width || *y0 >= height) continue;
    region.x0 = static_cast<int>(*x0);
    region.y0 = static_cast<int>(*y0);
    region.x1 = static_cast<int>(std::min<long>(*x1, width - 1));
    region.y1 = static_cast<int>(std::min<long>(*y1, height - 1));
    out.push_back(region);
  }
  return out;
}

std::array<Spacing, 2> spacing_of_regions(const std::vector<Region>& regions,
                                          const std::array<Spacing, 2>& otherwise) {
  const Region* only = nullptr;
  for (const Region& region : regions) {
    if (region.kind != "2D") continue;
    const bool same =
        only == nullptr || (only->spacing_x.micrometres == region.spacing_x.micrometres &&
                            only->spacing_y.micrometres == region.spacing_y.micrometres);
    if (!same)
      return {unknown_spacing("the picture has 2-D regions of different scale"),
              unknown_spacing("the picture has 2-D regions of different scale")};
    if (only == nullptr) only = &region;
  }
  if (only == nullptr) return otherwise;
  return {only->spacing_x, only->spacing_y};
}

FrameTime frame_time_of(DcmItem& data, int frames) {
  if (frames < 2) return {std::nullopt, "one frame"};
  if (const auto time = number_of(data, DCM_FrameTime); time && *time > 0)
    return {*time, name_of_tag(DCM_FrameTime)};
  if (const auto times = numbers_of(data, DCM_FrameTimeVector); times.size() >= 2) {
    double sum = 0;
    for (std::size_t i = 1; i < times.size(); ++i) sum += times[i];
    if (const double mean = sum / static_cast<double>(times.size() - 1); mean > 0)
      return {mean, name_of_tag(DCM_FrameTimeVector) + ", mean"};
  }
  if (const auto rate = number_of(data, DCM_CineRate); rate && *rate > 0)
    return {1000 / *rate, name_of_tag(DCM_CineRate)};
  return {std::nullopt, "the file has no FrameTime, FrameTimeVector or CineRate"};
}

}
