// Sensitivity and specificity at any operating point, from the scores of patients whose truth is
// known.
#pragma once

#include "hyperspectral/tissue_scores.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace sensorium::melanoma {

struct Rate {
  std::int64_t hits = 0, trials = 0;
  double value() const; // 0 without trials
  hyper::Range range() const { return hyper::wilson(hits, trials); }
};
struct OperatingPoint {
  Rate sensitivity, specificity;
};
// A score of the point or more is called melanoma-like.
OperatingPoint operating_point(const std::vector<double>& melanomas,
                               const std::vector<double>& nevi, double point);

// By rule: the scores of one lesion a patient.
struct PhantomScores {
  struct Truth {
    std::vector<double> melanomas, nevi;
  };
  std::map<std::string, Truth> of_rule;
  bool empty() const { return of_rule.empty(); }
  OperatingPoint at(const std::string& rule, double point) const;
};
nlohmann::json to_json(const PhantomScores& scores);
// Empty where the card, a model card as JSON text, has none.
PhantomScores scores_of_card(const std::string& card);

}
