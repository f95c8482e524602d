// Processes that train one network together, each on its share of every batch ("ranks").
#pragma once

#include <string>

namespace sensorium {

struct RankSetup {
  int rank = 0, ranks = 1;
  // Where the ranks meet: a file that all can write to (one computer), or host and port at which
  // rank 0 listens.
  std::string file;
  std::string host;
  int port = 0;
  int timeout_s = 600; // a rank that is silent for so long is given up
};

// What this process was started as:
// - SENSORIUM_RANK and SENSORIUM_RANKS, with SENSORIUM_RANK_MEETING ("file:PATH" or
// "tcp:HOST:PORT")
//   and SENSORIUM_RANK_TIMEOUT (seconds);
// - else a task of srun with several (SLURM_PROCID, SLURM_NTASKS, SLURM_STEP_NODELIST,
//   SLURM_JOB_ID, SLURM_STEP_ID): rank 0's node is the first of the list, or with
//   SENSORIUM_MEET_AT_LAUNCH the one that srun was called on (SLURM_LAUNCH_NODE_IPADDR); the port
//   follows from the numbers of job and step;
// - else alone.
// Throws Error Usage naming the variable that makes no sense.
RankSetup rank_setup();

// The first name of a Slurm node list: "n[003-005,9],m1" -> "n003".
std::string first_host(const std::string& node_list);

}
