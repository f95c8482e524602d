// The board of an exam from its log and its clips' results: sums by hand, undo, schemes, bad input.
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/review/exam_folder.h"
#include "modules/review/exam_signing.h"
#include "modules/review/pooling.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

const ZoneBook& book() {
  static const ZoneBook one = zones_of_pipeline("lung_ultrasound");
  return one;
}
const Zone& zone(const std::string& scheme, const std::string& id) {
  return *find_zone(*find_scheme(book(), scheme), id);
}

class Script {
public:
  std::vector<Event> events;
  std::int64_t add(const std::string& kind, json data, const std::string& reader = "kim") {
    const auto number = static_cast<std::int64_t>(events.size()) + 1;
    check_event(kind, data);
    events.push_back({number, "2026-01-31T12:00:00Z", reader, kind, std::move(data), "", ""});
    return number;
  }
};

// Scores under majority, mean, max, top; nothing for -1.
ClipResult clip(int majority, int mean, int max, int top) {
  ClipResult out;
  out.analysed = true;
  const std::array scores{majority, mean, max, top};
  for (std::size_t r = 0; r < scores.size(); ++r)
    out.rules.push_back(
        {pooling_rules[r], scores[r] < 0 ? std::nullopt : std::optional(scores[r]), ""});
  return out;
}

Findings findings(const std::string& top, bool network = false) {
  Findings f;
  f.pipeline = "lung_ultrasound";
  f.parameters_text = R"({"top": 0.5})";
  f.tables = {
      {"verdicts", "", {"rule", "score", "used"}, {{"majority", "0", ""}, {"top", top, "yes"}}},
      {"frames",
       "",
       {"frame", "readable", "A-lines", "B-lines", "covered, %", "score"},
       {{"1", "yes", "yes", "0", "0", "0"},
        {"3", "yes", "no", "4", "60", "2"},
        {"5", "no", "", "", "", ""}}}};
  if (network) {
    f.tables[0].columns.push_back("class");
    for (auto& row : f.tables[0].rows) row.push_back("regular");
    f.tables[1].columns.insert(f.tables[1].columns.end(), {"COVID-19, %", "regular, %"});
    f.tables[1].rows[0].insert(f.tables[1].rows[0].end(), {"30", "70"});
    f.tables[1].rows[1].insert(f.tables[1].rows[1].end(), {"90", "10"});
    f.tables[1].rows[2].insert(f.tables[1].rows[2].end(), {"", ""});
  }
  Finding verdict;
  verdict.id = "clip-score-" + top;
  verdict.label = "score " + top;
  f.items = {verdict};
  return f;
}

Script two_clips() {
  Script s;
  s.add("exam_clips", exam_clips_data({{"clip-1", "/a/x_R1.mp4"}, {"clip-2", "/a/y.mp4"}}));
  return s;
}

TEST(ExamBoard, a_zone_has_the_worst_of_its_clips_and_the_total_is_their_sum) {
  Script s = two_clips();
  s.add("exam_zone", exam_zone_data("clip-2", &zone("12", "R1")));
  s.add("exam_clips", exam_clips_data({{"clip-3", "/a/L4.avi"}}));
  const ExamBoard board = exam_board(
      exam_state(s.events), book(),
      {{"clip-1", clip(0, 1, 2, 1)}, {"clip-2", clip(1, 1, 1, 1)}, {"clip-3", clip(2, 2, 2, 2)}});
  ASSERT_EQ(board.zones.size(), 12u);
  EXPECT_EQ(board.zones[0].clips, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(board.zones[0].by_rule, (std::vector<std::optional<int>>{1, 1, 2, 1}));
  EXPECT_EQ(board.zones[0].score, 1) << "under the rule top";
  EXPECT_FALSE(board.zones[0].agree);
  EXPECT_EQ(board.total, 3);
  EXPECT_EQ(board.totals, (std::vector<int>{3, 3, 4, 3}));
  EXPECT_EQ(board.most(), 36);
  EXPECT_EQ(board.seen, 2);
  EXPECT_EQ(board.missing.size(), 10u);
  EXPECT_FALSE(board.agree);
  EXPECT_TRUE(board.clips[1].agree);
  EXPECT_FALSE(board.clips[0].agree);
  ASSERT_EQ(board.notes().size(), 2u);
  EXPECT_TRUE(board.notes()[0].find("lower bound") != std::string::npos);
}

TEST(ExamBoard, assignments_scores_and_removals_are_undone_and_redone) {
  Script s = two_clips();
  const auto placed = s.add("exam_zone", exam_zone_data("clip-2", &zone("12", "L2")));
  const auto scored = s.add("exam_score", exam_score_data(zone("12", "L2"), "3"));
  const auto removed = s.add("exam_remove", {{"clip", "clip-1"}});
  const auto board = [&] {
    return exam_board(exam_state(s.events), book(), {{"clip-2", clip(1, 1, 1, 1)}});
  };
  EXPECT_EQ(board().clips.size(), 1u);
  EXPECT_EQ(board().total, 3) << "the reader's score, not the clip's";
  EXPECT_EQ(board().zones[7].decided_by, "kim");
  EXPECT_TRUE(board().zones[7].agree) << "it counts under every rule";
  s.add("undo", {{"number", removed}});
  EXPECT_EQ(board().clips.size(), 2u);
  s.add("undo", {{"number", scored}});
  EXPECT_EQ(board().total, 1);
  s.add("undo", {{"number", placed}});
  EXPECT_EQ(board().total, 0);
  EXPECT_EQ(board().unplaced, (std::vector<std::size_t>{1}));
  s.add("redo", {{"number", placed}});
  EXPECT_EQ(board().total, 1);
}

TEST(ExamBoard, a_name_places_a_clip_until_a_reader_does) {
  Script s = two_clips();
  EXPECT_EQ(exam_board(exam_state(s.events), book(), {}).clips[0].zone, "R1");
  s.add("exam_zone", exam_zone_data("clip-1", nullptr));
  EXPECT_EQ(exam_board(exam_state(s.events), book(), {}).clips[0].zone, "")
      << "taken out of the zone by hand";
}

TEST(ExamBoard, another_scheme_keeps_places_not_names) {
  Script s = two_clips();
  s.add("parameters", {{"scheme", "8"}});
  s.add("exam_zone", exam_zone_data("clip-2", &zone("8", "R3"))); // right upper lateral
  s.add("exam_score", exam_score_data(zone("8", "R3"), "2"));
  s.add("parameters", {{"scheme", "6"}});
  const ExamBoard six = exam_board(exam_state(s.events), book(), {{"clip-2", clip(1, 1, 1, 1)}});
  EXPECT_EQ(six.clips[1].zone, "") << "R3 is another place among six zones";
  EXPECT_EQ(six.total, 0);
  s.add("parameters", {{"scheme", "12"}});
  const ExamBoard twelve = exam_board(exam_state(s.events), book(), {});
  EXPECT_EQ(twelve.clips[1].zone, "R3");
  EXPECT_EQ(twelve.total, 2);
}

TEST(ExamBoard, a_reader_s_decision_on_a_clip_counts_under_every_rule) {
  const Findings base = findings("1");
  Script s;
  const ClipResult plain = clip_result(base, fold(base, s.events));
  EXPECT_FALSE(plain.decided());
  EXPECT_EQ(score_of(plain, "majority"), 0);
  EXPECT_EQ(score_of(plain, "top"), 1);
  EXPECT_EQ(score_of(plain, "no such rule"), std::nullopt);
  EXPECT_EQ(plain.key_frame, 2) << "the frame that scores worst, from 0";
  EXPECT_DOUBLE_EQ(plain.top, 0.5);
  s.add("relabel", relabel_data(base.items[0], "score 3"));
  const ClipResult changed = clip_result(base, fold(base, s.events));
  EXPECT_TRUE(changed.decided());
  EXPECT_EQ(score_of(changed, "majority"), 3);
  s.add("relabel", relabel_data(base.items[0], "uninterpretable"));
  EXPECT_EQ(score_of(clip_result(base, fold(base, s.events)), "top"), std::nullopt);
  s.add("reject", decision_data(base.items[0]));
  EXPECT_EQ(score_of(clip_result(base, fold(base, s.events)), "top"), std::nullopt);
}

TEST(ExamBoard, a_zone_can_be_uninterpretable) {
  Script s = two_clips();
  const auto board = [&] {
    return exam_board(exam_state(s.events), book(), {{"clip-1", clip(-1, -1, -1, -1)}});
  };
  EXPECT_TRUE(board().zones[0].uninterpretable) << "its only clip has no score";
  EXPECT_FALSE(board().zones[1].uninterpretable) << "it has no clip";
  s.add("exam_score", exam_score_data(zone("12", "R2"), "uninterpretable"));
  EXPECT_TRUE(board().zones[1].uninterpretable);
  EXPECT_EQ(board().seen, 0);
}

// Frames: (0.3, 0.7) and (0.9, 0.1). Mean 0.6 to 0.4; the surest frame says the first; one frame
// each: the mean breaks the tie. The second clip has (0.45, 0.55) alone.
TEST(ExamBoard, the_exam_s_class_goes_from_frames_to_clips_to_exam_by_one_rule) {
  const Findings base = findings("1", true);
  ClipResult first = clip_result(base, fold(base, {}));
  ASSERT_EQ(first.classes, (std::vector<std::string>{"COVID-19", "regular"}));
  first.rules.clear();
  for (const char* rule : pooling_rules) first.rules.push_back({rule, 0, "COVID-19"});
  ClipResult second = first;
  second.frames = {{.frame = 0, .readable = true, .score = 0, .shares = {0.45, 0.55}}};
  Script s = two_clips();
  const ExamBoard board =
      exam_board(exam_state(s.events), book(), {{"clip-1", first}, {"clip-2", second}});
  // majority: clip 1 (0.52, 0.48), clip 2 nearly (0, 1): one each, the mean says regular.
  EXPECT_EQ(board.class_by_rule,
            (std::vector<std::string>{"regular", "COVID-19", "COVID-19", "COVID-19"}));
  EXPECT_FALSE(board.classes_agree);
}

// 49.6 to 50.4: in whole per cent both are 50, and the first class would win.
TEST(ExamBoard, the_exam_s_class_comes_from_the_shares_to_their_last_digit) {
  Findings base = findings("1", true);
  for (std::size_t row : {0u, 1u}) {
    auto& cells = base.tables[1].rows[row];
    cells[cells.size() - 2] = "49.6";
    cells[cells.size() - 1] = "50.4";
  }
  for (auto& row : base.tables[0].rows) row[0] = row[0] == "top" ? "mean" : "max";
  const ClipResult clip = clip_result(base, fold(base, {}));
  EXPECT_DOUBLE_EQ(clip.frames[0].shares[1], 0.504);
  EXPECT_EQ(exam_board(exam_state(two_clips().events), book(), {{"clip-1", clip}}).class_by_rule,
            (std::vector<std::string>{"regular", "regular"}));
  base.tables[1].rows[0].back() = "no number";
  EXPECT_EQ(clip_result(base, fold(base, {})).frames[0].shares[1], 0);
}

Finding mark(const std::string& id, int frame) {
  Finding f;
  f.id = id, f.label = "B-line";
  f.box = {3, 3, frame, 6, 3, frame};
  f.footprint = {{frame, 3, 3, 4}};
  return f;
}

TEST(ExamBoard, a_reader_s_marks_are_counted_by_kind_and_choose_the_key_frame) {
  Findings base = findings("1");
  base.items.push_back(mark("ray", 4));
  Script s;
  EXPECT_EQ(clip_result(base, fold(base, s.events)).key_frame, 4);
  EXPECT_EQ(clip_result(base, fold(base, s.events)).unread, 2) << "the verdict and a B-line";
  json drawn = draw_data({{7, 5, 5, 3}}, "consolidation");
  drawn["finding"] = "drawn-1";
  s.add("draw", drawn);
  drawn["finding"] = "drawn-2";
  const auto second = s.add("draw", drawn);
  s.add("accept", decision_data(base.items[1]));
  const ClipResult marked = clip_result(base, fold(base, s.events));
  EXPECT_EQ(marked.marks, (std::map<std::string, int>{{"consolidation", 2}}))
      << "a B-line is no kind of mark";
  EXPECT_EQ(marked.unread, 1);
  s.add("undo", {{"number", second}});
  EXPECT_EQ(clip_result(base, fold(base, s.events)).marks.at("consolidation"), 1);
  s.add("reject", decision_data(base.items[1]));
  EXPECT_EQ(clip_result(base, fold(base, s.events)).key_frame, 7);
}

TEST(ExamBoard, events_that_do_not_fit_are_refused_or_told) {
  EXPECT_THROW(check_event("exam_clips", {{"items", json::array()}}), Error);
  EXPECT_THROW(check_event("exam_clips", {{"items", {{{"clip", "a"}}}}}), Error);
  EXPECT_THROW(check_event("exam_zone", {{"clip", "clip-1"}, {"zone", 3}, {"place", ""}}), Error);
  EXPECT_THROW(check_event("exam_score", {{"zone", "R1"}, {"place", ""}, {"score", "1"}}), Error);
  Script s = two_clips();
  s.add("exam_zone", exam_zone_data("clip-9", &zone("12", "R1")));
  const ExamState state = exam_state(s.events);
  EXPECT_EQ(state.clips.size(), 2u);
  ASSERT_EQ(state.problems.size(), 1u);
  EXPECT_TRUE(state.problems[0].find("event 2") != std::string::npos);
  s.add("parameters", {{"scheme", 12}, {"rule", "top"}});
  EXPECT_EQ(exam_state(s.events).scheme, "12") << "a number is no name: it is left";
}

TEST(ExamBoard, an_unknown_scheme_is_the_first_one) {
  Script s = two_clips();
  s.add("parameters", {{"scheme", "99"}});
  EXPECT_EQ(exam_board(exam_state(s.events), book(), {}).scheme.id, book().schemes[0].id);
}

TEST(Zones, every_scheme_draws_each_zone_in_a_place_of_its_own) {
  for (const ZoneScheme& scheme : book().schemes) {
    std::set<std::tuple<std::string, bool, int>> places;
    for (const Zone& z : scheme.zones) {
      EXPECT_TRUE(places.insert({z.view, z.right, z.row}).second) << scheme.id << " " << z.id;
      EXPECT_EQ(z.right, z.title.starts_with("right")) << z.title;
      EXPECT_LT(z.row, z.rows);
    }
    EXPECT_EQ(std::to_string(scheme.zones.size()), scheme.id);
  }
  EXPECT_EQ(book().patterns.size(), 4u);
}

class ExamFolder : public testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("sensorium_exam_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(ExamFolder, is_read_as_it_was_written) {
  make_folder(folder_ / "case");
  write_atomically(folder_ / "case" / "findings.json", to_json(findings("1")).dump());
  write_exam_file(folder_, {.created = "2026-01-31T12:00:00Z",
                            .cases = {{"/a/x_R1.mp4", (folder_ / "case").string()}}});
  {
    const auto log = ReviewLog::open(folder_ / "review.sqlite", ReviewLog::Mode::ReadWrite);
    log->append("kim", "exam_clips",
                exam_clips_data({{"clip-1", "/a/x_R1.mp4"}, {"clip-2", "/a/y.mp4"}}));
  }
  EXPECT_TRUE(is_exam(folder_));
  const StoredExam exam = read_exam(folder_, "kim");
  EXPECT_EQ(exam.board.analysed, 1);
  EXPECT_EQ(exam.board.total, 1);
  EXPECT_EQ(exam.board.clips[1].result.note, "not analysed yet");
  EXPECT_TRUE(exam.verification.intact);
  const json out = to_json(exam.board);
  EXPECT_EQ(out.at("zones").at(0).at("score"), 1);
  EXPECT_EQ(out.at("clips").at(0).at("file"), "x_R1.mp4");
  EXPECT_EQ(to_json(exam.board, false).dump().find("x_R1"), std::string::npos);
  EXPECT_EQ(to_json(findings_of(exam.board, false)).dump().find("x_R1"), std::string::npos);
}

class SignedExam : public ExamFolder {
protected:
  void SetUp() override {
    ExamFolder::SetUp();
    for (const char* name : {"one", "two"}) {
      make_folder(folder_ / name);
      write_atomically(folder_ / name / "findings.json", to_json(findings("1")).dump());
    }
    write_exam_file(folder_, {.created = "2026-01-31T12:00:00Z",
                              .cases = {{"/a/x_R1.mp4", (folder_ / "one").string()},
                                        {"/a/y_L2.mp4", (folder_ / "two").string()}}});
    log()->append("kim", "exam_clips",
                  exam_clips_data({{"clip-1", "/a/x_R1.mp4"}, {"clip-2", "/a/y_L2.mp4"}}));
    decide("one", "accept");
  }
  std::unique_ptr<ReviewLog> log(const char* part = "") {
    return ReviewLog::open(folder_ / part / "review.sqlite", ReviewLog::Mode::ReadWrite);
  }
  void decide(const char* clip, const std::string& kind) {
    log(clip)->append("kim", kind, decision_data(findings("1").items[0]));
  }
  StoredExam now() { return read_exam(folder_, ""); }
  void sign() { sign_exam(*log(), "ada", now().board); }
};

TEST_F(SignedExam, names_the_state_of_every_clip_and_what_was_not_read) {
  EXPECT_EQ(unread_of(now().board),
            (std::vector<std::string>{"1 clip's verdict has not been decided on.",
                                      "10 zones have no score."}));
  EXPECT_EQ(signature_text(now().board), "not signed");
  const std::string head = log("one")->head_hash();
  sign();
  const StoredExam exam = now();
  ASSERT_TRUE(exam.board.signature.has_value());
  const ExamSignature& signature = *exam.board.signature;
  EXPECT_EQ(signature.reader, "ada");
  EXPECT_EQ(signature.total, 2);
  EXPECT_EQ(signature.clips.at("clip-1").log_hash, head);
  EXPECT_EQ(signature.clips.at("clip-1").events, 1);
  EXPECT_EQ(signature.clips.at("clip-2").log_hash, "");
  EXPECT_EQ(signature.clips.at("clip-2").findings_hash,
            sha256(read_text(folder_ / "two" / "findings.json")));
  EXPECT_EQ(signature.unread.size(), 2u);
  EXPECT_TRUE(exam.board.changed.empty());
  EXPECT_TRUE(exam.verification.intact) << exam.verification.text;
  EXPECT_EQ(to_json(exam.board).at("signature").at("changed_since_signed"), false);
  EXPECT_EQ(signature_json(exam.board, false).dump().find("\"ada\""), std::string::npos);
}

TEST_F(SignedExam, is_frozen) {
  sign();
  EXPECT_THROW(log()->append("kim", "exam_remove", {{"clip", "clip-1"}}), Error);
  EXPECT_THROW(sign(), Error);
  EXPECT_THROW((void)log()->undo("kim"), Error);
}

TEST_F(SignedExam, a_clip_s_later_review_is_a_change_even_when_it_is_taken_back) {
  sign();
  decide("two", "reject");
  StoredExam exam = now();
  EXPECT_EQ(exam.board.clips[0].change, "");
  EXPECT_EQ(exam.board.clips[1].change, "1 later event");
  EXPECT_EQ(exam.board.changes(false), (std::vector<std::string>{"clip-2 in L2 (1 later event)"}));
  ASSERT_EQ(exam.board.changes(true).size(), 1u);
  EXPECT_TRUE(exam.board.changes(true)[0].ends_with(" in L2 (1 later event)"));
  EXPECT_EQ(exam.board.changes(true)[0].find("clip-2"), std::string::npos);
  EXPECT_NE(exam.board.notes()[0].find("The total was 2 when it was signed."), std::string::npos)
      << exam.board.notes()[0];
  EXPECT_NE(signature_text(exam.board).find("changed since signed"), std::string::npos);
  log("two")->undo("kim");
  EXPECT_EQ(now().board.clips[1].change, "2 later events");
}

TEST_F(SignedExam, another_result_or_a_case_that_is_gone_is_a_change) {
  sign();
  write_atomically(folder_ / "one" / "findings.json", to_json(findings("2")).dump());
  fs::remove_all(folder_ / "two");
  const ExamBoard board = now().board;
  EXPECT_EQ(board.clips[0].change, "analysed or counted again");
  EXPECT_EQ(board.clips[1].change, "its result is gone");
}

TEST_F(SignedExam, a_clip_s_log_that_was_tampered_with_is_a_change) {
  sign();
  const fs::path file = folder_ / "one" / "review.sqlite";
  std::string bytes = read_text(file);
  const auto at = bytes.find("accept");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 6, "reject"); // the hash stays
  fs::remove(folder_ / "one" / "review.sqlite-wal");
  write_atomically(file, bytes);
  EXPECT_NE(now().board.clips[0].change.find("not as it was written"), std::string::npos)
      << now().board.clips[0].change;
}

TEST_F(SignedExam, a_changed_signature_is_found) {
  sign();
  const fs::path file = folder_ / "review.sqlite";
  std::string bytes = read_text(file);
  const auto at = bytes.find("\"total\":2");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 8] = '3';
  write_atomically(file, bytes);
  EXPECT_FALSE(now().verification.intact);
}

TEST_F(SignedExam, can_be_begun_again_unsigned) {
  const ZoneScheme& twelve = *find_scheme(book(), "12");
  log()->append("kim", "exam_zone", exam_zone_data("clip-2", find_zone(twelve, "L6")));
  log()->append("kim", "exam_score", exam_score_data(*find_zone(twelve, "R4"), "3"));
  sign();
  const StoredExam before = now();
  Script again;
  for (const auto& [kind, data] : events_again(before.state, before.board)) again.add(kind, data);
  const ExamState state = exam_state(again.events);
  EXPECT_FALSE(state.signature.has_value());
  const ExamBoard board = exam_board(state, book(), {});
  EXPECT_EQ(board.clips[1].zone, "L6");
  EXPECT_EQ(board.clips[0].zone, "R1") << "by its name, as before";
  EXPECT_EQ(board.zones[3].decision, "3");
}

TEST(ExamSignature, data_that_does_not_fit_is_refused_or_told) {
  EXPECT_THROW(check_event("sign", {{"statement", "x"}, {"exam", 3}}), Error);
  EXPECT_THROW(check_event("sign", {{"statement", "x"}, {"exam", {{"clips", {{{"clip", 1}}}}}}}),
               Error);
  EXPECT_NO_THROW(check_event("sign", {{"statement", "a case"}}));
  Script s = two_clips();
  s.events.push_back({2,
                      "2026-01-31T12:00:00Z",
                      "kim",
                      "sign",
                      {{"statement", "x"}, {"exam", {{"clips", "none"}}}},
                      "",
                      ""});
  const ExamState state = exam_state(s.events);
  EXPECT_FALSE(state.signature.has_value());
  ASSERT_EQ(state.problems.size(), 1u);
}

TEST_F(ExamFolder, damaged_files_are_told_apart_from_none) {
  EXPECT_FALSE(is_exam(folder_));
  const auto code = [&](const std::string& text) {
    write_atomically(folder_ / "exam.json", text);
    try {
      (void)read_exam_file(folder_);
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode::Internal;
  };
  EXPECT_EQ(code("{\"format\": \"sensorium-ex"), ErrorCode::BadInput);
  EXPECT_EQ(code("[]"), ErrorCode::BadInput);
  EXPECT_EQ(code(R"({"format": "else"})"), ErrorCode::BadInput);
  EXPECT_EQ(code(R"({"format": "sensorium-exam", "version": 2})"), ErrorCode::Unsupported);
  EXPECT_EQ(code(R"({"format": "sensorium-exam", "version": 1, "pipeline": 3, "created": "",
                     "cases": {}})"),
            ErrorCode::BadInput);
  make_folder(folder_ / "case");
  write_atomically(folder_ / "case" / "findings.json", "{\"items\": 3");
  EXPECT_FALSE(read_clip_case(folder_ / "case", "kim").analysed);
  EXPECT_NE(read_clip_case(folder_ / "case", "kim").note, "");
}

TEST_F(ExamFolder, a_clip_s_pictures_are_not_another_clip_s) {
  make_folder(folder_ / "key");
  write_atomically(key_picture_name(folder_, "clip-12", 4), "x");
  EXPECT_EQ(key_picture_of(folder_, "clip-1"), fs::path());
  EXPECT_EQ(key_picture_of(folder_, "clip-12").filename(), "clip-12-5.png");
}

TEST_F(ExamFolder, a_damaged_list_of_zones_is_refused) {
  const fs::path file = folder_ / "zones.json";
  for (const char* text :
       {"{", "{}", R"({"schemes": []})", R"({"schemes": [{"id": 6}]})",
        R"({"schemes": [{"id": "6", "title": "", "source": "", "zones": []}]})"}) {
    write_atomically(file, text);
    EXPECT_THROW((void)read_zones(file), Error) << text;
  }
}

}
}
