// What a MATLAB file holds: a cube or a recording where it says so (modules/io/array_meaning.h),
// else an image. An export of Heidelberg's reader (B0, B1 ..., ScaleX, ScaleZ) is recognised as an
// OCT scan with its scale, localiser and layer lines; in any other file the largest image is taken
// and no scale is assumed.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"
#include "modules/io/bytes.h"

#include <filesystem>

namespace sensorium::mat {

// Throws Error BadInput, or Unsupported when no variable is an image (2 or 3 axes, the first two of
// at least 16).
Volume read(const std::filesystem::path& path, bool with_pixels, const Context& context);
// A cube, a recording or a volume. Throws as read().
Dataset open(const std::filesystem::path& path, Samples samples, const Context& context);

}
