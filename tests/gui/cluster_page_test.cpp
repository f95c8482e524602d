// A recording is sent to a queue, watched, and its result brought back, all in the window; the real
// command line does the work, with the queue of this machine.
#include "app/gui/send_dialog.h"
#include "modules/view/notice_bar.h"
#include "modules/view/theme.h"
#include "tests/gui/cluster_window.h"

#include <QApplication>
#include <QCheckBox>
#include <QSignalSpy>

using namespace sensorium;

namespace {

TEST_F(Clusters, ARecordingGoesToAQueueAndItsResultComesBack) {
  window_->actions().find("clusters")->trigger();
  EXPECT_EQ(window_->page(), &page());
  EXPECT_FALSE(button(page(), "Send this recording")->isEnabled()) << "nothing is open";
  ASSERT_TRUE(becomes([this] { return !page().busy(); }));
  EXPECT_FALSE(page().table()->isVisible());

  window_->session().open_file(QString(SAMPLES) + "/chart_sample.hdr");
  ASSERT_TRUE(becomes([this] { return window_->session().stage() == CaseSession::Stage::Opened; }));
  ASSERT_NE(window_->session().pipeline(), nullptr);
  window_->actions().find("clusters")->trigger();
  button(page(), "Send this recording")->click();
  auto* dialog = page().findChild<SendDialog*>();
  ASSERT_NE(dialog, nullptr);
  ASSERT_TRUE(becomes([&] { return dialog->send_button()->isEnabled(); }))
      << dialog->message().toStdString();
  EXPECT_EQ(dialog->site(), "local");
  ASSERT_EQ(dialog->files()->rowCount(), 2) << "header and samples";
  EXPECT_FALSE(dialog->findChild<QCheckBox*>()->isChecked()) << "patients' data stays by default";
  dialog->send_button()->click();
  ASSERT_TRUE(becomes([this] { return cell(2) == "done"; })) << page().message().toStdString();
  EXPECT_EQ(cell(0), "chart_sample.hdr");
  EXPECT_EQ(cell(1), "analysis");

  page().table()->setCurrentCell(0, 0);
  ASSERT_TRUE(becomes([this] { return page().log_text().contains("done (status 0)"); }))
      << page().log_text().toStdString();
  EXPECT_TRUE(page().log_text().contains("100 %")) << "progress is words, not JSON";
  QSignalSpy fetched(&page(), &ClusterPage::case_fetched);
  button(page(), "Bring the result")->click();
  ASSERT_TRUE(becomes([&] { return fetched.count() == 1; })) << page().message().toStdString();
  EXPECT_TRUE(QFile::exists(fetched[0][0].toString() + "/findings.json"));
  ASSERT_TRUE(becomes([this] {
    return window_->session().stage() == CaseSession::Stage::Analysed;
  })) << window_->notice().message().toStdString();
  EXPECT_NE(window_->page(), &page()) << "the result is shown";
}

TEST_F(Clusters, ARunThatCannotBeSentSaysWhy) {
  const QString file = path("gone.hdr");
  SendDialog dialog(WORKER, "x",
                    {{"format", "sensorium-recipe"},
                     {"version", 1},
                     {"pipeline", {{"id", "hs2rgb"}, {"version", "1.0.0"}}},
                     {"inputs", {{{"path", file.toStdString()}}}}},
                    window_.get());
  ASSERT_TRUE(becomes([&] { return dialog.message().contains("gone.hdr"); }))
      << dialog.message().toStdString();
  EXPECT_FALSE(dialog.send_button()->isEnabled());
}

TEST(CommandCalls, AProgramThatIsNotThereIsSaid) {
  CommandCall call("/nowhere/sensorium");
  std::string message;
  call.start({"jobs", "list"}, [&](bool ok, const nlohmann::json& reply) {
    EXPECT_FALSE(ok);
    message = reply.at("error").at("message").get<std::string>();
  });
  ASSERT_TRUE(QTest::qWaitFor([&] { return !message.empty(); }, 30000));
  EXPECT_NE(message.find("/nowhere/sensorium"), std::string::npos);
  EXPECT_FALSE(call.busy());
}

}

int main(int argc, char** argv) {
  QApplication application(argc, argv);
  QApplication::setOrganizationName("sensorium");
  QApplication::setApplicationName("sensorium-test");
  apply_theme(application, Theme::Dark);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
