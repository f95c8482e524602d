#include "pipelines/motor_fault/diagnose.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace sensorium::motor_fault {
namespace {

// Angle of the change of I2/I1 for a short in phase a; b and c lie 240 and 120 degrees before it.
// Measured on an unloaded 0.75 hp, 60 Hz machine (ITSC set, 53 to 85 degrees by severity).
constexpr double angle_of_phase_a = 70;
constexpr std::array<double, 3> severe_from{0.05, 0.13, 0.20}; // change of I2/I1, empirical

double degrees(Complex z) { return std::arg(z) * 180 / std::numbers::pi; }

int nearest_phase(Complex change) {
  int best = 0;
  double least = 1e9;
  for (int k = 0; k < 3; ++k) {
    const double away = std::abs(std::remainder(degrees(change) - angle_of_phase_a +
                                                    120.0 * (k == 1   ? 2
                                                             : k == 2 ? 1
                                                                      : 0),
                                                360));
    if (away < least) {
      least = away;
      best = k;
    }
  }
  return best;
}

std::string seconds(const Evidence& e, std::size_t sample) {
  return fmt::format("{:.2f} s",
                     e.currents.start_s + static_cast<double>(sample) / e.currents.rate.hertz);
}

Finding span_finding(const std::string& id, const std::string& label, double score,
                     std::size_t from, std::size_t to) {
  Finding f{.id = id, .label = label, .score = score};
  f.centroid = {static_cast<double>(from + to) / 2, 0, 0};
  f.box = {static_cast<int>(from), 0, 0, static_cast<int>(to > 0 ? to - 1 : 0), 0, 0};
  return f;
}

// Begin and end of the fault as the course has them, in samples; the middle of the window that
// first (last) belongs to it.
std::pair<std::size_t, std::size_t> limits_of(const Evidence& e, const Section& section) {
  if (!section.changes) return {0, e.currents.size()};
  const auto middle = [&](std::size_t window) {
    return window * e.timeline.hop + e.timeline.length / 2;
  };
  const Course& c = e.course;
  const std::size_t from = c.begin == 0 ? 0 : middle(c.begin),
                    to = c.end >= e.timeline.sequence.size() ? e.currents.size() : middle(c.end);
  if (!c.wraps) return {from, to};
  return from >= e.currents.size() - to
             ? std::pair<std::size_t, std::size_t>{0, from}
             : std::pair<std::size_t, std::size_t>{to, e.currents.size()};
}

std::string since_text(const Evidence& e, const Section& section, std::size_t from,
                       std::size_t to) {
  if (!section.changes) return "over the whole recording";
  if (from == 0) return fmt::format("from its begin to {}", seconds(e, to));
  if (to >= e.currents.size()) return fmt::format("from {} to its end", seconds(e, from));
  return fmt::format("from {} to {}", seconds(e, from), seconds(e, to));
}

Finding inter_turn(const Evidence& e, const MotorParameters& p, const Section& section) {
  const auto [from, to] = limits_of(e, section);
  const Complex change = section.changes ? e.course.faulty - e.course.reference : e.course.faulty;
  const double size = std::abs(change);
  const auto [label, phase, step, score, healthy, by] = judge_turns(change, e.windows, p);
  Finding f = span_finding("inter-turn", label, score, from, to);
  const std::string name = e.currents.names[static_cast<std::size_t>(phase)];
  f.attributes = {{"phase", std::string(1, "ABC"[phase])},
                  {"channel", name},
                  {"severity", fmt::format("{} % of the turns (step {} of 4)", 10 * step, step)},
                  {"by", by},
                  {"begin", seconds(e, from)},
                  {"end", seconds(e, to)}};
  f.measures = {
      {"I2/I1 in the fault", std::abs(e.course.faulty), "1", "Fortescue at the fundamental"},
      {"I2/I1 outside", std::abs(e.course.reference), "1", "Fortescue at the fundamental"},
      {"change of I2/I1", size, "1", "complex difference"},
      {"angle of the change", degrees(change), "deg", "against I1"}};
  f.text = fmt::format("{}: phase {} ({}), about {} % of the turns, {}; I2/I1 rises from {:.3f} to "
                       "{:.3f} (change {:.3f} "
                       "at {:.0f} degrees), score {:.2f} by {}.",
                       label == "unsure" ? "Perhaps an inter-turn short" : "Inter-turn short",
                       "ABC"[phase], name, 10 * step, since_text(e, section, from, to),
                       std::abs(e.course.reference), std::abs(e.course.faulty), size,
                       degrees(change), score, by);
  return f;
}

void add_band_findings(const Evidence& e, const std::vector<BandLevel>& levels, Findings& out) {
  std::map<std::string, std::vector<const BandLevel*>> by_fault;
  for (const BandLevel& b : levels)
    if (b.severity > 0) by_fault[b.band.fault].push_back(&b);
  constexpr std::array<const char*, 4> words{"none", "incipient", "moderate", "severe"};
  for (const auto& [fault, bands] : by_fault) {
    const auto* worst =
        *std::max_element(bands.begin(), bands.end(),
                          [](const auto* a, const auto* b) { return a->level_db < b->level_db; });
    // A pair of lines speaks for the fault; a lone one may be anything.
    const bool pair = bands.size() > 1;
    const std::string label = fault.starts_with("bearing") ? "bearing" : fault;
    Finding f =
        span_finding(fault, pair ? label : "unsure", pair ? 0.5 + 0.15 * worst->severity : 0.3,
                     e.spectrum_from, e.spectrum_to);
    f.attributes = {{"severity", words[static_cast<std::size_t>(worst->severity)]},
                    {"line", worst->band.label},
                    {"source", worst->band.source}};
    f.measures = {{"level", worst->level_db, "dB", "relative to the fundamental"},
                  {"frequency", worst->peak_hz, "Hz", "highest value of the band"},
                  {"surroundings", worst->floor_db, "dB", "median beside the band"}};
    f.text =
        fmt::format("{}{}: {} at {:.2f} Hz stands at {:.1f} dB, {:.1f} dB above its surroundings "
                    "({}; thresholds are empirical).",
                    pair ? "" : "One line only, perhaps ", fault, worst->band.label, worst->peak_hz,
                    worst->level_db, worst->level_db - worst->floor_db,
                    words[static_cast<std::size_t>(worst->severity)]);
    out.items.push_back(std::move(f));
  }
}

Table band_table(const std::vector<BandLevel>& bands) {
  Table t{"fault bands",
          "Fault bands: level relative to the fundamental (thresholds are empirical)",
          {"fault", "line", "centre Hz", "level dB", "surroundings dB", "thresholds dB", "reading"},
          {}};
  for (const BandLevel& b : bands)
    t.rows.push_back({b.band.fault, b.band.label, fmt::format("{:.2f}", b.band.centre),
                      fmt::format("{:.1f}", b.level_db), fmt::format("{:.1f}", b.floor_db),
                      fmt::format("{:.0f} / {:.0f} / {:.0f}", b.band.thresholds[0],
                                  b.band.thresholds[1], b.band.thresholds[2]),
                      !b.resolved       ? "not resolved in this record"
                      : b.severity == 0 ? "none"
                      : b.severity == 1 ? "incipient"
                      : b.severity == 2 ? "moderate"
                                        : "severe"});
  return t;
}

Table timeline_table(const Evidence& e) {
  Table t{"timeline", "I2/I1 over time", {"time s", "I2/I1", "angle deg"}, {}};
  const auto ratio = e.timeline.ratio();
  const std::size_t every = ratio.size() / 40 + 1;
  for (std::size_t k = 0; k < ratio.size(); k += every)
    t.rows.push_back(
        {fmt::format("{:.3f}", e.currents.start_s +
                                   static_cast<double>(k * e.timeline.hop + e.timeline.length / 2) /
                                       e.currents.rate.hertz),
         fmt::format("{:.4f}", std::abs(ratio[k])), fmt::format("{:.0f}", degrees(ratio[k]))});
  return t;
}

Table audit_table(const Evidence& e) {
  Table t{"audit", "Audit of the recording", {"finding", "text"}, {}};
  for (const AuditEntry& entry : e.audit.entries) t.rows.push_back({entry.kind, entry.text});
  if (t.rows.empty()) t.rows.push_back({"none", "Nothing was found."});
  return t;
}

}

std::vector<BandLevel> judged_bands(const std::vector<BandLevel>& bands, const MotorParameters& p) {
  std::vector<BandLevel> out = bands;
  for (BandLevel& b : out)
    judge_band(b, b.band.fault == "broken bar"     ? p.broken_bar_from
                  : b.band.fault == "eccentricity" ? p.eccentricity_from
                                                   : p.bearing_from);
  return out;
}

TurnVerdict judge_turns(Complex change, const std::vector<std::array<float, class_count>>& windows,
                        const MotorParameters& p) {
  const double size = std::abs(change);
  int step = 1;
  for (const double limit : severe_from) step += size > limit ? 1 : 0;
  TurnVerdict out{"inter-turn short",
                  nearest_phase(change),
                  step,
                  std::clamp(size / (size + p.least_change), 0.0, 1.0),
                  false,
                  "rules: size and angle of the change of I2/I1"};
  if (windows.empty()) return out;
  const auto odds = pooled(windows);
  const auto best = static_cast<int>(std::max_element(odds.begin(), odds.end()) - odds.begin());
  out.score = odds[static_cast<std::size_t>(best)];
  out.by = "network";
  out.healthy = best == 0;
  if (out.healthy || out.score < p.sure_above) out.label = "unsure";
  if (!out.healthy) {
    out.phase = phase_of(best);
    out.step = step_of(best);
  }
  return out;
}

Findings diagnose(const Evidence& e, const MotorParameters& p) {
  Findings out;
  const std::vector<BandLevel> bands = judged_bands(e.bands, p);
  const Section section = judged_section(e, p.least_change);
  const bool steady_fault = !section.changes && std::abs(e.course.faulty) > p.least_ratio;
  const bool network_says =
      e.network && !section.changes && judge_turns(e.course.faulty, e.windows, p).label != "unsure";
  if (section.changes || steady_fault || network_says)
    out.items.push_back(inter_turn(e, p, section));
  add_band_findings(e, bands, out);
  const double mean = (e.level[0] + e.level[1] + e.level[2]) / 3;
  out.summary = {{"fundamental", e.currents.supply_hz, "Hz", "measured"},
                 {"I2/I1, larger part", std::abs(e.course.faulty), "1", "Fortescue"},
                 {"I2/I1, smaller part", std::abs(e.course.reference), "1", "Fortescue"},
                 {"change of I2/I1", e.course.change(), "1", "complex difference"},
                 {"rms unbalance", 100 * unbalance(e.level), "%", "NEMA MG 1"},
                 {"rms current", mean, e.currents.unit.empty() ? "file units" : e.currents.unit,
                  e.currents.unit.empty() ? "the file gives no unit" : "file"},
                 {"THD", 100 * e.distortion, "%", "harmonics 2 to 40"}};
  if (e.slip.source != SlipSource::Unknown)
    out.summary.push_back({"slip", e.slip.value, "1", e.slip.text});
  out.tables = {band_table(bands), timeline_table(e), audit_table(e)};
  if (out.items.empty())
    out.notes.push_back(fmt::format("No sign of a fault: I2/I1 stays near {:.3f} (change {:.3f}), "
                                    "no resolved fault band stands above "
                                    "its threshold.",
                                    std::abs(e.course.reference), e.course.change()));
  for (const Finding& f : out.items) out.notes.push_back(f.text);
  out.notes.push_back(e.slip.text);
  if (!bands.empty() && e.spectrum_to - e.spectrum_from < e.currents.size())
    out.notes.push_back(fmt::format("Fault bands were judged from {} to {}, where the currents are "
                                    "steady.",
                                    seconds(e, e.spectrum_from), seconds(e, e.spectrum_to)));
  std::size_t blurred = 0;
  for (const BandLevel& b : bands) blurred += b.resolved ? 0 : 1;
  if (blurred > 0)
    out.notes.push_back(
        fmt::format("{} of {} fault bands lie too near to the fundamental or a harmonic for a "
                    "record of this length: nothing is said about them.",
                    blurred, bands.size()));
  for (const std::string& note : e.currents.notes) out.notes.push_back(note);
  for (const AuditEntry& entry : e.audit.entries) out.notes.push_back("Audit: " + entry.text);
  return out;
}

}
