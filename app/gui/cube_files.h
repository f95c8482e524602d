// Other cubes that the page of a cube needs: libraries, references. The worker opens them.
#pragma once

#include "app/gui/worker_client.h"
#include "modules/core/dataset.h"

#include <functional>
#include <memory>

namespace sensorium {

// done gets the cube, mapped; failed gets what happened and what to do. One of them is called,
// later.
void open_cube_file(WorkerClient& worker, const QString& path,
                    std::function<void(std::shared_ptr<const Cube>)> done,
                    std::function<void(const QString& message, const QString& hint)> failed);

}
