// A place where work can be done: a Slurm cluster behind ssh, or this machine.
#pragma once

#include "modules/cluster/transport.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

struct Partition {
  std::string name, time_limit, gres; // time as Slurm writes it; gres "(null)" becomes empty
  int nodes = 0, cpus = 0;            // cpus and memory of its largest node
  std::int64_t memory_mib = 0;
  bool up = false, preferred = false;
};

struct Site {
  std::string name;
  std::string kind = "slurm"; // or "local"
  std::string host, config;   // ssh; config may be empty
  bool login_shell = false;
  std::string root;                    // absolute folder there, which holds runs/ and store/
  std::string program;                 // an installation there; empty: a bundle is sent
  std::string partition, account, qos; // used when a job names none
  std::vector<std::string> modules;    // for 'module load', in order
  int slots = 1;                       // of a local queue: jobs at once
  std::string slurm_version;
  std::vector<Partition> partitions;
  std::vector<std::string> accounts, qos_names;
};

// The time limit that Slurm writes ("30", "90:00", "8:00:00", "2-00:00:00"), in whole minutes.
// None: "infinite", or a text that is no time.
std::optional<int> minutes_of(const std::string& time_limit);
// GPUs of a node, from a gres text: "gpu:a100:4(S:0-1),gpu:t4:2" has 6. What is no GPU is left out.
int gpus_of(const std::string& gres);

nlohmann::json to_json(const Site& site);
// Throws Error BadInput naming the key.
Site site_from_json(const nlohmann::json& json);
// Throws Error Usage: a name, path or limit that cannot be.
void check_site(const Site& site);

// The sites of this user: one file, sites.json. "local" is always there.
class SiteStore {
public:
  explicit SiteStore(std::filesystem::path folder); // user_data_folder() / "cluster"
  std::vector<Site> sites() const;
  // Throws Error NotFound with the nearest name.
  Site site(const std::string& name) const;
  // Throws Error Conflict when the name is taken and replace is false.
  void add(const Site& site, bool replace);
  void remove(const std::string& name);

private:
  std::vector<Site> stored() const;
  void write(const std::vector<Site>& sites) const;
  std::filesystem::path file_;
};

std::unique_ptr<Transport> transport_of(const Site& site);

// Asks the site for its folder, Slurm's version, partitions, accounts and QOS, and whether a login
// shell is needed. root: where runs go; empty: .sensorium in the home folder there. Throws Error
// Resources (no connection), Unsupported (no Slurm).
Site discover_site(Site site, Transport& transport);

}
