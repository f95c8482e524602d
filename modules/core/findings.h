// What a pipeline found: where, what, how sure, how large. No colours, no widgets.
#pragma once

#include "modules/core/dataset.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace sensorium {

// A number with its unit and where its scale comes from. Unit "px", "px2", "px3" where the scale is
// unknown.
struct Measure {
  std::string name; // "area", "diameter", "volume" ...
  double value = 0;
  std::string unit;   // "um", "um2", "um3", "px" ..., "1" for a pure number
  std::string source; // the scale's source, or the method
  // Of a summary: follows from the list of findings, so that a review puts its own in this place.
  bool of_findings = false;
};

// Voxels x .. x+length-1 of row y in slice z.
struct Run {
  int z = 0, y = 0, x = 0, length = 0;
};

struct Finding {
  std::string
      id; // stable for the same input and parameters: derived from the place, not from the order
  std::string
      label; // "focus", "exudate", "choroidal", "vessel", "artefact" ... declared by the pipeline
  double score = 0;                 // 0..1, the model's
  std::array<double, 3> centroid{}; // x, y, z in voxels
  std::array<int, 6> box{};         // x0, y0, z0, x1, y1, z1, inclusive
  std::vector<Run> footprint;
  std::vector<Measure> measures;
  std::map<std::string, std::string>
      attributes;   // "slab": "inner", "etdrs": "inner nasal", "shadow": "yes" ...
  std::string text; // one line
};

// A table of the report: "by layer", "by region".
struct Table {
  std::string name, caption;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool of_findings = false; // as in Measure
};

struct Findings {
  std::string pipeline, version; // who found them
  std::string input_sha256;
  nlohmann::json parameters() const; // those that were used
  std::string parameters_text = "{}";
  std::vector<Finding> items;
  std::vector<Measure> summary; // "count", "total area" ...
  std::vector<Table> tables;
  std::vector<std::string> notes; // what a reader must know: "nothing was counted: no retina found"
  bool nothing_counted = false; // the input was refused by the pipeline's own checks; notes say why
};

nlohmann::json to_json(const Findings& findings);
// Throws Error BadInput naming the missing or wrong key.
Findings findings_from_json(const nlohmann::json& json);
std::string to_csv(const Findings& findings); // RFC 4180, one row a finding, header with units
std::string
csv_cell(std::string_view text); // quoted where needed; a leading = + - @ is made harmless

nlohmann::json runs_to_json(const std::vector<Run>& runs); // flat [z, y, x, length, ...]
std::vector<Run> runs_from_json(const nlohmann::json& json);
// 1 where any run covers the voxel; runs outside are cut at the border.
void paint_runs(const std::vector<Run>& runs, int width, int height, int depth,
                std::vector<std::uint8_t>& mask);

}
