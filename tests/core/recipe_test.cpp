#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/recipe.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

Recipe example() {
  Recipe recipe;
  recipe.pipeline = "oct_hrf";
  recipe.pipeline_version = "1.0";
  recipe.inputs = {{"/data/it's here.vol", "aa"}};
  recipe.parameters = {{"threshold", 0.5}, {"profile", "b c"}};
  recipe.seed = 7;
  return recipe;
}

TEST(RecipeFile, RoundTrip) {
  EXPECT_EQ(to_json(recipe_from_json(to_json(example()), "x")), to_json(example()));
}

TEST(RecipeFile, FurtherFilesStayBesideTheirRecording) {
  Recipe recipe = example();
  recipe.inputs[0].files = {"1.tif", "pictures/2.tif"};
  EXPECT_EQ(recipe_from_json(to_json(recipe), "x").inputs[0].files, recipe.inputs[0].files);
  for (const char* file : {"../1.tif", "/etc/passwd", "a/../../b", ""}) {
    recipe.inputs[0].files = {file};
    EXPECT_THROW(recipe_from_json(to_json(recipe), "x"), Error) << file;
  }
}

TEST(RecipeFile, HostileOnesGiveOneError) {
  const fs::path folder =
      fs::temp_directory_path() / ("sensorium-hostile-" + std::to_string(::getpid()));
  make_folder(folder);
  const auto whole = to_json(example());
  const auto with = [&](const char* key, nlohmann::json value) {
    auto changed = whole;
    changed[key] = std::move(value);
    return changed.dump();
  };
  const std::string deep(2000000, '[');
  for (const std::string& text : {std::string(),
                                  std::string("{"),
                                  std::string("[]"),
                                  std::string("null"),
                                  std::string("\"a"),
                                  deep,
                                  "{\"parameters\":" + deep,
                                  whole.dump().substr(0, 60),
                                  std::string("\xff\xfe{}"),
                                  with("parameters", nlohmann::json::array()),
                                  with("parameters", 3),
                                  with("inputs", nlohmann::json::array()),
                                  with("inputs", "scan.vol"),
                                  with("inputs", {{{"path", 3}}}),
                                  with("inputs", {{{"path", "a"}, {"files", "b"}}}),
                                  with("version", 99),
                                  with("version", "1"),
                                  with("pipeline", "oct_hrf"),
                                  with("seed", "x"),
                                  with("model", 1),
                                  with("device", 7)}) {
    write_atomically(folder / "recipe.json", text);
    try {
      read_recipe(folder / "recipe.json");
      ADD_FAILURE() << "accepted: " << text.substr(0, 80);
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("recipe.json"), std::string::npos) << e.what();
      EXPECT_FALSE(e.hint().empty());
    }
  }
  fs::remove_all(folder);
}

TEST(RecipeFile, RelativeInputsAreBesideTheRecipe) {
  const fs::path folder =
      fs::temp_directory_path() / ("sensorium-recipe-" + std::to_string(::getpid()));
  make_folder(folder);
  Recipe recipe = example();
  recipe.inputs = {{"scan.vol", ""}};
  write_atomically(folder / "recipe.json", to_json(recipe).dump());
  EXPECT_EQ(read_recipe(folder / "recipe.json").inputs[0].path, (folder / "scan.vol").string());
  fs::remove_all(folder);
}

TEST(RecipeFile, DamagedOnesAreRefused) {
  const auto whole = to_json(example());
  for (const char* key : {"format", "version", "pipeline", "inputs"}) {
    auto damaged = whole;
    damaged.erase(key);
    EXPECT_THROW(recipe_from_json(damaged, "x"), Error) << key;
  }
  auto empty = whole;
  empty["inputs"] = nlohmann::json::array();
  EXPECT_THROW(recipe_from_json(empty, "x"), Error);
  auto typed = whole;
  typed["inputs"] = "scan.vol";
  EXPECT_THROW(recipe_from_json(typed, "x"), Error);
  auto newer = whole;
  newer["version"] = 9;
  EXPECT_THROW(recipe_from_json(newer, "x"), Error);
}

TEST(RecipeFile, CommandIsQuotedForTheShell) {
  EXPECT_EQ(command_of(example(), "out dir"),
            "sensorium run oct_hrf '/data/it'\\''s here.vol' --profile 'b c' --threshold 0.5 "
            "--seed 7 -o 'out dir'");
}

}
}
