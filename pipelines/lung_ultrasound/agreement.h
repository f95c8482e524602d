// Agreement of our severities 0 to 3 with a reader's.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

struct Graded {
  int truth = 0, ours = 0;
  std::string group;
};

// quadratic_weighted_kappa and mean_absolute_error, each with its 95 % interval over groups, clips
// and patients; best_constant: the grade that is nearest when it is always given, with its error,
// and the share of clips that it is within one grade of; within_one: ours; confusion, rows are the
// truth. Empty without clips.
nlohmann::json agreement(const std::vector<Graded>& clips, int rounds, std::uint64_t seed);

}
