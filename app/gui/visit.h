// One visit with its pictures, for a follow-up.
#pragma once

#include "modules/review/follow_up.h"
#include "modules/view/finding_item.h"

#include <memory>

namespace sensorium {

struct CaseEntry;

struct ShownVisit {
  Visit visit;
  std::shared_ptr<const Dataset> dataset;
  std::vector<Surface> surfaces;
  FindingItems items;
};

// A case that is not the open one, as this reader may see it. Throws Error (damaged, newer log).
ShownVisit shown_visit(const CaseEntry& entry, std::shared_ptr<const Dataset> dataset,
                       const std::string& reader);

}
