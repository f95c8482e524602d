// The next point to try. The same seed, index and history give the same point everywhere.
#pragma once

#include "modules/sweep/space.h"

namespace sensorium {

struct Tried {
  nlohmann::json parameters;
  double loss = 0;     // lower is better
  bool pruned = false; // ended early: counts as worse than all that were not
};

// "grid", "random", "tpe". Throws Error Usage for another word.
void check_sampler(const std::string& sampler);

// grid: the point of the index. random: uniform, or log-uniform. tpe: the tree-structured Parzen
// estimator of Bergstra, Bardenet, Bengio and Kegl, NIPS 2011, section 4, each parameter by itself:
// the best 15 % of what was tried form one density, the others another, and of 24 draws from the
// first the one with the largest ratio is taken; random until ten were tried.
nlohmann::json sample(const std::string& sampler, const SearchSpace& space, std::uint64_t seed,
                      std::int64_t index, const std::vector<Tried>& history);

}
