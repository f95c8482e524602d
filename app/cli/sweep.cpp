// trial: one trial of a sweep, as a job runs it. study: what has become of them, for Optuna.
#include "app/cli/cluster.h"
#include "app/cli/plan.h"
#include "modules/cluster/run_store.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"
#include "modules/sweep/importance.h"
#include "modules/sweep/study_file.h"
#include "modules/sweep/variants.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* task_hint = "'sensorium submit sweep' writes the tasks of trials";

struct Task {
  std::string pipeline, verb;
  json parameters;
  std::vector<std::string> files;
  Sweep sweep;
  int element = 0;
};

Task read_task(const fs::path& path) {
  const json in = parse_json(read_text(path, 64u << 20), path.string(), task_hint);
  try {
    return {.pipeline = in.at("plan").at("pipeline"),
            .verb = in.at("plan").at("verb"),
            .parameters = in.at("plan").at("parameters"),
            .files = in.at("plan").value("files", std::vector<std::string>{}),
            .sweep = sweep_from_json(in.at("sweep")),
            .element = in.at("element")};
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is no task of a trial: {}", path.string(), json_fault(e)),
                task_hint);
  }
}

// What a training has written to its log.jsonl since the last look.
class Curve {
public:
  Curve(fs::path folder, std::string tag) : folder_(std::move(folder)), tag_(std::move(tag)) {}
  std::map<int, double> news() {
    std::map<int, double> out;
    std::error_code code;
    if (path_.empty()) path_ = found(code);
    if (path_.empty()) return out;
    const std::uintmax_t size = fs::file_size(path_, code);
    if (code || size == seen_) return out;
    if (size < seen_) at_ = 0; // a resumed training dropped its last lines
    seen_ = size;
    std::ifstream in(path_);
    in.seekg(static_cast<std::streamoff>(at_));
    for (std::string line; std::getline(in, line) && !in.eof();) {
      at_ += line.size() + 1;
      const json entry = json::parse(line, nullptr, false);
      if (entry.is_object() && entry.value("tag", "") == tag_ && entry.contains("value") &&
          entry.at("value").is_number())
        out[entry.value("step", 0)] = entry.at("value").get<double>();
    }
    return out;
  }

private:
  fs::path found(std::error_code& code) const {
    for (fs::recursive_directory_iterator it(folder_, code), end; !code && it != end;
         it.increment(code))
      if (it->path().filename() == "log.jsonl") return it->path();
    return {};
  }
  fs::path folder_, path_;
  std::string tag_;
  std::uintmax_t seen_ = 0;
  std::size_t at_ = 0;
};

class TrialRun {
public:
  TrialRun(const Task& task, const ParameterSpecs& specs, fs::path output)
      : task_(task), output_(std::move(output)), file_(output_ / "trial.json"),
        elements_(fs::absolute(output_).parent_path().parent_path()),
        curve_(output_, task.sweep.objective.curve) {
    const SearchSpace space = space_from_json(task.sweep.space, specs);
    if (fs::exists(file_)) { // goes on, or is repeated, with what it was given at first
      trial_ = trial_from_json(
          parse_json(read_text(file_, 16u << 20), file_.string(), "remove the element's folder"));
    } else {
      trial_.parameters = sample(task.sweep.sampler, space, task.sweep.seed, task.element,
                                 history_of(others(), task.sweep.objective));
      trial_.start_utc = utc_now();
    }
    trial_.number = task.element;
    trial_.state = "running";
    trial_.end_utc.clear();
    save();
  }

  json run(const PipelineCommand& command, Context context) {
    json parameters = task_.parameters;
    parameters.update(trial_.parameters);
    parameters = complete(command.parameters, parameters);
    const auto outer = context.progress;
    context.progress = [this, outer](double fraction, std::string_view what) {
      return (!outer || outer(fraction, what)) && look();
    };
    json result = json::object();
    try {
      result = command.run(task_.files, parameters, output_.string(), context);
      look();
      trial_.state = "complete";
      take_value(result);
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled && !pruned_) throw; // goes on when it is requeued
      if (!pruned_) {
        trial_.state = "failed";
        finish();
        throw;
      }
    }
    if (pruned_) trial_.state = "pruned";
    finish();
    return {{"trial", to_json(trial_)}, {"result", result}};
  }

private:
  std::vector<Trial> others() const {
    std::vector<Trial> all = trials_below(elements_);
    std::erase_if(all, [&](const Trial& t) { return t.number == task_.element; });
    return all;
  }
  // False when halving ends the trial here.
  bool look() {
    const auto news = curve_.news();
    for (const auto& [step, value] : news) {
      trial_.curve[step] = value;
      trial_.value = value;
      if (!pruned_ && task_.sweep.halving.first_step > 0) meet_rung(step, value);
    }
    if (!news.empty()) save();
    return !pruned_;
  }
  void meet_rung(int step, double value) {
    const int rung = rung_of(task_.sweep.halving, step);
    if (rung < 0 || trial_.rungs.contains(rung)) return;
    trial_.rungs[rung] = value;
    save(); // so that the others see it before it is judged
    const double sign = task_.sweep.objective.maximise ? -1 : 1;
    std::vector<double> losses{sign * value};
    for (const Trial& other : others())
      if (const auto at = other.rungs.find(rung); at != other.rungs.end())
        losses.push_back(sign * at->second);
    pruned_ = !goes_on(sign * value, losses, task_.sweep.halving.reduction);
  }
  void take_value(const json& result) {
    const std::string& key = task_.sweep.objective.result;
    if (!result.contains(key) || !result.at(key).is_number()) {
      trial_.state = "failed";
      finish();
      throw Error(ErrorCode::BadInput,
                  fmt::format("the result of '{}' has no number '{}'", task_.verb, key),
                  "name another in the sweep's objective, as 'result'");
    }
    trial_.value = result.at(key).get<double>();
  }
  void finish() {
    trial_.end_utc = utc_now();
    save();
  }
  void save() const { write_atomically(file_, to_json(trial_).dump() + "\n"); }

  const Task& task_;
  fs::path output_, file_, elements_;
  Curve curve_;
  Trial trial_;
  bool pruned_ = false;
};

int run_trial(Session& session, const std::string& file, const std::string& output) {
  const Task task = read_task(file);
  const auto& commands = session.registry.pipeline(task.pipeline).commands;
  const auto command = std::find_if(commands.begin(), commands.end(), [&](const auto& candidate) {
    return candidate.verb == task.verb;
  });
  if (command == commands.end())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the pipeline '{}' offers no '{}'", task.pipeline, task.verb),
                task_hint);
  make_folder(output);
  TrialRun trial(task, command->parameters, output);
  const json result = trial.run(*command, session.console.context());
  session.console.end_progress();
  session.console.print(result);
  session.console.print(
      fmt::format("trial {}: {}", task.element, result.at("trial").at("state").get<std::string>()));
  return 0;
}

constexpr std::string_view gather = R"sh(
cd "$1/elements" 2>/dev/null || exit 71
[ ! -s 0/task.json ] || printf 'task %s\n' "$(cat 0/task.json)"
for e in *; do
  [ ! -s "$e/out/trial.json" ] || printf 'trial %s\n' "$(cat "$e/out/trial.json")"
done
)sh";

std::string table_of(const Study& study, std::size_t most) {
  std::vector<Trial> done = study.trials;
  std::map<std::string, int> counts;
  for (const Trial& t : done) ++counts[t.state];
  std::erase_if(done, [](const Trial& t) { return t.state != "complete" || !t.value; });
  std::sort(done.begin(), done.end(), [&](const Trial& a, const Trial& b) {
    return study.maximise ? *a.value > *b.value : *a.value < *b.value;
  });
  std::string text;
  for (const auto& [state, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
  for (std::size_t i = 0; i < std::min(most, done.size()); ++i)
    text += fmt::format("\n{:>5}  {:<12.6g} {}", done[i].number, *done[i].value,
                        done[i].parameters.dump());
  return text;
}

Study study_of_run(const std::string& token) {
  const ClusterRun run = RunStore(cluster_folder()).run(token);
  const Reached at = reach(run.site);
  const Reply reply = at.transport->run(gather, {run_folder(at.site, run.token)});
  if (!reply.reached)
    throw Error(ErrorCode::Resources, fmt::format("no answer from '{}': {}", run.site, reply.err),
                "repeat the command");
  std::istringstream in(reply.out);
  Study study{.name = run.name.empty() ? run.token : run.name};
  bool known = false;
  for (std::string line; std::getline(in, line);) {
    const std::string value = line.substr(line.find(' ') + 1);
    if (line.starts_with("task ")) {
      const json task = parse_json(value, "the sweep's task", task_hint);
      const Sweep sweep = sweep_from_json(task.at("sweep"));
      study.space = space_from_json(sweep.space, specs_from_json(task.at("specs")));
      study.maximise = sweep.objective.maximise;
      study.about = {{"plan", task.at("plan")}, {"sweep", to_json(sweep)}, {"token", run.token}};
      known = true;
    }
    if (line.starts_with("trial "))
      study.trials.push_back(trial_from_json(json::parse(value, nullptr, false)));
  }
  if (!known)
    throw Error(ErrorCode::Usage, fmt::format("the run {} is no sweep", run.token.substr(0, 8)),
                "'sensorium submit sweep' starts one");
  for (std::size_t i = 0; i < run.tasks.size(); ++i)
    if (std::none_of(study.trials.begin(), study.trials.end(),
                     [&](const Trial& t) { return t.number == static_cast<int>(i); }))
      study.trials.push_back({.number = static_cast<int>(i)});
  return study;
}

// What must be known before the trials are compared, and which differences mean nothing.
std::string note_on(const Study& study, const std::vector<VariantFigures>& variants) {
  std::string note = note_of(variants);
  const json sweep = study.about.is_object() ? study.about.value("sweep", json()) : json();
  std::string why;
  try {
    if (sweep.is_object()) why = incomparable(sweep_from_json(sweep));
  } catch (const Error&) { // a file of another program may say anything there
  }
  return why + (why.empty() || note.empty() ? "" : "\n") + note;
}

json json_of(const Study& study, const std::vector<VariantFigures>& variants,
             const std::vector<Importance>& importances) {
  json trials = json::array(), compared = json::array(), shares = json::array();
  for (const Trial& t : study.trials) trials.push_back(to_json(t));
  for (const VariantFigures& v : variants)
    compared.push_back({{"parameters", v.parameters},
                        {"values", v.values},
                        {"mean", v.mean},
                        {"pairs", v.pairs},
                        {"difference", v.difference},
                        {"interval", {v.low, v.high}},
                        {"verdict", v.verdict}});
  for (const Importance& i : importances) shares.push_back({{"name", i.name}, {"share", i.share}});
  return {{"name", study.name},
          {"direction", study.maximise ? "maximize" : "minimize"},
          {"space", to_json(study.space)},
          {"about", study.about},
          {"trials", trials},
          {"variants", compared},
          {"note", note_on(study, variants)},
          {"importances", shares}};
}

std::string text_of(const std::vector<Importance>& importances) {
  std::string text = "share of the variance that a parameter explains by itself";
  double rest = 1;
  for (const Importance& i : importances) {
    text += fmt::format("\n{:>5.0f} %  {}", 100 * i.share, i.name);
    rest -= i.share;
  }
  return text + fmt::format("\n{:>5.0f} %  several together", 100 * std::max(0.0, rest));
}

// word: a run, or a study's file.
int show_study(const Session& session, const std::string& word, std::string output) {
  const bool is_file = word.find_first_of("./") != std::string::npos;
  const Study study = is_file ? read_study(word) : study_of_run(word);
  if (output.empty() && !is_file)
    output = "study-" + study.about.at("token").get<std::string>().substr(0, 8) + ".db";
  if (!output.empty()) write_study(output, study);
  const std::vector<VariantFigures> variants = variants_of(study);
  const std::vector<Importance> importances = importances_of(study);
  json out = json_of(study, variants, importances);
  out["study"] = is_file && output.empty() ? word : output;
  session.console.print(out);
  session.console.print(
      fmt::format("{}: {}", out["study"].get<std::string>(), table_of(study, 10)));
  if (!variants.empty()) session.console.print("\n" + table_of(variants));
  if (const std::string note = note_on(study, {}); !note.empty())
    session.console.print("\n" + note);
  if (!importances.empty()) session.console.print("\n" + text_of(importances));
  return 0;
}

}

void add_trial(CLI::App& app, Session& session) {
  auto* trial = app.add_subcommand(
      "trial", "One trial of a sweep, as its jobs run it ('submit sweep' starts them)");
  const auto task = std::make_shared<std::string>(), output = std::make_shared<std::string>();
  trial->add_option("TASK", *task, "A task.json of a sweep's element")->required();
  trial->add_option("-o,--output", *output, "The element's folder out/")->required();
  trial->callback([&session, task, output] {
    session.chosen = [&session, task, output] { return run_trial(session, *task, *output); };
  });
}

void add_study(CLI::App& jobs, Session& session) {
  auto* study = jobs.add_subcommand(
      "study", "Of a sweep: its best trials, and a file that optuna and optuna-dashboard open");
  const auto token = std::make_shared<std::string>(), output = std::make_shared<std::string>();
  study->add_option("RUN", *token, "A sweep, the first digits of it, or a study's file")
      ->required();
  study->add_option("-o,--output", *output, "The file (default: study-TOKEN.db)");
  study->callback([&session, token, output] {
    session.chosen = [&session, token, output] { return show_study(session, *token, *output); };
  });
}

}
