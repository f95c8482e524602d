#include "modules/cluster/scheduler.h"

#include <fmt/format.h>

#include <map>

namespace sensorium {

// Slurm's manual, squeue(1), "JOB REASON CODES".
std::string explain_reason(const std::string& reason) {
  static const std::map<std::string, std::string> words = {
      {"Priority", "others with a higher priority wait for the same machines; it will start after "
                   "them"},
      {"Resources", "it is next, and waits until machines become free"},
      {"Dependency", "it waits for another job"},
      {"BeginTime", "it starts at a set time, or was requeued and waits a moment"},
      {"JobHeldUser", "it is held; 'scontrol release' lets it go on"},
      {"JobHeldAdmin", "the administrators hold it; ask them"},
      {"PartitionConfig", "it asks for more than this partition has, and will never start: cancel "
                          "it and ask for less"},
      {"PartitionNodeLimit", "it asks for more machines than this partition allows: cancel it and "
                             "ask for fewer"},
      {"PartitionTimeLimit", "it asks for more time than this partition allows: cancel it and ask "
                             "for less"},
      {"PartitionDown", "this partition is closed at the moment"},
      {"PartitionInactive", "this partition is closed at the moment"},
      {"BadConstraints", "no machine has what it asks for: cancel it and ask for something else"},
      {"NodeDown", "a machine that it needs is down"},
      {"ReqNodeNotAvail", "a machine that it needs is down, or reserved for maintenance"},
      {"Reservation", "it waits for its reservation"},
      {"Licenses", "it waits for a licence"},
      {"QueueIsFull", "as many runs are worked on as this queue allows; it starts when one ends"},
      {"JobArrayTaskLimit", "as many elements run at once as were allowed"},
      {"QOSMaxJobsPerUserLimit", "as many of your jobs run as this QOS allows"},
      {"QOSMaxCpuPerUserLimit", "your jobs use as many processors as this QOS allows"},
      {"QOSMaxGRESPerUser", "your jobs use as many GPUs as this QOS allows"},
      {"QOSMaxWallDurationPerJobLimit", "it asks for more time than this QOS allows: cancel it and "
                                        "ask for less"},
      {"AssocGrpCpuLimit", "your account uses as many processors as it may"},
      {"AssocGrpGRES", "your account uses as many GPUs as it may"},
      {"AssocMaxJobsLimit", "as many jobs of your account run as it may"},
      {"AssocGrpBillingMinutes", "your account's budget is used up; ask who runs the cluster"},
      {"InvalidAccount", "the account is not valid: cancel it and choose another"},
      {"InvalidQOS", "the QOS is not valid: cancel it and choose another"},
      {"launch failed requeued held", "it could not be started and is held; look at its log"},
  };
  std::string code = reason;
  while (!code.empty() && (code.front() == '(' || code.front() == ' ')) code.erase(0, 1);
  if (const auto found = words.find(code); found != words.end()) return found->second;
  code = code.substr(0, code.find_first_of(",)("));
  if (const auto found = words.find(code); found != words.end()) return found->second;
  return reason.empty() ? "" : fmt::format("Slurm's reason is '{}'", reason);
}

std::string explain(const RunState& state, const ClusterRun& run) {
  std::string out;
  if (state.state == "not submitted")
    out = "its submission did not come to an end; 'sensorium jobs retry' ends it";
  else if (state.state == "pending")
    out = fmt::format("job {} waits: {}", state.job_id, explain_reason(state.reason));
  else if (state.state == "running")
    out = fmt::format("job {} runs{}", state.job_id,
                      state.node.empty()     ? ""
                      : state.node == "here" ? " on this computer" // the local queue
                                             : " on " + state.node);
  else if (state.state == "done")
    out = "it ended well; 'sensorium jobs fetch' brings the result";
  else if (state.state == "failed" && run.array)
    out = "all elements have ended, and some not well; 'sensorium jobs retry' repeats those alone";
  else if (state.state == "failed")
    out = fmt::format("the program ended with status {}; 'sensorium jobs logs' shows why",
                      state.status);
  else if (state.state == "cancelled")
    out = fmt::format("{}; 'sensorium jobs retry' goes on from its last checkpoint",
                      state.detail.empty() ? "it was cancelled" : state.detail);
  else if (state.state == "time limit")
    out =
        fmt::format("it met its time limit of {} minutes {} times, which is all that was allowed; "
                    "'sensorium jobs retry' goes on from its last checkpoint",
                    run.resources.minutes, state.limits_met + 1);
  else if (state.state == "lost")
    out = fmt::format("{}; 'sensorium jobs retry' goes on from its last checkpoint", state.detail);
  else
    out = "nothing is known about it at the moment; it is not changed by that";
  if (state.state == "pending" && !state.start_utc.empty() && state.start_utc != "N/A")
    out += fmt::format("; expected start {} (the site's time)", state.start_utc);
  if (state.attempts > 1) out += fmt::format("; work on it was begun {} times", state.attempts);
  return out;
}

}
