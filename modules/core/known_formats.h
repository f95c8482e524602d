// Names for files that this program recognises but does not read.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace sensorium {

struct KnownFormat {
  std::string name; // "a NumPy array"
  std::string hint; // what to do
};

// From the first bytes of a file; an empty name when nothing is known about it.
KnownFormat known_format(std::span<const std::byte> head);

}
