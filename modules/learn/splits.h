// Splits that no patient straddles.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium {

// Puts whole groups (patients, volumes, seeds) into parts whose sizes approach the fractions, by a
// seeded shuffle of the sorted group names. Returns the part of each item. Throws Error Usage when
// there are fewer groups than parts.
std::vector<int> split_by_group(const std::vector<std::string>& group_of_item,
                                const std::vector<double>& fractions, std::uint64_t seed);

// Throws Error BadInput naming a group that is in both lists: training on what is validated is
// leakage.
void refuse_leakage(const std::vector<std::string>& training_groups,
                    const std::vector<std::string>& validation_groups);

// The seed of one use of one sample: a hash of its numbers (splitmix64; Steele, Lea and Flood,
// OOPSLA 2014).
std::uint64_t mixed_seed(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0);

}
