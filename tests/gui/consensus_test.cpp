// The page on which one person decides what the readers agree on.
#include "app/gui/consensus_page.h"
#include "modules/view/linked_views.h"
#include "tests/gui/window_fixture.h"

#include <QCheckBox>
#include <QComboBox>
#include <QPushButton>
#include <QTableWidget>

using namespace sensorium;

namespace {

// Ada keeps f0 and f1, Ben f0 (as exudate) and f2: three lesions on which they differ.
class Agreeing : public Window {
protected:
  void read_twice() {
    open_and_run("scan.fake");
    session().set_reader("Ada");
    session().accept("f0");
    session().accept("f1");
    session().set_reader("Ben");
    session().relabel("f0", 2);
    session().accept("f2");
    session().set_reader("Cleo");
  }
  void agree() {
    read_twice();
    trigger("consensus");
    ASSERT_EQ(window_->page(), &page());
    QTest::mouseClick(button("Make the consensus"), Qt::LeftButton);
    ASSERT_TRUE(page().desk()->made()) << window_->notice().message().toStdString();
  }
  ConsensusPage& page() { return window_->consensus_page(); }
  QTableWidget* table() { return page().table(); }
  QPushButton* button(const QString& text) {
    for (auto* b : page().findChildren<QPushButton*>())
      if (b->text() == text) return b;
    return nullptr;
  }
  QStringList column(const QString& head) {
    QStringList out;
    for (int c = 0; c < table()->columnCount(); ++c)
      if (table()->horizontalHeaderItem(c)->text() == head)
        for (int r = 0; r < table()->rowCount(); ++r) out << table()->item(r, c)->text();
    return out;
  }
};

TEST_F(Agreeing, shows_each_readers_findings_and_who_saw_what) {
  agree();
  EXPECT_EQ(page().views()->count(), 3) << "Ada, Ben and the consensus";
  EXPECT_EQ(column("Scan"), (QStringList{"2", "3", "4"}));
  EXPECT_EQ(column("Ada"), (QStringList{"focus", "focus", "—"}));
  EXPECT_EQ(column("Ben"), (QStringList{"exudate", "—", "focus"}));
  EXPECT_EQ(column("State"), (QStringList{"open (kept)", "open (left out)", "open (left out)"}));
  EXPECT_TRUE(page().summary().startsWith("0 of 3 differing lesions decided"))
      << page().summary().toStdString();
  EXPECT_EQ(page().views()->view(0)->slice(), 1) << "the first one is shown";
  page().views()->view(1)->set_slice(5);
  EXPECT_EQ(page().views()->view(2)->slice(), 5) << "scrolled together";
}

TEST_F(Agreeing, keys_decide_and_go_on_and_undo_comes_back) {
  agree();
  const std::size_t before = session().review().log()->events().size();
  table()->setFocus();
  QTest::keyClick(table(), Qt::Key_2); // exudate
  EXPECT_EQ(column("State"), (QStringList{"open (left out)", "open (left out)"}))
      << "the queue holds what is open";
  QTest::keyClick(table(), Qt::Key_A);
  QTest::keyClick(table(), Qt::Key_R);
  EXPECT_EQ(table()->rowCount(), 0);
  EXPECT_TRUE(page().summary().startsWith("3 of 3 differing lesions decided. 2 kept"))
      << page().summary().toStdString();
  const auto& events = session().review().log()->events();
  ASSERT_EQ(events.size(), before + 3);
  for (std::size_t i = before; i < events.size(); ++i)
    EXPECT_EQ(events[i].reader, "consensus by Cleo");
  EXPECT_TRUE(window_->status_text().contains("saved "));
  trigger("undo");
  EXPECT_EQ(table()->rowCount(), 1);
  for (int i = 0; i < 3; ++i) trigger("undo");
  EXPECT_FALSE(page().desk()->made());
  EXPECT_FALSE(window_->actions().find("undo")->isEnabled()) << "the readers' work is theirs";
  trigger("redo");
  EXPECT_TRUE(page().desk()->made());
}

TEST_F(Agreeing, the_readers_own_review_stays_and_the_consensus_is_exported) {
  agree();
  page().relabel(2);
  page().decide(true);
  page().decide(false);
  window_->show_case();
  EXPECT_EQ(count(), 4u) << "nothing of the consensus lies on top of the readers' findings";
  EXPECT_EQ(look("f2"), FindingLook::Accepted);
  session().export_to(path("out.csv"));
  const std::string table = read_text(path("out.csv").toStdString());
  EXPECT_NE(table.find("consensus-"), std::string::npos) << table;
  EXPECT_EQ(table.find("\nf1,"), std::string::npos) << table;
}

TEST_F(Agreeing, is_there_after_a_restart) {
  agree();
  page().decide(true);
  restart();
  session().open_file(path("scan.fake"));
  ASSERT_TRUE(settled());
  trigger("consensus");
  ASSERT_TRUE(page().desk()->made());
  EXPECT_EQ(page().desk()->open(), 2);
}

TEST_F(Agreeing, needs_two_layers_and_an_open_read) {
  open_and_run("scan.fake");
  session().set_reader("Ada");
  session().accept("f0");
  trigger("consensus");
  EXPECT_FALSE(button("Make the consensus")->isEnabled()) << "Ada alone";
  EXPECT_FALSE(window_->actions().find("accept")->isEnabled()) << "nothing to decide yet";
  for (auto* box : page().findChildren<QCheckBox*>())
    if (box->text() == "AI") box->setChecked(true);
  EXPECT_TRUE(button("Make the consensus")->isEnabled());
  window_->show_case();
  session().start_blinded_read({"Ada", "Ben"});
  trigger("consensus");
  EXPECT_EQ(window_->page(), &window_->review_area());
  EXPECT_TRUE(window_->notice().message().contains("blinded"))
      << window_->notice().message().toStdString();
}

TEST_F(Agreeing, no_key_decides_what_is_not_in_sight) {
  open_and_run("scan.fake");
  trigger("next");
  trigger("compare");
  QTest::keyClick(window_.get(), Qt::Key_A);
  EXPECT_EQ(look("f3"), FindingLook::Machine);
  EXPECT_FALSE(window_->actions().find("accept")->isEnabled());
  trigger("start");
  QTest::keyClick(window_.get(), Qt::Key_A);
  EXPECT_EQ(look("f3"), FindingLook::Machine);
  window_->show_case();
  QTest::keyClick(window_.get(), Qt::Key_A);
  EXPECT_EQ(look("f3"), FindingLook::Accepted);
}

TEST_F(Agreeing, a_new_run_closes_the_desk) {
  agree();
  trigger("run");
  ASSERT_TRUE(settled());
  EXPECT_EQ(page().desk(), nullptr);
  EXPECT_EQ(window_->page(), &window_->review_area());
}

}
