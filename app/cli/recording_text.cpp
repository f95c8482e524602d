#include "app/cli/recording_text.h"

#include "modules/signal/audit.h"

#include <fmt/format.h>

namespace sensorium {
namespace {

void add_line(std::string& out, const std::string& name, const std::string& value) {
  out += fmt::format("{:<14}{}\n", name, value);
}

}

std::string recording_text(const Recording& r) {
  std::string out;
  add_line(
      out, "kind",
      fmt::format("recording, {} channel{}", r.channels.size(), r.channels.size() == 1 ? "" : "s"));
  const auto seconds = duration_s(r);
  add_line(out, "samples", fmt::format("{} of each channel", r.length));
  add_line(out, "rate",
           r.rate.known()
               ? fmt::format("{:.6g} Hz  ({}: {})", r.rate.hertz,
                             to_json(r.rate).at("source").get<std::string>(), r.rate.field)
               : fmt::format("unknown ({})", r.rate.field));
  add_line(out, "duration",
           seconds ? fmt::format("{:.6g} s", *seconds) : "unknown, as the rate is");
  if (r.length == 0) return out;
  const Audit found = audit(r);
  for (std::size_t c = 0; c < r.channels.size(); ++c) {
    const Channel& channel = r.channels[c];
    const ChannelStatistics& s = found.channels[c];
    add_line(
        out, "channel",
        fmt::format("{}  unit {}{}", channel.name, channel.unit.empty() ? "unknown" : channel.unit,
                    is_status(channel) ? std::string()
                                       : fmt::format("  {:.5g} to {:.5g}, mean {:.4g}, rms {:.5g}",
                                                     s.minimum, s.maximum, s.mean, s.rms)));
  }
  for (const AuditEntry& entry : found.entries) add_line(out, "audit", entry.text);
  if (found.sampled) add_line(out, "audit", "Only evenly spaced parts were looked at.");
  return out;
}

nlohmann::json audit_json(const Recording& r) {
  nlohmann::json list = nlohmann::json::array();
  if (r.length == 0) return list;
  for (const AuditEntry& e : audit(r).entries)
    list.push_back({{"kind", e.kind},
                    {"channel", e.channel < 0 ? nlohmann::json() : nlohmann::json(e.channel)},
                    {"value", e.value},
                    {"text", e.text}});
  return list;
}

}
