// Readers, comparison, follow-up, batch, pictures, keys and names for screen readers.
#include "app/gui/batch_panel.h"
#include "app/gui/compare_page.h"
#include "app/gui/follow_up_page.h"
#include "app/gui/nameplate_dialog.h"
#include "app/gui/side_panels.h"
#include "modules/view/en_face_view.h"
#include "modules/view/pair_view.h"
#include "modules/view/parameter_form.h"
#include "tests/gui/window_fixture.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QImageReader>
#include <QKeySequenceEdit>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSet>
#include <QTableWidget>
#include <QTimer>

using namespace sensorium;

namespace {

class Pages : public Window {
protected:
  QTableWidget* lesions() { return window_->compare_page().lesions(); }
  QStringList seen_by() {
    QStringList out;
    for (int row = 0; row < lesions()->rowCount(); ++row) out << lesions()->item(row, 0)->text();
    return out;
  }
  bool batch_ended() {
    return QTest::qWaitFor([this] { return !window_->batch().running(); }, 120000);
  }
};

TEST_F(Pages, a_blinded_second_reader_does_not_see_the_first) {
  open_and_run("scan.fake");
  session().set_reader("Ada");
  session().start_blinded_read({"Ada", "Ben"});
  session().accept("f0");
  session().reject("f1");
  session().sign_layer();
  EXPECT_FALSE(window_->actions().find("accept")->isEnabled()) << "Ada has signed";
  session().set_reader("Ben");
  EXPECT_EQ(look("f0"), FindingLook::Machine);
  EXPECT_EQ(look("f1"), FindingLook::Machine);
  EXPECT_FALSE(window_->actions().find("undo")->isEnabled()) << "nothing of Ben's to undo";
  window_->compare("Ben", "Ada");
  EXPECT_EQ(window_->page(), &window_->review_area()) << "not yet";
  EXPECT_TRUE(window_->notice().message().contains("Ben"))
      << window_->notice().message().toStdString();
  session().accept("f0");
  session().accept("f1");
  session().sign_layer();
  window_->compare("Ada", "Ben");
  EXPECT_EQ(window_->page(), &window_->compare_page());
  EXPECT_EQ(seen_by(), (QStringList{"both", "only B"}));
  EXPECT_DOUBLE_EQ(window_->compare_page().comparison().agreement.f1, 2.0 / 3);
}

TEST_F(Pages, the_blinded_reader_stays_blinded_after_a_restart) {
  open_and_run("scan.fake");
  session().set_reader("Ada");
  session().start_blinded_read({"Ada", "Ben"});
  session().reject("f0");
  session().set_reader("Ben");
  restart();
  session().open_file(path("scan.fake"));
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().reader(), "Ben") << "the name is kept";
  EXPECT_EQ(look("f0"), FindingLook::Machine);
}

TEST_F(Pages, reader_and_pipeline_side_by_side_and_overlaid) {
  open_and_run("scan.fake");
  session().set_reader("Ada");
  session().accept("f0");
  session().accept("f2");
  session().reject("f1");
  trigger("compare");
  EXPECT_EQ(window_->page(), &window_->compare_page());
  EXPECT_EQ(seen_by(), (QStringList{"both", "only B", "both", "only B"}));
  EXPECT_TRUE(window_->compare_page().summary().contains("A 2, B 4, both 2"))
      << window_->compare_page().summary().toStdString();
  lesions()->setCurrentCell(2, 0);
  PairView* pair = window_->compare_page().pair();
  EXPECT_EQ(pair->left()->slice(), 3) << "f2";
  EXPECT_EQ(pair->right()->slice(), 3) << "scrolled together";
  EXPECT_TRUE(pair->right()->isVisible());
  window_->compare_page().set_overlaid(true);
  EXPECT_FALSE(pair->right()->isVisible());
  auto* filter = window_->compare_page().findChildren<QComboBox*>().last();
  for (auto* box : window_->compare_page().findChildren<QComboBox*>())
    if (box->accessibleName() == "Which lesions are listed") filter = box;
  filter->setCurrentText("Only B");
  EXPECT_EQ(seen_by(), (QStringList{"only B", "only B"}));
  window_->show_case();
  EXPECT_EQ(window_->page(), &window_->review_area());
  EXPECT_TRUE(findings().isVisible()) << "the panels come back";
}

TEST_F(Pages, follow_up_counts_both_visits) {
  open_and_run("first.fake");
  const QString first = QString::fromStdString(session().entry().folder.string());
  session().reject("f0");
  open_and_run("second.fake");
  window_->follow_up(first);
  ASSERT_TRUE(settled());
  ASSERT_EQ(window_->page(), &window_->follow_up_page())
      << window_->notice().message().toStdString();
  const FollowUp& result = window_->follow_up_page().follow_up();
  ASSERT_FALSE(result.rows.empty());
  EXPECT_EQ(result.rows[0].first, 3) << "one of four was rejected";
  EXPECT_EQ(result.rows[0].second, 4);
  FollowUpPage& page = window_->follow_up_page();
  ASSERT_TRUE(QTest::qWaitFor([&] { return !page.registration().text.empty(); }, 120000));
  bool said = false;
  for (auto* label : page.findChildren<QLabel*>())
    said = said || label->text().contains(QString::fromStdString(page.registration().text));
  EXPECT_TRUE(said) << page.registration().text;
  window_->follow_up_page().pair()->left()->set_slice(2);
  EXPECT_EQ(window_->follow_up_page().pair()->right()->slice(), 2);
  EXPECT_EQ(session().entry().title, "second.fake") << "the open case stays";
  trigger("review");
  EXPECT_EQ(window_->page(), &window_->review_area());
}

TEST_F(Pages, dropping_several_files_is_a_batch_and_a_bad_one_is_a_row) {
  ASSERT_TRUE(settled());
  drop({file("one.fake"), file("bad.fake"), file("two.fake")});
  ASSERT_TRUE(batch_ended());
  const auto& items = window_->batch().items();
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].state, BatchState::Done) << items[0].text.toStdString();
  EXPECT_EQ(items[1].state, BatchState::Failed);
  EXPECT_TRUE(items[1].text.contains("ends after 12 of 4096 bytes"));
  EXPECT_EQ(items[2].state, BatchState::Done);
  EXPECT_EQ(window_->batch_panel().table()->rowCount(), 3);
  EXPECT_EQ(window_->batch_panel().table()->item(1, 1)->text(), "failed");
  EXPECT_EQ(window_->cases_panel().count(), 2);
  EXPECT_EQ(session().stage(), CaseSession::Stage::Empty) << "nothing was opened in the window";
  session().open_case(items[0].folder);
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Analysed);
  window_->start_batch({path("one.fake")});
  ASSERT_TRUE(batch_ended());
  EXPECT_EQ(window_->batch().items().back().state, BatchState::Skipped);
}

TEST_F(Pages, the_window_works_while_a_batch_runs_and_stop_ends_it) {
  open_and_run("scan.fake");
  window_->start_batch({file("slow.fake"), file("later.fake")});
  ASSERT_TRUE(
      QTest::qWaitFor([this] { return window_->batch().items()[0].text == "looking"; }, 120000));
  session().accept("f0");
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  EXPECT_TRUE(window_->batch().running());
  window_->batch().stop();
  ASSERT_TRUE(batch_ended());
  EXPECT_EQ(window_->batch().items()[0].state, BatchState::Stopped);
  EXPECT_EQ(window_->batch().items()[1].state, BatchState::Stopped);
  window_->batch().clear_finished();
  EXPECT_TRUE(window_->batch().items().empty());
}

TEST_F(Pages, a_crash_in_a_batch_costs_one_row) {
  ASSERT_TRUE(settled());
  const QString first = file("crash.fake");
  window_->start_batch({first, file("fine.fake")});
  ASSERT_TRUE(batch_ended());
  EXPECT_EQ(window_->batch().items()[0].state, BatchState::Failed);
  EXPECT_EQ(window_->batch().items()[1].state, BatchState::Done)
      << window_->batch().items()[1].text.toStdString();
}

TEST_F(Pages, one_dropped_file_is_opened) {
  ASSERT_TRUE(settled());
  drop({file("scan.fake")});
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Opened);
  EXPECT_TRUE(window_->batch().items().empty());
}

TEST_F(Pages, cases_are_searched_and_filtered_by_state) {
  open_and_run("alpha.fake");
  session().accept("f0");
  open_and_run("beta.fake");
  CasesPanel& cases = window_->cases_panel();
  EXPECT_EQ(cases.shown_count(), 2);
  cases.findChild<QComboBox*>()->setCurrentText("In review");
  EXPECT_EQ(cases.shown_count(), 1);
  cases.findChild<QComboBox*>()->setCurrentIndex(0);
  QTest::keyClicks(cases.findChild<QLineEdit*>(), "bet");
  EXPECT_EQ(cases.shown_count(), 1);
}

TEST_F(Pages, two_cases_of_one_recording_are_told_apart_by_their_pipelines) {
  open_and_run("leaf.cube");
  const auto texts = [this] {
    QStringList out;
    auto* list = window_->cases_panel().findChild<QListWidget*>();
    for (int i = 0; i < list->count(); ++i) out << list->item(i)->text();
    return out;
  };
  EXPECT_EQ(texts(), QStringList{"leaf.cube\nanalysed"});
  session().run_with("cube_analysis", {{"method", "kmeans"}});
  ASSERT_TRUE(settled());
  EXPECT_EQ(texts(),
            (QStringList{"leaf.cube\ncube_analysis\nanalysed", "leaf.cube\nhs2rgb\nanalysed"}));
}

TEST_F(Pages, an_imported_mask_is_the_readers_drawing_and_undo_takes_it_back) {
  open_and_run("scan.fake");
  session().import_mask(file("mask.png"));
  ASSERT_TRUE(settled());
  ASSERT_EQ(count(), 5u);
  EXPECT_EQ(session().review().items()->back().look, FindingLook::Drawn);
  EXPECT_TRUE(window_->notice().message().contains("spacings were not compared"));
  trigger("undo");
  EXPECT_EQ(count(), 4u);
  session().import_mask(file("bad.png"));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("5 x 5"));
  EXPECT_EQ(count(), 4u);
}

TEST_F(Pages, the_fovea_is_an_event_that_undo_takes_back) {
  open_and_run("scan.fake");
  EXPECT_FALSE(session().fovea().has_value());
  trigger("fovea");
  EnFaceView* above = window_->review_area().en_face();
  QTest::mouseClick(above, Qt::LeftButton, {}, above->place_of(30, 5).toPoint());
  ASSERT_TRUE(session().fovea().has_value());
  EXPECT_NEAR(session().fovea()->x(), 30, 1);
  EXPECT_EQ(session().fovea()->y(), 5);
  EXPECT_FALSE(window_->actions().find("fovea")->isChecked()) << "placed once";
  trigger("undo");
  EXPECT_FALSE(session().fovea().has_value());
  trigger("redo");
  EXPECT_TRUE(session().fovea().has_value());
}

TEST_F(Pages, undo_goes_back_through_every_kind_of_event) {
  open_and_run("scan.fake");
  session().accept("f0");
  session().relabel("f1", 2);
  session().paint({}, {{6, 40, 40, 5}}, false);
  session().measure(2, {0, 0}, {3, 4});
  session().note("f2", "unsure");
  session().set_fovea({10, 3});
  session().import_mask(file("mask.png"));
  ASSERT_TRUE(settled());
  EXPECT_EQ(count(), 6u);
  int steps = 0;
  while (window_->actions().find("undo")->isEnabled() && steps < 20) {
    trigger("undo");
    ++steps;
  }
  EXPECT_EQ(steps, 7);
  EXPECT_EQ(count(), 4u);
  EXPECT_EQ(look("f0"), FindingLook::Machine);
  EXPECT_TRUE(session().review().measures().empty());
  EXPECT_TRUE(session().review().state().notes.empty());
  while (window_->actions().find("redo")->isEnabled() && steps > 0) {
    trigger("redo");
    --steps;
  }
  EXPECT_EQ(steps, 0);
  EXPECT_EQ(count(), 6u);
  EXPECT_EQ(findings().item("f1")->finding.label, "exudate");
}

TEST_F(Pages, a_saved_picture_carries_no_text) {
  open_and_run("secret-name.fake");
  ASSERT_TRUE(window_->save_picture(path("view.png")));
  QImageReader reader(path("view.png"));
  EXPECT_TRUE(reader.textKeys().isEmpty());
  EXPECT_FALSE(reader.read().isNull());
  EXPECT_EQ(read_text(path("view.png").toStdString()).find("secret"), std::string::npos);
  EXPECT_FALSE(window_->save_picture(path("no/such/folder/view.png")));
  EXPECT_TRUE(window_->notice().message().contains("could not be written"));
}

TEST_F(Pages, a_moved_recording_is_found_again_by_its_content) {
  open_and_run("scan.fake");
  session().accept("f0");
  const QString folder = QString::fromStdString(session().entry().folder.string());
  restart();
  ASSERT_TRUE(QFile::rename(path("scan.fake"), path("moved.fake")));
  session().open_case(folder);
  EXPECT_EQ(window_->notice().button_text(), "Find the recording");
  session().relocate_case(folder, path("moved.fake"));
  ASSERT_TRUE(settled());
  ASSERT_EQ(session().stage(), CaseSession::Stage::Analysed);
  EXPECT_EQ(look("f0"), FindingLook::Accepted);
  EXPECT_EQ(CaseStore::read(folder.toStdString()).source, path("moved.fake"));
  session().relocate_case(folder, file("other.fake"));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("changed"));
}

TEST_F(Pages, a_damaged_log_leaves_the_case_readable_and_takes_no_decision) {
  open_and_run("scan.fake");
  session().accept("f0");
  const std::filesystem::path folder = session().entry().folder;
  restart();
  write_atomically(folder / "review.sqlite", "this is not a database, but it is long enough");
  session().open_file(path("scan.fake"));
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Analysed);
  EXPECT_TRUE(window_->notice().message().contains("review.sqlite"))
      << window_->notice().message().toStdString();
  EXPECT_FALSE(window_->actions().find("accept")->isEnabled());
  EXPECT_EQ(read_text(folder / "review.sqlite").substr(0, 6), "this i") << "left as it is";
}

TEST_F(Pages, start_page_and_case_lead_to_each_other) {
  open_and_run("scan.fake");
  trigger("start");
  EXPECT_NE(window_->page(), &window_->review_area());
  EXPECT_FALSE(findings().isVisible());
  trigger("review");
  EXPECT_EQ(window_->page(), &window_->review_area());
  EXPECT_TRUE(findings().isVisible());
}

TEST_F(Pages, samples_follow_the_buttons_when_tab_is_pressed) {
  trigger("start");
  QTest::qWait(100); // new widgets of a layout are shown by the event loop
  QPushButton* exam = nullptr;
  for (QPushButton* b : window_->page()->findChildren<QPushButton*>())
    if (b->text() == "New exam") exam = b;
  ASSERT_TRUE(exam);
  const QWidget* next = exam->nextInFocusChain();
  while (next != exam && !(next->isVisible() && next->focusPolicy() & Qt::TabFocus))
    next = next->nextInFocusChain();
  EXPECT_TRUE(next->accessibleName().startsWith("Sample: OCT"))
      << next->accessibleName().toStdString();
}

bool is_control(const QWidget* w) {
  return qobject_cast<const QAbstractButton*>(w) || qobject_cast<const QAbstractSlider*>(w) ||
         qobject_cast<const QLineEdit*>(w) || qobject_cast<const QComboBox*>(w) ||
         qobject_cast<const QAbstractSpinBox*>(w) || qobject_cast<const QAbstractItemView*>(w) ||
         qobject_cast<const QPlainTextEdit*>(w) || qobject_cast<const QKeySequenceEdit*>(w) ||
         (w->focusPolicy() & Qt::TabFocus); // whatever the keyboard reaches
}

// Qt's own parts inside a control that has a name.
bool is_part(const QWidget* w) {
  if (w->objectName().startsWith("qt_") || w->inherits("QScrollBar") ||
      w->inherits("QTableCornerButton") || w->inherits("QHeaderView") ||
      w->inherits("QScrollArea") || w->inherits("QTabBar")) // tabs are read by their texts
    return true;
  for (const QWidget* p = w->parentWidget(); p; p = p->parentWidget())
    if (p->inherits("QAbstractSpinBox") || p->inherits("QComboBox") || p->inherits("QLineEdit") ||
        p->inherits("QKeySequenceEdit") || p->inherits("QTableView") || p->inherits("QDockWidget"))
      return !p->inherits("QDockWidget") || w->parentWidget() == p;
  return false;
}

int expect_names(const QWidget& of) {
  int controls = 0;
  for (const QWidget* w : of.findChildren<QWidget*>()) {
    if (!is_control(w) || is_part(w)) continue;
    ++controls;
    const auto* button = qobject_cast<const QAbstractButton*>(w);
    const bool named = !w->accessibleName().isEmpty() ||
                       (button && button->text().size() > 1 && button->text() != "▾");
    EXPECT_TRUE(named) << w->metaObject()->className() << " \"" << w->objectName().toStdString()
                       << "\" in " << w->parentWidget()->metaObject()->className();
  }
  return controls;
}

TEST_F(Pages, every_control_of_every_page_has_a_name) {
  open_and_run("cube.cube");
  open_and_run("lung.clip");
  open_and_run("scan.fake");
  session().set_reader("Ada");
  session().accept("f0");
  window_->compare("Ada", "AI");
  session().set_reader("Ben");
  session().accept("f1");
  trigger("consensus");
  window_->start_batch({file("bad.fake")});
  ASSERT_TRUE(batch_ended());
  ShortcutsDialog shortcuts(window_->actions(), window_.get());
  NameplateDialog nameplate({}, window_.get());
  EXPECT_GT(expect_names(*window_), 100);
  const std::unique_ptr<DatasetPage> recording(make_dataset_page("recording"));
  EXPECT_GT(expect_names(*recording), 5);
  const std::unique_ptr<DatasetPage> unknown(make_dataset_page("hologram"));
  EXPECT_GT(expect_names(*unknown), 0);
}

// Types into the dialog that comes up, and accepts it.
void answer_dialog(const QString& text) {
  QTimer::singleShot(0, qApp, [text] {
    ASSERT_TRUE(
        QTest::qWaitFor([] { return QApplication::activeModalWidget() != nullptr; }, 60000));
    QWidget* dialog = QApplication::activeModalWidget();
    QWidget* at = dialog->focusWidget() ? dialog->focusWidget() : dialog;
    QTest::keyClicks(at, text);
    QTest::keyClick(at, Qt::Key_Return);
  });
}

// From an opened recording to decisions and a note without the pointer; painting and measuring by
// keys is in tests/view.
TEST_F(Pages, findings_are_run_decided_and_noted_by_keys_alone) {
  open("scan.fake");
  const auto press = [this](int key, Qt::KeyboardModifiers modifiers = {}) {
    QWidget* at = QApplication::focusWidget();
    QTest::keyClick(at ? at : window_.get(), static_cast<Qt::Key>(key), modifiers);
  };
  press(Qt::Key_R, Qt::ControlModifier);
  ASSERT_TRUE(settled());
  ASSERT_EQ(session().stage(), CaseSession::Stage::Analysed);
  press(Qt::Key_E, Qt::ControlModifier);
  ASSERT_EQ(QApplication::focusWidget(), view());
  const QString first = findings().selected();
  press(Qt::Key_A);
  EXPECT_EQ(look(first), FindingLook::Accepted);
  const QString second = findings().selected();
  EXPECT_NE(second, first) << "on to the next unread one";
  press(Qt::Key_R);
  EXPECT_EQ(look(second), FindingLook::Rejected);
  press(Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(look(second), FindingLook::Machine);
  press(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
  EXPECT_EQ(look(second), FindingLook::Rejected);
  const QString third = findings().selected();
  press(Qt::Key_2);
  EXPECT_EQ(look(third), FindingLook::Changed);
  answer_dialog("not sure");
  press(Qt::Key_N, Qt::ControlModifier);
  EXPECT_EQ(session().review().log()->events().back().kind, "note");
}

TEST_F(Pages, the_review_can_be_walked_by_tab_and_focus_shows) {
  open_and_run("scan.fake");
  session().accept("f0"); // else there is nothing to undo, and its button cannot be reached
  view()->setFocus();
  QSet<QWidget*> reached;
  for (int i = 0; i < 120; ++i) {
    QWidget* at = QApplication::focusWidget();
    if (!at || (reached.contains(at) && at == view())) break;
    reached.insert(at);
    QTest::keyClick(at, Qt::Key_Tab);
  }
  const auto has = [&](const char* name) {
    return std::any_of(reached.begin(), reached.end(),
                       [&](QWidget* w) { return w->accessibleName() == name; });
  };
  for (const char* name : {"B-scan", "View from above", "Filter findings", "Findings", "Accept",
                           "Undo", "More: Report"})
    EXPECT_TRUE(has(name)) << name;
  view()->setFocus();
  const QImage focused = view()->grab().toImage();
  findings().setFocus();
  window_->review_area().en_face()->setFocus();
  EXPECT_NE(view()->grab().toImage(), focused) << "a frame shows the focus";
}

}
