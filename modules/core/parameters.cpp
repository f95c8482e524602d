#include "modules/core/parameters.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace sensorium {
using nlohmann::json;
namespace {

std::string range_text(const About& about) {
  const bool low = std::isfinite(about.min), high = std::isfinite(about.max);
  const std::string unit = about.unit.empty() ? "" : " " + about.unit;
  if (low && high) return fmt::format("{} to {}{}", about.min, about.max, unit);
  if (low) return fmt::format("at least {}{}", about.min, unit);
  if (high) return fmt::format("at most {}{}", about.max, unit);
  return "any number" + unit;
}

json checked(const ParameterSpec& spec, const json& value) {
  const auto refuse = [&](const std::string& wanted) -> json {
    throw Error(ErrorCode::Usage,
                fmt::format("parameter '{}' cannot be {}", spec.name,
                            value.is_number_float() ? fmt::format("{}", value.get<double>())
                                                    : value.dump()),
                fmt::format("give {} (default {})", wanted, spec.default_value.dump()));
  };
  switch (spec.type) {
  case ParameterType::Number:
    if (!value.is_number() || !std::isfinite(value.get<double>()) ||
        value.get<double>() < spec.about.min || value.get<double>() > spec.about.max)
      return refuse(range_text(spec.about));
    return value.get<double>();
  case ParameterType::Integer:
    if (!value.is_number() || value.get<double>() != std::floor(value.get<double>()) ||
        std::abs(value.get<double>()) > 2147483647.0 || value.get<double>() < spec.about.min ||
        value.get<double>() > spec.about.max)
      return refuse("a whole number, " + range_text(spec.about));
    return static_cast<int>(value.get<double>());
  case ParameterType::Flag:
    return value.is_boolean() ? value : refuse("true or false");
  case ParameterType::Choice:
    if (!value.is_string() || std::find(spec.choices.begin(), spec.choices.end(),
                                        value.get<std::string>()) == spec.choices.end())
      return refuse(fmt::format("one of {}", fmt::join(spec.choices, ", ")));
    return value;
  case ParameterType::Text:
    return value.is_string() ? value : refuse("text");
  }
  return value;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

void refuse_unknown(const std::string& key, const std::vector<std::string>& known) {
  const std::string near = nearest(key, known);
  throw Error(ErrorCode::Usage, fmt::format("there is no parameter '{}'", key),
              near.empty() ? fmt::format("the parameters are: {}", fmt::join(known, ", "))
                           : fmt::format("did you mean '{}'?", near));
}

template<class T>
void read_into(const json& in, std::vector<std::string>& seen, ParameterSpec spec, T& value) {
  seen.push_back(spec.name);
  const auto found = in.find(spec.name);
  if (found == in.end()) return;
  spec.default_value = value;
  value = checked(spec, *found).template get<T>();
}

}

void SpecCollector::number(const std::string& name, double& value, const About& about) {
  specs.push_back({name, ParameterType::Number, value, {}, about});
}
void SpecCollector::integer(const std::string& name, int& value, const About& about) {
  specs.push_back({name, ParameterType::Integer, value, {}, about});
}
void SpecCollector::flag(const std::string& name, bool& value, const About& about) {
  specs.push_back({name, ParameterType::Flag, value, {}, about});
}
void SpecCollector::choice(const std::string& name, std::string& value,
                           const std::vector<std::string>& choices, const About& about) {
  specs.push_back({name, ParameterType::Choice, value, choices, about});
}
void SpecCollector::text(const std::string& name, std::string& value, const About& about) {
  specs.push_back({name, ParameterType::Text, value, {}, about});
}

void JsonReader::number(const std::string& name, double& value, const About& about) {
  read_into(in_, seen_, {name, ParameterType::Number, {}, {}, about}, value);
}
void JsonReader::integer(const std::string& name, int& value, const About& about) {
  read_into(in_, seen_, {name, ParameterType::Integer, {}, {}, about}, value);
}
void JsonReader::flag(const std::string& name, bool& value, const About& about) {
  read_into(in_, seen_, {name, ParameterType::Flag, {}, {}, about}, value);
}
void JsonReader::choice(const std::string& name, std::string& value,
                        const std::vector<std::string>& choices, const About& about) {
  read_into(in_, seen_, {name, ParameterType::Choice, {}, choices, about}, value);
}
void JsonReader::text(const std::string& name, std::string& value, const About& about) {
  read_into(in_, seen_, {name, ParameterType::Text, {}, {}, about}, value);
}

void JsonReader::finish() const {
  if (!in_.is_object()) {
    if (in_.is_null()) return;
    throw Error(ErrorCode::Usage,
                fmt::format("parameters must be a JSON object, not {}", in_.type_name()));
  }
  for (const auto& [key, value] : in_.items())
    if (std::find(seen_.begin(), seen_.end(), key) == seen_.end()) refuse_unknown(key, seen_);
}

std::string_view name_of(ParameterType type) {
  switch (type) {
  case ParameterType::Number:
    return "number";
  case ParameterType::Integer:
    return "integer";
  case ParameterType::Flag:
    return "flag";
  case ParameterType::Choice:
    return "choice";
  case ParameterType::Text:
    return "text";
  }
  return "text";
}

json to_json(const ParameterSpecs& specs) {
  json out = json::array();
  for (const ParameterSpec& spec : specs) {
    json entry = {
        {"name", spec.name},          {"type", name_of(spec.type)}, {"default", spec.default_value},
        {"help", spec.about.help},    {"unit", spec.about.unit},    {"live", spec.about.live},
        {"expert", spec.about.expert}};
    if (!spec.about.at_least_value.empty()) entry["at_least_value"] = spec.about.at_least_value;
    if (!spec.about.before.empty()) entry["before"] = spec.about.before;
    if (std::isfinite(spec.about.min)) entry["min"] = spec.about.min;
    if (std::isfinite(spec.about.max)) entry["max"] = spec.about.max;
    if (!spec.choices.empty()) entry["choices"] = spec.choices;
    out.push_back(entry);
  }
  return out;
}

ParameterSpecs specs_from_json(const json& in) {
  ParameterSpecs specs;
  for (const json& entry : in) {
    ParameterSpec spec;
    spec.name = entry.at("name").get<std::string>();
    for (const ParameterType type :
         {ParameterType::Number, ParameterType::Integer, ParameterType::Flag, ParameterType::Choice,
          ParameterType::Text})
      if (entry.at("type") == name_of(type)) spec.type = type;
    spec.default_value = entry.at("default");
    spec.choices = entry.value("choices", std::vector<std::string>{});
    spec.about.help = entry.value("help", "");
    spec.about.unit = entry.value("unit", "");
    spec.about.min = entry.value("min", spec.about.min);
    spec.about.max = entry.value("max", spec.about.max);
    spec.about.live = entry.value("live", false);
    spec.about.expert = entry.value("expert", false);
    spec.about.at_least_value = entry.value("at_least_value", "");
    spec.about.before = entry.value("before", "");
    specs.push_back(spec);
  }
  return specs;
}

json parse_value(const ParameterSpec& spec, const std::string& text) {
  json value = text;
  if (spec.type == ParameterType::Number || spec.type == ParameterType::Integer) {
    double number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code == std::errc() && end == text.data() + text.size()) value = number;
  } else if (spec.type == ParameterType::Flag) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") value = true;
    if (text == "false" || text == "no" || text == "off" || text == "0") value = false;
  }
  return checked(spec, value);
}

json complete(const ParameterSpecs& specs, const json& values) {
  std::vector<std::string> known;
  for (const ParameterSpec& spec : specs) known.push_back(spec.name);
  if (!values.is_null() && !values.is_object())
    throw Error(ErrorCode::Usage,
                fmt::format("parameters must be a JSON object, not {}", values.type_name()));
  for (const auto& [key, value] : values.items())
    if (std::find(known.begin(), known.end(), key) == known.end()) refuse_unknown(key, known);
  json out = json::object();
  for (const ParameterSpec& spec : specs)
    out[spec.name] =
        values.contains(spec.name) ? checked(spec, values.at(spec.name)) : spec.default_value;
  return out;
}

json of_other_version(const ParameterSpecs& specs, json values) {
  for (const ParameterSpec& spec : specs)
    if (!spec.about.before.empty() && !values.contains(spec.name))
      values[spec.name] = parse_value(spec, spec.about.before);
  return values;
}

std::string nearest(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = 4;
  for (const std::string& candidate : candidates)
    if (const std::size_t distance = edit_distance(name, candidate);
        distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  return best;
}

}
