// Models: tiles without seams, passes that change nothing, hostile graphs.
#include "modules/learn/model.h"

#include "modules/core/error.h"
#include "modules/learn/builders.h"
#include "modules/learn/optimise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

Tensor noise(std::vector<std::int64_t> shape) {
  std::int64_t count = 1;
  for (const auto d : shape) count *= d;
  Tensor out{std::move(shape), std::vector<float>(static_cast<std::size_t>(count))};
  std::uint32_t state = 1;
  for (float& v : out.values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(state >> 8) / 8388608.0f - 1;
  }
  return out;
}

double worst(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape, b.shape);
  double out = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    out = std::max(out, std::abs(static_cast<double>(a.values[i]) - b.values[i]));
  return out;
}

Graph local_net() { // strides halve once: receptive radius below 24 pixels
  return build_residual_unet({.widths = "4,8"}, 3);
}

TEST(Model, OneConvolutionByHand) {
  Graph g;
  g.name = "g";
  g.inputs = {{"x", DType::Float32, {1, 1, 3, 3}, {}}};
  g.outputs = {{"y", DType::Float32, {1, 1, 3, 3}, {}}};
  g.initializers["w"] = HostTensor::floats({1, 1, 3, 3}, {0, 1, 0, 1, -4, 1, 0, 1, 0});
  g.initializers["b"] = HostTensor::floats({1}, {0.5f});
  g.nodes = {{"Conv",
              "",
              "laplace",
              {"x", "w", "b"},
              {"c"},
              {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}}},
             {"Relu", "", "act", {"c"}, {"y"}, {}}};
  Model model = Model::from_graph(g);
  const Tensor y = model.run(Tensor{{1, 1, 3, 3}, {0, 0, 0, 0, 1, 0, 0, 0, 0}});
  EXPECT_EQ(y.values, (std::vector<float>{0.5f, 1.5f, 0.5f, 1.5f, 0, 1.5f, 0.5f, 1.5f, 0.5f}));
}

TEST(Model, TilesEqualTheWhole) {
  Model model = Model::from_graph(local_net());
  const Tensor image = noise({1, 1, 150, 210});
  const Tensor whole = run_tiled(model, image, {.tile = 512, .overlap = 64, .multiple = 16}, {});
  const float largest = *std::max_element(whole.values.begin(), whole.values.end());
  for (const int tile : {96, 128})
    EXPECT_LE(
        worst(run_tiled(model, image, {.tile = tile, .overlap = 32, .multiple = 16}, {}), whole),
        1e-5 * largest)
        << tile;
}

TEST(Model, AnImageOfWholeTilesRunsAsItIs) {
  Model model = Model::from_graph(local_net());
  const Tensor image = noise({1, 1, 96, 128});
  EXPECT_EQ(worst(run_tiled(model, image, {.tile = 512}, {}), model.run(image)), 0);
}

TEST(Model, TilesOfAVolumeEqualTheWhole) {
  Model model = Model::from_graph(build_residual_unet({.dimensions = 3, .widths = "2,4"}, 3));
  const Tensor volume = noise({1, 1, 19, 57, 70});
  const Tensor whole = run_tiled(model, volume, {.tile = 96, .overlap = 16, .multiple = 4}, {});
  ASSERT_EQ(whole.shape, volume.shape);
  const float largest = *std::max_element(whole.values.begin(), whole.values.end());
  const Tensor tiled = run_tiled(model, volume, {.tile = 48, .overlap = 16, .multiple = 4}, {});
  EXPECT_LE(worst(tiled, whole), 1e-5 * largest);
}

TEST(Model, OutOfMemoryTakesSmallerTiles) {
  const Tensor image = noise({1, 1, 250, 310});
  Model free = Model::from_graph(local_net());
  const TileOptions tiles{.tile = 512, .overlap = 32, .multiple = 16};
  const Tensor whole = run_tiled(free, image, tiles, {});
  // The whole needs 4 channels of 256 x 320 floats (1.3 MB) several times over; a tile of 128 needs
  // 0.26 MB at a time.
  Model tight = Model::from_graph(local_net(), {.memory_limit = 2 << 20});
  EXPECT_THROW(tight.run(noise({1, 1, 256, 320})), Error);
  std::vector<std::string> warnings;
  Context context;
  context.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
  const Tensor tiled = run_tiled(tight, image, tiles, context);
  EXPECT_FALSE(warnings.empty());
  const float largest = *std::max_element(whole.values.begin(), whole.values.end());
  EXPECT_LE(worst(tiled, whole), 1e-5 * largest);
}

TEST(Model, OutOfMemoryIsSaidWhereNoTileFits) {
  Model model = Model::from_graph(local_net(), {.memory_limit = 100 << 10});
  try {
    run_tiled(model, noise({1, 1, 250, 310}), {.tile = 512, .overlap = 32}, {});
    ADD_FAILURE() << "it ran";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Resources);
  }
}

TEST(Model, ANormOverTheImageIsNotTiled) {
  for (const char* norm : {"instance", "group"}) {
    Model model = Model::from_graph(build_residual_unet({.widths = "4,8", .norm = norm}, 3));
    EXPECT_NE(whole_image_node(model.graph()), "") << norm;
    const Tensor image = noise({1, 1, 96, 160});
    EXPECT_EQ(worst(run_tiled(model, image, {.tile = 160}, {}), model.run(image)), 0) << norm;
    try {
      run_tiled(model, image, {.tile = 96, .overlap = 32}, {});
      ADD_FAILURE() << norm;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::Unsupported) << norm;
    }
  }
  EXPECT_EQ(whole_image_node(local_net()), "");
}

// The passes choose other code for channels that oneDNN would fill up; every way to place a window.
TEST(Model, ConvolutionsByEitherCodeAgree) {
  using Ints = std::vector<std::int64_t>;
  struct Case {
    std::int64_t in, out, kernel;
    Ints strides, pads, dilations;
  };
  const std::vector<Case> cases = {
      {1, 24, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}},  {5, 8, 1, {1, 1}, {0, 0, 0, 0}, {1, 1}},
      {24, 24, 3, {2, 1}, {1, 0, 0, 2}, {1, 1}}, {3, 40, 5, {3, 2}, {2, 2, 2, 2}, {1, 2}},
      {300, 8, 3, {1, 1}, {3, 3, 3, 3}, {3, 3}}, {7, 32, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}},
      {4, 56, 2, {2, 2}, {0, 0, 1, 1}, {1, 1}},  {4, 32, 3, {1, 1}, {4, 4, 4, 4}, {1, 1}}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    Graph g;
    g.name = "conv";
    g.inputs = {{.name = "x", .dims = {-1, c.in, -1, -1}}};
    g.outputs = {{.name = "y", .dims = {-1, c.out, -1, -1}}};
    g.initializers["w"] = HostTensor::floats({c.out, c.in, c.kernel, c.kernel},
                                             noise({c.out, c.in, c.kernel, c.kernel}).values);
    g.initializers["b"] = HostTensor::floats({c.out}, noise({c.out}).values);
    g.nodes = {{"Conv",
                "",
                "conv",
                {"x", "w", "b"},
                {"c"},
                {{"pads", c.pads}, {"strides", c.strides}, {"dilations", c.dilations}}},
               {"LeakyRelu", "", "act", {"c"}, {"y"}, {{"alpha", 0.2f}}}};
    Model fused = Model::from_graph(g), plain = Model::from_graph(g, {.optimise = false});
    const Tensor x = noise({2, c.in, 11, 17});
    const Tensor want = plain.run(x);
    double largest = 0;
    for (const float v : want.values) largest = std::max(largest, std::abs(double{v}));
    EXPECT_LE(worst(fused.run(x), want), 1e-5 * largest) << i;
  }
}

TEST(Model, ARunAfterAnotherSizeIsTheSame) {
  Model model = Model::from_graph(local_net());
  const Tensor small = noise({1, 1, 64, 96}), large = noise({1, 1, 160, 192});
  const Tensor first = model.run(small);
  model.run(large);
  EXPECT_EQ(worst(model.run(small), first), 0);
  EXPECT_EQ(worst(model.run(small), first), 0);
}

TEST(Model, AGpuThatIsNotThereIsSaid) {
  try {
    Model::from_graph(local_net(), {.device = "cuda:63"});
    ADD_FAILURE() << "a 64th GPU";
  } catch (const Error& e) {
    EXPECT_TRUE(e.code() == ErrorCode::Unsupported || e.code() == ErrorCode::NotFound);
    EXPECT_NE(std::string(e.what()).find("cuda:63"), std::string::npos) << e.what();
    EXPECT_FALSE(e.hint().empty());
  }
}

TEST(Model, TilesStopWhenAsked) {
  Model model = Model::from_graph(local_net());
  Context context;
  int calls = 0;
  context.progress = [&](double, std::string_view) { return ++calls < 3; };
  try {
    run_tiled(model, noise({1, 1, 150, 210}), {.tile = 96, .overlap = 32}, context);
    ADD_FAILURE() << "not cancelled";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Cancelled);
  }
  EXPECT_EQ(calls, 3);
}

TEST(Model, PassesFuseEveryConvolutionSumAndActivation) {
  const Graph graph = optimised(build_residual_unet({.widths = "8,16,32"}, 1), true);
  for (const Node& node : graph.nodes) {
    EXPECT_NE(node.op, "Relu") << node.label();
    EXPECT_NE(node.op, "Add") << node.label();
    EXPECT_NE(node.op, "BatchNormalization") << node.label();
  }
}

TEST(Model, PassesKeepAValueThatIsAlsoAnOutput) {
  Graph g;
  g.name = "g";
  g.inputs = {{"x", DType::Float32, {1, 1, 1, 4}, {}}};
  g.outputs = {{"c", DType::Float32, {1, 1, 1, 4}, {}}, {"y", DType::Float32, {1, 1, 1, 4}, {}}};
  g.initializers["w"] = HostTensor::floats({1, 1, 1, 1}, {-2});
  g.nodes = {{"Conv", "", "c", {"x", "w"}, {"c"}, {}},
             {"Conv", "", "d", {"c", "w"}, {"d"}, {}},
             {"Add", "", "s", {"d", "c"}, {"s"}, {}},
             {"Relu", "", "r", {"s"}, {"y"}, {}}};
  Model model = Model::from_graph(g);
  auto out = model.run(std::map<std::string, Tensor>{{"x", {{1, 1, 1, 4}, {1, -1, 2, 0}}}});
  EXPECT_EQ(out.at("c").values, (std::vector<float>{-2, 2, -4, 0}));
  EXPECT_EQ(out.at("y").values, (std::vector<float>{2, 0, 4, 0})); // 4x - 2x, cut at 0
}

TEST(Model, ASumThatBroadcastsStillBroadcasts) {
  Graph g;
  g.name = "g";
  g.inputs = {{"x", DType::Float32, {1, 1, 2, 2}, {}}, {"z", DType::Float32, {1}, {}}};
  g.outputs = {{"y", DType::Float32, {1, 1, 2, 2}, {}}};
  g.initializers["w"] = HostTensor::floats({1, 1, 1, 1}, {3});
  g.nodes = {{"Identity", "", "i", {"z"}, {"z1"}, {}},
             {"Conv", "", "c", {"x", "w"}, {"c"}, {}},
             {"Add", "", "s", {"c", "z1"}, {"s"}, {}},
             {"Relu", "", "r", {"s"}, {"y"}, {}}};
  Model model = Model::from_graph(g);
  EXPECT_EQ(model
                .run(std::map<std::string, Tensor>{{"x", {{1, 1, 2, 2}, {1, 2, -3, 0}}},
                                                   {"z", {{1}, {1}}}})
                .at("y")
                .values,
            (std::vector<float>{4, 7, 0, 1}));
}

Graph one_node(const std::string& op, std::vector<std::string> inputs,
               std::map<std::string, Attribute> attributes,
               std::map<std::string, HostTensor> constants) {
  Graph g;
  g.name = "g";
  g.inputs = {{"x", DType::Float32, {-1, 1, -1, -1}, {"n", "", "h", "w"}}};
  g.outputs = {{"y", DType::Float32, {}, {}, false}};
  g.nodes = {{op, "", "bad", std::move(inputs), {"y"}, std::move(attributes)}};
  g.initializers = std::move(constants);
  return g;
}

TEST(Model, HostileGraphsEndInOneErrorWithTheNode) {
  const auto big = HostTensor::ints({4}, {1, 1 << 20, 1 << 20, 1 << 20});
  const std::vector<Graph> graphs = {
      one_node("Conv", {"x"}, {}, {}),
      one_node("Conv", {"x", "w"}, {}, {{"w", HostTensor::floats({1, 1}, {1})}}),
      one_node("Conv", {"x", "w"}, {{"strides", std::vector<std::int64_t>{0, 0}}},
               {{"w", HostTensor::floats({1, 1, 1, 1}, {1})}}),
      one_node("Conv", {"x", "w"}, {{"strides", std::vector<std::int64_t>{1}}},
               {{"w", HostTensor::floats({1, 1, 1, 1}, {1})}}),
      one_node("Conv", {"x", "w"}, {{"pads", std::vector<std::int64_t>{1, 1}}},
               {{"w", HostTensor::floats({1, 1, 1, 1}, {1})}}),
      one_node("Conv", {"x", "w"}, {{"group", std::int64_t{0}}},
               {{"w", HostTensor::floats({1, 1, 1, 1}, {1})}}),
      one_node("MaxPool", {"x"}, {}, {}),
      one_node("MaxPool", {"x"}, {{"kernel_shape", std::vector<std::int64_t>{0, 0}}}, {}),
      one_node("AveragePool", {"x"},
               {{"kernel_shape", std::vector<std::int64_t>{2, 2}},
                {"strides", std::vector<std::int64_t>{0, 1}}},
               {}),
      one_node("Tile", {"x", "r"}, {}, {{"r", big}}),
      one_node("Expand", {"x", "r"}, {}, {{"r", big}}),
      one_node("ConstantOfShape", {"r"}, {}, {{"r", big}}),
      one_node("ConstantOfShape", {"r"}, {}, {{"r", HostTensor::ints({2}, {-1, -1})}}),
      one_node("Pad", {"x", "r"}, {},
               {{"r", HostTensor::ints({8}, {0, 0, 1 << 20, 1 << 20, 0, 0, 1 << 20, 1 << 20})}}),
      one_node("Pad", {"x", "r"}, {}, {{"r", HostTensor::ints({3}, {0, 0, 1})}}),
      one_node("Resize", {"x", "", "r"}, {}, {{"r", HostTensor::floats({4}, {1, 1, 1e5f, 1e5f})}}),
      one_node("Resize", {"x", "", "r"}, {}, {{"r", HostTensor::floats({3}, {1, 1, 1})}}),
      one_node("Reshape", {"x", "r"}, {}, {{"r", HostTensor::ints({2}, {-1, -1})}}),
      one_node("Transpose", {"x"}, {{"perm", std::vector<std::int64_t>{0, 0, 0, 9}}}, {}),
      one_node("Concat", {"x", "x"}, {{"axis", std::int64_t{99}}}, {}),
      one_node("Gather", {"x", "r"}, {{"axis", std::int64_t{7}}},
               {{"r", HostTensor::ints({1}, {0})}}),
      one_node("Gather", {"x", "r"}, {{"axis", std::int64_t{0}}},
               {{"r", HostTensor::ints({1}, {100})}}),
      one_node("Slice", {"x", "r", "r"}, {},
               {{"r", HostTensor::ints({9}, {0, 0, 0, 0, 0, 0, 0, 0, 0})}}),
      one_node("Slice", {"x", "r", "r", "r", "z"}, {},
               {{"r", HostTensor::ints({1}, {1})}, {"z", HostTensor::ints({1}, {0})}}),
      one_node("Range", {"a", "b", "c"}, {},
               {{"a", HostTensor::floats({}, {0})},
                {"b", HostTensor::floats({}, {1e30f})},
                {"c", HostTensor::floats({}, {1})}}),
      one_node("Softmax", {"x"}, {{"axis", std::string("one")}}, {}),
      one_node("LRN", {"x"}, {{"size", std::int64_t{1} << 60}}, {}),
      one_node("Squeeze", {"x", "r"}, {}, {{"r", HostTensor::ints({1}, {55})}}),
      one_node("Unsqueeze", {"x", "r"}, {}, {{"r", HostTensor::ints({1}, {55})}}),
      one_node("Flatten", {"x"}, {{"axis", std::int64_t{77}}}, {}),
      one_node("Split", {"x", "r"}, {}, {{"r", HostTensor::ints({2}, {5, 5})}}),
      one_node("LayerNormalization", {"x", "r"}, {{"axis", std::int64_t{-9}}},
               {{"r", HostTensor::floats({1}, {1})}}),
      one_node("NoSuchThing", {"x"}, {}, {}),
  };
  for (std::size_t i = 0; i < graphs.size(); ++i) try {
      Model model = Model::from_graph(graphs[i]);
      model.run(noise({1, 1, 8, 8}));
      ADD_FAILURE() << "graph " << i << " (" << graphs[i].nodes[0].op << ") ran";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("bad"), std::string::npos) << i << ": " << e.what();
      EXPECT_NE(e.code(), ErrorCode::Internal) << e.what();
    }
}

TEST(Model, InputsThatDoNotFitAreNamed) {
  Model model = Model::from_graph(local_net());
  for (const Tensor& wrong :
       {noise({1, 2, 16, 16}), noise({1, 1, 16}), Tensor{{1, 1, 16, 16}, {1, 2}}})
    EXPECT_THROW(model.run(wrong), Error);
  EXPECT_THROW(run_tiled(model, noise({2, 1, 16, 16}), {}, {}), Error);
}

TEST(Model, SaysWhatCannotRun) {
  Graph g = one_node("Conv", {"x", "w"}, {}, {{"w", HostTensor::floats({1, 1, 1, 1}, {1})}});
  EXPECT_TRUE(unsupported_nodes(g).empty());
  g.nodes.push_back({"NonMaxSuppression", "", "nms", {"y"}, {"z"}, {}});
  ASSERT_EQ(unsupported_nodes(g).size(), 1u);
  EXPECT_NE(unsupported_nodes(g)[0].find("nms"), std::string::npos);
}

}
}
