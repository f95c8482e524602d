// Annotations made elsewhere become a reader's layer: a mask or label volume is checked against the
// recording and taken apart into findings.
#pragma once

#include "modules/review/events.h"

#include <map>
#include <optional>
#include <span>

namespace sensorium {

struct ImportOptions {
  std::map<long, std::string> labels;       // value -> label; wins over what the file says
  std::map<std::string, std::string> names; // the file's name for a label -> label
  std::optional<int> slice;                 // where one image belongs in a volume, from 0
  std::optional<double> threshold; // for probabilities: values at or above it belong to lesions
};

struct ImportedLayer {
  std::vector<Finding> findings;      // one for each 26-connected part of each value
  std::map<long, std::string> labels; // how values were named
  std::vector<std::string> notes;     // what was and was not compared, one sentence each
};

// Same width, height and depth; spacings that both know within 0.1 %; directions within 0.5
// degrees and origins within half a voxel where both have an orientation. A DICOM SEG may leave out
// empty slices: it is placed by position. Throws Error BadInput naming both values. Returns the
// first slice of the mask in the recording's count, and notes what could not be compared.
int check_geometry(const Volume& mask, const Volume& recording, const ImportOptions& options,
                   std::vector<std::string>& notes);

// Labels of values: options; else the file's own segment names when the pipeline has such a label;
// else, for a mask with one value, the pipeline's first label. A value without a label is refused:
// Error Usage with the values and the option that names them.
// known: the pipeline's labels. Throws Error BadInput, Unsupported (colour pictures, fractions
// without a threshold).
ImportedLayer import_layer(const Volume& mask, const Volume& recording,
                           const std::vector<std::string>& known,
                           const ImportOptions& options = {});

// The same from a report's findings, whose labels are names. Throws Error Usage for a name that
// the pipeline does not have, with the option that says what it means.
ImportedLayer import_findings(const Findings& findings, const Volume& recording,
                              const std::vector<std::string>& known, const ImportOptions& options,
                              const std::string& source);

// The event's data. source: the file's name without its folder; sha256: of the file. Throws Error
// Conflict when this reader's layer holds that file already.
nlohmann::json import_layer_data(const ImportedLayer& layer, const std::string& source,
                                 const std::string& sha256, std::span<const Event> events,
                                 const std::string& reader);

}
