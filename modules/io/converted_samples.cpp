#include "modules/io/converted_samples.h"

#include "modules/core/error.h"
#include "modules/io/recording_table.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kept_in_memory = std::uint64_t{32} << 20;

void remove_unused(const fs::path& folder) {
  std::error_code code;
  const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(24 * 30);
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored) && entry.last_write_time(ignored) < oldest)
      fs::remove(entry.path(), ignored);
  }
}

// A file that is removed unless it is kept.
class Draft {
public:
  explicit Draft(fs::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (fd_ < 0) fail();
  }
  ~Draft() {
    if (fd_ >= 0) ::close(fd_);
    std::error_code ignored;
    if (!kept_) fs::remove(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  void put(std::uint64_t offset, std::span<const std::byte> piece) const {
    while (!piece.empty()) {
      const ssize_t done = ::pwrite(fd_, piece.data(), piece.size(), static_cast<off_t>(offset));
      if (done <= 0) fail();
      offset += static_cast<std::uint64_t>(done);
      piece = piece.subspan(static_cast<std::size_t>(done));
    }
  }
  void keep(const fs::path& as, std::uint64_t bytes) {
    std::error_code code;
    if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0 || ::close(fd_) != 0)
      code.assign(1, std::generic_category());
    fd_ = -1;
    if (!code) fs::rename(path_, as, code);
    if (code) fail();
    kept_ = true;
  }

private:
  [[noreturn]] void fail() const {
    throw Error(ErrorCode::Resources,
                fmt::format("cannot write the unpacked samples '{}': {}", path_.string(),
                            std::strerror(errno)),
                "free space there, or choose another folder with $SENSORIUM_CACHE");
  }
  fs::path path_;
  int fd_ = -1;
  bool kept_ = false;
};

StoredSamples in_memory(std::uint64_t bytes, const std::function<void(const PutSamples&)>& fill) {
  std::vector<std::byte> all(bytes);
  fill([&](std::uint64_t offset, std::span<const std::byte> piece) {
    if (offset > all.size() || piece.size() > all.size() - offset)
      throw Error(ErrorCode::Internal, "samples beyond their end");
    std::copy(piece.begin(), piece.end(), all.begin() + static_cast<std::ptrdiff_t>(offset));
  });
  return {Buffer(std::move(all)), "", 0};
}

void check_space(const fs::path& source, const fs::path& folder, std::uint64_t bytes) {
  std::error_code code;
  const auto space = fs::space(folder, code);
  if (code || space.available >= bytes) return;
  throw Error(ErrorCode::Resources,
              fmt::format("'{}' unpacks to {} bytes, and '{}' has {} left", source.string(), bytes,
                          folder.string(), space.available),
              "free space there, or choose another folder with $SENSORIUM_CACHE");
}

}

StoredSamples converted_samples(const fs::path& source, std::string_view what, std::uint64_t bytes,
                                const std::function<void(const PutSamples&)>& fill) {
  if (bytes <= kept_in_memory) return in_memory(bytes, fill);
  const fs::path folder = cache_folder() / "cubes";
  make_folder(folder);
  const fs::path file = folder / (conversion_key(source, what) + ".raw");
  std::error_code code;
  if (fs::is_regular_file(file, code) && fs::file_size(file, code) == bytes) {
    fs::last_write_time(file, fs::file_time_type::clock::now(), code);
  } else {
    remove_unused(folder);
    check_space(source, folder, bytes);
    Draft draft(file.string() + fmt::format(".{}", ::getpid()));
    fill([&](std::uint64_t offset, std::span<const std::byte> piece) {
      if (offset > bytes || piece.size() > bytes - offset)
        throw Error(ErrorCode::Internal, "samples beyond their end");
      draft.put(offset, piece);
    });
    draft.keep(file, bytes);
  }
  const auto map = MappedFile::open(file);
  return {Buffer(map, 0, map->bytes().size()), file.string(), 0};
}

}
