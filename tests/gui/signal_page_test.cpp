// A recording in the window, with the real worker and the real pipeline: opened, looked at, run,
// reviewed, as a person would.
#include "app/gui/main_window.h"
#include "app/gui/nameplate_dialog.h"
#include "app/gui/signal_comparison.h"
#include "app/gui/signal_page.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/view/findings_panel.h"
#include "modules/view/heat_plot.h"
#include "modules/view/locus_plot.h"
#include "modules/view/notice_bar.h"
#include "modules/view/signal_plot.h"
#include "modules/view/span_strip.h"
#include "modules/view/theme.h"

#include <gtest/gtest.h>

#include <QApplication>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFile>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace sensorium;

namespace {

// 4 s of three currents of 10 A at 1 kHz and 50 Hz. From 1.5 s on with a negative sequence of a
// fifth at 70 degrees, as a short in phase a makes it.
std::string three_currents(bool with_rate) {
  std::string text = with_rate ? "time [s],ia [A],ib [A],ic [A]\n" : "ia,ib,ic\n";
  for (int i = 0; i < 4000; ++i) {
    const double t = i / 1000.0;
    if (with_rate) text += QString::number(t, 'f', 3).toStdString() + ",";
    for (int k = 0; k < 3; ++k) {
      const double turn = 2 * std::numbers::pi;
      const double v = 10 * std::cos(turn * (50 * t - k / 3.0)) +
                       (i >= 1500 ? 2 : 0) * std::cos(turn * (50 * t + 70 / 360.0 + k / 3.0)) +
                       0.05 * std::cos(turn * 150 * t);
      text += QString::number(v, 'f', 5).toStdString() + (k < 2 ? "," : "\n");
    }
  }
  return text;
}

class Signal : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(folder_.isValid());
    qputenv("XDG_DATA_HOME", path("data").toUtf8());
    qputenv("XDG_CACHE_HOME", path("cache").toUtf8());
    window_ = std::make_unique<MainWindow>(WORKER, QStringList{"worker"},
                                           CaseStore(path("cases").toStdString()));
    session().worker().set_hang_limit(600000);
    window_->show();
    ASSERT_TRUE(settled());
  }
  void TearDown() override { window_.reset(); }
  QString path(const QString& name) const { return folder_.filePath(name); }
  CaseSession& session() { return window_->session(); }
  SignalPage& page() { return *qobject_cast<SignalPage*>(window_->data_page()); }
  bool settled() {
    return QTest::qWaitFor(
        [this] {
          auto* here = qobject_cast<SignalPage*>(window_->data_page());
          return !session().busy() && !session().worker().busy() && !(here && here->busy());
        },
        120000);
  }
  void open(const QString& name, const std::string& text) {
    write_atomically(path(name).toStdString(), text);
    session().open_file(path(name));
    ASSERT_TRUE(settled());
    ASSERT_TRUE(qobject_cast<SignalPage*>(window_->data_page())) << "no page of a recording";
    ASSERT_TRUE(settled());
  }
  void trigger(const QString& id) {
    ASSERT_TRUE(window_->actions().find(id)->isEnabled()) << id.toStdString();
    window_->actions().find(id)->trigger();
    ASSERT_TRUE(settled());
  }
  void run() {
    trigger("run");
    ASSERT_EQ(session().stage(), CaseSession::Stage::Analysed)
        << window_->notice().message().toStdString();
  }
  // Presses, drags and releases over a plot.
  void drag(SignalPlot* plot, double from, double to) {
    const auto at = [&](double x) {
      return QPoint(static_cast<int>(std::lround(plot->x_to_pixel(x))), plot->height() / 2);
    };
    QTest::mousePress(plot->canvas(), Qt::LeftButton, {}, at(from));
    QTest::mouseMove(plot->canvas(), at((from + to) / 2));
    QTest::mouseMove(plot->canvas(), at(to));
    QTest::mouseRelease(plot->canvas(), Qt::LeftButton, {}, at(to));
    ASSERT_TRUE(settled());
  }
  void click(SignalPlot* plot, double x) {
    QTest::mouseClick(
        plot->canvas(), Qt::LeftButton, {},
        QPoint(static_cast<int>(std::lround(plot->x_to_pixel(x))), plot->height() / 2));
  }
  Nameplate plate() const {
    Nameplate n;
    n.pole_pairs = 2;
    n.measured_rpm = 1470; // synchronous: 1500, slip 0.02
    n.bearings = {common_bearings().front()};
    return n;
  }
  QTemporaryDir folder_;
  std::unique_ptr<MainWindow> window_;
};

TEST_F(Signal, shows_samples_spectrum_locus_and_spectrogram) {
  open("motor.csv", three_currents(true));
  ASSERT_EQ(page().time_plot()->series().size(), 3u);
  EXPECT_NEAR(page().time_plot()->x_view().second, 4, 0.01);
  EXPECT_NEAR(page().rate(), 1000, 1e-6);
  EXPECT_TRUE(window_->status_text().contains("1000 Hz")) << window_->status_text().toStdString();
  ASSERT_NE(page().analysis(), nullptr);
  EXPECT_NEAR(page().analysis()->fundamental, 50, 0.01);
  EXPECT_GT(page().locus()->points(), 1000u);
  EXPECT_TRUE(page().spectrogram()->has_map());
  ASSERT_EQ(page().ratio_plot()->series().size(), 1u);
  const PlotSeries& ratio = page().ratio_plot()->series().front();
  EXPECT_NEAR(ratio.y.front(), 0, 0.002);
  EXPECT_NEAR(ratio.y.back(), 0.2, 0.004);
  EXPECT_TRUE(page().diagnosis().startsWith("Not analysed yet"));
}

TEST_F(Signal, cursors_read_hertz_decibels_and_their_difference) {
  open("motor.csv", three_currents(true));
  SignalPlot* s = page().spectrum_plot();
  s->set_x_view(0, 200);
  click(s, 50);
  ASSERT_TRUE(s->cursor(0));
  EXPECT_NEAR(s->cursor(0)->x(), 50, 1.0);
  s->set_cursor(0, 50);
  EXPECT_NEAR(s->cursor(0)->y(), 0, 0.1) << "relative to the fundamental";
  QTest::keyClick(s, Qt::Key_C); // the other cursor
  s->set_cursor(1, 150);
  // 0.05 A against 10 A: -46.02 dB; the negative sequence makes the fundamental a little larger.
  EXPECT_NEAR(s->cursor(1)->y(), -46.2, 0.4);
  EXPECT_TRUE(s->readout().contains("difference: 100.00 Hz, -46.")) << s->readout().toStdString();
  QTest::keyClick(s, Qt::Key_Right); // the active one steps by a bin, 0.25 Hz
  EXPECT_NEAR(s->cursor(1)->x(), 150.25, 1e-6);
  QTest::keyClick(s, Qt::Key_Escape);
  EXPECT_TRUE(s->readout().isEmpty());
}

TEST_F(Signal, a_dragged_span_is_what_is_analysed) {
  open("motor.csv", three_currents(true));
  drag(page().time_plot(), 0.2, 1.2);
  EXPECT_NEAR(static_cast<double>(page().span().first), 200, 12);
  EXPECT_NEAR(static_cast<double>(page().span().second), 1200, 12);
  EXPECT_NEAR(page().analysis()->ratio, 0, 0.002);
  drag(page().time_plot(), 2, 3.5);
  EXPECT_NEAR(page().analysis()->ratio, 0.2, 0.004);
  EXPECT_TRUE(page().span_text().contains(" s to ")) << page().span_text().toStdString();
  trigger("signal_whole");
  EXPECT_EQ(page().span().second, 4000u);
  // From the keyboard: two cursors, then Return.
  SignalPlot* t = page().time_plot();
  t->set_cursor(0, 0.5);
  t->set_cursor(1, 1.0);
  QTest::keyClick(t, Qt::Key_Return);
  ASSERT_TRUE(settled());
  EXPECT_NEAR(static_cast<double>(page().span().first), 500, 5);
  EXPECT_NEAR(static_cast<double>(page().span().second), 1000, 5);
}

TEST_F(Signal, zooming_the_time_axis_takes_all_plots_along_and_refines) {
  open("motor.csv", three_currents(true));
  SignalPlot* t = page().time_plot();
  t->set_x_view(1.4, 1.5);
  ASSERT_TRUE(settled());
  EXPECT_EQ(page().ratio_plot()->x_view(), t->x_view());
  EXPECT_EQ(page().spectrogram()->x_view(), t->x_view());
  ASSERT_FALSE(t->series().empty());
  EXPECT_TRUE(t->series().front().upper.empty()) << "samples as they are";
  EXPECT_NEAR(static_cast<double>(t->series().front().x.size()), 100, 2);
  QTest::mouseDClick(t->canvas(), Qt::LeftButton, {}, QPoint(t->width() / 2, t->height() / 2));
  EXPECT_NEAR(t->x_view().second, 4, 0.01);
}

TEST_F(Signal, a_nameplate_brings_fault_bands_with_their_levels) {
  open("motor.csv", three_currents(true));
  EXPECT_TRUE(page().spectrum_plot()->bands().empty());
  page().use_nameplate(plate());
  ASSERT_TRUE(settled());
  // Broken bars and eccentricity in pairs of two orders, four bearing lines in pairs; those below
  // 0 Hz or above 500 Hz fall away.
  ASSERT_GE(page().spectrum_plot()->bands().size(), 8u);
  const auto& bands = page().analysis()->bands;
  EXPECT_NEAR(bands[0].band.centre, 48, 1e-3) << "(1 - 2s) f";
  EXPECT_NEAR(bands[1].band.centre, 52, 1e-3);
  EXPECT_TRUE(page().spectrum_plot()->bands()[0].text.contains("empirical"));
  run();
  EXPECT_TRUE(session().parameters().at("nameplate").get<std::string>().ends_with(".json"));
  EXPECT_TRUE(session().command().contains("--nameplate")) << session().command().toStdString();
}

TEST_F(Signal, the_form_refuses_what_a_file_would_be_refused_for) {
  NameplateDialog dialog(plate());
  EXPECT_EQ(to_json(dialog.nameplate()), to_json(plate()));
  dialog.findChild<QSpinBox*>("pole_pairs")->setValue(3);
  EXPECT_EQ(dialog.nameplate().pole_pairs, 3);
  dialog.add_bearing({"wrong", "by hand", 9, 50, 40, 0}); // elements larger than the pitch
  EXPECT_THROW(dialog.nameplate(), Error);
  QSignalSpy accepted(&dialog, &QDialog::accepted);
  dialog.accept();
  EXPECT_EQ(accepted.count(), 0) << "the form stays open";
}

TEST_F(Signal, a_run_gives_a_diagnosis_that_can_be_reviewed) {
  open("motor.csv", three_currents(true));
  run();
  ASSERT_EQ(session().review().items()->size(), 1u);
  EXPECT_TRUE(page().diagnosis().contains("phase A")) << page().diagnosis().toStdString();
  EXPECT_TRUE(page().diagnosis().contains("I2/I1")) << page().diagnosis().toStdString();
  const QRectF bar = page().strip()->place_of("inter-turn");
  ASSERT_FALSE(bar.isEmpty());
  EXPECT_NEAR(bar.left(), page().time_plot()->x_to_pixel(1.5), 8) << "since when";
  QTest::mouseClick(page().strip(), Qt::LeftButton, {}, bar.center().toPoint());
  ASSERT_TRUE(settled());
  EXPECT_EQ(window_->findings_panel().selected(), "inter-turn");
  EXPECT_NEAR(static_cast<double>(page().span().first), 1500, 60) << "its span is analysed";
  trigger("reject");
  EXPECT_TRUE(page().diagnosis().contains("rejected")) << page().diagnosis().toStdString();
  trigger("undo");
  EXPECT_TRUE(page().diagnosis().contains("phase A"));
  trigger("accept");
  EXPECT_TRUE(page().diagnosis().contains("accepted by the reader"));
}

TEST_F(Signal, spans_are_marked_noted_and_taken_back) {
  open("motor.csv", three_currents(true));
  run();
  page().choose_span(100, 600);
  trigger("signal_mark");
  page().choose_span(300, 900); // overlaps the first: another mark
  trigger("signal_mark");
  ASSERT_EQ(session().review().items()->size(), 3u);
  const FindingItem& last = session().review().items()->back();
  EXPECT_EQ(last.look, FindingLook::Drawn);
  EXPECT_EQ(last.finding.box[0], 300);
  EXPECT_EQ(last.finding.box[3], 899);
  EXPECT_TRUE(last.finding.measures.empty()) << "a span has no area";
  EXPECT_EQ(page().strip()->rows(), 2);
  session().note(QString::fromStdString(last.finding.id), "load step");
  ASSERT_EQ(session().review().state().notes.size(), 1u);
  trigger("undo"); // the note
  trigger("undo"); // the second mark
  EXPECT_EQ(session().review().items()->size(), 2u);
  trigger("redo");
  EXPECT_EQ(session().review().items()->size(), 3u);
}

TEST_F(Signal, two_recordings_are_compared_line_by_line) {
  // B: the same motor twice as large, at 50.5 Hz, with a third harmonic ten times as high.
  std::string b = "time [s],u [A],v [A],w [A]\n";
  for (int i = 0; i < 4000; ++i) {
    const double t = i / 1000.0, turn = 2 * std::numbers::pi;
    b += QString::number(t, 'f', 3).toStdString();
    for (int k = 0; k < 3; ++k)
      b += "," + QString::number(20 * std::cos(turn * (50.5 * t - k / 3.0)) +
                                     1.0 * std::cos(turn * 151.5 * t),
                                 'f', 5)
                     .toStdString();
    b += "\n";
  }
  write_atomically(path("b.csv").toStdString(), b);
  open("motor.csv", three_currents(true));
  SignalPlot* s = page().spectrum_plot();
  page().choose_span(0, 1400);
  ASSERT_TRUE(settled());
  page().compare_with(path("b.csv"));
  ASSERT_TRUE(settled());
  ASSERT_EQ(s->series().size(), 2u);
  EXPECT_EQ(s->series()[1].name, "B: b.csv");
  EXPECT_EQ(page().comparison()->analysis()->to, 1400u); // the same span
  s->set_cursor(0, 50);
  EXPECT_TRUE(s->readout().contains("A 0.0 dB, B ")) << s->readout().toStdString();
  page().shown_as()->setCurrentIndex(1);
  ASSERT_EQ(s->series().size(), 1u);
  const PlotSeries& difference = s->series().front();
  const auto near = [&](double hz) {
    const auto k = static_cast<std::size_t>(std::lround(hz / difference.x[1]));
    return difference.y.at(k);
  };
  EXPECT_NEAR(near(50), 0, 0.5);    // each is 0 dB, though the supplies differ
  EXPECT_NEAR(near(150), -20, 0.5); // 0.005 against 0.05 of the fundamental
  page().shown_as()->setCurrentIndex(2);
  EXPECT_FALSE(page().comparison()->active());
  EXPECT_TRUE(page().shown_as()->isHidden());
  ASSERT_EQ(s->series().size(), 1u);
  EXPECT_NE(s->series().front().name, "A − B");
}

TEST_F(Signal, what_cannot_be_compared_is_one_message) {
  open("motor.csv", three_currents(true));
  write_atomically(path("unknown.csv").toStdString(), three_currents(false));
  page().compare_with(path("unknown.csv"));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("unknown"))
      << window_->notice().message().toStdString();
  EXPECT_FALSE(page().comparison()->active());
  page().compare_with(path("absent.csv"));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("absent.csv"));
  EXPECT_EQ(page().spectrum_plot()->series().size(), 1u);
  EXPECT_EQ(session().stage(), CaseSession::Stage::Opened);
}

TEST_F(Signal, without_a_rate_the_axis_is_in_samples_until_one_is_entered) {
  open("plain.csv", three_currents(false));
  EXPECT_EQ(page().rate(), 0);
  EXPECT_TRUE(window_->status_text().startsWith("sample rate unknown"));
  EXPECT_NEAR(page().time_plot()->x_view().second, 4000, 1);
  EXPECT_NEAR(page().analysis()->fundamental, 0.05, 1e-5) << "periods per sample";
  EXPECT_TRUE(page().ratio_plot()->series().empty());
  trigger("run");
  EXPECT_NE(session().stage(), CaseSession::Stage::Analysed);
  EXPECT_TRUE(window_->notice().message().contains("sample rate"))
      << window_->notice().message().toStdString();
  auto* box = page().findChild<QDoubleSpinBox*>();
  ASSERT_TRUE(box->isVisible());
  box->setValue(1000);
  for (QPushButton* button : page().findChildren<QPushButton*>())
    if (button->text() == "Use this rate") QTest::mouseClick(button, Qt::LeftButton);
  ASSERT_TRUE(settled());
  EXPECT_FALSE(box->isVisible());
  EXPECT_NEAR(page().time_plot()->x_view().second, 4, 0.01);
  EXPECT_NEAR(page().analysis()->fundamental, 50, 0.01);
  EXPECT_TRUE(page().scale_text().contains("entered by hand"));
  run();
  EXPECT_TRUE(page().diagnosis().contains("phase A"));
}

TEST_F(Signal, the_span_can_be_looked_at_in_other_ways) {
  open("motor.csv", three_currents(true));
  page().use_nameplate(plate());
  ASSERT_TRUE(settled());
  page().choose_span(2000, 4000);
  ASSERT_TRUE(settled());
  SignalPlot* s = page().spectrum_plot();
  auto* looks = page().findChild<QComboBox*>("looked_at");
  ASSERT_TRUE(looks);
  ASSERT_EQ(looks->count(), 7);
  for (int k = 1; k < looks->count(); ++k) {
    looks->setCurrentIndex(k);
    ASSERT_TRUE(settled());
    ASSERT_TRUE(page().view()) << k;
    EXPECT_EQ(static_cast<int>(page().view()->view), k - 1);
    ASSERT_EQ(s->series().size(), 1u) << k;
    EXPECT_EQ(s->series().front().name, looks->currentText());
  }
  // Orders of the shaft: the supply is at 50 Hz over 24.5 Hz (1470 rpm).
  EXPECT_TRUE(page().view()->of_shaft);
  s->set_cursor(0, 50 / 24.5);
  EXPECT_NEAR(s->cursor(0)->y(), 0, 1.5);
  page().choose_view(4); // extended Park: I2/I1 of a fifth at twice the supply
  ASSERT_TRUE(settled());
  s->set_cursor(0, 100);
  EXPECT_NEAR(s->cursor(0)->y(), 20 * std::log10(0.2), 0.5);
  EXPECT_FALSE(s->bands().empty()) << "where faults would show";
  page().choose_view(2, 140, 160); // zoom
  ASSERT_TRUE(settled());
  EXPECT_NEAR(s->x_view().first, 140, 1e-9);
  s->set_cursor(0, 150);
  EXPECT_NEAR(s->cursor(0)->y(), -46.2, 0.5);
  page().choose_view(2, 160, 140); // no band: one message, nothing breaks
  ASSERT_TRUE(settled());
  EXPECT_TRUE(page().diagnosis().contains("no band")) << page().diagnosis().toStdString();
  looks->setCurrentIndex(0);
  ASSERT_TRUE(settled());
  EXPECT_FALSE(page().view());
  EXPECT_NEAR(s->x_view().first, 0, 1e-9);
}

TEST_F(Signal, a_threshold_is_dragged_on_the_plot_and_taken_back) {
  open("motor.csv", three_currents(true));
  page().use_nameplate(plate());
  ASSERT_TRUE(settled());
  run();
  SignalPlot* s = page().spectrum_plot();
  s->set_x_view(40, 60);
  QTest::qWait(50);
  const auto level = [&] { return session().parameters().at("broken_bar_from").get<double>(); };
  EXPECT_EQ(level(), -50);
  const PlotBand& band = s->bands().front(); // (1 - 2s) f at 48 Hz
  const int x = static_cast<int>(std::lround(s->x_to_pixel((band.from + band.to) / 2)));
  const auto y = [&](double db) { return static_cast<int>(std::lround(s->y_to_pixel(db))); };
  QTest::mousePress(s->canvas(), Qt::LeftButton, {}, QPoint(x, y(-50)));
  QTest::mouseMove(s->canvas(), QPoint(x, y(-55)));
  QTest::mouseMove(s->canvas(), QPoint(x, y(-60)));
  QTest::mouseRelease(s->canvas(), Qt::LeftButton, {}, QPoint(x, y(-60)));
  ASSERT_TRUE(settled());
  EXPECT_NEAR(level(), -60, 1.5);
  EXPECT_NEAR(s->bands().front().threshold, level(), 1e-9);
  EXPECT_NEAR(s->x_view().first, 40, 1e-9) << "it was no zoom";
  EXPECT_FALSE(s->cursor(0)) << "and no cursor";
  // The settled level is an event of the log.
  ASSERT_TRUE(QTest::qWaitFor(
      [&] { return session().review().state().parameters.contains("broken_bar_from"); }, 20000));
  trigger("undo");
  EXPECT_EQ(level(), -50);
}

TEST_F(Signal, a_span_is_saved_as_a_file) {
  open("motor.csv", three_currents(true));
  page().choose_span(1000, 1500);
  ASSERT_TRUE(settled());
  page().save_span(path("part.csv"));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("part.csv"))
      << window_->notice().message().toStdString();
  const std::string text = read_text(path("part.csv").toStdString());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 501) << "names and 500 rows";
  page().save_span(path("part.unknown"));
  ASSERT_TRUE(settled());
  EXPECT_FALSE(QFile::exists(path("part.unknown")));
  EXPECT_FALSE(window_->notice().message().contains("Span written"))
      << window_->notice().message().toStdString();
}

TEST_F(Signal, own_bearings_are_kept_in_the_list) {
  const auto choices = [](NameplateDialog& d) {
    QStringList out;
    auto* box = d.findChild<QComboBox*>();
    for (int k = 0; k < box->count(); ++k) out << box->itemText(k);
    return out;
  };
  {
    NameplateDialog dialog({});
    dialog.keep_in_list(); // nothing is chosen: one message
    dialog.add_bearing({"NU 210", "data sheet", 16, 11, 70, 0});
    QTest::mouseClick(dialog.findChild<QPushButton*>("keep_bearing"), Qt::LeftButton);
    EXPECT_TRUE(choices(dialog).contains("NU 210"));
  }
  NameplateDialog again({}); // another time, another motor
  ASSERT_TRUE(choices(again).contains("NU 210"));
  auto* box = again.findChild<QComboBox*>();
  auto* forget = again.findChild<QPushButton*>("forget_bearing");
  EXPECT_FALSE(forget->isEnabled()) << "a common bearing stays";
  box->setCurrentIndex(box->findText("NU 210"));
  ASSERT_TRUE(forget->isEnabled());
  QTest::mouseClick(forget, Qt::LeftButton);
  EXPECT_FALSE(choices(again).contains("NU 210"));
}

TEST_F(Signal, one_channel_has_a_spectrum_and_says_what_is_missing) {
  std::string text = "time [s],vibration [g]\n";
  for (int i = 0; i < 2000; ++i)
    text += QString("%1,%2\n")
                .arg(i / 2000.0, 0, 'f', 5)
                .arg(std::sin(2 * std::numbers::pi * 120 * i / 2000.0), 0, 'f', 6)
                .toStdString();
  open("one.csv", text);
  EXPECT_EQ(page().time_plot()->series().size(), 1u);
  EXPECT_NEAR(page().analysis()->fundamental, 120, 0.05);
  EXPECT_EQ(page().locus()->points(), 0u);
  EXPECT_TRUE(page().diagnosis().contains("three currents"));
}

TEST_F(Signal, everything_has_a_name_for_screen_readers) {
  open("motor.csv", three_currents(true));
  for (QWidget* w : std::initializer_list<QWidget*>{page().time_plot(), page().ratio_plot(),
                                                    page().spectrum_plot(), page().spectrogram(),
                                                    page().locus(), page().strip()})
    EXPECT_FALSE(w->accessibleName().isEmpty());
  for (QPushButton* button : page().findChildren<QPushButton*>())
    EXPECT_FALSE(button->text().isEmpty() && button->accessibleName().isEmpty());
  EXPECT_TRUE(page().time_plot()->accessibleDescription().contains("ia"));
}

}

int main(int argc, char** argv) {
  QTemporaryDir home;
  qputenv("XDG_CONFIG_HOME", home.path().toUtf8());
  QApplication application(argc, argv);
  QApplication::setOrganizationName("sensorium");
  QApplication::setApplicationName("sensorium-test");
  apply_theme(application, Theme::Dark);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
