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

}
