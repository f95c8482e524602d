#include "modules/learn/event_file.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>

namespace sensorium {
namespace {

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  return out + static_cast<char>(value);
}
std::string key(int field, int wire) {
  return varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire));
}
template<class T> std::string fixed(T value) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &value, sizeof(T));
  return out;
}
std::string bytes_field(int field, const std::string& content) {
  return key(field, 2) + varint(content.size()) + content;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

}

std::uint32_t crc32c(const void* data, std::size_t size) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? (c >> 1) ^ 0x82f63b78u : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  std::uint32_t crc = ~0u;
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
  return ~crc;
}

struct EventFile::Parts {
  std::ofstream out;
  std::filesystem::path path;
  void record(const std::string& event) {
    const std::string length = fixed<std::uint64_t>(event.size());
    out << length << fixed(masked(crc32c(length.data(), length.size()))) << event
        << fixed(masked(crc32c(event.data(), event.size())));
    if (!out)
      throw Error(ErrorCode::Resources, fmt::format("cannot write '{}'", path.string()),
                  "is the disk full?");
  }
};

EventFile::EventFile(const std::filesystem::path& folder) : parts_(std::make_unique<Parts>()) {
  make_folder(folder);
  // Readers take the files in the order of their names.
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  const double now = static_cast<double>(nanoseconds) * 1e-9;
  parts_->path = folder / fmt::format("events.out.tfevents.{:010}.{:09}.sensorium",
                                      nanoseconds / 1000000000, nanoseconds % 1000000000);
  parts_->out.open(parts_->path, std::ios::binary | std::ios::app);
  parts_->record(key(1, 1) + fixed(now) + bytes_field(3, "brain.Event:2"));
}

EventFile::~EventFile() = default;

void EventFile::scalar(const std::string& tag, double value, std::int64_t step,
                       double wall_time_s) {
  const std::string entry = bytes_field(1, tag) + key(2, 5) + fixed(static_cast<float>(value));
  parts_->record(key(1, 1) + fixed(wall_time_s) + key(2, 0) +
                 varint(static_cast<std::uint64_t>(step)) + bytes_field(5, bytes_field(1, entry)));
}

void EventFile::start(std::int64_t step) {
  const auto now = static_cast<double>(std::time(nullptr));
  parts_->record(key(1, 1) + fixed(now) + key(2, 0) + varint(static_cast<std::uint64_t>(step)) +
                 bytes_field(7, key(1, 0) + varint(1)));
}

void EventFile::flush() {
  if (!parts_->out.flush())
    throw Error(ErrorCode::Resources, fmt::format("cannot write '{}'", parts_->path.string()),
                "is the disk full?");
}

}
