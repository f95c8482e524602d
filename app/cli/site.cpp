// site: the clusters of this user.
#include "app/cli/cluster.h"
#include "modules/cluster/fetch.h"
#include "modules/cluster/ssh.h"
#include "modules/cluster/submission.h"
#include "modules/core/error.h"
#include "modules/core/promoted_models.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Words {
  Site site;
  bool replace = false, ask = false;
};

std::string text_of(const Site& site) {
  std::string out = site.kind == "local"
                        ? fmt::format("{}: this machine, {} at once", site.name, site.slots)
                        : fmt::format("{}: {} ({})", site.name, site.host, site.slurm_version);
  out += fmt::format("\n  folder {}", site.root);
  for (const Partition& p : site.partitions)
    out += fmt::format("\n  partition {}{}: {} nodes of {} processors, {} MiB, {}time limit {}{}",
                       p.name, p.preferred ? " (default)" : "", p.nodes, p.cpus, p.memory_mib,
                       p.gres.empty() ? "" : p.gres + ", ", p.time_limit, p.up ? "" : ", closed");
  for (const std::string& account : site.accounts) out += "\n  account " + account;
  for (const std::string& qos : site.qos_names) out += "\n  QOS " + qos;
  return out;
}

int list_sites(const Session& session) {
  json all = json::array();
  std::string text;
  for (const Site& site : SiteStore(cluster_folder()).sites()) {
    all.push_back(to_json(site));
    for (std::size_t i = 0; i < site.partitions.size(); ++i) {
      json& partition = all.back().at("partitions").at(i);
      const auto minutes = minutes_of(site.partitions[i].time_limit);
      partition["minutes"] = minutes ? json(*minutes) : json();
      partition["gpus"] = gpus_of(site.partitions[i].gres);
    }
    if (site.kind == "local") all.back()["cpus"] = std::thread::hardware_concurrency();
    text += text_of(site) + "\n";
  }
  session.console.print(json{{"sites", all}});
  session.console.print(text.substr(0, text.size() - 1));
  return 0;
}

int add_or_change(const Session& session, Words words) {
  Site site = words.site;
  SiteStore store(cluster_folder());
  if (site.kind == "local") {
    if (site.root.empty()) site.root = (fs::absolute(cluster_folder()) / site.name).string();
    if (site.program.empty()) site.program = store.site("local").program;
  } else {
    check_host(site.host);
    Ssh ssh({.host = site.host, .config = site.config, .login_shell = site.login_shell});
    if (words.ask) ssh.connect();
    site = discover_site(site, ssh);
  }
  store.add(site, words.replace);
  session.console.print(to_json(site));
  session.console.print(text_of(site));
  return 0;
}

// A training of two steps: the program, its libraries and LibTorch are tried on a node.
json small_training() {
  return {{"pipeline", "oct_hrf"},
          {"verb", "train"},
          {"parameters",
           {{"seeds", 1},
            {"sample_scans", 1},
            {"patches", 1},
            {"validation_seeds", 1},
            {"side", 32},
            {"widths", "2,4"},
            {"batch_size", 2},
            {"steps", 2},
            {"threads", 1}}}};
}

// A build without LibTorch declares no parameters of a training.
bool can_train(const Session& session) {
  for (const auto& [pipeline, command] : session.registry.commands())
    if (pipeline == "oct_hrf" && command.at("verb") == "train")
      return !command.at("parameters").empty();
  return false;
}

// The whole way is tried: by a small training where the program is there or is sent, else by a job
// that does nothing but end. A program that was sent and works is the site's from then on.
int check_one(const Session& session, const std::string& name, const std::string& bundle) {
  const Reached at = reach(name);
  if (at.site.kind == "slurm") {
    const Site found = discover_site(at.site, *at.transport);
    SiteStore(cluster_folder()).add(found, true);
  }
  RunStore store(cluster_folder());
  Site site = at.site;
  std::vector<Upload> uploads;
  if (!bundle.empty()) {
    uploads.push_back(upload_of_bundle(bundle, session.console.context()));
    site.program = store_folder(site, uploads.front()) + "/sensorium";
  }
  const bool tries = !site.program.empty() && can_train(session);
  ClusterRun run{.name = "check of the site",
                 .verb = tries ? "train" : "check",
                 .tasks = {tries ? small_training() : json::object()},
                 .program = tries ? site.program : "/bin/true"};
  run.resources.minutes = tries ? 5 : 1;
  run.resources.grace_seconds = 10;
  const Context context = session.console.context();
  run = submit({.site = site, .run = run, .uploads = uploads}, store, *at.transport, *at.scheduler,
               context);
  RunState state;
  for (int i = 0; !state.final(); ++i) {
    context.step(0.95, "waiting for the test job: " +
                           (state.reason.empty() ? state.state : explain_reason(state.reason)));
    std::this_thread::sleep_for(std::chrono::milliseconds(i < 20 ? 250 : 3000));
    const SiteState all = at.scheduler->poll(*at.transport, site, {run.token});
    if (all.runs.contains(run.token)) state = all.runs.at(run.token);
  }
  store.forget(run.token);
  session.console.end_progress();
  if (state.state != "done")
    throw Error(ErrorCode::Resources,
                fmt::format("the test job on '{}' did not end well: {}", name, explain(state, run)),
                "see log.txt in " + run_folder(site, run.token));
  if (!bundle.empty()) {
    Site known = SiteStore(cluster_folder()).site(name);
    known.program = site.program;
    SiteStore(cluster_folder()).add(known, true);
  }
  session.console.print(json{{"site", name},
                             {"job", run.job_id},
                             {"node", state.node},
                             {"program", tries ? json(site.program) : json()}});
  session.console.print(fmt::format("{} works: job {} ran on {}{}", name, run.job_id, state.node,
                                    tries ? ", and trained a small network"
                                    : site.program.empty()
                                        ? "; sensorium is not there yet: add --bundle FOLDER"
                                        : ""));
  return 0;
}

}

fs::path cluster_folder() { return user_data_folder() / "cluster"; }

Reached reach(const std::string& name) {
  Reached out{.site = SiteStore(cluster_folder()).site(name), .transport = {}, .scheduler = {}};
  out.transport = transport_of(out.site);
  out.scheduler = scheduler_of(out.site);
  return out;
}

void add_site(CLI::App& app, Session& session) {
  auto* site =
      app.add_subcommand("site", "Clusters that work can be sent to: add, list, check, remove");
  site->require_subcommand(1);
  auto* list = site->add_subcommand("list", "The sites, their partitions and limits");
  list->callback([&session] { session.chosen = [&session] { return list_sites(session); }; });

  auto* add =
      site->add_subcommand("add", "Add a Slurm cluster behind ssh, or a queue of this machine");
  const auto words = std::make_shared<Words>();
  Site& s = words->site;
  add->add_option("NAME", s.name, "How you call it")->required();
  add->add_option("--kind", s.kind, "slurm, or local for a queue of this machine")
      ->check(CLI::IsMember({"slurm", "local"}));
  add->add_option("--host", s.host, "An alias of your ssh_config, or user@machine");
  add->add_option("--ssh-config", s.config, "Another ssh_config than your own");
  add->add_option("--root", s.root, "Folder there for runs and files (default: ~/.sensorium)");
  add->add_option("--program", s.program, "The program sensorium as installed there");
  add->add_option("--partition", s.partition, "Partition, when a job names none");
  add->add_option("--account", s.account, "Account, when a job names none");
  add->add_option("--qos", s.qos, "QOS, when a job names none");
  add->add_option("--module", s.modules, "Load this environment module first (again for more)");
  add->add_option("--slots", s.slots, "Of a local queue: jobs at the same time");
  add->add_flag("--login-shell", s.login_shell, "Slurm is found only by a login shell there");
  add->add_flag("--replace", words->replace, "Change the site of this name");
  add->add_flag("--ask", words->ask, "Ask for password and code in this terminal first");
  add->callback([&session, words] {
    session.chosen = [&session, words] { return add_or_change(session, *words); };
  });

  auto* check = site->add_subcommand(
      "check", "Connect, install the program where it is given, and run a small test job");
  const auto name = std::make_shared<std::string>(), bundle = std::make_shared<std::string>();
  check->add_option("NAME", *name, "A site")->required();
  check->add_option("--bundle", *bundle,
                    "A folder of scripts/bundle: it is sent, tried, and used there from then on");
  check->callback([&session, name, bundle] {
    session.chosen = [&session, name, bundle] { return check_one(session, *name, *bundle); };
  });

  auto* remove = site->add_subcommand("remove", "Forget a site; what is there stays there");
  remove->add_option("NAME", *name, "A site")->required();
  remove->callback([&session, name] {
    session.chosen = [&session, name] {
      SiteStore(cluster_folder()).remove(*name);
      session.console.print(json{{"removed", *name}});
      session.console.print("removed " + *name);
      return 0;
    };
  });
}

}
