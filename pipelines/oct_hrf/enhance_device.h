// The enhancement of enhance.h on an accelerator.
#pragma once

#include "modules/core/accelerator.h"
#include "pipelines/oct_hrf/enhance.h"

namespace sensorium::oct_hrf {

// As enhance_volume, within 1e-5 of the greatest grey value: the threads measure the noise, the
// accelerator transforms and shrinks the blocks. Throws what that throws.
std::vector<float> enhance_volume_on(Accelerator& accelerator, std::span<const float> volume,
                                     int width, int height, const EnhanceOptions& options = {},
                                     int threads = 1);

}
