// Internal: what a training holds while it runs, and lets go however it ends.
#pragma once

#include "modules/core/error.h"
#include "modules/learn/torch_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/file.h>
#include <unistd.h>

namespace sensorium {

// One process a run folder; the lock goes with the process, however it ends.
class FolderLock {
public:
  explicit FolderLock(const std::filesystem::path& folder)
      : fd_(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0)
      throw Error(ErrorCode::Resources, fmt::format("cannot write to '{}'", folder.string()),
                  "choose a folder you may write to");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd_);
      throw Error(ErrorCode::Conflict,
                  fmt::format("another process trains in '{}'", folder.string()),
                  "wait for it, or choose another folder");
    }
  }
  ~FolderLock() { ::close(fd_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

private:
  int fd_;
};

class Autocast {
public:
  Autocast(const std::string& precision, at::DeviceType device)
      : on_(precision != "float32"), device_(device) {
    if (!on_) return;
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::set_autocast_dtype(device_, precision == "float16" ? at::kHalf : at::kBFloat16);
  }
  ~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

private:
  bool on_;
  at::DeviceType device_;
};

// Micikevicius et al., ICLR 2018, section 3.2: halved at an overflow, doubled after 2000 steps
// without.
struct LossScale {
  double value = 1;
  int good_steps = 0;
  void good() {
    if (++good_steps < 2000) return;
    value = std::min(value * 2, 16777216.0);
    good_steps = 0;
  }
  void overflow() {
    value /= 2;
    good_steps = 0;
  }
};

}
