// The learned RGB with an encoder: the route beside ONNX Runtime, across tiles, and training.
#include "tests/hs2rgb/learned_support.h"

#include <algorithm>
#include <array>
#include <functional>

namespace sensorium::hs2rgb {
namespace {

using nlohmann::json;
using test::contains;
using test::error_of;
using namespace test_learned;
namespace fs = std::filesystem;

// A scene of several tiles a side, of 31 bands that all differ.
Cube wide_scene(Interleave interleave) {
  Cube cube = lines_of(10);
  cube.lines = 205;
  cube.samples = 230;
  cube.interleave = interleave;
  set_dense_strides(cube);
  std::vector<float> values(cube.pixels() * 31);
  for (int y = 0; y < cube.lines; ++y)
    for (int x = 0; x < cube.samples; ++x)
      for (int b = 0; b < 31; ++b)
        values[static_cast<std::size_t>(y * cube.stride[0] + x * cube.stride[1] +
                                        b * cube.stride[2])] =
            0.4f + 0.2f * std::sin(0.05f * static_cast<float>(x + 2 * y) +
                                   0.01f * static_cast<float>((x * y) % 17 * b));
  cube.data = Buffer::of(std::move(values));
  return cube;
}

// Numbers that training could have left in every layer of an encoder.
Graph shaken_encoder() {
  Graph graph = untrained(json::object(), 9);
  for (auto& [name, tensor] : graph.initializers) {
    const bool variance = name.ends_with(".variance");
    if (name.starts_with("const.") ||
        (!variance && !name.ends_with(".scale") && !name.ends_with(".bias") &&
         !name.ends_with(".mean") && !name.ends_with(".bias0")))
      continue;
    for (std::size_t i = 0; float& v : tensor.as<float>()) {
      const float change = 0.3f * std::sin(1.3f * static_cast<float>(++i));
      v += variance ? std::abs(change) : change;
    }
  }
  return graph;
}

TEST(RgbEncoder, OnnxRuntimeAgreesWithAnEncoderAcrossTiles) {
  NEEDS_JUDGES();
  const test::Folder folder;
  const fs::path file = written(folder, shaken_encoder());
  const hyper::RgbModel model = hyper::rgb_model_of(read_onnx(file), "model.onnx");
  ASSERT_TRUE(model.encoder.has_value());
  const Cube cube = wide_scene(Interleave::Bsq);
  const std::size_t pixels = cube.pixels();
  std::vector<double> spectra(31 * pixels);
  read_tile<double>(cube, {0, cube.lines, 0, cube.samples}, {}, TileOrder::Bands, spectra);
  test::write(folder / "spectra", test::bytes_of(spectra));
  const json judged =
      test::judge("hs2rgb/judge_rgb.py",
                  {file.string(), (folder / "spectra").string(), "31", std::to_string(cube.lines)});
  const auto p = parameters_from<Hs2rgbParameters>({{"route", "learned"}});
  const auto got = values_of(*convert(cube, p, Context{}, &model).raster);
  ASSERT_EQ(judged.at("rgb").size(), got.size());
  double least = 1, most = 0;
  for (std::size_t i = 0; i < pixels; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      const double want = judged["rgb"][pixels * c + i].get<double>();
      ASSERT_NEAR(got[3 * i + c], want, 1e-4) << "pixel " << i;
      least = std::min(least, want);
      most = std::max(most, want);
    }
  EXPECT_GT(most - least, 0.1) << "a picture that shows something";
  EXPECT_GE(least, 0);
  EXPECT_LE(most, 1 + 1e-6);
}

TEST(RgbEncoder, AnEncoderSeesTheSameInEveryOrderGridAndScale) {
  const hyper::RgbModel model = hyper::rgb_model_of(shaken_encoder(), "model");
  const auto p = parameters_from<Hs2rgbParameters>({{"route", "learned"}});
  const auto picture = [&](const Cube& cube) {
    return values_of(*convert(cube, p, Context{}, &model).raster);
  };
  const auto bsq = picture(wide_scene(Interleave::Bsq));
  for (const Interleave order : {Interleave::Bil, Interleave::Bip}) {
    const auto other = picture(wide_scene(order));
    for (std::size_t i = 0; i < bsq.size(); ++i) ASSERT_NEAR(other[i], bsq[i], 1e-5);
  }
  const auto want = picture(lines_of(10));
  for (const double step : {5.0, 2.5})
    for (const float scale : {1.0f, 10000.0f}) {
      const auto got = picture(lines_of(step, scale));
      for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-4) << step;
    }
}

TEST(RgbEncoder, AnEncoderLeavesOutWhatIsNoMeasurement) {
  const hyper::RgbModel model = hyper::rgb_model_of(shaken_encoder(), "model");
  const auto p = parameters_from<Hs2rgbParameters>({{"route", "learned"}});
  Cube cube = wide_scene(Interleave::Bip);
  const auto whole = values_of(*convert(cube, p, Context{}, &model).raster);
  const std::size_t line = 100, sample = 50;
  std::vector<float> values(cube.pixels() * 31);
  read_tile<float>(cube, {0, cube.lines, 0, cube.samples}, {}, TileOrder::Pixels,
                   std::span<float>(values));
  values[(line * 230 + sample) * 31 + 4] = -9999;
  cube.data = Buffer::of(std::move(values));
  cube.ignore_value = -9999;
  const Converted made = convert(cube, p, Context{}, &model);
  const auto holed = values_of(*made.raster);
  EXPECT_EQ(made.counts.blank, 1u);
  for (std::size_t y = 0; y < 205; ++y)
    for (std::size_t x = 0; x < 230; ++x) {
      const std::size_t i = 3 * (y * 230 + x);
      const bool near = std::max(y, line) - std::min(y, line) <= 6 &&
                        std::max(x, sample) - std::min(x, sample) <= 6;
      if (y == line && x == sample)
        EXPECT_TRUE(std::isnan(holed[i]));
      else if (near)
        EXPECT_TRUE(std::isfinite(holed[i]));
      else
        ASSERT_NEAR(holed[i], whole[i], 1e-6) << y << " " << x;
    }
}

TEST(RgbEncoder, ADamagedEncoderIsRefused) {
  const test::Folder folder;
  const auto why = [&](const std::function<void(Graph&)>& change) {
    Graph graph = shaken_encoder();
    change(graph);
    return std::string(error_of([&] { hyper::rgb_model_of(graph, "model.onnx"); }).what());
  };
  const auto node = [](Graph& g, const std::string& name) -> Node& {
    for (Node& n : g.nodes)
      if (n.name == name) return n;
    throw std::runtime_error(name);
  };
  EXPECT_TRUE(contains(why([&](Graph& g) {
                         node(g, "encoder.near").attributes["kernel_shape"] =
                             std::vector<std::int64_t>{5, 3};
                       }),
                       "whole squares"));
  EXPECT_TRUE(contains(why([&](Graph& g) { node(g, "encoder.far").inputs[0] = "mixed"; }),
                       "the means around it"));
  EXPECT_TRUE(contains(why([&](Graph& g) {
                         for (float& v : g.initializers.at("encoder.context.variance").as<float>())
                           v = -1;
                       }),
                       "variance below 0"));
  EXPECT_TRUE(contains(why([&](Graph& g) {
                         g.initializers["encoder.layer.bias0"] = HostTensor::floats({2}, {0, 0});
                       }),
                       "does not hold 9 numbers"));
}

#ifdef SENSORIUM_HAS_LEARN

class TrainedEncoder : public ::testing::TestWithParam<bool> {};

TEST_P(TrainedEncoder, IsTrainedWithTheNetworkBehind) {
  const bool taught = GetParam();
  const Field field;
  const fs::path out = field.folder / "model";
  const json result = ran("train", {field.cube},
                          {{"labels", field.labels},
                           {"block", 5},
                           {"steps", 60},
                           {"encoder", 12},
                           {"taught", taught},
                           {"width", 16}},
                          out);
  EXPECT_GT(result.at("metrics").at("overall accuracy").get<double>(), 0.9);
  const Graph graph = read_onnx(out / "hs2rgb.onnx");
  const hyper::RgbModel model = hyper::rgb_model_of(graph, "hs2rgb.onnx");
  ASSERT_TRUE(model.encoder.has_value());
  EXPECT_EQ(model.encoder->hidden, taught ? static_cast<int>(model.classes.size()) : 12);
  EXPECT_EQ(model.started_from, taught ? "a classifier of all bands" : "random");
  // The file's own picture of the cube's spectra is the route's.
  const Cube cube = test::open_cube(field.cube);
  const auto p = parameters_from<Hs2rgbParameters>({{"route", "learned"}});
  const auto got = values_of(*convert(cube, p, Context{}, &model).raster);
  std::vector<float> spectra(26 * 1600);
  read_tile<float>(cube, {0, 40, 0, 40}, {}, TileOrder::Bands, std::span<float>(spectra));
  Model network = Model::from_graph(graph, {.threads = 1});
  const auto want = network.run({{"spectra", Tensor{{1, 26, 40, 40}, spectra}}}).at("rgb").values;
  for (std::size_t i = 0; i < 1600; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      ASSERT_NEAR(got[3 * i + c], want[1600 * c + i], 1e-4) << "pixel " << i;
  EXPECT_EQ(error_of([&] {
              ran("train", {field.cube},
                  {{"labels", field.labels}, {"encoder", 12}, {"pictures", true}}, out);
            }).code(),
            ErrorCode::Usage);
}

INSTANTIATE_TEST_SUITE_P(RgbEncoder, TrainedEncoder, ::testing::Bool(), [](const auto& which) {
  return which.param ? "FromAClassifier" : "FromRandomWeights";
});

TEST(RgbEncoder, ATaughtEncoderShowsTheClassifiersSharesAsColours) {
  constexpr int side = 9, classes = 3, sharper = 5;
  const hyper::BandScaling scaling{std::vector<float>(4, 0.0f), std::vector<float>(4, 1.0f)};
  const Graph classifier = hyper::build_scene_network(
      {.classes = classes, .channels = 6, .layers = 0, .mix_rate = 1}, scaling, nullptr, 5);
  const Graph encoder = hyper::build_scene_network(
      {.classes = classes, .encoder = classes, .mixes = 6, .mix_rate = 1}, scaling, nullptr, 9);
  const Graph taught = hyper::with_taught_encoder(classifier, encoder);
  std::vector<float> values;
  for (int i = 0; i < 4 * side * side; ++i)
    values.push_back(std::sin(0.31f * static_cast<float>(i * (2 + i % 5))));
  const Tensor scene{{1, 4, side, side}, values};
  Model judge = Model::from_graph(classifier, {.threads = 1}),
        maker = Model::from_graph(hyper::picture_maker(taught), {.threads = 1});
  const std::vector<float> logits = judge.run(scene).values, rgb = maker.run(scene).values;
  const auto colours = taught.initializers.at("const.colours").as<float>();
  constexpr int pixels = side * side;
  for (int i = 0; i < pixels; ++i) {
    std::array<double, classes> share{};
    double all = 0;
    for (int c = 0; c < classes; ++c) all += share[c] = std::exp(sharper * logits[c * pixels + i]);
    for (int k = 0; k < 3; ++k) {
      double want = 0;
      for (int c = 0; c < classes; ++c) want += share[c] / all * colours[k * classes + c];
      ASSERT_NEAR(rgb[k * pixels + i], want, 1e-4) << i;
    }
  }
}

TEST(RgbEncoder, APictureMadeByPiecesIsThatOfTheWhole) {
  constexpr int lines = 3, samples = 1030;
  const hyper::BandScaling scaling{std::vector<float>(4, 0.0f), std::vector<float>(4, 1.0f)};
  Model maker = Model::from_graph(
      hyper::picture_maker(hyper::build_scene_network(
          {.classes = 2, .encoder = 5, .mixes = 4, .mix_rate = 1}, scaling, nullptr, 7)),
      {.threads = 1});
  hyper::Planes planes{lines, samples, 4, {}, std::vector<std::uint8_t>(lines * samples, 1)};
  for (int i = 0; i < 4 * lines * samples; ++i)
    planes.values.push_back(std::sin(0.37f * static_cast<float>(i * (1 + i % 7))));
  const hyper::Planes got = hyper::pictured(maker, planes, Context{});
  const Tensor whole = maker.run(Tensor{{1, 4, lines, samples}, planes.values});
  ASSERT_EQ(got.values.size(), whole.values.size());
  for (std::size_t i = 0; i < got.values.size(); ++i)
    ASSERT_NEAR(got.values[i], whole.values[i], 1e-5) << i;
}

TEST(RgbEncoder, AnEncoderLearnsFromMeansWhatItSaysOfTheScene) {
  // on_means() on the means of a scene's pixels gives what the whole network gives there.
  constexpr int side = 20;
  hyper::BandScaling scaling{std::vector<float>(4, 0.0f), std::vector<float>(4, 1.0f)};
  const Graph graph = hyper::build_scene_network(
      {.classes = 3, .encoder = 5, .mixes = 4, .width = 6, .mix_rate = 1}, scaling, nullptr, 3);
  ASSERT_TRUE(hyper::sees_means_alone(graph));
  hyper::Planes planes{side, side, 4, {}, std::vector<std::uint8_t>(side * side, 1)};
  for (int i = 0; i < 4 * side * side; ++i)
    planes.values.push_back(std::sin(0.37f * static_cast<float>(i * (1 + i % 3))));
  std::vector<std::uint8_t> labels(side * side, 0);
  const std::vector<std::size_t> places = {0, 19, 210, 399, 45};
  for (const std::size_t p : places) labels[p] = 1;
  const hyper::PixelsSource source({{&planes, labels, "all"}}, true, 0);
  const Sample sample = source.get(0, 0);
  Model whole = Model::from_graph(graph, {.threads = 1}),
        means = Model::from_graph(hyper::on_means(graph), {.threads = 1});
  const Tensor a = whole.run(Tensor{{1, 4, side, side}, planes.values}),
               b = means.run(Tensor{{1, 4, 3, 5}, sample.input.values});
  std::vector<std::size_t> sorted = places;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t k = 0; k < sorted.size(); ++k)
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(b.values[c * 5 + k], a.values[c * side * side + sorted[k]], 1e-4);
}

#endif

}
}
