// Findings as bytes, for the way from the worker to the window on one computer: each text once,
// numbers as they lie in memory (native byte order; never an archive). At each step of a slider the
// window takes in a thousand findings; as JSON that cost it more than all the rest of the step.
#pragma once

#include "modules/core/findings.h"

#include <string>
#include <string_view>

namespace sensorium {

// Layout: "SNSFIND1", the texts (count, then length and bytes of each), then the fields in the
// order of findings.h; a text is its number among them, a list its length and its members.
std::string pack_findings(const Findings& findings);

// The same findings. Throws Error BadInput when the bytes are damaged; what is made of them is
// bounded by their number and by 64 MiB of texts.
Findings unpack_findings(std::string_view bytes);

}
