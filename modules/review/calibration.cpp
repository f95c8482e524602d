#include "modules/review/calibration.h"

#include "modules/core/error.h"
#include "modules/review/footprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

bool holds(const Region& r, const std::array<double, 2>& p) {
  return p[0] >= r.x0 && p[0] <= r.x1 + 1.0 && p[1] >= r.y0 && p[1] <= r.y1 + 1.0;
}

double area_of(const Region& r) { return (r.x1 - r.x0 + 1.0) * (r.y1 - r.y0 + 1.0); }

std::string reason_of(const Spacing& x, const Spacing& y) {
  const Spacing& first = x.known() ? y : x;
  return first.field.empty() ? "the file does not say" : first.field;
}

}

Calibration::Calibration(const Dataset& dataset) {
  if (const auto* volume = std::get_if<Volume>(&dataset))
    spacing_ = {volume->spacing[0], volume->spacing[1]};
  cube_ = std::holds_alternative<Cube>(dataset);
  const auto* video = std::get_if<Video>(&dataset);
  if (video == nullptr) return;
  clip_ = true;
  spacing_ = video->spacing;
  regions_ = video->regions;
}

ScaleAt Calibration::between(std::array<double, 2> from, std::array<double, 2> to) const {
  const Region* best = nullptr;
  bool touched = false, flat = false; // flat: a region of the scanned plane
  for (const Region& r : regions_) {
    flat = flat || r.kind == "2D";
    touched = touched || holds(r, from) || holds(r, to);
    if (holds(r, from) && holds(r, to) && (best == nullptr || area_of(r) < area_of(*best)))
      best = &r;
  }
  ScaleAt out;
  if (best != nullptr) {
    out = {best->spacing_x, best->spacing_y, ""};
    if (!out.known())
      out.reason = fmt::format("this region ({}) has no scale of length: {}", best->kind,
                               reason_of(out.x, out.y));
    return out;
  }
  if (touched) return {{}, {}, "the line leaves its region; each region has a scale of its own"};
  if (flat) return {{}, {}, "the line lies outside every calibrated region"};
  out = {spacing_[0], spacing_[1], ""};
  if (!out.known()) out.reason = "the scale is unknown: " + reason_of(out.x, out.y);
  return out;
}

Measure Calibration::distance(std::array<double, 2> from, std::array<double, 2> to) const {
  const double dx = to[0] - from[0], dy = to[1] - from[1];
  const ScaleAt scale = between(from, to);
  if (scale.known()) {
    const double um = std::hypot(dx * scale.x.micrometres, dy * scale.y.micrometres);
    return {.name = "distance",
            .value = clip_ ? um / 1e3 : um,
            .unit = clip_ ? "mm" : "um",
            .source = scale.x.field};
  }
  if (clip_)
    throw Error(ErrorCode::Unsupported, "Not measured: " + scale.reason,
                regions_.empty() ? "A clip whose file states its scale can be measured."
                                 : "Draw the line within one calibrated region.");
  return {.name = "distance", .value = std::hypot(dx, dy), .unit = "px", .source = "scale unknown"};
}

void measure_by_region(ReviewState& state, const Calibration& calibration) {
  if (!calibration.is_clip() && !calibration.is_cube()) return;
  for (ReviewedFinding& f : state.findings) {
    if (calibration.is_cube() && f.state == FindingState::Changed)
      f.finding.text = fmt::format("{}; proposed as {}", f.label, f.finding.text);
    const auto by_hand = [](const Measure& m) { return m.name == "section area"; };
    if (std::none_of(f.finding.measures.begin(), f.finding.measures.end(), by_hand)) continue;
    if (calibration.is_cube()) {
      f.finding.measures = {{"area", static_cast<double>(voxel_count(f.finding.footprint)), "px",
                             "a cube does not state its scale"}};
      continue;
    }
    const auto& box = f.finding.box;
    const ScaleAt scale =
        calibration.between({box[0] + 0.0, box[1] + 0.0}, {box[3] + 1.0, box[4] + 1.0});
    const Spacing none = unknown_spacing(scale.reason);
    remeasure(f.finding, {scale.known() ? scale.x : none, scale.known() ? scale.y : none,
                          unknown_spacing("frames have no distance")});
    std::erase_if(f.finding.measures, [](const Measure& m) { return m.name == "volume"; });
    for (Measure& m : f.finding.measures) {
      if (m.unit == "um") m = {m.name, m.value / 1e3, "mm", m.source};
      if (m.unit == "um2") m = {m.name, m.value / 1e6, "mm2", m.source};
      if (!scale.known()) m.source = scale.reason;
    }
  }
}

}
