// Review of the regions of a class map, used as a person would. The map: "leaf" (red) left of
// x = 12, "stone" (blue) right of it, the first pixel none.
#include "app/gui/class_panel.h"
#include "modules/report/class_picture.h"
#include "modules/review/review_log.h"
#include "tests/gui/cube_window.h"

#include <QFile>
#include <QListWidget>
#include <QPushButton>

using namespace sensorium;

namespace {

const QColor red(255, 0, 0), blue(0, 0, 255);
const QString leaf = "region-1-0-a", stone = "region-12-0-b";

class ClassReview : public CubeWindow {
protected:
  ClassPanel* classes() { return page_->classes(); }
  void sort_pixels() {
    open_cube("leaf.cube");
    trigger("cube_clusters");
    ASSERT_TRUE(settled());
    see_map();
  }
  void see_map() {
    ASSERT_TRUE(QTest::qWaitFor([this] { return classes()->has_map(); }, 60000));
    page_->set_band(0);
    ASSERT_TRUE(shown());
    classes()->set_opacity(1);
  }
  bool grey(int x, int y) {
    const QColor c = color_at(x, y);
    return c.red() == c.blue() && c.red() == c.green();
  }
  QString share(int number) { return classes()->list()->item(number - 1)->text(); }
  const Finding& region(const QString& id) { return findings().item(id)->finding; }
  std::size_t events() { return session().review().log()->events().size(); }
  void point_at(int x, int y, Qt::KeyboardModifiers keys = {}) {
    QTest::mouseClick(cube(), Qt::LeftButton, keys, middle_of(x, y));
  }
  void stroke(int x0, int y0, int x1, int y1) {
    QTest::mousePress(cube(), Qt::LeftButton, {}, middle_of(x0, y0));
    QTest::mouseMove(cube(), (middle_of(x0, y0) + middle_of(x1, y1)) / 2);
    QMouseEvent move(QEvent::MouseMove, middle_of(x1, y1), cube()->mapToGlobal(middle_of(x1, y1)),
                     Qt::NoButton, Qt::LeftButton, {});
    QApplication::sendEvent(cube(), &move);
    QTest::mouseRelease(cube(), Qt::LeftButton, {}, middle_of(x1, y1));
  }
  std::int64_t pixels(const QString& id) {
    std::int64_t count = 0;
    for (const auto& run : region(id).footprint) count += run.length;
    return count;
  }
};

TEST_F(ClassReview, regions_are_rows_and_outlines_with_a_link_both_ways) {
  sort_pixels();
  ASSERT_EQ(count(), 2u);
  EXPECT_EQ(region(stone).label, "stone");
  EXPECT_EQ(size_text(region(stone)), QString("192%1px").arg(QChar(0x202f)));
  EXPECT_EQ(score_text(region(stone)), "0.100") << "the mean angle, as there is no probability";
  point_at(20, 10);
  EXPECT_EQ(findings().selected(), stone);
  EXPECT_EQ(cube()->selected(), stone);
  EXPECT_EQ(spectra()->count(), 0) << "a click on a region keeps no spectrum";
  findings().select(leaf);
  EXPECT_EQ(cube()->selected(), leaf);
  point_at(20, 10, Qt::ControlModifier);
  EXPECT_EQ(spectra()->count(), 1);
  trigger("cube_classes");
  point_at(3, 10);
  EXPECT_EQ(spectra()->count(), 2) << "hidden regions are not in the way";
  EXPECT_EQ(page_->label_color("stone"), blue);
  EXPECT_TRUE(classes()->hint().startsWith("Click: choose a region"));
}

TEST_F(ClassReview, the_whole_cube_stays_in_sight_beside_the_legend) {
  sort_pixels();
  window_->resize(1280, 800);
  ASSERT_TRUE(shown());
  const QRectF seen(cube()->to_cube({0, 0}),
                    cube()->to_cube(QPointF(cube()->width(), cube()->height())));
  EXPECT_TRUE(seen.adjusted(-0.01, -0.01, 0.01, 0.01).contains(QRectF(0, 0, 24, 16)));
  cube()->zoom(4);
  window_->resize(1200, 780);
  const double zoomed = cube()->pixel_size();
  cube()->fit();
  EXPECT_GT(zoomed, 2 * cube()->pixel_size()) << "what was zoomed stays zoomed";
}

TEST_F(ClassReview, decisions_are_events_and_the_map_follows_them) {
  sort_pixels();
  EXPECT_EQ(color_at(18, 9), blue);
  point_at(18, 10);
  trigger("reject");
  EXPECT_EQ(events(), 1u);
  EXPECT_EQ(look(stone), FindingLook::Rejected);
  EXPECT_EQ(findings().selected(), leaf) << "on to the next unread one";
  EXPECT_NE(color_at(18, 9), blue) << "not accepted: no colour of the class";
  EXPECT_EQ(share(2), "stone  0.00 %");
  EXPECT_EQ(share(1), "leaf  49.74 %");
  trigger("accept");
  EXPECT_EQ(look(leaf), FindingLook::Accepted);
  EXPECT_EQ(color_at(5, 9), red);
  point_at(18, 10);
  trigger("label_1");
  EXPECT_EQ(look(stone), FindingLook::Changed);
  EXPECT_EQ(color_at(18, 9), red) << "the new class's colour";
  EXPECT_EQ(share(1), "leaf  99.74 %");
  trigger("undo");
  EXPECT_EQ(look(stone), FindingLook::Rejected);
  trigger("undo");
  trigger("undo");
  EXPECT_EQ(look(stone), FindingLook::Machine);
  EXPECT_EQ(color_at(18, 9), blue);
  trigger("redo");
  EXPECT_EQ(look(stone), FindingLook::Rejected);
  EXPECT_FALSE(window_->actions().find("label_3")->isVisible()) << "there are two classes";
  EXPECT_EQ(window_->actions().find("label_2")->text(), "Relabel to stone");
}

TEST_F(ClassReview, brush_and_eraser_change_a_regions_pixels) {
  sort_pixels();
  findings().select(leaf);
  trigger("brush");
  cube()->set_brush_radius(0);
  stroke(10, 8, 15, 8);
  EXPECT_EQ(look(leaf), FindingLook::Changed);
  EXPECT_EQ(pixels(leaf), 191 + 4);
  EXPECT_EQ(size_text(region(leaf)), QString("195%1px").arg(QChar(0x202f)));
  EXPECT_EQ(color_at(14, 8), red);
  EXPECT_EQ(color_at(14, 10), blue);
  trigger("erase");
  EXPECT_TRUE(classes()->hint().startsWith("The eraser"));
  stroke(2, 4, 4, 4);
  EXPECT_EQ(pixels(leaf), 195 - 3);
  EXPECT_NE(color_at(3, 4), red) << "what was erased is no class";
  trigger("undo");
  EXPECT_EQ(pixels(leaf), 195);
  trigger("undo");
  EXPECT_EQ(pixels(leaf), 191);
  EXPECT_EQ(color_at(14, 8), blue);
  trigger("browse");
  EXPECT_EQ(cube()->tool(), CubeTool::Look);
}

TEST_F(ClassReview, a_class_chosen_in_the_legend_is_painted_and_given) {
  sort_pixels();
  trigger("brush");
  EXPECT_TRUE(classes()->hint().startsWith("The brush adds"));
  classes()->choose(2);
  EXPECT_EQ(classes()->hint(), "The brush paints stone.");
  cube()->set_brush_radius(1);
  stroke(4, 8, 6, 8);
  ASSERT_EQ(count(), 3u) << "a region of its own";
  const QString drawn = QString::fromStdString(session().review().items()->back().finding.id);
  EXPECT_EQ(look(drawn), FindingLook::Drawn);
  EXPECT_EQ(region(drawn).label, "stone");
  EXPECT_EQ(pixels(drawn), 11) << "three crosses of five pixels, side by side";
  EXPECT_EQ(color_at(5, 8), blue);
  point_at(5, 8); // a dab with the brush
  EXPECT_EQ(count(), 3u) << "adds to the region of that class";
  trigger("browse");
  EXPECT_EQ(classes()->chosen(), 0) << "another tool forgets the class";
  point_at(5, 8);
  EXPECT_EQ(findings().selected(), drawn) << "the smallest region there";
  emit classes() -> list()->itemDoubleClicked(nullptr);
  EXPECT_EQ(region(drawn).label, "stone") << "no class is chosen";
  classes()->choose(1);
  emit classes() -> list()->itemDoubleClicked(classes()->list()->item(0));
  EXPECT_EQ(region(drawn).label, "leaf");
  EXPECT_EQ(color_at(5, 8), red);
}

TEST_F(ClassReview, the_brush_works_without_the_pointer) {
  sort_pixels();
  findings().select(leaf);
  trigger("brush");
  cube()->set_brush_radius(0);
  cube()->set_cross({11, 5});
  QTest::keyClick(cube(), Qt::Key_Return);
  QTest::keyClick(cube(), Qt::Key_Right);
  QTest::keyClick(cube(), Qt::Key_Right);
  EXPECT_EQ(events(), 0u) << "not before it is lifted";
  QTest::keyClick(cube(), Qt::Key_Return);
  EXPECT_EQ(events(), 1u);
  EXPECT_EQ(pixels(leaf), 193);
  QTest::keyClick(cube(), Qt::Key_Return);
  QTest::keyClick(cube(), Qt::Key_Right);
  QTest::keyClick(cube(), Qt::Key_Escape);
  QTest::keyClick(cube(), Qt::Key_Return);
  QTest::keyClick(cube(), Qt::Key_Escape);
  EXPECT_EQ(events(), 1u) << "Escape drops what was begun";
}

TEST_F(ClassReview, it_comes_back_with_its_case_and_leaves_as_files) {
  sort_pixels();
  findings().select(stone);
  trigger("reject");
  session().note(leaf, "looks right");
  session().accept(leaf);
  trigger("brush");
  cube()->set_brush_radius(0);
  stroke(10, 8, 13, 8);
  const auto folder = session().entry().folder;
  restart();
  session().open_case(QString::fromStdString(folder.string()));
  ASSERT_TRUE(settled());
  page_ = qobject_cast<CubePage*>(window_->page());
  ASSERT_NE(page_, nullptr);
  see_map();
  EXPECT_EQ(look(stone), FindingLook::Rejected);
  EXPECT_EQ(look(leaf), FindingLook::Changed);
  EXPECT_EQ(pixels(leaf), 193);
  EXPECT_EQ(share(1), "leaf  50.26 %");
  EXPECT_NE(color_at(18, 9), blue);
  session().export_to(path("regions.csv"));
  ASSERT_TRUE(settled());
  QFile table(path("regions.csv"));
  ASSERT_TRUE(table.open(QIODevice::ReadOnly));
  const QByteArray text = table.readAll();
  EXPECT_TRUE(text.contains("region-12-0-b,stone,,")) << "no score is invented\n"
                                                      << text.constData();
  EXPECT_TRUE(text.contains("rejected") && text.contains("changed") &&
              text.contains("looks right"));
  session().write_report(path("report.pdf"));
  ASSERT_TRUE(settled());
  EXPECT_GT(QFileInfo(path("report.pdf")).size(), 5000);
}

TEST_F(ClassReview, a_decision_waits_while_its_region_is_not_listed) {
  sort_pixels();
  session().accept(leaf);
  auto parameters = session().parameters();
  parameters["least_pixels"] = 192;
  session().set_parameters(parameters, true);
  ASSERT_TRUE(settled());
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(session().review().state().waiting.size(), 1u);
  EXPECT_EQ(color_at(5, 9), red) << "pixels of no listed region stay as they are";
  parameters["least_pixels"] = 1;
  session().set_parameters(parameters, true);
  ASSERT_TRUE(settled());
  EXPECT_EQ(look(leaf), FindingLook::Accepted);
}

TEST_F(ClassReview, the_line_below_names_what_the_last_run_made) {
  open_cube("leaf.cube");
  page_->choose_show("pca");
  page_->make_picture();
  ASSERT_TRUE(settled());
  EXPECT_EQ(page_->run_text(), "Picture: " + page_->picture_path());
  trigger("cube_clusters");
  ASSERT_TRUE(settled());
  ASSERT_TRUE(QTest::qWaitFor([this] { return classes()->has_map(); }, 60000));
  EXPECT_EQ(page_->run_text(),
            "Class map: " +
                QString::fromStdString((session().entry().folder / "classes.png").string()));
  page_->choose_show("pca");
  page_->make_picture();
  ASSERT_TRUE(settled());
  EXPECT_EQ(page_->run_text(), "Picture: " + page_->picture_path());
  EXPECT_FALSE(window_->actions().find("brush")->isEnabled()) << "a picture has no regions";
  EXPECT_TRUE(classes()->hint().isEmpty());
}

TEST_F(ClassReview, a_hostile_log_is_not_shown_and_breaks_nothing) {
  sort_pixels();
  const auto folder = session().entry().folder;
  open_cube("other.cube"); // the log is closed
  {
    const auto log = ReviewLog::open(folder / "review.sqlite", ReviewLog::Mode::ReadWrite);
    const nlohmann::json far = {0, -5, -9, 16777216, 0, 900000, 3, 7, 5, 2, 2, 2};
    log->append("eve", "draw", {{"label", "stone"}, {"footprint", far}});
    log->append("eve", "relabel",
                {{"finding", leaf.toStdString()}, {"label", "no such class"}, {"place", far}});
    log->append("eve", "paint",
                {{"finding", "region-0-0-elsewhere"},
                 {"added", far},
                 {"removed", far},
                 {"place", nlohmann::json::array()}});
  }
  session().open_case(QString::fromStdString(folder.string()));
  ASSERT_TRUE(settled());
  see_map();
  EXPECT_EQ(count(), 3u);
  EXPECT_EQ(share(1), "leaf  0.00 %") << "relabelled to what is no class";
  EXPECT_EQ(share(2), "stone  50.00 %") << "nothing is painted outside";
  EXPECT_EQ(session().review().state().waiting.size(), 1u);
  cube()->grab();
}

}
