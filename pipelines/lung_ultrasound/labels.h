// Tables of labelled clips: one line a clip with its patient.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sensorium::lung_ultrasound {

inline constexpr int class_count = 4;
// Short names of the classes, in the order of the network's outputs.
inline constexpr std::array<const char*, class_count> class_names{"COVID-19", "bacterial pneumonia",
                                                                  "viral pneumonia", "regular"};

// Lines of a CSV table with a heading: the line's number and its cells by column, trimmed; blank
// lines are left out. Throws Error BadInput when one of these columns is not there.
std::vector<std::pair<int, std::map<std::string, std::string>>>
table_rows(const std::filesystem::path& table, const std::vector<std::string>& needed);

struct LabelledClip {
  std::filesystem::path file;
  std::string name; // as the table has it
  std::string group, label, licence;
  std::optional<int> severity, a_lines, b_lines;
  std::optional<int> covid_test; // of the label "cov_test=0" or "cov_test=1"

  // The class that the label names, in any case of letters; -1: none of the four.
  int class_index() const;
};

// Columns: file (relative to the table's folder), patient_group, and any of label, severity,
// a_lines, b_lines, licence. A folder: its labels.csv. Throws Error BadInput naming the line.
std::vector<LabelledClip> read_labels(const std::filesystem::path& table);

// What a licence lets a trained model do, by the parts of its name: "ND" forbids to train on the
// clip, "SA" asks to share alike. A clip without a licence counts as its owner's own.
bool forbids_training(const std::string& licence);
bool asks_to_share_alike(const std::string& licence);

}
