// What the worker opened, in this process.
#pragma once

#include "modules/core/dataset.h"

#include <QString>

#include <memory>

namespace sensorium {

// Maps the stored dataset; the frames of a clip that is too long to be held are decoded here, when
// they are shown. Throws Error.
std::shared_ptr<const Dataset> stored_dataset(const QString& store);

}
