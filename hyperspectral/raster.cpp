#include "hyperspectral/raster.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sensorium::hyper {
namespace {

constexpr std::size_t most_in_memory = std::size_t{64} << 20;

int nameless_file(std::size_t bytes) {
  make_folder(cache_folder());
  std::string name = (cache_folder() / "rasterXXXXXX").string();
  const int file = ::mkstemp(name.data());
  const auto fail = [&] {
    const int code = errno;
    if (file >= 0) ::close(file);
    return Error(ErrorCode::Resources,
                 fmt::format("cannot keep {} bytes of a picture in '{}': {}", bytes,
                             cache_folder().string(), std::strerror(code)),
                 "free some space there, or set $SENSORIUM_CACHE to a folder with more room");
  };
  if (file < 0) throw fail();
  ::unlink(name.c_str());
  // Room is taken now: a full disk must not end the program at a later write.
  if (const int code = ::posix_fallocate(file, 0, static_cast<off_t>(bytes)); code != 0) {
    errno = code;
    throw fail();
  }
  return file;
}

}

Raster::Raster(int lines, int samples, int channels)
    : lines_(lines), samples_(samples), channels_(channels) {
  bytes_ = checked_bytes({static_cast<std::uint64_t>(lines), static_cast<std::uint64_t>(samples),
                          static_cast<std::uint64_t>(channels) * sizeof(float)},
                         std::uint64_t{1} << 50, "a picture");
  mapped_ = bytes_ > most_in_memory;
  const int file = mapped_ ? nameless_file(bytes_) : -1;
  void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                        mapped_ ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, file, 0);
  if (file >= 0) ::close(file);
  if (memory == MAP_FAILED)
    throw Error(ErrorCode::Resources, fmt::format("no memory for {} bytes of a picture", bytes_),
                "close other programs");
  data_ = static_cast<float*>(memory);
}

Raster::~Raster() { ::munmap(data_, bytes_); }

std::span<float> Raster::rows(int line, int count) {
  const std::size_t row = static_cast<std::size_t>(channels_) * static_cast<std::size_t>(samples_);
  return {data_ + row * static_cast<std::size_t>(line), row * static_cast<std::size_t>(count)};
}

std::span<const float> Raster::rows(int line, int count) const {
  return const_cast<Raster*>(this)->rows(line, count);
}

void Raster::release() const {
  if (mapped_) ::madvise(data_, bytes_, MADV_DONTNEED); // a shared mapping keeps its content
}

}
