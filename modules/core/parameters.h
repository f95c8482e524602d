// A pipeline's parameters are one struct with defaults and one describe(). From these come the
// command line's options, the window's form, JSON, the manual and the search space of a sweep.
//
//   struct HrfParameters { double threshold = 0.5; bool enhance = true; };
//   void describe(ParameterVisitor& v, HrfParameters& p) {
//     v.number("threshold", p.threshold, {.help = "probability above which ...", .min = 0, .max =
//     1, .live = true}); v.flag("enhance", p.enhance, {.help = "..."});
//   }
#pragma once

#include <nlohmann/json.hpp>

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

struct About {
  std::string help; // one sentence
  std::string unit; // "um", "px", "1/mm"; empty for a pure number
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool live = false; // acts on a finished analysis without running the network again
  bool expert = false;
  std::string at_least_value; // what min stands for, when it is no number: "no limit", "middle"
  // The value that means what the pipeline did before it had this parameter, as on a command line;
  // empty: the default does.
  std::string before;
};

enum class ParameterType { Number, Integer, Flag, Choice, Text };

struct ParameterSpec {
  std::string name;
  ParameterType type = ParameterType::Number;
  nlohmann::json default_value;
  std::vector<std::string> choices;
  About about;
};

class ParameterVisitor {
public:
  virtual ~ParameterVisitor() = default;
  virtual void number(const std::string& name, double& value, const About& about) = 0;
  virtual void integer(const std::string& name, int& value, const About& about) = 0;
  virtual void flag(const std::string& name, bool& value, const About& about) = 0;
  virtual void choice(const std::string& name, std::string& value,
                      const std::vector<std::string>& choices, const About& about) = 0;
  virtual void text(const std::string& name, std::string& value, const About& about) = 0;
};

using ParameterSpecs = std::vector<ParameterSpec>;

// Collects specs, reads values from JSON, writes them to JSON. Used through the three templates
// below.
class SpecCollector : public ParameterVisitor {
public:
  ParameterSpecs specs;
  void number(const std::string& name, double& value, const About& about) override;
  void integer(const std::string& name, int& value, const About& about) override;
  void flag(const std::string& name, bool& value, const About& about) override;
  void choice(const std::string& name, std::string& value, const std::vector<std::string>& choices,
              const About& about) override;
  void text(const std::string& name, std::string& value, const About& about) override;
};

class JsonReader : public ParameterVisitor {
public:
  explicit JsonReader(const nlohmann::json& in) : in_(in) {}
  void number(const std::string& name, double& value, const About& about) override;
  void integer(const std::string& name, int& value, const About& about) override;
  void flag(const std::string& name, bool& value, const About& about) override;
  void choice(const std::string& name, std::string& value, const std::vector<std::string>& choices,
              const About& about) override;
  void text(const std::string& name, std::string& value, const About& about) override;
  // Throws Error Usage for a key that no parameter has, with the nearest name as the hint.
  void finish() const;

private:
  const nlohmann::json& in_;
  std::vector<std::string> seen_;
};

// The specs of a default-constructed struct.
template<class P> ParameterSpecs specs_of() {
  SpecCollector collector;
  P defaults;
  describe(collector, defaults);
  return collector.specs;
}

// Defaults overlaid with the object's values. Throws Error Usage: unknown name, wrong type, out of
// range.
template<class P> P parameters_from(const nlohmann::json& json) {
  P parameters;
  JsonReader reader(json);
  describe(reader, parameters);
  reader.finish();
  return parameters;
}

template<class P> nlohmann::json parameters_json(const P& parameters) {
  SpecCollector collector;
  P copy = parameters;
  describe(collector, copy);
  nlohmann::json out = nlohmann::json::object();
  for (const ParameterSpec& spec : collector.specs) out[spec.name] = spec.default_value;
  return out;
}

nlohmann::json to_json(const ParameterSpecs& specs);
ParameterSpecs specs_from_json(const nlohmann::json& json);
std::string_view name_of(ParameterType type);

// Text from a command line to the JSON value the spec asks for. Throws Error Usage.
nlohmann::json parse_value(const ParameterSpec& spec, const std::string& text);
// Checks an object against specs and fills in the defaults: what a recipe stores. Throws Error
// Usage.
nlohmann::json complete(const ParameterSpecs& specs, const nlohmann::json& values);
// The values of a recipe of another version of the pipeline: parameters that it does not know get
// the value that changes nothing (About::before). Throws Error Usage.
nlohmann::json of_other_version(const ParameterSpecs& specs, nlohmann::json values);
// The candidate closest to a mistyped name (edit distance at most 3), or empty.
std::string nearest(const std::string& name, const std::vector<std::string>& candidates);

}
