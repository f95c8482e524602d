// The page that fills the centre is chosen by the kind of the recording.
#include "app/gui/dataset_page.h"
#include "app/gui/no_view_page.h"
#include "app/gui/side_panels.h"
#include "tests/gui/window_fixture.h"

#include <QTableWidget>

using namespace sensorium;

namespace {

class MadeUpPage : public DatasetPage {
public:
  void show_dataset(std::shared_ptr<const Dataset> dataset) override {
    dataset_ = std::move(dataset);
    findings = 0;
  }
  void show_result(const CaseSession& session) override { command = session.command(); }
  void set_items(FindingItems items) override { findings = items ? items->size() : 0; }
  void select(const FindingItem* item) override {
    selected = item ? QString::fromStdString(item->finding.id) : "";
  }
  QString scale_text() const override { return dataset_ ? "10 kHz (file header)" : ""; }
  std::shared_ptr<const Dataset> dataset_;
  std::size_t findings = 0;
  QString command, selected;
};

class PageOfKind : public Window {
protected:
  void SetUp() override {
    Window::SetUp();
    ASSERT_TRUE(settled());
    window_ = std::make_unique<MainWindow>(FAKE_WORKER, QStringList{"worker"},
                                           CaseStore(path("cases").toStdString()),
                                           [this](std::string_view kind) -> DatasetPage* {
                                             kinds_ << QString::fromUtf8(kind.data(), kind.size());
                                             return page_ = new MadeUpPage;
                                           });
    session().worker().set_hang_limit(600000);
    window_->show();
  }
  QStringList kinds_;
  MadeUpPage* page_ = nullptr;
};

TEST_F(PageOfKind, gets_recording_result_findings_and_selection) {
  open_and_run("scan.fake");
  EXPECT_EQ(kinds_, QStringList{"volume"});
  ASSERT_EQ(window_->page(), page_);
  EXPECT_EQ(page_->dataset_, session().dataset());
  EXPECT_EQ(page_->command, "sensorium run fake");
  EXPECT_EQ(page_->findings, 4u);
  EXPECT_TRUE(window_->status_text().startsWith("10 kHz (file header)"))
      << window_->status_text().toStdString();
  trigger("next");
  EXPECT_EQ(page_->selected, "f3") << "0.6 is closest to 0.55";
  trigger("accept");
  EXPECT_EQ(look("f3"), FindingLook::Accepted);
  emit page_->item_clicked("f1");
  EXPECT_EQ(findings().selected(), "f1");
  EXPECT_TRUE(findings().isVisible()) << "the panels belong to every kind";
}

TEST_F(PageOfKind, has_no_tools_of_slices) {
  open_and_run("scan.fake");
  for (const char* id : {"brush", "erase", "measure", "fovea", "compare", "follow_up", "play",
                         "layers", "slice_next"})
    EXPECT_FALSE(window_->actions().find(id)->isEnabled()) << id;
  for (const char* id : {"accept", "reject", "undo", "report", "save_picture"})
    EXPECT_EQ(window_->actions().find(id)->isEnabled(), std::string_view(id) != "undo") << id;
}

TEST_F(PageOfKind, is_made_once_and_comes_back_from_the_start_page) {
  open_and_run("scan.fake");
  trigger("start");
  EXPECT_NE(window_->page(), page_);
  open_and_run("second.fake");
  EXPECT_EQ(kinds_.size(), 1);
  EXPECT_EQ(window_->page(), page_);
}

TEST(DatasetPages, volumes_are_the_review_areas) {
  EXPECT_EQ(make_dataset_page("volume"), nullptr);
}

TEST(DatasetPages, a_kind_without_a_page_says_so_and_shows_what_the_file_states) {
  const std::unique_ptr<DatasetPage> page(make_dataset_page("smell"));
  auto* none = qobject_cast<NoViewPage*>(page.get());
  ASSERT_NE(none, nullptr);
  Volume v;
  v.origin.format = "made_up";
  v.origin.facts = {{"exposure", "3 ms", "0018,1150"}};
  none->show_dataset(std::make_shared<const Dataset>(v));
  ASSERT_EQ(none->facts()->rowCount(), 2);
  EXPECT_EQ(none->facts()->item(0, 1)->text(), "made_up");
  EXPECT_EQ(none->facts()->item(1, 0)->text(), "exposure");
  EXPECT_EQ(none->facts()->item(1, 1)->text(), "3 ms");
  EXPECT_EQ(none->facts()->item(1, 2)->text(), "0018,1150");
}

}
