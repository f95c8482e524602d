// The rows of a comparison, put together.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace sensorium::hs2rgb {

// One entry for each kind of split, share of labels and route, in the rows' order: means and
// standard deviations (of n - 1) over the splits.
nlohmann::json summary_of(const std::vector<nlohmann::json>& rows);
// The same as text, percentages.
std::string table_of(const std::vector<nlohmann::json>& rows);

}
