#include "pipelines/motor_fault/diagnose.h"

#include <cmath>

namespace sensorium::motor_fault {
namespace {

// Root of the mean power of the three phases' amplitude spectra.
FrequencySpectrum joint_spectrum(const Currents& c, std::size_t from, std::size_t to,
                                 const std::string& window_name) {
  FrequencySpectrum out;
  for (const auto& phase : c.phases()) {
    const FrequencySpectrum one =
        amplitude_spectrum(phase.subspan(from, to - from), c.rate.hertz, window_name);
    out.step = one.step;
    out.values.resize(one.values.size());
    for (std::size_t k = 0; k < one.values.size(); ++k)
      out.values[k] += one.values[k] * one.values[k] / 3;
  }
  for (double& v : out.values) v = std::sqrt(v);
  return out;
}

}

void measure_spectrum(Evidence& e, std::size_t from, std::size_t to, const MotorParameters& p) {
  e.spectrum_from = from;
  e.spectrum_to = to;
  e.spectrum = joint_spectrum(e.currents, from, to, p.window);
  const double rate = e.currents.rate.hertz, hz = e.currents.supply_hz;
  e.slip = slip_of(e.nameplate, hz, e.spectrum);
  const double lobe = p.window == "rectangular"                     ? 1
                      : p.window == "hann" || p.window == "hamming" ? 2
                      : p.window == "blackman"                      ? 3
                      : p.window == "flattop"                       ? 5
                                                                    : 4;
  e.bands = measure_bands(fault_bands(e.nameplate, hz, e.slip, rate, e.spectrum.step), e.spectrum,
                          hz, lobe);
}

Evidence measure(const Recording& recording, const MotorParameters& p, const Nameplate& nameplate,
                 const Context& context) {
  Evidence e;
  context.step(0, "currents");
  e.currents = currents_of(recording, p, nameplate);
  e.nameplate = nameplate;
  context.step(0.2, "audit");
  e.audit = audit(recording, {}, context.part(0.2, 0.4));
  context.step(0.4, "negative sequence over time");
  e.timeline = timeline_of(e.currents);
  e.course = course_of(e.timeline.ratio());
  context.step(0.7, "spectrum");
  // A step within the record would smear the fundamental over the lines beside it.
  const Section steady = judged_section(e, p.least_change);
  measure_spectrum(e, steady.from, steady.to, p);
  const double rate = e.currents.rate.hertz, hz = e.currents.supply_hz;
  for (std::size_t k = 0; k < 3; ++k) {
    e.level[k] = rms(e.currents.values[k]);
    e.distortion += total_harmonic_distortion(
                        std::span<const double>(e.currents.values[k])
                            .first(std::min<std::size_t>(e.currents.size(), std::size_t{1} << 16)),
                        rate, hz) /
                    3;
  }
  return e;
}

Section judged_section(const Evidence& e, double least_change) {
  const std::size_t size = e.currents.size();
  if (e.course.end == 0 || e.course.change() < least_change ||
      e.course.change() < 3 * e.course.spread)
    return {0, size, std::nullopt, false};
  auto [from, to] = faulty_samples(e.course, e.timeline, size);
  const std::size_t least = window_length(e.currents.rate.hertz, e.currents.supply_hz);
  if (to - from < least) { // a short fault: one window around it
    const std::size_t middle = (from + to) / 2;
    from = middle > least / 2 ? std::min(middle - least / 2, size - std::min(size, least)) : 0;
    to = std::min(size, from + least);
  }
  return {from, to, e.course.reference, true};
}

std::vector<Window> section_windows(const Currents& c, std::size_t from, std::size_t to,
                                    std::optional<Complex> reference) {
  const std::size_t length = std::min(window_length(c.rate.hertz, c.supply_hz), to - from);
  const std::size_t hop = std::max<std::size_t>(1, length / 4);
  constexpr std::size_t most = 2000;
  const std::size_t windows = length == 0 ? 0 : (to - from - length) / hop + 1;
  const std::size_t every = windows / most + 1;
  std::vector<Window> out;
  const ThreePhase phases = c.phases();
  for (std::size_t k = 0; k < windows; k += every) {
    const std::size_t at = from + k * hop;
    out.push_back(window_of({phases[0].subspan(at, length), phases[1].subspan(at, length),
                             phases[2].subspan(at, length)},
                            c.rate.hertz, c.supply_hz, reference));
  }
  return out;
}

}
