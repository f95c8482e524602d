// The parts that need no cluster: quoting, typed fields, reading answers.
#include "modules/cluster/fetch.h"
#include "modules/cluster/local_shell.h"
#include "modules/cluster/program.h"
#include "modules/cluster/slurm.h"
#include "modules/cluster/ssh.h"
#include "modules/cluster/submission.h"
#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

const std::string token(32, 'a');

Site a_site() { return {.name = "s", .host = "h", .root = "/r"}; }
ClusterRun a_run() {
  return {.token = token,
          .name = "n",
          .site = "s",
          .verb = "train",
          .tasks = {nlohmann::json::object()},
          .program = "/p",
          .digest = "d"};
}

TEST(Quoting, AShellReadsBackEveryWord) {
  std::string every;
  for (int c = 1; c < 256; ++c) every += static_cast<char>(c);
  LocalShell shell;
  const std::vector<std::string> words{every, "", "'", "-n", "$(exit 9)", "\\", "\n", "a b"};
  const Reply reply = shell.run("for w; do printf '%s|' \"$w\"; done; exit 7", words);
  std::string wanted;
  for (const std::string& word : words) wanted += word + "|";
  EXPECT_TRUE(reply.reached);
  EXPECT_EQ(reply.status, 7);
  EXPECT_EQ(reply.out, wanted + "\n");
  EXPECT_THROW(posix_quoted(std::string("a\0b", 3)), Error);
}

TEST(Quoting, ACommandCannotEatTheScript) {
  LocalShell shell;
  EXPECT_EQ(shell.run("cat\necho after", {}).out, "after\n\n");
}

TEST(Programs, EndInTimeAndWithTheirStatus) {
  EXPECT_EQ(run_program({"sh", "-c", "kill -KILL $$"}, {}).status, 128 + 9);
  const ProgramResult slow = run_program({"sleep", "600"}, {.timeout_s = 0.2});
  EXPECT_TRUE(slow.timed_out);
  // A descendant that keeps the pipe open is not waited for.
  EXPECT_EQ(run_program({"sh", "-c", "sleep 600 & echo $!"}, {}).status, 0);
  EXPECT_THROW(run_program({"/no/such/program"}, {}), Error);
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(run_program({"cat"}, {.input = large}).out, large);
}

TEST(Fields, RefuseWhatCouldBeMoreThanAName) {
  for (const std::string bad : {"", "-x", "a b", "a\nb", "a;b", "$(a)", "a'b", "a%b"})
    EXPECT_THROW(check_slurm_name("x", bad), Error) << bad;
  for (const std::string bad : {"", "-oProxyCommand=x", "a b", "a\nb", "a;b"})
    EXPECT_THROW(check_host(bad), Error) << bad;
  check_slurm_name("x", "gpu-a100.long_1");
  check_host("me@cluster.example.org");
  Site site = a_site();
  site.root = "/a\n#SBATCH --x";
  EXPECT_THROW(check_site(site), Error);
  ClusterRun run = a_run();
  run.verb = "train; x";
  EXPECT_THROW(check_run(run), Error);
  run = a_run();
  run.resources.minutes = 0;
  EXPECT_THROW(check_run(run), Error);
}

TEST(Options, HoldTypedFieldsAlone) {
  ClusterRun run = a_run();
  run.name = "any; text";
  run.resources = {.nodes = 2,
                   .cpus = 4,
                   .gpus = 1,
                   .memory_mib = 2048,
                   .minutes = 90,
                   .partition = "p",
                   .gres = "gpu:a100",
                   .grace_seconds = 60};
  const auto words = sbatch_options(a_site(), run, {});
  const auto has = [&](const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  for (const char* word :
       {"--nodes=2", "--cpus-per-task=4", "--gres=gpu:a100:1", "--mem=2048M", "--time=90",
        "--partition=p", "--signal=B:USR1@60", "--requeue", "--open-mode=append"})
    EXPECT_TRUE(has(word)) << word;
  EXPECT_TRUE(has("--job-name=sns-" + token));
  for (const std::string& word : words) EXPECT_EQ(word.find("any"), std::string::npos);
  run.array = true;
  run.tasks.resize(9);
  run.at_once = 3;
  const auto array = sbatch_options(a_site(), run, {0, 1, 2, 5, 7, 8});
  EXPECT_EQ(array.back(), "--array=0-2,5,7-8%3");
}

std::string answer(const std::string& queue, const std::string& lines) {
  return queue + "run " + token + "\nspec " + to_json(a_run(), false).dump() + "\n" + lines +
         "end\n\n";
}
RunState state_of(const std::string& text) { return parse_status(text).runs[token]; }
const std::string job = "job|sns-" + token + "|7|";

TEST(Status, HasThreeValues) {
  RunState s = state_of(answer("queue 0\n", ""));
  EXPECT_EQ(s.state, "not submitted");
  EXPECT_EQ(s.presence, Presence::Absent);
  s = state_of(answer("queue 1\n", "jobid 7\n"));
  EXPECT_EQ(s.state, "unknown");
  EXPECT_EQ(s.presence, Presence::Unknown);
  s = state_of(answer("queue 1\n", ""));
  EXPECT_EQ(s.state, "unknown");
  s = state_of(answer("queue 0\n", "jobid 7\n"));
  EXPECT_EQ(s.state, "lost");
  EXPECT_EQ(s.presence, Presence::Absent);
  s = state_of(answer("queue 0\n" + job + "PENDING|Priority|N/A|0:00|1:00|\n", "jobid 7\n"));
  EXPECT_EQ(s.state, "pending");
  EXPECT_EQ(s.reason, "Priority");
  s = state_of(answer("queue 0\n" + job + "RUNNING|None|x|0:10|1:00|n1\n", ""));
  EXPECT_EQ(s.state, "running");
  EXPECT_EQ(s.job_id, "7");
}

TEST(Status, TheExitFileIsTheTruth) {
  const std::string exit = R"(exit {"state":"failed","status":4})"
                           "\n";
  for (const char* queue : {"queue 0\n", "queue 1\n"})
    EXPECT_EQ(state_of(answer(queue, "jobid 7\n" + exit)).state, "failed");
  EXPECT_EQ(
      state_of(answer("queue 0\n" + job + "RUNNING|None|x|0|1|n\n", "jobid 7\n" + exit)).status, 4);
  EXPECT_EQ(state_of(answer("queue 0\n", "jobid 7\ncancel\n")).state, "cancelled");
  EXPECT_EQ(state_of(answer("queue 0\n", "jobid 7\nafter TIMEOUT\n")).state, "time limit");
  EXPECT_EQ(state_of(answer("queue 0\n", "jobid 7\nafter NODE_FAIL\n")).state, "lost");
  // The list of an earlier job of the run says nothing about this one.
  EXPECT_EQ(state_of(answer("queue 0\n" + job + "COMPLETED|None|x|0|1|n\n" + "job|sns-" + token +
                                "|8|PENDING|Resources|x|0|1|\n",
                            "jobid 8\n"))
                .state,
            "pending");
}

TEST(Status, AnAnswerThatBreaksOffSaysNothing) {
  const std::string whole = answer("queue 0\n", "jobid 7\n");
  for (std::size_t cut = 0; cut + 5 < whole.size(); cut += 3) {
    const SiteState state = parse_status(whole.substr(0, cut));
    EXPECT_FALSE(state.reached);
    EXPECT_TRUE(state.runs.empty());
  }
  EXPECT_FALSE(parse_status(answer("queue 0\n", "exit {\"state\":5}\n")).reached);
}

TEST(Complaints, OnlySomePassByThemselves) {
  EXPECT_TRUE(is_transient(
      "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"));
  EXPECT_TRUE(is_transient("sbatch: error: Batch job submission failed: Unable to contact slurm "
                           "controller (connect failure)"));
  EXPECT_FALSE(is_transient("sbatch: error: invalid partition specified: nowhere"));
  EXPECT_NE(explain_reason("PartitionConfig").find("never start"), std::string::npos);
  EXPECT_NE(explain_reason("(Nodes_odd)").find("Nodes_odd"), std::string::npos);
}

TEST(Waiting, GrowsFromFiveToSixtySeconds) {
  EXPECT_EQ(back_off_s(0), 5);
  EXPECT_EQ(back_off_s(1), 7.5);
  EXPECT_EQ(back_off_s(100), 60);
}

TEST(Rsync, BytesAreReadFromItsProgress) {
  EXPECT_EQ(rsync_bytes("\r        1,234,567  12%    1.00MB/s    0:00:01"), 1234567u);
  EXPECT_EQ(rsync_bytes("sending file list"), std::nullopt);
  const std::string end = "rsync error: error in file IO (code 11) at receiver.c(378)\n";
  const auto said = [&](const std::string& errors) {
    try {
      throw_rsync(11, errors, "hpc");
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::Resources);
      return std::string(e.what());
    }
  };
  const std::string full =
      R"(rsync: [receiver] write failed on "/x/y": No space left on device (28))";
  EXPECT_EQ(said(full + "\n" + end), "the disk is full: " + full + " (hpc)");
  const std::string quota = R"(rsync: [receiver] mkstemp "/x" failed: Disk quota exceeded (122))";
  EXPECT_EQ(said("a warning\n" + quota + "\r\n" + end), "a quota is used up: " + quota + " (hpc)");
  EXPECT_NE(said(end).find("failed (rsync 11): rsync error"), std::string::npos);
}

TEST(Uploads, FollowLinksUnderTheirOwnNames) {
  const fs::path folder = fs::temp_directory_path() / ("sns-parts." + std::to_string(::getpid()));
  fs::create_directories(folder / "real");
  fs::create_directories(folder / "sent/below");
  std::ofstream(folder / "real/other") << "content";
  fs::create_symlink(folder / "real/other", folder / "sent/below/name");
  const Upload upload = make_upload_of_folder(folder / "sent");
  ASSERT_EQ(upload.files.size(), 1u);
  EXPECT_EQ(upload.files[0].name, "below/name");
  EXPECT_EQ(upload.bytes, 7u);
  fs::remove_all(folder);
}

TEST(Limits, OfTimeAreReadAsSlurmWritesThem) {
  EXPECT_EQ(minutes_of("30"), 30);
  EXPECT_EQ(minutes_of("90:00"), 90);
  EXPECT_EQ(minutes_of("8:30:00"), 510);
  EXPECT_EQ(minutes_of("2-00:00:00"), 2880);
  EXPECT_EQ(minutes_of("1-12"), 2160);
  EXPECT_EQ(minutes_of("1-00:05"), 1445);
  for (const char* text : {"", "infinite", "n/a", "-", "1-", "1:", "1--2", "1:2:3:4", "1:a", ":5"})
    EXPECT_FALSE(minutes_of(text)) << text;
  EXPECT_GT(minutes_of("99999999999999999999-0"), 0);
}

TEST(Limits, OfGpusAreCountedOverTheirKinds) {
  EXPECT_EQ(gpus_of(""), 0);
  EXPECT_EQ(gpus_of("gpu:2"), 2);
  EXPECT_EQ(gpus_of("gpu"), 1);
  EXPECT_EQ(gpus_of("gpu:a100:4(S:0-1),gpu:t4:2,craynetwork:8"), 6);
  EXPECT_EQ(gpus_of("gpu:a100:4(S:0,3)"), 4);
  EXPECT_EQ(gpus_of("shard:16,gpux:3"), 0);
  EXPECT_EQ(gpus_of(",,("), 0);
}

TEST(Curves, TakeWholeLinesAndWhatAResumeRepeats) {
  CurvePiece piece;
  const std::string text = R"({"step": 1, "tag": "loss", "value": 3.5, "time": 1}
no record
{"step": 2, "tag": "loss", "value": 2.5}
{"step": 2, "tag": "rate", "value": 0.1}
{"step": 3, "tag": "loss", "value": 9}
{"step": 2, "tag": "loss", "value": 2.25}
{"step": "4", "tag": "loss", "value": 1}
{"step": 4, "tag": "loss", "value": null}
)";
  EXPECT_EQ(add_curves(text + R"({"step": 5, "tag": "loss", "va)", piece), text.size());
  using Curve = std::vector<std::pair<int, double>>;
  EXPECT_EQ(piece.curves.at("loss"), (Curve{{1, 3.5}, {2, 2.25}}));
  EXPECT_EQ(piece.curves.at("rate"), (Curve{{2, 0.1}}));
}

// The newest log of a training in folds; other ranks' logs are theirs.
TEST(Curves, AreReadFromWhereTheyWereLeft) {
  const fs::path root = fs::temp_directory_path() / ("sns-curves." + std::to_string(::getpid()));
  const Site site{.name = "here", .kind = "local", .root = root.string()};
  const std::string own = new_token();
  const fs::path out = root / "runs" / own / "out";
  LocalShell shell;
  EXPECT_EQ(read_curves(shell, site, own, -1, 0).file, "");
  make_folder(out / "fold 1");
  make_folder(out / "ranks/1");
  const std::string line = "{\"step\": 1, \"tag\": \"a\", \"value\": 1}\n";
  write_atomically(out / "ranks/1/log.jsonl", line);
  EXPECT_EQ(read_curves(shell, site, own, -1, 0).file, "");
  write_atomically(out / "fold 1/log.jsonl", line + line.substr(0, 10));
  const CurvePiece first = read_curves(shell, site, own, -1, 0);
  EXPECT_EQ(first.file, "out/fold 1/log.jsonl");
  EXPECT_EQ(first.next, line.size());
  EXPECT_EQ(first.curves.at("a").size(), 1u);
  write_atomically(out / "fold 1/log.jsonl",
                   line + "{\"step\": 2, \"tag\": \"a\", \"value\": 3}\n");
  const CurvePiece second = read_curves(shell, site, own, -1, first.next);
  EXPECT_EQ(second.from, first.next);
  EXPECT_EQ(second.curves.at("a"), (std::vector<std::pair<int, double>>{{2, 3.0}}));
  write_atomically(out / "fold 1/log.jsonl", line); // a resume dropped what was beyond
  const CurvePiece third = read_curves(shell, site, own, -1, second.next);
  EXPECT_EQ(third.from, 0u);
  EXPECT_EQ(third.curves.at("a").size(), 1u);
  fs::remove_all(root);
}

TEST(Tokens, AreNeverTheSame) {
  EXPECT_NE(new_token(), new_token());
  check_token(new_token());
  EXPECT_THROW(check_token("../../etc"), Error);
}

}
}
