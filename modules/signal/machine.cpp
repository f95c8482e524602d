#include "modules/signal/machine.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/parameters.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium {
using nlohmann::json;
namespace {

Error bad_key(const std::string& source, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", source, what),
               "a nameplate holds supply_hz, rated_rpm, pole_pairs, measured_rpm, rated_current, "
               "rated_power_kw, rotor_bars, name and bearings");
}

double positive(const json& value, const std::string& key, const std::string& source, double most) {
  if (!value.is_number() || !(value.get<double>() > 0) || !(value.get<double>() <= most))
    throw bad_key(source, fmt::format("{} is {}, a number above 0 and at most {} is needed", key,
                                      value.dump().substr(0, 40), most));
  return value.get<double>();
}

int whole(const json& value, const std::string& key, const std::string& source, int most) {
  const double number = positive(value, key, source, most);
  if (number != std::floor(number))
    throw bad_key(source, fmt::format("{} is {}, a whole number is needed", key, number));
  return static_cast<int>(number);
}

std::string text(const json& value, const std::string& key, const std::string& source) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > 200)
    throw bad_key(source, fmt::format("{} is no short text", key));
  return value.get<std::string>();
}

// Amplitude of the highest value within hz +- half_width; 0 outside the spectrum.
std::pair<double, double> peak_near(const FrequencySpectrum& s, double hz, double half_width) {
  if (s.values.empty() || !(s.step > 0)) return {hz, 0};
  const auto last = static_cast<double>(s.values.size() - 1);
  const double from = std::ceil((hz - half_width) / s.step),
               to = std::floor((hz + half_width) / s.step);
  double at = hz, most = 0;
  for (double k = std::max(0.0, from); k <= std::min(last, std::max(to, std::round(hz / s.step)));
       ++k)
    if (s.values[static_cast<std::size_t>(k)] > most) {
      most = s.values[static_cast<std::size_t>(k)];
      at = k * s.step;
    }
  return {at, most};
}

double median_around(const FrequencySpectrum& s, double hz, double inner, double outer) {
  std::vector<double> values;
  for (std::size_t k = 0; k < s.values.size(); ++k) {
    const double away = std::abs(static_cast<double>(k) * s.step - hz);
    if (away > inner && away <= outer) values.push_back(s.values[k]);
  }
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

constexpr const char* empirical = "thresholds are empirical";

void add_pair(std::vector<FaultBand>& out, const std::string& fault, const std::string& label,
              double supply, double shift, double half_width,
              const std::array<double, 3>& thresholds, const std::string& source, double rate) {
  for (const double sign : {-1.0, 1.0}) {
    const double centre = std::abs(supply + sign * shift);
    if (centre < half_width || centre + half_width > rate / 2) continue;
    out.push_back({fault, fmt::format(fmt::runtime(label), sign < 0 ? "-" : "+"), centre,
                   half_width, thresholds, source});
  }
}

}

Bearing bearing_from_json(const json& in, const std::string& source) {
  if (in.is_string()) {
    for (const Bearing& b : common_bearings())
      if (b.name == in.get<std::string>()) return b;
    throw bad_key(source, fmt::format("the bearing '{}' is not in the list; give its geometry",
                                      in.get<std::string>().substr(0, 40)));
  }
  if (!in.is_object()) throw bad_key(source, "a bearing is a name of the list or its geometry");
  Bearing b{.source = source};
  for (const auto& [key, value] : in.items()) {
    if (key == "name")
      b.name = text(value, key, source);
    else if (key == "source")
      b.source = text(value, key, source);
    else if (key == "elements")
      b.elements = whole(value, key, source, 200);
    else if (key == "element_diameter")
      b.element_diameter = positive(value, key, source, 1e4);
    else if (key == "pitch_diameter")
      b.pitch_diameter = positive(value, key, source, 1e5);
    else if (key == "contact_angle_degrees") {
      if (value != 0) b.contact_angle_degrees = positive(value, key, source, 89);
    } else
      throw bad_key(source, fmt::format("a bearing has no key '{}'", key.substr(0, 40)));
  }
  if (b.elements < 3 || !(b.element_diameter > 0) || !(b.element_diameter < b.pitch_diameter))
    throw bad_key(source, fmt::format("the bearing '{}' needs at least 3 elements, and elements "
                                      "smaller than the pitch diameter",
                                      b.name));
  return b;
}

json to_json(const Bearing& b) {
  return {{"name", b.name},
          {"source", b.source},
          {"elements", b.elements},
          {"element_diameter", b.element_diameter},
          {"pitch_diameter", b.pitch_diameter},
          {"contact_angle_degrees", b.contact_angle_degrees}};
}

BearingFrequencies bearing_frequencies(const Bearing& b, double shaft_hz) {
  const double r = b.element_diameter / b.pitch_diameter *
                   std::cos(b.contact_angle_degrees * std::numbers::pi / 180);
  const double half = shaft_hz / 2;
  return {b.elements * half * (1 - r), b.elements * half * (1 + r),
          b.pitch_diameter / b.element_diameter * half * (1 - r * r), half * (1 - r)};
}

Nameplate nameplate_from_json(const json& in, const std::string& source) {
  if (!in.is_object()) throw bad_key(source, "a nameplate is a JSON object");
  Nameplate n;
  for (const auto& [key, value] : in.items()) {
    if (key == "supply_hz")
      n.supply_hz = positive(value, key, source, 1000);
    else if (key == "rated_rpm")
      n.rated_rpm = positive(value, key, source, 60000);
    else if (key == "pole_pairs")
      n.pole_pairs = whole(value, key, source, 50);
    else if (key == "measured_rpm")
      n.measured_rpm = positive(value, key, source, 60000);
    else if (key == "rated_current")
      n.rated_current = positive(value, key, source, 1e5);
    else if (key == "rated_power_kw")
      n.rated_power_kw = positive(value, key, source, 1e6);
    else if (key == "rotor_bars")
      n.rotor_bars = whole(value, key, source, 1000);
    else if (key == "name")
      n.name = text(value, key, source);
    else if (key == "bearings") {
      if (!value.is_array() || value.size() > 16)
        throw bad_key(source, "bearings is no short list");
      for (const json& b : value) n.bearings.push_back(bearing_from_json(b, source));
    } else
      throw bad_key(source, fmt::format("there is no key '{}'", key.substr(0, 40)));
  }
  return n;
}

Nameplate read_nameplate(const std::filesystem::path& path) {
  const json in = json::parse(read_text(path, 1 << 20), nullptr, false);
  if (in.is_discarded()) throw bad_key(path.string(), "it is no JSON");
  return nameplate_from_json(in, path.string());
}

json to_json(const Nameplate& n) {
  json out = json::object();
  const auto put = [&](const char* key, double value) {
    if (value > 0) out[key] = value;
  };
  put("supply_hz", n.supply_hz);
  put("rated_rpm", n.rated_rpm);
  put("measured_rpm", n.measured_rpm);
  put("rated_current", n.rated_current);
  put("rated_power_kw", n.rated_power_kw);
  if (n.pole_pairs > 0) out["pole_pairs"] = n.pole_pairs;
  if (n.rotor_bars > 0) out["rotor_bars"] = n.rotor_bars;
  if (!n.name.empty()) out["name"] = n.name;
  for (const Bearing& b : n.bearings) out["bearings"].push_back(to_json(b));
  return out;
}

int pole_pairs_of(const Nameplate& n, double supply_hz) {
  if (n.pole_pairs > 0) return n.pole_pairs;
  if (!(n.rated_rpm > 0) || !(supply_hz > 0)) return 0;
  return static_cast<int>(60 * supply_hz / n.rated_rpm + 1e-9);
}

namespace {

std::optional<double> slip_from_lines(const FrequencySpectrum& s, double supply, int pairs) {
  constexpr double most = 0.10;
  const double width = s.step, beyond = 5 + 10 * width;
  double best = 0, slip = 0;
  for (double one = 0; one <= most; one += s.step * pairs / supply / 4) {
    const double shaft = (1 - one) * supply / pairs;
    const double low = std::abs(supply - shaft), high = supply + shaft;
    const double a = peak_near(s, low, width / 2).second, b = peak_near(s, high, width / 2).second;
    const double fa = median_around(s, low, 3 * width, beyond),
                 fb = median_around(s, high, 3 * width, beyond);
    if (!(fa > 0) || !(fb > 0) || low < 3 * width) continue;
    const double over = std::min(a / fa, b / fb);
    if (over > best) {
      best = over;
      slip = one;
    }
  }
  if (best < std::pow(10, 0.5)) return std::nullopt; // 10 dB
  return slip;
}

}

Slip slip_of(const Nameplate& n, double supply, const FrequencySpectrum& amplitudes) {
  Slip out;
  const int pairs = pole_pairs_of(n, supply);
  if (pairs <= 0 || !(supply > 0)) {
    out.text = "The slip is unknown: the nameplate gives neither pole pairs nor a rated speed.";
    return out;
  }
  const double synchronous = 60 * supply / pairs;
  const auto set = [&](double slip, SlipSource source, std::string words) {
    out = {slip, (1 - slip) * supply / pairs, source, std::move(words)};
  };
  if (n.measured_rpm > 0) {
    const double slip = (synchronous - n.measured_rpm) / synchronous;
    if (slip < 0 || slip > 1) {
      out.text =
          fmt::format("The measured speed of {} rpm does not fit a synchronous speed of {:.1f} "
                      "rpm: the slip is unknown.",
                      n.measured_rpm, synchronous);
      return out;
    }
    set(slip, SlipSource::Measured, fmt::format("Slip {:.4f} from the measured speed.", slip));
  } else if (const auto slip = slip_from_lines(amplitudes, supply, pairs)) {
    set(*slip, SlipSource::Spectrum,
        fmt::format("Slip {:.4f} from the lines f - fr and f + fr of the spectrum.", *slip));
  } else if (n.rated_rpm > 0 && n.rated_rpm < synchronous) {
    const double rated = (synchronous - n.rated_rpm) / synchronous;
    set(rated, SlipSource::Nameplate,
        fmt::format("Slip {:.4f} from the rated speed; at less than full load it is smaller, and "
                    "the bands that depend on it lie elsewhere.",
                    rated));
  } else
    out.text = "The slip is unknown: no speed is given and the spectrum shows none.";
  return out;
}

std::vector<FaultBand> fault_bands(const Nameplate& n, double supply, const Slip& slip, double rate,
                                   double resolution) {
  std::vector<FaultBand> out;
  if (slip.source == SlipSource::Unknown) return out;
  const double narrow = 2 * resolution;
  const std::array<double, 3> bars{-50, -45, -40}, eccentric{-50, -44, -38}, bearing{-60, -50, -40};
  for (int k = 1; k <= 2; ++k)
    add_pair(out, "broken bar", k == 1 ? "(1 {} 2s) f" : "(1 {} 4s) f", supply,
             2 * k * slip.value * supply, std::max(narrow, 0.1 * 2 * k * slip.value * supply), bars,
             fmt::format("f (1 +- 2ks), Pons-Llinares et al., eq. 1; {}", empirical), rate);
  for (int k = 1; k <= 2; ++k)
    add_pair(out, "eccentricity", k == 1 ? "f {} fr" : "f {} 2 fr", supply, k * slip.shaft_hz,
             std::max(narrow, 0.01 * k * slip.shaft_hz), eccentric,
             fmt::format("f +- k fr, mixed eccentricity{}; {}",
                         k == 2 ? " (some sources read f +- 2 fr as an inter-turn short)" : "",
                         empirical),
             rate);
  for (const Bearing& b : n.bearings) {
    const BearingFrequencies f = bearing_frequencies(b, slip.shaft_hz);
    for (const auto& [name, hz] : std::initializer_list<std::pair<const char*, double>>{
             {"outer ring", f.outer}, {"inner ring", f.inner}, {"ball", f.ball}, {"cage", f.cage}})
      add_pair(out, fmt::format("bearing {}, {}", b.name, name), "|f {} fv|", supply, hz,
               std::max(narrow, 0.01 * hz), bearing,
               fmt::format("|f +- fv|, geometry: {}; {}, own choice", b.source, empirical), rate);
  }
  return out;
}

namespace {

// Distance to the nearest harmonic, or to an odd one up to the 41st that sampling has folded back:
// a clipped current has them, and a sensor without a filter lets them through.
double to_harmonic(double hz, double supply, double rate) {
  double least = std::abs(hz - supply * std::max(1.0, std::round(hz / supply)));
  for (int k = 3; k <= 41 && rate > 0; k += 2)
    least = std::min(least, std::abs(hz - std::abs(std::remainder(k * supply, rate))));
  return least;
}

}

void judge_band(BandLevel& b, double incipient_from) {
  const double shift = incipient_from - b.band.thresholds[0];
  for (double& t : b.band.thresholds) t += shift;
  b.severity = 0;
  if (!b.resolved || b.level_db < b.floor_db + 6) return;
  for (int k = 0; k < 3; ++k)
    if (b.level_db > b.band.thresholds[static_cast<std::size_t>(k)]) b.severity = k + 1;
}

std::vector<BandLevel> measure_bands(const std::vector<FaultBand>& bands,
                                     const FrequencySpectrum& s, double supply,
                                     double main_lobe_bins) {
  std::vector<BandLevel> out;
  const double lobe = main_lobe_bins * s.step,
               rate =
                   2 * s.step * static_cast<double>(std::max<std::size_t>(1, s.values.size()) - 1);
  const double reference = peak_near(s, supply, lobe).second;
  for (const FaultBand& band : bands) {
    BandLevel level{.band = band};
    level.resolved = to_harmonic(band.centre, supply, rate) > band.half_width + 2 * lobe;
    const auto [at, most] = peak_near(s, band.centre, band.half_width);
    level.peak_hz = at;
    level.level_db = decibels(most, reference);
    level.floor_db =
        decibels(median_around(s, band.centre, band.half_width, 10 * band.half_width), reference);
    judge_band(level, band.thresholds[0]);
    out.push_back(std::move(level));
  }
  return out;
}

const std::vector<Bearing>& common_bearings() {
  static const std::vector<Bearing> list = {
      {"6203-2RS", "Case Western Reserve University Bearing Data Center, lengths in inch", 8,
       0.2656, 1.122, 0},
      {"6205-2RS", "Case Western Reserve University Bearing Data Center, lengths in inch", 9,
       0.3126, 1.537, 0},
      {"UER204", "XJTU-SY data set, Wang et al., IEEE Trans. Reliab. 69(1), 2020, lengths in mm", 8,
       7.92, 34.55, 0},
      {"ZA-2115",
       "IMS data set, University of Cincinnati, Qiu et al., J. Sound Vib. 289, 2006, lengths in "
       "inch; a row of two",
       16, 0.331, 2.815, 15.17},
      {"6804DD",
       "PRONOSTIA data set, FEMTO-ST, Nectoux et al., IEEE PHM conference, 2012, lengths in mm", 13,
       3.5, 25.6, 0},
      {"NICE, MFPT",
       "fault data sets of the Society for Machinery Failure Prevention Technology, lengths in "
       "inch",
       8, 0.235, 1.245, 0},
  };
  return list;
}

}
