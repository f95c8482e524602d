// The class map of a reviewed cube in the report. Private to modules/report.
#pragma once

#include "modules/report/flow.h"
#include "modules/report/report.h"

namespace sensorium {

// The map as the review leaves it with the outlines of what was decided, its legend, and the pixels
// of each class before and after. Returns the file that was drawn. Empty, and nothing is drawn: the
// result has no class map, or nobody decided anything.
std::filesystem::path draw_class_map(Flow& flow, const ReportInput& in);

}
