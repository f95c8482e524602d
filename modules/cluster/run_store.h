// What this computer remembers of the user's runs: one file a run. It is a cache: all of it can be
// deleted, and is made again from the sites' run folders.
#pragma once

#include "modules/cluster/job.h"

#include <filesystem>

namespace sensorium {

class RunStore {
public:
  explicit RunStore(std::filesystem::path folder); // user_data_folder() / "cluster"
  // On disk when it returns. Throws Error Resources.
  void save(const ClusterRun& run);
  // Oldest first; files that cannot be read are left out.
  std::vector<ClusterRun> runs() const;
  // By token or the first digits of one. Throws Error NotFound, Usage (several begin so).
  ClusterRun run(const std::string& token) const;
  // A submission of the same work that did not come to its end, if there is one.
  std::optional<ClusterRun> unfinished(const std::string& digest) const;
  void forget(const std::string& token);

private:
  std::filesystem::path folder_;
};

}
