// jobs: what has become of the runs.
#include "app/cli/cluster.h"
#include "modules/cluster/fetch.h"
#include "modules/cluster/submission.h"
#include "modules/core/error.h"
#include "modules/core/file.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Row {
  ClusterRun run;
  RunState state;
};

json to_json(const Row& row) {
  const RunState& s = row.state;
  json out = {{"token", row.run.token},
              {"name", row.run.name},
              {"site", row.run.site},
              {"verb", row.run.verb},
              {"created_utc", row.run.created_utc},
              {"job_id", s.job_id.empty() ? row.run.job_id : s.job_id},
              {"state", s.state},
              {"known", s.presence != Presence::Unknown},
              {"reason", s.reason},
              {"node", s.node},
              {"status", s.status},
              {"restarts", s.restarts},
              {"limits_met", s.limits_met},
              {"attempts", s.attempts},
              {"words", explain(s, row.run)}};
  if (row.run.array) {
    json elements = json::array();
    for (const auto& [index, element] : s.elements)
      elements.push_back(
          {{"element", index}, {"state", element.state}, {"status", element.status}});
    out["elements"] = elements;
    out["elements_in_all"] = row.run.tasks.size();
  }
  return out;
}

std::string line_of(const Row& row) {
  std::string name = row.run.name.substr(0, 24);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c < 32 || c == 127; }, '?');
  return fmt::format("{}  {:<12} {:<8} {:<24} {}", row.run.token.substr(0, 8), row.state.state,
                     row.run.site, name, explain(row.state, row.run));
}

// What the sites say, with what this computer remembers beside it. Runs that only a site knows are
// remembered again.
std::vector<Row> ask_all(const std::string& only_site, const std::string& only_token,
                         const Context& context) {
  RunStore store(cluster_folder());
  std::map<std::string, std::vector<ClusterRun>> by_site;
  for (ClusterRun& run : store.runs())
    if ((only_site.empty() || run.site == only_site) && run.token.starts_with(only_token))
      by_site[run.site].push_back(std::move(run));
  for (const Site& site : SiteStore(cluster_folder()).sites())
    if (only_site.empty() || only_site == site.name) by_site[site.name];
  std::vector<Row> rows;
  for (auto& [name, runs] : by_site) {
    SiteState state;
    try {
      const Reached at = reach(name);
      if (at.site.kind == "local" && !fs::exists(at.site.root)) continue;
      state = at.scheduler->poll(*at.transport, at.site, {});
    } catch (const Error& e) {
      state.failure = e.what();
    }
    if (!state.failure.empty()) context.warn(fmt::format("{}: {}", name, state.failure));
    for (auto& [token, run] : state.found) {
      if (!token.starts_with(only_token) || run.verb == "check") continue;
      if (std::any_of(runs.begin(), runs.end(),
                      [&](const ClusterRun& r) { return r.token == token; }))
        continue;
      run.site = name;
      runs.push_back(run);
      store.save(run);
    }
    for (ClusterRun& run : runs) {
      const auto found = state.runs.find(run.token);
      RunState now = found == state.runs.end() ? RunState{} : found->second;
      if (found == state.runs.end() && state.reached) now.state = "not submitted";
      if (now.presence != Presence::Unknown &&
          (run.state != now.state || run.job_id != now.job_id)) {
        run.state = now.state;
        run.job_id = now.job_id;
        store.save(run);
      }
      rows.push_back({run, now});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.run.created_utc, a.run.token) < std::tie(b.run.created_utc, b.run.token);
  });
  return rows;
}

Row one(const std::string& token, const Context& context) {
  const std::vector<Row> rows = ask_all("", token, context);
  if (rows.size() != 1 || token.empty()) RunStore(cluster_folder()).run(token); // says why
  return rows.at(0);
}

int list_jobs(const Session& session, const std::string& site) {
  json all = json::array();
  std::string text;
  for (const Row& row : ask_all(site, "", session.console.context())) {
    all.push_back(to_json(row));
    text += (text.empty() ? "" : "\n") + line_of(row);
  }
  session.console.print(json{{"runs", all}});
  session.console.print(text.empty() ? "no runs" : text);
  return 0;
}

void wait_a_while(double seconds, const Context& context, const std::string& text) {
  for (double slept = 0; slept < seconds; slept += 0.1) {
    context.step(0.5, text);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// Until all have ended, or this one has. Another state resets the wait.
int watch(const Session& session, const std::string& token) {
  const Context context = session.console.context();
  std::string before;
  for (int quiet = 0;; ++quiet) {
    std::vector<Row> rows = ask_all("", token, context);
    if (!token.empty()) rows = {one(token, context)};
    std::string text;
    bool open = false;
    for (const Row& row : rows) {
      open |= !row.state.final() && row.state.state != "not submitted";
      text += (text.empty() ? "" : "\n") + line_of(row);
    }
    if (text != before) {
      session.console.print(text);
      before = text;
      quiet = 0;
    }
    if (!open) {
      json all = json::array();
      for (const Row& row : rows) all.push_back(to_json(row));
      session.console.end_progress();
      session.console.print(json{{"runs", all}});
      return rows.size() == 1 && !token.empty() && rows[0].state.state != "done" ? 9 : 0;
    }
    wait_a_while(quiet == 0 ? 1 : back_off_s(quiet - 1), context, "waiting");
  }
}

// Of a run that this computer knows nothing else is asked: a window asks often.
ClusterRun run_to_read(const std::string& token, const Context& context) {
  for (const ClusterRun& run : RunStore(cluster_folder()).runs())
    if (run.token == token) return run;
  return one(token, context).run;
}

// Points are pairs of step and value. A terminal gets the last of each.
int show_curves(const Session& session, const std::string& token, int element, std::uint64_t from) {
  const ClusterRun run = run_to_read(token, session.console.context());
  if (run.array && element < 0)
    throw Error(ErrorCode::Usage, fmt::format("the run {} is a sweep", run.token.substr(0, 8)),
                "'sensorium jobs study' has its curves, --element those of one trial");
  const Reached at = reach(run.site);
  CurvePiece all = read_curves(*at.transport, at.site, run.token, element, from);
  for (bool more = all.next > all.from; more && all.next - all.from < (64u << 20);) {
    const CurvePiece piece = read_curves(*at.transport, at.site, run.token, element, all.next);
    more = piece.file == all.file && piece.from == all.next && piece.next > piece.from;
    if (!more) break;
    for (const auto& [tag, points] : piece.curves) {
      auto& curve = all.curves[tag];
      while (!curve.empty() && !points.empty() && curve.back().first >= points.front().first)
        curve.pop_back();
      curve.insert(curve.end(), points.begin(), points.end());
    }
    all.next = piece.next;
  }
  session.console.print(json{{"token", run.token},
                             {"file", all.file},
                             {"from", all.from},
                             {"next", all.next},
                             {"curves", all.curves}});
  std::string text = all.curves.empty() ? "nothing was recorded yet" : "";
  for (const auto& [tag, points] : all.curves)
    text += fmt::format("{}{:<24} step {:>8}  {:.6g}", text.empty() ? "" : "\n", tag,
                        points.back().first, points.back().second);
  session.console.print(text);
  return 0;
}

int show_log(const Session& session, const std::string& token, int element, bool follow,
             std::uint64_t from) {
  const Context context = session.console.context();
  const ClusterRun run = follow ? one(token, context).run : run_to_read(token, context);
  const Reached at = reach(run.site);
  std::string all;
  for (int quiet = 0;; ++quiet) {
    const bool ended = !follow || one(run.token, context).state.final();
    for (LogPiece piece = read_log(*at.transport, at.site, run.token, element, from);
         !piece.text.empty(); piece = read_log(*at.transport, at.site, run.token, element, from)) {
      from = piece.next;
      quiet = 0;
      if (session.console.json)
        all += piece.text;
      else
        std::fwrite(piece.text.data(), 1, piece.text.size(), stdout);
    }
    std::fflush(stdout);
    if (ended) break;
    for (double slept = 0; slept < std::min(10.0, 1.0 + quiet); slept += 0.1) {
      if (context.progress && interrupted()) return 8;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  session.console.print(json{{"token", run.token}, {"log", all}, {"bytes", from}});
  return 0;
}

int cancel(const Session& session, const std::string& token) {
  const Row row = one(token, session.console.context());
  const ClusterRun& run = row.run;
  if (row.state.final()) {
    session.console.print(
        json{{"cancelled", nullptr}, {"token", run.token}, {"state", row.state.state}});
    session.console.print(fmt::format("{} had ended before: {}; nothing was cancelled",
                                      run.token.substr(0, 8), row.state.state));
    return 0;
  }
  const Reached at = reach(run.site);
  at.scheduler->cancel(*at.transport, at.site, run.token);
  session.console.print(json{{"cancelled", run.token}});
  session.console.print("cancelled " + run.token.substr(0, 8));
  return 0;
}

int fetch(const Session& session, const std::string& token, std::string output) {
  const Context context = session.console.context();
  const ClusterRun run = one(token, context).run;
  if (output.empty()) output = "run-" + run.token.substr(0, 8);
  const Reached at = reach(run.site);
  const Fetched fetched = fetch_run(*at.transport, at.site, run.token, output, context);
  session.console.end_progress();
  session.console.print(
      json{{"folder", output}, {"verified", fetched.verified}, {"unproven", fetched.unproven}});
  session.console.print(fmt::format("{}: {} files with the right hash{}", output, fetched.verified,
                                    fetched.unproven.empty()
                                        ? ""
                                        : "; not ended, so not yet to be checked: " +
                                              fmt::format("{}", fetched.unproven.size())));
  return 0;
}

int retry_one(const Session& session, const std::string& token) {
  const Context context = session.console.context();
  RunStore store(cluster_folder());
  const ClusterRun run = one(token, context).run;
  const Reached at = reach(run.site);
  const ClusterRun again = retry(run, at.site, store, *at.transport, *at.scheduler, context);
  session.console.end_progress();
  session.console.print(json{{"token", again.token}, {"job_id", again.job_id}});
  session.console.print(
      fmt::format("{} is job {} on {}", again.token.substr(0, 8), again.job_id, again.site));
  return 0;
}

int explain_one(const Session& session, const std::string& token) {
  const Row row = one(token, session.console.context());
  session.console.print(to_json(row));
  session.console.print(explain(row.state, row.run));
  return 0;
}

}

void add_jobs(CLI::App& app, Session& session) {
  auto* jobs = app.add_subcommand(
      "jobs",
      "The runs on all sites: list, watch, logs, curves, cancel, fetch, retry, explain, study");
  jobs->require_subcommand(1);
  struct Words {
    std::string token, site, output;
    int element = -1;
    std::uint64_t from = 0;
    bool follow = false;
  };
  const auto words = std::make_shared<Words>();
  const auto add = [&](const char* name, const char* help, bool needs_run,
                       const std::function<int()>& action) {
    auto* command = jobs->add_subcommand(name, help);
    auto* run = command->add_option("RUN", words->token, "A run, or the first digits of it");
    if (needs_run) run->required();
    command->callback([&session, action] { session.chosen = action; });
    return command;
  };
  auto* list = jobs->add_subcommand("list", "All runs and what has become of them");
  list->add_option("--site", words->site, "Of this site alone");
  list->callback([&session, words] {
    session.chosen = [&session, words] { return list_jobs(session, words->site); };
  });
  add("watch", "Follow one run, or all, until they have ended", false,
      [&session, words] { return watch(session, words->token); });
  auto* logs = add("logs", "What a run has printed", true, [&session, words] {
    return show_log(session, words->token, words->element, words->follow, words->from);
  });
  logs->add_option("--from", words->from, "Leave out this many bytes");
  logs->add_flag("-f,--follow", words->follow, "Go on until the run has ended");
  logs->add_option("--element", words->element, "Of a sweep: which element")
      ->check(CLI::Range(0, 100000));
  auto* curves = add("curves", "What a training has recorded: losses and measures by step", true,
                     [&session, words] {
                       return show_curves(session, words->token, words->element, words->from);
                     });
  curves->add_option("--element", words->element, "Of a sweep: which element")
      ->check(CLI::Range(0, 100000));
  curves->add_option("--from", words->from,
                     "Leave out this many bytes ('next' of an earlier call)");
  add("cancel", "Stop a run", true, [&session, words] { return cancel(session, words->token); });
  add("fetch", "Bring a run's result, and check its hashes", true, [&session, words] {
    return fetch(session, words->token, words->output);
  })->add_option("-o,--output", words->output, "Folder for it (default: run-TOKEN)");
  add("retry", "End an unfinished submission, or go on with a run that did not end well", true,
      [&session, words] { return retry_one(session, words->token); });
  add("explain", "In words: what a run is doing or waiting for", true,
      [&session, words] { return explain_one(session, words->token); });
  add_study(*jobs, session);
}

}
