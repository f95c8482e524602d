// run PIPELINE FILE --follow: answers while a recording is being written.
#pragma once

#include "app/cli/commands.h"

namespace sensorium {

struct FollowWords {
  std::string pipeline;
  std::vector<std::string> files; // exactly one
  std::string output, model;
  double idle_s = 0;
  nlohmann::json parameters;
};

// Prints each event as a line, with --json as JSON; with an output folder they are kept in its
// follow.jsonl too. Ctrl-C is a proper end. Returns the exit status; throws Error Usage.
int follow_file(Session& session, const FollowWords& words);

}
