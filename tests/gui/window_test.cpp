// The window, driven as a person would, with a made-up worker.
#include "app/gui/script_driver.h"
#include "app/gui/side_panels.h"
#include "modules/core/file.h"
#include "modules/view/command_palette.h"
#include "modules/view/findings_panel.h"
#include "modules/view/notice_bar.h"
#include "modules/view/parameter_form.h"
#include "modules/view/theme.h"
#include "tests/gui/window_fixture.h"

#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QAbstractSlider>
#include <QApplication>
#include <QDir>
#include <QSettings>
#include <QSlider>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using namespace sensorium;
namespace fs = std::filesystem;

namespace {

TEST_F(Window, opens_and_runs_and_lists_findings) {
  open("scan.fake");
  EXPECT_EQ(view()->stack().depth, 8);
  EXPECT_TRUE(window_->actions().find("run")->isEnabled());
  EXPECT_FALSE(window_->actions().find("accept")->isEnabled());
  trigger("run");
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 4u) << "scores 0.9 to 0.6 are above 0.55";
  EXPECT_EQ(window_->provenance_panel().command(), "sensorium run fake");
  EXPECT_TRUE(window_->status_text().contains("scale unknown"))
      << window_->status_text().toStdString();
  EXPECT_TRUE(window_->status_text().contains("not a medical device"));
}

TEST_F(Window, most_uncertain_comes_first_and_accepting_goes_on) {
  open_and_run("scan.fake");
  trigger("next");
  EXPECT_EQ(findings().selected(), "f3") << "0.6 is closest to 0.55";
  EXPECT_EQ(view()->slice(), 4);
  QTest::keyClick(window_.get(), Qt::Key_A);
  EXPECT_EQ(look("f3"), FindingLook::Accepted);
  EXPECT_EQ(findings().selected(), "f2");
  QTest::keyClick(window_.get(), Qt::Key_R);
  EXPECT_EQ(look("f2"), FindingLook::Rejected);
  EXPECT_TRUE(window_->status_text().contains("saved "));
}

TEST_F(Window, number_keys_relabel) {
  open_and_run("scan.fake");
  trigger("next");
  QTest::keyClick(window_.get(), Qt::Key_2);
  EXPECT_EQ(findings().item("f3")->finding.label, "exudate");
  EXPECT_FALSE(window_->actions().find("label_4")->isVisible()) << "three labels are declared";
}

TEST_F(Window, undo_and_redo_go_through_all_events) {
  open_and_run("scan.fake");
  session().accept("f0");
  session().reject("f1");
  trigger("undo");
  EXPECT_EQ(look("f1"), FindingLook::Machine);
  trigger("undo");
  EXPECT_EQ(look("f0"), FindingLook::Machine);
  EXPECT_FALSE(window_->actions().find("undo")->isEnabled());
  trigger("redo");
  trigger("redo");
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  EXPECT_EQ(look("f1"), FindingLook::Rejected);
}

TEST_F(Window, painting_draws_changes_and_erases) {
  open_and_run("scan.fake");
  view()->set_slice(6);
  trigger("brush");
  view()->set_brush_radius(1);
  drag({40.5, 40.5}, {50.5, 40.5});
  ASSERT_EQ(count(), 5u);
  const FindingItem drawn = session().review().items()->back();
  EXPECT_EQ(drawn.look, FindingLook::Drawn);
  EXPECT_EQ(drawn.finding.box, (std::array<int, 6>{39, 39, 6, 51, 41, 6}));
  trigger("undo");
  EXPECT_EQ(count(), 4u);
  view()->set_slice(1);
  drag({12.5, 22.5}, {18.5, 22.5});
  EXPECT_EQ(look("f0"), FindingLook::Changed) << "the stroke touches it";
  EXPECT_EQ(findings().item("f0")->finding.box[3], 19);
  trigger("erase");
  drag({18.5, 22.5}, {18.5, 22.5});
  EXPECT_LT(findings().item("f0")->finding.box[3], 19);
}

TEST_F(Window, wheel_scrolls_while_painting) {
  open_and_run("scan.fake");
  view()->set_slice(3);
  trigger("brush");
  QWheelEvent wheel(QPointF(50, 50), view()->mapToGlobal(QPointF(50, 50)), {}, {0, -120},
                    Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
  QApplication::sendEvent(view(), &wheel);
  EXPECT_EQ(view()->slice(), 4);
}

TEST_F(Window, measuring_says_that_the_scale_is_unknown) {
  open_and_run("scan.fake");
  trigger("measure");
  drag({10, 10}, {40, 50});
  const auto lines = session().review().measures();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].text.contains("scale unknown")) << lines[0].text.toStdString();
  EXPECT_NEAR(lines[0].text.section(QChar(0x202f), 0, 0).toDouble(), 50, 1.5)
      << "3-4-5 triangle, mouse on whole pixels";
}

TEST_F(Window, slider_counts_again_without_a_run) {
  open_and_run("scan.fake");
  session().accept("f0");
  auto* slider = window_->parameter_form().findChild<QSlider*>();
  ASSERT_NE(slider, nullptr);
  for (int v = 55; v <= 85; ++v) slider->setValue(v); // many moves: only the last must remain
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 1u) << "only 0.9 is above 0.85";
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  slider->setValue(10);
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 5u);
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
}

TEST_F(Window, other_parameters_ask_for_a_run) {
  open_and_run("scan.fake");
  ASSERT_TRUE(window_->parameter_form().set_value("passes", 3));
  EXPECT_TRUE(session().outdated());
  trigger("run");
  ASSERT_TRUE(settled());
  EXPECT_FALSE(session().outdated());
}

TEST_F(Window, a_bad_file_gives_one_message_and_keeps_the_case) {
  open_and_run("scan.fake");
  session().open_file(file("bad.fake"));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("ends after 12 of 4096 bytes"));
  EXPECT_EQ(window_->notice().button_text(), "Retry");
  EXPECT_EQ(session().stage(), CaseSession::Stage::Analysed);
  EXPECT_EQ(count(), 4u);
}

TEST_F(Window, a_crashing_worker_leaves_a_message_and_retry_works) {
  open("scan.fake");
  write_atomically((path("scan.fake") + ".crash.once").toStdString(), "x");
  trigger("run");
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Opened);
  EXPECT_TRUE(window_->notice().message().contains("worker"))
      << window_->notice().message().toStdString();
  window_->notice().press();
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Analysed);
  EXPECT_EQ(count(), 4u);
}

TEST_F(Window, a_hanging_worker_is_ended) {
  session().worker().set_hang_limit(1500);
  open("hang.fake");
  trigger("run");
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("no longer answered"))
      << window_->notice().message().toStdString();
}

TEST_F(Window, a_killed_worker_does_not_take_the_review_with_it) {
  open_and_run("scan.fake");
  session().accept("f0");
  ::kill(static_cast<pid_t>(session().worker().process_id()), SIGKILL);
  ASSERT_TRUE(QTest::qWaitFor([this] { return session().worker().process_id() == 0; }, 120000));
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  window_->parameter_form().set_value("threshold", 0.75);
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 2u) << "a new worker restored the result and counted again";
}

TEST_F(Window, stop_ends_a_run_that_listens_and_one_that_does_not) {
  for (const char* name : {"slow.fake", "deaf.fake"}) {
    open(name);
    trigger("run");
    QTest::qWait(50);
    EXPECT_EQ(session().stage(), CaseSession::Stage::Running) << name;
    trigger("stop");
    ASSERT_TRUE(settled()) << name;
    EXPECT_EQ(session().stage(), CaseSession::Stage::Opened) << name;
    EXPECT_TRUE(window_->notice().message().isEmpty())
        << "a wish fulfilled is no error: " << window_->notice().message().toStdString();
  }
}

TEST_F(Window, no_worker_at_all_gives_a_message) {
  window_ = std::make_unique<MainWindow>("/nonexistent/sensorium", QStringList{"worker"},
                                         CaseStore(path("c").toStdString()));
  ASSERT_TRUE(QTest::qWaitFor([this] { return !window_->notice().message().isEmpty(); }, 120000));
  EXPECT_TRUE(window_->notice().message().contains("/nonexistent/sensorium"));
}

TEST_F(Window, reopening_a_case_shows_every_event) {
  open_and_run("scan.fake");
  session().accept("f0");
  session().reject("f1");
  session().measure(2, {0, 0}, {3, 4});
  restart();
  session().open_file(path("scan.fake"));
  ASSERT_TRUE(settled());
  ASSERT_EQ(session().stage(), CaseSession::Stage::Analysed)
      << "the stored result is found by the content";
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  EXPECT_EQ(look("f1"), FindingLook::Rejected);
  EXPECT_EQ(session().review().measures().size(), 1u);
  EXPECT_EQ(session().store().cases().size(), 1u);
  EXPECT_EQ(session().store().cases()[0].state, CaseState::InReview);
}

TEST_F(Window, a_changed_recording_is_refused_for_its_old_case) {
  open_and_run("scan.fake");
  const QString folder = QString::fromStdString(session().entry().folder.string());
  restart();
  write_atomically(path("scan.fake").toStdString(), "something else");
  session().open_case(folder);
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("changed"))
      << window_->notice().message().toStdString();
  fs::remove(path("scan.fake").toStdString());
  session().open_case(folder);
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("no longer at"))
      << window_->notice().message().toStdString();
}

TEST_F(Window, a_settled_slider_is_an_event_that_undo_takes_back) {
  open_and_run("scan.fake");
  session().reject("f1");
  ASSERT_TRUE(window_->parameter_form().set_value("threshold", 0.85));
  ASSERT_TRUE(
      QTest::qWaitFor([this] { return !session().review().state().parameters.empty(); }, 120000));
  EXPECT_EQ(count(), 1u);
  trigger("undo");
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 4u);
  EXPECT_EQ(window_->parameter_form().values()["threshold"], 0.55);
  EXPECT_EQ(look("f1"), FindingLook::Rejected);
  trigger("redo");
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 1u);
}

TEST_F(Window, a_signed_case_takes_no_more_events) {
  open_and_run("scan.fake");
  session().accept("f0");
  session().sign();
  EXPECT_FALSE(window_->actions().find("accept")->isEnabled());
  EXPECT_FALSE(window_->actions().find("undo")->isEnabled());
  EXPECT_TRUE(window_->status_text().contains("signed "));
  EXPECT_EQ(session().store().cases()[0].state, CaseState::Signed);
  session().reject("f0");
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  EXPECT_FALSE(window_->notice().message().isEmpty());
}

TEST_F(Window, a_second_window_on_the_case_reads_only) {
  open_and_run("scan.fake");
  session().accept("f0");
  MainWindow second(FAKE_WORKER, {"worker"}, CaseStore(path("cases").toStdString()));
  second.show();
  ASSERT_TRUE(QTest::qWaitFor([&] { return !second.session().worker().busy(); }, 120000));
  second.session().open_file(path("scan.fake"));
  ASSERT_TRUE(QTest::qWaitFor(
      [&] { return second.session().stage() == CaseSession::Stage::Analysed; }, 120000));
  EXPECT_FALSE(second.actions().find("accept")->isEnabled());
  EXPECT_TRUE(second.notice().message().contains("read-only"))
      << second.notice().message().toStdString();
  EXPECT_EQ(second.findings_panel().item("f0")->look, FindingLook::Accepted);
}

TEST_F(Window, csv_has_every_finding_and_its_state) {
  open_and_run("scan.fake");
  session().reject("f1");
  session().export_to(path("out.csv"));
  const std::string csv = read_text(path("out.csv").toStdString());
  EXPECT_NE(csv.find("rejected"), std::string::npos);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5) << csv;
}

TEST_F(Window, palette_finds_actions_and_parameters) {
  open_and_run("scan.fake");
  trigger("palette");
  CommandPalette& palette = window_->palette_dialog();
  ASSERT_TRUE(palette.isVisible());
  const int all = palette.shown_count();
  QTest::keyClicks(palette.focusWidget(), "threshold");
  EXPECT_GT(palette.shown_count(), 0);
  EXPECT_LT(palette.shown_count(), all);
  QTest::keyClick(palette.focusWidget(), Qt::Key_Return);
  EXPECT_FALSE(palette.isVisible());
}

TEST_F(Window, shortcuts_can_be_changed_and_persist) {
  QAction* accept = window_->actions().find("accept");
  window_->actions().set_keys(accept, QKeySequence("Y"));
  restart();
  EXPECT_EQ(window_->actions().find("accept")->shortcut(), QKeySequence("Y"));
  EXPECT_TRUE(window_->actions().find("accept")->toolTip().contains("Y"));
  EXPECT_EQ(window_->actions().set_keys(window_->actions().find("reject"), QKeySequence("Y")),
            window_->actions().find("accept"));
  window_->actions().reset_keys();
  EXPECT_EQ(window_->actions().find("accept")->shortcut(), QKeySequence("A"));
}

TEST_F(Window, space_hides_the_overlay_while_held) {
  open_and_run("scan.fake");
  trigger("next");
  view()->setFocus();
  const QImage with = view()->grab().toImage();
  QTest::keyPress(view(), Qt::Key_Space);
  EXPECT_NE(view()->grab().toImage(), with);
  QTest::keyRelease(view(), Qt::Key_Space);
  EXPECT_EQ(view()->grab().toImage(), with);
}

TEST_F(Window, a_script_drives_the_whole_path) {
  const nlohmann::json steps =
      nlohmann::json::parse(R"([{"do":"wait"},{"do":"open","path":"F"},{"do":"wait"},{"do":"run"},
    {"do":"wait"},{"do":"next"},{"do":"accept"},{"do":"parameter","name":"threshold","value":0.3},{"do":"wait"},
    {"do":"screenshot","file":"S"}])");
  nlohmann::json filled = steps;
  filled[1]["path"] = file("scan.fake").toStdString();
  filled[9]["file"] = path("shot.png").toStdString();
  ScriptDriver driver(*window_, filled);
  QString failure = "not finished";
  QObject::connect(&driver, &ScriptDriver::finished, [&](const QString& f) { failure = f; });
  driver.start();
  ASSERT_TRUE(QTest::qWaitFor([&] { return failure != "not finished"; }, 120000));
  EXPECT_EQ(failure.toStdString(), "");
  EXPECT_EQ(count(), 5u);
  EXPECT_FALSE(QImage(path("shot.png")).isNull());
}

}

int main(int argc, char** argv) {
  QTemporaryDir home;
  qputenv("XDG_CONFIG_HOME", home.path().toUtf8());
  qputenv("XDG_DATA_HOME", home.path().toUtf8());
  QApplication application(argc, argv);
  QApplication::setOrganizationName("sensorium");
  QApplication::setApplicationName("sensorium-test");
  apply_theme(application, Theme::Dark);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
