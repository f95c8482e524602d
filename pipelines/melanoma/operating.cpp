#include "pipelines/melanoma/operating.h"

#include <algorithm>
#include <cmath>

namespace sensorium::melanoma {
using nlohmann::json;

double Rate::value() const {
  return trials == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(trials);
}

OperatingPoint operating_point(const std::vector<double>& melanomas,
                               const std::vector<double>& nevi, double point) {
  const auto called = [&](const std::vector<double>& scores) {
    return std::count_if(scores.begin(), scores.end(), [&](double s) { return s >= point; });
  };
  const auto size = [](const std::vector<double>& v) {
    return static_cast<std::int64_t>(v.size());
  };
  return {{called(melanomas), size(melanomas)}, {size(nevi) - called(nevi), size(nevi)}};
}

OperatingPoint PhantomScores::at(const std::string& rule, double point) const {
  const auto found = of_rule.find(rule);
  return found == of_rule.end()
             ? OperatingPoint{}
             : operating_point(found->second.melanomas, found->second.nevi, point);
}

json to_json(const PhantomScores& scores) {
  const auto rounded = [](const std::vector<double>& v) {
    json out = json::array();
    for (const double x : v) out.push_back(std::round(1e4 * x) / 1e4);
    return out;
  };
  json out = json::object();
  for (const auto& [rule, truth] : scores.of_rule)
    out[rule] = {{"melanoma_like", rounded(truth.melanomas)}, {"nevus", rounded(truth.nevi)}};
  return out;
}

PhantomScores scores_of_card(const std::string& text) {
  const json card = json::parse(text, nullptr, false);
  PhantomScores out;
  if (!card.is_object() || !card.contains("phantom_scores")) return out;
  try {
    for (const auto& [rule, truth] : card.at("phantom_scores").items())
      out.of_rule[rule] = {truth.at("melanoma_like").get<std::vector<double>>(),
                           truth.at("nevus").get<std::vector<double>>()};
  } catch (const json::exception&) {
    return {};
  }
  return out;
}

}
