#include "modules/learn/splits.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sensorium {

std::uint64_t mixed_seed(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = seed;
  for (const std::uint64_t part : {a, b}) {
    x += 0x9e3779b97f4a7c15u + part;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
  }
  return x;
}

std::vector<int> split_by_group(const std::vector<std::string>& group_of_item,
                                const std::vector<double>& fractions, std::uint64_t seed) {
  std::map<std::string, std::size_t> sizes;
  for (const std::string& group : group_of_item) ++sizes[group];
  if (sizes.size() < fractions.size())
    throw Error(
        ErrorCode::Usage,
        fmt::format("{} groups cannot be split into {} parts", sizes.size(), fractions.size()),
        "a split keeps each patient in one part: give more patients");
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (std::size_t i = 0; const auto& [group, size] : sizes)
    order.emplace_back(mixed_seed(seed, ++i), group);
  std::sort(order.begin(), order.end());

  double total = 0;
  for (const double f : fractions) total += f;
  std::vector<double> room(fractions.size());
  for (std::size_t p = 0; p < fractions.size(); ++p)
    room[p] = fractions[p] / total * static_cast<double>(group_of_item.size());
  std::map<std::string, int> part_of;
  for (std::size_t i = 0; i < order.size(); ++i) {
    // Each part gets one group first; then the part with the most room left.
    const std::size_t part =
        i < fractions.size()
            ? i
            : static_cast<std::size_t>(std::max_element(room.begin(), room.end()) - room.begin());
    part_of[order[i].second] = static_cast<int>(part);
    room[part] -= static_cast<double>(sizes.at(order[i].second));
  }
  std::vector<int> out;
  for (const std::string& group : group_of_item) out.push_back(part_of.at(group));
  return out;
}

void refuse_leakage(const std::vector<std::string>& training_groups,
                    const std::vector<std::string>& validation_groups) {
  const std::set<std::string> training(training_groups.begin(), training_groups.end());
  for (const std::string& group : validation_groups)
    if (training.contains(group))
      throw Error(
          ErrorCode::BadInput,
          fmt::format(
              "the group '{}' is in both training and validation: the result would be leaked",
              group),
          "split by patient (split_by_group)");
}

}
