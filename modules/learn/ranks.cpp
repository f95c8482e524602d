#include "modules/learn/ranks.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace sensorium {
namespace {

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

int number(const std::string& what, const std::string& text, int low, int high) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < low || value > high)
    throw Error(
        ErrorCode::Usage,
        fmt::format("{} is '{}'; it has to be a whole number from {} to {}", what, text, low, high),
        "start the ranks with --ranks or with srun");
  return value;
}

void set_meeting(RankSetup& setup, const std::string& text) {
  if (text.starts_with("file:/")) {
    setup.file = text.substr(5);
    return;
  }
  const auto colon = text.rfind(':');
  if (!text.starts_with("tcp:") || colon <= 4 || colon == std::string::npos)
    throw Error(ErrorCode::Usage,
                fmt::format("SENSORIUM_RANK_MEETING is '{}'; it has to be file:/PATH or "
                            "tcp:HOST:PORT",
                            text),
                "start the ranks with --ranks or with srun");
  setup.host = text.substr(4, colon - 4);
  setup.port = number("the port in SENSORIUM_RANK_MEETING", text.substr(colon + 1), 1, 65535);
}

}

std::string first_host(const std::string& node_list) {
  const auto end = node_list.find_first_of(",[");
  std::string name = node_list.substr(0, end);
  if (end == std::string::npos || node_list[end] == ',') return name;
  const auto stop = node_list.find_first_of("-,]", end + 1);
  name += node_list.substr(end + 1, stop == std::string::npos ? stop : stop - end - 1);
  const auto close = node_list.find(']', end);
  if (close == std::string::npos) return name;
  return name + node_list.substr(close + 1, node_list.find(',', close) - close - 1);
}

RankSetup rank_setup() {
  RankSetup setup;
  if (const std::string ranks = variable("SENSORIUM_RANKS"); !ranks.empty()) {
    setup.ranks = number("SENSORIUM_RANKS", ranks, 1, 65536);
    setup.rank = number("SENSORIUM_RANK", variable("SENSORIUM_RANK"), 0, setup.ranks - 1);
    if (setup.ranks > 1) set_meeting(setup, variable("SENSORIUM_RANK_MEETING"));
  } else if (const std::string tasks = variable("SLURM_NTASKS");
             !tasks.empty() && tasks != "1" && !variable("SLURM_STEP_NODELIST").empty() &&
             variable("SLURM_STEP_NUM_TASKS") == tasks) {
    setup.ranks = number("SLURM_NTASKS", tasks, 1, 65536);
    setup.rank = number("SLURM_PROCID", variable("SLURM_PROCID"), 0, setup.ranks - 1);
    // The nodes' names need not be names of computers; a batch job's srun runs beside rank 0.
    const std::string launch = variable("SLURM_LAUNCH_NODE_IPADDR");
    setup.host = !variable("SENSORIUM_MEET_AT_LAUNCH").empty() && !launch.empty()
                     ? launch
                     : first_host(variable("SLURM_STEP_NODELIST"));
    // Two steps of one job, or two jobs on a node, do not meet at one port.
    const long job = std::strtol(variable("SLURM_JOB_ID").c_str(), nullptr, 10),
               step = std::strtol(variable("SLURM_STEP_ID").c_str(), nullptr, 10);
    setup.port = static_cast<int>(20000 + (job * 7 + step) % 12000);
  }
  if (const std::string text = variable("SENSORIUM_RANK_TIMEOUT"); !text.empty())
    setup.timeout_s = number("SENSORIUM_RANK_TIMEOUT", text, 1, 86400);
  for (const char* name : {"SENSORIUM_LOCAL_RANK", "SLURM_LOCALID"})
    if (const std::string text = variable(name); !text.empty() && setup.ranks > 1) {
      setup.local = number(name, text, 0, setup.ranks - 1);
      break;
    }
  if (const std::string text = variable("SENSORIUM_RANK_TRANSPORT"); !text.empty())
    setup.transport = text;
  if (setup.transport != "auto" && setup.transport != "host" && setup.transport != "nccl")
    throw Error(ErrorCode::Usage,
                fmt::format("SENSORIUM_RANK_TRANSPORT is '{}'; it has to be auto, host or nccl",
                            setup.transport),
                "unset it");
  return setup;
}

std::string device_of_rank(const std::string& wanted, const RankSetup& setup, int gpus) {
  if (wanted != "cuda") return wanted;
  return fmt::format("cuda:{}", gpus > 0 ? setup.local % gpus : 0);
}

namespace {

// Why NCCL cannot add up what these ranks compute; empty: it can.
std::string obstacle(const std::vector<RankDevice>& ranks) {
  for (std::size_t r = 0; r < ranks.size(); ++r)
    if (ranks[r].gpu.empty()) return fmt::format("rank {} computes on a processor", r);
  for (std::size_t r = 0; r < ranks.size(); ++r)
    for (std::size_t other = 0; other < r; ++other)
      if (ranks[r].gpu == ranks[other].gpu)
        return fmt::format("ranks {} and {} share one GPU", other, r);
  for (std::size_t r = 0; r < ranks.size(); ++r)
    if (!ranks[r].why_not.empty())
      return fmt::format("rank {} cannot use NCCL: {}", r, ranks[r].why_not);
  return {};
}

}

TransportChoice choose_transport(const std::vector<RankDevice>& ranks, const std::string& wanted) {
  const std::string why_not = obstacle(ranks);
  if (wanted == "nccl" && !why_not.empty())
    throw Error(ErrorCode::Unsupported,
                fmt::format("NCCL cannot add up the gradients: {}", why_not),
                "give each rank a GPU of its own, or unset SENSORIUM_RANK_TRANSPORT");
  const bool gpus =
      std::any_of(ranks.begin(), ranks.end(), [](const RankDevice& r) { return !r.gpu.empty(); });
  const std::size_t n = ranks.size();
  if (wanted == "host")
    return {RankTransport::Host,
            fmt::format("gradients of {} ranks are added up by Gloo after the backward pass: "
                        "SENSORIUM_RANK_TRANSPORT is host",
                        n)};
  if (!gpus)
    return {RankTransport::Processors,
            fmt::format("gradients of {} ranks are added up by Gloo between processors", n)};
  if (!why_not.empty())
    return {RankTransport::Host,
            fmt::format("gradients of {} ranks are added up by Gloo through the processors' "
                        "memory, not by NCCL: {}",
                        n, why_not)};
  return {RankTransport::Nccl,
          fmt::format("gradients of {} ranks are added up by NCCL: each has a GPU of its own", n)};
}

}
