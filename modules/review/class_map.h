// A map of classes as the review leaves it.
#pragma once

#include "modules/core/extension.h"
#include "modules/review/reviewed.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace sensorium {

// The classes of a result with a class map: columns "class" (1, 2 ...: the map's value) and "name"
// of its table "classes". Empty: it has none.
std::vector<std::string> class_names(const Findings& findings);
// What a finding may be relabelled to, in the order of the keys 1 to 9: the pipeline's labels,
// else the classes of this result.
std::vector<std::string> labels_of(const PipelineInfo& pipeline, const Findings& findings);

// values: [line][sample]; 0 is none, k the class names[k - 1]. colours: of the values 0, 1 ...
struct ClassMap {
  int width = 0, height = 0;
  std::vector<std::uint8_t> values;
  std::vector<std::array<std::uint8_t, 3>> colours;
  bool empty() const { return values.empty(); }
};
// Rejected regions become none; so do, unless kept, those that nobody decided on. Accepted and
// changed ones have their label at their pixels, and what was erased of them is none. Where regions
// lie over each other, one drawn by hand goes before a changed one, that before an accepted one,
// and then the later in the list. A label that is no class of the map is none; a drawn region of
// such a label is left out. Pixels of no listed region stay as they are. proposed: the findings
// that the review is about.
ClassMap reviewed_map(ClassMap map, const std::vector<std::string>& names, const Findings& proposed,
                      const ReviewState& review, Keep keep = {});
// Pixels of each class, from class 0 (none) to the last name.
std::vector<std::int64_t> class_counts(const ClassMap& map, std::size_t classes);

}
