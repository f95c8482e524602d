// Slurm through its own commands, with or without accounting.
#pragma once

#include "modules/cluster/scheduler.h"

namespace sensorium {

class Slurm : public Scheduler {
public:
  Submitted submit(Transport& transport, const Site& site, const ClusterRun& run,
                   const std::string& again, const std::vector<int>& elements) override;
  SiteState poll(Transport& transport, const Site& site,
                 const std::vector<std::string>& tokens) override;
  void cancel(Transport& transport, const Site& site, const std::string& token) override;
  std::string estimate(Transport& transport, const Site& site, const ClusterRun& run) override;
};

// sbatch's words for a run: typed fields alone, none of the user's texts.
std::vector<std::string> sbatch_options(const Site& site, const ClusterRun& run,
                                        const std::vector<int>& elements);
// Whether a scheduler's complaint may pass by itself.
bool is_transient(const std::string& complaint);
// What the status script printed. Text that ends early leaves everything unknown.
SiteState parse_status(const std::string& text);
// The script that prints it, of the folder $1 and the tokens $2 ...; queue: a function 'queue' that
// prints "job|token|id|state|reason|start|run time|time left|node" lines.
std::string status_script(std::string_view queue);
extern const std::string_view archive_script; // of a retry: makes place for the next job
extern const std::string_view claim_script;   // writes the job id $found

}
