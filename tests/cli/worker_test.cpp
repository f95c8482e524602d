// The worker's protocol over real pipes, with the real pipeline.
#include "modules/core/dataset_store.h"
#include "modules/core/file.h"
#include "modules/core/findings_pack.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Process;

const std::string sample = SENSORIUM_SOURCE_DIR "/resources/samples/oct_phantom_sample.nrrd";

class WorkerTalk : public ::testing::Test {
protected:
  void SetUp() override { make_folder(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  // The result or error event of the request.
  json ask(json request) {
    process_.write_line(request.dump());
    return await(request.at("id"));
  }
  json await(const json& id) {
    while (const auto line = process_.read_line()) {
      const json event = json::parse(*line);
      if (event.at("id") == id && (event.at("event") == "result" || event.at("event") == "error"))
        return event;
    }
    return {{"event", "nothing"}};
  }
  json recipe() const {
    return {{"format", "sensorium-recipe"},
            {"version", 1},
            {"pipeline", {{"id", "oct_hrf"}}},
            {"inputs", {{{"path", sample}}}}};
  }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-worker-" + std::to_string(::getpid()));
  Process process_{{SENSORIUM_BINARY_DIR "/bin/sensorium", "worker"}};
};

TEST_F(WorkerTalk, OpensRunsCountsAgainAndRestores) {
  const json opened =
      ask({{"id", 1}, {"op", "open"}, {"path", sample}, {"store", (folder_ / "v.dat").string()}});
  ASSERT_EQ(opened.at("event"), "result") << opened;
  EXPECT_GT(std::get<Volume>(map_dataset(opened.at("store").get<std::string>())).voxels(), 0u);

  const json ran = ask(
      {{"id", 2}, {"op", "run"}, {"recipe", recipe()}, {"output", (folder_ / "case").string()}});
  ASSERT_EQ(ran.at("event"), "result") << ran;
  const auto count = ran.at("findings").at("items").size();
  for (const json& artifact : ran.at("artifacts"))
    EXPECT_NO_THROW(map_dataset(artifact.at("store").get<std::string>()));

  json parameters = ran.at("findings").at("parameters");
  parameters["threshold"] = 0.99;
  const json fewer = ask({{"id", 3}, {"op", "conclude"}, {"parameters", parameters}});
  ASSERT_EQ(fewer.at("event"), "result") << fewer;
  EXPECT_LE(fewer.at("findings").at("items").size(), count);
  const json packed =
      ask({{"id", 30}, {"op", "conclude"}, {"parameters", parameters}, {"packed", true}});
  ASSERT_EQ(packed.at("event"), "result") << packed;
  EXPECT_FALSE(packed.contains("findings"));
  EXPECT_EQ(to_json(unpack_findings(read_text(packed.at("findings_file").get<std::string>()))),
            fewer.at("findings"));

  const json restored =
      ask({{"id", 4}, {"op", "restore"}, {"folder", (folder_ / "case").string()}});
  ASSERT_EQ(restored.at("event"), "result") << restored;
  EXPECT_EQ(restored.at("findings").at("items"), ran.at("findings").at("items"));

  const fs::path moved = folder_ / "moved.nrrd";
  fs::copy_file(sample, moved);
  const auto restore_from = [&](int id) {
    return ask({{"id", id},
                {"op", "restore"},
                {"folder", (folder_ / "case").string()},
                {"recording", moved.string()}});
  };
  EXPECT_EQ(restore_from(5).at("event"), "result") << "a recording that lies elsewhere now";
  std::string bytes = read_text(moved);
  bytes.back() = static_cast<char>(bytes.back() + 1);
  write_atomically(moved, bytes);
  EXPECT_EQ(restore_from(6).at("event"), "error") << "it is known by its content";
}

std::int64_t voxels_of(const json& items) {
  std::int64_t sum = 0;
  for (const json& item : items)
    for (std::size_t i = 3; i < item.at("footprint").size(); i += 4)
      sum += item.at("footprint")[i].get<std::int64_t>();
  return sum;
}

TEST_F(WorkerTalk, WritesTheReportAndLaysAMaskOnTheCase) {
  const fs::path pdf = folder_ / "out.pdf", mask = folder_ / "mask.nrrd";
  EXPECT_EQ(ask({{"id", 1}, {"op", "report"}, {"file", pdf.string()}}).at("code"), "conflict");
  EXPECT_EQ(
      ask({{"id", 2}, {"op", "import"}, {"file", mask.string()}, {"reader", "ann"}}).at("code"),
      "conflict");
  const json ran = ask(
      {{"id", 3}, {"op", "run"}, {"recipe", recipe()}, {"output", (folder_ / "case").string()}});
  ASSERT_EQ(ran.at("event"), "result") << ran;

  const json reported = ask({{"id", 4}, {"op", "report"}, {"file", pdf.string()}});
  ASSERT_EQ(reported.at("event"), "result") << reported;
  EXPECT_EQ(reported.at("file"), pdf.string());
  EXPECT_TRUE(read_text(pdf).starts_with("%PDF-"));
  EXPECT_EQ(ask({{"id", 5}, {"op", "report"}, {"file", "/absent/out.pdf"}}).at("event"), "error");

  const json written = ask({{"id", 6},
                            {"op", "export"},
                            {"artifact", "mask"},
                            {"format", "nrrd"},
                            {"file", mask.string()}});
  ASSERT_EQ(written.at("event"), "result") << written;
  const json laid = ask({{"id", 7}, {"op", "import"}, {"file", mask.string()}, {"reader", "ann"}});
  ASSERT_EQ(laid.at("event"), "result") << laid;
  const json& items = laid.at("data").at("items");
  EXPECT_EQ(items.size(), laid.at("findings").get<std::size_t>());
  EXPECT_GT(items.size(), 0u);
  EXPECT_EQ(voxels_of(items), voxels_of(ran.at("findings").at("items")))
      << "the mask of all findings comes back as the same voxels";
  EXPECT_EQ(laid.at("labels"), (json{{"1", "focus"}}));

  EXPECT_EQ(ask({{"id", 8}, {"op", "import"}, {"file", "/absent"}, {"reader", "ann"}}).at("code"),
            "not_found");
  EXPECT_EQ(ask({{"id", 9}, {"op", "import"}, {"file", sample}, {"reader", "ann"}}).at("event"),
            "error")
      << "a recording is no mask";
  EXPECT_EQ(ask({{"id", 10}, {"op", "ping"}}).at("event"), "result");
}

TEST_F(WorkerTalk, ErrorsAreEventsAndTheWorkerGoesOn) {
  EXPECT_EQ(ask({{"id", 1}, {"op", "open"}, {"path", "/absent"}}).at("code"), "not_found");
  EXPECT_EQ(ask({{"id", 2}, {"op", "conclude"}, {"parameters", json::object()}}).at("code"),
            "conflict");
  EXPECT_EQ(ask({{"id", 3}, {"op", "dance"}}).at("code"), "usage");
  process_.write_line("{ damaged");
  process_.write_line("[1]");
  EXPECT_EQ(ask({{"id", 4}, {"op", "ping"}}).at("event"), "result");
}

TEST_F(WorkerTalk, CancelEndsTheRun) {
  process_.write_line(
      json{{"id", 1}, {"op", "run"}, {"recipe", recipe()}, {"output", (folder_ / "case").string()}}
          .dump());
  while (const auto line = process_.read_line())
    if (json::parse(*line).at("event") == "progress") break;
  process_.write_line(json{{"id", 2}, {"op", "cancel"}, {"target", 1}}.dump());
  const json ended = await(1);
  EXPECT_EQ(ended.at("event"), "error");
  EXPECT_EQ(ended.value("code", ""), "cancelled");
  EXPECT_EQ(ask({{"id", 3}, {"op", "ping"}}).at("event"), "result");
}

TEST_F(WorkerTalk, EndsWhenItsInputCloses) {
  process_.close_input();
  EXPECT_EQ(process_.wait(), 0);
}

}
}
