#include "modules/cluster/wrapper.h"

namespace sensorium {
namespace {

// exit status 8: the program stopped and wrote a checkpoint; 143, 138: a signal came before it
// could. A scheduler's TERM comes to the wrapper alone or to all processes of the job: when it has
// ended the canary too, the program was told already, and may even have ended first.
constexpr std::string_view script = R"sh(#!/bin/sh
run=$1
cd "$run" || exit 97
job=${SENSORIUM_JOB:-${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}
element=${SENSORIUM_ELEMENT:-$SLURM_ARRAY_TASK_ID}
say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

if [ ! -s jobid ]; then
  printf '%s\n' "$job" >"claim.$job.$element" && ln "claim.$job.$element" jobid 2>/dev/null
  rm -f "claim.$job.$element"
fi
[ "$(cat jobid)" = "$job" ] || { say "job $job is a second job of this run and does nothing"; exit 0; }

here=$run
[ -z "$element" ] || here=$run/elements/$element
cd "$here" || exit 97
[ ! -e exit.json ] || exit 0
limits=0
[ ! -s limits_met ] || limits=$(cat limits_met)
begin=$(date -u +%Y-%m-%dT%H:%M:%SZ)
restarts=${SLURM_RESTART_COUNT:-0}
printf '{"job":"%s","restart":%d,"node":"%s","begin_utc":"%s"}\n' "$job" "$restarts" "$(hostname)" "$begin" >>attempts.jsonl

finish() {
  if [ -d out ]; then
    (cd out && find . -type f ! -name '*.tmp' ! -name lock -print0 | sort -z | xargs -0 -r sha256sum) >manifest.tmp && mv manifest.tmp manifest
  fi
  printf '{"state":"%s","status":%d,"job":"%s","node":"%s","begin_utc":"%s","end_utc":"%s","restarts":%d,"limits_met":%d}\n' \
    "$1" "$2" "$job" "$(hostname)" "$begin" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$restarts" "$limits" >exit.tmp && mv exit.tmp exit.json
  say "$1 (status $2)"
}

[ ! -e "$run/cancel" ] || { finish cancelled 143; exit 143; }

child= why= caught= softly=TERM
stop() { [ -z "$child" ] || kill -$softly "$child" 2>/dev/null; }
told() {
  for i in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 "$canary" 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}
trap 'caught=1 why=limit; stop' USR1
trap 'caught=1 why=${why:-term}; told || stop' TERM
tail --pid=$$ -f /dev/null </dev/null >/dev/null 2>&1 5>&- 6>&- 7>&- &
canary=$!

if [ -s "$run/modules" ]; then
  command -v module >/dev/null || . /etc/profile
  while read -r m; do module load "$m" || { finish failed 96; exit 96; }; done <"$run/modules"
fi
mkdir -p out
say "job $job, restart $restarts"
launch=
set --
if [ "${SLURM_NTASKS:-1}" != 1 ]; then
  export SENSORIUM_MEET_AT_LAUNCH=1
  softly=USR1 # srun passes it on; TERM would make it kill its tasks
  launch="srun --kill-on-bad-exit=0 --wait=60 --cpus-per-task=${SLURM_CPUS_PER_TASK:-1}"
elif [ -z "$SLURM_JOB_ID" ] && [ "$(cat "$run/ranks" 2>/dev/null || echo 1)" != 1 ]; then
  set -- --ranks "$(cat "$run/ranks")"
fi
$launch "$(cat "$run/program")" --json --threads "${SLURM_CPUS_PER_TASK:-${SENSORIUM_CPUS:-0}}" "$(cat "$run/verb")" "$here/task.json" -o "$here/out" "$@" >result.tmp &
child=$!
[ -z "$why" ] || stop
status=127
while :; do
  caught=
  wait "$child"
  s=$?
  [ $s = 127 ] && [ $status != 127 ] || status=$s
  [ -n "$caught" ] || break
done
mv result.tmp result.json

stopped=
case $status in 8 | 138 | 143) stopped=1 ;; esac
[ -z "$stopped" ] || [ -n "$why" ] || { told && why=term; }
kill "$canary" 2>/dev/null
if [ -n "$why" ] && [ -n "$stopped" ]; then
  if [ -e "$run/cancel" ]; then
    finish cancelled $status
  elif [ "$why" = limit ]; then
    if [ "$limits" -lt "$(cat "$run/limits")" ]; then
      limits=$((limits + 1))
      echo $limits >limits_met.tmp && mv limits_met.tmp limits_met
      say "time limit met $limits times; goes on in a new allocation"
      again=
      for pause in 1 2 3; do # a busy controller refuses now and then
        scontrol requeue "$SLURM_JOB_ID" && again=1 && break
        sleep $pause
      done
      [ -n "$again" ] || finish "time limit" $status
    else
      finish "time limit" $status
    fi
  else
    say "stopped by the scheduler; goes on when it is requeued"
  fi
elif [ $status = 0 ]; then
  finish done 0
else
  finish failed $status
fi
exit $status
)sh";

}

std::string_view wrapper_script() { return script; }

}
