// How the command line talks: progress, results and errors, for people on a terminal and for
// programs (--json).
#pragma once

#include "modules/core/context.h"
#include "modules/core/error.h"

#include <nlohmann/json.hpp>

#include <string>

namespace sensorium {

struct Console {
  bool json = false;  // results as one JSON document on standard output
  bool quiet = false; // no progress
  int threads = 0;
  std::string device = "auto";

  // A progress bar on a terminal, JSON lines on standard error otherwise; stops on Ctrl-C.
  Context context() const;
  void print(const std::string& text) const;        // ignored with --json
  void print(const nlohmann::json& document) const; // only with --json
  void print_error(const Error& error) const;
  void end_progress() const; // leaves the bar's line
};

// From now on Ctrl-C, SIGTERM and SIGUSR1 set a flag instead of killing; a second Ctrl-C kills.
void catch_interrupts();
bool interrupted();

}
