// The one exception type. Thrown where something fails, caught in two places only: the command
// line's main and the worker's task runner.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace sensorium {

// Each code is also the exit status of the command line (docs/CLI.md).
enum class ErrorCode {
  Internal = 1,     // a fault of this program
  Usage = 2,        // unknown command, option or parameter; value out of range
  NotFound = 3,     // a file, model or pipeline that is not there
  BadInput = 4,     // a file that is truncated, corrupt or contradicts itself
  Unsupported = 5,  // well-formed, but not something this program reads or does
  Resources = 6,    // disk full, out of memory, no permission
  Conflict = 7,     // another program holds it, or it changed since
  Cancelled = 8,    // the user stopped it
  PartialBatch = 9, // a batch ended and some of its items failed
};

// message: what happened, with the value and the file. hint: what to do about it.
class Error : public std::runtime_error {
public:
  Error(ErrorCode code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}
  ErrorCode code() const { return code_; }
  const std::string& hint() const { return hint_; }
  int exit_status() const { return static_cast<int>(code_); }

private:
  ErrorCode code_;
  std::string hint_;
};

// "bad_input" and so on: the name used in JSON.
std::string_view name_of(ErrorCode code);

}
