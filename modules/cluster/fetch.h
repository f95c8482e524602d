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

// What a training has recorded so far, from its newest log.jsonl (modules/learn/training_log.h).
struct CurvePiece {
  std::string file;       // its path below the run folder; empty: there is none yet
  std::uint64_t from = 0; // where the answer begins: 0 when the file became shorter than was asked
  std::uint64_t next = 0; // the offset to ask from next time: whole lines alone are taken
  std::map<std::string, std::vector<std::pair<int, double>>> curves; // tag: step and value
};

// element: of a sweep, -1 for none. A step that comes again after a resume replaces what was at it
// and after it. Throws Error Resources (no answer).
CurvePiece read_curves(Transport& transport, const Site& site, const std::string& token,
                       int element, std::uint64_t from);
// Adds the lines of text to the curves; returns how many bytes of it were whole lines. A line that
// is no record is passed over.
std::size_t add_curves(const std::string& text, CurvePiece& piece);

struct Fetched {
  int verified = 0;                  // files whose hash is that of the site
  std::vector<std::string> unproven; // folders of elements that have not ended: no hashes yet
};

// Brings the run folder into a local one; goes on where an earlier try stopped. Throws Error
// BadInput naming a file that differs from its hash, Resources.
Fetched fetch_run(Transport& transport, const Site& site, const std::string& token,
                  const std::filesystem::path& folder, const Context& context);

}
