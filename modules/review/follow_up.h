// Two visits of one eye: counts and changes by layer and region.
#pragma once

#include "modules/review/reviewed.h"

namespace sensorium {

// One visit, as reviewed.
struct Visit {
  std::string name;    // of the case, for tables
  std::string patient; // identifier as the file has it, or empty; compared, never printed
  Laterality laterality = Laterality::Unknown;
  std::string pipeline, version, model_sha256;
  nlohmann::json parameters; // of counting
  bool signed_case = false;
  bool scale_known = false;
  std::vector<Finding> findings; // kept ones
};

struct FollowUpRow {
  std::string slab, region, label; // "all" in a sum's place
  int first = 0, second = 0;
  int change() const { return second - first; }
};

struct FollowUp {
  std::string first, second;      // names
  std::vector<FollowUpRow> rows;  // by slab, by region, by slab and region, by label; sum first
  std::vector<std::string> notes; // unknown eye or patient, other parameters or model, unsigned
                                  // visits, findings without a region: one sentence each
};

// Throws Error Conflict for different eyes or different patients (naming the eyes, never the
// patients). What is unknown is noted, not guessed. Lesions are not paired one to one.
FollowUp follow_up(const Visit& first, const Visit& second);

nlohmann::json to_json(const FollowUp& follow_up);
std::string to_csv(const FollowUp& follow_up);
std::string text_of(const FollowUp& follow_up);

}
