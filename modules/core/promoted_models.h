// Which model each pipeline uses on this computer: a person promotes one, and may go back. One
// file, promoted_models.json in the user's data folder, holds the choice and its whole history.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

// $XDG_DATA_HOME/sensorium, or ~/.local/share/sensorium. Throws Error NotFound without a home.
std::filesystem::path user_data_folder();

struct Promotion {
  std::string path, sha256; // both empty: the pipeline's own model
  std::string by, reason, time_utc;
  bool rollback = false; // an entry that went back to an earlier one
};

class PromotedModels {
public:
  // The file need not be there. Throws Error BadInput (damaged), Unsupported (newer).
  explicit PromotedModels(std::filesystem::path file = user_data_folder() / "promoted_models.json");

  // The model in use, or nothing for the pipeline's own.
  std::optional<Promotion> current(const std::string& pipeline) const;
  const std::vector<Promotion>& history(const std::string& pipeline) const; // oldest first

  // Each is on disk when it returns. Throws Error Usage (no name given), NotFound (no such file),
  // Resources.
  Promotion promote(const std::string& pipeline, const std::filesystem::path& model,
                    const std::string& by, const std::string& reason);
  // Back to what was in use before the promotion in force; at last to the pipeline's own. Throws
  // Error Conflict when its own is in use already.
  Promotion rollback(const std::string& pipeline, const std::string& by, const std::string& reason);

private:
  void append(const std::string& pipeline, const Promotion& entry);
  std::filesystem::path file_;
  std::vector<std::pair<std::string, std::vector<Promotion>>> pipelines_;
};

// The promoted model's path, checked against the hash it was promoted with; empty for the
// pipeline's own. Throws Error NotFound or Conflict when the file is gone or changed, saying how to
// go back.
std::filesystem::path promoted_model(const std::string& pipeline);

}
