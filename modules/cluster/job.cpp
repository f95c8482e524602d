#include "modules/cluster/job.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace sensorium {
using nlohmann::json;
namespace {

bool only(const std::string& text, std::string_view further) {
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) ||
           further.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

void check_range(const char* what, int value, int least, int most) {
  if (value < least || value > most)
    throw Error(ErrorCode::Usage, fmt::format("{} is {}", what, value),
                fmt::format("{} to {}", least, most));
}

}

std::string new_token() {
  std::random_device device;
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:08x}", device() & 0xffffffffu);
  return out;
}

void check_token(const std::string& token) {
  if (token.size() != 32 || token.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error(ErrorCode::Usage, "a run's token has 32 hexadecimal digits",
                "'sensorium jobs list' shows the runs");
}

void check_plain_text(const std::string& what, const std::string& text) {
  for (const char c : text)
    if (c == '\n' || c == '\r' || c == '\0')
      throw Error(ErrorCode::Usage, fmt::format("{} holds a line break or a NUL character", what),
                  "leave it out");
}

void check_slurm_name(const std::string& what, const std::string& name) {
  if (name.empty() || name.size() > 64 || name.front() == '-' || !only(name, "._-:@+,"))
    throw Error(ErrorCode::Usage, fmt::format("'{}' cannot be the name of {}", name, what),
                "letters, digits and . _ - : @ + , at most 64");
}

void check_module_name(const std::string& name) {
  if (name.empty() || name.size() > 128 || name.front() == '-' || !only(name, "._-+/:"))
    throw Error(ErrorCode::Usage, fmt::format("'{}' cannot be the name of a module", name),
                "as 'module avail' shows it");
}

void check_resources(const JobResources& r) {
  check_range("the number of nodes", r.nodes, 1, 100000);
  check_range("the number of tasks on a node", r.tasks_per_node, 1, 1024);
  check_range("the number of processors", r.cpus, 1, 4096);
  check_range("the number of GPUs", r.gpus, 0, 64);
  check_range("the memory in MiB", r.memory_mib, 0, 1 << 28);
  check_range("the time in minutes", r.minutes, 1, 525600);
  check_range("the time before the limit in seconds", r.grace_seconds, 1, 65535);
  check_range("the number of requeues at the time limit", r.time_limit_requeues, 0, 1000);
  for (const std::string* name : {&r.partition, &r.account, &r.qos})
    if (!name->empty()) check_slurm_name("partition, account and QOS", *name);
  if (!only(r.gres, "._-:") || r.gres.empty() || r.gres.front() == '-')
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no kind of GPU", r.gres),
                "as 'sensorium site list' shows it: gpu, or gpu:a100");
}

void check_run(const ClusterRun& run) {
  check_token(run.token);
  check_resources(run.resources);
  if (run.verb.empty() || run.verb.front() == '-' || !only(run.verb, "-_"))
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no command", run.verb));
  check_plain_text("the program's path", run.program);
  if (run.tasks.empty() || (!run.array && run.tasks.size() != 1))
    throw Error(ErrorCode::Usage, "a run needs a task");
  check_range("the number of elements", static_cast<int>(run.tasks.size()), 1, 100000);
  check_range("the number of elements at once", run.at_once, 0, 100000);
}

json to_json(const JobResources& r) {
  return {{"nodes", r.nodes},
          {"tasks_per_node", r.tasks_per_node},
          {"cpus", r.cpus},
          {"gpus", r.gpus},
          {"memory_mib", r.memory_mib},
          {"minutes", r.minutes},
          {"partition", r.partition},
          {"account", r.account},
          {"qos", r.qos},
          {"gres", r.gres},
          {"grace_seconds", r.grace_seconds},
          {"time_limit_requeues", r.time_limit_requeues}};
}

JobResources resources_from_json(const json& in) {
  return {.nodes = in.at("nodes"),
          .tasks_per_node = in.at("tasks_per_node"),
          .cpus = in.at("cpus"),
          .gpus = in.at("gpus"),
          .memory_mib = in.at("memory_mib"),
          .minutes = in.at("minutes"),
          .partition = in.at("partition"),
          .account = in.at("account"),
          .qos = in.at("qos"),
          .gres = in.at("gres"),
          .grace_seconds = in.at("grace_seconds"),
          .time_limit_requeues = in.at("time_limit_requeues")};
}

json to_json(const ClusterRun& run, bool with_tasks) {
  json out = {{"version", 1},
              {"token", run.token},
              {"name", run.name},
              {"site", run.site},
              {"verb", run.verb},
              {"elements", run.tasks.size()},
              {"array", run.array},
              {"at_once", run.at_once},
              {"resources", to_json(run.resources)},
              {"program", run.program},
              {"created_utc", run.created_utc},
              {"digest", run.digest}};
  if (with_tasks) {
    out["tasks"] = run.tasks;
    out["job_id"] = run.job_id;
    out["state"] = run.state;
  }
  return out;
}

ClusterRun run_from_json(const json& in) {
  try {
    if (in.at("version") != 1)
      throw Error(ErrorCode::Unsupported, "a run was written by a newer version",
                  "use the newer version");
    ClusterRun run{.token = in.at("token"),
                   .name = in.at("name"),
                   .site = in.at("site"),
                   .verb = in.at("verb"),
                   .tasks = in.value("tasks", std::vector<json>{}),
                   .array = in.at("array"),
                   .at_once = in.at("at_once"),
                   .resources = resources_from_json(in.at("resources")),
                   .program = in.at("program"),
                   .created_utc = in.at("created_utc"),
                   .job_id = in.value("job_id", ""),
                   .state = in.value("state", "unknown"),
                   .digest = in.at("digest")};
    const int elements = in.at("elements");
    check_range("the number of elements", elements, 1, 100000);
    run.tasks.resize(static_cast<std::size_t>(elements)); // unknown ones are null
    check_run(run);
    return run;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput, fmt::format("a run is not as it should be: {}", json_fault(e)),
                "it cannot be used");
  }
}

std::string digest_of(const ClusterRun& run) {
  return sha256(json{{"verb", run.verb},
                     {"name", run.name},
                     {"site", run.site},
                     {"tasks", run.tasks},
                     {"at_once", run.at_once},
                     {"resources", to_json(run.resources)}}
                    .dump(-1, ' ', false, json::error_handler_t::replace));
}

}
