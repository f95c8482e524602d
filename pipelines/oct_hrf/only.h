// Describes only some of a struct's parameters.
#pragma once

#include "modules/core/parameters.h"

#include <set>

namespace sensorium::oct_hrf {

class Only : public ParameterVisitor {
public:
  Only(ParameterVisitor& inner, std::set<std::string> names)
      : inner_(inner), names_(std::move(names)) {}
  void number(const std::string& name, double& value, const About& about) override {
    if (names_.contains(name)) inner_.number(name, value, about);
  }
  void integer(const std::string& name, int& value, const About& about) override {
    if (names_.contains(name)) inner_.integer(name, value, about);
  }
  void flag(const std::string& name, bool& value, const About& about) override {
    if (names_.contains(name)) inner_.flag(name, value, about);
  }
  void choice(const std::string& name, std::string& value, const std::vector<std::string>& choices,
              const About& about) override {
    if (names_.contains(name)) inner_.choice(name, value, choices, about);
  }
  void text(const std::string& name, std::string& value, const About& about) override {
    if (names_.contains(name)) inner_.text(name, value, about);
  }

private:
  ParameterVisitor& inner_;
  std::set<std::string> names_;
};

}
