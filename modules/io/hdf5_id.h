// What the reader and the writer of HDF5 share: handles that close themselves, and the lock.
#pragma once

#include <hdf5.h>

#include <mutex>

namespace sensorium::hdf5 {

// Debian's library is not thread-safe: whoever calls it holds this.
inline std::recursive_mutex& library() {
  static std::recursive_mutex mutex;
  return mutex;
}

class Id {
public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; } // NOLINT
  bool good() const { return id_ >= 0; }

private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

}
