// A consensus decided by one person, on a log on disk.
#include "modules/review/consensus_desk.h"
#include "tests/review/lesions.h"

#include <filesystem>
#include <unistd.h>

namespace sensorium::test {
namespace {
namespace fs = std::filesystem;

class Desk : public testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("desk-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    log_ = ReviewLog::open(folder_ / "review.sqlite", ReviewLog::Mode::ReadWrite);
  }
  void TearDown() override {
    log_.reset();
    fs::remove_all(folder_);
  }
  ConsensusDesk desk() { return {proposal_, *log_, micrometres, "cleo"}; }
  // Both have the first (half of it shared) under two labels; the second is ann's, the third ben's.
  std::vector<Layer> two() const {
    return {{"ann", {lesion("1", {{0, 0, 0, 6}}), lesion("2", {{1, 0, 20, 4}})}},
            {"ben", {lesion("3", {{0, 0, 4, 6}}, "exudate"), lesion("4", {{2, 0, 40, 4}})}}};
  }
  Layer stored() {
    return reader_layer(proposal_, log_->events(), "consensus by cleo", micrometres);
  }

  fs::path folder_;
  Findings proposal_;
  std::unique_ptr<ReviewLog> log_;
};

TEST_F(Desk, RowsSayWhoSawWhatAndWhatIsOpen) {
  ConsensusDesk d = desk();
  EXPECT_FALSE(d.made());
  EXPECT_FALSE(d.can_undo());
  d.make(two(), ConsensusRule::Majority);
  ASSERT_TRUE(d.made());
  EXPECT_EQ(log_->events().size(), 1u) << "one event holds the whole proposal";
  ASSERT_EQ(d.rows().size(), 3u);
  EXPECT_EQ(d.layers(), (std::vector<std::string>{"ann", "ben"}));
  EXPECT_EQ(d.rows()[0].labels, (std::vector<std::string>{"focus", "exudate"}));
  EXPECT_TRUE(d.rows()[0].kept);
  EXPECT_TRUE(d.rows()[0].differs) << "the labels do";
  EXPECT_EQ(d.rows()[1].labels, (std::vector<std::string>{"focus", ""}));
  EXPECT_FALSE(d.rows()[1].kept) << "one of two is not more than half";
  EXPECT_EQ(d.differing(), 3);
  EXPECT_EQ(d.open(), 3);
  EXPECT_EQ(stored().findings.size(), 1u) << "what was left out is not in the layer";
}

TEST_F(Desk, DecisionsAreEventsThatUndoTakesBackDownToTheConsensusItself) {
  ConsensusDesk d = desk();
  d.make(two(), ConsensusRule::Majority);
  d.relabel(d.rows()[0].finding, "exudate");
  d.keep(d.rows()[1].finding);
  d.leave_out(d.rows()[2].finding);
  EXPECT_EQ(d.open(), 0);
  Layer layer = stored();
  ASSERT_EQ(layer.findings.size(), 2u);
  EXPECT_EQ(layer.findings[0].label, "exudate");
  EXPECT_EQ(runs_to_json(layer.findings[1].footprint), nlohmann::json({1, 0, 20, 4}));
  for (const Event& event : log_->events()) EXPECT_EQ(event.reader, "consensus by cleo");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(d.undo());
  EXPECT_EQ(d.open(), 3);
  EXPECT_TRUE(d.undo());
  EXPECT_FALSE(d.made());
  EXPECT_TRUE(consensus_layers(log_->events()).empty()) << "an undone one does not speak";
  EXPECT_FALSE(d.undo());
  EXPECT_TRUE(d.redo());
  EXPECT_TRUE(d.made());
}

TEST_F(Desk, AnotherProgramFindsItAgain) {
  {
    ConsensusDesk d = desk();
    d.make(two(), ConsensusRule::Intersection);
    d.keep(d.rows()[2].finding);
  }
  log_ = ReviewLog::open(folder_ / "review.sqlite", ReviewLog::Mode::ReadWrite);
  const ConsensusDesk again = desk();
  ASSERT_TRUE(again.made());
  EXPECT_EQ(again.open(), 2);
  EXPECT_TRUE(again.rows()[2].decided);
  EXPECT_NE(again.rule().find("all"), std::string::npos) << again.rule();
  EXPECT_EQ(speaking_consensus(log_->events()), "consensus by cleo");
}

TEST_F(Desk, RefusesASecondOneFewerThanTwoLayersAndAClosedRead) {
  ConsensusDesk d = desk();
  message_of(ErrorCode::Usage, [&] { d.make({two()[0]}, ConsensusRule::Union); });
  message_of(ErrorCode::Usage, [&] { d.make({{"ann", {}}, {"ben", {}}}, ConsensusRule::Union); });
  EXPECT_TRUE(log_->events().empty());
  d.make(two(), ConsensusRule::Union);
  message_of(ErrorCode::Conflict, [&] { d.make(two(), ConsensusRule::Union); });
  message_of(ErrorCode::NotFound, [&] { d.keep("no such"); });
  log_->append("ann", "protocol", protocol_data(true, {"ann", "ben"}));
  message_of(ErrorCode::Conflict, [&] { desk().make(two(), ConsensusRule::Union); });
}

TEST_F(Desk, SaysWhenAReaderHasChangedSomethingSinceAndWhoElseMadeOne) {
  ConsensusDesk d = desk();
  d.make(two(), ConsensusRule::Union);
  EXPECT_TRUE(d.changed_since().empty());
  log_->append("ben", "draw", draw_data({{3, 0, 0, 4}}, "focus"));
  EXPECT_EQ(d.changed_since(), std::vector<std::string>{"ben"});
  ConsensusDesk other(proposal_, *log_, micrometres, "dora");
  other.make(two(), ConsensusRule::Union);
  EXPECT_EQ(d.others(), std::vector<std::string>{"consensus by dora"});
  EXPECT_EQ(speaking_consensus(log_->events()), "") << "two speak against each other";
}

}
}
