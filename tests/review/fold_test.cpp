#include "modules/core/error.h"
#include "modules/review/footprint.h"
#include "modules/review/reviewed.h"

#include <gtest/gtest.h>

#include <random>

using namespace sensorium;
using nlohmann::json;

namespace {

Finding lesion(const std::string& id, std::vector<Run> runs, const std::string& label = "focus") {
  Finding f;
  f.id = id;
  f.label = label;
  f.score = 0.7;
  f.footprint = std::move(runs);
  f.measures = {{"section area", 99, "um2", "header"}};
  f.attributes = {{"slab", "inner"}};
  place(f);
  return f;
}

Findings three() {
  Findings f;
  f.items = {lesion("a", {{0, 0, 0, 4}}), lesion("b", {{0, 5, 0, 4}}),
             lesion("c", {{1, 0, 0, 8}}, "exudate")};
  return f;
}

class Script {
public:
  std::vector<Event> events;
  std::int64_t add(const std::string& kind, json data, const std::string& reader = "kim") {
    const auto number = static_cast<std::int64_t>(events.size()) + 1;
    if ((kind == "draw" || kind == "paint") && !data.contains("finding"))
      data["finding"] = "drawn-" + std::to_string(number);
    events.push_back({number, "2026-01-31T12:00:00Z", reader, kind, data, "", ""});
    return number;
  }
  ReviewState fold(const Findings& findings = three(), const std::string& reader = {}) const {
    return sensorium::fold(findings, events, reader);
  }
};

std::vector<FindingState> states(const ReviewState& s) {
  std::vector<FindingState> out;
  for (const ReviewedFinding& f : s.findings) out.push_back(f.state);
  return out;
}

using enum FindingState;

}

TEST(Fold, NothingHappenedIsWhatThePipelineProposed) {
  const ReviewState s = Script().fold();
  EXPECT_EQ(states(s), (std::vector{Proposed, Proposed, Proposed}));
  EXPECT_FALSE(s.can_undo());
  EXPECT_FALSE(s.can_redo());
  EXPECT_EQ(s.findings[0].finding.measures[0].value, 99);
}

TEST(Fold, DecisionsRelabelAndReset) {
  Script log;
  const Findings f = three();
  log.add("accept", decision_data(f.items[0]));
  log.add("reject", decision_data(f.items[1]));
  log.add("relabel", relabel_data(f.items[2], "artefact"));
  ReviewState s = log.fold();
  EXPECT_EQ(states(s), (std::vector{Accepted, Rejected, Changed}));
  EXPECT_EQ(s.findings[2].label, "artefact");
  EXPECT_EQ(s.findings[2].original_label, "exudate");
  EXPECT_EQ(s.findings[0].reader, "kim");
  log.add("relabel", relabel_data(f.items[2], "exudate"));
  EXPECT_EQ(log.fold().findings[2].state, Accepted); // named as proposed: agreed with
  log.add("reset", decision_data(f.items[2]));
  EXPECT_EQ(log.fold().findings[2].state, Proposed);
  EXPECT_TRUE(log.fold().findings[2].reader.empty());
}

TEST(Fold, PaintChangesFootprintCentroidAndMeasures) {
  Script log;
  const Findings f = three();
  log.add("paint", paint_data(f.items[0], {{0, 0, 4, 2}}, {{0, 0, 0, 2}}));
  const std::array<Spacing, 3> spacing{known_spacing(10, ScaleSource::HeaderTag, "x"),
                                       known_spacing(4, ScaleSource::HeaderTag, "y"),
                                       unknown_spacing("")};
  const ReviewState s = fold(f, log.events, {}, &spacing);
  EXPECT_EQ(s.findings[0].state, Changed);
  EXPECT_EQ(runs_to_json(s.findings[0].finding.footprint), json({0, 0, 2, 4}));
  EXPECT_DOUBLE_EQ(s.findings[0].finding.centroid[0], 3.5);
  EXPECT_DOUBLE_EQ(s.findings[0].finding.measures[0].value, 4 * 40);
  EXPECT_EQ(s.findings[1].finding.measures[0].value, 99);
  EXPECT_TRUE(log.fold().findings[0].finding.measures.empty()); // a stale number is never shown
}

TEST(Fold, ErasedProposalIsRejectedAndErasedDrawingIsGone) {
  Script log;
  const Findings f = three();
  log.add("paint", paint_data(f.items[0], {}, {{0, 0, 0, 10}}));
  log.add("draw", draw_data({{3, 3, 3, 3}}, "focus"));
  EXPECT_EQ(states(log.fold()), (std::vector{Rejected, Proposed, Proposed, Drawn}));
  EXPECT_EQ(log.fold().findings[3].finding.id, "drawn-2");
  log.add("paint", paint_data(log.fold().findings[3].finding, {}, {{3, 3, 0, 10}}));
  EXPECT_EQ(log.fold().findings.size(), 3u);
}

TEST(Fold, PaintWithoutFindingDrawsOne) {
  Script log;
  log.add("paint", {{"added", {5, 5, 5, 5}}, {"removed", json::array()}, {"label", "focus"}});
  const ReviewState s = log.fold();
  ASSERT_EQ(s.findings.size(), 4u);
  EXPECT_EQ(s.findings[3].state, Drawn);
  EXPECT_EQ(s.findings[3].label, "focus");
}

TEST(Fold, DecisionsWaitWhileTheFindingIsHiddenAndComeBack) {
  Script log;
  const Findings all = three();
  log.add("accept", decision_data(all.items[0]));
  log.add("reject", decision_data(all.items[1]));
  Findings fewer = all;
  fewer.items.erase(fewer.items.begin(), fewer.items.begin() + 2);
  const ReviewState hidden = log.fold(fewer);
  EXPECT_EQ(states(hidden), std::vector{Proposed});
  ASSERT_EQ(hidden.waiting.size(), 2u);
  EXPECT_EQ(hidden.waiting[1].state, Rejected);
  EXPECT_EQ(hidden.waiting_text(), "2 decisions wait on findings hidden by the parameters");
  EXPECT_EQ(states(log.fold(all)), (std::vector{Accepted, Rejected, Proposed}));
  EXPECT_TRUE(log.fold(all).waiting.empty());
}

TEST(Fold, DecisionFollowsItsPlaceWhenTheIdChanges) {
  Script log;
  log.add("reject", decision_data(three().items[0])); // 4 voxels at x 0..3
  Findings moved;
  moved.items = {lesion("other", {{0, 0, 3, 4}}), lesion("grown", {{0, 0, 0, 2}, {0, 0, 2, 8}})};
  EXPECT_EQ(states(log.fold(moved)), (std::vector{Proposed, Rejected}));
  moved.items = {lesion("half", {{0, 0, 2, 4}})}; // 2 of 4
  EXPECT_EQ(states(log.fold(moved)), std::vector{Rejected});
  moved.items = {lesion("less", {{0, 0, 3, 4}})}; // 1 of 4
  EXPECT_EQ(states(log.fold(moved)), std::vector{Proposed});
  EXPECT_EQ(log.fold(moved).waiting.size(), 1u);
}

TEST(Fold, LaterDecisionOnTheSamePlaceWins) {
  Script log;
  log.add("accept", decision_data(lesion("a", {{0, 0, 0, 4}})));
  log.add("reject",
          decision_data(lesion("a-wide", {{0, 0, 0, 6}}))); // the same lesion at a lower threshold
  EXPECT_EQ(log.fold().findings[0].state, Rejected);
}

TEST(Fold, ReadersAreLayers) {
  Script log;
  const Findings f = three();
  log.add("accept", decision_data(f.items[0]), "kim");
  log.add("reject", decision_data(f.items[0]), "lee");
  log.add("draw", draw_data({{9, 9, 9, 9}}, "focus"), "lee");
  EXPECT_EQ(states(log.fold(f, "kim")), (std::vector{Accepted, Proposed, Proposed}));
  EXPECT_EQ(states(log.fold(f, "lee")), (std::vector{Rejected, Proposed, Proposed, Drawn}));
  EXPECT_EQ(log.fold(f).findings[0].reader, "lee");
  EXPECT_EQ(readers_of(log.events), (std::vector<std::string>{"kim", "lee"}));
  EXPECT_EQ(undo_targets(log.events, "kim").undo, 1);
}

TEST(Fold, MeasuresNotesFoveaParametersAndImport) {
  Script log;
  const auto m = log.add(
      "measure", measure_data({{0, 0, 0}, {3, 4, 0}}, {"distance", 5, "px", "scale unknown"}));
  log.add("note", note_data("", "poor fixation"));
  log.add("note", note_data("b", "vessel?"));
  log.add("fovea", fovea_data(10.5, 3));
  log.add("parameters", {{"threshold", 0.4}, {"min_size", 3}});
  log.add("parameters", {{"threshold", 0.6}});
  log.add("import_layer", import_data("seg.nrrd", {lesion("i1", {{2, 2, 2, 2}})}));
  ReviewState s = log.fold();
  ASSERT_EQ(s.measurements.size(), 1u);
  EXPECT_EQ(s.measurements[0].measure.value, 5);
  EXPECT_EQ(s.notes.size(), 2u);
  EXPECT_EQ(s.findings[1].notes, std::vector<std::string>{"vessel?"});
  EXPECT_EQ((*s.fovea)[0], 10.5);
  EXPECT_EQ(s.parameters, (json{{"threshold", 0.6}, {"min_size", 3}}));
  EXPECT_EQ(s.findings[3].state, Drawn);
  log.add("remove", {{"number", m}});
  EXPECT_TRUE(log.fold().measurements.empty());
}

TEST(Fold, UndoRedoAndUndoOfUndo) {
  Script log;
  const Findings f = three();
  log.add("accept", decision_data(f.items[0]));
  log.add("reject", decision_data(f.items[1]));
  const auto undo = log.add("undo", {{"number", 2}});
  EXPECT_EQ(states(log.fold()), (std::vector{Accepted, Proposed, Proposed}));
  EXPECT_EQ(log.fold().redo_number, 2);
  EXPECT_EQ(log.fold().undo_number, 1);
  Script again = log;
  log.add("redo", {{"number", 2}});
  again.add("undo", {{"number", undo}});
  EXPECT_EQ(states(log.fold()), (std::vector{Accepted, Rejected, Proposed}));
  EXPECT_EQ(states(again.fold()), states(log.fold()));
  EXPECT_FALSE(log.fold().can_redo());
  log.add("undo", {{"number", 2}});
  log.add("accept", decision_data(f.items[2])); // a new action ends the redo branch
  EXPECT_FALSE(log.fold().can_redo());
}

TEST(Fold, DamagedEventsAreListedAndTheRestIsShown) {
  Script log;
  log.events.push_back({1, "", "kim", "accept", json::array(), "", ""});
  log.events.push_back({2, "", "kim", "sabotage", json::object(), "", ""});
  log.events.push_back({3, "", "kim", "undo", {{"number", 77}}, "", ""});
  log.events.push_back({4, "", "kim", "accept", nullptr, "", ""});
  log.events.push_back({5, "", "kim", "reject", decision_data(three().items[0]), "", ""});
  const ReviewState s = log.fold();
  EXPECT_EQ(s.problems.size(), 4u);
  EXPECT_EQ(s.findings[0].state, Rejected);
}

namespace {

// A random action on what is shown, as a reader would make it.
void act(Script& log, const ReviewState& s, std::mt19937& random) {
  std::uniform_int_distribution<int> kind(0, 7), small(0, 6);
  const Run stroke{small(random) % 2, small(random), small(random), 1 + small(random)};
  const int k = s.findings.empty() ? 4 : kind(random);
  const Finding* f =
      s.findings.empty() ? nullptr : &s.findings[random() % s.findings.size()].finding;
  if (k == 0) log.add("accept", decision_data(*f));
  if (k == 1) log.add("reject", decision_data(*f));
  if (k == 2) log.add("relabel", relabel_data(*f, random() % 2 ? "focus" : "artefact"));
  if (k == 3) log.add("paint", paint_data(*f, {stroke}, {}));
  if (k == 4) log.add("draw", draw_data({stroke}, "focus"));
  if (k == 5) log.add("paint", paint_data(*f, {}, {stroke}));
  if (k == 6) log.add("note", note_data(f->id, "n" + std::to_string(log.events.size())));
  if (k == 7) log.add("reset", decision_data(*f));
}

}

TEST(Fold, AnyNumberOfUndosRestoresTheStateOfSoManyActionsBefore) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    Script log;
    std::vector<json> history{to_json(log.fold())}; // after 0, 1, 2 ... actions in force
    for (int step = 0; step < 40; ++step) {
      if (random() % 4 != 0 || history.size() < 2) {
        act(log, log.fold(), random);
        history.push_back(to_json(log.fold()));
        continue;
      }
      const std::size_t k = 1 + random() % (history.size() - 1);
      for (std::size_t i = 0; i < k; ++i) {
        log.add("undo", {{"number", log.fold().undo_number.value()}});
        ASSERT_EQ(to_json(log.fold()), history[history.size() - 2 - i])
            << "round " << round << " step " << step;
      }
      const std::size_t back = random() % (k + 1);
      for (std::size_t i = 0; i < back; ++i) {
        log.add("redo", {{"number", log.fold().redo_number.value()}});
        ASSERT_EQ(to_json(log.fold()), history[history.size() - k + i])
            << "round " << round << " step " << step;
      }
      history.resize(history.size() - k + back);
    }
  }
}

TEST(Reviewed, ExportKeepsWhatIsAskedForAndCountsAnew) {
  Script log;
  const Findings f = three();
  log.add("accept", decision_data(f.items[0]));
  log.add("reject", decision_data(f.items[1]));
  log.add("draw", draw_data({{1, 1, 1, 2}}, "focus"));
  const ReviewState s = log.fold();
  const Findings with = reviewed_findings(f, s),
                 without = reviewed_findings(f, s, {.proposed = false});
  EXPECT_EQ(with.items.size(), 3u);
  EXPECT_EQ(without.items.size(), 2u);
  EXPECT_EQ(with.summary[0].value, 3);
  EXPECT_EQ(without.items[1].attributes.at("review"), "drawn");
  for (const Measure& m : with.summary)
    EXPECT_NE(m.name, "total section area"); // the drawn one has no area here
  const auto mask = reviewed_mask(s, 8, 8, 2),
             decided = reviewed_mask(s, 8, 8, 2, {.proposed = false});
  EXPECT_EQ(std::count(mask.begin(), mask.end(), 1), 4 + 8 + 2);
  EXPECT_EQ(std::count(decided.begin(), decided.end(), 1), 4 + 2);
  EXPECT_EQ(findings_from_json(to_json(with)).items.size(), 3u);
}

TEST(Reviewed, CsvHasEveryFindingWithItsState) {
  Script log;
  log.add("reject", decision_data(three().items[1]), "=cmd()");
  log.add("note", note_data("b", "a \"quoted\", note"));
  const std::string csv = reviewed_csv(log.fold());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_NE(csv.find("rejected"), std::string::npos);
  EXPECT_NE(csv.find("'=cmd()"), std::string::npos);
  EXPECT_NE(csv.find("\"a \"\"quoted\"\", note\""), std::string::npos);
}

TEST(Events, DataThatDoesNotFitIsRefusedByName) {
  for (const auto& [kind, data] : std::vector<std::pair<std::string, json>>{
           {"accept", json::object()},
           {"accept", {{"finding", 3}}},
           {"relabel", {{"finding", "a"}}},
           {"paint", {{"finding", "a"}, {"added", {1, 2, 3}}, {"removed", json::array()}}},
           {"draw", {{"finding", "a"}, {"label", "x"}, {"footprint", {0, 0, 0, 1u << 30}}}},
           {"measure",
            {{"points", {{1, 2}}}, {"name", "d"}, {"value", 1}, {"unit", "px"}, {"source", ""}}},
           {"undo", {{"number", 0}}},
           {"fovea", {{"x", nullptr}, {"z", 1}}},
           {"nonsense", json::object()},
           {"parameters", json::array()}}) {
    try {
      check_event(kind, data);
      ADD_FAILURE() << kind << " " << data;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::Usage);
      EXPECT_NE(std::string(e.what()).find(kind), std::string::npos);
    }
  }
}

TEST(Events, HashIsOverLengthPrefixedFields) {
  // printf '0:,1:1,1:t,1:r,1:k,2:{},' | sha256sum
  EXPECT_EQ(event_hash("", 1, "t", "r", "k", "{}"),
            "66c21beff7750cef6b51a2ac74991bdf57e3b833eb533e30cac7a068bdc722f2");
  EXPECT_NE(event_hash("", 1, "t", "ab", "c", "{}"), event_hash("", 1, "t", "a", "bc", "{}"));
}

TEST(Events, DeepNestingIsRefused) {
  EXPECT_THROW(parse_event_data(std::string(100000, '[')), Error);
  EXPECT_EQ(parse_event_data("[[1]]").dump(), "[[1]]");
}
