// Training on reviewed cases: which B-scans, what is counted, what is refused.
#include "pipelines/oct_hrf/reviewed_source.h"
#include "pipelines/oct_hrf/train_command.h"

#include "modules/learn/onnx_file.h"
#include "tests/oct_hrf_evaluate/made_set.h"

#include <set>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

SampleOptions whole_picture() {
  SampleOptions o;
  o.side = 80;
  o.scans = 3;
  o.patches = 8;
  o.input = "raw";
  o.augment = false;
  return o;
}

}

TEST(ChosenBscans, MarkedFirstThenOthersEvenlySpread) {
  std::vector<bool> marked(10, false);
  marked[4] = marked[7] = true;
  EXPECT_EQ(chosen_bscans(marked, 1), (std::vector<int>{4}));
  EXPECT_EQ(chosen_bscans(marked, 2), (std::vector<int>{4, 7}));
  EXPECT_EQ(chosen_bscans(marked, 4), (std::vector<int>{0, 4, 5, 7}));
  EXPECT_EQ(chosen_bscans(marked, 50).size(), 10u);
  EXPECT_EQ(chosen_bscans(std::vector<bool>(4, true), 2), (std::vector<int>{0, 2}));
}

TEST(ReviewedSamples, LesionsAreTheTargetAndWhatNobodyDecidedIsNotCounted) {
  MadeSet made("target");
  made.add("training", "a");
  made.add("validation", "b");
  const TrainingSet set = read_training_set(made.save());
  const ReviewedSamples samples(set, "training", whole_picture(), {});
  ASSERT_EQ(samples.size(), 24u);
  EXPECT_EQ(samples.recordings(), 1u);
  double target = 0, left_out = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(samples.group(i), "patient a");
    const Sample s = samples.get(i, 0);
    EXPECT_EQ(s.input.shape, (std::vector<std::int64_t>{1, 80, 80}));
    const bool second = i / 8 == 1; // the B-scan with marks
    EXPECT_EQ(s.weight.values.empty(), !second) << i;
    for (std::size_t k = 0; k < s.target.values.size(); ++k) {
      target = std::max<double>(target, s.target.values[k]);
      if (!second) {
        EXPECT_EQ(s.target.values[k], 0) << i;
        continue;
      }
      left_out += s.weight.values[k] == 0 ? 1 : 0;
      if (s.weight.values[k] == 0) {
        EXPECT_EQ(s.target.values[k], 0);
      }
    }
    // A patch 80 wide of a picture 96 wide always holds columns 16 to 79: the lesion is in each.
    if (second) {
      EXPECT_EQ(std::count(s.target.values.begin(), s.target.values.end(), 1.0f), 16);
    }
  }
  EXPECT_EQ(target, 1);
  EXPECT_EQ(left_out, 8 * 16);
}

TEST(ReviewedSamples, DamagedSetsAreRefused) {
  MadeSet made("damaged");
  made.add("training", "a");
  made.add("validation", "b");
  const auto read = [&] { read_training_set(made.save()); };
  const json good = made.index;
  read();
  made.index["items"][1]["patient"] = "a";
  EXPECT_EQ(refused(read, "patient a in 'training' and in 'validation'"), ErrorCode::BadInput);
  made.index = good;
  made.index["items"][0]["image"] = "../../secret.nrrd";
  EXPECT_EQ(refused(read, "outside its folder"), ErrorCode::BadInput);
  made.index["items"][0]["image"] = "/etc/passwd";
  EXPECT_EQ(refused(read, "outside its folder"), ErrorCode::BadInput);
  made.index = good;
  made.index["version"] = 2;
  EXPECT_EQ(refused(read, "newer"), ErrorCode::Unsupported);
  made.index = good;
  made.index["labels"] = {{"0", "focus"}};
  EXPECT_EQ(refused(read, "'0'"), ErrorCode::BadInput);
  made.index = good;
  made.index.erase("items");
  EXPECT_EQ(refused(read, "damaged"), ErrorCode::BadInput);
  made.index = good;
  made.index["pipeline"] = "motor_fault";
  made.save();
  const auto load = [&] {
    ReviewedSamples(read_training_set(made.folder), "training", whole_picture(), {});
  };
  EXPECT_EQ(refused(load, "motor_fault"), ErrorCode::Usage);
  made.index = good;
  made.save();
  load();
  std::ofstream(made.folder / "masks" / "1.nrrd", std::ios::app) << "x";
  EXPECT_EQ(refused(load, "is not the file"), ErrorCode::BadInput);
  fs::remove(made.folder / "masks" / "1.nrrd");
  EXPECT_EQ(refused(load, "is missing"), ErrorCode::NotFound);
}

TEST(TrainCommand, LearnsFromReviewedCasesAndSaysSoInTheCard) {
  MadeSet made("train");
  made.add("training", "a");
  made.add("training", "b", 8);
  made.add("validation", "c", 4);
  const fs::path out = made.folder / "out";
  const json parameters = {{"dataset", made.save().string()},
                           {"side", 64},
                           {"sample_scans", 3},
                           {"widths", "4,8"},
                           {"steps", 12},
                           {"batch_size", 2},
                           {"validate_every", 6}};
  const json result = train_command().run({}, parameters, out, {});
  const Graph model = read_onnx(result.at("model").get<std::string>());
  const json card = json::parse(model.metadata.at("sensorium.card"));
  EXPECT_EQ(card.at("data"), "reviewed cases, 2 for training and 1 for validation");
  EXPECT_EQ(card.at("split").at("group"), "patient");
  EXPECT_EQ(card.dump().find(made.folder.string()), std::string::npos);

  MadeSet one("train_one_part");
  one.add("training", "a");
  json bad = parameters;
  bad["dataset"] = one.save().string();
  EXPECT_EQ(refused([&] { train_command().run({}, bad, one.folder / "out", {}); }, "'validation'"),
            ErrorCode::Usage);
}
