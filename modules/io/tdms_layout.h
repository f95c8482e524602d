// Where the values of a TDMS file lie. Private to modules/io.
#pragma once

#include "modules/io/bytes.h"

#include <map>
#include <variant>

namespace sensorium::tdms {

using Property = std::variant<std::string, double>;

// A stretch of one channel's values: `count` of them, `stride` bytes apart.
struct Piece {
  std::uint64_t offset = 0, count = 0, stride = 0;
  bool big_endian = false;
};

struct Object {
  std::string path; // "/'group'/'channel'"
  std::map<std::string, Property> properties;
  std::uint32_t type = 0; // 0: no values
  std::vector<Piece> pieces;
  std::uint64_t count = 0; // values in all pieces
};

struct Layout {
  std::vector<Object> objects; // in order of appearance
  std::vector<std::string> warnings;
};

std::size_t size_of_type(std::uint32_t type); // of numbers and time stamps; 0 for others

// Walks all segments. At most a million pieces and a hundred thousand objects. Throws Error.
Layout parse_layout(const Bytes& file);

}
