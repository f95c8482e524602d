// Takes out of free text what a de-identified report must not hold.
#pragma once

#include "modules/core/dataset.h"

namespace sensorium {

// The strings of this recording that identify a person or name the file, longest first: patient
// fields, the parts of the name (3 characters and more), the path, the file's name and stem.
std::vector<std::string> identifying_strings(const Origin& origin);
// Each occurrence, whatever its case, becomes "[removed]". Strings of letters and digits only match
// whole words.
std::string scrubbed(const std::string& text, const std::vector<std::string>& identifying);
// Whether a fact's name or tag speaks of a date, a time, a person, a place, a device number or an
// identifier.
bool identifies(const Fact& fact);

}
