// A map of classes after its regions were reviewed.
#pragma once

#include "modules/review/fold.h"

#include <QImage>

namespace sensorium {

// map: Indexed8, a pixel's value is its class from 1, 0 is none; the classes' names are in the
// table "classes" of what was proposed. Rejected regions have no class; one that was relabelled or
// painted has the class of its label where it now is; what is drawn lies over the rest, the later
// over the earlier. A label that names no class is none. Another picture comes back as it is.
QImage reviewed_class_map(const QImage& map, const Findings& proposed, const ReviewState& review);

}
