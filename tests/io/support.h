// Helpers of the reader tests: bytes written field by field, folders that vanish, the Python judge.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/error.h"
#include "modules/core/file.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

namespace sensorium::test {

// A file in the making: little-endian values at given offsets.
class Draft {
public:
  explicit Draft(std::size_t size = 0) : bytes_(size) {}
  template<class T> Draft& put(std::size_t at, T value) {
    if (bytes_.size() < at + sizeof(T)) bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
    return *this;
  }
  Draft& text(std::size_t at, const std::string& value) {
    if (bytes_.size() < at + value.size()) bytes_.resize(at + value.size());
    std::memcpy(bytes_.data() + at, value.data(), value.size());
    return *this;
  }
  template<class T> Draft& append(T value) { return put(bytes_.size(), value); }
  Draft& append_text(const std::string& value) { return text(bytes_.size(), value); }
  Draft& cut(std::size_t size) {
    bytes_.resize(size);
    return *this;
  }
  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::vector<std::byte>& raw() { return bytes_; }

private:
  std::vector<std::byte> bytes_;
};

class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sensorium-io-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::span<const std::byte> bytes) const {
    write_atomically(path_ / name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

// The Error that work throws; fails the test when it throws none.
inline Error error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorCode::Internal, "");
}

inline bool mentions(const Error& e, const std::string& text) {
  return std::string(e.what()).find(text) != std::string::npos;
}

inline std::filesystem::path shared_data() { return SENSORIUM_SHARED_DATA; }
inline std::filesystem::path judge() {
  return std::filesystem::path(SENSORIUM_JUDGES) / "bin" / "python";
}

// Runs tests/io/<script> with the judge's Python; the arguments are plain paths. Returns the exit
// status.
inline int run_judge(const std::string& script, const std::vector<std::string>& arguments) {
  std::string command = judge().string() + " " + SENSORIUM_SOURCE_DIR + "/tests/io/" + script;
  for (const std::string& a : arguments) command += " '" + a + "'";
  return std::system(command.c_str());
}

}
