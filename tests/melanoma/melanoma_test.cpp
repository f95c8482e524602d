// The pipeline as the host, the command line and the worker see it.
#include "hyperspectral/tissue_segment.h"
#include "modules/io/envi_writer.h"
#include "pipelines/melanoma/field.h"
#include "pipelines/melanoma/lesions.h"
#include "pipelines/melanoma/operating.h"
#include "pipelines/melanoma/phantom.h"
#ifdef SENSORIUM_HAS_LEARN
#include "pipelines/melanoma/network.h"
#endif
#include "tests/io_cube/support.h"
#include "tests/support/pipeline.h"

#include <algorithm>
#include <cmath>

namespace sensorium::melanoma {
Extension make_extension();

namespace {

using nlohmann::json;
using test::contains;
using test::error_of;
using test::notes;
namespace fs = std::filesystem;
using testing_support::Outcome;
using testing_support::Process;
using testing_support::run_program;

const fs::path model = SENSORIUM_SOURCE_DIR "/resources/models/melanoma.onnx";
constexpr int unseen = 31001; // a patient of no training, validation or evaluation

const test::DrivenPipeline& pipeline() {
  static const test::DrivenPipeline one(make_extension(), model, 1);
  return one;
}

[[maybe_unused]] Cube phantom(const std::string& lesion, int seed = unseen) {
  Cube cube =
      hyper::photographed(make_skin({.seed = seed, .lesion = lesion}),
                          {.first_nm = 450, .last_nm = 950, .bands = 60, .dead_lines = 0}, 5, 1);
  cube.origin.sha256 = "abc";
  return cube;
}

[[maybe_unused]] std::shared_ptr<const Analysis> analysed(const Dataset& dataset) {
  return pipeline().analysed(dataset);
}

[[maybe_unused]] Findings concluded(const Dataset& dataset, const Analysis& a, const json& values) {
  return pipeline().concluded(dataset, a, values);
}

TEST(MelanomaPhantom, HasTheLesionThatWasAskedForAndDependsOnItsSeedAlone) {
  const auto count = [](const hyper::TissueScene& s, SkinClass c) {
    return std::count(s.labels.begin(), s.labels.end(), static_cast<std::uint8_t>(c));
  };
  EXPECT_EQ(make_skin({.seed = 2}).labels, make_skin({.seed = 2}).labels);
  EXPECT_NE(make_skin({.seed = 2}).labels, make_skin({.seed = 3}).labels);
  for (int seed = 1; seed <= 5; ++seed) {
    const auto nevus = make_skin({.seed = seed, .lesion = "nevus"}),
               melanoma = make_skin({.seed = seed, .lesion = "melanoma"}),
               none = make_skin({.seed = seed, .lesion = "none"});
    EXPECT_GT(count(nevus, SkinClass::Nevus), 60);
    EXPECT_EQ(count(nevus, SkinClass::Melanoma), 0);
    EXPECT_GT(count(melanoma, SkinClass::Melanoma), 60);
    EXPECT_EQ(count(none, SkinClass::Skin), 64 * 64);
  }
  int melanomas = 0;
  for (int seed = 1; seed <= 60; ++seed)
    melanomas +=
        count(make_skin({.seed = seed, .lines = 24, .samples = 24}), SkinClass::Melanoma) > 0;
  // Half of 60: 30, deviation 3.9.
  EXPECT_NEAR(melanomas, 30, 13);
}

TEST(MelanomaPhantom, LesionsAreDarkerThanTheSkinAroundThem) {
  for (const char* lesion : {"nevus", "melanoma"}) {
    const hyper::TissueScene s = make_skin({.seed = 7, .lesion = lesion});
    std::array<double, 2> sum{}, count{};
    const hyper::Chromophores c = hyper::chromophores(600);
    for (std::size_t i = 0; i < s.labels.size(); ++i) {
      if (s.surfaces[i].material) continue; // a hair
      sum[s.labels[i] != 0] += reflectance(s.surfaces[i], 600, c);
      count[s.labels[i] != 0] += 1;
    }
    EXPECT_LT(sum[1] / count[1], 0.8 * sum[0] / count[0]) << lesion;
  }
}

// Two lesions of known pixels: both rules by hand.
TEST(Melanoma, RulesByHand) {
  hyper::TissueMap map{.lines = 3, .samples = 8};
  map.classes.assign(24, 0);
  map.probability.assign(3, std::vector<std::uint8_t>(24, 0));
  map.probability[0].assign(24, 255);
  const auto set = [&](std::size_t i, int skin, int nevus, int melanoma) {
    map.probability[0][i] = static_cast<std::uint8_t>(skin);
    map.probability[1][i] = static_cast<std::uint8_t>(nevus);
    map.probability[2][i] = static_cast<std::uint8_t>(melanoma);
  };
  set(0, 0, 51, 204); // m = 0.8
  set(1, 0, 51, 204);
  set(8, 55, 150, 50); // m = 0.25
  set(5, 0, 255, 0);
  const ComponentIndex regions(lesion_map(map), 8, 3, 1, half);
  const std::vector<Lesion> all = lesions_of(map, regions, 1);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].region.voxels, 3);
  EXPECT_NEAR(all[0].scores.mean, (0.8 + 0.8 + 0.25) / 3, 1e-9);
  EXPECT_NEAR(all[0].scores.majority, 2.0 / 3, 1e-9);
  EXPECT_EQ(all[1].scores.mean, 0);
  EXPECT_EQ(lesions_of(map, regions, 2).size(), 1u);
  map.classes[0] = hyper::no_class;
  EXPECT_EQ(lesion_map(map)[0], 0);
}

TEST(Melanoma, OperatingPointByHand) {
  PhantomScores known;
  known.of_rule["mean"] = {{0.9, 0.6, 0.5, 0.2}, {0.1, 0.5, 0.4}};
  const OperatingPoint at = known.at("mean", 0.5);
  EXPECT_EQ(at.sensitivity.hits, 3);
  EXPECT_EQ(at.sensitivity.trials, 4);
  EXPECT_NEAR(at.specificity.value(), 2.0 / 3, 1e-12);
  EXPECT_EQ(known.at("majority", 0.5).sensitivity.trials, 0);
  const json card = {{"phantom_scores", to_json(known)}};
  EXPECT_EQ(scores_of_card(card.dump()).at("mean", 0.2).sensitivity.hits, 4);
  for (const char* bad : {"", "[1]", "{}", R"({"phantom_scores": {"mean": 3}})"})
    EXPECT_TRUE(scores_of_card(bad).empty()) << bad;
}

// 4 x 4 pixels to 2 x 2 cells. Pixel p has p + 1 thousandths in every band but the last; one cell
// has two dead pixels of four and keeps the mean of the others, one has three and is lost.
TEST(Melanoma, CellsAreMeansOfUsablePixels) {
  Cube cube{.lines = 4, .samples = 4, .bands = 46, .type = SampleType::Float32};
  cube.interleave = Interleave::Bip;
  set_dense_strides(cube);
  cube.wavelengths_nm = hyper::tissue_wavelengths();
  cube.wavelength_source = WavelengthSource::Stated;
  cube.reflectance_scale = 1;
  std::vector<float> values;
  for (int p = 0; p < 16; ++p)
    for (int b = 0; b < 46; ++b)
      values.push_back(0.1f + 0.001f * static_cast<float>(p + 1) + (b == 45 ? 0.1f : 0.0f));
  const auto kill = [&](std::size_t p) { values[46 * p + 3] = std::nanf(""); };
  kill(0);
  kill(5);
  for (const std::size_t p : {10, 11, 14}) kill(p);
  cube.data = Buffer::of(values);
  const hyper::SpectraReader reader(cube, hyper::tissue_wavelengths());
  const Field field = field_of(cube, reader, 2, Context{});
  ASSERT_EQ(field.cube.lines, 2);
  ASSERT_EQ(field.cube.samples, 2);
  const auto cells = samples<float>(field.cube.data);
  EXPECT_NEAR(cells[0], 0.1 + 0.001 * (2 + 5) / 2.0, 1e-6);
  EXPECT_NEAR(cells[1], 0.1 + 0.001 * (3 + 4 + 7 + 8) / 4.0, 1e-6);
  EXPECT_NEAR(cells[4 * 45 + 1], 0.2 + 0.001 * (3 + 4 + 7 + 8) / 4.0, 1e-6);
  EXPECT_TRUE(std::isnan(cells[3]));
  EXPECT_NEAR(field.grey[1], 0.102, 1e-6);
}

// Two cells side by side over eight pixels: probabilities run linearly between their middles.
TEST(Melanoma, AMapIsEnlargedLinearly) {
  hyper::TissueMap small{.lines = 1, .samples = 2};
  small.classes = {0, 1};
  small.probability = {{200, 0}, {0, 200}};
  const hyper::TissueMap map = enlarged(small, 2, 8);
  ASSERT_EQ(map.classes.size(), 16u);
  // Middles at pixels 1.5 and 5.5: pixel 3 lies 1.5 of 4 further.
  EXPECT_EQ(map.probability[0][0], 200);
  EXPECT_EQ(map.probability[0][3], 125);
  EXPECT_EQ(map.probability[1][8 + 3], 75);
  EXPECT_EQ(map.classes[3], 0);
  EXPECT_EQ(map.classes[4], 1);
  small.classes[1] = hyper::no_class;
  const hyper::TissueMap half_known = enlarged(small, 2, 8);
  EXPECT_EQ(half_known.without_spectrum, 8u);
  EXPECT_EQ(half_known.probability[0][3], 200) << "what is not known has no weight";
  EXPECT_EQ(half_known.classes[4], hyper::no_class);
}

#ifdef SENSORIUM_HAS_LEARN

// 46 wavelengths, kernel 7, stride 4, padded by 3: 12 planes.
TEST(MelanomaNetwork, OperationsOfAVolumeByHand) {
  const auto operations = [](const char* kind) {
    return hyper::operations_per_pixel(build_network({.kind = kind}, 1));
  };
  const Graph hybrid = build_network({}, 1), spatial = build_network({.kind = "spatial"}, 1);
  EXPECT_EQ(hybrid.parameters() - spatial.parameters(),
            4 * 7 * 9 + 4 + 12 * 4 * 12 + 12 // the two 3-D convolutions
                + 12 * 12 * (9 + 1))         // 12 further channels at the U-Net's entry
      << "3 x 3 and the shortcut";
  EXPECT_EQ(operations("hybrid") - operations("spatial"),
            2.0 * (12 * 4 * 7 * 9 + 12 * 4 * 12 + 12 * 12 * (9 + 1)));
  // Mean and variance of the normalisation, then three layers.
  EXPECT_EQ(operations("spectral"), 2.0 * (46 + 46 + 46 * 32 + 32 * 32 + 32 * 3));
}

TEST(Melanoma, OutlinesTheLesionAndSaysWhatItIs) {
  for (const char* lesion : {"nevus", "melanoma"}) {
    const Dataset cube = phantom(lesion);
    const auto a = analysed(cube);
    const Findings f = concluded(cube, *a, json::object());
    ASSERT_FALSE(f.items.empty()) << lesion;
    const hyper::TissueScene truth = make_skin({.seed = unseen, .lesion = lesion});
    std::vector<std::uint8_t> mask;
    std::vector<sensorium::Run> runs;
    for (const Finding& one : f.items)
      runs.insert(runs.end(), one.footprint.begin(), one.footprint.end());
    paint_runs(runs, 64, 64, 1, mask);
    double both = 0, sum = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      both += mask[i] != 0 && truth.labels[i] != 0;
      sum += (mask[i] != 0) + (truth.labels[i] != 0);
    }
    EXPECT_GT(2 * both / sum, 0.75) << lesion;
    EXPECT_TRUE(notes(f, "Not for clinical use"));
    EXPECT_TRUE(contains(f.items[0].text, "phantom"));
    EXPECT_TRUE(contains(a->model_card, "phantom"));
  }
}

TEST(Melanoma, TheOperatingPointIsLiveAndMonotonous) {
  int before = 1000;
  std::vector<std::pair<Dataset, std::shared_ptr<const Analysis>>> cases;
  for (int seed = unseen; seed < unseen + 4; ++seed) {
    const Dataset cube = phantom("drawn", seed);
    cases.emplace_back(cube, analysed(cube));
  }
  for (const double point : {0.01, 0.3, 0.6, 0.99}) {
    int called = 0;
    for (const auto& [cube, a] : cases)
      for (const Finding& one : concluded(cube, *a, {{"operating_point", point}}).items)
        called += one.label == "melanoma-like";
    EXPECT_LE(called, before);
    before = called;
  }
  const Findings f = concluded(cases[0].first, *cases[0].second, {{"rule", "majority"}});
  ASSERT_FALSE(f.items.empty());
  EXPECT_EQ(f.items[0].score, f.items[0].measures.at(2).value);
}

TEST(Melanoma, BareSkinHasNoLesionAndCountsAreRefused) {
  const Dataset bare = phantom("none");
  const Findings f = concluded(bare, *analysed(bare), json::object());
  EXPECT_TRUE(f.items.empty());
  EXPECT_TRUE(notes(f, "No lesion was found"));
  Cube counts = phantom("nevus");
  counts.reflectance_scale.reset();
  EXPECT_EQ(error_of([&] { analysed(Dataset(counts)); }).code(), ErrorCode::Unsupported);
  Cube nameless = phantom("nevus");
  nameless.wavelengths_nm.clear();
  EXPECT_EQ(error_of([&] { analysed(Dataset(nameless)); }).code(), ErrorCode::Unsupported);
}

TEST(Melanoma, TrainsIsEvaluatedAndPatientsOfTheTrainingAreRefused) {
  const test::Folder folder;
  const PipelineCommand &train = pipeline().command("train"),
                        &evaluate = pipeline().command("evaluate");
  const json made = train.run({},
                              complete(train.parameters, {{"patients", 8},
                                                          {"validation_patients", 2},
                                                          {"test_patients", 2},
                                                          {"steps", 2},
                                                          {"batch_size", 2},
                                                          {"widths", "8,8"}}),
                              folder / "train", Context{.threads = 1});
  const std::string network = made.at("model");
  const auto judged = [&](const json& further) {
    json values = {{"model", network}, {"patients", 4}, {"rival_patients", 8},
                   {"rival_steps", 2}, {"rounds", 20},  {"snr_db", 30}};
    values.update(further);
    return evaluate.run({}, complete(evaluate.parameters, values), folder / "evaluate",
                        Context{.threads = 1});
  };
  const json out = judged(json::object());
  EXPECT_EQ(out.at("leaking"), false);
  EXPECT_EQ(out.at("methods").size(), 8u);
  for (const auto& [name, method] : out.at("methods").items()) {
    const json& sensitivity = method.at("sensitivity");
    EXPECT_LE(sensitivity.at("low"), sensitivity.at("value")) << name;
    EXPECT_GE(sensitivity.at("high"), sensitivity.at("value")) << name;
    EXPECT_EQ(sensitivity.at("of").get<int>() + method.at("specificity").at("of").get<int>(), 4);
  }
  EXPECT_FALSE(contains(out.at("text"), "LEAKING"));
  for (const int seen : {1, 5, 10000}) {
    const Error e = error_of([&] { judged({{"first_patient", seen}}); });
    EXPECT_EQ(e.code(), ErrorCode::Usage) << seen;
    EXPECT_TRUE(contains(e.hint(), "force_leak"));
  }
  const json leaking = judged({{"first_patient", 5}, {"force_leak", true}});
  EXPECT_EQ(leaking.at("leaking"), true);
  EXPECT_TRUE(contains(leaking.at("text"), "LEAKING"));
  EXPECT_EQ(error_of([&] { judged({{"model", "/absent.onnx"}}); }).code(), ErrorCode::NotFound);
  EXPECT_EQ(error_of([&] {
              evaluate.run({"x.hdr"}, complete(evaluate.parameters, json::object()), folder / "e",
                           Context{});
            }).code(),
            ErrorCode::Usage);
}

TEST(Melanoma, RunsFromTheCommandLineAndInTheWorker) {
  const test::Folder folder;
  const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";
  const Outcome made = run_program({program, "phantom", "melanoma", "-o", (folder / "p").string(),
                                    "--lesion", "nevus", "--lines", "48", "--samples", "48"});
  ASSERT_EQ(made.status, 0) << made.err;
  const Outcome ran = run_program({program, "run", "melanoma", (folder / "p" / "cube.hdr").string(),
                                   "-o", (folder / "case").string()});
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const char* name : {"classes.png", "classes.nrrd", "findings.json", "provenance.json"})
    EXPECT_TRUE(fs::exists(folder / "case" / name)) << name;
  Process worker({program, "worker"});
  const json event = test::answer_of(
      worker, {{"id", 1}, {"op", "restore"}, {"folder", (folder / "case").string()}});
  ASSERT_EQ(event.at("event"), "result") << event;
  EXPECT_TRUE(contains(event.at("notes").dump(), "Not for clinical use"));
  EXPECT_EQ(event.at("findings").at("items"),
            json::parse(read_text(folder / "case" / "findings.json")).at("items"));
}

#endif

}
}
