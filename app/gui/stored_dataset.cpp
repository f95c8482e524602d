#include "app/gui/stored_dataset.h"

#include "modules/core/dataset_store.h"
#include "modules/io/builtin.h"

namespace sensorium {

std::shared_ptr<const Dataset> stored_dataset(const QString& store) {
  return std::make_shared<const Dataset>(
      map_dataset(store.toStdString(), [](const Video& video, const std::string& index) {
        static FullRegistry registry; // most sessions never need it
        return registry.frames(video, index);
      }));
}

}
