// Linked pictures, the difference plot, the fovea, and colours for colour-blind readers.
#include "modules/review/mark_kinds.h"
#include "modules/view/bland_altman_plot.h"
#include "modules/view/en_face_view.h"
#include "modules/view/finding_item.h"
#include "modules/view/linked_views.h"
#include "modules/view/pair_view.h"
#include "modules/view/theme.h"

#include <gtest/gtest.h>

#include <QApplication>
#include <QSignalSpy>
#include <QTest>

#include <array>
#include <cmath>

using namespace sensorium;

namespace {

PixelStack empty_stack(int w, int h, int d) {
  return {w,
          h,
          d,
          1,
          PixelType::UInt8,
          Buffer::of(std::vector<std::uint8_t>(static_cast<std::size_t>(w) * h * d, 100))};
}

using Rgb = std::array<double, 3>;
using Matrix = std::array<Rgb, 3>;

// Machado GM, Oliveira MM, Fernandes LAF. IEEE TVCG 2009;15:1291-1298, severity 1.0.
constexpr Matrix none{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr Matrix protanopia{{{0.152286, 1.052583, -0.204868},
                             {0.114503, 0.786281, 0.099216},
                             {-0.003882, -0.048116, 1.051998}}};
constexpr Matrix deuteranopia{{{0.367322, 0.860646, -0.227968},
                               {0.280085, 0.672501, 0.047413},
                               {-0.011820, 0.042940, 0.968881}}};

Rgb times(const Matrix& m, const Rgb& v) {
  Rgb out{};
  for (std::size_t i = 0; i < 3; ++i) out[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
  return out;
}

double linear(double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); }

// CIE 1976 L*a*b*, D65.
Rgb lab_of(const QColor& color, const Matrix& seen) {
  Rgb rgb = times(seen, {linear(color.redF()), linear(color.greenF()), linear(color.blueF())});
  for (double& v : rgb) v = std::clamp(v, 0.0, 1.0);
  constexpr Matrix to_xyz{{{0.4124564, 0.3575761, 0.1804375},
                           {0.2126729, 0.7151522, 0.0721750},
                           {0.0193339, 0.1191920, 0.9503041}}};
  Rgb xyz = times(to_xyz, rgb);
  const Rgb white{0.95047, 1.0, 1.08883};
  for (std::size_t i = 0; i < 3; ++i) {
    const double t = xyz[i] / white[i];
    xyz[i] = t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116;
  }
  return {116 * xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])};
}

double distance(const QColor& a, const QColor& b, const Matrix& seen) {
  const Rgb x = lab_of(a, seen), y = lab_of(b, seen);
  return std::hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

TEST(ColourBlind, white_and_black_are_a_hundred_apart_for_all) {
  for (const Matrix& seen : {none, protanopia, deuteranopia})
    EXPECT_NEAR(distance(Qt::white, Qt::black, seen), 100, 0.1);
}

TEST(ColourBlind, looks_stay_apart_without_red_or_green_cones) {
  using enum FindingLook;
  const std::vector<std::vector<FindingLook>> together{
      {Machine, Accepted, Rejected, Changed, Drawn}, {OnlyA, OnlyB}, {InA, InB}};
  for (const Matrix& seen : {none, protanopia, deuteranopia})
    for (const auto& looks : together)
      for (std::size_t i = 0; i < looks.size(); ++i)
        for (std::size_t k = i + 1; k < looks.size(); ++k)
          EXPECT_GT(distance(color_of(looks[i]), color_of(looks[k]), seen), 15)
              << text_of(looks[i]).toStdString() << " and " << text_of(looks[k]).toStdString();
}

TEST(ColourBlind, kinds_of_marks_stay_apart_and_are_seen_on_black) {
  for (const Matrix& seen : {none, protanopia, deuteranopia})
    for (std::size_t i = 0; i < mark_kinds.size(); ++i) {
      EXPECT_GT(distance(QColor(mark_kinds[i].color), Qt::black, seen), 50) << mark_kinds[i].label;
      for (std::size_t k = i + 1; k < mark_kinds.size(); ++k)
        EXPECT_GT(distance(QColor(mark_kinds[i].color), QColor(mark_kinds[k].color), seen), 15)
            << mark_kinds[i].label << " and " << mark_kinds[k].label;
    }
}

TEST(ColourBlind, the_layers_of_a_comparison_differ_in_line_too) {
  EXPECT_NE(pen_of(FindingLook::InA).style(), pen_of(FindingLook::InB).style());
  EXPECT_NE(pen_of(FindingLook::OnlyA).style(), pen_of(FindingLook::OnlyB).style());
  EXPECT_GT(pen_of(FindingLook::OnlyA).widthF(), pen_of(FindingLook::InA).widthF());
  EXPECT_GT(pen_of(FindingLook::OnlyB).widthF(), pen_of(FindingLook::InB).widthF());
}

TEST(PairView, both_scroll_and_zoom_together) {
  PairView pair;
  pair.resize(600, 300);
  pair.left()->set_stack(empty_stack(10, 10, 11));
  pair.right()->set_stack(empty_stack(10, 10, 21));
  pair.left()->set_slice(3);
  EXPECT_EQ(pair.right()->slice(), 6) << "3 of 0..10 is 6 of 0..20";
  pair.right()->set_slice(20);
  EXPECT_EQ(pair.left()->slice(), 10);
  pair.left()->set_zoom_and_pan(1, {});
  pair.show();
  QWheelEvent wheel(QPointF(50, 50), pair.left()->mapToGlobal(QPointF(50, 50)), {}, {0, 120},
                    Qt::NoButton, Qt::ControlModifier, Qt::NoScrollPhase, false);
  QApplication::sendEvent(pair.left(), &wheel);
  EXPECT_DOUBLE_EQ(pair.right()->zoom(), 1.2);
  EXPECT_EQ(pair.right()->pan(), pair.left()->pan());
}

TEST(PairView, unlinking_keeps_the_distance_set_by_hand) {
  PairView pair;
  pair.left()->set_stack(empty_stack(4, 4, 20));
  pair.right()->set_stack(empty_stack(4, 4, 20));
  pair.left()->set_slice(5);
  pair.set_linked(false);
  pair.right()->set_slice(8);
  EXPECT_EQ(pair.left()->slice(), 5);
  pair.set_linked(true);
  pair.left()->set_slice(7);
  EXPECT_EQ(pair.right()->slice(), 10);
  pair.right()->set_slice(4);
  EXPECT_EQ(pair.left()->slice(), 1);
}

TEST(PairView, a_known_map_leads_slices_and_middles) {
  PairView pair;
  pair.resize(400, 200);
  pair.show();
  pair.left()->set_stack(empty_stack(40, 20, 10));
  pair.right()->set_stack(empty_stack(40, 20, 10));
  pair.set_map(PlaceMap{{1, 1, 1}, {5, -2, 3}});
  pair.left()->set_slice(4);
  EXPECT_EQ(pair.right()->slice(), 7);
  pair.right()->set_slice(9);
  EXPECT_EQ(pair.left()->slice(), 6);
  pair.left()->set_slice(8);
  EXPECT_EQ(pair.right()->slice(), 9) << "beyond the last one there is nothing";
  const QPointF left = pair.left()->centre(), right = pair.right()->centre();
  EXPECT_NEAR(right.x() - left.x(), 5, 1e-6);
  EXPECT_NEAR(right.y() - left.y(), -2, 1e-6);
  pair.set_linked(false);
  pair.left()->set_slice(2);
  pair.right()->set_slice(4);
  pair.set_linked(true);
  pair.left()->set_slice(3);
  EXPECT_EQ(pair.right()->slice(), 5) << "one slice less than the map, as set by hand";
}

TEST(LinkedViews, all_scroll_and_hidden_ones_stay) {
  LinkedViews views;
  views.set_count(3);
  for (int i = 0; i < 3; ++i) views.view(i)->set_stack(empty_stack(8, 8, 6));
  views.view(2)->set_slice(4);
  EXPECT_EQ(views.view(0)->slice(), 4);
  EXPECT_EQ(views.view(1)->slice(), 4);
  SliceView* third = views.view(2);
  views.set_count(2);
  EXPECT_TRUE(third->parentWidget()->isHidden());
  views.set_count(3);
  EXPECT_EQ(views.view(2), third);
  EXPECT_FALSE(third->parentWidget()->isHidden());
}

TEST(BlandAltmanPlot, equal_places_become_one_larger_dot) {
  BlandAltmanPlot plot;
  plot.set_values({1, 1, 4}, {1, 1, 2}, 0.67, NAN, NAN);
  ASSERT_EQ(plot.dots().size(), 2u);
  EXPECT_EQ(plot.dots()[0].times, 2);
  EXPECT_DOUBLE_EQ(plot.dots()[0].mean, 1);
  EXPECT_DOUBLE_EQ(plot.dots()[1].mean, 3);
  EXPECT_DOUBLE_EQ(plot.dots()[1].difference, 2);
  plot.resize(300, 150);
  EXPECT_FALSE(plot.grab().isNull()) << "limits that are not numbers are left out";
}

TEST(Fovea, pointer_sets_it_once_and_only_while_placing) {
  EnFaceView view;
  view.resize(200, 200);
  QImage picture(100, 50, QImage::Format_Grayscale8);
  picture.fill(80);
  view.set_projection(picture, 100, 50, 0, 0); // scale unknown: drawn as a square
  QSignalSpy moved(&view, &EnFaceView::fovea_moved), slices(&view, &EnFaceView::slice_requested);
  QTest::mouseClick(&view, Qt::LeftButton, {}, {100, 100});
  EXPECT_EQ(moved.count(), 0);
  EXPECT_EQ(slices.count(), 1);
  view.set_placing_fovea(true);
  QTest::mouseClick(&view, Qt::LeftButton, {}, {50, 102});
  ASSERT_EQ(moved.count(), 1);
  const QPointF at = moved[0][0].toPointF();
  EXPECT_NEAR(at.x(), 24.5, 0.6) << "a quarter of 100 columns";
  EXPECT_EQ(at.y(), 25) << "102 of 200 lies in the 26th of 50 scans";
  EXPECT_EQ(slices.count(), 1) << "the B-scan stays";
  QTest::mouseClick(&view, Qt::LeftButton, {}, {100, 100});
  EXPECT_EQ(moved.count(), 1) << "placing ends with the click";
}

TEST(Fovea, arrows_and_return_set_it_and_escape_leaves_it) {
  EnFaceView view;
  view.resize(200, 200);
  QImage picture(100, 50, QImage::Format_Grayscale8);
  picture.fill(80);
  view.set_projection(picture, 100, 50, 0, 0);
  view.set_fovea(QPointF(40, 20), true);
  QSignalSpy moved(&view, &EnFaceView::fovea_moved), ended(&view, &EnFaceView::placing_ended);
  view.set_placing_fovea(true);
  QTest::keyClick(&view, Qt::Key_Right);
  QTest::keyClick(&view, Qt::Key_Up);
  QTest::keyClick(&view, Qt::Key_Escape);
  EXPECT_EQ(moved.count(), 0);
  EXPECT_EQ(ended.count(), 1);
  view.set_placing_fovea(true);
  QTest::keyClick(&view, Qt::Key_Right);
  QTest::keyClick(&view, Qt::Key_Up);
  QTest::keyClick(&view, Qt::Key_Return);
  ASSERT_EQ(moved.count(), 1);
  EXPECT_EQ(moved[0][0].toPointF(), QPointF(44, 19));
}

}
