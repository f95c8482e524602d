#include "modules/cluster/local_queue.h"

#include "modules/cluster/slurm.h"
#include "modules/core/error.h"

#include <fmt/format.h>

namespace sensorium {
namespace {

// Descriptor 9 is the lock of the submission, held until the run folder names this process.
// Descriptor 7 is the queue's place and 6 the sweep's, held by the program as well: a place is free
// when its work has ended. Descriptor 5 says that the run is worked on: all its processes hold it,
// and the system lets it go with the last of them.
constexpr std::string_view runner = R"sh(#!/bin/sh
run=$1 root=$2 slots=$3 at_once=$4
shift 4
cd "$run" || exit 97
exec 5>working
flock 5 || exit 97
id=$$.$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20)
printf '%s\n' "$id" >"claim.$$" && ln "claim.$$" jobid 2>/dev/null
rm -f "claim.$$"
exec 9>&-
[ "$(cat jobid)" = "$id" ] || exit 0
export SENSORIUM_JOB="$id"
mkdir -p "$root/slots" "$run/places"
ended=
trap 'ended=1' TERM
for element; do
  own=
  [ "$at_once" -gt 0 ] || own=any
  while [ -z "$own" ]; do
    i=1
    while [ $i -le "$at_once" ] && [ -z "$own" ]; do
      exec 6>"$run/places/$i"
      flock -n 6 && own=$i
      i=$((i + 1))
    done
    [ -z "$ended" ] || break 2
    [ -n "$own" ] || sleep 0.2
  done
  log=$run/log.txt
  [ "$element" = - ] && element= || log=$run/elements/$element/log.txt
  export SENSORIUM_ELEMENT="$element"
  exec 8>"$root/turnstile"
  until flock -w 1 8; do [ -z "$ended" ] || break 2; done
  slot=
  while [ -z "$slot" ]; do
    i=1
    while [ $i -le "$slots" ] && [ -z "$slot" ]; do
      exec 7>"$root/slots/$i"
      flock -n 7 && slot=$i
      i=$((i + 1))
    done
    [ -z "$ended" ] || break 2
    [ -n "$slot" ] || sleep 0.2
  done
  exec 8>&-
  : >"$run/started"
  sh "$run/job.sh" "$run" >>"$log" 2>&1 &
  exec 6>&- 7>&-
done
exec 6>&- 7>&- 8>&-
while :; do
  wait
  [ -n "$ended" ] || break
  ended=
done
)sh";

constexpr std::string_view alive = R"sh(
alive() { [ -e "$1/working" ] && ! flock -s -n "$1/working" true; }
)sh";

constexpr std::string_view submit_body = R"sh(
run=$1 root=$2 again=$3 elements=$4 slots=$5 cpus=$6 at_once=$7
cd "$run" || exit 71
exec 9>lock || exit 72
flock -w 90 9 || { echo "another client is submitting this run" >&2; exit 75; }
if [ -n "$again" ] && [ -s jobid ] && [ "$(cat jobid)" = "$again" ]; then
  for i in 1 2 3 4 5 6 7 8 9 10; do
    { alive . && ending; } || break
    sleep 0.2
  done
  ! alive . || refuse
  archive
fi
if [ ! -s jobid ]; then
  [ -n "$elements" ] || elements=-
  SENSORIUM_CPUS=$cpus setsid nohup sh "$run/runner.sh" "$run" "$root" "$slots" "$at_once" $elements </dev/null >runner.log 2>&1 &
  until [ -s jobid ]; do kill -0 $! 2>/dev/null || [ -s jobid ] || exit 72; sleep 0.02; done
fi
cat jobid
)sh";

constexpr std::string_view queue_here = R"sh(
queue() {
  for d in "$root"/runs/*/jobid; do
    [ -s "$d" ] || continue
    t=${d%/jobid} id=$(cat "$d")
    alive "$t" || continue
    s=PENDING r=QueueIsFull
    [ ! -e "$t/started" ] || { s=RUNNING r=None; }
    printf 'job|sns-%s|%s|%s|%s|N/A|||here\n' "${t##*/}" "$id" $s $r
  done
  return 0
}
afterwards() { :; }
)sh";

constexpr std::string_view cancel_body = R"sh(
cd "$1" || exit 71
: >cancel || exit 72
id=$(cat jobid 2>/dev/null)
alive . || exit 0
start=$(sed 's/.*) //' "/proc/${id%.*}/stat" 2>/dev/null | cut -d' ' -f20)
[ -z "$start" ] || [ "$start" = "${id#*.}" ] || exit 0 # another process has its number by now
kill -s TERM -- "-${id%.*}" || ! alive .
)sh";

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}

std::string_view runner_script() { return runner; }

Submitted LocalQueue::submit(Transport& transport, const Site& site, const ClusterRun& run,
                             const std::string& again, const std::vector<int>& elements) {
  check_run(run);
  std::string list;
  if (run.array && elements.empty())
    for (std::size_t i = 0; i < run.tasks.size(); ++i) list += fmt::format("{} ", i);
  for (const int e : elements) list += fmt::format("{} ", e);
  const Reply reply = transport.run(
      std::string(archive_script) + std::string(alive) + std::string(submit_body),
      {run_folder(site, run.token), site.root, again, list, std::to_string(site.slots),
       std::to_string(run.resources.cpus), std::to_string(run.at_once)});
  if (reply.reached && reply.status == 0) return {.certain = true, .job_id = first_line(reply.out)};
  if (!reply.reached || reply.status == 75) return {.failure = first_line(reply.err)};
  if (reply.status == 76)
    throw Error(ErrorCode::Conflict,
                fmt::format("the run {} goes on: {}", run.token, first_line(reply.err)),
                "wait for it, or cancel it first");
  throw Error(ErrorCode::Resources,
              fmt::format("the queue in '{}' cannot be used: {}", site.root, reply.err),
              "is the disk full?");
}

SiteState LocalQueue::poll(Transport& transport, const Site& site,
                           const std::vector<std::string>& tokens) {
  std::vector<std::string> words{site.root};
  words.insert(words.end(), tokens.begin(), tokens.end());
  const Reply reply =
      transport.run(status_script(std::string(alive) + std::string(queue_here)), words);
  if (!reply.reached || reply.status != 0)
    return {.failure = reply.err.empty() ? "no answer" : reply.err};
  return parse_status(reply.out);
}

void LocalQueue::cancel(Transport& transport, const Site& site, const std::string& token) {
  const Reply reply =
      transport.run(std::string(alive) + std::string(cancel_body), {run_folder(site, token)});
  if (!reply.reached || reply.status != 0)
    throw Error(ErrorCode::Resources, "the run could not be cancelled: " + reply.err,
                "repeat the command");
}

std::string LocalQueue::estimate(Transport&, const Site&, const ClusterRun&) { return {}; }

}
