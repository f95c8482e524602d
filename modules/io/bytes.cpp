#include "modules/io/bytes.h"

#include <fmt/format.h>

#include <cmath>

namespace sensorium {
namespace {

// Length of the UTF-8 sequence at the front, 0 when it is none (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF && tail(1)) return 2;
  if (lead >= 0xE0 && lead <= 0xEF && tail(1) && tail(2)) {
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4 && tail(1) && tail(2) && tail(3)) {
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool beyond = lead == 0xF4 && at(1) > 0x8F;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

}

Spacing vendor_spacing_mm(double mm, const std::string& field) {
  if (!std::isfinite(mm) || mm < 1e-6 || mm > 100)
    return unknown_spacing(fmt::format("{} says {:g} mm", field, mm));
  return known_spacing(mm * 1000, ScaleSource::VendorField, field);
}

std::string clean_text(std::string_view raw) {
  std::string_view rest = raw.substr(0, raw.find('\0'));
  std::string out;
  while (!rest.empty()) {
    const auto lead = static_cast<unsigned char>(rest.front());
    const std::size_t length = utf8_length(rest);
    if (length > 1) {
      out += rest.substr(0, length);
    } else if (length == 0) {
      out += static_cast<char>(0xC0 | (lead >> 6));
      out += static_cast<char>(0x80 | (lead & 0x3F));
    } else if (lead >= 0x20 && lead != 0x7F) {
      out += rest.front();
    }
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  const std::size_t last = out.find_last_not_of(' ');
  out.resize(last == std::string::npos ? 0 : last + 1);
  return out;
}

std::span<const std::byte> Bytes::part(std::uint64_t offset, std::uint64_t count,
                                       std::string_view what) const {
  if (!has(offset, count))
    throw bad(fmt::format("is cut short: {} needs {} bytes at {}, the file has {}", what, count,
                          offset, size()));
  return data_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
}

std::string Bytes::text(std::uint64_t offset, std::uint64_t count, std::string_view what) const {
  const auto bytes = part(offset, count, what);
  return clean_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Error Bytes::bad(const std::string& what, const std::string& hint) const {
  return Error(ErrorCode::BadInput, fmt::format("'{}' {}", name_, what), hint);
}

Error Bytes::unsupported(const std::string& what, const std::string& hint) const {
  return Error(ErrorCode::Unsupported, fmt::format("'{}' {}", name_, what), hint);
}

}
