// A sweep as it is written down, and what its trials leave behind: one file a trial, written by
// that trial alone, so that trials on many machines need no database between them.
#pragma once

#include "modules/sweep/samplers.h"

#include <filesystem>
#include <map>
#include <optional>

namespace sensorium {

// Asynchronous successive halving (Li et al., MLSys 2020, algorithm 2) in its stopping form: at
// the steps first, first * reduction, ... a trial goes on when it is among the best 1/reduction of
// all that came so far, or the best of them.
struct Halving {
  int first_step = 0; // 0: none
  int reduction = 3;
};

struct Objective {
  std::string result = "validation_loss"; // key of the command's result
  std::string curve = "loss/validation";  // tag in the training's log.jsonl; of the same sense
  bool maximise = false;
};

struct Sweep {
  std::string plan; // a plan's file, relative to the sweep's; empty in a trial's task
  nlohmann::json space;
  std::string sampler = "random";
  int trials = 0, at_once = 0; // trials: 0 for all points of a grid
  std::uint64_t seed = 1;
  Objective objective;
  Halving halving;
};

// Throws Error BadInput naming the key and its value.
Sweep sweep_from_json(const nlohmann::json& json);
nlohmann::json to_json(const Sweep& sweep);
// Why the values of its trials cannot be compared with each other: they differ in their loss and
// are judged by it. Empty: they can.
std::string incomparable(const Sweep& sweep);

struct Trial {
  int number = 0;
  std::string state = "waiting"; // "waiting", "running", "complete", "pruned", "failed"
  nlohmann::json parameters = nlohmann::json::object(); // those of the search space
  std::optional<double> value;
  std::map<int, double> curve; // step: value
  std::map<int, double> rungs; // of halving: number: value with which it was met
  std::string start_utc, end_utc;
};

nlohmann::json to_json(const Trial& trial);
// Throws Error BadInput.
Trial trial_from_json(const nlohmann::json& json);

// The trials of other elements, below elements/*/out/trial.json; what cannot be read is left out.
std::vector<Trial> trials_below(const std::filesystem::path& elements);
// Those that say something to a sampler.
std::vector<Tried> history_of(const std::vector<Trial>& trials, const Objective& objective);

// The rungs that a step has reached: 0 is the first one. Below the first: -1.
int rung_of(const Halving& halving, int step);
// losses: of all trials that met the rung, this one included; lower is better.
bool goes_on(double loss, const std::vector<double>& losses, int reduction);

}
