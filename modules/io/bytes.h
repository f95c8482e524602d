// Bounded reading from a file's bytes. What lies outside the file is an Error, never memory.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/error.h"

#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sensorium {

static_assert(std::endian::native == std::endian::little, "stored samples are copied as they are");

// Whether a reader delivers the samples, or all but them.
enum class Samples { Load, Skip };

// A vendor's pixel distance in millimetres as a Spacing; unknown with its reason unless 1e-6 <= mm
// <= 100.
Spacing vendor_spacing_mm(double mm, const std::string& field);

// Valid UTF-8 without control characters: bytes that are no UTF-8 are taken as Latin-1. Ends at the
// first NUL.
std::string clean_text(std::string_view raw);

class Bytes {
public:
  // name: the file, for messages.
  Bytes(std::span<const std::byte> data, std::string name) : data_(data), name_(std::move(name)) {}
  std::uint64_t size() const { return data_.size(); }
  const std::string& name() const { return name_; }
  std::span<const std::byte> all() const { return data_; }
  bool has(std::uint64_t offset, std::uint64_t count) const {
    return offset <= data_.size() && count <= data_.size() - offset;
  }

  // Each throws Error BadInput ("cut short", naming what) when it leaves the file.
  std::span<const std::byte> part(std::uint64_t offset, std::uint64_t count,
                                  std::string_view what) const;
  std::string text(std::uint64_t offset, std::uint64_t count,
                   std::string_view what) const; // cleaned
  template<class T> T little(std::uint64_t offset, std::string_view what) const {
    return read<T>(offset, what, false);
  }
  template<class T> T big(std::uint64_t offset, std::string_view what) const {
    return read<T>(offset, what, true);
  }

  Error bad(const std::string& what,
            const std::string& hint = "export or copy the file again") const;
  Error unsupported(const std::string& what, const std::string& hint) const;

private:
  template<class T> T read(std::uint64_t offset, std::string_view what, bool swapped) const {
    const auto bytes = part(offset, sizeof(T), what);
    std::array<std::byte, sizeof(T)> raw;
    for (std::size_t i = 0; i < sizeof(T); ++i) raw[i] = bytes[swapped ? sizeof(T) - 1 - i : i];
    return std::bit_cast<T>(raw);
  }
  std::span<const std::byte> data_;
  std::string name_;
};

}
