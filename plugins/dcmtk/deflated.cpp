#include "plugins/dcmtk/deflated.h"

#include "plugins/dcmtk/dicom_file.h"

#include "modules/core/file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace sensorium::dicom {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view deflated_syntax = "1.2.840.10008.1.2.1.99";

// Where the deflated data set begins, nothing when the meta information names another transfer
// syntax.
std::optional<std::size_t> deflated_at(std::span<const std::byte> all) {
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::uint32_t value = 0;
    if (at + bytes <= all.size()) std::memcpy(&value, all.data() + at, bytes);
    return value;
  };
  if (all.size() < 144 || std::memcmp(all.data() + 128, "DICM", 4) != 0) return std::nullopt;
  if (number(132, 4) != 0x00000002) return std::nullopt;
  const std::size_t end = std::min<std::size_t>(all.size(), std::size_t{144} + number(140, 4));
  bool deflated = false;
  for (std::size_t at = 144; at + 8 <= end;) {
    const std::string_view vr(reinterpret_cast<const char*>(all.data()) + at + 4, 2);
    const bool wide = vr == "OB" || vr == "UN";
    const std::size_t value = at + (wide ? 12 : 8);
    const std::size_t length = wide ? number(at + 8, 4) : number(at + 6, 2);
    if (value > end || length > end - value) break;
    if (number(at, 4) == 0x00100002) {
      std::string_view uid(reinterpret_cast<const char*>(all.data()) + value, length);
      deflated =
          uid.substr(0, uid.find_last_not_of(std::string_view("\0 ", 2)) + 1) == deflated_syntax;
    }
    at = value + length;
  }
  return deflated && end < all.size() ? std::optional(end) : std::nullopt;
}

void write_all(int descriptor, const unsigned char* data, std::size_t count) {
  while (count > 0) {
    const auto done = ::write(descriptor, data, count);
    if (done <= 0)
      throw Error(ErrorCode::Resources, "no memory to inflate a DICOM file",
                  "close other programs and try again");
    data += done;
    count -= static_cast<std::size_t>(done);
  }
}

struct Inflater {
  z_stream stream{};
  ~Inflater() { inflateEnd(&stream); }
};

}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

fs::path MemoryFile::path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

std::optional<MemoryFile> inflated_dataset(const fs::path& path) {
  const auto file = MappedFile::open(path);
  const auto all = file->bytes();
  const auto start_at = deflated_at(all);
  if (!start_at) return std::nullopt;
  const int descriptor = ::memfd_create("sensorium_dicom", MFD_CLOEXEC);
  if (descriptor < 0)
    throw Error(ErrorCode::Resources, "no memory to inflate a DICOM file",
                "close other programs and try again");
  MemoryFile out(descriptor);
  Inflater inflater;
  z_stream& stream = inflater.stream;
  if (inflateInit2(&stream, -15) != Z_OK)
    throw Error(ErrorCode::Resources, "zlib cannot start", "close other programs and try again");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(all.data() + *start_at));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(all.size() - *start_at, 1u << 31));
  std::array<unsigned char, 1 << 16> piece;
  std::uint64_t total = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = piece.data();
    stream.avail_out = piece.size();
    state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t count = piece.size() - stream.avail_out;
    total += count;
    if (total > allocation_limit())
      throw bad(path,
                fmt::format("its deflated data holds more than {} bytes", allocation_limit()));
    write_all(descriptor, piece.data(), count);
  }
  if (state != Z_STREAM_END)
    throw bad(path, fmt::format("its deflated data {} after {} bytes",
                                state == Z_BUF_ERROR ? "ends early" : "is damaged", total));
  return out;
}

}
