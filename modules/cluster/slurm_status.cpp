#include "modules/cluster/slurm.h"

#include "modules/cluster/wrapper.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::string_view queue_of_slurm = R"sh(
queue() { squeue -h -u "$(id -un)" -t all -o 'job|%j|%i|%T|%r|%S|%M|%L|%N'; }
afterwards() { # of a job that the queue no longer lists: accounting, then what Slurm remembers
  s=$(sacct -X -n -P -j "$1" -o State 2>/dev/null | head -n 1)
  [ -n "$s" ] || s=$(scontrol show job -o "$1" 2>/dev/null | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p' | head -n 1)
  [ -z "$s" ] || printf 'after %s\n' "$s"
}
)sh";

// The queue is asked first: a job that ends in between has then left its exit file. $1: folder, $2
// ...: tokens.
constexpr std::string_view status_body = R"sh(
root=$1; shift
[ -d "$root" ] || { echo "$root is not there" >&2; exit 71; }
q=$(queue); s=$?
printf 'queue %d\n' $s
printf '%s\n' "$q" | grep '^job|sns-'
cd "$root/runs" 2>/dev/null || { echo end; exit 0; }
[ $# -gt 0 ] || set -- *
for t; do
  [ -f "$t/job.json" ] || continue
  printf 'run %s\nspec %s\n' "$t" "$(cat "$t/job.json")"
  [ ! -s "$t/jobid" ] || printf 'jobid %s\n' "$(cat "$t/jobid")"
  [ ! -e "$t/cancel" ] || echo cancel
  [ ! -s "$t/attempts.jsonl" ] || printf 'attempts %s\n' "$(wc -l <"$t/attempts.jsonl")"
  [ ! -s "$t/limits_met" ] || printf 'limits %s\n' "$(cat "$t/limits_met")"
  if [ -s "$t/exit.json" ]; then
    printf 'exit %s\n' "$(cat "$t/exit.json")"
  elif [ -d "$t/elements" ]; then
    for e in "$t"/elements/*/exit.json; do
      [ ! -s "$e" ] || { d=${e%/exit.json}; printf 'element %s %s\n' "${d##*/}" "$(cat "$e")"; }
    done
  fi
  if [ ! -s "$t/exit.json" ] && [ -s "$t/jobid" ] && [ $s = 0 ]; then
    case $q in *"|sns-$t|"*) ;; *) afterwards "$(cat "$t/jobid")" ;; esac
  fi
done
echo end
)sh";

struct QueueLine {
  std::string job_id, state, reason, start, run_time, time_left, node;
};

struct Gathered {
  std::vector<QueueLine> queue;
  json exit;
  std::map<int, json> elements;
  std::string after;
  bool cancel = false;
};

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '|');) out.push_back(field);
  return out;
}

int number_of(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_active(const std::string& s) {
  return s == "PENDING" || s == "RUNNING" || s == "CONFIGURING" || s == "COMPLETING" ||
         s == "SUSPENDED" || s == "REQUEUED" || s == "REQUEUE_HOLD" || s == "REQUEUE_FED" ||
         s == "SPECIAL_EXIT" || s == "STAGE_OUT" || s == "SIGNALING" || s == "STOPPED" ||
         s == "RESIZING" || s == "RESV_DEL_HOLD" || s == "REVOKED";
}

std::string word_of(const std::string& slurm_state) {
  if (slurm_state == "RUNNING" || slurm_state == "COMPLETING" || slurm_state == "SUSPENDED" ||
      slurm_state == "STAGE_OUT" || slurm_state == "SIGNALING" || slurm_state == "STOPPED")
    return "running";
  return "pending";
}

void take_exit(RunState& state, const json& exit) {
  state.presence = Presence::Known;
  state.state = exit.value("state", "unknown");
  state.status = exit.value("status", 0);
  state.node = exit.value("node", "");
  state.end_utc = exit.value("end_utc", "");
  state.restarts = exit.value("restarts", 0);
  state.limits_met = exit.value("limits_met", 0);
}

void take_queue(RunState& state, const QueueLine& line) {
  state.presence = Presence::Known;
  const std::string word = word_of(line.state);
  if (state.state != "running") state.state = word;
  state.reason = line.reason == "None" ? "" : line.reason;
  state.start_utc = line.start;
  state.run_time = line.run_time;
  state.time_left = line.time_left;
  state.node = line.node;
  if (state.job_id.empty()) state.job_id = line.job_id.substr(0, line.job_id.find('_'));
}

void take_end_without_exit(RunState& state, const std::string& slurm_state, bool cancel) {
  state.presence = slurm_state.empty() ? Presence::Absent : Presence::Known;
  if (cancel) {
    state.state = state_cancelled;
    return;
  }
  state.state = slurm_state == "CANCELLED" || slurm_state.starts_with("CANCELLED ")
                    ? state_cancelled
                : slurm_state == "TIMEOUT" ? state_time_limit
                                           : "lost";
  if (state.state == state_cancelled)
    state.detail = "someone cancelled it on the site";
  else
    state.detail = slurm_state.empty()
                       ? "the queue no longer lists it, and it left no exit file"
                       : fmt::format("Slurm says {}, and it left no exit file", slurm_state);
}

// A sweep has ended when each of its elements has.
bool take_elements(RunState& state, const Gathered& gathered, std::size_t wanted) {
  for (const auto& [index, exit] : gathered.elements)
    state.elements[index] = {exit.value("state", "unknown"), exit.value("status", 0)};
  if (state.elements.size() < wanted) return false;
  state.presence = Presence::Known;
  state.state = state_done;
  for (const auto& [index, element] : state.elements)
    if (element.state != state_done) state.state = state_failed;
  return true;
}

void conclude(RunState& state, const Gathered& g, const ClusterRun& run, bool queue_known) {
  if (g.exit.is_object()) return take_exit(state, g.exit);
  if (run.array && take_elements(state, g, run.tasks.size())) return;
  std::string ended;
  for (const QueueLine& line : g.queue)
    if (is_active(line.state))
      take_queue(state, line);
    else
      ended = line.state;
  if (state.state != "unknown") return;
  if (!queue_known) return;
  if (state.job_id.empty()) {
    state.presence = Presence::Absent;
    state.state = g.cancel ? state_cancelled : "not submitted";
    return;
  }
  take_end_without_exit(state, ended.empty() ? g.after : ended, g.cancel);
}

class Reader {
public:
  SiteState read(const std::string& text) {
    std::istringstream in(text);
    bool whole = false;
    for (std::string line; std::getline(in, line);) {
      if (line == "end") whole = true;
      take(line);
    }
    if (!whole) return {.failure = "the answer broke off"};
    out_.reached = true;
    for (auto& [token, run] : out_.found) {
      Gathered& gathered = gathered_[token];
      for (const QueueLine& line : queue_[token])
        if (out_.runs[token].job_id.empty() ||
            line.job_id.substr(0, line.job_id.find('_')) == out_.runs[token].job_id)
          gathered.queue.push_back(line);
      conclude(out_.runs[token], gathered, run, out_.queue_known);
    }
    return std::move(out_);
  }

private:
  void take(const std::string& line) {
    if (line.starts_with("job|")) {
      const auto f = fields_of(line);
      if (f.size() >= 8 && f[1].size() == 36)
        queue_[f[1].substr(4)].push_back(
            {f[2], f[3], f[4], f[5], f[6], f[7], f.size() > 8 ? f[8] : ""});
      return;
    }
    const auto space = line.find(' ');
    const std::string key = line.substr(0, space);
    const std::string value = space == std::string::npos ? "" : line.substr(space + 1);
    if (key == "queue") out_.queue_known = value == "0";
    if (key == "run") token_ = value;
    if (token_.empty()) return;
    if (key == "spec") take_spec(value);
    if (!out_.found.contains(token_)) return;
    RunState& state = out_.runs[token_];
    Gathered& gathered = gathered_[token_];
    if (key == "jobid") state.job_id = value;
    if (key == "cancel") gathered.cancel = true;
    if (key == "attempts") state.attempts = number_of(value);
    if (key == "limits") state.limits_met = number_of(value);
    if (key == "after") gathered.after = value;
    if (key == "exit") gathered.exit = json::parse(value, nullptr, false);
    if (key == "element") {
      const auto at = value.find(' ');
      const json exit = json::parse(value.substr(std::min(at, value.size())), nullptr, false);
      if (exit.is_object()) gathered.elements[number_of(value)] = exit;
    }
  }
  void take_spec(const std::string& text) {
    try {
      ClusterRun run = run_from_json(json::parse(text));
      if (run.token == token_) out_.found[token_] = std::move(run);
    } catch (const std::exception&) {
      // another program's folder, or one that is just being made
    }
  }
  SiteState out_;
  std::string token_;
  std::map<std::string, std::vector<QueueLine>> queue_;
  std::map<std::string, Gathered> gathered_;
};

}

std::string status_script(std::string_view queue) {
  return std::string(queue) + std::string(status_body);
}

SiteState parse_status(const std::string& text) {
  try {
    return Reader().read(text);
  } catch (const json::exception&) { // an exit file whose fields have other types
    return {.failure = "the answer is not as it should be"};
  }
}

SiteState Slurm::poll(Transport& transport, const Site& site,
                      const std::vector<std::string>& tokens) {
  std::vector<std::string> words{site.root};
  for (const std::string& token : tokens) {
    check_token(token);
    words.push_back(token);
  }
  const Reply reply = transport.run(status_script(queue_of_slurm), words);
  if (!reply.reached || reply.status != 0)
    return {.failure = reply.err.empty() ? "no answer" : reply.err};
  SiteState state = parse_status(reply.out);
  if (state.reached && !state.queue_known) state.failure = reply.err;
  return state;
}

}
