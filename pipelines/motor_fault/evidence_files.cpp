#include "pipelines/motor_fault/evidence_files.h"

#include "modules/core/file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::motor_fault {
namespace {

constexpr std::size_t drawn_columns = 900, locus_points = 1200;
constexpr double floor_db = -120;

double reference_of(const Evidence& e) {
  const double bin = e.currents.supply_hz / e.spectrum.step;
  double out = 0;
  for (std::size_t k = 0; k < e.spectrum.values.size(); ++k)
    if (std::abs(static_cast<double>(k) - bin) <= 2) out = std::max(out, e.spectrum.values[k]);
  return out;
}

double second_of(const Evidence& e, double sample) {
  return e.currents.start_s + sample / e.currents.rate.hertz;
}

// Greatest and least value of each column, so that no line is lost; all of them where there is
// room.
PlotLine spectrum_line(const Evidence& e, double highest) {
  PlotLine out;
  const double reference = reference_of(e);
  const auto count =
      std::min(e.spectrum.values.size(), static_cast<std::size_t>(highest / e.spectrum.step) + 2);
  const std::size_t every = std::max<std::size_t>(1, count / drawn_columns);
  for (std::size_t k = 0; k < count; k += every) {
    const auto first = e.spectrum.values.begin() + static_cast<std::ptrdiff_t>(k),
               last = e.spectrum.values.begin() +
                      static_cast<std::ptrdiff_t>(std::min(count, k + every));
    const auto [low, high] = std::minmax_element(first, last);
    const auto add = [&](auto at) {
      out.x.push_back(static_cast<double>(at - e.spectrum.values.begin()) * e.spectrum.step);
      out.y.push_back(std::max(floor_db, decibels(*at, reference)));
    };
    add(std::min(low, high));
    if (every > 1) add(std::max(low, high));
  }
  return out;
}

Plot spectrum_plot(const Evidence& e, const MotorParameters& p) {
  const double highest = std::min(e.currents.rate.hertz / 2, 8 * e.currents.supply_hz);
  Plot out{.title = "Spectrum and fault bands",
           .x_label = "Hz",
           .y_label = "dB relative to the fundamental",
           .x_to = highest,
           .y_to = 5};
  out.lines = {spectrum_line(e, highest)};
  std::vector<double> sorted = out.lines[0].y;
  const auto low = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 20);
  std::nth_element(sorted.begin(), low, sorted.end());
  out.y_from = std::clamp(std::floor(*low / 10) * 10 - 10, floor_db, -40.0);
  for (const BandLevel& b : judged_bands(e.bands, p))
    if (b.band.centre - b.band.half_width < highest)
      out.ranges.push_back({b.band.centre - b.band.half_width, b.band.centre + b.band.half_width,
                            b.resolved ? fmt::format("{} {:.0f} dB", b.band.label, b.level_db)
                                       : fmt::format("{} ?", b.band.label),
                            b.severity > 0});
  out.caption = fmt::format(
      "Root of the mean power of the three currents, {:.2f} s to {:.2f} s. 0 dB is the fundamental "
      "at {:.2f} Hz. {}",
      second_of(e, static_cast<double>(e.spectrum_from)),
      second_of(e, static_cast<double>(e.spectrum_to)), e.currents.supply_hz,
      out.ranges.empty() ? "No fault bands: they need the motor's speed (nameplate)."
                         : "Shaded: fault bands with their level; strong ones stand above their "
                           "empirical threshold; ?: too near to a harmonic for this record.");
  return out;
}

PlotLine level_line(const Evidence& e) {
  PlotLine out{.name = "levels of the cut", .faint = true};
  const Course& c = e.course;
  const auto at = [&](std::size_t window) {
    return second_of(e, static_cast<double>(window * e.timeline.hop + e.timeline.length / 2));
  };
  const double inside = std::abs(c.wraps ? c.reference : c.faulty),
               outside = std::abs(c.wraps ? c.faulty : c.reference);
  const std::size_t last = e.timeline.sequence.size() - 1;
  for (const auto& [window, level] :
       {std::pair<std::size_t, double>{0, c.begin == 0 ? inside : outside},
        {c.begin, c.begin == 0 ? inside : outside},
        {c.begin, inside},
        {std::min(c.end, last), inside},
        {std::min(c.end, last), c.end > last ? inside : outside},
        {last, c.end > last ? inside : outside}}) {
    out.x.push_back(at(window));
    out.y.push_back(level);
  }
  return out;
}

Plot timeline_plot(const Evidence& e) {
  Plot out{.title = "Negative over positive sequence, over time",
           .caption = "I2/I1 in windows of six periods. Shaded: spans of findings. The dashed line "
                      "is the mean of each part where the recording changes most.",
           .x_label = "s",
           .y_label = "I2/I1",
           .x_from = e.currents.start_s,
           .x_to = second_of(e, static_cast<double>(e.currents.size())),
           .samples_per_x = e.currents.rate.hertz,
           .first_x = e.currents.start_s};
  const auto ratio = e.timeline.ratio();
  PlotLine line{.name = "I2/I1"};
  const std::size_t every = ratio.size() / (2 * drawn_columns) + 1;
  double most = 0.05;
  for (std::size_t k = 0; k < ratio.size(); ++k) {
    most = std::max(most, std::abs(ratio[k]));
    if (k % every != 0) continue;
    line.x.push_back(second_of(e, static_cast<double>(k * e.timeline.hop + e.timeline.length / 2)));
    line.y.push_back(std::abs(ratio[k]));
  }
  out.y_to = 1.15 * most;
  out.lines = {std::move(line)};
  if (e.course.end > 0 && !ratio.empty()) out.lines.push_back(level_line(e));
  return out;
}

// At most locus_points samples of whole periods from the middle of a part.
PlotLine locus_line(const Evidence& e, const std::string& name, std::size_t from, std::size_t to) {
  const auto periods = static_cast<std::size_t>(12 * e.currents.rate.hertz / e.currents.supply_hz);
  const std::size_t count = std::min({to - from, periods, locus_points}),
                    begin = from + (to - from - count) / 2;
  const ThreePhase c = e.currents.phases();
  const ParkVector v =
      park({c[0].subspan(begin, count), c[1].subspan(begin, count), c[2].subspan(begin, count)});
  return {.name = name, .x = v.d, .y = v.q};
}

Plot locus_plot(const Evidence& e, const MotorParameters& p) {
  const std::string unit = e.currents.unit.empty() ? "file units" : e.currents.unit;
  Plot out{.title = "Park's locus",
           .caption = "A balanced machine runs on a circle; negative sequence makes it an ellipse.",
           .x_label = "id, " + unit,
           .y_label = "iq, " + unit,
           .equal_axes = true};
  const Section section = judged_section(e, p.least_change);
  if (section.changes) {
    const std::size_t before = section.from, after = e.currents.size() - section.to;
    if (std::max(before, after) > 2 * e.timeline.length) {
      PlotLine other = before >= after ? locus_line(e, "outside", 0, before)
                                       : locus_line(e, "outside", section.to, e.currents.size());
      other.faint = true;
      out.lines.push_back(std::move(other));
    }
    out.lines.push_back(locus_line(e, "in the fault", section.from, section.to));
  } else
    out.lines.push_back(locus_line(e, "", section.from, section.to));
  double most = 1e-12;
  for (const PlotLine& l : out.lines)
    for (const auto* values : {&l.x, &l.y})
      for (const double v : *values) most = std::max(most, std::abs(v));
  out.x_to = out.y_to = 1.1 * most;
  out.x_from = out.y_from = -out.x_to;
  return out;
}

std::string unit_of(const Evidence& e) {
  return e.currents.unit.empty() ? "file units" : e.currents.unit;
}

}

std::vector<Plot> plots_of(const Evidence& e, const MotorParameters& p) {
  return {timeline_plot(e), spectrum_plot(e, p), locus_plot(e, p)};
}

std::string spectrum_csv(const Evidence& e) {
  std::string out = csv_cell(fmt::format("amplitude [{}]", unit_of(e)));
  out = "frequency [Hz]," + out + ",level [dB]\r\n";
  const double reference = reference_of(e);
  for (std::size_t k = 0; k < e.spectrum.values.size(); ++k)
    out += fmt::format("{:.9g},{:.9g},{:.3f}\r\n", static_cast<double>(k) * e.spectrum.step,
                       e.spectrum.values[k], decibels(e.spectrum.values[k], reference));
  return out;
}

std::string bands_csv(const Evidence& e, const MotorParameters& p) {
  std::string out = "fault,line,centre [Hz],half width [Hz],peak [Hz],level [dB],surroundings "
                    "[dB],incipient from [dB],resolved,severity,source\r\n";
  for (const BandLevel& b : judged_bands(e.bands, p))
    out += fmt::format("{},{},{:.6g},{:.6g},{:.6g},{:.3f},{:.3f},{:.3g},{},{},{}\r\n",
                       csv_cell(b.band.fault), csv_cell(b.band.label), b.band.centre,
                       b.band.half_width, b.peak_hz, b.level_db, b.floor_db, b.band.thresholds[0],
                       b.resolved ? "yes" : "no", b.severity, csv_cell(b.band.source));
  return out;
}

std::string timeline_csv(const Evidence& e) {
  std::string out = "time [s],I2/I1,real,imaginary,angle [deg]\r\n";
  const auto ratio = e.timeline.ratio();
  for (std::size_t k = 0; k < ratio.size(); ++k)
    out +=
        fmt::format("{:.6f},{:.6f},{:.6f},{:.6f},{:.2f}\r\n",
                    second_of(e, static_cast<double>(k * e.timeline.hop + e.timeline.length / 2)),
                    std::abs(ratio[k]), ratio[k].real(), ratio[k].imag(),
                    std::arg(ratio[k]) * 180 / std::numbers::pi);
  return out;
}

std::vector<ResultFile> evidence_files(std::shared_ptr<const Evidence> evidence,
                                       const MotorParameters& p) {
  const auto file = [&](const char* name, const char* caption, auto text) {
    return ResultFile{name, caption,
                      [evidence, p, text](const std::filesystem::path& path, const Origin&) {
                        write_atomically(path, text(*evidence, p));
                      }};
  };
  return {file("plots.json", "plots of the report",
               [](const Evidence& e, const MotorParameters& q) {
                 return to_json(plots_of(e, q)).dump() + "\n";
               }),
          file("evidence_spectrum.csv", "joint spectrum of the three currents",
               [](const Evidence& e, const MotorParameters&) { return spectrum_csv(e); }),
          file("evidence_bands.csv", "fault bands with their levels",
               [](const Evidence& e, const MotorParameters& q) { return bands_csv(e, q); }),
          file("evidence_timeline.csv", "I2/I1 over time",
               [](const Evidence& e, const MotorParameters&) { return timeline_csv(e); })};
}

}
