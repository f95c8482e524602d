// The learned RGB: the route beside the CIE route and ONNX Runtime, training, comparison.
#include "tests/hs2rgb/learned_support.h"

namespace sensorium::hs2rgb {
namespace {

using nlohmann::json;
using test::contains;
using test::error_of;
using namespace test_learned;
namespace fs = std::filesystem;

TEST(LearnedRgb, StartsAsTheColourAPersonSeesOnAnyGrid) {
  const hyper::RgbModel model = hyper::rgb_model_of(untrained(), "untrained");
  const auto learned = parameters_from<Hs2rgbParameters>({{"route", "learned"}});
  for (const double step : {10.0, 5.0, 2.5, 20.0})
    for (const float scale : {1.0f, 10000.0f}) {
      const Cube cube = lines_of(step, scale);
      const auto got = values_of(*convert(cube, learned, Context{}, &model).raster),
                 want = values_of(*convert(cube, Hs2rgbParameters{}, Context{}).raster);
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 3e-6) << step;
    }
}

TEST(LearnedRgb, OnnxRuntimeAgreesWithTheFile) {
  NEEDS_JUDGES();
  const test::Folder folder;
  Graph graph = untrained();
  // Weights that are no CIE rows, so that rows in a wrong order would show.
  for (std::size_t i = 0; float& w : graph.initializers.at("hs2rgb.weight").as<float>())
    w = 0.1f * std::sin(0.7f * static_cast<float>(++i));
  for (std::size_t i = 0; float& b : graph.initializers.at("hs2rgb.bias").as<float>())
    b = 0.2f * static_cast<float>(++i);
  const fs::path file = written(folder, graph);
  const Cube cube = lines_of(10);
  std::vector<double> spectra(31 * 20);
  read_tile<double>(cube, {0, 4, 0, 5}, {}, TileOrder::Bands, spectra);
  test::write(folder / "spectra", test::bytes_of(spectra));
  const json judged =
      test::judge("hs2rgb/judge_rgb.py", {file.string(), (folder / "spectra").string(), "31", "4"});
  const auto p = parameters_from<Hs2rgbParameters>({{"route", "learned"}});
  const hyper::RgbModel model = hyper::rgb_model_of(read_onnx(file), "model.onnx");
  const auto got = values_of(*convert(cube, p, Context{}, &model).raster);
  ASSERT_EQ(judged.at("rgb").size(), got.size());
  for (std::size_t i = 0; i < 20; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(got[3 * i + c], judged["rgb"][20 * c + i].get<double>(), 1e-4);
#ifdef SENSORIUM_HAS_LEARN
  Model network = Model::load(file);
  const auto out =
      network.run({{"spectra", Tensor{{1, 31, 4, 5}, {spectra.begin(), spectra.end()}}}});
  ASSERT_EQ(out.at("logits").values.size(), judged.at("logits").size());
  for (std::size_t i = 0; i < out.at("logits").values.size(); ++i)
    EXPECT_NEAR(out.at("logits").values[i], judged["logits"][i].get<double>(), 1e-4);
#endif
}

TEST(LearnedRgb, TheRouteWritesAPictureAndSaysWhatItIs) {
  const test::Folder folder;
  const fs::path file = written(folder, untrained());
  const Cube cube = lines_of(5);
  for (const bool named : {false, true}) { // --model, or the declared parameter
    const test::DrivenPipeline pipeline(make_extension(), named ? fs::path() : file);
    json values = {{"route", "learned"}};
    if (named) values["rgb_model"] = file.string();
    const auto a = pipeline.analysed(cube, values);
    EXPECT_TRUE(test::notes(a->notes, "not what a person sees"));
    EXPECT_TRUE(contains(a->model_card, "hs2rgb"));
    test::write_files(*a, folder.path(), cube.origin);
    const json record = json::parse(read_text(folder / "rgb.json"));
    EXPECT_EQ(record.at("method").at("route"), "learned");
    EXPECT_EQ(record.at("method").at("model").at("sha256").get<std::string>().size(), 64u);
    EXPECT_TRUE(fs::file_size(folder / "rgb.png") > 0);
  }
}

TEST(LearnedRgb, WhatCannotBeIsSaidClearly) {
  const test::Folder folder;
  const fs::path file = written(folder, untrained());
  const auto failure = [&](const Cube& cube, const fs::path& model, json values = json::object()) {
    values["route"] = "learned";
    const test::DrivenPipeline pipeline(make_extension(), model);
    return error_of([&] { pipeline.analysed(cube, values); });
  };
  EXPECT_TRUE(contains(failure(lines_of(10), "").hint(), "--model"));
  Cube cube = lines_of(10);
  cube.wavelengths_nm.clear();
  EXPECT_TRUE(contains(failure(cube, file).what(), "not known"));
  cube = lines_of(10);
  for (double& nm : cube.wavelengths_nm) nm += 60;
  EXPECT_TRUE(contains(failure(cube, file).what(), "460 to 760 nm"));
  cube = lines_of(10);
  cube.bad_bands.assign(31, 0);
  for (int b = 10; b < 16; ++b) cube.bad_bands[static_cast<std::size_t>(b)] = 1;
  EXPECT_TRUE(contains(failure(cube, file).what(), "between 490 and 560 nm"));
  cube = lines_of(10);
  cube.reflectance_scale.reset();
  EXPECT_TRUE(contains(failure(cube, file).hint(), "--white"));
  const test::DrivenPipeline pipeline(make_extension(), file);
  EXPECT_NO_THROW(pipeline.analysed(cube, {{"route", "learned"}, {"exposure", "as_stored"}}));
  const fs::path counts = written(folder, untrained({{"values", "stored"}}));
  EXPECT_TRUE(contains(failure(lines_of(10), counts).what(), "is reflectance"));
  EXPECT_TRUE(contains(
      failure(lines_of(10), SENSORIUM_SOURCE_DIR "/resources/models/glioblastoma.onnx").what(),
      "holds no learned RGB"));
  for (const json& wrong :
       {json{{"wavelengths_nm", {400, 500, 600}}}, json{{"high", {0, 1, 1}}}, json{{"unit", 0}},
        json{{"wavelengths_nm", "all"}}, json{{"wavelengths_nm", {500, 400, 600}}}}) {
    const Error e = failure(lines_of(10), written(folder, untrained(wrong)));
    EXPECT_EQ(e.code(), ErrorCode::Unsupported) << wrong;
    EXPECT_TRUE(contains(e.what(), "model.onnx")) << e.what();
  }
  Graph rewired = untrained();
  for (Node& n : rewired.nodes)
    if (n.name == "hs2rgb") n.inputs[0] = "spectra";
  EXPECT_TRUE(contains(failure(lines_of(10), written(folder, rewired)).what(), "Mul"));
}

TEST(LearnedRgb, ABackboneOfOnesOwnStandsBehind) {
  const test::Folder folder;
  const hyper::BandScaling scaling{std::vector<float>(31, 0.0f), std::vector<float>(31, 1.0f)};
  const hyper::MixStart start{std::vector<hyper::Triple>(31, hyper::Triple{1, 2, 3}), {}};
  write_onnx(build_residual_unet({.in_channels = 3, .out_channels = 5, .widths = "4,8"}, 1),
             folder / "maps.onnx");
  const Graph graph = hyper::build_scene_network(
      {.classes = 2, .backbone = (folder / "maps.onnx").string()}, scaling, &start, 1);
  EXPECT_EQ(graph.outputs.at(0).dims.at(1), 2); // a head for our classes
  EXPECT_EQ(hyper::size_multiple(graph), 2);
  EXPECT_EQ(graph.inputs.at(0).name, "spectra");
  write_onnx(build_resnet({.in_channels = 3, .widths = "4,8"}, 1), folder / "whole.onnx");
  EXPECT_TRUE(contains(error_of([&] {
                         hyper::build_scene_network(
                             {.classes = 2, .backbone = (folder / "whole.onnx").string()}, scaling,
                             &start, 1);
                       }).what(),
                       "not one map"));
  write_onnx(build_residual_unet({.in_channels = 1, .widths = "4,8"}, 1), folder / "grey.onnx");
  EXPECT_TRUE(contains(error_of([&] {
                         hyper::build_scene_network(
                             {.classes = 2, .backbone = (folder / "grey.onnx").string()}, scaling,
                             &start, 1);
                       }).what(),
                       "3 channels"));
}

#ifdef SENSORIUM_HAS_LEARN

TEST(LearnedRgb, LearnsWhatNoEyeSees) {
  const Field field;
  const fs::path out = field.folder / "model";
  const json result = ran("train", {field.cube},
                          {{"labels", field.labels},
                           {"classes", "soil, crop"},
                           {"block", 5},
                           {"steps", 60},
                           {"width", 16}},
                          out);
  EXPECT_GT(result.at("metrics").at("overall accuracy").get<double>(), 0.9);
  const hyper::RgbModel model = hyper::rgb_model_of(read_onnx(out / "hs2rgb.onnx"), "hs2rgb.onnx");
  EXPECT_EQ(model.classes, (std::vector<std::string>{"soil", "crop"}));
  EXPECT_EQ(model.wavelengths_nm.size(), 26u);
  // The pictures of the two classes: apart in the learned colours, the same to a person.
  const Cube cube = test::open_cube(field.cube);
  const auto apart = [&](const char* route) {
    const auto p = parameters_from<Hs2rgbParameters>({{"route", route}});
    const auto v = values_of(*convert(cube, p, Context{}, &model).raster);
    double most = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      std::array<double, 2> mean{}, square{}, n{};
      for (std::size_t i = 0; i < 1600; ++i) {
        const std::size_t k = (i / 40 / 5 + i % 40 / 5) % 2;
        mean[k] += v[3 * i + c];
        square[k] += v[3 * i + c] * v[3 * i + c];
        n[k] += 1;
      }
      const double a = mean[0] / n[0], b = mean[1] / n[1];
      const double spread = std::sqrt(square[0] / n[0] - a * a + square[1] / n[1] - b * b);
      most = std::max(most, std::abs(a - b) / spread);
    }
    return most;
  };
  EXPECT_GT(apart("learned"), 3);
  EXPECT_LT(apart("cie"), 0.3);
}

TEST(LearnedRgb, WhiteningIsALinearStepThatFoldsIntoTheMix) {
  // 6 bands of 15 x 9 pixels, nearly alike; one pixel is no measurement.
  hyper::Planes planes{9, 15, 6, std::vector<float>(6 * 135), std::vector<std::uint8_t>(135, 1)};
  std::vector<std::uint8_t> classes(135);
  for (std::size_t p = 0; p < 135; ++p) {
    classes[p] = static_cast<std::uint8_t>(p % 3); // 0 is not chosen
    for (std::size_t b = 0; b < 6; ++b)
      planes.values[b * 135 + p] = std::sin(0.7f * static_cast<float>(p)) +
                                   0.01f * std::sin(static_cast<float>(p * (b + 2))) +
                                   static_cast<float>(classes[p]);
  }
  planes.usable[7] = 0;
  for (std::size_t b = 0; b < 6; ++b) planes.values[b * 135 + 7] = 0;
  const std::vector<const hyper::Planes*> scenes{&planes};
  const std::vector<const std::vector<std::uint8_t>*> chosen{&classes};
  const hyper::Whitening w = hyper::whitening_of(scenes, chosen, 0);
  hyper::Planes white = planes;
  hyper::whiten(white, w);
  // Within each class: no two directions go together, and each has a variance of 1.
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(white.values[i * 135 + 7], 0);
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0, pixels = 0;
      for (std::uint8_t c = 1; c <= 2; ++c) {
        double a = 0, b = 0, ab = 0, n = 0;
        for (std::size_t p = 0; p < 135; ++p) {
          if (classes[p] != c || planes.usable[p] == 0) continue;
          const double x = white.values[i * 135 + p], y = white.values[j * 135 + p];
          a += x, b += y, ab += x * y, n += 1;
        }
        sum += ab - a * b / n;
        pixels += n;
      }
      EXPECT_NEAR(sum / pixels, i == j ? 1 : 0, 2e-3) << i << " " << j;
    }
  }
  const hyper::BandScaling none{std::vector<float>(6, 0.0f), std::vector<float>(6, 1.0f)};
  const Graph graph =
      hyper::build_scene_network({.classes = 3, .channels = 4, .width = 8}, none, nullptr, 5);
  const auto logits = [](const Graph& g, const hyper::Planes& seen) {
    Model model = Model::from_graph(g, {.threads = 1});
    return model.run(Tensor{{1, 6, 9, 15}, seen.values}).values;
  };
  const Graph on_white = hyper::for_whitened(graph, w);
  const std::vector<float> want = logits(graph, planes), got = logits(on_white, white),
                           back = logits(hyper::for_unwhitened(on_white, w), planes);
  for (std::size_t i = 0; i < want.size(); ++i) {
    ASSERT_NEAR(got[i], want[i], 2e-3) << i;
    ASSERT_NEAR(back[i], want[i], 2e-3) << i;
  }
  const std::vector<std::uint8_t> nobody(135, 0);
  const std::vector<const std::vector<std::uint8_t>*> empty{&nobody};
  EXPECT_EQ(error_of([&] { hyper::whitening_of(scenes, empty, 0); }).code(), ErrorCode::BadInput);
}

TEST(LearnedRgb, APixelThatNobodyWasAskedAboutHasNoClass) {
  // The vote of a support vector machine's map counts labelled pixels alone.
  const hyper::Planes shares{1, 3, 2, {0, 0.6f, 0, 0, 0.4f, 1}, {}};
  EXPECT_EQ(hyper::greatest(shares), (std::vector<std::uint8_t>{0, 1, 2}));
}

TEST(LearnedRgb, LabelledPixelsAndTheirMeansGiveWhatTheSceneGives) {
  hyper::Planes planes{11, 17, 4, std::vector<float>(4 * 187), std::vector<std::uint8_t>(187, 1)};
  for (std::size_t i = 0; i < planes.values.size(); ++i)
    planes.values[i] = std::sin(0.37f * static_cast<float>(i * i % 1009));
  std::vector<std::uint8_t> labels(187, 0);
  const std::vector<std::size_t> places{0, 3, 90, 169, 186}; // corners, edges, the middle
  for (const std::size_t p : places) labels[p] = 2;
  const hyper::PixelsSource source({{&planes, labels, "one"}}, true, 0.1);
  ASSERT_EQ(source.size(), 1u);
  const Sample sample = source.get(0, 0);
  EXPECT_EQ(sample.input.shape, (std::vector<std::int64_t>{4, 3, 5}));
  EXPECT_EQ(sample.target.values, std::vector<float>(5, 1.0f));
  EXPECT_NE(source.get(0, 9).input.values, sample.input.values);
  const hyper::BandScaling none{std::vector<float>(4, 0.0f), std::vector<float>(4, 1.0f)};
  const Graph graph =
      hyper::build_scene_network({.classes = 3, .channels = 5, .width = 8}, none, nullptr, 2);
  ASSERT_TRUE(hyper::sees_means_alone(graph));
  Model scene = Model::from_graph(graph, {.threads = 1}),
        means = Model::from_graph(hyper::on_means(graph), {.threads = 1});
  const std::vector<float> all = scene.run(Tensor{{1, 4, 11, 17}, planes.values}).values,
                           some = means.run(Tensor{{1, 4, 3, 5}, sample.input.values}).values;
  ASSERT_EQ(some.size(), 15u);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_NEAR(some[c * 5 + i], all[c * 187 + places[i]], 1e-4) << c << " " << i;
  EXPECT_FALSE(hyper::sees_means_alone(hyper::build_scene_network(
      {.classes = 3, .network = "unet", .widths = "4,8"}, none, nullptr, 2)));
}

TEST(LearnedRgb, ABackboneIsTrainedOnPicturesAndStandsBehindOtherBands) {
  const Field field;
  // On colours nothing can be learned here; on principal components it can.
  const json pictures = ran("train", {field.cube},
                            {{"labels", field.labels},
                             {"pictures", true},
                             {"start", "pca"},
                             {"network", "unet"},
                             {"widths", "8,16"},
                             {"block", 5},
                             {"steps", 40}},
                            field.folder / "pictures");
  const std::string backbone = pictures.at("model");
  EXPECT_TRUE(backbone.ends_with("backbone.onnx"));
  EXPECT_GT(pictures.at("metrics").at("overall accuracy").get<double>(), 0.9);
  const Graph before = read_onnx(backbone);
  EXPECT_EQ(before.inputs.at(0).dims.at(1), 3);
  const json result = ran("train", {field.cube},
                          {{"labels", field.labels},
                           {"backbone", backbone},
                           {"start", "pca"},
                           {"block", 5},
                           {"steps", 5}},
                          field.folder / "behind");
  EXPECT_GT(result.at("metrics").at("overall accuracy").get<double>(), 0.9)
      << "it knows the classes already";
  const Graph after = read_onnx(field.folder / "behind" / "hs2rgb.onnx");
  EXPECT_EQ(after.inputs.at(0).dims.at(1), 26);
  EXPECT_EQ(hyper::rgb_model_of(after, "behind").started_from, "pca");
  Model model = Model::load(field.folder / "behind" / "hs2rgb.onnx");
  EXPECT_EQ(model.run({{"spectra", Tensor{{1, 26, 8, 8}, std::vector<float>(26 * 64, 0.3f)}}})
                .at("logits")
                .values.size(),
            2u * 64);
}

TEST(LearnedRgb, TrainingRefusesWhatDoesNotFit) {
  const Field field;
  const auto failure = [&](const std::vector<std::string>& files, const json& values) {
    return error_of([&] { ran("train", files, values, field.folder / "none"); });
  };
  EXPECT_EQ(failure({field.cube}, json::object()).code(), ErrorCode::Usage);
  EXPECT_EQ(failure({}, {{"labels", field.labels}}).code(), ErrorCode::Usage);
  EXPECT_TRUE(contains(failure({field.cube}, {{"labels", field.labels}, {"classes", "one"}}).what(),
                       "1 names were given for 2 classes"));
  EXPECT_EQ(failure({field.cube}, {{"labels", field.cube}}).code(), ErrorCode::BadInput);
}

TEST(LearnedRgb, AComparisonGoesOnAndALeakIsRefusedOrLabelled) {
  const Field field;
  const fs::path out = field.folder / "comparison";
  json values = {{"labels", field.labels},
                 {"routes", "cie,learned,svm,encoder"},
                 {"channels", 8},
                 {"percents", "100"},
                 {"splits", 1},
                 {"leaking_splits", 0},
                 {"block", 5},
                 {"steps", 60},
                 {"width", 16},
                 {"train_percent", 50}};
  const json first = ran("evaluate", {field.cube}, values, out);
  ASSERT_EQ(first.at("summary").size(), 4u);
  const auto overall = [](const json& result, std::size_t i) {
    return result.at("summary").at(i).at("overall").get<double>();
  };
  EXPECT_GT(overall(first, 1), overall(first, 0)) << "learned above CIE: it alone sees 850 nm";
  EXPECT_GT(overall(first, 2), 0.9);
  EXPECT_GT(overall(first, 3), overall(first, 0)) << "so does the encoder";
  EXPECT_FALSE(contains(first.at("text"), "nan")) << "one split has no spread";
  const std::string rows = read_text(out / "rows.jsonl");
  values["splits"] = 2;
  values["routes"] = "svm";
  const json second = ran("evaluate", {field.cube}, values, out);
  EXPECT_TRUE(read_text(out / "rows.jsonl").starts_with(rows)) << "what was measured is kept";
  EXPECT_EQ(second.at("summary").at(2).at("splits"), 2);
  values["steps"] = 21;
  EXPECT_EQ(error_of([&] { ran("evaluate", {field.cube}, values, out); }).code(),
            ErrorCode::Conflict);
  values["split"] = "pixels";
  const Error leak =
      error_of([&] { ran("evaluate", {field.cube}, values, field.folder / "leak"); });
  EXPECT_EQ(leak.code(), ErrorCode::Usage);
  EXPECT_TRUE(contains(leak.hint(), "--force_leak"));
  values["force_leak"] = true;
  values["splits"] = 1;
  const json forced = ran("evaluate", {field.cube}, values, field.folder / "leak");
  EXPECT_TRUE(forced.at("summary").at(0).at("leaking").get<bool>());
  EXPECT_TRUE(contains(forced.at("text"), "LEAKING"));
  values["routes"] = "cie,magic";
  EXPECT_EQ(error_of([&] { ran("evaluate", {field.cube}, values, field.folder / "x"); }).code(),
            ErrorCode::Usage);
}

#endif

}
}
