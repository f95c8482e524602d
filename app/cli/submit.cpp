// submit: a recipe, a plan or a sweep becomes exactly one job of a site.
#include "app/cli/cluster.h"
#include "app/cli/plan.h"
#include "modules/cluster/submission.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"
#include "modules/core/recipe.h"
#include "modules/sweep/trial.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Words {
  std::string file, site, name, token, program, bundle;
  bool dry_run = false, with_patient_data = false;
  JobResources resources;
};

// What would be sent, and the tasks that name it by its place there.
struct Prepared {
  json task;                     // of a sweep that of its trials, but for their numbers
  int elements = 0, at_once = 0; // of a sweep
  ParameterSpecs specs;          // of a plan's command
  std::vector<Upload> uploads;
  std::vector<fs::path> named; // recordings among them that name a patient
};

bool names_patient(Session& session, const fs::path& path, const Context& context) {
  const Dataset dataset = session.registry.header(path, context);
  const Patient& patient = origin_of(dataset).patient;
  return !(patient.id + patient.name + patient.birth_date).empty();
}

// The recordings at a path, or anywhere below it, that name a patient, or that are damaged so that
// it cannot be known. A file that no reader knows is no recording.
struct Named {
  std::vector<fs::path> files;
  bool damaged = false; // the first one
};

Named naming_patients(Session& session, const fs::path& path, const Context& context) {
  if (!fs::is_directory(path))
    return {names_patient(session, path, context) ? std::vector{path} : std::vector<fs::path>{}};
  std::vector<fs::path> named, damaged;
  std::error_code code;
  for (fs::recursive_directory_iterator
           it(path, fs::directory_options::follow_directory_symlink, code),
       end;
       !code && it != end; it.increment(code)) {
    context.step(0, "looking for patients' names");
    if (!it->is_regular_file()) continue;
    try {
      if (names_patient(session, it->path(), context)) named.push_back(it->path());
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled || e.code() == ErrorCode::Resources) throw;
      if (e.code() == ErrorCode::BadInput) damaged.push_back(it->path());
    }
  }
  if (code)
    throw Error(ErrorCode::NotFound,
                fmt::format("the folder '{}' cannot be read: {}", path.string(), code.message()));
  std::sort(named.begin(), named.end());
  std::sort(damaged.begin(), damaged.end());
  Named out{named, named.empty()};
  out.files.insert(out.files.end(), damaged.begin(), damaged.end());
  return out;
}

// A recording may carry a name or a birth date: it goes nowhere unless the user says so. What may
// go is noted in named.
void check_patients(Session& session, const fs::path& path, const Words& words, const Site& site,
                    std::vector<fs::path>& named, const Context& context) {
  if (site.kind == "local") return;
  const Named found = naming_patients(session, path, context);
  named.insert(named.end(), found.files.begin(), found.files.end());
  if (words.with_patient_data || found.files.empty()) return;
  const std::size_t more = found.files.size() - 1;
  throw Error(
      ErrorCode::Usage,
      fmt::format(
          "'{}'{} {}, and would leave this computer", found.files.front().filename().string(),
          more == 0 ? "" : fmt::format(" (and {} more below '{}')", more, path.filename().string()),
          found.damaged ? "cannot be read, so it may name a patient" : "names a patient"),
      "convert it with 'sensorium convert --deidentify' first, or add --with-patient-data");
}

Upload upload_of_recording(const fs::path& path, const std::vector<std::string>& others,
                           const Context& context) {
  if (fs::is_directory(path)) return make_upload_of_folder(path, context);
  std::vector<std::pair<fs::path, std::string>> files{{path, path.filename().string()}};
  for (const std::string& other : others) files.emplace_back(path.parent_path() / other, other);
  return make_upload(std::move(files), context);
}

Prepared prepare_recipe(Session& session, const Words& words, const Site& site,
                        const Context& context) {
  const fs::path folder = fs::absolute(words.file).parent_path();
  Recipe recipe = read_recipe(words.file);
  Prepared out;
  for (RecipeInput& input : recipe.inputs) {
    const fs::path path =
        fs::path(input.path).is_absolute() ? fs::path(input.path) : folder / input.path;
    check_patients(session, path, words, site, out.named, context);
    if (input.files.empty() && !fs::is_directory(path))
      input.files = session.registry.companions(path);
    const Upload upload = upload_of_recording(path, input.files, context);
    input.path =
        store_folder(site, upload) + (fs::is_directory(path) ? "" : "/" + path.filename().string());
    out.uploads.push_back(upload);
  }
  if (!recipe.model.empty() && fs::exists(recipe.model)) {
    out.uploads.push_back(make_upload({{recipe.model, "model.onnx"}}, context));
    recipe.model = store_folder(site, out.uploads.back()) + "/model.onnx";
  }
  out.task = to_json(recipe);
  return out;
}

// Files of a plan, and parameters that name a file or folder here, are sent.
Prepared prepare_plan(Session& session, const Words& words, const Site& site,
                      const std::string& verb, const Context& context) {
  Plan plan = read_plan(words.file);
  if (!plan.verb.empty() && plan.verb != verb)
    throw Error(ErrorCode::Usage,
                fmt::format("the plan '{}' is for '{}', not for '{}'", words.file, plan.verb, verb),
                fmt::format("sensorium submit {} {}", plan.verb, words.file));
  ParameterSpecs specs;
  bool offered = false;
  for (const auto& [pipeline, command] : session.registry.commands())
    if (pipeline == plan.pipeline && command.at("verb") == verb) {
      specs = specs_from_json(command.at("parameters"));
      offered = true;
      plan.verb = verb;
      refuse_files(plan, command.value("without_files", ""));
    }
  if (!offered)
    throw Error(ErrorCode::NotFound,
                fmt::format("the pipeline '{}' offers no '{}'", plan.pipeline, verb),
                fmt::format("see 'sensorium {} --help'", verb));
  Prepared out;
  json parameters = checked_parameters(plan, specs, words.file);
  const auto send = [&](const fs::path& path, const std::vector<std::string>& others) {
    const bool folder = fs::is_directory(path);
    out.uploads.push_back(upload_of_recording(path, others, context));
    return store_folder(site, out.uploads.back()) + (folder ? "" : "/" + path.filename().string());
  };
  for (const ParameterSpec& spec : specs) {
    json& value = parameters.at(spec.name);
    if (spec.type == ParameterType::Text && value.is_string()) {
      const std::string text = value.get<std::string>();
      if (text.find('/') == std::string::npos || !fs::exists(text)) continue;
      if (fs::is_directory(text)) check_patients(session, text, words, site, out.named, context);
      value = send(text, {});
    }
  }
  json files = json::array();
  for (const std::string& file : plan.files) {
    check_patients(session, file, words, site, out.named, context);
    files.push_back(send(file, fs::is_directory(file) ? std::vector<std::string>{}
                                                      : session.registry.companions(file)));
  }
  out.task = {{"pipeline", plan.pipeline}, {"verb", verb}, {"parameters", parameters}};
  if (!files.empty()) out.task["files"] = files;
  out.specs = specs;
  return out;
}

// The task holds the parameters that the space names, so that a study can be written from the site
// alone.
Prepared prepare_sweep(Session& session, const Words& words, const Site& site,
                       const Context& context) {
  const Sweep sweep = sweep_from_json(
      parse_json(read_text(words.file, 16u << 20), words.file, "docs/CLUSTER.md shows a sweep"));
  if (sweep.plan.empty())
    throw Error(ErrorCode::BadInput, fmt::format("the sweep '{}' names no 'plan'", words.file),
                R"("plan": "train.json", a plan of 'sensorium train --write-plan')");
  Words inner = words;
  inner.file = fs::path(sweep.plan).is_absolute()
                   ? sweep.plan
                   : (fs::absolute(words.file).parent_path() / sweep.plan).string();
  const std::string verb = read_plan(inner.file).verb;
  Prepared out = prepare_plan(session, inner, site, verb.empty() ? "train" : verb, context);
  const SearchSpace space = space_from_json(sweep.space, out.specs);
  if (const std::string why = incomparable(sweep); !why.empty()) context.warn(why);
  const std::int64_t all = sweep.sampler == "grid" ? grid_size(space) : sweep.trials;
  if (all < 1 || (sweep.trials != 0 && sweep.trials != all))
    throw Error(ErrorCode::BadInput,
                sweep.trials == 0
                    ? std::string("the sweep names no number of 'trials'")
                    : fmt::format("the grid has {} points, not {} trials", all, sweep.trials),
                sweep.trials == 0 ? "\"trials\": 20" : "leave 'trials' out");
  std::erase_if(out.specs,
                [&](const ParameterSpec& spec) { return !sweep.space.contains(spec.name); });
  Sweep told = sweep;
  told.plan.clear();
  out.task = {{"plan", out.task}, {"sweep", to_json(told)}, {"specs", to_json(out.specs)}};
  out.elements = static_cast<int>(all);
  out.at_once = sweep.at_once;
  return out;
}

std::vector<json> tasks_of(const Prepared& prepared) {
  if (prepared.elements == 0) return {prepared.task};
  std::vector<json> out(static_cast<std::size_t>(prepared.elements), prepared.task);
  for (int i = 0; i < prepared.elements; ++i) out[static_cast<std::size_t>(i)]["element"] = i;
  return out;
}

json list_of(const Prepared& prepared) {
  json out = json::array();
  for (const Upload& upload : prepared.uploads)
    for (const UploadFile& file : upload.files)
      out.push_back({{"file", file.path.string()},
                     {"bytes", file.bytes},
                     {"sha256", file.sha256},
                     {"names_patient", std::find(prepared.named.begin(), prepared.named.end(),
                                                 file.path) != prepared.named.end()}});
  return out;
}

int submit_one(Session& session, const std::string& verb, const Words& words) {
  const Reached at = reach(words.site);
  const Context context = session.console.context();
  std::string program = words.program.empty() ? at.site.program : words.program;
  std::vector<Upload> bundle;
  if (!words.bundle.empty()) {
    bundle.push_back(upload_of_bundle(words.bundle, context));
    program = store_folder(at.site, bundle.front()) + "/sensorium";
  }
  const JobResources& needs = words.resources;
  if (needs.nodes * needs.tasks_per_node > 1 && verb != "train")
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' is done by one process, not by {}", verb,
                            needs.nodes * needs.tasks_per_node),
                "--nodes and --ranks are for 'submit train'");
  if (program.empty())
    throw Error(ErrorCode::Usage,
                fmt::format("it is not known where sensorium is installed on '{}'", words.site),
                "add --bundle FOLDER (scripts/bundle makes one), or --program PATH here or with "
                "'sensorium site add'");
  Prepared prepared = verb == "run"     ? prepare_recipe(session, words, at.site, context)
                      : verb == "sweep" ? prepare_sweep(session, words, at.site, context)
                                        : prepare_plan(session, words, at.site, verb, context);
  ClusterRun run{.token = words.token,
                 .name = words.name.empty() ? fs::path(words.file).stem().string() : words.name,
                 .verb = verb == "sweep" ? "trial" : verb,
                 .tasks = tasks_of(prepared),
                 .array = prepared.elements > 0,
                 .at_once = prepared.at_once,
                 .resources = words.resources,
                 .program = program};
  const json sent = list_of(prepared);
  session.console.end_progress();
  if (!bundle.empty())
    session.console.print(fmt::format("the program: {} files, {} bytes, sent when not there yet",
                                      bundle.front().files.size(), bundle.front().bytes));
  for (const json& file : sent)
    session.console.print(
        fmt::format("{}: {} ({} bytes)", words.dry_run ? "would be sent" : "sends",
                    file.at("file").get<std::string>(), file.at("bytes").get<std::uint64_t>()));
  if (words.dry_run) {
    run.token = std::string(32, '0');
    const std::string start = at.scheduler->estimate(*at.transport, at.site, run);
    session.console.print(json{{"sends", sent},
                               {"task", prepared.task},
                               {"elements", prepared.elements},
                               {"program_bytes", bundle.empty() ? 0 : bundle.front().bytes},
                               {"expected_start", start}});
    session.console.print(start.empty() ? "nothing was submitted"
                                        : fmt::format("would start about {} (the site's time); "
                                                      "nothing was submitted",
                                                      start));
    return 0;
  }
  RunStore store(cluster_folder());
  prepared.uploads.insert(prepared.uploads.begin(), bundle.begin(), bundle.end());
  run = submit({.site = at.site, .run = run, .uploads = prepared.uploads}, store, *at.transport,
               *at.scheduler, context);
  session.console.end_progress();
  session.console.print(
      json{{"token", run.token}, {"job_id", run.job_id}, {"site", run.site}, {"sends", sent}});
  session.console.print(fmt::format("{} is job {} on {}; sensorium jobs watch {}",
                                    run.token.substr(0, 8), run.job_id, run.site,
                                    run.token.substr(0, 8)));
  return 0;
}

}

Upload upload_of_bundle(const fs::path& folder, const Context& context) {
  if (!fs::exists(folder / "sensorium") || !fs::exists(folder / "bin/sensorium"))
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no bundle", folder.string()),
                "scripts/bundle FOLDER makes one");
  return make_upload_of_folder(folder, context);
}

void add_resources(CLI::App& command, JobResources& r) {
  const std::string group = "What the job needs";
  command.add_option("--minutes", r.minutes, "Time limit in minutes")->group(group);
  command.add_option("--cpus", r.cpus, "Processors")->group(group);
  command.add_option("--gpus", r.gpus, "GPUs")->group(group);
  command.add_option("--gres", r.gres, "Their kind, as the site calls it")->group(group);
  command.add_option("--memory", r.memory_mib, "Memory in MiB (0: the site's default)")
      ->group(group);
  command.add_option("--partition", r.partition, "Partition")->group(group);
  command.add_option("--account", r.account, "Account")->group(group);
  command.add_option("--qos", r.qos, "QOS")->group(group);
  command
      .add_option("--grace", r.grace_seconds,
                  "Seconds before the time limit at which a checkpoint is written")
      ->group(group);
  command
      .add_option("--time-limits", r.time_limit_requeues,
                  "How often the time limit may be met before the run ends")
      ->group(group);
}

void add_submit(CLI::App& app, Session& session) {
  auto* submit = app.add_subcommand(
      "submit", "Send a recipe, a plan or a sweep to a site, as exactly one job");
  submit->require_subcommand(1);
  std::vector<std::string> verbs{"run", "sweep"};
  for (const auto& [pipeline, command] : session.registry.commands())
    if (const auto verb = command.at("verb").get<std::string>();
        std::find(verbs.begin(), verbs.end(), verb) == verbs.end())
      verbs.push_back(verb);
  for (const std::string& verb : verbs) {
    auto* command = submit->add_subcommand(
        verb, verb == "run"     ? "Run a recipe there"
              : verb == "sweep" ? "Try parameters of a plan: one job array, one trial an element"
                                : fmt::format("'sensorium {} PLAN' there", verb));
    const auto words = std::make_shared<Words>();
    command
        ->add_option(verb == "run"     ? "RECIPE"
                     : verb == "sweep" ? "SWEEP"
                                       : "PLAN",
                     words->file, "A .json file")
        ->required();
    command->add_option("--site", words->site, "Where ('local': a queue of this machine)")
        ->required();
    command->add_option("--name", words->name, "How you call the run (any text)");
    command->add_option("--token", words->token,
                        "32 hexadecimal digits: the same token is the same run, however often");
    command->add_option("--program", words->program, "The program sensorium there");
    command
        ->add_option("--bundle", words->bundle,
                     "A folder of scripts/bundle: the program itself is sent, once, by its hash")
        ->excludes("--program");
    command->add_flag("--dry-run", words->dry_run,
                      "Show what would be sent and when it would start; submit nothing");
    command->add_flag("--with-patient-data", words->with_patient_data,
                      "Send recordings that name a patient");
    add_resources(*command, words->resources);
    if (verb == "train") {
      const std::string group = "Several processes on one network (docs/CLUSTER.md)";
      command->add_option("--nodes", words->resources.nodes, "Computers")->group(group);
      command
          ->add_option("--ranks", words->resources.tasks_per_node,
                       "Processes on each of them, with --cpus processors each")
          ->group(group);
    }
    command->callback([&session, words, verb] {
      session.chosen = [&session, words, verb] { return submit_one(session, verb, *words); };
    });
  }
}

}
