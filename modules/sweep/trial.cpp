#include "modules/sweep/trial.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

// An object whose keys are all known and whose values have the wanted types.
class Fields {
public:
  Fields(const json& in, std::string where) : in_(in), where_(std::move(where)) {
    if (!in.is_object()) fail(fmt::format("{} is no object", where_));
  }
  void text(const char* key, std::string& value) { take(key, value, &json::is_string, "a text"); }
  void flag(const char* key, bool& value) { take(key, value, &json::is_boolean, "true or false"); }
  void integer(const char* key, int& value, int least, int most) {
    std::int64_t wide = value;
    take(key, wide, &json::is_number_integer, "a whole number");
    if (wide < least || wide > most)
      fail(fmt::format("{} has {} as '{}'; {} to {}", where_, wide, key, least, most));
    value = static_cast<int>(wide);
  }
  json object(const char* key) {
    seen_.emplace_back(key);
    const auto found = in_.find(key);
    return found == in_.end() ? json() : *found;
  }
  void finish() const {
    for (const auto& [key, value] : in_.items())
      if (std::find(seen_.begin(), seen_.end(), key) == seen_.end())
        fail(fmt::format("{} has the key '{}'; the keys are {}", where_, key,
                         fmt::join(seen_, ", ")));
  }

private:
  [[noreturn]] static void fail(const std::string& what) {
    throw Error(ErrorCode::BadInput, what, "docs/CLUSTER.md shows a sweep");
  }
  template<class T, class Is> void take(const char* key, T& value, Is is, const char* wanted) {
    seen_.emplace_back(key);
    const auto found = in_.find(key);
    if (found == in_.end()) return;
    if (!((*found).*is)())
      fail(fmt::format("{} has {} as '{}'; {} is needed", where_, found->dump().substr(0, 60), key,
                       wanted));
    value = found->template get<T>();
  }
  const json& in_;
  std::string where_;
  std::vector<std::string> seen_;
};

std::map<int, double> steps_from_json(const json& in) {
  std::map<int, double> out;
  for (const json& pair : in) out[pair.at(0).get<int>()] = pair.at(1).get<double>();
  return out;
}

json steps_to_json(const std::map<int, double>& steps) {
  json out = json::array();
  for (const auto& [step, value] : steps)
    if (std::isfinite(value)) out.push_back({step, value});
  return out;
}

}

Sweep sweep_from_json(const json& in) {
  Sweep out;
  Fields f(in, "the sweep");
  f.text("plan", out.plan);
  f.text("sampler", out.sampler);
  f.integer("trials", out.trials, 0, 100000);
  f.integer("at_once", out.at_once, 0, 100000);
  int seed = 1;
  f.integer("seed", seed, 0, 1 << 30);
  out.seed = static_cast<std::uint64_t>(seed);
  out.space = f.object("space");
  if (const json given = f.object("objective"); !given.is_null()) {
    Fields o(given, "the sweep's objective");
    std::string direction = "minimize";
    o.text("result", out.objective.result);
    o.text("curve", out.objective.curve);
    o.text("direction", direction);
    o.finish();
    if (direction != "minimize" && direction != "maximize")
      throw Error(ErrorCode::BadInput,
                  fmt::format("the sweep's objective has the direction '{}'", direction),
                  "minimize or maximize");
    out.objective.maximise = direction == "maximize";
  }
  if (const json given = f.object("halving"); !given.is_null()) {
    Fields h(given, "the sweep's halving");
    h.integer("first_step", out.halving.first_step, 1, 1 << 30);
    h.integer("reduction", out.halving.reduction, 2, 1000);
    h.finish();
    if (out.halving.first_step == 0)
      throw Error(ErrorCode::BadInput, "the sweep's halving names no 'first_step'",
                  R"("halving": {"first_step": 100, "reduction": 3})");
  }
  f.finish();
  check_sampler(out.sampler);
  return out;
}

json to_json(const Sweep& s) {
  json out = {{"space", s.space},
              {"sampler", s.sampler},
              {"trials", s.trials},
              {"at_once", s.at_once},
              {"seed", s.seed},
              {"objective",
               {{"result", s.objective.result},
                {"curve", s.objective.curve},
                {"direction", s.objective.maximise ? "maximize" : "minimize"}}}};
  if (!s.plan.empty()) out["plan"] = s.plan;
  if (s.halving.first_step > 0)
    out["halving"] = {{"first_step", s.halving.first_step}, {"reduction", s.halving.reduction}};
  return out;
}

std::string incomparable(const Sweep& sweep) {
  if (sweep.objective.result != "validation_loss" || !sweep.space.is_object()) return {};
  for (const char* name : {"loss", "focal_gamma", "tversky_alpha", "tversky_beta",
                           "focal_tversky_gamma", "second_loss_weight"})
    if (sweep.space.contains(name))
      return fmt::format("The trials differ in '{}' and are judged by their own loss: these values "
                         "cannot be compared. Judge them by 'validation_score' (docs/CLUSTER.md).",
                         name);
  return {};
}

json to_json(const Trial& t) {
  json out = {{"number", t.number},
              {"state", t.state},
              {"parameters", t.parameters},
              {"curve", steps_to_json(t.curve)},
              {"rungs", steps_to_json(t.rungs)},
              {"start_utc", t.start_utc},
              {"end_utc", t.end_utc}};
  if (t.value) out["value"] = *t.value;
  return out;
}

Trial trial_from_json(const json& in) {
  try {
    Trial out{.number = in.at("number"),
              .state = in.at("state"),
              .parameters = in.at("parameters"),
              .curve = steps_from_json(in.at("curve")),
              .rungs = steps_from_json(in.at("rungs")),
              .start_utc = in.at("start_utc"),
              .end_utc = in.at("end_utc")};
    if (in.contains("value")) out.value = in.at("value").get<double>();
    if (!out.parameters.is_object() || out.number < 0)
      throw Error(ErrorCode::BadInput, "a trial is not as it should be", "it cannot be used");
    return out;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("a trial is not as it should be: {}", json_fault(e)),
                "it cannot be used");
  }
}

std::vector<Trial> trials_below(const fs::path& elements) {
  std::vector<Trial> out;
  std::error_code code;
  for (fs::directory_iterator it(elements, code), end; !code && it != end; it.increment(code)) {
    const fs::path file = it->path() / "out" / "trial.json";
    if (std::error_code none; !fs::exists(file, none)) continue;
    try {
      out.push_back(trial_from_json(json::parse(read_text(file, 16u << 20), nullptr, false)));
    } catch (const Error&) {
      // not a trial of this program, or gone meanwhile
    }
  }
  std::sort(out.begin(), out.end(),
            [](const Trial& a, const Trial& b) { return a.number < b.number; });
  return out;
}

std::vector<Tried> history_of(const std::vector<Trial>& trials, const Objective& objective) {
  std::vector<Tried> out;
  for (const Trial& t : trials)
    if (t.value && (t.state == "complete" || t.state == "pruned"))
      out.push_back({t.parameters, objective.maximise ? -*t.value : *t.value, t.state == "pruned"});
  return out;
}

int rung_of(const Halving& halving, int step) {
  int rung = -1;
  for (double at = halving.first_step; step >= at; at *= halving.reduction) ++rung;
  return rung;
}

bool goes_on(double loss, const std::vector<double>& losses, int reduction) {
  const auto better =
      std::count_if(losses.begin(), losses.end(), [&](double other) { return other < loss; });
  const auto kept = std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(losses.size()) /
                                                    std::max(1, reduction));
  return better < kept;
}

}
