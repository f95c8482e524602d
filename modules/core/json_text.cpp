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
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is not JSON: {}", name, json_fault(e)),
                hint);
  }
}

std::string json_fault(const nlohmann::json::exception& error) {
  // "[json.exception.parse_error.101] parse error at line 2, column 1: syntax error while parsing
  // value - unexpected end of input; expected '[', '{', or a literal"
  std::string_view text = error.what();
  if (const auto end = text.find("] "); end != text.npos) text.remove_prefix(end + 2);
  if (const auto at = text.find("at line "); at != text.npos) {
    const std::string_view place = text.substr(at + 3, text.find(':', at) - at - 3);
    const auto dash = text.find(" - ");
    if (dash == text.npos) return std::string(place);
    const std::string_view why = text.substr(dash + 3);
    return fmt::format("{}: {}", place, why.substr(0, why.find("; last read")));
  }
  if (text.starts_with("key '"))
    return fmt::format("the {} is missing", text.substr(0, text.find(" not found")));
  if (const auto want = text.find("type must be "); want != text.npos) {
    const std::string_view rest = text.substr(want + 13);
    if (const auto but = rest.find(", but is "); but != rest.npos)
      return fmt::format("a value is of the wrong type ({} expected, it is {})",
                         rest.substr(0, but), rest.substr(but + 9));
  }
  return std::string(text);
}

}
