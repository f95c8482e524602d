// Several answers of a network (of frames, of clips) put together to one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

inline constexpr std::array<const char*, 4> pooling_rules{"majority", "mean", "max", "top"};

// Each part: a share for each class. "majority": shares of the best classes, ties broken by the
// mean; "mean"; "max": that of the surest; "top": the mean of the surest share `top` of them (at
// least one). Surest: the greatest of its shares. Nothing for no parts. Throws Error Usage for
// another rule.
std::optional<std::vector<double>> pooled_shares(const std::vector<std::vector<double>>& parts,
                                                 const std::string& rule, double top);
// Index of the greatest, of equals the first.
std::size_t best_share(const std::vector<double>& shares);

}
