// The frame network, small enough for a test: what it is made of, how it is split, what comes out.
#include "pipelines/lung_ultrasound/classifier.h"
#include "pipelines/lung_ultrasound/clip_set.h"
#include "pipelines/lung_ultrasound/clip_trainer.h"
#include "pipelines/lung_ultrasound/cross_validation.h"
#include "pipelines/lung_ultrasound/phantom.h"

#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/core/file.h"
#include "modules/io/video_writer.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <span>

namespace sensorium::lung_ultrasound {
Extension make_extension();
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

TrainerOptions small() {
  TrainerOptions o;
  o.side = 24;
  o.pictures = 4;
  o.widths = "4,8";
  o.steps = 60;
  o.batch_size = 8;
  o.learning_rate = 5e-3;
  return o;
}

Picture noise(int side, std::uint32_t seed, int from, int to) {
  std::mt19937 random(seed);
  Picture out(static_cast<std::size_t>(side) * side);
  for (std::uint8_t& v : out)
    v = static_cast<std::uint8_t>(from +
                                  static_cast<int>(random() % static_cast<unsigned>(to - from)));
  return out;
}

TEST(LungNetwork, GainAndBrightnessOfAPictureDoNotMatter) {
  const TrainerOptions o = small();
  const Graph graph = untrained_network(o, 4, 3);
  const Picture dark = noise(o.side, 1, 20, 60);
  Picture bright = dark;
  for (std::uint8_t& v : bright) v = static_cast<std::uint8_t>(3 * v + 40);
  const auto logits = logits_of(graph, {&dark, &bright}, o.side);
  for (std::size_t k = 0; k < 4; ++k)
    EXPECT_NEAR(logits[0][k], logits[1][k], 0.15) << k; // they are up to 3.5
}

class Kinds : public testing::TestWithParam<const char*> {
protected:
  static TrainerOptions options() {
    TrainerOptions o = small();
    o.network = GetParam();
    o.vit_width = 8;
    return o;
  }
};

TEST_P(Kinds, TheMeansOfTheMapsAreTheLogits) {
  const TrainerOptions o = options();
  const Graph graph = untrained_network(o, 4, 3);
  const Picture picture = noise(o.side, 2, 0, 255);
  const auto plain = logits_of(graph, {&picture}, o.side)[0];
  const fs::path file = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_maps.onnx";
  write_onnx(with_maps(graph, 2), file);
  Model model = Model::load(file);
  Tensor in{{1, 1, o.side, o.side}, {}};
  for (const std::uint8_t v : picture) in.values.push_back(static_cast<float>(v) / 255);
  const auto out = model.run({{model.graph().inputs[0].name, in}});
  const Tensor &logits = out.at("logits"), &maps = out.at("maps");
  ASSERT_EQ(maps.shape.size(), 4u);
  ASSERT_EQ(maps.shape[1], 4);
  const auto places = static_cast<std::size_t>(maps.shape[2] * maps.shape[3]);
  EXPECT_GT(places, 1u);
  for (std::size_t k = 0; k < 4; ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < places; ++i) sum += maps.values[k * places + i];
    EXPECT_NEAR(sum / static_cast<double>(places), logits.values[k], 1e-5);
    EXPECT_NEAR(logits.values[k], plain[k] / 2, 1e-5) << "temperature 2";
  }
}

// One file gives what its parts give by themselves.
TEST_P(Kinds, ThePartsOfTheWholeNetworkAgreeWithThemselves) {
  const TrainerOptions o = options();
  const Graph frames = untrained_network(o, 4, 3), signs = untrained_network(o, sign_count, 4),
              head = untrained_head(feature_count(frames), 4, 5);
  const Graph whole = whole_network(frames, 2, ClipPart{head, 4}, signs);
  const std::string bytes = serialise_onnx(whole); // through a file's bytes
  Model model = Model::from_graph(
      parse_onnx(std::as_bytes(std::span<const char>(bytes.data(), bytes.size())), "whole"));
  std::vector<Picture> pictures;
  std::vector<const Picture*> at;
  for (std::uint32_t i = 0; i < 7; ++i) pictures.push_back(noise(o.side, i, 0, 255));
  Tensor in{{7, 1, o.side, o.side}, {}};
  for (const Picture& p : pictures) {
    at.push_back(&p);
    for (const std::uint8_t v : p) in.values.push_back(static_cast<float>(v) / 255);
  }
  const auto out = model.run({{model.graph().inputs[0].name, in}});
  const auto logits = logits_of(frames, at, o.side), sign = logits_of(signs, at, o.side);
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t k = 0; k < 4; ++k)
      EXPECT_NEAR(out.at("logits").values[4 * i + k], logits[i][k] / 2, 1e-4);
    for (std::size_t k = 0; k < sign_count; ++k)
      EXPECT_NEAR(out.at("signs").values[sign_count * i + k], sign[i][k], 1e-4);
  }
  const auto clip = clip_logits(frames, head, {{at, 0, "g"}, {{}, 0, "h"}}, o.side);
  ASSERT_EQ(clip.size(), 2u);
  EXPECT_TRUE(clip[1].empty()) << "no pictures, no answer";
  double sum = 0;
  for (const float share : out.at("attention").values) sum += share;
  EXPECT_EQ(out.at("attention").values.size(), 7u);
  EXPECT_NEAR(sum, 1, 1e-5);
  for (std::size_t k = 0; k < 4; ++k)
    EXPECT_NEAR(out.at("clip").values[k], clip[0][k] / 4, 1e-4) << "temperature 4";
}

INSTANTIATE_TEST_SUITE_P(LungNetwork, Kinds, testing::Values("residual", "vit"));

TEST(LungNetwork, FoldsKeepGroupsTogetherAndSpreadClasses) {
  std::vector<std::string> group;
  std::vector<int> label;
  for (int g = 0; g < 12; ++g)
    for (int i = 0; i <= g % 3; ++i) {
      group.push_back("g" + std::to_string(g));
      label.push_back(g % 4);
    }
  const std::vector<int> fold = folds_of(group, label, 3, 7);
  std::map<std::string, std::set<int>> folds;
  std::map<int, std::set<int>> classes;
  for (std::size_t i = 0; i < group.size(); ++i) {
    folds[group[i]].insert(fold[i]);
    classes[label[i]].insert(fold[i]);
  }
  for (const auto& [name, in] : folds) EXPECT_EQ(in.size(), 1u) << name;
  for (const auto& [k, in] : classes) EXPECT_EQ(in.size(), 3u) << "three groups of class " << k;
  EXPECT_EQ(fold, folds_of(group, label, 3, 7));
  EXPECT_THROW((void)folds_of({"a", "a"}, {0, 1}, 2, 1), Error);
}

// Pictures of one class have stripes from side to side, those of the other from top to bottom.
TEST(LungNetwork, ItLearnsWhatTellsClassesApart) {
  TrainerOptions o = small();
  o.augmentation = 0.3;
  std::vector<Picture> pictures;
  for (std::uint32_t i = 0; i < 24; ++i) {
    Picture p = noise(o.side, i, 0, 120);
    for (int k = 0; k < o.side * o.side; ++k)
      p[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(
          p[static_cast<std::size_t>(k)] + (i % 2 == 0 ? k / o.side : k % o.side) / 3 % 2 * 100);
    pictures.push_back(std::move(p));
  }
  std::vector<Example> training, check;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    (i < 16 ? training : check)
        .push_back({&pictures[i], static_cast<int>(i % 2), "g" + std::to_string(i)});
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_learns";
  fs::remove_all(folder);
  const Graph graph = train_network(untrained_network(o, 2, 1), training, check, o, 1, folder, {});
  int right = 0;
  for (const Example& e : check) {
    const auto row = logits_of(graph, {e.picture}, o.side)[0];
    right += (row[1] > row[0]) == (e.label == 1);
  }
  EXPECT_GE(right, 7) << "of 8";
}

// The same pictures in either order: what no rule over frames by themselves can tell.
TEST(LungNetwork, TheClipNetworkSeesTheOrderOfFrames) {
  TrainerOptions o = small();
  o.augmentation = 0;
  o.clip_steps = 150;
  std::vector<Picture> flat, striped;
  for (std::uint32_t i = 0; i < 120; ++i) {
    flat.push_back(noise(o.side, i, 0, 120));
    striped.push_back(noise(o.side, 1000 + i, 0, 120));
    for (int k = 0; k < o.side * o.side; ++k)
      striped.back()[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(
          striped.back()[static_cast<std::size_t>(k)] + k / o.side / 3 % 2 * 100);
  }
  std::vector<Sequence> training, test;
  for (std::size_t c = 0; c < 24; ++c) {
    Sequence one{{}, static_cast<int>(c % 2), "g" + std::to_string(c)};
    for (std::size_t i = 0; i < 10; ++i)
      one.pictures.push_back((i < 5) == (c % 2 == 0) ? &flat[5 * c + i % 5]
                                                     : &striped[5 * c + i % 5]);
    (c < 16 ? training : test).push_back(one);
  }
  const Graph frames = untrained_network(o, 4, 1);
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_order";
  fs::remove_all(folder);
  const Graph head = train_head(frames, training, test, 2, o, 1, folder, {});
  const auto rows = clip_logits(frames, head, test, o.side);
  int right = 0;
  for (std::size_t i = 0; i < test.size(); ++i)
    right += (rows[i][1] > rows[i][0]) == (test[i].label == 1);
  EXPECT_GE(right, 7) << "of 8";
}

TEST(LungNetwork, SelfSupervisionChangesTheBodyAndKeepsTheLastLayer) {
  TrainerOptions o = small();
  const Graph start = untrained_network(o, 4, 1);
  std::vector<Picture> pictures;
  std::vector<Example> examples;
  for (std::uint32_t i = 0; i < 8; ++i) pictures.push_back(noise(o.side, i, 0, 255));
  for (std::size_t i = 0; i < 8; ++i) examples.push_back({&pictures[i], 0, std::to_string(i)});
  const std::vector<Example> check(examples.begin() + 6, examples.end());
  examples.resize(6);
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_self";
  fs::remove_all(folder);
  EXPECT_EQ(serialise_onnx(self_supervised(start, examples, check, o, 1, folder, {})),
            serialise_onnx(start))
      << "no steps";
  o.self_steps = 3;
  const Graph after = self_supervised(start, examples, check, o, 1, folder, {});
  const auto same = [&](const std::string& name) {
    return start.initializers.at(name).bytes == after.initializers.at(name).bytes;
  };
  EXPECT_TRUE(same("head.weight"));
  EXPECT_FALSE(same("stem.conv.weight"));
}

// Twelve phantom clips as four classes of three patients each.
fs::path labelled_phantoms() {
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_set";
  if (fs::exists(folder / "labels.csv")) return folder;
  fs::create_directories(folder);
  std::string table = "file,label,patient_group,licence\n";
  const char* patterns[] = {"coalescent", "consolidation", "b_lines", "a_lines"};
  for (int i = 0; i < 12; ++i) {
    PhantomOptions o;
    o.seed = i + 1;
    o.frames = 4;
    o.frame_rate = 3;
    o.width = 160;
    o.height = 144;
    o.variety = 0.2;
    o.pattern = patterns[i % 4];
    const std::string name = "clip" + std::to_string(i) + ".mkv";
    write_video(make_phantom(o).video, folder / name);
    table += name + "," + class_names[static_cast<std::size_t>(i % 4)] + ",p" + std::to_string(i) +
             (i == 11   ? ",CC BY-NC-ND 4.0\n"
              : i == 10 ? ",CC BY-SA 4.0\n"
                        : ",CC BY 4.0\n");
  }
  table += "absent.mkv,regular,p99,CC BY 4.0\nother.mkv,unknown,p98,CC BY 4.0\n";
  write_atomically(folder / "labels.csv", table);
  return folder;
}

const PipelineCommand& command(const Extension& e, const std::string& verb) {
  for (const PipelineCommand& c : e.pipelines.at(0).commands)
    if (c.verb == verb) return c;
  throw std::runtime_error("no command " + verb);
}

TEST(LungNetwork, ASplitThatLeaksIsRefusedOrLabelled) {
  const Extension e = make_extension();
  const std::string table = (labelled_phantoms() / "labels.csv").string();
  const fs::path out = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_leak";
  fs::remove_all(out);
  json p = {{"method", "cross_validation"},
            {"split", "frame"},
            {"side", 16},
            {"pictures", 2},
            {"widths", "4"},
            {"steps", 2},
            {"folds", 2},
            {"seeds", 1},
            {"container_check", false},
            {"rounds", 100}};
  EXPECT_THROW((void)command(e, "evaluate").run({table}, p, out, {}), Error);
  EXPECT_EQ(read_labels(labelled_phantoms()).size(), read_labels(table).size())
      << "a folder stands for its table, so that a cluster can be sent it";
  EXPECT_THROW(
      (void)command(e, "train").run({table}, {{"split", "clip"}, {"leaking", true}}, out, {}),
      Error)
      << "no model comes with such figures";
  p["leaking"] = true;
  const json figures = command(e, "evaluate").run({table}, p, out, {});
  EXPECT_EQ(figures.at("leaking"), true);
  EXPECT_EQ(figures.at("split"), "frame");
}

TEST(LungNetwork, TrainingGivesAModelThatThePipelineUses) {
  const Extension e = make_extension();
  const fs::path set = labelled_phantoms(),
                 out = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_train";
  fs::remove_all(out);
  const json made = command(e, "train")
                        .run({(set / "labels.csv").string()},
                             {{"side", 24},
                              {"pictures", 3},
                              {"widths", "4,8"},
                              {"steps", 12},
                              {"batch_size", 8},
                              {"folds", 2},
                              {"seeds", 2},
                              {"rounds", 100},
                              {"clip_network", "attention"},
                              {"clip_steps", 10},
                              {"self_steps", 2},
                              {"phantoms", 10},
                              {"sign_phantoms", 10},
                              {"phantom_steps", 4}},
                             out, {});
  EXPECT_TRUE(made.at("balanced_accuracy").is_number()) << "a sweep asks for it";
  EXPECT_TRUE(made.at("clip_balanced_accuracy").is_number());
  const json& cross = made.at("cross_validation");
  EXPECT_EQ(cross.at("clips_four_classes").at("clips"), 10) << "no ND, no SA, none that is absent";
  EXPECT_EQ(cross.at("clips_three_classes").at("clips"), 8);
  EXPECT_EQ(cross.at("clips_four_classes").at("balanced_accuracy_of_each_seed").size(), 2u);
  const json& attention = cross.at("clip_network").at("clips_three_classes");
  EXPECT_EQ(attention.at("clips"), 8);
  EXPECT_NEAR(attention.at("more_than_the_rule").at("value").get<double>(),
              attention.at("balanced_accuracy").at("value").get<double>() -
                  cross.at("clips_three_classes").at("balanced_accuracy").at("value").get<double>(),
              1e-12);
  const fs::path model = made.at("model").get<std::string>();
  const ModelCard card = card_of(read_onnx(model));
  EXPECT_TRUE(missing_in(card).empty()) << missing_in(card).front();
  EXPECT_NE(card.data_licence.find("CC BY 4.0 (10 clips)"), std::string::npos) << card.data_licence;
  EXPECT_EQ(card.data_licence.find("ND"), std::string::npos);
  EXPECT_NE(card.command.find("--clip_network attention"), std::string::npos) << card.command;
  EXPECT_NE(card.intended_use.find("Non-commercial"), std::string::npos);

  PhantomOptions o;
  o.seed = 40;
  o.frames = 8;
  o.variety = 0.2;
  o.pattern = "a_lines";
  const Dataset clip(make_phantom(o).video);
  const PipelineDefinition& p = e.pipelines.at(0);
  json parameters = json::object();
  for (const ParameterSpec& s : p.info.parameters) parameters[s.name] = s.default_value;
  const auto analysis =
      p.analyse({.dataset = clip, .parameters = parameters, .model = model}, Context{});
  EXPECT_FALSE(analysis->model_card.empty());
  const Findings f = p.conclude(clip, *analysis, parameters);
  const auto named = std::find_if(f.items.begin(), f.items.end(),
                                  [](const Finding& one) { return one.id.starts_with("class-"); });
  ASSERT_NE(named, f.items.end());
  EXPECT_EQ(named->measures.size(), 4u);
  EXPECT_EQ(f.tables[0].columns.back(), "class");
  EXPECT_EQ(f.tables[1].columns.size(), 15u);
  ASSERT_EQ(f.tables[0].rows.size(), 5u);
  EXPECT_EQ(f.tables[0].rows[4][0], "attention");
  const auto column =
      std::find(f.tables[1].columns.begin(), f.tables[1].columns.end(), "attention, %") -
      f.tables[1].columns.begin();
  int attended = 0;
  for (const auto& row : f.tables[1].rows)
    if (!row.at(static_cast<std::size_t>(column)).empty())
      attended += std::stoi(row[static_cast<std::size_t>(column)]);
  EXPECT_NEAR(attended, 100, 5) << "rounded shares";
  parameters["rule"] = "attention";
  const Findings by_attention = p.conclude(clip, *analysis, parameters);
  EXPECT_EQ(by_attention.tables[0].rows[4][2], "yes");
  EXPECT_EQ(by_attention.summary[0].name, "score");
  const auto none = p.analyse({.dataset = clip, .parameters = parameters}, Context{});
  EXPECT_THROW((void)p.conclude(clip, *none, parameters), Error) << "no clip network";
  ASSERT_EQ(analysis->artifacts.size(), 4u);
  int greatest = 0;
  for (const Artifact& a : analysis->artifacts) {
    EXPECT_EQ(a.volume.depth, 8);
    EXPECT_EQ(a.volume.width, 80);
    for (const std::uint8_t v : samples<std::uint8_t>(a.volume.pixels))
      greatest = std::max<int>(greatest, v);
    EXPECT_EQ(samples<std::uint8_t>(a.volume.pixels)[0], 0) << "outside the beam";
  }
  EXPECT_GT(greatest, 150) << "one scale: the greatest of the clip is near its end";
}

TEST(LungNetwork, AForeignModelIsRefused) {
  const fs::path file = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_foreign.onnx";
  write_onnx(untrained_network(small(), 4, 1), file);
  Classifier classifier;
  EXPECT_THROW((void)classifier.load(file, {}), Error) << "it has no maps";
  write_onnx(with_maps(untrained_network(small(), 3, 1), 1), file);
  EXPECT_THROW((void)classifier.load(file, {}), Error) << "three classes";
}

TEST(LungNetwork, TheContainerAloneIsJudgedWithoutTheClipsOwnGroup) {
  const auto clip = [](const char* group, int k, const char* container) {
    TrainingClip c;
    c.label.group = group;
    c.class_index = k;
    c.container = container;
    return c;
  };
  const auto answers = answers_by_container(
      {clip("a", 3, "mpeg"), clip("b", 3, "mpeg"), clip("c", 1, "avi"), clip("c", 1, "avi")});
  EXPECT_EQ(answers, (std::vector<int>{3, 3, -1, -1}));
}

}
}
