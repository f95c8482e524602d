// SHA-256, as lower-case hex. The identity of inputs, models and event chains.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sensorium {

std::string sha256(std::string_view text);
std::string sha256(std::span<const std::byte> bytes);

// A file's content; for a folder, the hash over the sorted "hash  relative path" lines of its
// regular files. Throws Error NotFound or Resources.
std::string sha256_of_path(const std::filesystem::path& path);
// A recording that consists of several files: as for a folder, over path and the others, which are
// named relative to its folder. With no others: sha256_of_path(path).
std::string sha256_of_files(const std::filesystem::path& path,
                            const std::vector<std::string>& others);

// The hash of a recording too large to be read at the moment it is opened: sha256_of_files,
// computed in the background after start(), or by the first who waits. Thread-safe.
class PendingHash {
public:
  // Remembers which files these are, by number, size and time. Throws Error NotFound.
  PendingHash(std::filesystem::path path, std::vector<std::string> others);
  ~PendingHash(); // stops the background work
  PendingHash(const PendingHash&) = delete;
  PendingHash& operator=(const PendingHash&) = delete;

  void start();
  // Throws Error as sha256_of_files; Conflict when a file was changed or replaced since.
  std::string wait();
  bool ready() const { return ready_; } // wait() answers at once, or throws
  // The share that has been read, 0 to 1.
  double fraction() const;

private:
  struct Identity {
    std::uint64_t device = 0, number = 0, size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Identity&) const = default;
  };
  static Identity identity_of(const std::filesystem::path& file);
  std::string compute();

  std::filesystem::path path_;
  std::vector<std::string> others_;
  std::vector<Identity> identities_;
  std::uint64_t total_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<bool> stop_ = false, ready_ = false;
  std::mutex mutex_; // held while hashing
  std::string hash_;
  std::jthread thread_;
};

}
