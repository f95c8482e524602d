// A training set on disk, as `sensorium dataset from-reviews` writes it (docs/REVIEW.md): images,
// masks and index.json.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace sensorium {

struct TrainingItem {
  std::filesystem::path image, mask; // inside the set's folder
  std::string image_sha256, mask_sha256;
  std::string part;    // "training", "validation", "held_out"
  std::string patient; // hash
};

struct TrainingSet {
  std::string pipeline;
  std::map<int, std::string> labels; // value in a mask to label
  int ignored_value = 255;           // in a mask: nobody decided
  std::vector<TrainingItem> items;
  std::string index_sha256;
};

// Throws Error NotFound, BadInput (damaged, no such set, a path outside the folder, a patient in
// two parts), Unsupported (newer than this program).
TrainingSet read_training_set(const std::filesystem::path& folder);
// Compares both files of an item with their hashes; throws Error NotFound, BadInput naming the
// file.
void verify(const TrainingItem& item);

}
