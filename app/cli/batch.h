// Many items, one after another: a failed one is a row, and the rest go on.
#pragma once

#include "modules/core/error.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace sensorium {

class Batch {
public:
  // Keeps batch.csv and batch.json below the folder up to date after every item.
  explicit Batch(std::filesystem::path folder);
  // Runs the work in a sub-folder named after the file; what it returns is the item's row. Catches
  // Error.
  void item(const std::string& file,
            const std::function<nlohmann::json(const std::filesystem::path& folder)>& work);
  const std::optional<Error>& last_failure() const { return last_failure_; }
  std::size_t total() const { return rows_.size(); }
  std::size_t done() const { return done_; }
  nlohmann::json document() const { return rows_; }

private:
  void write() const;
  std::filesystem::path folder_;
  std::set<std::string> names_;
  nlohmann::json rows_ = nlohmann::json::array();
  std::size_t done_ = 0;
  std::optional<Error> last_failure_;
};

}
