#include "modules/cluster/slurm.h"

#include "modules/cluster/local_queue.h"
#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {

// The old job's traces go to old/ID. A sweep keeps the elements that ended well.
const std::string_view archive_script = R"sh(
archive() {
  mkdir -p "old/$again" || exit 72
  for f in exit.json manifest result.json cancel limits_met started; do [ ! -e $f ] || mv $f "old/$again/"; done
  for e in $elements; do
    d=elements/$e
    for f in exit.json manifest limits_met; do [ ! -e $d/$f ] || mv $d/$f "$d/before-$f"; done
  done
  mv jobid "old/$again/jobid"
}
ending() { # the old job is about to go: it was cancelled, or left its exit files
  [ ! -e cancel ] || return 0
  [ -n "$elements" ] || [ -s exit.json ] || return 1
  for e in $elements; do [ -s elements/$e/exit.json ] || return 1; done
}
refuse() {
  ending || { echo "job $again has not ended" >&2; exit 76; }
  echo "job $again is about to leave the queue" >&2
  exit 75
}
)sh";

const std::string_view claim_script = R"sh(
claim() {
  printf '%s\n' "$found" >jobid.$$ || exit 72
  ln jobid.$$ jobid 2>/dev/null
  rm -f jobid.$$
  [ "$(cat jobid)" = "$found" ] || { echo "the run belongs to job $(cat jobid)" >&2; exit 76; }
  printf '%s\n' "$found"
}
)sh";

namespace {

// The lock is held by sbatch as well (descriptor 9), so that a look-up never comes between its
// request and its answer. 75: unknown, ask again; 76: the old job has not ended.
constexpr std::string_view submit_body = R"sh(
run=$1 token=$2 again=$3 elements=$4
shift 4
cd "$run" || exit 71
exec 9>lock || exit 72
flock -w 90 9 || { echo "another client is submitting this run" >&2; exit 75; }
if [ -n "$again" ] && [ -s jobid ] && [ "$(cat jobid)" = "$again" ]; then
  left=$(squeue -h -n "sns-$token" -o %A) || exit 75
  [ -z "$left" ] || refuse
  archive
fi
if [ -s jobid ]; then cat jobid; exit 0; fi
ids=$(squeue -h -t all -n "sns-$token" -o %F) || exit 75
found=
for id in $ids; do [ -e "old/$id" ] || found=$id; done
if [ -z "$found" ]; then
  answer=$(sbatch --parsable "$@" "$run/job.sh" "$run") || exit 1
  found=${answer%%;*}
fi
claim
)sh";

constexpr std::string_view cancel_body = R"sh(
run=$1 token=$2
cd "$run" || exit 71
: >cancel || exit 72
ids=$(squeue -h -n "sns-$token" -o %A) || exit 75
[ -z "$ids" ] || scancel $ids
)sh";

constexpr std::string_view estimate_body = R"sh(
tmp=$(mktemp) || exit 72
printf '#!/bin/sh\nexit 0\n' >"$tmp"
sbatch --test-only "$@" "$tmp" 2>&1
s=$?
rm -f "$tmp"
exit $s
)sh";

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \r\n") - begin + 1);
}

std::string ranges_of(const std::vector<int>& elements) {
  std::string out;
  for (std::size_t i = 0; i < elements.size();) {
    std::size_t last = i;
    while (last + 1 < elements.size() && elements[last + 1] == elements[last] + 1) ++last;
    out += fmt::format("{}{}", out.empty() ? "" : ",", elements[i]);
    if (last > i) out += fmt::format("-{}", elements[last]);
    i = last + 1;
  }
  return out;
}

std::string words_of(const std::vector<int>& elements) {
  std::string out;
  for (const int e : elements) out += fmt::format("{} ", e);
  return out;
}

}

std::vector<std::string> sbatch_options(const Site& site, const ClusterRun& run,
                                        const std::vector<int>& elements) {
  check_run(run);
  check_site(site);
  const JobResources& r = run.resources;
  const std::string folder = run_folder(site, run.token);
  std::vector<std::string> out{"--job-name=sns-" + run.token,
                               "--comment=sensorium " + run.token,
                               "--chdir=" + folder,
                               "--input=/dev/null",
                               "--open-mode=append",
                               "--requeue",
                               "--export=ALL",
                               fmt::format("--signal=B:USR1@{}", r.grace_seconds),
                               fmt::format("--nodes={}", r.nodes),
                               fmt::format("--ntasks-per-node={}", r.tasks_per_node),
                               fmt::format("--cpus-per-task={}", r.cpus),
                               fmt::format("--time={}", r.minutes)};
  // A % starts a pattern of Slurm's.
  std::string log;
  for (const char c : folder) log += c == '%' ? std::string("%%") : std::string(1, c);
  out.push_back("--output=" + log + (run.array ? "/elements/%a/log.txt" : "/log.txt"));
  if (r.gpus > 0) out.push_back(fmt::format("--gres={}:{}", r.gres, r.gpus));
  if (r.memory_mib > 0) out.push_back(fmt::format("--mem={}M", r.memory_mib));
  const auto named = [&](const char* option, const std::string& own, const std::string& common) {
    const std::string& value = own.empty() ? common : own;
    if (!value.empty()) out.push_back(option + value);
  };
  named("--partition=", r.partition, site.partition);
  named("--account=", r.account, site.account);
  named("--qos=", r.qos, site.qos);
  if (run.array) {
    std::vector<int> all = elements;
    if (all.empty())
      for (std::size_t i = 0; i < run.tasks.size(); ++i) all.push_back(static_cast<int>(i));
    out.push_back("--array=" + ranges_of(all) +
                  (run.at_once > 0 ? fmt::format("%{}", run.at_once) : ""));
  }
  return out;
}

bool is_transient(const std::string& complaint) {
  for (const char* sign :
       {"Socket timed out", "Unable to contact slurm controller", "Connection refused",
        "temporarily", "Transport endpoint", "Zero Bytes were transmitted", "Connection reset",
        "Unexpected message received", "slurm_persist_conn", "Connection timed out"})
    if (complaint.find(sign) != std::string::npos) return true;
  return false;
}

Submitted Slurm::submit(Transport& transport, const Site& site, const ClusterRun& run,
                        const std::string& again, const std::vector<int>& elements) {
  std::vector<std::string> words{run_folder(site, run.token), run.token, again, words_of(elements)};
  for (std::string& option : sbatch_options(site, run, elements))
    words.push_back(std::move(option));
  const std::string script =
      std::string(archive_script) + std::string(claim_script) + std::string(submit_body);
  const Reply reply = transport.run(script, words);
  const std::string complaint = trimmed(reply.err);
  if (reply.reached && reply.status == 0) return {.certain = true, .job_id = trimmed(reply.out)};
  if (!reply.reached || reply.status == 75 || (reply.status == 1 && is_transient(complaint)))
    return {.failure = complaint.empty() ? "no answer" : complaint};
  if (reply.status == 76)
    throw Error(ErrorCode::Conflict, fmt::format("the run {} goes on: {}", run.token, complaint),
                "wait for it, or cancel it first");
  if (reply.status == 1)
    throw Error(ErrorCode::BadInput, fmt::format("Slurm refused the job: {}", complaint),
                "'sensorium site list' shows partitions, limits and accounts");
  throw Error(ErrorCode::Resources,
              fmt::format("the run's folder on '{}' cannot be used: {}", site.name, complaint),
              "is the disk full there, or the folder gone?");
}

void Slurm::cancel(Transport& transport, const Site& site, const std::string& token) {
  const Reply reply = transport.run(cancel_body, {run_folder(site, token), token});
  if (!reply.reached || reply.status != 0)
    throw Error(ErrorCode::Resources,
                fmt::format("it is not known whether the run was cancelled: {}",
                            reply.err.empty() ? "no answer" : trimmed(reply.err)),
                "repeat the command");
}

std::string Slurm::estimate(Transport& transport, const Site& site, const ClusterRun& run) {
  std::vector<std::string> words;
  for (const std::string& option : sbatch_options(site, run, {}))
    if (!option.starts_with("--chdir=") && !option.starts_with("--output="))
      words.push_back(option);
  const Reply reply = transport.run(estimate_body, words);
  if (!reply.reached) return {};
  const std::string answer = trimmed(reply.out);
  if (reply.status == 0) {
    const auto at = answer.find(" to start at ");
    if (at == std::string::npos) return {};
    const std::string rest = answer.substr(at + 13);
    return rest.substr(0, rest.find(' '));
  }
  if (is_transient(answer)) return {};
  throw Error(ErrorCode::BadInput, fmt::format("Slurm would refuse this job: {}", answer),
              "'sensorium site list' shows partitions, limits and accounts");
}

std::unique_ptr<Scheduler> scheduler_of(const Site& site) {
  if (site.kind == "local") return std::make_unique<LocalQueue>();
  return std::make_unique<Slurm>();
}

std::string run_folder(const Site& site, const std::string& token) {
  check_token(token);
  return site.root + "/runs/" + token;
}

}
