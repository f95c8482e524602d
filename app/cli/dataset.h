// Reviewed cases as a training set (docs/REVIEW.md has the format).
#pragma once

#include "app/cli/engine.h"

namespace sensorium {

struct DatasetOptions {
  std::vector<double> fractions{0.7, 0.15, 0.15}; // training, validation, held out
  std::uint64_t seed = 1;
  bool unsigned_too = false;
  std::string undecided = "ignore"; // of proposals nobody decided on: ignore, keep, drop
  std::string reader;               // one reader's layer; empty: as an export chooses
  bool unknown_patients = false;    // a recording without a patient is a patient of its own
  std::filesystem::path like;       // an earlier index.json: its patients stay in their parts
};

// Writes images/, masks/ and index.json; returns the index. Throws Error Usage, Conflict (unsigned,
// blinded, no patient), as restore_case.
nlohmann::json dataset_from_reviews(Registry& registry,
                                    const std::vector<std::filesystem::path>& cases,
                                    const DatasetOptions& options,
                                    const std::filesystem::path& output, const Context& context);

// Two models on the items of one part: lesion figures with paired intervals over patients.
// models: two paths, or "" for the pipeline's current one.
nlohmann::json compare_on_dataset(Registry& registry, const std::filesystem::path& dataset,
                                  const std::string& part, const std::array<std::string, 2>& models,
                                  const std::string& device, const Context& context);

// A key that makes a patient's hash useless to others: made at first use in the user's data folder,
// readable by the user alone.
std::string patient_key();

}
