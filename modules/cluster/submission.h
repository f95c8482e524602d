// From a task to exactly one job. Each step may be the last one that this program lives to do:
// repeating the submission with the same token goes on from there.
#pragma once

#include "modules/cluster/run_store.h"
#include "modules/cluster/scheduler.h"
#include "modules/cluster/staging.h"

namespace sensorium {

struct Submission {
  Site site;
  ClusterRun run; // token may be empty: an unfinished one of the same work, or a new one
  std::vector<Upload> uploads; // the tasks name their store folders
};

// Local record, uploads, run folder on the site, then the job. What is not known is asked again for
// up to patience_s; then throws Error Resources, saying that repeating is safe. Returns the run
// with its job id.
ClusterRun submit(Submission submission, RunStore& store, Transport& transport,
                  Scheduler& scheduler, const Context& context, double patience_s = 120);

// Ends an unfinished submission, or repeats a run that has ended: from its last checkpoint, with
// the same token. Of a sweep, the elements that did not end well. Throws Error Conflict when it
// still runs or ended well.
ClusterRun retry(const ClusterRun& run, const Site& site, RunStore& store, Transport& transport,
                 Scheduler& scheduler, const Context& context, double patience_s = 120);

// The wait before the n-th repetition of a question: 5 s, growing to 60 s.
double back_off_s(int repetition);

}
