// A model that stays loaded between runs.
#pragma once

#include "modules/learn/model.h"

#include <functional>
#include <optional>

namespace sensorium {

class KeptModel {
public:
  // Loads unless this very file (path and time) is loaded for this device and these threads
  // already. check sees a newly loaded one; when it throws, nothing is kept. Throws as Model::load.
  void load(const std::filesystem::path& path, const Context& context,
            const std::function<void(Model&)>& check = {});

  explicit operator bool() const { return model_.has_value(); }
  Model& operator*() { return *model_; }
  Model* operator->() { return &*model_; }
  const Model* operator->() const { return &*model_; }
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
  std::filesystem::file_time_type time_;
  std::string device_;
  int threads_ = 0;
  std::optional<Model> model_;
};

}
