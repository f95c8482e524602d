// The regions of the class map as findings.
#pragma once

#include "pipelines/cube_analysis/analyse.h"

namespace sensorium::cube_analysis {

// One a region that was kept, by falling size. The id holds a hash of the class's name and of the
// pixels: another map has other findings. Score: the mean share of the class (unmix), else -1.
std::vector<Finding> findings_of(const Result& result);
// Those of at least so many pixels into `out`, with how many there are, and a note on what is not
// listed.
void list_regions(const Result& result, const std::vector<Finding>& regions, int least_pixels,
                  Findings& out);

}
