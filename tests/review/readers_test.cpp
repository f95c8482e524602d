#include "modules/review/comparison.h"
#include "modules/review/review_log.h"
#include "tests/review/lesions.h"

#include <filesystem>
#include <unistd.h>

namespace sensorium::test {
namespace {
namespace fs = std::filesystem;

Findings proposal() {
  Findings out;
  out.items = {lesion("f1", {{0, 0, 0, 4}}), lesion("f2", {{1, 0, 20, 4}}),
               lesion("f3", {{2, 0, 40, 4}})};
  return out;
}

Story two_readers() {
  Story s;
  s.add("ann", "accept", {{"finding", "f1"}});
  s.add("ben", "reject", {{"finding", "f1"}});
  s.add("ben", "relabel", {{"finding", "f2"}, {"label", "exudate"}});
  return s;
}

TEST(Readers, ALayerHoldsOnlyWhatThatReaderDid) {
  const Story s = two_readers();
  const Layer ann = reader_layer(proposal(), s.events, "ann", micrometres);
  ASSERT_EQ(ann.findings.size(), 1u);
  EXPECT_EQ(ann.findings[0].id, "f1");
  EXPECT_EQ(ann.undecided, 2);
  const Layer ben = reader_layer(proposal(), s.events, "ben", micrometres);
  ASSERT_EQ(ben.findings.size(), 1u);
  EXPECT_EQ(ben.findings[0].label, "exudate");
  EXPECT_EQ(reader_layer(proposal(), s.events, "ben", micrometres, true).findings.size(), 2u)
      << "f2 and the undecided f3; f1 is rejected";
}

TEST(Readers, ABlindedReadHidesOthersUntilAllHaveSigned) {
  Story s;
  s.add("protocol", "protocol", protocol_data(true, {"ann", "ben"}));
  s.add("ann", "accept", {{"finding", "f1"}});
  s.add("ben", "reject", {{"finding", "f1"}});
  EXPECT_TRUE(protocol_of(s.events).closed());
  EXPECT_EQ(visible_readers(s.events, "ben"), std::vector<std::string>{"ben"});
  const ReviewState of_ben = fold(proposal(), visible_events(s.events, "ben"));
  ASSERT_EQ(of_ben.findings.size(), 3u) << "the pipeline's proposal is shown";
  EXPECT_EQ(of_ben.findings[0].state, FindingState::Rejected);
  EXPECT_EQ(fold(proposal(), visible_events(s.events, "cat")).findings[0].state,
            FindingState::Proposed)
      << "a third person sees nobody's decisions";
  EXPECT_NE(message_of(ErrorCode::Conflict, [&] { require_open(s.events, "no"); }).find("ann"),
            std::string::npos);
  s.add("ann", "sign_layer", sign_layer_data("read"));
  EXPECT_EQ(protocol_of(s.events).missing(), std::vector<std::string>{"ben"});
  EXPECT_TRUE(protocol_of(s.events).closed()) << "one signature opens nothing";
  EXPECT_EQ(visible_readers(s.events, "ann"), std::vector<std::string>{"ann"});
  s.add("ben", "sign_layer", sign_layer_data("read"));
  EXPECT_FALSE(protocol_of(s.events).closed());
  EXPECT_EQ(visible_readers(s.events, "ben"), (std::vector<std::string>{"ann", "ben"}));
  EXPECT_NO_THROW(require_open(s.events, "now"));
}

class ReadersLog : public testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    log_ = ReviewLog::open(folder_ / "review.sqlite", ReviewLog::Mode::ReadWrite);
  }
  void TearDown() override {
    log_.reset();
    fs::remove_all(folder_);
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium_readers_" + std::to_string(::getpid()));
  std::unique_ptr<ReviewLog> log_;
};

TEST_F(ReadersLog, ASignedLayerIsFrozenAndOthersGoOn) {
  log_->append("ann", "accept", {{"finding", "f1"}});
  log_->append("ann", "sign_layer", sign_layer_data("read"));
  EXPECT_NE(
      message_of(ErrorCode::Conflict, [&] { log_->append("ann", "reject", {{"finding", "f1"}}); })
          .find("ann"),
      std::string::npos);
  message_of(ErrorCode::Conflict, [&] { log_->undo("ann"); });
  log_->append("ben", "reject", {{"finding", "f1"}});
  EXPECT_FALSE(log_->is_signed());
  EXPECT_TRUE(log_->verify().intact);
}

TEST_F(ReadersLog, ABlindedReadCanNeitherBeOpenedNorSignedEarly) {
  log_->append("protocol", "protocol", protocol_data(true, {"ann", "ben"}));
  log_->append("ann", "accept", {{"finding", "f1"}});
  log_->append("ann", "sign_layer", sign_layer_data("read"));
  EXPECT_NE(message_of(ErrorCode::Conflict, [&] { log_->sign("ann", "done"); }).find("ben"),
            std::string::npos);
  message_of(ErrorCode::Conflict,
             [&] { log_->append("ann", "protocol", protocol_data(false, {})); });
  log_->append("ben", "sign_layer", sign_layer_data("read"));
  EXPECT_NO_THROW(log_->sign("ann", "done"));
  EXPECT_TRUE(log_->verify().intact);
}

TEST(Consensus, MajorityNeedsMoreThanHalfOfLesionsAndOfVoxels) {
  const std::vector<Layer> layers{
      {"a", {lesion("1", {{0, 0, 0, 6}}), lesion("2", {{0, 50, 0, 4}})}},
      {"b", {lesion("3", {{0, 0, 2, 6}}, "exudate")}},
      {"c", {lesion("4", {{0, 0, 2, 4}}), lesion("5", {{5, 0, 90, 2}})}}};
  const Consensus found = consensus(layers, micrometres, ConsensusRule::Majority);
  ASSERT_EQ(found.findings.size(), 1u);
  EXPECT_EQ(found.findings[0].label, "focus");
  EXPECT_EQ(found.findings[0].attributes.at("seen_by"), "3 of 3");
  EXPECT_EQ(found.disputed_labels, 1);
  EXPECT_EQ(found.left_out.size(), 2u);
  // a: 0-5, b: 2-7, c: 2-5. In at least two: 2-5.
  EXPECT_EQ(runs_to_json(found.findings[0].footprint), nlohmann::json({0, 0, 2, 4}));
  EXPECT_EQ(
      runs_to_json(consensus(layers, micrometres, ConsensusRule::Union).findings[0].footprint),
      nlohmann::json({0, 0, 0, 8}));
  EXPECT_EQ(consensus(layers, micrometres, ConsensusRule::Union).findings.size(), 3u);
}

TEST(Consensus, OfTwoReadersMajorityIsIntersection) {
  const std::vector<Layer> layers{{"a", {lesion("1", {{0, 0, 0, 6}})}},
                                  {"b", {lesion("3", {{0, 0, 4, 6}})}}};
  for (const ConsensusRule rule : {ConsensusRule::Majority, ConsensusRule::Intersection})
    EXPECT_EQ(runs_to_json(consensus(layers, micrometres, rule).findings.at(0).footprint),
              nlohmann::json({0, 0, 4, 2}));
  message_of(ErrorCode::Usage,
             [&] { consensus({layers[0]}, micrometres, ConsensusRule::Majority); });
}

TEST(Consensus, IsAPersonsLayerThatTheyDecide) {
  const std::vector<Layer> layers{{"a", {lesion("1", {{0, 0, 0, 6}})}},
                                  {"b", {lesion("3", {{0, 0, 4, 6}})}}};
  const Consensus found = consensus(layers, micrometres, ConsensusRule::Union);
  Story s;
  const std::string reader = consensus_reader("dr chief");
  EXPECT_TRUE(is_consensus_reader(reader));
  s.add(reader, "import_layer", consensus_data(found, s.events, "dr chief"));
  const ReviewState before = fold({}, s.events, reader);
  ASSERT_EQ(before.findings.size(), 1u);
  s.add(reader, "reject", {{"finding", before.findings[0].finding.id}});
  EXPECT_EQ(fold({}, s.events, reader).findings[0].state, FindingState::Rejected);
  message_of(ErrorCode::Conflict, [&] { (void)consensus_data(found, s.events, "dr chief"); });
  EXPECT_NO_THROW((void)consensus_data(found, s.events, "another"));
}

TEST(Comparison, CountsByHandOverTwoCases) {
  const Layer a1{"ann", {lesion("1", {{0, 0, 0, 4}}), lesion("2", {{1, 50, 0, 4}})}, 3};
  const Layer b1{"ben", {lesion("3", {{0, 0, 2, 4}}, "exudate")}};
  const Layer a2{"ann", {lesion("4", {{0, 0, 0, 4}})}};
  const Layer b2{"ben", {lesion("5", {{0, 0, 0, 4}}), lesion("6", {{1, 9, 90, 1}})}};
  const Comparison c = compared(
      "ann", "ben",
      {compare_case("one", a1, b1, 2, micrometres), compare_case("two", a2, b2, 2, micrometres)});
  EXPECT_EQ(c.count_a, 3);
  EXPECT_EQ(c.count_b, 3);
  EXPECT_EQ(c.matched, 2);
  EXPECT_EQ(c.only_a, 1);
  EXPECT_EQ(c.only_b, 1);
  EXPECT_EQ(c.same_label, 1);
  EXPECT_DOUBLE_EQ(c.f1, 4.0 / 6);
  // Dice: 2 * 2 / (8 + 4) and 2 * 4 / (4 + 5).
  EXPECT_DOUBLE_EQ(c.mean_dice, (4.0 / 12 + 8.0 / 9) / 2);
  // Differences by case: +1, -1: bias 0, deviation sqrt(2).
  EXPECT_EQ(c.by_case.n, 2);
  EXPECT_DOUBLE_EQ(c.by_case.bias, 0);
  EXPECT_NEAR(c.by_case.upper, 1.96 * std::sqrt(2.0), 1e-12);
  // By B-scan: 0, +1, 0, -1.
  EXPECT_EQ(c.by_slice.n, 4);
  EXPECT_NEAR(c.by_slice.deviation, std::sqrt(2.0 / 3), 1e-12);
  EXPECT_EQ(c.confusion.labels, (std::vector<std::string>{"exudate", "focus", "none"}));
  EXPECT_EQ(c.confusion.counts, (std::vector<std::vector<int>>{{0, 0, 0}, {1, 1, 1}, {0, 1, 0}}));
  EXPECT_NE(c.rule.find("30 um"), std::string::npos) << c.rule;
}

TEST(Comparison, IsPerfectWithItselfAndSymmetric) {
  const Layer a{"a", {lesion("1", {{0, 0, 0, 4}}), lesion("2", {{3, 3, 3, 3}})}};
  const Layer b{"b", {lesion("3", {{0, 1, 0, 4}})}};
  const Comparison same = compared("a", "a", {compare_case("x", a, a, 5, micrometres)});
  EXPECT_DOUBLE_EQ(same.f1, 1);
  EXPECT_DOUBLE_EQ(same.mean_dice, 1);
  const Comparison ab = compared("a", "b", {compare_case("x", a, b, 5, micrometres)}),
                   ba = compared("b", "a", {compare_case("x", b, a, 5, micrometres)});
  EXPECT_DOUBLE_EQ(ab.f1, ba.f1);
  EXPECT_DOUBLE_EQ(ab.mean_dice, ba.mean_dice);
  EXPECT_DOUBLE_EQ(ab.by_slice.bias, -ba.by_slice.bias);
}

TEST(Comparison, TablesHaveARowForEachLesionAndCase) {
  const Layer a{"a", {lesion("1", {{0, 0, 0, 4}}), lesion("=2", {{3, 3, 3, 3}})}};
  const Layer b{"b", {lesion("3", {{0, 0, 1, 4}})}};
  const Comparison c = compared("a", "b", {compare_case("x", a, b, 5, micrometres)});
  EXPECT_EQ(lesions_csv(c), "case,state,id_a,label_a,id_b,label_b\r\nx,matched,1,focus,3,focus\r\n"
                            "x,only A,'=2,focus,,\r\n");
  const std::string by_case = cases_csv(c);
  EXPECT_EQ(std::count(by_case.begin(), by_case.end(), '\n'), 2);
  const nlohmann::json j = to_json(c);
  EXPECT_EQ(j.at("cases")[0].at("pairs"), nlohmann::json::parse(R"([["1","3"]])"));
  EXPECT_TRUE(j.at("bland_altman_by_case").at("lower").is_null()) << "one case has no limits";
}

}
}
