// Fuzzers of readers that open files: the bytes go to one file in memory, and what comes out is
// checked.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/error.h"
#include "modules/core/extension.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

extern "C" void sensorium_extension(sensorium::Extension* out);

namespace sensorium::fuzz {

inline std::filesystem::path file_of(const std::uint8_t* data, std::size_t size,
                                     const std::string& suffix) {
  const std::string path = "/dev/shm/sensorium_fuzz_" + std::to_string(::getpid()) + suffix;
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (fd < 0 || ::write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
  ::close(fd);
  return path;
}

inline const Extension& extension() {
  static const Extension* one = [] {
    ::setenv("SENSORIUM_MAX_BYTES", "67108864", 1);
    auto* made = new Extension;
    sensorium_extension(made);
    return made;
  }();
  return *one;
}

inline const ReaderDefinition& reader(std::string_view id) {
  for (const ReaderDefinition& one : extension().readers)
    if (one.id == id) return one;
  std::abort();
}

// An Error of the kinds that a bad file may give, or a dataset that agrees with itself and with its
// header.
inline void read(const ReaderDefinition& reader, const std::filesystem::path& path) {
  try {
    const Dataset dataset = reader.load(path, Context{});
    validate(dataset);
    // Loading may warn of more than the header shows.
    auto loaded = describe(dataset, true), header = describe(reader.header(path, Context{}), true);
    loaded.erase("warnings");
    header.erase("warnings");
    if (loaded != header) std::abort();
  } catch (const Error& e) {
    const bool fair = e.code() == ErrorCode::BadInput || e.code() == ErrorCode::Unsupported ||
                      e.code() == ErrorCode::NotFound;
    if (!fair || e.hint().empty()) std::abort();
  }
}

}
