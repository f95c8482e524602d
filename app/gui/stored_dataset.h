// What the worker opened, in this process.
#pragma once

#include "modules/core/dataset.h"

#include <QString>

#include <memory>

namespace sensorium {

// Maps the stored dataset. The frames of a clip that is too long to be held are asked of a process
// of their own (worker_program worker --frames), when they are shown. Throws Error.
std::shared_ptr<const Dataset> stored_dataset(const QString& store, const QString& worker_program);

}
