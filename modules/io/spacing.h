// The scale that a user types in.
#pragma once

#include "modules/core/dataset.h"

#include <array>
#include <optional>

namespace sensorium {

// Sets the given spacings (micrometres per sample along x, y, z) with source UserEntry where the
// file leaves them unknown; with force also where the file states one. Throws Error Usage for a
// value that is not positive and finite or above 1e6, and for z of a video.
Dataset with_user_spacing(Dataset dataset, const std::array<std::optional<double>, 3>& micrometres,
                          bool force = false);

}
