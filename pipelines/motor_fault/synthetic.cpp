#include "pipelines/motor_fault/synthetic.h"

#include "modules/core/error.h"
#include "modules/signal/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace sensorium::motor_fault {
namespace {

constexpr double turn = 2 * std::numbers::pi;

// Own transforms of the engine's bits: the standard distributions differ between libraries.
class Random {
public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double uniform(double a, double b) { return a + (b - a) * unit(); }
  double normal() {
    const double u = std::max(1e-300, unit());
    return std::sqrt(-2 * std::log(u)) * std::cos(turn * unit());
  }

private:
  std::mt19937_64 engine_;
};

// A rotating component of the three phases: sequence +1, -1 or 0.
struct Wave {
  double hertz = 0, amplitude = 0, phase = 0;
  int sequence = 1;
  bool of_fault = false;
};

double shifted(int sequence, int k) { return -sequence * turn / 3 * k; }

void add_fault(std::vector<Wave>& waves, const SyntheticOptions& o, Random& random) {
  const double shaft = (1 - o.slip) * o.supply_hz / o.pole_pairs;
  const double level = std::pow(10, (-55.0 + 7 * o.step + random.uniform(-1, 1)) / 20);
  const auto pair = [&](double shift) {
    for (const double sign : {-1.0, 1.0}) {
      const double hz = o.supply_hz + sign * shift;
      waves.push_back({std::abs(hz), level, random.uniform(0, turn), hz < 0 ? -1 : 1, true});
    }
  };
  if (o.fault == "inter-turn short") {
    const double size = random.uniform(0.09, 0.13) * std::pow(o.step, random.uniform(0.65, 0.85));
    const double angle = random.uniform(55, 95) - random.uniform(5, 13) * (o.step - 1);
    waves.push_back({o.supply_hz, size,
                     (angle - 240.0 * (o.phase == 1   ? 1
                                       : o.phase == 2 ? 0.5
                                                      : 0)) *
                         turn / 360,
                     -1, true});
  } else if (o.fault == "broken bar") {
    pair(2 * o.slip * o.supply_hz);
  } else if (o.fault == "eccentricity") {
    pair(shaft);
  } else if (o.fault == "bearing") {
    pair(bearing_frequencies(common_bearings().at(1), shaft).outer);
  }
}

}

void describe(ParameterVisitor& v, SyntheticOptions& o) {
  v.integer("seed", o.seed, {.help = "Seed of everything random.", .min = 0});
  v.choice("fault", o.fault, {"none", "inter-turn short", "broken bar", "eccentricity", "bearing"},
           {.help = "What is wrong with the motor."});
  v.integer("phase", o.phase,
            {.help = "Phase of an inter-turn short: 0, 1, 2.", .min = 0, .max = 2});
  v.integer("step", o.step,
            {.help = "Severity: 10, 20, 30, 40 % of the turns, or incipient to severe.",
             .min = 1,
             .max = 4});
  v.number("seconds", o.seconds, {.help = "Length.", .unit = "s", .min = 0.5, .max = 100000});
  v.number("rate", o.rate, {.help = "Sample rate.", .unit = "Hz", .min = 100, .max = 1e6});
  v.number("supply_hz", o.supply_hz,
           {.help = "Supply frequency.", .unit = "Hz", .min = 5, .max = 400});
  v.integer("pole_pairs", o.pole_pairs, {.help = "Pole pairs.", .min = 1, .max = 50});
  v.number("slip", o.slip, {.help = "Slip.", .min = 0.0001, .max = 0.3});
  v.number("onset", o.onset,
           {.help = "Begin of the fault, as part of the recording.", .min = 0, .max = 1});
  v.number("end", o.end,
           {.help = "End of the fault, as part of the recording.", .min = 0, .max = 1});
  v.number(
      "noise_db", o.noise_db,
      {.help = "White noise relative to the fundamental.", .unit = "dB", .min = -200, .max = 0});
  v.number(
      "clip_at", o.clip_at,
      {.help = "Sensor limit as part of the fundamental's peak; 0: none.", .min = 0, .max = 2});
  v.number("disturbance", o.disturbance,
           {.help = "How far harmonics, gains and zero sequence spread.", .min = 0, .max = 1});
}

// Drawn after everything else, so that a clean motor keeps its bits.
static void disturb(std::vector<Wave>& waves, std::array<double, 3>& gain,
                    const SyntheticOptions& o, Random& random) {
  const double d = o.disturbance;
  for (double& g : gain) g *= 1 + d * random.uniform(-0.1, 0.1);
  const auto add = [&](double order, double most, int sequence) {
    waves.push_back({order * o.supply_hz, d * random.uniform(0, most), random.uniform(0, turn),
                     sequence, false});
  };
  add(1, 0.12, 0);
  for (const int sequence : {-1, 0, 1}) add(3, 0.15, sequence);
  add(5, 0.30, -1);
  add(5, 0.05, 1);
  add(7, 0.12, 1);
  add(9, 0.05, 0);
}

Recording make_motor(const SyntheticOptions& o) {
  if (o.supply_hz > 0.4 * o.rate)
    throw Error(ErrorCode::Usage,
                fmt::format("{} Hz cannot be sampled at {} Hz", o.supply_hz, o.rate),
                "choose a higher rate");
  Random random(static_cast<std::uint64_t>(o.seed) * 0x9e3779b97f4a7c15ULL + 77);
  const auto n = static_cast<std::size_t>(std::llround(o.seconds * o.rate));
  const double amplitude = random.uniform(4, 9), start = random.uniform(0, turn);
  std::vector<Wave> waves = {
      {o.supply_hz, 1, 0, 1, false},
      {o.supply_hz, random.uniform(0.005, 0.045), random.uniform(0, turn), -1, false},
      {3 * o.supply_hz, random.uniform(0, 0.02), random.uniform(0, turn), 0, false},
      {5 * o.supply_hz, random.uniform(0.002, 0.04), random.uniform(0, turn), -1, false},
      {7 * o.supply_hz, random.uniform(0.001, 0.03), random.uniform(0, turn), 1, false}};
  if (o.fault != "none") add_fault(waves, o, random);
  std::array<double, 3> gain{1, random.uniform(0.985, 1.015), random.uniform(0.985, 1.015)};
  if (o.disturbance > 0) disturb(waves, gain, o, random);
  const double noise = std::pow(10, o.noise_db / 20) / std::sqrt(2.0),
               limit = o.clip_at > 0 ? o.clip_at : 1e9;
  std::vector<double> values(3 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) / o.rate,
                 part = static_cast<double>(i) / static_cast<double>(n);
    const bool faulty = part >= o.onset && part < o.end;
    for (int k = 0; k < 3; ++k) {
      double sum = noise * random.normal();
      for (const Wave& w : waves)
        if (w.hertz < o.rate / 2 && (!w.of_fault || faulty))
          sum += w.amplitude * std::cos((turn * t + start / o.supply_hz) * w.hertz + w.phase +
                                        shifted(w.sequence, k));
      values[3 * i + static_cast<std::size_t>(k)] =
          amplitude * gain[static_cast<std::size_t>(k)] * std::clamp(sum, -limit, limit);
    }
  }
  Recording r;
  r.length = n;
  r.rate = known_rate(o.rate, RateSource::Stated, "synthetic");
  const Buffer buffer = Buffer::of(std::move(values));
  for (std::size_t k = 0; k < 3; ++k) {
    Channel c{.name = fmt::format("i{}", "abc"[k]), .unit = "A", .source = "synthetic"};
    c.samples = buffer;
    c.first = 8 * k;
    c.stride = 24;
    r.channels.push_back(std::move(c));
  }
  r.origin.path = fmt::format("synthetic {}", o.seed);
  r.origin.facts.push_back(
      {"synthetic motor", fmt::format("seed {}, {}", o.seed, o.fault), "generated"});
  return r;
}

}
