// The page of a clip, used as a person would.
#include "app/gui/clip_page.h"
#include "tests/gui/window_fixture.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

using namespace sensorium;

namespace {

class ClipWindow : public Window {
protected:
  void open_clip(const QString& name) {
    open(name);
    page_ = qobject_cast<ClipPage*>(window_->page());
    ASSERT_NE(page_, nullptr);
  }
  void open_and_run_clip(const QString& name) {
    open_clip(name);
    trigger("run");
    ASSERT_TRUE(settled());
    ASSERT_EQ(session().stage(), CaseSession::Stage::Analysed);
  }
  SliceView* frame() { return page_->slice_view(); }
  void press(const QString& text) {
    for (QPushButton* button : page_->findChildren<QPushButton*>())
      if (button->text() == text) {
        ASSERT_TRUE(button->isEnabled()) << text.toStdString();
        return QTest::mouseClick(button, Qt::LeftButton);
      }
    FAIL() << "no button " << text.toStdString();
  }
  void drag_on_frame(QPointF from, QPointF to) {
    const QPoint a = frame()->to_widget(from).toPoint(), b = frame()->to_widget(to).toPoint();
    QTest::mousePress(frame(), Qt::LeftButton, {}, a);
    QTest::mouseMove(frame(), (a + b) / 2);
    QTest::mouseMove(frame(), b);
    QTest::mouseRelease(frame(), Qt::LeftButton, {}, b);
  }
  Event last_event() { return session().review().log()->events().back(); }
  std::size_t events() { return session().review().log()->events().size(); }
  ClipPage* page_ = nullptr;
};

TEST_F(ClipWindow, steps_by_keys_time_line_and_actions) {
  open_clip("lung.clip");
  EXPECT_EQ(page_->time_text(), "Frame 1 of 12 · 0.00 s of 0.48 s · 25 frames/s");
  EXPECT_EQ(page_->scale_text(), "scale unknown: sizes in pixels, 25 frames/s (a test)");
  trigger("slice_next");
  EXPECT_EQ(frame()->slice(), 1);
  frame()->setFocus();
  QTest::keyClick(frame(), Qt::Key_Right);
  EXPECT_EQ(frame()->slice(), 2);
  FrameStrip* strip = page_->strip();
  QTest::mouseClick(strip, Qt::LeftButton, {},
                    QPoint(static_cast<int>(strip->x_of(9)), strip->height() / 2));
  EXPECT_EQ(frame()->slice(), 9);
  EXPECT_EQ(strip->frame(), 9);
  QTest::keyClick(strip, Qt::Key_End);
  EXPECT_EQ(frame()->slice(), 11);
  QTest::keyClick(strip, Qt::Key_Right);
  EXPECT_EQ(frame()->slice(), 11) << "there is none behind the last";
  EXPECT_EQ(page_->time_text().left(30), "Frame 12 of 12 · 0.44 s of 0.4");
}

TEST_F(ClipWindow, plays_to_the_end_or_in_a_loop) {
  open_clip("lung.clip");
  page_->set_speed(4);
  page_->set_loop(false);
  trigger("play");
  EXPECT_TRUE(page_->playing());
  ASSERT_TRUE(QTest::qWaitFor([this] { return !page_->playing(); }, 60000));
  EXPECT_EQ(frame()->slice(), 11);
  EXPECT_FALSE(window_->actions().find("play")->isChecked());
  page_->set_loop(true);
  int before = -1;
  bool again = false;
  QObject::connect(frame(), &SliceView::slice_changed, page_, [&](int z) {
    again = again || z < before;
    before = z;
  });
  trigger("play");
  ASSERT_TRUE(QTest::qWaitFor([&] { return again; }, 60000)) << "it begins anew";
  EXPECT_TRUE(page_->playing());
  trigger("play");
  EXPECT_FALSE(page_->playing());
}

TEST_F(ClipWindow, speed_goes_by_keys_and_playing_ends_with_the_page) {
  open_clip("lung.clip");
  trigger("clip_slower");
  EXPECT_EQ(page_->speed(), 0.5);
  trigger("clip_faster");
  trigger("clip_faster");
  EXPECT_EQ(page_->speed(), 1.5);
  for (int i = 0; i < 9; ++i) trigger("clip_faster");
  EXPECT_EQ(page_->speed(), 4);
  trigger("play");
  trigger("start");
  EXPECT_FALSE(page_->playing());
  EXPECT_FALSE(window_->actions().find("clip_loop")->isEnabled());
}

TEST_F(ClipWindow, an_unknown_rate_is_said) {
  open_clip("untimed.clip");
  EXPECT_TRUE(page_->time_text().contains("rate unknown")) << page_->time_text().toStdString();
  EXPECT_FALSE(page_->time_text().contains(" s of"));
  EXPECT_TRUE(page_->scale_text().contains("frame rate unknown"));
}

TEST_F(ClipWindow, a_run_fills_strip_rules_and_key_frames) {
  open_clip("lung.clip");
  EXPECT_EQ(page_->strip()->text_of(4), "frame 5");
  trigger("run");
  ASSERT_TRUE(settled());
  EXPECT_EQ(page_->strip()->text_of(4), "frame 5: no A-lines, B-lines 4, covered 60 %, score 2");
  EXPECT_EQ(page_->strip()->text_of(10), "frame 11: not readable");
  EXPECT_TRUE(page_->strip()->text_of(3).contains("not looked at"));
  EXPECT_EQ(page_->rule_texts(), (QStringList{"majority: 0", "max: 2", "top: 0 (used)"}));
  EXPECT_TRUE(page_->warning_text().contains("disagree"));
  EXPECT_TRUE(page_->verdict_text().startsWith("Clip: score 0"));
  ASSERT_FALSE(page_->key_frames().isEmpty());
  EXPECT_TRUE(page_->key_frames().contains(4)) << "the frame that scores worst";
  for (QAbstractButton* button : page_->findChildren<QAbstractButton*>())
    if (button->text() == "frame 5") QTest::mouseClick(button, Qt::LeftButton);
  EXPECT_EQ(frame()->slice(), 4);
}

TEST_F(ClipWindow, rules_that_agree_raise_no_warning) {
  open_and_run_clip("agree.clip");
  EXPECT_EQ(page_->warning_text(), "");
}

TEST_F(ClipWindow, the_verdict_is_decided_in_the_log_and_undone) {
  open_and_run_clip("lung.clip");
  press("Accept");
  EXPECT_EQ(look("clip-score-0"), FindingLook::Accepted);
  EXPECT_EQ(events(), 1u);
  EXPECT_TRUE(page_->verdict_text().contains("accepted"));
  press("Uninterpretable");
  EXPECT_EQ(look("clip-score-0"), FindingLook::Changed);
  EXPECT_TRUE(page_->verdict_text().startsWith("Clip: uninterpretable"));
  trigger("undo");
  EXPECT_TRUE(page_->verdict_text().startsWith("Clip: score 0"));
  EXPECT_EQ(look("clip-score-0"), FindingLook::Accepted);
  EXPECT_EQ(events(), 3u) << "an undo is an event too";
  trigger("clip_uninterpretable");
  page_->give_verdict("score 3");
  EXPECT_TRUE(page_->verdict_text().startsWith("Clip: score 3"));
  restart();
  session().open_file(path("lung.clip"));
  ASSERT_TRUE(settled());
  page_ = qobject_cast<ClipPage*>(window_->page());
  ASSERT_NE(page_, nullptr);
  EXPECT_TRUE(page_->verdict_text().startsWith("Clip: score 3")) << "as it was left";
}

TEST_F(ClipWindow, a_decision_on_one_verdict_is_not_taken_for_another) {
  open_and_run_clip("lung.clip");
  press("Accept");
  session().set_parameters({{"rule", "max"}}, true);
  ASSERT_TRUE(settled());
  EXPECT_TRUE(page_->verdict_text().startsWith("Clip: score 2"));
  EXPECT_EQ(look("clip-score-2"), FindingLook::Machine) << "nobody has accepted a 2";
  EXPECT_EQ(page_->rule_texts()[1], "max: 2 (used)");
}

TEST_F(ClipWindow, an_unreadable_clip_is_proposed_as_uninterpretable) {
  open_and_run_clip("unreadable.clip");
  EXPECT_TRUE(page_->verdict_text().startsWith("Clip: uninterpretable"));
  EXPECT_TRUE(page_->key_frames().isEmpty());
  press("Accept");
  EXPECT_EQ(look("clip-uninterpretable"), FindingLook::Accepted);
}

TEST_F(ClipWindow, a_long_verdict_is_never_cut) {
  open_and_run_clip("lung.clip");
  press("Uninterpretable");
  window_->resize(1000, 700);
  QTest::qWait(50);
  for (QLabel* label : page_->findChildren<QLabel*>())
    if (label->isVisible() && label->text().startsWith("Clip: uninterpretable")) {
      EXPECT_TRUE(label->text().contains("changed"));
      EXPECT_GE(label->height(), label->heightForWidth(label->width()));
      const QFontMetrics metrics(label->font());
      for (const QString& word : label->text().split(' '))
        EXPECT_LE(metrics.horizontalAdvance(word), label->width()) << word.toStdString();
      return;
    }
  FAIL() << "no verdict is in sight";
}

TEST_F(ClipWindow, the_network_s_class_and_its_maps_are_shown) {
  open_and_run_clip("network.clip");
  EXPECT_EQ(page_->class_text(), "Network: regular, 72 %  (max: COVID-19)");
  EXPECT_TRUE(page_->strip()->text_of(4).contains("regular 72 %"))
      << page_->strip()->text_of(4).toStdString();
  QComboBox* box = page_->activation_box();
  ASSERT_TRUE(box->isVisible());
  ASSERT_EQ(box->count(), 3) << "none, and two maps";
  EXPECT_EQ(box->itemText(2), "activation_1");
  EXPECT_FALSE(page_->activation()->isVisible());
  frame()->set_slice(0);
  const QImage plain = frame()->grab().toImage();
  box->setCurrentIndex(2);
  EXPECT_TRUE(page_->activation()->isVisible());
  const QImage mapped = frame()->grab().toImage();
  const QPoint upper = frame()->to_widget({40, 10}).toPoint(),
               lower = frame()->to_widget({40, 50}).toPoint();
  EXPECT_EQ(mapped.pixel(upper), plain.pixel(upper)) << "nothing speaks for it there";
  EXPECT_GT(qRed(mapped.pixel(lower)), qRed(plain.pixel(lower)) + 60);
  page_->activation()->set_opacity(0);
  EXPECT_EQ(frame()->grab().toImage().pixel(lower), plain.pixel(lower));
  EXPECT_EQ(page_->activation()->frame_of(5), 2) << "frames 1, 3, 5 ... were looked at";
  open_clip("lung.clip");
  EXPECT_FALSE(page_->activation_box()->isVisible());
}

TEST_F(ClipWindow, marks_are_painted_measured_and_stepped_through) {
  open_and_run_clip("lung.clip");
  trigger("next");
  trigger("next");
  EXPECT_EQ(findings().selected(), "ray");
  EXPECT_EQ(frame()->slice(), 4) << "the frame of the mark";
  frame()->set_slice(7);
  trigger("brush");
  const QPoint a = frame()->to_widget({40, 30}).toPoint(),
               b = frame()->to_widget({46, 30}).toPoint();
  QTest::mousePress(frame(), Qt::LeftButton, {}, a);
  QTest::mouseMove(frame(), b);
  QTest::mouseRelease(frame(), Qt::LeftButton, {}, b);
  EXPECT_EQ(count(), 3u) << "a stroke beside all marks draws a new one";
  EXPECT_TRUE(page_->key_frames().contains(7)) << "and its frame is one to look at";
}

TEST_F(ClipWindow, each_kind_of_mark_is_drawn_as_its_own) {
  open_and_run_clip("lung.clip");
  ASSERT_TRUE(page_->marks()->isVisible());
  frame()->set_slice(6);
  const std::vector<std::pair<int, const char*>> kinds{{Qt::Key_1, "A-line"},
                                                       {Qt::Key_2, "B-line origin"},
                                                       {Qt::Key_3, "pleural irregularity"},
                                                       {Qt::Key_4, "consolidation"},
                                                       {Qt::Key_5, "effusion"}};
  double y = 8;
  for (const auto& [key, label] : kinds) {
    QTest::keyClick(window_.get(), static_cast<Qt::Key>(key), Qt::ControlModifier);
    EXPECT_EQ(page_->marks()->chosen(), label);
    EXPECT_EQ(frame()->tool(), SliceTool::Brush);
    drag_on_frame({20, y}, {40, y});
    EXPECT_EQ(last_event().kind, "draw") << "never a relabelled B-line";
    EXPECT_EQ(last_event().data.at("label"), label);
    y += 10;
  }
  EXPECT_EQ(count(), 7u);
  EXPECT_EQ(events(), 5u);
  EXPECT_TRUE(page_->marks()->button(3)->text().endsWith("1"));
  EXPECT_TRUE(page_->key_frames().contains(6));
  for (int i = 0; i < 2; ++i) trigger("undo");
  EXPECT_EQ(count(), 5u);
  EXPECT_EQ(page_->marks()->button(3)->text(), "Consolidation");
  trigger("redo");
  EXPECT_EQ(count(), 6u);
  restart();
  session().open_file(path("lung.clip"));
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 6u) << "stored when they were drawn";
  EXPECT_EQ(session().review().state().findings.back().label, "consolidation");
}

TEST_F(ClipWindow, a_mark_over_another_kind_is_a_mark_of_its_own) {
  open_and_run_clip("lung.clip");
  frame()->set_slice(4); // the proposed B-line covers x 10 to 13, y 20 to 23
  trigger("clip_mark_4");
  drag_on_frame({8, 22}, {20, 22});
  EXPECT_EQ(last_event().kind, "draw");
  EXPECT_EQ(look("ray"), FindingLook::Machine) << "the proposal is as it was";
  drag_on_frame({18, 22}, {30, 22});
  EXPECT_EQ(last_event().kind, "paint") << "one of the same kind grows";
  EXPECT_EQ(count(), 3u);
  trigger("brush"); // the plain brush changes what it touches
  EXPECT_EQ(page_->marks()->chosen(), "");
  findings().select("ray");
  drag_on_frame({11, 18}, {11, 21});
  EXPECT_EQ(look("ray"), FindingLook::Changed);
}

TEST_F(ClipWindow, the_chooser_shows_keys_and_follows_the_tools) {
  open_and_run_clip("lung.clip");
  MarkChooser* marks = page_->marks();
  EXPECT_TRUE(marks->button(1)->toolTip().contains("Ctrl+2"));
  EXPECT_TRUE(marks->button(1)->accessibleName().contains("B-line origin"));
  QTest::mouseClick(marks->button(1), Qt::LeftButton);
  EXPECT_EQ(marks->chosen(), "B-line origin");
  EXPECT_TRUE(marks->hint().startsWith("Click where"));
  trigger("erase");
  EXPECT_EQ(marks->chosen(), "") << "another tool ends it";
  EXPECT_FALSE(marks->button(1)->isChecked());
  QTest::mouseClick(marks->button(4), Qt::LeftButton);
  QTest::mouseClick(marks->button(4), Qt::LeftButton);
  EXPECT_EQ(marks->chosen(), "") << "pressed again";
  EXPECT_EQ(frame()->tool(), SliceTool::Browse);
  trigger("clip_mark_5");
  trigger("start");
  EXPECT_FALSE(window_->actions().find("clip_mark_5")->isEnabled());
  EXPECT_EQ(session().mark(), "");
}

TEST_F(ClipWindow, a_signed_review_takes_no_marks) {
  open_and_run_clip("lung.clip");
  session().sign();
  EXPECT_FALSE(window_->actions().find("clip_mark_1")->isEnabled());
  EXPECT_FALSE(page_->marks()->button(0)->isEnabled());
  EXPECT_TRUE(page_->marks()->hint().contains("no longer be changed"));
}

TEST_F(ClipWindow, a_clip_without_a_scale_is_not_measured_and_says_why) {
  open_and_run_clip("lung.clip");
  trigger("measure");
  drag_on_frame({10, 10}, {30, 10});
  EXPECT_EQ(session().review().measures().size(), 0u);
  EXPECT_EQ(events(), 0u);
  EXPECT_TRUE(window_->notice().message().contains("Not measured: the scale is unknown"))
      << window_->notice().message().toStdString();
  EXPECT_EQ(page_->measure_words({10, 10}, {30, 10}), "not measured: the scale is unknown: a test");
}

TEST_F(ClipWindow, lengths_are_measured_within_one_calibrated_region) {
  open_and_run_clip("regions.clip");
  EXPECT_TRUE(page_->scale_text().startsWith("each region has a scale of its own"));
  trigger("measure");
  drag_on_frame({5, 10}, {35, 10});
  ASSERT_EQ(session().review().measures().size(), 1u);
  const Measure m = session().review().state().measurements[0].measure;
  EXPECT_NEAR(m.value, 3, 0.1); // to the pixel of the pointer
  EXPECT_EQ(m.unit, "mm");
  drag_on_frame({30, 10}, {60, 10});
  EXPECT_TRUE(window_->notice().message().contains("leaves its region"));
  drag_on_frame({50, 10}, {70, 10});
  EXPECT_TRUE(window_->notice().message().contains("x is in seconds"));
  EXPECT_EQ(session().review().measures().size(), 1u);
  trigger("clip_mark_4");
  drag_on_frame({10, 40}, {20, 40});
  EXPECT_EQ(session().review().state().findings.back().finding.measures[0].unit, "mm2");
  drag_on_frame({60, 40}, {70, 40});
  EXPECT_EQ(session().review().state().findings.back().finding.measures[0].unit, "px2");
  trigger("undo");
  trigger("undo");
  trigger("undo");
  EXPECT_EQ(session().review().measures().size(), 0u);
}

}
