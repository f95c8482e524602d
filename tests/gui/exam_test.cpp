// The exam board, used as a person would: drops, drags, keys, menus; undo, reopening, reports.
#include "app/gui/clip_page.h"
#include "app/gui/exam_page.h"
#include "app/gui/start_page.h"
#include "modules/view/theme.h"
#include "tests/gui/window_fixture.h"

#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QTimer>
#include <QToolButton>

using namespace sensorium;

namespace {

class Exam : public Window {
protected:
  void SetUp() override {
    Window::SetUp();
    exam().batch().worker().set_hang_limit(600000);
  }
  ExamSession& exam() { return window_->exam(); }
  ExamPage& page() { return window_->exam_page(); }
  const ExamBoard& board() { return exam().board(); }
  bool analysed() {
    return QTest::qWaitFor([this] { return !exam().busy(); }, 120000);
  }
  // A folder of clips; made-up clips need ".clip" in their names.
  QString clips(const QStringList& names) {
    QDir().mkpath(path("exam"));
    for (const QString& name : names) (void)file("exam/" + name);
    return path("exam");
  }
  void start(const QStringList& names) {
    ASSERT_TRUE(settled());
    QStringList paths;
    for (const QString& name : names) paths << file(name);
    trigger("new_exam");
    drop(paths);
    ASSERT_TRUE(analysed());
    ASSERT_EQ(board().clips.size(), static_cast<std::size_t>(names.size()));
  }
  ClipCard* card(const QString& id) {
    QTest::qWait(1); // what was replaced goes, what is new is laid out
    return page().card(id);
  }
  void drag(ClipCard* from, QWidget* to, QPoint place) {
    ASSERT_NE(from, nullptr);
    const QPoint a(120, from->height() / 2), b = from->mapFromGlobal(to->mapToGlobal(place));
    QTest::mousePress(from, Qt::LeftButton, {}, a);
    QTest::mouseMove(from, (a + b) / 2);
    QTest::mouseMove(from, b);
    QTest::mouseRelease(from, Qt::LeftButton, {}, b);
    QTest::qWait(1);
  }
  // Presses a button of the next message box, and tells what it asked.
  void answer_box(const QString& button, QString* asked) {
    QTimer::singleShot(0, qApp, [=] {
      auto* box = qobject_cast<QMessageBox*>(QApplication::activeModalWidget());
      ASSERT_NE(box, nullptr);
      *asked = box->text() + " " + box->informativeText();
      for (QAbstractButton* one : box->buttons())
        if (one->text().remove('&') == button) return one->click();
      box->reject();
    });
  }
  QString zone_of(std::size_t clip) { return QString::fromStdString(board().clips[clip].zone); }
};

TEST_F(Exam, several_dropped_clips_are_an_exam_and_names_place_them) {
  ASSERT_TRUE(settled());
  drop({file("p_R1.clip.mp4"), file("p_L2.clip.mp4"), file("other.clip.mp4")});
  EXPECT_EQ(window_->page(), &page());
  ASSERT_TRUE(analysed());
  ASSERT_EQ(board().clips.size(), 3u);
  EXPECT_EQ(zone_of(0), "R1");
  EXPECT_EQ(zone_of(1), "L2");
  EXPECT_EQ(zone_of(2), "");
  EXPECT_EQ(board().analysed, 3);
  EXPECT_EQ(page().total_text(), "At least 0 of 36");
  EXPECT_EQ(page().rules_text(), "Total under each rule: majority 0 · max 4 · top 0");
  EXPECT_TRUE(page().notes_text().contains("Zones without a score: R2"));
  EXPECT_TRUE(page().notes_text().contains("The rules disagree"));
  EXPECT_TRUE(page().notes_text().contains("1 clip is in no zone"));
  EXPECT_EQ(card("clip-1")->text(),
            "p_R1.clip.mp4, R1: majority 0 · max 2 · top 0, the rules disagree");
  EXPECT_FALSE(exam().picture_of("clip-1").isEmpty()) << "its key frame";
  EXPECT_EQ(exam().events(), 1u) << "one event for all that was dropped";
  EXPECT_EQ(window_->batch().items().size(), 0u) << "the batch is another thing";
}

TEST_F(Exam, a_folder_of_clips_is_an_exam_and_its_table_is_no_clip) {
  ASSERT_TRUE(settled());
  drop({clips({"a_R1.clip.mp4", "b_R2.clip.mp4", "labels.csv"})});
  ASSERT_TRUE(analysed());
  EXPECT_EQ(board().clips.size(), 2u);
  EXPECT_EQ(board().seen, 2);
}

TEST_F(Exam, clips_are_dragged_to_zones_on_the_thorax_and_in_the_list) {
  start({"a.clip", "b.clip"});
  drag(card("clip-1"), page().map(), page().map()->place_of("L3"));
  EXPECT_EQ(zone_of(0), "L3");
  QTest::qWait(1);
  ZoneRow* row = page().row("R1");
  ASSERT_NE(row, nullptr);
  drag(card("clip-2"), row, {40, row->height() / 2});
  EXPECT_EQ(zone_of(1), "R1");
  EXPECT_EQ(board().seen, 2);
  drag(card("clip-2"), page().map(), {2, 2});
  EXPECT_EQ(zone_of(1), "R1") << "beside every zone nothing happens";
  EXPECT_EQ(exam().events(), 3u);
  trigger("undo");
  EXPECT_EQ(zone_of(1), "");
  trigger("redo");
  EXPECT_EQ(zone_of(1), "R1");
}

TEST_F(Exam, a_zone_is_typed_while_a_clip_has_the_focus) {
  start({"a.clip", "b.clip"});
  card("clip-1")->setFocus();
  QTest::keyClick(page().card("clip-1"), Qt::Key_L);
  EXPECT_EQ(page().typing(), "L");
  EXPECT_TRUE(page().hint_text().startsWith("Zone: L_"));
  QTest::keyClick(page().card("clip-1"), Qt::Key_5);
  QTest::qWait(1);
  EXPECT_EQ(zone_of(0), "L5");
  ASSERT_NE(card("clip-1"), nullptr);
  EXPECT_EQ(window_->focusWidget(), page().card("clip-1")) << "the keys stay with the clip";
  QTest::keyClick(page().card("clip-1"), Qt::Key_Q);
  EXPECT_EQ(page().typing(), "") << "no zone begins so";
  QTest::keyClick(page().card("clip-1"), Qt::Key_Backspace);
  QTest::qWait(1);
  EXPECT_EQ(zone_of(0), "");
  exam().choose_scheme("14");
  card("clip-1")->setFocus();
  QTest::keyClick(page().card("clip-1"), Qt::Key_Z);
  QTest::keyClick(page().card("clip-1"), Qt::Key_1);
  QTest::qWait(1);
  EXPECT_EQ(zone_of(0), "") << "Z1 may become Z12";
  EXPECT_EQ(page().typing(), "Z1");
  QTest::keyClick(page().card("clip-1"), Qt::Key_Return);
  QTest::qWait(1);
  EXPECT_EQ(zone_of(0), "Z1");
}

TEST_F(Exam, arrows_go_from_clip_to_clip_and_delete_takes_one_out) {
  start({"a_R1.clip", "b_R2.clip"});
  card("clip-1")->setFocus();
  QTest::keyClick(page().card("clip-1"), Qt::Key_Down);
  EXPECT_EQ(window_->focusWidget(), page().card("clip-2"));
  QTest::keyClick(page().card("clip-2"), Qt::Key_Delete);
  QTest::qWait(1);
  EXPECT_EQ(board().clips.size(), 1u);
  EXPECT_EQ(page().card("clip-2"), nullptr);
  trigger("undo");
  ASSERT_EQ(board().clips.size(), 2u);
  EXPECT_TRUE(board().clips[1].result.analysed) << "its result was kept";
}

TEST_F(Exam, a_reader_scores_a_zone_by_keys_and_by_the_list) {
  start({"a_R1.clip"});
  ZoneMap* map = page().map();
  QTest::mouseClick(map, Qt::LeftButton, {}, map->place_of("R1"));
  EXPECT_EQ(map->chosen(), "R1");
  map->setFocus();
  QTest::keyClick(map, Qt::Key_3);
  EXPECT_EQ(board().zones[0].score, 3);
  EXPECT_TRUE(board().zones[0].agree) << "a reader's score holds under every rule";
  EXPECT_EQ(page().total_text(), "At least 3 of 36");
  QTest::keyClick(map, Qt::Key_U);
  EXPECT_TRUE(board().zones[0].uninterpretable);
  QTest::keyClick(map, Qt::Key_Backspace);
  EXPECT_EQ(board().zones[0].score, 0);
  QTest::keyClick(map, Qt::Key_Down);
  EXPECT_EQ(map->chosen(), "R2");
  QComboBox* box = page().row("R2")->score_box();
  box->setCurrentIndex(box->findData("2"));
  emit box->activated(box->currentIndex());
  QTest::qWait(1);
  EXPECT_EQ(board().zones[1].score, 2) << "a zone without clips can be scored too";
  EXPECT_EQ(exam().events(), 5u);
}

TEST_F(Exam, the_rule_in_force_and_the_scheme_are_events_too) {
  start({"a_R1.clip"});
  page().rule_box()->setCurrentIndex(page().rule_box()->findData("max"));
  emit page().rule_box() -> activated(page().rule_box()->currentIndex());
  EXPECT_EQ(page().total_text(), "At least 2 of 36");
  page().scheme_box()->setCurrentIndex(page().scheme_box()->findData("6"));
  emit page().scheme_box() -> activated(page().scheme_box()->currentIndex());
  EXPECT_EQ(page().total_text(), "At least 2 of 18");
  trigger("undo");
  trigger("undo");
  EXPECT_EQ(page().total_text(), "At least 0 of 36");
}

TEST_F(Exam, a_click_opens_the_clip_and_its_verdict_comes_back_to_the_board) {
  start({"a_R1.clip"});
  ClipCard* one = card("clip-1");
  QTest::mouseClick(one, Qt::LeftButton, {}, {30, 30});
  ASSERT_TRUE(settled());
  auto* clip = qobject_cast<ClipPage*>(window_->page());
  ASSERT_NE(clip, nullptr);
  EXPECT_EQ(session().entry().title, "a_R1.clip");
  clip->give_verdict("score 3");
  trigger("exam");
  EXPECT_EQ(window_->page(), &page());
  EXPECT_EQ(board().total, 3);
  EXPECT_TRUE(card("clip-1")->text().contains("changed"));
  const QRect strip = card("clip-1")->strip();
  QTest::mouseClick(page().card("clip-1"), Qt::LeftButton, {},
                    QPoint(strip.left() + strip.width() * 5 / 12, strip.center().y()));
  ASSERT_TRUE(settled());
  EXPECT_EQ(window_->page(), clip);
  EXPECT_EQ(clip->slice_view()->slice(), 4) << "the third of six frames that were looked at";
}

TEST_F(Exam, reopening_shows_the_same_board) {
  start({"a_R1.clip", "b.clip"});
  exam().assign("clip-2", "L6");
  exam().score_zone("R4", "3");
  exam().choose_rule("max");
  const QString total = page().total_text(), rules = page().rules_text();
  const QString folder = QString::fromStdString(exam().folder().string());
  const std::size_t events = exam().events();
  restart();
  ASSERT_TRUE(settled());
  ASSERT_EQ(exam().exams().size(), 1u);
  window_->open_exam(folder);
  EXPECT_FALSE(exam().busy()) << "nothing is analysed again";
  EXPECT_EQ(page().total_text(), total);
  EXPECT_EQ(page().rules_text(), rules);
  EXPECT_EQ(zone_of(1), "L6");
  EXPECT_EQ(exam().events(), events);
  trigger("undo");
  EXPECT_EQ(QString::fromStdString(board().rule), "top");
}

TEST_F(Exam, a_second_window_on_an_exam_reads_only) {
  start({"a_R1.clip"});
  ExamSession other(FAKE_WORKER, {"worker"}, CaseStore(path("cases").toStdString()));
  ASSERT_TRUE(other.open(QString::fromStdString(exam().folder().string())));
  EXPECT_TRUE(other.read_only());
  QString said;
  QObject::connect(&other, &ExamSession::problem, &other,
                   [&](const QString& text, const QString&) { said = text; });
  other.score_zone("R1", "3");
  EXPECT_FALSE(said.isEmpty());
  EXPECT_EQ(other.board().total, 0);
}

TEST_F(Exam, a_bad_clip_is_a_card_with_its_reason_and_can_be_tried_again) {
  start({"bad_R1.clip", "fine_R2.clip", "scan_R3.fake"});
  EXPECT_EQ(board().analysed, 1);
  EXPECT_TRUE(card("clip-1")->text().contains("ends after 12 of 4096 bytes"))
      << page().card("clip-1")->text().toStdString();
  EXPECT_TRUE(card("clip-3")->text().contains("no pipeline takes a volume"));
  EXPECT_FALSE(board().zones[0].score.has_value());
  EXPECT_TRUE(page().notes_text().contains("2 clips are not analysed"));
  exam().retry("clip-1");
  ASSERT_TRUE(analysed());
  EXPECT_EQ(exam().batch().items().size(), 4u);
  QTest::mouseClick(card("clip-1"), Qt::LeftButton, {}, {30, 30});
  EXPECT_EQ(window_->page(), &page()) << "there is nothing to open yet";
}

TEST_F(Exam, stop_ends_the_analysis_and_the_board_stays_usable) {
  ASSERT_TRUE(settled());
  trigger("new_exam");
  drop({file("slow_R1.clip"), file("later_R2.clip")});
  ASSERT_TRUE(
      QTest::qWaitFor([this] { return exam().work_of("clip-1").text == "looking"; }, 120000));
  exam().assign("clip-2", "L1");
  EXPECT_EQ(zone_of(1), "L1") << "while the other runs";
  exam().stop();
  ASSERT_TRUE(analysed());
  EXPECT_EQ(board().analysed, 0);
  EXPECT_TRUE(exam().work_of("clip-1").failed);
}

TEST_F(Exam, what_is_no_clip_is_refused_with_a_reason) {
  ASSERT_TRUE(settled());
  trigger("new_exam");
  EXPECT_TRUE(page().is_empty());
  exam().add({});
  EXPECT_TRUE(window_->notice().message().contains("no new clip"));
  const QString one = file("a_R1.clip");
  exam().add({one});
  ASSERT_TRUE(analysed());
  exam().add({one});
  EXPECT_EQ(board().clips.size(), 1u) << "each clip is taken once";
  EXPECT_EQ(exam().events(), 1u);
  window_->open_exam(path("nowhere"));
  EXPECT_FALSE(window_->notice().message().isEmpty());
  EXPECT_EQ(board().clips.size(), 1u) << "the open exam stays";
}

TEST_F(Exam, the_start_page_leads_to_exams) {
  start({"a_R1.clip"});
  trigger("start");
  QPushButton* row = nullptr;
  for (QPushButton* button : window_->page()->findChildren<QPushButton*>()) {
    if (button->text() == "New exam") {
      EXPECT_TRUE(button->isVisible());
    }
    if (button->accessibleName().startsWith("Exam of lung")) row = button;
  }
  ASSERT_NE(row, nullptr);
  EXPECT_TRUE(row->accessibleName().endsWith("1 clip"));
  QTest::mouseClick(row, Qt::LeftButton);
  EXPECT_EQ(window_->page(), &page());
}

TEST_F(Exam, a_person_signs_it_and_it_is_frozen) {
  start({"a_R1.clip", "bad_R2.clip"});
  EXPECT_TRUE(page().sign_button()->isVisible());
  QString asked;
  answer_box("Cancel", &asked);
  QTest::mouseClick(page().sign_button(), Qt::LeftButton);
  EXPECT_TRUE(asked.contains("1 clip is not analysed.")) << asked.toStdString();
  EXPECT_TRUE(asked.contains("1 clip's verdict has not been decided on."));
  EXPECT_FALSE(exam().is_signed()) << "cancelled";
  answer_box("Sign", &asked);
  QTest::mouseClick(page().sign_button(), Qt::LeftButton);
  ASSERT_TRUE(QTest::qWaitFor([this] { return exam().is_signed(); }, 120000));
  EXPECT_EQ(exam().events(), 2u);
  EXPECT_TRUE(page().signature_text().contains("signed by"));
  EXPECT_FALSE(page().sign_button()->isVisible());
  EXPECT_FALSE(window_->actions().find("undo")->isEnabled());
  EXPECT_FALSE(window_->actions().find("sign")->isEnabled());
  EXPECT_FALSE(page().rule_box()->isEnabled());
  ZoneMap* map = page().map();
  map->choose("R1");
  map->setFocus();
  QTest::keyClick(map, Qt::Key_3);
  EXPECT_EQ(board().total, 0);
  EXPECT_TRUE(window_->notice().message().contains("can no longer be changed"));
  drop({file("late_R3.clip")});
  EXPECT_EQ(board().clips.size(), 2u);
  const QString folder = QString::fromStdString(exam().folder().string());
  restart();
  ASSERT_TRUE(settled());
  ASSERT_EQ(exam().exams().size(), 1u);
  EXPECT_TRUE(exam().exams()[0].is_signed);
  window_->open_exam(folder);
  EXPECT_TRUE(page().signature_text().contains("signed by"));
  EXPECT_TRUE(board().changed.empty()) << "opening it changes nothing";
}

TEST_F(Exam, what_is_changed_in_a_clip_later_is_shown) {
  start({"a_R1.clip", "b_L1.clip"});
  exam().sign();
  ASSERT_TRUE(QTest::qWaitFor([this] { return exam().is_signed(); }, 120000));
  QTest::mouseClick(card("clip-1"), Qt::LeftButton, {}, {30, 30});
  ASSERT_TRUE(settled());
  auto* clip = qobject_cast<ClipPage*>(window_->page());
  ASSERT_NE(clip, nullptr);
  trigger("exam");
  EXPECT_TRUE(board().changed.empty()) << "looking at a clip is no change";
  QTest::mouseClick(card("clip-1"), Qt::LeftButton, {}, {30, 30});
  ASSERT_TRUE(settled());
  clip->give_verdict("score 3");
  trigger("exam");
  EXPECT_TRUE(page().signature_text().startsWith("≠ changed since it was signed"));
  EXPECT_TRUE(page().notes_text().contains("a_R1.clip in R1 (1 later event)"));
  EXPECT_TRUE(page().notes_text().contains("The total was 0 when it was signed."));
  EXPECT_TRUE(card("clip-1")->text().contains("changed since signed"));
  EXPECT_FALSE(card("clip-2")->text().contains("changed since signed"));
  trigger("exam_again");
  EXPECT_FALSE(exam().is_signed());
  EXPECT_EQ(board().total, 3) << "the new exam has the clips as they are now";
  EXPECT_FALSE(exam().running()) << "nothing is analysed again";
  exam().score_zone("R2", "1");
  EXPECT_EQ(board().total, 4);
  EXPECT_EQ(exam().exams().size(), 2u);
}

TEST_F(Exam, marks_drawn_on_a_clip_are_on_its_card_and_in_its_key_frame) {
  start({"a_R1.clip"});
  const QString before = exam().picture_of("clip-1");
  EXPECT_TRUE(before.endsWith("clip-1-5.png")) << before.toStdString();
  QTest::mouseClick(card("clip-1"), Qt::LeftButton, {}, {30, 30});
  ASSERT_TRUE(settled());
  auto* clip = qobject_cast<ClipPage*>(window_->page());
  ASSERT_NE(clip, nullptr);
  clip->slice_view()->set_slice(7);
  trigger("clip_mark_4");
  QTest::mouseClick(clip->slice_view(), Qt::LeftButton, {},
                    clip->slice_view()->to_widget({40, 30}).toPoint());
  trigger("exam");
  EXPECT_TRUE(card("clip-1")->text().contains("marked: consolidation"))
      << page().card("clip-1")->text().toStdString();
  EXPECT_TRUE(exam().picture_of("clip-1").endsWith("clip-1-8.png"));
  const QImage picture(exam().picture_of("clip-1"));
  bool orange = false; // the colour of a consolidation, on a frame that is grey
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x)
      orange = orange || picture.pixelColor(x, y).red() > picture.pixelColor(x, y).blue() + 60;
  EXPECT_TRUE(orange);
}

TEST_F(Exam, every_clip_and_zone_has_a_name_for_screen_readers) {
  start({"a_R1.clip", "network_L1.clip"});
  for (const QString id : {"clip-1", "clip-2"}) {
    EXPECT_FALSE(card(id)->accessibleName().isEmpty());
    EXPECT_FALSE(card(id)->zone_button()->accessibleName().isEmpty());
  }
  EXPECT_TRUE(card("clip-2")->text().contains("network: regular"));
  for (const BoardZone& zone : board().zones)
    EXPECT_FALSE(page().row(QString::fromStdString(zone.zone.id))->accessibleName().isEmpty());
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
