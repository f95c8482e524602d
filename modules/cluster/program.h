// Starts another program: words in, exit status and both streams out. No shell between.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

struct ProgramResult {
  int status = 0; // exit status; 128 + signal when a signal ended it
  bool timed_out = false;
  std::string out, err; // err: the last 64 kB
};

struct ProgramOptions {
  std::string input;         // its standard input
  double timeout_s = 120;    // then it is ended; 0: waits as long as it takes
  bool own_terminal = false; // standard streams of this program: for passwords and codes
  std::vector<std::pair<std::string, std::string>> environment = {}; // added to this program's
  // Each piece of standard output as it comes, instead of ProgramResult::out. False ends the
  // program.
  std::function<bool(std::string_view)> on_output = {};
};

// Does not wait for descendants that keep the streams open (ssh's master does). Throws Error
// NotFound when there is no such program, Resources, BadInput when it writes more than 256 MiB.
ProgramResult run_program(const std::vector<std::string>& words, const ProgramOptions& options);

}
