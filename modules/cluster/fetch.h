// Logs and results.
#pragma once

#include "modules/cluster/scheduler.h"

namespace sensorium {

struct LogPiece {
  std::string text;
  std::uint64_t next = 0; // the offset to ask from next time
};

// A run's log from a byte on, at most 1 MiB. element: of a sweep, -1 for none. Nothing new is an
// empty text. Throws Error Resources (no answer).
LogPiece read_log(Transport& transport, const Site& site, const std::string& token, int element,
                  std::uint64_t from);

struct Fetched {
  int verified = 0;                  // files whose hash is that of the site
  std::vector<std::string> unproven; // folders of elements that have not ended: no hashes yet
};

// Brings the run folder into a local one; goes on where an earlier try stopped. Throws Error
// BadInput naming a file that differs from its hash, Resources.
Fetched fetch_run(Transport& transport, const Site& site, const std::string& token,
                  const std::filesystem::path& folder, const Context& context);

}
