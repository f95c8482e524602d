// Processes that train one network together, each on its share of every batch ("ranks").
#pragma once

#include <string>
#include <vector>

namespace sensorium {

struct RankSetup {
  int rank = 0, ranks = 1;
  // Where the ranks meet: a file that all can write to (one computer), or host and port at which
  // rank 0 listens.
  std::string file;
  std::string host;
  int port = 0;
  int timeout_s = 600;            // a rank that is silent for so long is given up
  int local = 0;                  // its number among the ranks of its computer
  std::string transport = "auto"; // or "host", "nccl": see choose_transport
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
// SENSORIUM_LOCAL_RANK, else SLURM_LOCALID, is the number on the computer;
// SENSORIUM_RANK_TRANSPORT is auto, host or nccl. Throws Error Usage naming the variable that makes
// no sense.
RankSetup rank_setup();

// "cuda" becomes the GPU of the rank's number on its computer (of `gpus`, and from the first again
// when there are fewer); other words stay.
std::string device_of_rank(const std::string& wanted, const RankSetup& setup, int gpus);

// What a rank computes on, as it tells the others.
struct RankDevice {
  std::string gpu;     // the same text for the same GPU; empty: a processor
  std::string why_not; // why NCCL cannot be used there; empty: it can
};
enum class RankTransport {
  Processors, // Gloo, in buckets beside the backward pass
  Host,       // Gloo after the backward pass; values on a GPU are copied to the processor and back
  Nccl,       // between GPUs, in buckets beside the backward pass
};
struct TransportChoice {
  RankTransport transport = RankTransport::Processors;
  std::string text; // for the log: what, and why not NCCL where a rank has a GPU
};
// NCCL when every rank has a GPU of its own and can use it; the same on every rank. wanted: "auto",
// "host" (never NCCL), or "nccl": Error Unsupported with the reason where it cannot be.
TransportChoice choose_transport(const std::vector<RankDevice>& ranks, const std::string& wanted);

// The first name of a Slurm node list: "n[003-005,9],m1" -> "n003".
std::string first_host(const std::string& node_list);

}
