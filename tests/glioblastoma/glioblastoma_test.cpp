// The pipeline as the host, the command line and the worker see it.
#include "hyperspectral/tissue_scores.h"
#include "hyperspectral/tissue_segment.h"
#include "modules/core/hash.h"
#include "modules/io/envi_writer.h"
#include "pipelines/glioblastoma/phantom.h"
#include "tests/io_cube/support.h"
#include "tests/support/pipeline.h"

#include <algorithm>
#include <cmath>

namespace sensorium::glioblastoma {
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

TEST(GlioblastomaPhantom, HasItsClassesAndDependsOnItsSeedAlone) {
  const hyper::TissueScene a = make_brain({.seed = 3}), b = make_brain({.seed = 3}),
                           c = make_brain({.seed = 4});
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_NE(a.labels, c.labels);
  for (int k = 0; k < class_count; ++k)
    EXPECT_GT(std::count(a.labels.begin(), a.labels.end(), k), 50) << class_names[k];
  const hyper::TissueScene healthy = make_brain({.seed = 3, .tumour = false});
  EXPECT_EQ(std::count(healthy.labels.begin(), healthy.labels.end(),
                       static_cast<int>(TissueClass::Tumour)),
            0);
  // Of the same patient, what is no tumour has the same vessels.
  for (std::size_t i = 0; i < a.labels.size(); ++i)
    EXPECT_EQ(a.labels[i] == static_cast<int>(TissueClass::Vessel),
              healthy.labels[i] == static_cast<int>(TissueClass::Vessel));
}

TEST(GlioblastomaPhantom, TumoursHaveMoreBloodAndLessOxygenThanTheirPatient) {
  for (int seed = 1; seed <= 8; ++seed) {
    const hyper::TissueScene s = make_brain({.seed = seed});
    std::array<double, 2> blood{}, oxygen{}, count{};
    for (std::size_t i = 0; i < s.labels.size(); ++i)
      if (s.labels[i] < 2) {
        blood[s.labels[i]] += s.surfaces[i].bulk.blood;
        oxygen[s.labels[i]] += s.surfaces[i].bulk.oxygenation;
        count[s.labels[i]] += 1;
      }
    EXPECT_GT(blood[1] / count[1], blood[0] / count[0]) << seed;
    EXPECT_LT(oxygen[1] / count[1], oxygen[0] / count[0]) << seed;
  }
}

TEST(Glioblastoma, BlocksAreMeansOfUsablePixels) {
  // 8 x 8 pixels of two bands: 40 usable of (1, 3), the rest would spoil them.
  std::vector<float> spectra(128, 100);
  std::vector<std::uint8_t> usable(64, 0);
  for (std::size_t i = 0; i < 40; ++i) {
    usable[i] = 1;
    spectra[i] = 1;
    spectra[64 + i] = 3;
  }
  const std::vector<float> blocks = hyper::block_spectra(spectra, usable, 8, 8, 2);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_NEAR(blocks[0], -1, 1e-5);
  EXPECT_NEAR(blocks[1], 1, 1e-5);
  std::fill(usable.begin() + 10, usable.end(), 0);
  EXPECT_TRUE(hyper::block_spectra(spectra, usable, 8, 8, 2).empty()) << "too few";
}

#ifdef SENSORIUM_HAS_LEARN

const fs::path model = SENSORIUM_SOURCE_DIR "/resources/models/glioblastoma.onnx";
constexpr int unseen = 31001; // a patient of no training, validation or card

const test::DrivenPipeline& pipeline() {
  static const test::DrivenPipeline one(make_extension(), model, 1);
  return one;
}

Cube phantom(const hyper::CameraOptions& camera, int size = 96) {
  Cube cube = hyper::photographed(make_brain({.seed = unseen, .lines = size, .samples = size}),
                                  camera, 5, 1);
  cube.origin.sha256 = "abc";
  return cube;
}

std::shared_ptr<const Analysis> analysed(const Dataset& dataset) {
  return pipeline().analysed(dataset);
}

Findings concluded(const Dataset& dataset, const Analysis& a, const json& values) {
  return pipeline().concluded(dataset, a, values);
}

TEST(Glioblastoma, FindsThePhantomsTumourAndSaysWhatItIs) {
  const Dataset cube = phantom({.snr_db = 30});
  const auto a = analysed(cube);
  const hyper::TissueScene truth = make_brain({.seed = unseen});
  const Artifact& classes = a->artifacts.at(0);
  EXPECT_EQ(classes.name, "classes");
  const auto found = samples<std::uint8_t>(classes.volume.pixels);
  hyper::Confusion table(class_count);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i] != hyper::no_class) table.add(truth.labels[i], found[i]);
  EXPECT_GT(table.macro_f1(), 0.8);
  EXPECT_EQ(std::count(found.begin(), found.end(), hyper::no_class), 96)
      << "one dead line of the sensor";
  const Findings f = concluded(cube, *a, json::object());
  EXPECT_TRUE(notes(f, "Not for clinical use")) << f.notes.size();
  EXPECT_TRUE(notes(f, "96 pixels have no spectrum"));
  EXPECT_FALSE(notes(f, "looks like nothing"));
  ASSERT_FALSE(f.items.empty());
  EXPECT_TRUE(contains(f.items[0].text, "phantom"));
  double areas = 0;
  for (const Measure& m : f.summary) {
    EXPECT_TRUE(m.unit == "px" || m.unit == "%" || m.unit == "1") << "no length without a scale";
    if (contains(m.name, " area")) areas += m.value;
  }
  EXPECT_EQ(areas, 96 * 96 - 96);
  EXPECT_TRUE(contains(a->model_card, "phantom"));
}

TEST(Glioblastoma, LiveParametersChangeTheListAlone) {
  const Dataset cube = phantom({.snr_db = 20});
  const auto a = analysed(cube);
  const auto area = [&](double threshold) {
    const Findings f = concluded(cube, *a, {{"threshold", threshold}, {"least_pixels", 1}});
    double sum = 0;
    for (const Finding& one : f.items) sum += one.measures.at(0).value;
    return sum;
  };
  EXPECT_GE(area(0.2), area(0.5));
  EXPECT_GE(area(0.5), area(0.95));
  EXPECT_GT(area(0.2), 0);
  const Findings few = concluded(cube, *a, {{"least_pixels", 100000}});
  EXPECT_TRUE(few.items.empty());
}

TEST(Glioblastoma, ScaleOfThePixelsAndTilesDoNotMatter) {
  hyper::TissueSegmenter segmenter({class_names.begin(), class_names.end()});
  const Context context{.threads = 1};
  const Cube cube = phantom({.bands = 60, .snr_db = 30, .dead_lines = 0}, 210);
  const hyper::TissueMap whole = segmenter.run(model, cube, nullptr, context);
  Cube brighter = cube;
  brighter.reflectance_scale = *cube.reflectance_scale * 1.7;
  const hyper::TissueMap scaled = segmenter.run(model, brighter, nullptr, context);
  std::size_t same = 0;
  for (std::size_t i = 0; i < whole.classes.size(); ++i)
    same += whole.classes[i] == scaled.classes[i];
  EXPECT_GT(same, whole.classes.size() * 999 / 1000) << "only ties may turn";
  // The middle of the cube lies across four tiles; cut out, it lies in one.
  Cube part = cube;
  part.lines = part.samples = 96;
  std::vector<std::int16_t> values;
  const auto all = samples<std::int16_t>(cube.data);
  for (std::size_t y = 112; y < 208; ++y)
    for (std::size_t b = 0; b < 60; ++b)
      for (std::size_t x = 112; x < 208; ++x) values.push_back(all[(y * 60 + b) * 210 + x]);
  part.data = Buffer::of(std::move(values));
  set_dense_strides(part);
  const hyper::TissueMap cut = segmenter.run(model, part, nullptr, context);
  std::size_t differ = 0;
  for (std::size_t y = 32; y < 64; ++y)
    for (std::size_t x = 32; x < 64; ++x)
      differ += cut.classes[y * 96 + x] != whole.classes[(y + 112) * 210 + x + 112];
  EXPECT_LE(differ, 3u) << "of 1,024";
}

TEST(Glioblastoma, RefusesWhatItCannotJudge) {
  Cube counts = phantom({.dead_lines = 0});
  counts.reflectance_scale.reset();
  const Error raw = error_of([&] { analysed(Dataset(counts)); });
  EXPECT_EQ(raw.code(), ErrorCode::Unsupported);
  EXPECT_TRUE(contains(raw.what(), "calibrated reflectance")) << raw.what();
  Cube nameless = phantom({});
  nameless.wavelengths_nm.clear();
  EXPECT_EQ(error_of([&] { analysed(Dataset(nameless)); }).code(), ErrorCode::Unsupported);
  EXPECT_EQ(error_of([&] { analysed(Dataset(phantom({.first_nm = 520}))); }).code(),
            ErrorCode::Unsupported);
  const Dataset cube = phantom({});
  EXPECT_EQ(error_of([&] {
              pipeline().definition.analyse(
                  {.dataset = cube,
                   .parameters = complete(pipeline().definition.info.parameters, json::object()),
                   .model = SENSORIUM_SOURCE_DIR "/resources/models/motor_fault.onnx"},
                  Context{});
            }).code(),
            ErrorCode::Unsupported);
  EXPECT_EQ(error_of([&] {
              pipeline().definition.analyse(
                  {.dataset = cube,
                   .parameters =
                       complete(pipeline().definition.info.parameters, {{"white", "/absent.hdr"}}),
                   .model = model},
                  Context{});
            }).code(),
            ErrorCode::NotFound);
}

// A meadow: reflectance, but of nothing that training knew.
TEST(Glioblastoma, SaysThatAMeadowIsNoBrain) {
  Cube cube = phantom({.dead_lines = 0});
  std::vector<std::int16_t> values;
  for (int y = 0; y < 96; ++y)
    for (const double nm : cube.wavelengths_nm)
      for (int x = 0; x < 96; ++x) {
        const double green = 0.08 * std::exp(-std::pow((nm - 550) / 30, 2));
        const double edge = 0.45 / (1 + std::exp(-(nm - 715) / 8));
        values.push_back(static_cast<std::int16_t>(1e4 * (0.04 + green + edge) + (x * y) % 7));
      }
  cube.data = Buffer::of(std::move(values));
  const Dataset meadow = cube;
  const auto a = analysed(meadow);
  EXPECT_TRUE(notes(concluded(meadow, *a, json::object()), "looks like nothing"));
}

TEST(Glioblastoma, RunsFromTheCommandLineWithItsReport) {
  const test::Folder folder;
  const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";
  const auto sensorium = [&](std::vector<std::string> words) {
    words.insert(words.begin(), program);
    return run_program(words);
  };
  const Outcome made = sensorium({"phantom", "glioblastoma", "-o", (folder / "p").string(),
                                  "--lines", "48", "--samples", "40", "--snr_db", "25"});
  ASSERT_EQ(made.status, 0) << made.err;
  const json truth = json::parse(read_text(folder / "p" / "truth.json"));
  EXPECT_TRUE(contains(truth.at("content").get<std::string>(), "no patient"));
  const Outcome ran = sensorium({"run", "glioblastoma", (folder / "p" / "cube.hdr").string(), "-o",
                                 (folder / "case").string()});
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const char* name : {"classes.png", "classes.nrrd", "soft_map.nrrd", "findings.json",
                           "recipe.json", "provenance.json"})
    EXPECT_TRUE(fs::exists(folder / "case" / name)) << name;
  const Outcome report =
      sensorium({"report", (folder / "case").string(), "-o", (folder / "case.pdf").string()});
  EXPECT_EQ(report.status, 0) << report.err;
  EXPECT_TRUE(read_text(folder / "case.pdf").starts_with("%PDF-"));
  const Outcome refused = sensorium({"run", "glioblastoma", (folder / "p" / "truth.hdr").string(),
                                     "-o", (folder / "none").string()});
  EXPECT_NE(refused.status, 0);
  EXPECT_TRUE(contains(refused.err, "hint: ")) << refused.err;
}

TEST(Glioblastoma, RunsInTheWorkerAndIsRestored) {
  const test::Folder folder;
  envi::write(phantom({.bands = 60}, 48), folder / "cube.hdr", Context{});
  Process worker({SENSORIUM_BINARY_DIR "/bin/sensorium", "worker"});
  const auto ask = [&](const json& request) { return test::answer_of(worker, request); };
  const json ran = ask({{"id", 1},
                        {"op", "run"},
                        {"recipe",
                         {{"format", "sensorium-recipe"},
                          {"version", 1},
                          {"pipeline", {{"id", "glioblastoma"}}},
                          {"inputs", {{{"path", (folder / "cube.hdr").string()}}}}}},
                        {"output", (folder / "case").string()}});
  ASSERT_EQ(ran.at("event"), "result") << ran;
  EXPECT_EQ(ran.at("artifacts").size(), 2u);
  EXPECT_TRUE(contains(ran.at("notes").dump(), "Not for clinical use"));
  json parameters = ran.at("findings").at("parameters");
  parameters["least_pixels"] = 100000;
  const json fewer = ask({{"id", 2}, {"op", "conclude"}, {"parameters", parameters}});
  ASSERT_EQ(fewer.at("event"), "result") << fewer;
  EXPECT_TRUE(fewer.at("findings").at("items").empty());
  const json again = ask({{"id", 3}, {"op", "restore"}, {"folder", (folder / "case").string()}});
  ASSERT_EQ(again.at("event"), "result") << again;
  EXPECT_EQ(again.at("findings").at("items"), ran.at("findings").at("items"));
}

TEST(Glioblastoma, TrainsAndTheNetworkRuns) {
  const test::Folder folder;
  const PipelineCommand& train = pipeline().command("train");
  const json values = complete(train.parameters, {{"patients", 20},
                                                  {"validation_patients", 2},
                                                  {"test_patients", 1},
                                                  {"side", 16},
                                                  {"steps", 2},
                                                  {"batch_size", 2},
                                                  {"widths", "8,8"}});
  const json out = train.run({}, values, folder.path(), Context{.threads = 1});
  hyper::TissueSegmenter segmenter({class_names.begin(), class_names.end()});
  const hyper::TissueMap s =
      segmenter.run(out.at("model").get<std::string>(), phantom({.bands = 60}, 32), nullptr,
                    Context{.threads = 1});
  EXPECT_EQ(s.classes.size(), 32u * 32u);
  const json card = json::parse(segmenter.card_json());
  EXPECT_TRUE(contains(card.at("data").get<std::string>(), "no patient"));
  EXPECT_EQ(error_of([&] { train.run({"x"}, values, folder.path(), Context{}); }).code(),
            ErrorCode::Usage);
}

// Two patches of one patient: that they run and are called what they are, not that they are right.
TEST(Glioblastoma, TheTwoRealPatchesRunAndAreSaidToBeScaled) {
  const fs::path patches = fs::path(SENSORIUM_SHARED_DATA) / "hyperspectral" / "helicoid_patches";
  if (!fs::exists(patches)) GTEST_SKIP() << "no ../shared/data";
  for (const char* name : {"058-02_0_0.npy", "058-02_0_1.npy"}) {
    const Dataset patch = test::registry().open(patches / name);
    const auto a = analysed(patch);
    const Findings f = concluded(patch, *a, json::object());
    EXPECT_TRUE(notes(f, "Not for clinical use"));
    EXPECT_TRUE(notes(f, "pixel by pixel")) << name;
  }
}

#endif

}
}
