// How commands and files reach the machine where the work is done.
#pragma once

#include "modules/core/context.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

// Reached: the script ran to its end there and status is its own. Not reached: nothing is known,
// neither that it ran nor that it did not.
struct Reply {
  bool reached = false;
  int status = 0;
  std::string out, err;
};

class Transport {
public:
  virtual ~Transport() = default;
  // Runs a constant POSIX script there. The words become $1, $2, ... whatever they hold (no NUL).
  // The script's standard input is empty.
  virtual Reply run(std::string_view script, const std::vector<std::string>& words) = 0;
  // Copies what is in a local folder into a folder there, which is made. What is there already in
  // part goes on. Throws Error Resources (disk, quota, connection), naming the reason.
  virtual void send(const std::filesystem::path& folder, const std::string& remote,
                    const std::function<bool(std::uint64_t bytes)>& progress) = 0;
  // The other way. Throws Error as send.
  virtual void receive(const std::string& remote, const std::filesystem::path& folder,
                       const std::function<bool(std::uint64_t bytes)>& progress) = 0;
};

// A POSIX shell word that means exactly the text. Throws Error BadInput for NUL.
std::string posix_quoted(std::string_view text);
// What a POSIX shell reads from its standard input to run the script with these words.
std::string posix_program(std::string_view script, const std::vector<std::string>& words);
// The bytes that 'rsync --info=progress2' says are copied, from a piece of its output.
std::optional<std::uint64_t> rsync_bytes(std::string_view piece);
// Throws what a failed rsync means: disk full, quota, permission, connection. errors: all it said.
[[noreturn]] void throw_rsync(int status, const std::string& errors, const std::string& place);

}
