// sensorium models: the expectations come from graphs made here, node by node.
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/builders.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/weights.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::run_program;

class Models : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // The user's model folder lies below this test's own.
  Outcome models(std::vector<std::string> words) const {
    words.insert(words.begin(), {"/usr/bin/env", "XDG_DATA_HOME=" + path("data"),
                                 SENSORIUM_BINARY_DIR "/bin/sensorium", "models"});
    return run_program(words);
  }
  // y = op(x + w) with six weights.
  static Graph graph(const std::string& op) {
    Graph g;
    g.name = "small";
    g.inputs = {{"x", DType::Float32, {-1, 6}, {"batch", ""}}};
    g.outputs = {{"y", DType::Float32, {-1, 6}, {"batch", ""}}};
    g.initializers["w"] = HostTensor::floats({6}, {1, 2, 3, 4, 5, 6});
    g.nodes = {{"Add", "", "plus", {"x", "w"}, {"s"}, {}}, {op, "", "last", {"s"}, {"y"}, {}}};
    return g;
  }
  std::string write(const Graph& g, const std::string& name) const {
    write_onnx(g, path(name));
    return path(name);
  }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-models-" + std::to_string(::getpid()));
};

TEST_F(Models, ShowCountsWhatTheFileHolds) {
  Graph g = graph("Relu");
  ModelCard card;
  card.task = "adds";
  set_card(g, card);
  const std::string file = write(g, "a.onnx");
  const Outcome outcome = models({"show", file, "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const json facts = json::parse(outcome.out);
  EXPECT_EQ(facts.at("parameters"), 6);
  EXPECT_EQ(facts.at("operators"), (json{{"Add", 1}, {"Relu", 1}}));
  EXPECT_EQ(facts.at("inputs").at(0).at("shape"), "[batch, 6]");
  EXPECT_EQ(facts.at("card").at("task"), "adds");
  EXPECT_EQ(facts.at("bytes"), fs::file_size(file));
  const Outcome judge = run_program({"/usr/bin/sha256sum", file});
  EXPECT_EQ(facts.at("sha256"), judge.out.substr(0, 64));
  const auto missing = facts.at("card_missing").get<std::vector<std::string>>();
  EXPECT_NE(std::find(missing.begin(), missing.end(), "limits"), missing.end());
  EXPECT_EQ(std::find(missing.begin(), missing.end(), "task"), missing.end());
}

TEST_F(Models, VerifyTellsTheFileFromAnother) {
  const std::string file = write(graph("Relu"), "a.onnx");
  const std::string hash = run_program({"/usr/bin/sha256sum", file}).out.substr(0, 64);
  EXPECT_EQ(models({"verify", file, "--sha256", hash}).status, 0);
  const Outcome other = models({"verify", file, "--sha256", std::string(64, '0')});
  EXPECT_EQ(other.status, 7);
  EXPECT_NE(other.err.find(hash), std::string::npos) << other.err;
  EXPECT_EQ(models({"verify", file, "--sha256", "12"}).status, 2);
  const json open = json::parse(models({"verify", file, "--json"}).out);
  EXPECT_FALSE(open.at("compared").get<bool>());
  write_atomically(file + ".sha256", hash + "  a.onnx\n");
  EXPECT_TRUE(json::parse(models({"verify", file, "--json"}).out).at("compared").get<bool>());
  write_onnx(graph("Sigmoid"), file);
  EXPECT_EQ(models({"verify", file}).status, 7);
}

TEST_F(Models, ImportNamesWhatIsMissing) {
  const Outcome no_card = models({"import", write(graph("Relu"), "a.onnx"), "--json"});
  EXPECT_EQ(no_card.status, 0) << no_card.err;
  const json result = json::parse(no_card.out);
  EXPECT_TRUE(result.at("usable").get<bool>());
  EXPECT_TRUE(result.at("installed").is_null());
  EXPECT_NE(result.at("warnings").dump().find("no model card"), std::string::npos);
  EXPECT_FALSE(fs::exists(path("data"))) << "nothing is copied without --install";

  const Outcome unknown = models({"import", write(graph("Bernoulli"), "b.onnx"), "--install"});
  EXPECT_EQ(unknown.status, 5);
  EXPECT_NE(unknown.out.find("Bernoulli 'last'"), std::string::npos) << unknown.out;
  EXPECT_FALSE(fs::exists(path("data")));
}

// A weight of three values fits no row of six; nothing in the file is damaged.
TEST_F(Models, ImportTriesTheModelWithNumbers) {
  Graph model = graph("Relu");
  model.initializers["w"] = HostTensor::floats({3}, {1, 2, 3});
  const Outcome open = models({"import", write(model, "a.onnx")});
  EXPECT_EQ(open.status, 4) << "only the batch is open, and it is 1 everywhere" << open.out;
  model.inputs[0].dims = {2, -1};
  const Outcome any = models({"import", write(model, "b.onnx")});
  EXPECT_EQ(any.status, 0) << any.out;
  EXPECT_NE(any.out.find("did not run"), std::string::npos) << any.out;
  model.inputs[0].dims = {2, 6};
  const Outcome fixed = models({"import", write(model, "c.onnx"), "--install"});
  EXPECT_EQ(fixed.status, 4) << fixed.out;
  EXPECT_NE(fixed.out.find("node Add"), std::string::npos) << fixed.out;
  EXPECT_FALSE(fs::exists(path("data")));
}

TEST_F(Models, AnInstalledModelIsListedAndFoundById) {
  const std::string file = write(graph("Relu"), "mine.onnx");
  ASSERT_EQ(models({"import", file, "--install"}).status, 0);
  EXPECT_EQ(models({"import", file, "--install"}).status, 0) << "the same again is no conflict";
  const json list = json::parse(models({"--json"}).out);
  const auto found = std::find_if(list.begin(), list.end(),
                                  [](const json& entry) { return entry.at("id") == "mine"; });
  ASSERT_NE(found, list.end()) << list;
  EXPECT_EQ(found->at("from"), "installed");
  EXPECT_EQ(found->at("sha256"), sha256_of_path(file));
  EXPECT_EQ(models({"show", "mine"}).status, 0);
  write_onnx(graph("Sigmoid"), file);
  EXPECT_EQ(models({"import", file, "--install"}).status, 7);
  EXPECT_EQ(models({"import", file, "--install", "--id", "mine2"}).status, 0);
  EXPECT_EQ(models({"import", file, "--install", "--id", "../out"}).status, 2);
  EXPECT_FALSE(fs::exists(path("data/sensorium/out.onnx")));
}

TEST_F(Models, DamagedFilesAreErrorsAndDoNotHideTheOthers) {
  const std::string whole = read_text(write(graph("Relu"), "whole.onnx"));
  make_folder(path("data/sensorium/models"));
  write_atomically(path("data/sensorium/models/good.onnx"), whole);
  write_atomically(path("data/sensorium/models/cut.onnx"), whole.substr(0, whole.size() / 2));
  const Outcome outcome = models({"--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  int good = 0, cut = 0;
  for (const json& entry : json::parse(outcome.out)) {
    good += entry.at("id") == "good" && !entry.contains("error") ? 1 : 0;
    cut += entry.at("id") == "cut" && entry.contains("error") ? 1 : 0;
  }
  EXPECT_EQ(good, 1);
  EXPECT_EQ(cut, 1);
  EXPECT_EQ(models({"show", "cut"}).status, 4);
  EXPECT_EQ(models({"import", path("data/sensorium/models/cut.onnx")}).status, 4);
  EXPECT_EQ(models({"show", path("absent.onnx")}).status, 3);

  Graph damaged = graph("Relu");
  damaged.metadata[card_key] = "{\"task\": 3}";
  EXPECT_EQ(models({"import", write(damaged, "card.onnx")}).status, 4);
}

TEST_F(Models, BuildMakesTheNetworkThatWasAskedFor) {
  const auto build = [&](const std::string& name, const std::string& seed) {
    return models({"build", "residual_mlp", "--inputs", "3", "--width", "8", "--blocks", "1",
                   "--norm", "layer", "--seed", seed, "-o", path(name), "--json"});
  };
  const Outcome a = build("a.onnx", "3");
  ASSERT_EQ(a.status, 0) << a.out << a.err;
  const json facts = json::parse(models({"show", path("a.onnx"), "--json"}).out);
  // 3x8+8, one block of 2 (8x8+8) and 8+8 of the norm, 8x2+2
  EXPECT_EQ(facts.at("parameters"), 3 * 8 + 8 + 2 * (8 * 8 + 8) + 16 + 8 * 2 + 2);
  EXPECT_EQ(facts.at("operators").at("LayerNormalization"), 1);
  EXPECT_EQ(facts.at("card").at("seed"), 3);
  EXPECT_NE(facts.at("card").at("command").get<std::string>().find("--norm layer"),
            std::string::npos);
  build("b.onnx", "4");
  const auto weight = [&](const std::string& name) {
    return read_onnx(path(name)).initializers.at("stem.weight").bytes;
  };
  EXPECT_NE(weight("a.onnx"), weight("b.onnx"));
  build("c.onnx", "3");
  EXPECT_EQ(weight("a.onnx"), weight("c.onnx"));

  const Outcome norm = models({"build", "residual_mlp", "--norm", "magic", "-o", path("d.onnx")});
  EXPECT_EQ(norm.status, 2);
  EXPECT_NE(norm.err.find("norm"), std::string::npos) << norm.err;
  EXPECT_NE(norm.err.find("magic"), std::string::npos) << norm.err;
  const Outcome family = models({"build", "resnett", "-o", path("d.onnx")});
  EXPECT_EQ(family.status, 3);
  EXPECT_NE(family.err.find("'resnet'"), std::string::npos) << family.err;
  EXPECT_FALSE(fs::exists(path("d.onnx")));
  EXPECT_EQ(json::parse(models({"build", "--json"}).out).size(), network_families().size());
}

// The weights go through the safetensors package on their way from one model to the other.
TEST_F(Models, WeightsAreBroughtByName) {
  const std::string python = SENSORIUM_JUDGES "/bin/python";
  if (!fs::exists(python)) GTEST_SKIP() << "skipped: no judges";
  for (const std::string seed : {"1", "2"})
    ASSERT_EQ(models({"build", "residual_mlp", "--inputs", "3", "--width", "8", "--blocks", "1",
                      "--seed", seed, "-o", path(seed + ".onnx")})
                  .status,
              0);
  const Outcome made =
      run_program({python, "-c",
                   "import sys, onnx\n"
                   "from onnx import numpy_helper\n"
                   "from safetensors.numpy import save_file\n"
                   "w = {t.name: numpy_helper.to_array(t).copy() for t in "
                   "onnx.load(sys.argv[1]).graph.initializer}\n"
                   "w = {k: v for k, v in w.items() if not k.startswith('const.')}\n"
                   "w['head.weight'] = w['head.weight'][:1]\n"
                   "del w['stem.bias']\n"
                   "w['tail.weight'] = w['stem.weight'][0].copy()\n"
                   "save_file(w, sys.argv[2])",
                   path("1.onnx"), path("w.safetensors")});
  ASSERT_EQ(made.status, 0) << made.err;
  const Outcome outcome = models({"import", path("2.onnx"), "--weights", path("w.safetensors"),
                                  "-o", path("out.onnx"), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const json report = json::parse(outcome.out);
  EXPECT_FALSE(report.at("complete").get<bool>());
  EXPECT_EQ(report.at("missing"), json::array({"stem.bias"}));
  EXPECT_EQ(report.at("unexpected"), json::array({"tail.weight"}));
  EXPECT_EQ(report.at("mismatched"), json::array({"head.weight: file [1,8], model [2,8]"}));
  const Outcome judged = run_program(
      {python, "-c",
       "import sys, onnx\n"
       "from onnx import numpy_helper\n"
       "a, b, c = ({t.name: numpy_helper.to_array(t) for t in onnx.load(p).graph.initializer} for "
       "p in sys.argv[1:])\n"
       "print([k for k in sorted(c) if k.endswith('weight') and (c[k] == a[k]).all()],\n"
       "      [k for k in sorted(c) if k.endswith('weight') and (c[k] == b[k]).all()])",
       path("1.onnx"), path("2.onnx"), path("out.onnx")});
  EXPECT_EQ(judged.out,
            "['block0.fc1.weight', 'block0.fc2.weight', 'stem.weight'] ['head.weight']\n")
      << judged.err;
  EXPECT_EQ(models({"import", path("2.onnx"), "--weights", path("w.safetensors")}).status, 2);

  write_onnx(graph("Relu"), path("other.onnx"));
  const Outcome none = models(
      {"import", path("other.onnx"), "--weights", path("w.safetensors"), "-o", path("no.onnx")});
  EXPECT_EQ(none.status, 4);
  EXPECT_FALSE(fs::exists(path("no.onnx")));
}

class ComparedModels : public Models {
protected:
  void SetUp() override {
    Models::SetUp();
    if (!fs::exists(SENSORIUM_BINARY_DIR "/lib/libsensorium_learn.so"))
      GTEST_SKIP() << "skipped: this build has no LibTorch";
  }
};

TEST_F(ComparedModels, DifferencesWorkedByHand) {
  Graph other = graph("Relu");
  other.initializers["w"] = HostTensor::floats({6}, {1, 2, 3, 4, 5, 3});
  NamedTensors data;
  data.tensors["x"] = HostTensor::floats({2, 6}, {1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, -9});
  write_safetensors(data, path("x.safetensors"));
  const std::string a = write(graph("Relu"), "a.onnx"), b = write(other, "b.onnx");
  const Outcome outcome = models({"compare", a, b, "--data", path("x.safetensors"), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const json result = json::parse(outcome.out);
  // the sixth feature of the first row: 7 against 4; of the second: both 0 after relu
  const json& y = result.at("outputs").at(0);
  EXPECT_EQ(y.at("values"), 12);
  EXPECT_EQ(y.at("max"), 3);
  EXPECT_NEAR(y.at("mean").get<double>(), 3.0 / 12, 1e-12);
  EXPECT_EQ(y.at("largest"), 7);
  EXPECT_FALSE(result.at("equal").get<bool>());
  const json same = json::parse(models({"compare", a, a, "--json"}).out);
  EXPECT_TRUE(same.at("equal").get<bool>());
  EXPECT_EQ(same.at("inputs").at(0).at("shape"), (json{1, 6}));
}

TEST_F(ComparedModels, APrecisionThatTheMachineLacksIsSaid) {
  for (const char* precision : {"bfloat16", "float16"}) {
    const Outcome outcome = models(
        {"compare", "oct_hrf", "oct_hrf", "--device", "cpu", "--precision", precision, "--json"});
    ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    const json result = json::parse(outcome.out);
    const bool taken = result.at("precision") == precision;
    EXPECT_EQ(outcome.err.find("float32 is taken") == std::string::npos, taken) << outcome.err;
    EXPECT_EQ(result.at("equal").get<bool>(), !taken);
    EXPECT_LT(result.at("outputs").at(0).at("relative").get<double>(), 0.1);
  }
  EXPECT_EQ(models({"compare", "oct_hrf", "oct_hrf", "--precision", "int4"}).status, 2);
}

TEST_F(ComparedModels, WhatDoesNotPairIsSaid) {
  const std::string a = write(graph("Relu"), "a.onnx");
  Graph seven = graph("Relu");
  seven.inputs[0].dims = {-1, 7};
  seven.initializers["w"] = HostTensor::floats({7}, {1, 2, 3, 4, 5, 6, 7});
  const Outcome shapes = models({"compare", a, write(seven, "seven.onnx")});
  EXPECT_EQ(shapes.status, 5) << shapes.err;
  EXPECT_NE(shapes.err.find("[-1, 7]"), std::string::npos) << shapes.err;
  NamedTensors data;
  data.tensors["z"] = HostTensor::floats({1, 6}, {1, 1, 1, 1, 1, 1});
  write_safetensors(data, path("z.safetensors"));
  const Outcome names = models({"compare", a, a, "--data", path("z.safetensors")});
  EXPECT_EQ(names.status, 4);
  EXPECT_NE(names.err.find("'x'"), std::string::npos) << names.err;
  EXPECT_NE(names.err.find("it holds: z"), std::string::npos) << names.err;
  EXPECT_EQ(models({"compare", a, path("absent.onnx")}).status, 3);
  EXPECT_EQ(models({"compare", a}).status, 2);
  EXPECT_EQ(models({"compare", a, a, "scan.vol"}).status, 2);
}

TEST_F(ComparedModels, ThroughAPipelineOnARecording) {
  const std::string sample = SENSORIUM_SOURCE_DIR "/resources/samples/oct_phantom_sample.nrrd";
  ASSERT_EQ(models({"build", "residual_unet", "--widths", "4,8", "-o", path("new.onnx")}).status,
            0);
  const Outcome outcome =
      models({"compare", "oct_hrf", path("new.onnx"), sample, "--pipeline", "oct_hrf", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const json row = json::parse(outcome.out).at(0);
  std::map<std::string, double> largest;
  for (const json& map : row.at("maps")) largest[map.at("map")] = map.at("max");
  ASSERT_TRUE(largest.contains("soft_map")) << row;
  EXPECT_GT(largest.at("soft_map"), 0.05) << "a trained network and a new one give the same";
  if (largest.contains("enhanced")) {
    EXPECT_EQ(largest.at("enhanced"), 0) << "enhancement knows no network";
  }
  EXPECT_EQ(row.at("findings").size(), 2u);
}

TEST_F(Models, CompletionKnowsTheParts) {
  const auto candidates = [](std::vector<std::string> words) {
    words.insert(words.begin(), {SENSORIUM_BINARY_DIR "/bin/sensorium", "complete", "--"});
    return run_program(words).out;
  };
  EXPECT_NE(candidates({"models", ""}).find("compare\n"), std::string::npos);
  EXPECT_NE(candidates({"models", "show", ""}).find("oct_hrf\n"), std::string::npos);
  EXPECT_NE(candidates({"models", "build", ""}).find("residual_unet\n"), std::string::npos);
  EXPECT_NE(candidates({"models", "build", "vit", "--"}).find("--heads\n"), std::string::npos);
  EXPECT_NE(candidates({"models", "import", "--"}).find("--weights\n"), std::string::npos);
}

}
}
