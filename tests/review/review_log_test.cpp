#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/review/fold.h"
#include "modules/review/review_log.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <sys/resource.h>
#include <unistd.h>

using namespace sensorium;
namespace fs = std::filesystem;
using Mode = ReviewLog::Mode;

namespace {

class Log : public testing::Test {
protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() / ("sensorium_log_" + std::to_string(::getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    file_ = folder_ / "review.sqlite";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<ReviewLog> open(Mode mode = Mode::ReadWrite) {
    return ReviewLog::open(file_, mode);
  }
  Event accept(ReviewLog& log, const std::string& id) {
    return log.append("kim", "accept", {{"finding", id}});
  }
  void fill(int count) {
    const auto log = open();
    for (int i = 0; i < count; ++i) accept(*log, "f" + std::to_string(i));
  }
  void sql(const std::string& text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_close(db);
  }
  ErrorCode error_of(const std::function<void()>& work, std::string* message = nullptr) {
    try {
      work();
    } catch (const Error& e) {
      if (message != nullptr) *message = e.what();
      EXPECT_FALSE(e.hint().empty());
      return e.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::Internal;
  }

  fs::path folder_, file_;
};

}

TEST_F(Log, FirstEventMakesTheFile) {
  const auto log = open();
  EXPECT_TRUE(log->events().empty());
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_TRUE(log->verify().intact);
  EXPECT_EQ(accept(*log, "a").number, 1);
  EXPECT_TRUE(fs::exists(file_));
}

TEST_F(Log, ReopeningShowsTheSameEvents) {
  fill(5);
  const auto log = open();
  ASSERT_EQ(log->events().size(), 5u);
  EXPECT_EQ(log->events()[3].data.at("finding"), "f3");
  EXPECT_EQ(log->events()[0].previous_hash, "");
  EXPECT_EQ(log->events()[4].previous_hash, log->events()[3].hash);
  EXPECT_EQ(log->verify().text, "5 events, chain intact");
  EXPECT_EQ(accept(*log, "g").number, 6);
}

TEST_F(Log, DrawnFindingsGetTheirIdFromTheLog) {
  const auto log = open();
  accept(*log, "a");
  EXPECT_EQ(log->append("kim", "draw", draw_data({{0, 0, 0, 3}}, "focus")).data.at("finding"),
            "drawn-2");
}

TEST_F(Log, SecondWriterReadsAndSaysWhy) {
  const auto first = open();
  accept(*first, "a");
  const auto second = open();
  EXPECT_TRUE(second->read_only());
  EXPECT_NE(second->read_only_reason().find("another window"), std::string::npos);
  EXPECT_NE(second->read_only_reason().find(std::to_string(::getpid())), std::string::npos);
  EXPECT_EQ(second->events().size(), 1u);
  accept(*first, "b");
  EXPECT_TRUE(second->refresh());
  EXPECT_FALSE(second->refresh());
  EXPECT_EQ(second->events().size(), 2u);
  EXPECT_EQ(error_of([&] { accept(*second, "c"); }), ErrorCode::Conflict);
}

TEST_F(Log, ReaderOfAnEmptyCaseSeesTheFirstEvent) {
  const auto writer = open();
  const auto reader = open(Mode::ReadOnly);
  accept(*writer, "a");
  EXPECT_TRUE(reader->refresh());
}

TEST_F(Log, LockOfADeadWriterIsNoLock) {
  fill(1);
  EXPECT_TRUE(fs::exists(file_.string() + ".lock"));
  EXPECT_FALSE(open()->read_only());
}

TEST_F(Log, SameFileThroughALinkIsTheSameLock) {
  fill(1);
  const auto first = open();
  fs::create_directory_symlink(folder_, folder_.string() + "_link");
  EXPECT_TRUE(
      ReviewLog::open(fs::path(folder_.string() + "_link") / "review.sqlite", Mode::ReadWrite)
          ->read_only());
  fs::remove(folder_.string() + "_link");
}

TEST_F(Log, BadDataIsRefusedAndNothingIsStored) {
  const auto log = open();
  accept(*log, "a");
  EXPECT_THROW(log->append("kim", "accept", {{"finding", 3}}), Error);
  EXPECT_THROW(log->append("kim", "note", {{"finding", ""}, {"text", "\xff\xfe"}}), Error);
  EXPECT_THROW(log->append("\xff", "accept", {{"finding", "a"}}), Error);
  EXPECT_EQ(log->events().size(), 1u);
  EXPECT_EQ(open(Mode::ReadOnly)->events().size(), 1u);
}

TEST_F(Log, UndoAndRedoByReader) {
  const auto log = open();
  EXPECT_FALSE(log->undo("kim"));
  accept(*log, "a");
  log->append("lee", "accept", {{"finding", "b"}});
  EXPECT_EQ(log->undo("kim")->data.at("number"), 1);
  EXPECT_FALSE(log->undo("kim"));
  EXPECT_FALSE(log->redo("lee"));
  EXPECT_EQ(log->redo("kim")->data.at("number"), 1);
}

TEST_F(Log, ChangedEventIsNamed) {
  fill(5);
  sql("UPDATE event SET data = '{\"finding\":\"other\"}' WHERE number = 3");
  const Verification v = open()->verify();
  EXPECT_FALSE(v.intact);
  EXPECT_EQ(v.event, 3);
  EXPECT_NE(v.text.find("event 3 was changed"), std::string::npos);
}

TEST_F(Log, EveryFieldIsUnderTheHash) {
  for (const char* field : {"time", "reader", "kind", "data", "previous_hash", "hash"}) {
    fs::remove(file_);
    fill(3);
    sql("UPDATE event SET " + std::string(field) + " = 'x' WHERE number = 2");
    const Verification v = open()->verify();
    EXPECT_FALSE(v.intact) << field;
    EXPECT_EQ(v.event, 2) << field;
  }
}

TEST_F(Log, RemovedEventsAreSeen) {
  fill(5);
  sql("DELETE FROM event WHERE number = 2");
  EXPECT_EQ(open()->verify().event, 2);
  sql("DELETE FROM event WHERE number > 1");
  EXPECT_FALSE(open()->verify().intact);
}

TEST_F(Log, UnreadableEventIsShownAsAProblem) {
  fill(3);
  sql("UPDATE event SET data = '{{{' WHERE number = 2");
  const auto log = open();
  EXPECT_EQ(log->events().size(), 3u);
  EXPECT_EQ(fold({}, log->events()).problems.size(), 1u);
  EXPECT_FALSE(log->verify().intact);
}

TEST_F(Log, SignedCaseIsFrozenAndShowsTampering) {
  {
    const auto log = open();
    accept(*log, "a");
    log->sign("kim", "I have read all findings.");
    EXPECT_TRUE(log->is_signed());
    EXPECT_EQ(error_of([&] { accept(*log, "b"); }), ErrorCode::Conflict);
    EXPECT_EQ(error_of([&] { log->undo("kim"); }), ErrorCode::Conflict);
    EXPECT_EQ(log->verify().text, "2 events, chain intact, signed by kim");
  }
  EXPECT_EQ(error_of([&] { accept(*open(), "b"); }), ErrorCode::Conflict);
  sql("INSERT INTO event VALUES(3, 't', 'kim', 'reject', '{\"finding\":\"a\"}', '', '')");
  const Verification v = open()->verify();
  EXPECT_EQ(v.event, 3);
  EXPECT_NE(v.text.find("after the signature"), std::string::npos);
}

TEST_F(Log, SignatureRemovedFromTheLogIsSeen) {
  std::string first;
  {
    const auto log = open();
    first = accept(*log, "a").hash;
    log->sign("kim", "done");
  }
  sql("DELETE FROM event WHERE number = 2; UPDATE head SET number = 1, hash = '" + first + "'");
  const Verification v = open()->verify();
  EXPECT_FALSE(v.intact);
  EXPECT_NE(v.text.find("not the one that was signed"), std::string::npos);
}

TEST_F(Log, ForgedChainDoesNotFitTheSignatureFile) {
  fs::path elsewhere;
  {
    const auto log = open();
    accept(*log, "a");
    log->sign("kim", "done");
  }
  fs::rename(file_.string() + ".signature.json", folder_ / "kept.json");
  fs::remove(file_);
  {
    const auto log = open();
    accept(*log, "b");
    log->sign("kim", "done");
  }
  fs::rename(folder_ / "kept.json", file_.string() + ".signature.json");
  EXPECT_FALSE(open()->verify().intact);
}

TEST_F(Log, NewerLogIsRefusedClearly) {
  fill(1);
  sql("PRAGMA user_version = 77");
  std::string message;
  EXPECT_EQ(error_of([&] { open(); }, &message), ErrorCode::Unsupported);
  EXPECT_NE(message.find("version 77"), std::string::npos);
}

TEST_F(Log, ForeignAndDamagedFilesAreRefusedAndKept) {
  const auto refused_and_kept = [&](const char* what) {
    const std::string before = read_text(file_);
    std::string message;
    EXPECT_EQ(error_of([&] { open(); }, &message), ErrorCode::BadInput) << what;
    EXPECT_NE(message.find(file_.string()), std::string::npos) << what;
    EXPECT_EQ(read_text(file_), before) << what;
  };
  write_atomically(file_, std::string(5000, 'x'));
  refused_and_kept("text");
  fs::remove(file_);
  sql("CREATE TABLE other(x)");
  refused_and_kept("another database");
  fs::remove(file_);
  fill(40);
  std::string bytes = read_text(file_);
  write_atomically(file_, bytes.substr(0, bytes.size() / 2));
  refused_and_kept("truncated");
  std::string torn = bytes;
  for (std::size_t i = 4096; i < torn.size(); ++i) torn[i] = static_cast<char>(i * 7);
  write_atomically(file_, torn);
  refused_and_kept("overwritten pages");
}

TEST_F(Log, MissingTableIsDamage) {
  fill(2);
  sql("DROP TABLE head");
  EXPECT_EQ(error_of([&] { open(); }), ErrorCode::BadInput);
}

TEST_F(Log, EmptyFileIsAnEmptyLog) {
  std::ofstream(file_).flush();
  const auto log = open();
  EXPECT_TRUE(log->events().empty());
  EXPECT_EQ(accept(*log, "a").number, 1);
}

TEST_F(Log, NoFolderIsNotFound) {
  EXPECT_EQ(error_of([&] { ReviewLog::open(folder_ / "no" / "review.sqlite", Mode::ReadWrite); }),
            ErrorCode::NotFound);
}

// A file size limit stands in for the full disk: every write beyond it fails, as on a full disk.
TEST_F(Log, FullDiskLosesNothing) {
  std::signal(SIGXFSZ, SIG_IGN);
  const auto log = open();
  accept(*log, "a");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto wal = fs::file_size(file_.string() + "-wal");
  rlimit small = before;
  small.rlim_cur = wal + 1000;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string head = log->head_hash();
  const ErrorCode code =
      error_of([&] { log->append("kim", "note", note_data("", std::string(200000, 'n'))); });
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(code, ErrorCode::Resources);
  EXPECT_EQ(log->events().size(), 1u);
  EXPECT_EQ(log->head_hash(), head);
  EXPECT_EQ(open(Mode::ReadOnly)->events().size(), 1u);
  EXPECT_EQ(accept(*log, "b").number, 2);
  EXPECT_EQ(log->verify().text, "2 events, chain intact");
}

TEST_F(Log, DurableSettingsAreInForce) {
  fill(1);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
  std::string mode;
  sqlite3_exec(
      db, "PRAGMA journal_mode",
      [](void* out, int, char** values, char**) {
        *static_cast<std::string*>(out) = values[0];
        return 0;
      },
      &mode, nullptr);
  sqlite3_close(db);
  EXPECT_EQ(mode, "wal");
}
