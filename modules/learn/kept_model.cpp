#include "modules/learn/kept_model.h"

namespace sensorium {

void KeptModel::load(const std::filesystem::path& path, const Context& context,
                     const std::function<void(Model&)>& check) {
  std::error_code none;
  const auto time = std::filesystem::last_write_time(path, none);
  if (model_ && path_ == path && time_ == time && device_ == context.device &&
      threads_ == context.threads)
    return;
  model_.reset(); // before the new one, which may need the room
  Model fresh = Model::load(path, {.device = context.device, .threads = context.threads});
  if (check) check(fresh);
  path_ = path;
  time_ = time;
  device_ = context.device;
  threads_ = context.threads;
  model_ = std::move(fresh);
}

}
