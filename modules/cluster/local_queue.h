// The same runs on this machine, a set number at a time, without a scheduler's programs. A job is a
// process of its own that outlives its client; its id is its number and start time.
#pragma once

#include "modules/cluster/scheduler.h"

#include <string_view>

namespace sensorium {

class LocalQueue : public Scheduler {
public:
  Submitted submit(Transport& transport, const Site& site, const ClusterRun& run,
                   const std::string& again, const std::vector<int>& elements) override;
  SiteState poll(Transport& transport, const Site& site,
                 const std::vector<std::string>& tokens) override;
  void cancel(Transport& transport, const Site& site, const std::string& token) override;
  std::string estimate(Transport& transport, const Site& site, const ClusterRun& run) override;
};

// Waits for one of the queue's places and runs the wrapper in it; a file of the run folder.
std::string_view runner_script();

}
