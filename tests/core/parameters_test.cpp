#include "modules/core/error.h"
#include "modules/core/parameters.h"

#include <gtest/gtest.h>

namespace sensorium {
namespace {

struct Example {
  double threshold = 0.5;
  int size = 3;
  bool enhance = true;
  std::string profile = "a";
  std::string note;
};

void describe(ParameterVisitor& v, Example& p) {
  v.number("threshold", p.threshold, {.help = "h", .min = 0, .max = 1, .live = true});
  v.integer("size", p.size, {.unit = "px", .min = 1});
  v.flag("enhance", p.enhance, {});
  v.choice("profile", p.profile, {"a", "b"}, {});
  v.text("note", p.note, {});
}

ErrorCode code_of(const nlohmann::json& values) {
  try {
    parameters_from<Example>(values);
  } catch (const Error& e) {
    return e.code();
  }
  return ErrorCode::Internal;
}

TEST(Parameters, DefaultsComeFromTheStruct) {
  const ParameterSpecs specs = specs_of<Example>();
  ASSERT_EQ(specs.size(), 5u);
  EXPECT_EQ(specs[0].default_value, 0.5);
  EXPECT_TRUE(specs[0].about.live);
  EXPECT_EQ(complete(specs, nlohmann::json::object()), parameters_json(Example{}));
}

TEST(Parameters, ValuesAreRead) {
  const auto p = parameters_from<Example>(
      {{"threshold", 1}, {"size", 7}, {"enhance", false}, {"profile", "b"}, {"note", "x"}});
  EXPECT_EQ(p.threshold, 1.0);
  EXPECT_EQ(p.size, 7);
  EXPECT_FALSE(p.enhance);
  EXPECT_EQ(p.profile, "b");
  EXPECT_EQ(p.note, "x");
}

TEST(Parameters, WrongOnesAreRefused) {
  for (const nlohmann::json& bad : std::vector<nlohmann::json>{{{"threshold", 1.01}},
                                                               {{"threshold", "0.5"}},
                                                               {{"threshold", nullptr}},
                                                               {{"size", 0}},
                                                               {{"size", 1.5}},
                                                               {{"size", 1e300}},
                                                               {{"enhance", 1}},
                                                               {{"profile", "c"}},
                                                               {{"note", 3}},
                                                               {{"thresold", 0.5}},
                                                               {1, 2}})
    EXPECT_EQ(code_of(bad), ErrorCode::Usage) << bad.dump();
}

TEST(Parameters, AMistypedNameGetsASuggestion) {
  try {
    complete(specs_of<Example>(), {{"thresold", 0.4}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.hint(), "did you mean 'threshold'?");
  }
}

TEST(Parameters, TextFromTheCommandLine) {
  const ParameterSpecs specs = specs_of<Example>();
  EXPECT_EQ(parse_value(specs[0], "0.25"), 0.25);
  EXPECT_EQ(parse_value(specs[2], "off"), false);
  EXPECT_THROW(parse_value(specs[0], "0.25x"), Error);
  EXPECT_THROW(parse_value(specs[0], "nan"), Error);
  EXPECT_THROW(parse_value(specs[1], ""), Error);
  EXPECT_THROW(parse_value(specs[2], "maybe"), Error);
}

TEST(Parameters, RecipesOfOtherVersionsMeanWhatTheyMeant) {
  ParameterSpec newer{.name = "second", .type = ParameterType::Number, .default_value = 0.4};
  newer.about.before = "0";
  const ParameterSpecs specs = specs_from_json(to_json(
      ParameterSpecs{{.name = "first", .type = ParameterType::Number, .default_value = 1}, newer}));
  EXPECT_EQ(complete(specs, of_other_version(specs, {{"first", 2}})),
            (nlohmann::json{{"first", 2}, {"second", 0.0}}));
  EXPECT_EQ(of_other_version(specs, {{"second", 0.7}}), (nlohmann::json{{"second", 0.7}}));
  EXPECT_EQ(complete(specs, nlohmann::json::object()).at("second"), 0.4);
}

TEST(Parameters, SpecsSurviveJson) {
  const ParameterSpecs specs = specs_of<Example>();
  EXPECT_EQ(to_json(specs_from_json(to_json(specs))), to_json(specs));
}

}
}
