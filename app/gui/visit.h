// One visit with its pictures, for a follow-up.
#pragma once

#include "modules/review/follow_up.h"
#include "modules/view/finding_item.h"

#include <memory>

namespace sensorium {

struct ShownVisit {
  Visit visit;
  std::shared_ptr<const Dataset> dataset;
  std::vector<Surface> surfaces;
  FindingItems items;
};

}
