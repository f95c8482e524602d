// Fields of an answer or a stored file that may be missing or of another type.
#pragma once

#include <nlohmann/json.hpp>

#include <QString>

namespace sensorium {

// Empty when there is no such text.
inline QString text_field(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? QString::fromStdString(found->get<std::string>())
             : QString();
}

}
