// Images in MATLAB files. An export of Heidelberg's reader (B0, B1 ..., ScaleX, ScaleZ) is
// recognised as an OCT scan with its scale, localiser and layer lines; in any other file the
// largest image is taken and no scale is assumed.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium::mat {

// Throws Error BadInput, or Unsupported when no variable is an image (2 or 3 axes, the first two of
// at least 16).
Volume read(const std::filesystem::path& path, bool with_pixels, const Context& context);

}
