#include "modules/core/json_text.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace {

// The deepest level of brackets outside strings.
int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
    if (deepest > deepest_json) break;
  }
  return deepest;
}

}

nlohmann::json parse_json(std::string_view text, const std::string& name, const std::string& hint) {
  if (depth_of(text) > deepest_json)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is nested more than {} levels deep", name, deepest_json), hint);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is not JSON: {}", name, e.what()), hint);
  }
}

}
