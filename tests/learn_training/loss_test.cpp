// Numbers worked by hand from the formulas that training_loss.cpp cites.
#include "modules/core/error.h"
#include "modules/learn/training.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sensorium {
namespace {

TrainingOptions with(const std::string& loss) {
  TrainingOptions o;
  o.loss = loss;
  return o;
}

const float ln3 = std::log(3.0f); // sigmoid(ln 3) = 3/4
// Probabilities 3/4, 1/4, 1/2, 3/4 against 1, 0, 1, 0.
const Tensor logits{{1, 1, 2, 2}, {ln3, -ln3, 0, ln3}}, target{{1, 1, 2, 2}, {1, 0, 1, 0}};
const Tensor first_three{{1, 1, 2, 2}, {1, 1, 1, 0}};

TEST(Loss, CrossEntropyOfTwoClasses) {
  const double bce = -(std::log(0.75) + std::log(0.75) + std::log(0.5) + std::log(0.25)) / 4;
  EXPECT_NEAR(loss_value(with("bce"), logits, target), bce, 1e-6);
  EXPECT_NEAR(loss_value(with("bce"), logits, target, first_three),
              -(2 * std::log(0.75) + std::log(0.5)) / 3, 1e-6);
}

TEST(Loss, FocalWeighsByWhatIsMissing) {
  const double expected =
      -(2 * 0.0625 * std::log(0.75) + 0.25 * std::log(0.5) + 0.5625 * std::log(0.25)) / 4;
  EXPECT_NEAR(loss_value(with("focal"), logits, target), expected, 1e-6);
  TrainingOptions none = with("focal");
  none.focal_gamma = 0;
  EXPECT_NEAR(loss_value(none, logits, target), loss_value(with("bce"), logits, target), 1e-6);
}

TEST(Loss, OverlapLosses) {
  // both = 3/4 + 1/2, prediction only = 1/4 + 3/4, target only = 1/4 + 1/2
  EXPECT_NEAR(loss_value(with("dice"), logits, target), 1 - 3.5 / (2.5 + 1 + 0.75 + 1), 1e-6);
  EXPECT_NEAR(loss_value(with("dice"), logits, target, first_three),
              1 - 3.5 / (2.5 + 0.25 + 0.75 + 1), 1e-6);
  EXPECT_NEAR(loss_value(with("focal_tversky"), logits, target),
              std::pow(1 - 2.25 / (2.25 + 0.3 * 1 + 0.7 * 0.75), 0.75), 1e-6);
}

TEST(Loss, APairIsItsSum) {
  TrainingOptions pair = with("bce+dice");
  pair.second_loss_weight = 0.25;
  EXPECT_NEAR(loss_value(pair, logits, target),
              loss_value(with("bce"), logits, target) +
                  0.25 * loss_value(with("dice"), logits, target),
              1e-6);
}

TEST(Score, IsTheBestDiceOfAllThresholdsWhateverTheLoss) {
  // From 3/4 on: one found, one wrong, 2 / (1 + 1 + 2). From 1/2 on: both found, one wrong,
  // 4 / (2 + 1 + 2). From 1/4 on: 4 / (2 + 2 + 2).
  for (const char* loss : {"bce", "dice", "focal+dice"})
    EXPECT_NEAR(score_value(with(loss), logits, target), 0.8, 1e-12) << loss;
  EXPECT_NEAR(score_value(with("bce"), logits, target, first_three), 1, 1e-12);
  EXPECT_EQ(score_value(with("bce"), logits, {{1, 1, 2, 2}, {0, 0, 0, 0}}), 0);
  // A network that is sure of itself everywhere, wrongly: all are taken, half are right.
  EXPECT_NEAR(score_value(with("bce"), {{1, 1, 2, 2}, {90, 90, 90, 90}}, target), 2. * 2 / (4 + 2),
              1e-12);
}

TEST(Score, OfClassesIsThePartThatIsRight) {
  const Tensor scores{{1, 3, 1, 2}, {2, 0, 0, 2, 0, 0}}, classes{{1, 1, 1, 2}, {0, 2}};
  EXPECT_EQ(score_value(with("cross_entropy"), scores, classes), 0.5);
  EXPECT_EQ(score_value(with("cross_entropy+dice"), scores, classes, {{1, 1, 1, 2}, {1, 0}}), 1);
}

TEST(Loss, Classes) {
  // Two pixels, three classes; softmax of (ln 2, 0, 0) is 1/2, 1/4, 1/4.
  const float ln2 = std::log(2.0f);
  const Tensor scores{{1, 3, 1, 2}, {ln2, 0, 0, ln2, 0, 0}}, classes{{1, 1, 1, 2}, {0, 2}};
  const double entropy = -(std::log(0.5) + std::log(0.25)) / 2;
  EXPECT_NEAR(loss_value(with("cross_entropy"), scores, classes), entropy, 1e-6);
  const double d0 = 1 - (2 * 0.5 + 1) / (0.75 + 1 + 1), d1 = 1 - 1 / (0.75 + 1),
               d2 = 1 - (2 * 0.25 + 1) / (0.5 + 1 + 1);
  EXPECT_NEAR(loss_value(with("cross_entropy+dice"), scores, classes), entropy + (d0 + d1 + d2) / 3,
              1e-6);
  const Tensor whole{{2, 2}, {ln3, 0, 0, 0}}, of_whole{{2, 1}, {0, 1}};
  EXPECT_NEAR(loss_value(with("cross_entropy"), whole, of_whole),
              -(std::log(0.75) + std::log(0.5)) / 2, 1e-6);
}

TEST(Loss, ShapesThatDoNotFitAreNamed) {
  for (const char* loss : {"bce", "cross_entropy"}) try {
      loss_value(with(loss), logits, Tensor{{1, 1, 3, 2}, std::vector<float>(6)});
      ADD_FAILURE() << loss;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::BadInput);
      EXPECT_NE(std::string(e.what()).find("[1,1,3,2]"), std::string::npos) << e.what();
    }
}

TEST(Schedule, RatesAtKnownSteps) {
  TrainingOptions o;
  o.learning_rate = 1;
  o.warmup_steps = 4;
  EXPECT_NEAR(learning_rate_at(o, 0, 100), 0.25, 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 50, 100), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 25, 100), 0.5 * (1 + std::sqrt(0.5)), 1e-12);
  o.schedule = "constant";
  EXPECT_EQ(learning_rate_at(o, 99, 100), 1);
  o.schedule = "step";
  EXPECT_NEAR(learning_rate_at(o, 59, 100), 1, 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 60, 100), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 99, 100), 0.01, 1e-12);
  o.schedule = "one_cycle";
  EXPECT_NEAR(learning_rate_at(o, 0, 100), 0.04, 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 15, 100), 0.52, 1e-12); // half way up: the mean of 1/25 and 1
  EXPECT_NEAR(learning_rate_at(o, 30, 100), 1, 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 99, 100), 4e-6, 1e-12);
}

TEST(Schedule, EpochsBecomeSteps) {
  TrainingOptions o;
  o.steps = 7;
  o.batch_size = 4;
  o.accumulate = 2;
  EXPECT_EQ(total_steps(o, 20), 7);
  o.epochs = 3;
  EXPECT_EQ(total_steps(o, 20), 8); // 60 samples in steps of 8
}

}
}
