// What can go wrong around a review: each gives one message that says what and what to do, and
// nothing that was stored is lost.
#include "modules/core/error.h"
#include "modules/review/review_log.h"
#include "tests/gui/window_fixture.h"

#include <QFile>

#include <csignal>
#include <sys/resource.h>

using namespace sensorium;
namespace fs = std::filesystem;

namespace {

class Trouble : public Window {
protected:
  std::string message() { return window_->notice().message().toStdString(); }
  // Files cannot grow beyond what they have: as on a full disk.
  class FullDisk {
  public:
    explicit FullDisk(rlim_t room) {
      before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
      getrlimit(RLIMIT_FSIZE, &before_);
      rlimit small = before_;
      small.rlim_cur = room;
      setrlimit(RLIMIT_FSIZE, &small);
    }
    ~FullDisk() {
      setrlimit(RLIMIT_FSIZE, &before_);
      std::signal(SIGXFSZ, before_handler_);
    }

  private:
    rlimit before_{};
    void (*before_handler_)(int);
  };
};

TEST_F(Trouble, a_log_of_a_newer_program_is_left_alone_and_the_result_still_shown) {
  open_and_run("scan.fake");
  session().accept("f0");
  const fs::path log = session().entry().folder / "review.sqlite";
  restart();
  QFile file(QString::fromStdString(log.string()));
  ASSERT_TRUE(file.open(QIODevice::ReadWrite));
  file.seek(60); // the header's user_version, big endian (sqlite.org/fileformat.html, 1.3)
  file.write(QByteArray::fromHex("00000063"));
  file.close();
  const std::string before = read_text(log);
  session().open_file(path("scan.fake"));
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Analysed);
  EXPECT_NE(message().find("version 99"), std::string::npos) << message();
  EXPECT_FALSE(window_->actions().find("accept")->isEnabled());
  EXPECT_FALSE(window_->actions().find("sign")->isEnabled());
  EXPECT_EQ(count(), 4u) << "the findings can be looked at";
  restart();
  EXPECT_EQ(read_text(log), before) << "not one byte was changed";
}

TEST_F(Trouble, a_full_disk_takes_no_decision_that_is_then_lost) {
  open_and_run("scan.fake");
  session().accept("f0");
  const std::size_t stored = session().review().log()->events().size();
  {
    const FullDisk full(fs::file_size(session().entry().folder / "review.sqlite-wal") + 100);
    session().reject("f1");
    EXPECT_EQ(look("f1"), FindingLook::Machine) << "not stored, so not shown";
    EXPECT_NE(message().find("review.sqlite"), std::string::npos) << message();
    findings().select("f1");
    trigger("accept");
    EXPECT_EQ(findings().selected(), "f1") << "what was not stored is still to be read";
  }
  EXPECT_EQ(session().review().log()->events().size(), stored);
  session().reject("f1");
  EXPECT_EQ(look("f1"), FindingLook::Rejected) << "once there is room it goes on";
  restart();
  session().open_file(path("scan.fake"));
  ASSERT_TRUE(settled());
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  EXPECT_EQ(look("f1"), FindingLook::Rejected);
}

TEST_F(Trouble, a_report_and_an_export_on_a_full_disk_leave_no_half_file) {
  open_and_run("scan.fake");
  session().accept("f0");
  {
    const FullDisk full(0);
    session().export_to(path("out.csv"));
    EXPECT_NE(message().find("out.csv"), std::string::npos) << message();
    session().write_report(path("out.pdf"));
    ASSERT_TRUE(settled());
    EXPECT_NE(message().find("out.pdf"), std::string::npos) << message();
  }
  EXPECT_FALSE(fs::exists(path("out.csv").toStdString()));
  EXPECT_FALSE(fs::exists(path("out.pdf").toStdString()));
  session().write_report(path("out.pdf"));
  ASSERT_TRUE(settled());
  EXPECT_GT(fs::file_size(path("out.pdf").toStdString()), 1000u);
}

TEST_F(Trouble, without_a_model_the_window_works_and_says_so) {
  open_and_run("modelless.fake");
  EXPECT_NE(message().find("without the network"), std::string::npos) << message();
  EXPECT_TRUE(window_->status_text().contains("without a model"));
  session().accept("f0");
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  open_and_run("scan.fake");
  EXPECT_FALSE(window_->status_text().contains("without a model"));
}

TEST_F(Trouble, a_case_whose_files_are_gone_says_which) {
  open_and_run("scan.fake");
  session().accept("f0");
  const fs::path folder = session().entry().folder;
  restart();
  fs::remove(folder / "case.json");
  session().open_case(QString::fromStdString(folder.string()));
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Analysed) << "the recipe names the recording";
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  restart();
  fs::remove_all(folder);
  session().open_case(QString::fromStdString(folder.string()));
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Empty);
  EXPECT_NE(message().find(folder.filename().string()), std::string::npos) << message();
}

}
