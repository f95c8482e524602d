// What is to be run, and what is known about it. Everything that a scheduler is told is a typed
// field with few allowed characters; every text of the user's stays in JSON files beside it.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

struct JobResources {
  int nodes = 1, tasks_per_node = 1, cpus = 1; // cpus of each task
  int gpus = 0;                                // of each node
  int memory_mib = 0;                          // of each node; 0: the site's default
  int minutes = 60;
  std::string partition, account, qos, gres = "gpu"; // empty: the site's
  int grace_seconds = 120;      // before the time limit: time to write a checkpoint
  int time_limit_requeues = 10; // how often the limit may be met; preemption is not counted
};

// One element of a sweep differs from the others in its task only.
struct ClusterRun {
  std::string token; // 32 hexadecimal digits: the identity
  std::string name;  // the user's, any text
  std::string site;
  std::string verb;                  // "run", "train" ...
  std::vector<nlohmann::json> tasks; // a recipe or plan for each element; one: no array
  bool array = false;
  int at_once = 0; // elements at the same time; 0: no limit
  JobResources resources;
  std::string program;     // absolute path there
  std::string created_utc; // and when the run directory was made
  std::string job_id;      // as far as known; an attribute
  std::string state = "preparing";
  std::string digest; // of verb, tasks and resources: an unfinished submission is found by it
};

std::string new_token();
// Throws Error Usage: a token, a name of Slurm's, a module, a text with a newline or NUL.
void check_token(const std::string& token);
void check_slurm_name(const std::string& what, const std::string& name);
void check_module_name(const std::string& name);
void check_plain_text(const std::string& what, const std::string& text);
void check_resources(const JobResources& resources);
// Calls the above, and refuses what no site can do.
void check_run(const ClusterRun& run);

nlohmann::json to_json(const JobResources& resources);
JobResources resources_from_json(const nlohmann::json& json);
// With or without the tasks, which are files of their own on the site.
nlohmann::json to_json(const ClusterRun& run, bool with_tasks);
// Throws Error BadInput.
ClusterRun run_from_json(const nlohmann::json& json);
std::string digest_of(const ClusterRun& run);

}
