// Shared by the commands site, submit and jobs.
#pragma once

#include "app/cli/commands.h"
#include "modules/cluster/run_store.h"
#include "modules/cluster/scheduler.h"
#include "modules/cluster/staging.h"

namespace sensorium {

std::filesystem::path cluster_folder(); // of this user's sites and runs

// A site with its ways to reach it.
struct Reached {
  Site site;
  std::unique_ptr<Transport> transport;
  std::unique_ptr<Scheduler> scheduler;
};
Reached reach(const std::string& site);
// A folder of scripts/bundle. Throws Error Usage when it is none.
Upload upload_of_bundle(const std::filesystem::path& folder, const Context& context);

void add_study(CLI::App& jobs, Session& session); // 'jobs study'
// Adds the options of JobResources.
void add_resources(CLI::App& command, JobResources& resources);

}
