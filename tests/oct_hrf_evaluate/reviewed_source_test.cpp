// Training on reviewed cases: which B-scans, what is counted, what is refused.
#include "pipelines/oct_hrf/reviewed_source.h"
#include "pipelines/oct_hrf/train_command.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/io/grid_writer.h"
#include "modules/learn/onnx_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>

using namespace sensorium;
using namespace sensorium::oct_hrf;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr int width = 96, height = 80, depth = 3;

// A flat retina between rows 20 and 60; a lesion (1), a vessel (4) and an undecided patch (255) in
// the second B-scan.
struct MadeSet {
  fs::path folder;
  json index;

  explicit MadeSet(const std::string& name)
      : folder(fs::path(SENSORIUM_BINARY_DIR) / "test_reviewed_source" / name) {
    fs::remove_all(folder);
    fs::create_directories(folder / "images");
    fs::create_directories(folder / "masks");
    index = {{"format", "sensorium-training-set"},
             {"version", 1},
             {"pipeline", "oct_hrf"},
             {"labels", {{"1", "focus"}, {"2", "exudate"}, {"4", "vessel or shadow"}}},
             {"ignored_value", 255},
             {"items", json::array()}};
  }
  void add(const std::string& part, const std::string& patient, int shift = 0) {
    std::vector<std::uint8_t> image(std::size_t{width} * height * depth), mask(image.size());
    const auto at = [](int x, int y, int z) {
      return (static_cast<std::size_t>(z) * height + y) * width + x;
    };
    for (int z = 0; z < depth; ++z)
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          image[at(x, y, z)] =
              static_cast<std::uint8_t>((y >= 20 && y < 60 ? 110 : 15) + (x * 7 + y * 13 + z) % 11);
    const auto paint = [&](int x0, int y0, int value, int grey) {
      for (int y = y0; y < y0 + 4; ++y)
        for (int x = x0; x < x0 + 4; ++x) {
          mask[at(x, y, 1)] = static_cast<std::uint8_t>(value);
          image[at(x, y, 1)] = static_cast<std::uint8_t>(grey);
        }
    };
    paint(40 + shift, 36, 1, 250);
    paint(10, 40, 4, 200);
    paint(70, 44, 255, 230);
    const std::string name = std::to_string(index["items"].size() + 1) + ".nrrd";
    write(image, "image", folder / "images" / name);
    write(mask, "labels", folder / "masks" / name);
    index["items"].push_back({{"image", "images/" + name},
                              {"image_sha256", sha256_of_path(folder / "images" / name)},
                              {"mask", "masks/" + name},
                              {"mask_sha256", sha256_of_path(folder / "masks" / name)},
                              {"part", part},
                              {"patient", patient}});
  }
  fs::path save() const {
    std::ofstream(folder / "index.json") << index.dump();
    return folder;
  }

private:
  static void write(const std::vector<std::uint8_t>& values, const char* role,
                    const fs::path& path) {
    Volume volume{.width = width, .height = height, .depth = depth};
    volume.pixels = Buffer::of(values);
    for (Spacing& s : volume.spacing) s = unknown_spacing("made");
    grid::write_nrrd({.volume = volume, .role = role}, path);
  }
};

ErrorCode refused(const std::function<void()>& act, const std::string& text) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
    return e.code();
  }
  ADD_FAILURE() << "taken: " << text;
  return ErrorCode::Internal;
}

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
