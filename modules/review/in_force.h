// The events of a log that no undo has taken back.
#pragma once

#include "modules/review/events.h"

#include <span>

namespace sensorium {

// Actions in their order, without undo, redo, signatures and protocol. reader: this reader's own;
// empty: everybody's. The pointers are into events.
std::vector<const Event*> events_in_force(std::span<const Event> events,
                                          const std::string& reader = {});

}
