// JSON from files and other programs.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace sensorium {

// Deeper nesting than this is refused: copying and writing a document takes stack for each level.
inline constexpr int deepest_json = 64;

// name: the file, for messages. Throws Error BadInput with the hint: not JSON, or nested too deep.
nlohmann::json parse_json(std::string_view text, const std::string& name, const std::string& hint);

// What is wrong, in a user's words: "line 2, column 1: unexpected end of input", "the key 'path' is
// missing", "a value is of the wrong type (string expected, it is number)".
std::string json_fault(const nlohmann::json::exception& error);

}
