// Any text as a recipe, as parameters (of a recipe, a plan or a request) and as findings.
#include "modules/core/error.h"
#include "modules/core/findings.h"
#include "modules/core/json_text.h"
#include "modules/core/parameters.h"
#include "modules/core/recipe.h"

#include <cstdint>
#include <cstdlib>

using namespace sensorium;
using nlohmann::json;

namespace {

template<class Work> void fair(const Work& work) {
  try {
    work();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::Internal) std::abort();
  }
}

ParameterSpecs specs() {
  return specs_from_json(json::parse(R"([
    {"name": "threshold", "type": "number", "default": 0.5, "min": 0, "max": 1, "help": "h"},
    {"name": "count", "type": "integer", "default": 3, "min": 1, "max": 9, "help": "h"},
    {"name": "on", "type": "flag", "default": true, "help": "h"},
    {"name": "kind", "type": "choice", "default": "a", "choices": ["a", "b"], "help": "h"}])"));
}

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fair([&] {
    const json in = parse_json(text, "fuzz.json", "hint");
    fair([&] {
      const Recipe recipe = recipe_from_json(in, "fuzz.json");
      (void)command_of(recipe, "out");
      if (to_json(recipe_from_json(to_json(recipe), "again")) != to_json(recipe)) std::abort();
    });
    static const ParameterSpecs known = specs();
    fair([&] { (void)complete(known, in); });
    fair([&] {
      const Findings findings = findings_from_json(in);
      (void)to_csv(findings);
      for (const Finding& f : findings.items) {
        std::vector<std::uint8_t> mask(64);
        paint_runs(f.footprint, 4, 4, 4, mask);
      }
    });
  });
  return 0;
}
