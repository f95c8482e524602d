// Who decides when a run is worked on. What is known has three values: a state, absence from a
// list that was really obtained, or nothing (unknown). A failed call is never an end.
#pragma once

#include "modules/cluster/job.h"
#include "modules/cluster/site.h"

#include <map>

namespace sensorium {

enum class Presence { Known, Absent, Unknown };

struct ElementState {
  std::string state; // as RunState::state
  int status = 0;
};

struct RunState {
  Presence presence = Presence::Unknown;
  // "not submitted", "pending", "running", "done", "failed", "cancelled", "time limit", "lost",
  // "unknown". A run with elements: "failed" when all have ended and one has not ended well.
  std::string state = "unknown";
  std::string job_id, node, reason; // reason: of Slurm's, while it waits
  std::string start_utc, end_utc;   // start: expected, while it waits
  std::string run_time, time_left;  // as Slurm writes them
  int status = 0;                   // of the program, when it has ended
  int restarts = 0, limits_met = 0;
  int attempts = 0; // how often work on it was begun
  std::map<int, ElementState> elements;
  std::string detail; // why it is lost or unknown
  bool final() const {
    return state == "done" || state == "failed" || state == "cancelled" || state == "time limit" ||
           state == "lost";
  }
};

struct SiteState {
  bool reached = false; // false: nothing is known, all runs are unknown
  bool queue_known = false;
  std::string failure;                     // when not reached or the queue did not answer
  std::map<std::string, RunState> runs;    // by token
  std::map<std::string, ClusterRun> found; // what their folders say they are, without tasks
};

struct Submitted {
  bool certain = false; // false: it may or may not be there; ask again
  std::string job_id;
  std::string failure; // why it is not certain
};

class Scheduler {
public:
  virtual ~Scheduler() = default;
  // The run folder is complete. However often it is called, and by however many at once, there is
  // one job. again: the job that a retry replaces (it must have ended); elements: those to repeat,
  // all when empty. Throws Error BadInput when the scheduler refuses, with its own words; Conflict
  // when the job to be replaced has not ended.
  virtual Submitted submit(Transport& transport, const Site& site, const ClusterRun& run,
                           const std::string& again, const std::vector<int>& elements) = 0;
  // One call for all runs of the site, or those named.
  virtual SiteState poll(Transport& transport, const Site& site,
                         const std::vector<std::string>& tokens) = 0;
  // Throws Error Resources when it is not known to have arrived.
  virtual void cancel(Transport& transport, const Site& site, const std::string& token) = 0;
  // When it would start, as the scheduler guesses; empty: no guess. Submits nothing. Throws Error
  // BadInput when such a job would be refused.
  virtual std::string estimate(Transport& transport, const Site& site, const ClusterRun& run) = 0;
};

std::unique_ptr<Scheduler> scheduler_of(const Site& site);

std::string run_folder(const Site& site, const std::string& token);

// Pending reasons and states in words a person can act on.
std::string explain_reason(const std::string& slurm_reason);
std::string explain(const RunState& state, const ClusterRun& run);

}
