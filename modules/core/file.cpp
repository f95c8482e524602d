#include "modules/core/file.h"

#include "modules/core/error.h"
#include "modules/core/map_guard.h"
#include "modules/core/mapped_place.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

Error io_error(const fs::path& path, std::string_view doing) {
  const int code = errno;
  const bool closed = code == EACCES || code == EPERM || code == EROFS;
  const bool absent = code == ENOENT || code == ENOTDIR;
  return Error(absent ? ErrorCode::NotFound : ErrorCode::Resources,
               fmt::format("cannot {} '{}': {}", doing, path.string(), std::strerror(code)),
               absent           ? "check the path"
               : code == ENOSPC ? "the disk is full: free some space and try again"
               : closed         ? "nothing may be written or read there; choose another place"
                                : "check the disk or the network share it lies on");
}

// Of the file that is wanted, not of its temporary name.
Error create_error(const fs::path& path) {
  if (errno != ENOENT && errno != ENOTDIR) return io_error(path, "create");
  const fs::path folder = path.parent_path();
  return Error(
      ErrorCode::NotFound,
      fmt::format("cannot create '{}': there is no folder '{}'", path.string(), folder.string()),
      "make the folder, or choose another place");
}

class Descriptor {
public:
  // A pipe without a writer must not hold the program up.
  Descriptor(const fs::path& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, mode)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_;
};

void sync_folder(const fs::path& folder) {
  const Descriptor directory(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY);
  if (directory) ::fsync(directory.get());
}

}

std::string read_text(const fs::path& path, std::uint64_t limit) {
  const Descriptor file(path, O_RDONLY);
  if (!file) throw io_error(path, "open");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw io_error(path, "open");
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is not a regular file", path.string()),
                "give a file");
  if (static_cast<std::uint64_t>(status.st_size) > limit)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' has {} bytes; at most {} are accepted here", path.string(),
                            status.st_size, limit),
                "is this the right file?");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const auto count = ::read(file.get(), text.data() + done, text.size() - done);
    if (count < 0) throw io_error(path, "read");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

std::vector<std::byte> read_head(const fs::path& path, std::size_t count) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw io_error(path, "open");
  std::vector<std::byte> head(count);
  in.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(count));
  head.resize(static_cast<std::size_t>(in.gcount()));
  return head;
}

void write_atomically(const fs::path& path, std::string_view content) {
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!file) throw create_error(path);
    std::size_t done = 0;
    while (done < content.size()) {
      const auto count = ::write(file.get(), content.data() + done, content.size() - done);
      if (count < 0) {
        const Error error = io_error(path, "write");
        ::unlink(temporary.c_str());
        throw error;
      }
      done += static_cast<std::size_t>(count);
    }
    if (::fsync(file.get()) != 0) {
      const Error error = io_error(path, "write");
      ::unlink(temporary.c_str());
      throw error;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = io_error(path, "replace");
    ::unlink(temporary.c_str());
    throw error;
  }
  sync_folder(path.parent_path());
}

// Never destroyed: files may stay mapped until the process ends.
static std::mutex maps_mutex;
static std::map<const std::byte*, std::pair<fs::path, std::size_t>>& maps() {
  static auto& open_ones = *new std::map<const std::byte*, std::pair<fs::path, std::size_t>>;
  return open_ones;
}

std::shared_ptr<const MappedFile> MappedFile::open(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (!file) throw io_error(path, "open");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw io_error(path, "open");
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is not a regular file", path.string()),
                "give a file");
  if (status.st_size == 0)
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is empty", path.string()),
                "copy or export the file again");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) throw io_error(path, "map");
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->data_ = static_cast<const std::byte*>(address);
  mapped->size_ = size;
  std::error_code ignored;
  mapped->path_ = fs::absolute(path, ignored);
  mapped->device_ = status.st_dev;
  mapped->inode_ = status.st_ino;
  guard_map(address, size);
  const std::lock_guard lock(maps_mutex);
  maps()[mapped->data_] = {mapped->path_, size};
  return mapped;
}

std::optional<MappedPlace> mapped_place(const std::byte* address) {
  const std::lock_guard lock(maps_mutex);
  auto after = maps().upper_bound(address);
  if (after == maps().begin()) return std::nullopt;
  const auto& [begin, about] = *--after;
  const auto offset = static_cast<std::uint64_t>(address - begin);
  if (offset >= about.second) return std::nullopt;
  return MappedPlace{about.first, offset};
}

// Opened again when it is first needed, so that many maps take no descriptors; another file that
// has the name by now is left alone.
int MappedFile::descriptor() const {
  std::call_once(opened_, [&] {
    const Descriptor file(path_, O_RDONLY);
    struct stat status{};
    if (file && ::fstat(file.get(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_)
      descriptor_ = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
  });
  return descriptor_;
}

void MappedFile::copy(std::size_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (descriptor() >= 0 && done < out.size()) {
    const ssize_t got = ::pread(descriptor(), out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
    if (got <= 0 && !(got < 0 && errno == EINTR)) break;
    done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  // What could not be read (a file made shorter) goes the way of every other touch.
  std::copy_n(data_ + offset + done, out.size() - done, out.data() + done);
}

MappedFile::~MappedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (data_ == nullptr) return;
  {
    const std::lock_guard lock(maps_mutex);
    maps().erase(data_);
  }
  unguard_map(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

void make_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code || !fs::is_directory(path))
    throw Error(ErrorCode::Resources,
                fmt::format("cannot make the folder '{}': {}", path.string(), code.message()),
                "choose a folder you may write to");
}

fs::path cache_folder() {
  if (const char* own = std::getenv("SENSORIUM_CACHE")) return own;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME")) return fs::path(xdg) / "sensorium";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/tmp") / ".cache" / "sensorium";
}

fs::path program_root() {
  if (const char* own = std::getenv("SENSORIUM_ROOT")) return own;
  std::error_code code;
  const fs::path self = fs::read_symlink("/proc/self/exe", code);
  return self.parent_path().parent_path();
}

fs::path resources_folder() {
  const fs::path root = program_root();
  for (const fs::path& candidate : {root / "resources", root / ".." / ".." / "resources"})
    if (fs::is_directory(candidate)) return candidate.lexically_normal();
  return (root / "resources").lexically_normal();
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                  std::chrono::system_clock::now())));
}

}
