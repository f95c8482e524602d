#include "modules/io/inflate.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <span>

namespace sensorium::grid {
namespace {

constexpr int gzip_or_zlib = 15 + 32;
constexpr int write_gzip = 15 + 16;

class Inflater {
public:
  Inflater() {
    if (inflateInit2(&stream_, gzip_or_zlib) != Z_OK)
      throw Error(ErrorCode::Resources, "zlib cannot start", "close other programs and try again");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& stream() { return stream_; }

private:
  z_stream stream_{};
};

Bytef* bytes_of(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

// Inflates from offset on until limit bytes came out or the data ends; members of a gzip file
// follow each other.
template<class Sink>
std::uint64_t inflate_pieces(const std::filesystem::path& path, std::span<const std::byte> all,
                             std::uint64_t offset, std::uint64_t limit, const Sink& sink) {
  const auto damaged = [&](std::string_view what) {
    return Error(ErrorCode::BadInput,
                 fmt::format("'{}': the compressed data {}", path.string(), what),
                 "copy or export the file again");
  };
  if (offset >= all.size()) throw damaged("is missing");
  Inflater inflater;
  z_stream& stream = inflater.stream();
  std::array<std::byte, 1 << 16> out;
  const auto* next = reinterpret_cast<const char*>(all.data()) + offset;
  std::uint64_t left = all.size() - offset, total = 0;
  while (total < limit) {
    if (stream.avail_in == 0 && left > 0) {
      const std::uint64_t piece = std::min<std::uint64_t>(left, 1u << 30);
      stream.next_in = bytes_of(next);
      stream.avail_in = static_cast<uInt>(piece);
      next += piece;
      left -= piece;
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(std::min<std::uint64_t>(out.size(), limit - total));
    const std::size_t room = stream.avail_out;
    const int state = inflate(&stream, Z_NO_FLUSH);
    sink(std::span<const std::byte>(out.data(), room - stream.avail_out));
    total += room - stream.avail_out;
    if (state == Z_STREAM_END) {
      if (stream.avail_in <= 2 || stream.next_in[0] != 0x1f || stream.next_in[1] != 0x8b) break;
      inflateReset(&stream);
    } else if (state == Z_BUF_ERROR) {
      throw damaged(fmt::format("ends early (after {} bytes)", total));
    } else if (state != Z_OK) {
      throw damaged(fmt::format("is damaged (after {} bytes)", total));
    }
  }
  return total;
}

}

bool is_gzip(std::string_view head) {
  return head.size() > 2 && head[0] == '\x1f' && head[1] == '\x8b';
}

std::string inflated_head(std::string_view head, std::size_t count) {
  Inflater inflater;
  z_stream& stream = inflater.stream();
  std::string out(count, '\0');
  stream.next_in = bytes_of(head.data());
  stream.avail_in = static_cast<uInt>(head.size());
  stream.next_out = bytes_of(out.data());
  stream.avail_out = static_cast<uInt>(count);
  inflate(&stream, Z_SYNC_FLUSH);
  out.resize(count - stream.avail_out);
  return out;
}

std::uint64_t inflated_size(const std::filesystem::path& path, std::uint64_t offset,
                            std::uint64_t limit) {
  const auto file = MappedFile::open(path);
  return inflate_pieces(path, file->bytes(), offset, limit, [](std::span<const std::byte>) {});
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path, bool compressed,
                                  std::uint64_t compressed_offset, std::uint64_t offset,
                                  std::uint64_t count) {
  const auto file = MappedFile::open(path);
  const auto all = file->bytes();
  std::vector<std::byte> out;
  out.reserve(count);
  if (compressed) {
    std::uint64_t skip = offset;
    inflate_pieces(
        path, all, compressed_offset, offset + count, [&](std::span<const std::byte> piece) {
          const std::uint64_t from = std::min<std::uint64_t>(skip, piece.size());
          skip -= from;
          const std::uint64_t n = std::min<std::uint64_t>(piece.size() - from, count - out.size());
          out.insert(out.end(), piece.begin() + static_cast<std::ptrdiff_t>(from),
                     piece.begin() + static_cast<std::ptrdiff_t>(from + n));
        });
  } else if (offset <= all.size()) {
    const auto n = std::min<std::uint64_t>(count, all.size() - offset);
    out.assign(all.begin() + static_cast<std::ptrdiff_t>(offset),
               all.begin() + static_cast<std::ptrdiff_t>(offset + n));
  }
  if (out.size() < count)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}': {} bytes of samples are wanted, there are {}", path.string(),
                            count, out.size()),
                "copy or export the file again");
  return out;
}

std::string gzipped(std::string_view content) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, write_gzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error(ErrorCode::Resources, "zlib cannot start", "close other programs and try again");
  std::string out;
  std::array<char, 1 << 16> piece;
  const char* next = content.data();
  std::size_t left = content.size();
  int state = Z_OK;
  do {
    if (stream.avail_in == 0 && left > 0) {
      const std::size_t count = std::min<std::size_t>(left, 1u << 30);
      stream.next_in = bytes_of(next);
      stream.avail_in = static_cast<uInt>(count);
      next += count;
      left -= count;
    }
    stream.next_out = bytes_of(piece.data());
    stream.avail_out = piece.size();
    state = deflate(&stream, left == 0 ? Z_FINISH : Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
  } while (state == Z_OK || state == Z_BUF_ERROR);
  deflateEnd(&stream);
  if (state != Z_STREAM_END)
    throw Error(ErrorCode::Internal, fmt::format("zlib failed with {}", state));
  return out;
}

}
