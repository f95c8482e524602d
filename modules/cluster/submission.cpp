#include "modules/cluster/submission.h"

#include "modules/cluster/local_queue.h"
#include "modules/cluster/wrapper.h"
#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace sensorium {
using nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace {

// A folder of another name becomes the run folder when it is whole.
constexpr std::string_view prepare = R"sh(
root=$1 token=$2
shift 2
mkdir -p "$root/runs" && cd "$root/runs" || exit 71
[ ! -f "$token/job.json" ] || exit 0
find . -maxdepth 1 -name '.new-*' -mmin +600 -exec rm -rf {} + 2>/dev/null
new=$(mktemp -d ./.new-XXXXXXXX) || exit 72
while [ $# -gt 1 ]; do
  case $1 in */*) mkdir -p "$new/${1%/*}" ;; esac
  printf '%s' "$2" >"$new/$1" || { rm -rf "$new"; exit 72; }
  shift 2
done
mv -T "$new" "$token" 2>/dev/null || { rm -rf "$new"; [ -f "$token/job.json" ] || exit 72; }
)sh";

std::string text_of(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::vector<std::string> files_of(const Site& site, const ClusterRun& run) {
  std::string modules;
  for (const std::string& module : site.modules) modules += module + "\n";
  std::vector<std::string> out{"job.json",  text_of(to_json(run, false)),
                               "job.sh",    std::string(wrapper_script()),
                               "runner.sh", std::string(runner_script()),
                               "program",   run.program + "\n",
                               "verb",      run.verb + "\n",
                               "modules",   modules,
                               "ranks",     fmt::format("{}\n", run.resources.tasks_per_node),
                               "limits",    fmt::format("{}\n", run.resources.time_limit_requeues)};
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    out.push_back(run.array ? fmt::format("elements/{}/task.json", i) : "task.json");
    out.push_back(text_of(run.tasks[i]));
  }
  return out;
}

// Repeats what gave no certain answer, until it does or the patience ends.
template<class Ask>
void until_certain(const Context& context, double patience_s, std::string_view doing,
                   const Ask& ask) {
  const auto begin = Clock::now();
  for (int i = 0;; ++i) {
    const std::string failure = ask();
    if (failure.empty()) return;
    const std::chrono::duration<double> passed = Clock::now() - begin;
    const double left = patience_s - passed.count();
    if (left <= 0)
      throw Error(ErrorCode::Resources, fmt::format("{}: {}", doing, failure),
                  "repeat the command when the connection is back: there will be one job, however "
                  "often it is repeated");
    context.warn(fmt::format("{}: {}; asking again", doing, failure));
    const double wait = std::min(left, i == 0 ? 0.2 : back_off_s(i - 1));
    for (double slept = 0; slept < wait; slept += 0.1) {
      context.step(0.9, doing);
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.1, wait - slept)));
    }
  }
}

void make_run_folder(Transport& transport, const Site& site, const ClusterRun& run,
                     const Context& context, double patience_s) {
  std::vector<std::string> words{site.root, run.token};
  for (std::string& word : files_of(site, run)) words.push_back(std::move(word));
  until_certain(context, patience_s, "making the run's folder", [&]() -> std::string {
    const Reply reply = transport.run(prepare, words);
    if (!reply.reached) return reply.err.empty() ? "no answer" : reply.err;
    if (reply.status != 0)
      throw Error(ErrorCode::Resources,
                  fmt::format("the run's folder cannot be made on '{}': {}", site.name, reply.err),
                  "is the disk full there, or your quota used up?");
    return {};
  });
}

void ask_for_job(ClusterRun& run, const Site& site, Transport& transport, Scheduler& scheduler,
                 const std::string& again, const std::vector<int>& elements, const Context& context,
                 double patience_s) {
  until_certain(context, patience_s, "submitting", [&]() -> std::string {
    const Submitted answer = scheduler.submit(transport, site, run, again, elements);
    if (!answer.certain) return answer.failure.empty() ? "no answer" : answer.failure;
    run.job_id = answer.job_id;
    return {};
  });
  run.state = "pending";
}

}

double back_off_s(int repetition) {
  return std::min(60.0, 5.0 * std::pow(1.5, std::min(repetition, 20)));
}

ClusterRun submit(Submission submission, RunStore& store, Transport& transport,
                  Scheduler& scheduler, const Context& context, double patience_s) {
  ClusterRun& run = submission.run;
  const Site& site = submission.site;
  run.site = site.name;
  run.digest = digest_of(run);
  if (run.token.empty()) {
    const auto unfinished = store.unfinished(run.digest);
    run.token = unfinished ? unfinished->token : new_token();
    run.created_utc = unfinished ? unfinished->created_utc : utc_now();
  }
  if (run.created_utc.empty()) run.created_utc = utc_now();
  check_run(run);
  check_site(site);
  context.step(0, "writing the record");
  store.save(run);
  for (std::size_t i = 0; i < submission.uploads.size(); ++i) {
    const double part = 0.8 / static_cast<double>(submission.uploads.size());
    const double from = 0.05 + part * static_cast<double>(i);
    stage(transport, site, submission.uploads[i], context.part(from, from + part));
  }
  context.step(0.85, "making the run's folder");
  make_run_folder(transport, site, run, context, patience_s);
  context.step(0.9, "submitting");
  ask_for_job(run, site, transport, scheduler, "", {}, context, patience_s);
  context.step(0.95, "writing the record");
  store.save(run);
  context.step(1, "submitted");
  return run;
}

ClusterRun retry(const ClusterRun& run, const Site& site, RunStore& store, Transport& transport,
                 Scheduler& scheduler, const Context& context, double patience_s) {
  ClusterRun again = run;
  SiteState state;
  until_certain(context, patience_s, "asking for its state", [&]() -> std::string {
    state = scheduler.poll(transport, site, {run.token});
    if (!state.reached || !state.queue_known)
      return state.failure.empty() ? "no answer" : state.failure;
    return {};
  });
  if (!state.found.contains(run.token)) { // killed before the folder was there
    if (run.tasks.empty() || run.tasks.front().is_null())
      throw Error(ErrorCode::NotFound,
                  fmt::format("'{}' has no folder of the run {}", site.name, run.token),
                  "submit it again");
    return submit({.site = site, .run = run, .uploads = {}}, store, transport, scheduler, context,
                  patience_s);
  }
  const RunState& now = state.runs.at(run.token);
  if (now.state != "not submitted" && !now.final())
    throw Error(ErrorCode::Conflict, fmt::format("the run {} is {}", run.token, now.state),
                "wait for it, or cancel it first");
  if (now.state == state_done)
    throw Error(ErrorCode::Conflict, fmt::format("the run {} ended well", run.token),
                "'sensorium jobs fetch' brings its result; submit it anew to repeat it");
  std::vector<int> elements;
  for (std::size_t i = 0; run.array && i < run.tasks.size(); ++i) {
    const auto found = now.elements.find(static_cast<int>(i));
    if (found == now.elements.end() || found->second.state != state_done)
      elements.push_back(static_cast<int>(i));
  }
  ask_for_job(again, site, transport, scheduler, now.state == "not submitted" ? "" : now.job_id,
              elements, context, patience_s);
  store.save(again);
  return again;
}

}
