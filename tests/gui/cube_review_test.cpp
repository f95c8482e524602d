// Review of the regions of a class map on the page of a cube, used as a person would.
#include "app/gui/actions.h"
#include "app/gui/class_panel.h"
#include "modules/core/error.h"
#include "tests/gui/cube_window.h"

#include <QListWidget>

using namespace sensorium;

namespace {

// Left half "leaf" (red), right half "stone" (blue), each a region; the first pixel has no class.
class CubeReview : public CubeWindow {
protected:
  ClassPanel* classes() { return page_->classes(); }
  void sort() {
    open_cube("regions.cube");
    page_->set_band(0);
    ASSERT_TRUE(shown());
    trigger("cube_clusters");
    ASSERT_TRUE(settled());
    ASSERT_TRUE(QTest::qWaitFor([this] { return classes()->has_map(); }, 60000));
    ASSERT_EQ(count(), 2u);
  }
  int class_at(int x, int y) { return classes()->reviewed_map().pixelIndex(x, y); }
  void choose(const QString& id) {
    findings().select(id);
    page_->select(findings().item(id));
  }
  void stroke(QPointF from, QPointF to) {
    const QPoint a = cube()->to_widget(from).toPoint(), b = cube()->to_widget(to).toPoint();
    QTest::mousePress(cube(), Qt::LeftButton, {}, a);
    QTest::mouseMove(cube(), (a + b) / 2);
    QTest::mouseMove(cube(), b);
    QTest::mouseRelease(cube(), Qt::LeftButton, {}, b);
  }
};

TEST_F(CubeReview, a_rejected_region_leaves_the_map_and_comes_back_with_undo) {
  sort();
  choose("r2-12-0");
  trigger("reject");
  EXPECT_EQ(look("r2-12-0"), FindingLook::Rejected);
  EXPECT_EQ(class_at(15, 9), 0);
  EXPECT_EQ(class_at(3, 9), 1);
  EXPECT_EQ(classes()->list()->item(1)->text(), "stone  0.00 % (reviewed)");
  EXPECT_EQ(session().review().log()->events().back().kind, "reject");
  trigger("undo");
  EXPECT_EQ(look("r2-12-0"), FindingLook::Machine);
  EXPECT_EQ(class_at(15, 9), 2);
  EXPECT_EQ(classes()->list()->item(1)->text(), "stone  50.00 %");
  choose("r1-1-0");
  trigger("accept");
  EXPECT_EQ(look("r1-1-0"), FindingLook::Accepted);
  EXPECT_EQ(classes()->reviewed_map().pixelIndex(3, 9), 1);
}

TEST_F(CubeReview, a_key_gives_a_region_another_class_of_the_result) {
  sort();
  EXPECT_EQ(window_->actions().find("label_2")->text(), "Relabel to stone");
  EXPECT_FALSE(window_->actions().find("label_3")->isVisible());
  choose("r1-1-0");
  trigger("label_2");
  EXPECT_EQ(look("r1-1-0"), FindingLook::Changed);
  EXPECT_EQ(class_at(3, 9), 2);
  EXPECT_EQ(class_at(0, 0), 0) << "what had no class still has none";
  classes()->set_opacity(1);
  cube()->set_items_shown(false);
  EXPECT_EQ(color_at(3, 9), QColor(0, 0, 255));
}

TEST_F(CubeReview, the_brush_repaints_a_part_as_the_class_of_the_chosen_region) {
  sort();
  choose("r1-1-0");
  trigger("brush");
  EXPECT_EQ(cube()->tool(), CubeTool::Brush);
  cube()->set_brush_radius(0);
  stroke({17.5, 5.5}, {20.5, 5.5}); // inside the other class
  ASSERT_EQ(count(), 3u);
  const FindingItem drawn = session().review().items()->back();
  EXPECT_EQ(drawn.look, FindingLook::Drawn);
  EXPECT_EQ(drawn.finding.label, "leaf");
  ASSERT_EQ(drawn.finding.footprint.size(), 1u);
  const Run& run = drawn.finding.footprint[0];
  EXPECT_EQ(std::vector<int>({run.z, run.y, run.x, run.length}), (std::vector<int>{0, 5, 17, 4}));
  EXPECT_EQ(class_at(17, 5), 1);
  EXPECT_EQ(class_at(20, 5), 1);
  EXPECT_EQ(class_at(21, 5), 2);
  EXPECT_EQ(class_at(18, 6), 2);
  // From the region of that class it grows; the eraser takes away, and leaves no class.
  stroke({10.5, 8.5}, {13.5, 8.5});
  EXPECT_EQ(count(), 3u);
  EXPECT_EQ(look("r1-1-0"), FindingLook::Changed);
  EXPECT_EQ(class_at(13, 8), 1);
  trigger("erase");
  stroke({2.5, 3.5}, {4.5, 3.5});
  EXPECT_EQ(class_at(3, 3), 0);
  EXPECT_EQ(class_at(5, 3), 1);
  EXPECT_EQ(session().review().log()->events().size(), 3u) << "one event a stroke";
  trigger("undo");
  EXPECT_EQ(class_at(3, 3), 1);
}

TEST_F(CubeReview, the_brush_works_without_a_pointer_and_escape_drops_a_stroke) {
  sort();
  choose("r1-1-0");
  trigger("brush");
  cube()->set_brush_radius(0);
  cube()->set_cross({18, 10});
  QTest::keyClick(cube(), Qt::Key_Return);
  QTest::keyClick(cube(), Qt::Key_Right);
  QTest::keyClick(cube(), Qt::Key_Escape);
  EXPECT_EQ(count(), 2u);
  cube()->set_cross({18, 10});
  QTest::keyClick(cube(), Qt::Key_Return);
  QTest::keyClick(cube(), Qt::Key_Right);
  QTest::keyClick(cube(), Qt::Key_Down);
  QTest::keyClick(cube(), Qt::Key_Return);
  ASSERT_EQ(count(), 3u);
  for (const QPoint& p : {QPoint(18, 10), QPoint(19, 10), QPoint(19, 11)})
    EXPECT_EQ(class_at(p.x(), p.y()), 1) << p.x() << " " << p.y();
  EXPECT_EQ(class_at(18, 11), 2);
  EXPECT_EQ(spectra()->count(), 0) << "Return paints, and keeps no spectrum";
}

TEST_F(CubeReview, a_click_on_an_outline_chooses_and_one_inside_keeps_a_spectrum) {
  sort();
  QTest::mouseClick(cube(), Qt::LeftButton, {}, cube()->to_widget({23.9, 8.0}).toPoint());
  EXPECT_EQ(findings().selected(), "r2-12-0");
  EXPECT_EQ(cube()->selected_item(), "r2-12-0");
  EXPECT_EQ(spectra()->count(), 0);
  click(5, 8);
  EXPECT_EQ(spectra()->count(), 1);
  EXPECT_EQ(findings().selected(), "r2-12-0");
}

TEST_F(CubeReview, rectangle_and_brush_exclude_each_other) {
  sort();
  trigger("brush");
  trigger("cube_region");
  EXPECT_EQ(cube()->tool(), CubeTool::Region);
  EXPECT_TRUE(window_->actions().find("browse")->isChecked());
  trigger("erase");
  EXPECT_EQ(cube()->tool(), CubeTool::Erase);
  EXPECT_FALSE(window_->actions().find("cube_region")->isChecked());
  trigger("browse");
  EXPECT_EQ(cube()->tool(), CubeTool::Look);
  const int before = cube()->brush_radius();
  trigger("brush_larger");
  EXPECT_EQ(cube()->brush_radius(), before + 1);
  EXPECT_FALSE(window_->actions().find("measure")->isEnabled()) << "a cube has no scale";
}

TEST_F(CubeReview, the_review_is_there_again_with_its_case_and_is_saved_as_a_map) {
  sort();
  choose("r2-12-0");
  trigger("label_1");
  const auto folder = session().entry().folder;
  open_cube("other.cube");
  session().open_case(QString::fromStdString(folder.string()));
  ASSERT_TRUE(settled());
  ASSERT_TRUE(QTest::qWaitFor([this] { return classes()->has_map(); }, 60000));
  EXPECT_EQ(look("r2-12-0"), FindingLook::Changed);
  EXPECT_EQ(class_at(15, 9), 1);
  page_->write_reviewed_map(path("reviewed.png"));
  const QImage saved(path("reviewed.png"));
  ASSERT_EQ(saved.format(), QImage::Format_Indexed8);
  EXPECT_EQ(saved.pixelIndex(15, 9), 1);
  EXPECT_EQ(saved.pixelIndex(0, 0), 0);
  EXPECT_THROW(page_->write_reviewed_map(path("absent/reviewed.png")), Error);
}

TEST_F(CubeReview, the_line_about_the_file_names_the_last_run) {
  open_cube("regions.cube");
  page_->choose_show("cie");
  page_->make_picture();
  ASSERT_TRUE(settled());
  EXPECT_TRUE(page_->run_text().startsWith("Picture: "));
  EXPECT_TRUE(page_->run_text().endsWith("rgb.png"));
  trigger("cube_clusters");
  ASSERT_TRUE(settled());
  EXPECT_TRUE(page_->run_text().startsWith("Class map: "));
  EXPECT_TRUE(page_->run_text().endsWith("classes.png"));
  EXPECT_EQ(page_->result_path(),
            QString::fromStdString((session().entry().folder / "classes.png").string()));
}

}
