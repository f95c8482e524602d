#include "pipelines/motor_fault/currents.h"

#include "modules/core/error.h"
#include "modules/signal/audit.h"
#include "modules/signal/gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace sensorium::motor_fault {
namespace {

std::array<std::size_t, 3> named_channels(const Recording& r, const std::string& names) {
  std::array<std::size_t, 3> out{};
  std::istringstream in(names);
  std::string name, known;
  for (const Channel& c : r.channels) known += (known.empty() ? "" : ", ") + c.name;
  std::size_t count = 0;
  for (; std::getline(in, name, ','); ++count) {
    const auto found = std::find_if(r.channels.begin(), r.channels.end(),
                                    [&](const Channel& c) { return c.name == name; });
    if (found == r.channels.end())
      throw Error(ErrorCode::Usage, fmt::format("'{}' has no channel '{}'", r.origin.path, name),
                  fmt::format("its channels are {}", known));
    if (count < 3) out[count] = static_cast<std::size_t>(found - r.channels.begin());
  }
  if (count != 3)
    throw Error(ErrorCode::Usage,
                fmt::format("--phases names {} channels, three are needed", count),
                fmt::format("the channels are {}", known));
  return out;
}

void find_supply(Currents& c, const Nameplate& nameplate, const std::string& path) {
  const double low = nameplate.supply_hz > 0 ? 0.8 * nameplate.supply_hz : 10,
               high = nameplate.supply_hz > 0 ? 1.2 * nameplate.supply_hz : 400;
  const ThreePhase phases = c.phases();
  const std::size_t count = std::min<std::size_t>(c.size(), std::size_t{1} << 17);
  const std::array<std::span<const double>, 3> head{phases[0].first(count), phases[1].first(count),
                                                    phases[2].first(count)};
  const auto sine = strongest_sine(head, c.rate.hertz, low, std::min(high, 0.45 * c.rate.hertz));
  if (!sine)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' shows no alternating current between {:.4g} and {:.4g} Hz", path,
                            low, high),
                "check the sample rate, the channels (--phases) and supply_hz of the nameplate");
  c.supply_hz = sine->frequency;
  if (static_cast<double>(c.size()) < 12 * c.rate.hertz / c.supply_hz)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' holds {:.1f} periods of the supply, twelve are needed", path,
                            static_cast<double>(c.size()) * c.supply_hz / c.rate.hertz),
                "record at least half a second");
}

}

Source source_of(const Recording& r, const MotorParameters& p) {
  Source out;
  if (!p.phases.empty()) {
    out.index = named_channels(r, p.phases);
  } else if (const auto phases = phase_channels(r)) {
    out.index = phases->index;
    out.notes.push_back(phases->how);
  } else
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' has {} channels; three stator currents are needed", r.origin.path,
                            r.channels.size()),
                "record all three phases, or name the channels with --phases");
  out.rate =
      p.rate > 0 && !r.rate.known() ? known_rate(p.rate, RateSource::UserEntry, "--rate") : r.rate;
  if (!out.rate.known())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the sample rate of '{}' is unknown: {}", r.origin.path, r.rate.field),
                "give it with --rate");
  if (p.rate > 0 && r.rate.known() && std::abs(p.rate / r.rate.hertz - 1) > 1e-6)
    throw Error(
        ErrorCode::Usage,
        fmt::format("--rate says {} Hz, '{}' says {:.9g} Hz", p.rate, r.origin.path, r.rate.hertz),
        "leave --rate out");
  return out;
}

Currents currents_of(const Recording& r, const MotorParameters& p, const Nameplate& nameplate) {
  const Source source = source_of(r, p);
  const auto& index = source.index;
  Currents out;
  out.rate = source.rate;
  out.notes = source.notes;
  const auto count = std::min<std::uint64_t>(r.length, longest_samples);
  if (count < r.length)
    out.notes.push_back(fmt::format("The first {:.6g} s of {:.6g} s were analysed.",
                                    static_cast<double>(count) / out.rate.hertz,
                                    static_cast<double>(r.length) / out.rate.hertz));
  std::uint64_t absent = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    out.values[k] = block(r, index[k], 0, count);
    absent += bridge_gaps(out.values[k]);
    out.names[k] = r.channels[index[k]].name;
  }
  if (absent > 0) out.notes.push_back(fmt::format("{} missing samples were bridged.", absent));
  out.unit = r.channels[index[0]].unit;
  out.start_s = r.start_s;
  find_supply(out, nameplate, r.origin.path);
  return out;
}

}
