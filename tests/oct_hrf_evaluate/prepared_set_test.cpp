// B-scans that were prepared once and are read while training.
#include "pipelines/oct_hrf/prepare_command.h"
#include "pipelines/oct_hrf/prepared_set.h"
#include "pipelines/oct_hrf/reviewed_source.h"
#include "pipelines/oct_hrf/sample_source.h"
#include "pipelines/oct_hrf/train_command.h"

#include "modules/learn/onnx_file.h"
#include "tests/oct_hrf_evaluate/made_set.h"

#include <algorithm>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

TrainingBscan drawn() {
  TrainingBscan b{.group = "g", .width = 40, .height = 48};
  for (int i = 0; i < 40 * 48; ++i) {
    b.raw.push_back(static_cast<std::uint8_t>(i % 251));
    b.enhanced.push_back(static_cast<std::uint8_t>(i % 241));
    b.target.push_back(i % 7 == 0 ? 255 : 0);
    b.undecided.push_back(i % 9 == 0 ? 255 : 0);
  }
  b.lesions = {{3, 4}, {39, 47}};
  b.retina_top = -5; // a tilted retina leaves the picture
  b.retina_bottom = 30;
  return b;
}

bool same(const TrainingBscan& a, const TrainingBscan& b) {
  return a.width == b.width && a.height == b.height && a.raw == b.raw && a.enhanced == b.enhanced &&
         a.target == b.target && a.undecided == b.undecided && a.lesions == b.lesions &&
         a.retina_top == b.retina_top && a.retina_bottom == b.retina_bottom;
}

fs::path fresh(const std::string& name) {
  const fs::path out = fs::path(SENSORIUM_BINARY_DIR) / "test_prepared_set" / name;
  fs::remove_all(out);
  return out;
}

// The B-scans of a part, with their groups.
std::vector<TrainingBscan> bscans_in(const fs::path& set, const std::string& part) {
  const ShardReader reader(read_shard_index(set), part);
  std::vector<TrainingBscan> out;
  for (std::size_t i = 0; i < reader.records(); ++i) {
    out.push_back(bscan_of(reader.read(i)));
    out.back().group = reader.group(i);
  }
  return out;
}

}

TEST(PreparedRecord, HoldsEverythingOfABscan) {
  const TrainingBscan b = drawn();
  EXPECT_TRUE(same(bscan_of(record_of(b)), b));
  TrainingBscan plain = b;
  plain.enhanced.clear();
  plain.undecided.clear();
  plain.lesions.clear();
  EXPECT_TRUE(same(bscan_of(record_of(plain)), plain));
  EXPECT_FALSE(same(bscan_of(record_of(plain)), b));
}

TEST(PreparedRecord, DamageIsRefused) {
  const std::vector<std::byte> good = record_of(drawn());
  for (const std::size_t size : {std::size_t{0}, std::size_t{23}, std::size_t{24}, good.size() - 1})
    EXPECT_EQ(refused([&] { bscan_of(std::span(good).first(size)); }, ""), ErrorCode::BadInput)
        << size;
  // width, height, retina_top, retina_bottom, flags, lesions
  for (const auto& [at, value] :
       std::initializer_list<std::pair<std::size_t, std::int32_t>>{{0, 0},
                                                                   {0, -40},
                                                                   {1, 1 << 30},
                                                                   {2, 1 << 30},
                                                                   {3, -(1 << 30)},
                                                                   {4, 4},
                                                                   {4, 1},
                                                                   {5, -1},
                                                                   {5, 1 << 30},
                                                                   {5, 3},
                                                                   {6, 1 << 30}}) {
    std::vector<std::byte> bad = good;
    std::memcpy(bad.data() + 4 * at, &value, 4);
    EXPECT_EQ(refused([&] { bscan_of(bad); }, "prepared set"), ErrorCode::BadInput)
        << at << " " << value;
  }
}

TEST(PrepareCommand, WritesTheBscansOfThePhantomsWhateverTheThreads) {
  const json parameters = {{"seeds", 3},        {"first_seed", 7},
                           {"sample_scans", 1}, {"validation_seeds", 1},
                           {"input", "raw"},    {"shards", 2}};
  const fs::path one = fresh("one"), two = fresh("two");
  Context threads;
  threads.threads = 1;
  const json told = prepare_command().run({}, parameters, one, threads);
  threads.threads = 2;
  prepare_command().run({}, parameters, two, threads);
  EXPECT_EQ(sha256_of_path(one), sha256_of_path(two));
  EXPECT_EQ(told.at("training"), 3);
  EXPECT_EQ(told.at("validation"), 1);

  SampleOptions options;
  options.scans = 1;
  options.input = "raw";
  const auto read = bscans_in(one, "training");
  ASSERT_EQ(read.size(), 3u);
  for (int seed = 7; seed < 10; ++seed) {
    PhantomOptions phantom;
    phantom.seed = seed;
    phantom.scans = 1;
    const TrainingBscan wanted = phantom_bscans(phantom, options).at(0);
    EXPECT_EQ(std::count_if(read.begin(), read.end(),
                            [&](const TrainingBscan& b) {
                              return b.group == wanted.group && same(b, wanted);
                            }),
              1)
        << seed;
  }
  EXPECT_EQ(bscans_in(one, "validation").at(0).group, "phantom seed 10000");
  EXPECT_EQ(refused([&] { prepare_command().run({}, parameters, one, {}); }, "already"),
            ErrorCode::Conflict);
  EXPECT_EQ(refused([&] { prepare_command().run({}, {{"first_seed", 9999}}, fresh("late"), {}); },
                    "validation seeds"),
            ErrorCode::Usage);
}

TEST(PrepareCommand, ATrainingOnThePreparedSetSeesTheSamplesOfTheSet) {
  MadeSet made("prepared");
  made.add("training", "a");
  made.add("training", "b", 8);
  made.add("validation", "c", 4);
  const fs::path set = fresh("reviewed");
  const json told =
      prepare_command().run({}, {{"dataset", made.save().string()}, {"sample_scans", 3}}, set, {});
  EXPECT_EQ(told.at("training"), 6);
  EXPECT_EQ(told.at("validation"), 3);

  SampleOptions options;
  options.scans = 3;
  options.patches = 2;
  options.side = 64;
  const ReviewedSamples memory(read_training_set(made.folder), "training", options, {});
  const auto disk = prepared_samples(read_shard_index(set), "training", options);
  ASSERT_EQ(disk->size(), memory.size());
  const auto read = bscans_in(set, "training");
  for (std::size_t i = 0; i < disk->size(); ++i) {
    const Sample got = disk->get(i, 11);
    const Sample wanted = patch_of(read.at(i / 2), options, i, 11);
    EXPECT_EQ(got.input.values, wanted.input.values);
    EXPECT_EQ(got.target.values, wanted.target.values);
    EXPECT_EQ(got.weight.values, wanted.weight.values);
    EXPECT_EQ(disk->group(i), read.at(i / 2).group);
  }

  json parameters = {{"dataset", set.string()}, {"side", 64},   {"widths", "4,8"},    {"steps", 12},
                     {"batch_size", 2},         {"patches", 2}, {"validate_every", 6}};
  const json result = train_command().run({}, parameters, fresh("out"), {});
  const Graph model = read_onnx(result.at("model").get<std::string>());
  const json card = json::parse(model.metadata.at("sensorium.card"));
  EXPECT_EQ(card.at("data"), "reviewed cases, 2 for training and 1 for validation");
  EXPECT_EQ(card.at("split").at("prepared_set_sha256"), sha256_of_path(set / "index.json"));
  EXPECT_EQ(card.dump().find(set.string()), std::string::npos);
  EXPECT_LE(result.at("loader_waited_s").get<double>(), result.at("steps_s").get<double>());
  EXPECT_EQ(train_command().run({}, parameters, fresh("again"), {}).at("weights_sha256"),
            result.at("weights_sha256"));

  parameters["phantoms"] = true;
  EXPECT_EQ(refused([&] { train_command().run({}, parameters, fresh("no"), {}); }, "--phantoms"),
            ErrorCode::Usage);
}

TEST(PrepareCommand, ASetThatLacksWhatIsAskedForIsRefused) {
  MadeSet made("prepared_raw");
  made.add("training", "a");
  made.add("validation", "c", 4);
  const fs::path set = fresh("raw");
  prepare_command().run({}, {{"dataset", made.save().string()}, {"input", "raw"}}, set, {});
  const json train = {{"dataset", set.string()}, {"side", 64}, {"widths", "4,8"}, {"steps", 1}};
  EXPECT_EQ(refused([&] { train_command().run({}, train, fresh("no"), {}); }, "raw B-scans alone"),
            ErrorCode::Usage);
  ShardIndex other = read_shard_index(set);
  other.pipeline = "motor_fault";
  EXPECT_EQ(refused([&] { prepared_samples(other, "training", {.input = "raw"}); }, "motor_fault"),
            ErrorCode::Usage);
  MadeSet half("prepared_half");
  half.add("training", "a");
  const fs::path out = fresh("half");
  EXPECT_EQ(
      refused([&] { prepare_command().run({}, {{"dataset", half.save().string()}}, out, {}); },
              "'validation'"),
      ErrorCode::Usage);
  EXPECT_TRUE(fs::is_empty(out)) << "nothing half-written stays";
}
