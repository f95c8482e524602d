// Reading whole files in bounded memory, and writing them so that a crash leaves the old or the
// new, never a half.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

// Throws Error NotFound when there is no such file, BadInput when it is larger than limit bytes.
std::string read_text(const std::filesystem::path& path, std::uint64_t limit = 64u << 20);
// The first bytes of a file, fewer when it is shorter. For sniffing.
std::vector<std::byte> read_head(const std::filesystem::path& path, std::size_t count = 4096);

// Writes to a temporary name in the same folder, syncs, renames. Throws Error Resources (disk full,
// no permission).
void write_atomically(const std::filesystem::path& path, std::string_view content);

// A read-only memory map of a whole file. Kept alive by its owner.
class MappedFile {
public:
  // Throws Error NotFound, BadInput (empty file) or Resources.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  // Copies a part without mapping its pages: a touch may map 2 MB of a file that the system keeps
  // in large pages, which is much where short pieces lie far apart. The part lies inside bytes().
  void copy(std::size_t offset, std::span<std::byte> out) const;

private:
  MappedFile() = default;
  int descriptor() const;

  std::filesystem::path path_;
  std::uint64_t device_ = 0, inode_ = 0;
  mutable std::once_flag opened_;
  mutable int descriptor_ = -1;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// For folders made by the program: an existing folder is fine. Throws Error Resources.
void make_folder(const std::filesystem::path& path);
// Where caches live: $SENSORIUM_CACHE, or $XDG_CACHE_HOME/sensorium, or ~/.cache/sensorium.
std::filesystem::path cache_folder();
// Where the program's own files lie (resources, extensions): beside the running program's folder.
std::filesystem::path program_root();
// resources/ of the installation or of the source tree.
std::filesystem::path resources_folder();
// UTC time as 2026-01-31T12:00:00Z.
std::string utc_now();

}
