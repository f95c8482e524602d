// Findings as JSON text, written in one pass: a recount of a thousand findings is sent at each step
// of a slider, where a tree of JSON values would cost more than the counting.
#pragma once

#include "modules/core/findings.h"

#include <string>

namespace sensorium {

// Parses to to_json(findings); what is not finite becomes null.
std::string to_json_text(const Findings& findings);

}
