// Opens recordings through the built-in readers, as the program does.
#pragma once

#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "tests/io/support.h"

namespace sensorium::test {

inline Registry& builtin_registry() {
  static Registry* registry = [] {
    auto* made = new Registry;
    made->add(builtin_io());
    return made;
  }();
  return *registry;
}

inline Recording open_recording(const std::filesystem::path& path) {
  Dataset dataset = builtin_registry().open(path);
  if (auto* r = std::get_if<Recording>(&dataset)) return std::move(*r);
  throw std::runtime_error(path.string() + " is no recording");
}

inline std::filesystem::path write_text(const TemporaryFolder& folder, const std::string& name,
                                        const std::string& text) {
  return folder.write(name, std::as_bytes(std::span(text)));
}

inline std::vector<double> values(const Recording& r, std::size_t channel) {
  return block(r, channel, 0, r.length);
}

inline bool warns(const Recording& r, const std::string& text) {
  for (const std::string& w : r.origin.warnings)
    if (w.find(text) != std::string::npos) return true;
  return false;
}

// Runs tests/io_recordings/<script>; returns the exit status.
inline int run_own_judge(const std::string& script, const std::vector<std::string>& arguments) {
  std::string command = judge().string() + " " + SENSORIUM_SOURCE_DIR + "/tests/io_recordings/" + script;
  for (const std::string& a : arguments) command += " '" + a + "'";
  return std::system(command.c_str());
}

// All values of all channels as raw doubles, channel after channel, for a judge.
inline void write_values(const Recording& r, const std::filesystem::path& path) {
  std::string bytes;
  for (std::size_t c = 0; c < r.channels.size(); ++c) {
    const auto x = values(r, c);
    bytes.append(reinterpret_cast<const char*>(x.data()), x.size() * sizeof(double));
  }
  write_atomically(path, bytes);
}

}
