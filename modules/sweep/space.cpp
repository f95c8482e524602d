#include "modules/sweep/space.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::int64_t most_points = 100000;

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(ErrorCode::Usage, fmt::format("the search space: '{}' {}", name, what),
              R"(a range {"low": 0.1, "high": 1, "log": true} or a list ["a", "b"])");
}

const ParameterSpec& spec_of(const ParameterSpecs& specs, const std::string& name) {
  std::vector<std::string> names;
  for (const ParameterSpec& spec : specs) {
    if (spec.name == name) return spec;
    names.push_back(spec.name);
  }
  const std::string near = nearest(name, names);
  throw Error(ErrorCode::Usage, fmt::format("the search space: there is no parameter '{}'", name),
              near.empty() ? "'--help' of the command shows its parameters"
                           : fmt::format("did you mean '{}'?", near));
}

double number_of(const json& range, const char* key, const std::string& name) {
  const auto found = range.find(key);
  if (found == range.end() || !found->is_number())
    refuse(name, fmt::format("needs the number '{}'", key));
  return found->get<double>();
}

void check_value(const ParameterSpecs& specs, const std::string& name, const json& value) {
  try {
    (void)complete(specs, json{{name, value}});
  } catch (const Error& e) {
    throw Error(ErrorCode::Usage, fmt::format("the search space: {}", e.what()), e.hint());
  }
}

Dimension choice_of(const std::string& name, const json& list, const ParameterSpecs& specs) {
  if (list.empty() || list.size() > 1000) refuse(name, "needs 1 to 1000 values");
  for (std::size_t i = 0; i < list.size(); ++i) {
    check_value(specs, name, list[i]);
    for (std::size_t j = 0; j < i; ++j)
      if (list[i] == list[j]) refuse(name, fmt::format("lists {} twice", list[i].dump()));
  }
  return {.name = name, .kind = DimensionKind::Choice, .choices = list};
}

Dimension range_of(const std::string& name, const json& range, const ParameterSpec& spec,
                   const ParameterSpecs& specs) {
  if (spec.type != ParameterType::Number && spec.type != ParameterType::Integer)
    refuse(name, "is no number: give a list of values");
  for (const auto& [key, value] : range.items())
    if (key != "low" && key != "high" && key != "log" && key != "step" && key != "points")
      refuse(name, fmt::format("has the key '{}'", key));
  Dimension out{.name = name,
                .kind = spec.type == ParameterType::Integer ? DimensionKind::Integer
                                                            : DimensionKind::Number,
                .low = number_of(range, "low", name),
                .high = number_of(range, "high", name)};
  if (range.contains("log")) {
    if (!range.at("log").is_boolean()) refuse(name, "needs true or false for 'log'");
    out.logarithmic = range.at("log");
  }
  if (range.contains("step")) out.step = number_of(range, "step", name);
  if (range.contains("points")) {
    const double points = number_of(range, "points", name);
    if (points < 2 || points > 1000 || points != std::floor(points))
      refuse(name, "needs 2 to 1000 'points'");
    out.points = static_cast<int>(points);
  }
  const bool whole = out.kind == DimensionKind::Integer;
  if (whole && out.step == 0) out.step = 1;
  if (!(out.low < out.high)) refuse(name, "needs a 'low' below its 'high'");
  if (whole && (out.low != std::floor(out.low) || out.high != std::floor(out.high) ||
                out.step != std::floor(out.step)))
    refuse(name, "is whole: 'low', 'high' and 'step' too");
  if (out.step < 0 || out.step > out.high - out.low) refuse(name, "has a 'step' beyond its range");
  if (out.logarithmic && (out.low <= 0 || (whole ? out.step != 1 : out.step != 0)))
    refuse(name, "with 'log' needs a 'low' above 0 and no 'step'");
  for (const double end : {out.low, out.high})
    check_value(specs, name, whole ? json(static_cast<std::int64_t>(end)) : json(end));
  return out;
}

json value_at(const Dimension& d, std::int64_t level) {
  if (d.kind == DimensionKind::Choice) return d.choices[static_cast<std::size_t>(level)];
  if (d.step > 0) {
    const double value = d.low + d.step * static_cast<double>(level);
    return d.kind == DimensionKind::Integer ? json(static_cast<std::int64_t>(value))
                                            : json(std::min(value, d.high));
  }
  const double part = static_cast<double>(level) / (d.points - 1);
  if (level == 0) return d.low;
  if (level == d.points - 1) return d.high;
  return d.logarithmic ? std::exp(std::log(d.low) + part * std::log(d.high / d.low))
                       : d.low + part * (d.high - d.low);
}

std::int64_t grid_levels(const Dimension& d) {
  const std::int64_t levels = levels_of(d);
  if (levels > 0) return levels;
  if (d.points == 0) refuse(d.name, "needs 'step' or 'points' in a grid");
  return d.points;
}

}

SearchSpace space_from_json(const json& in, const ParameterSpecs& specs) {
  if (!in.is_object() || in.empty() || in.size() > 64)
    throw Error(ErrorCode::Usage, "the search space is no object of 1 to 64 parameters",
                R"("space": {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": true}})");
  SearchSpace out;
  for (const auto& [name, value] : in.items()) {
    const ParameterSpec& spec = spec_of(specs, name);
    if (value.is_array())
      out.push_back(choice_of(name, value, specs));
    else if (value.is_object())
      out.push_back(range_of(name, value, spec, specs));
    else
      refuse(name, "is neither a range nor a list");
  }
  return out;
}

json to_json(const SearchSpace& space) {
  json out = json::object();
  for (const Dimension& d : space) {
    if (d.kind == DimensionKind::Choice) {
      out[d.name] = d.choices;
      continue;
    }
    json range = {{"low", d.low}, {"high", d.high}, {"log", d.logarithmic}};
    if (d.step > 0) range["step"] = d.step;
    if (d.points > 0) range["points"] = d.points;
    out[d.name] = range;
  }
  return out;
}

std::int64_t levels_of(const Dimension& d) {
  if (d.kind == DimensionKind::Choice) return static_cast<std::int64_t>(d.choices.size());
  if (d.step <= 0) return 0;
  return static_cast<std::int64_t>(std::floor((d.high - d.low) / d.step + 1e-9)) + 1;
}

std::int64_t grid_size(const SearchSpace& space) {
  std::int64_t size = 1;
  for (const Dimension& d : space) {
    const std::int64_t levels = grid_levels(d);
    if (levels > most_points / size)
      throw Error(ErrorCode::Usage,
                  fmt::format("the grid has more than {} points at '{}'", most_points, d.name),
                  "take fewer values, or the sampler 'random'");
    size *= levels;
  }
  return size;
}

json grid_point(const SearchSpace& space, std::int64_t index) {
  json out = json::object();
  for (auto d = space.rbegin(); d != space.rend(); ++d) {
    const std::int64_t levels = grid_levels(*d);
    out[d->name] = value_at(*d, index % levels);
    index /= levels;
  }
  return out;
}

}
