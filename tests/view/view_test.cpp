// Pictures, outlines, projection, themes and widgets, by hand-computed values.
#include "modules/core/error.h"
#include "modules/view/command_palette.h"
#include "modules/view/en_face_view.h"
#include "modules/view/findings_panel.h"
#include "modules/view/notice_bar.h"
#include "modules/view/parameter_form.h"
#include "modules/view/pixel_stack.h"
#include "modules/view/slice_view.h"
#include "modules/view/theme.h"

#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QApplication>
#include <QDir>
#include <QDoubleSpinBox>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>

#include <cmath>
#include <limits>

using namespace sensorium;

namespace {

template<class T>
PixelStack stack_of_values(PixelType type, int w, int h, int d, std::vector<T> values) {
  return {w, h, d, 1, type, Buffer::of(std::move(values))};
}

int grey_at(const QImage& image, int x, int y) { return qGray(image.pixel(x, y)); }

TEST(SliceImage, maps_the_window_to_black_and_white) {
  const auto stack =
      stack_of_values<std::uint16_t>(PixelType::UInt16, 5, 1, 1, {0, 100, 150, 200, 60000});
  const QImage image = slice_image(stack, 0, {100, 200});
  EXPECT_EQ(grey_at(image, 0, 0), 0);
  EXPECT_EQ(grey_at(image, 1, 0), 0);
  EXPECT_EQ(grey_at(image, 2, 0), 128) << "127.5 rounds up";
  EXPECT_EQ(grey_at(image, 3, 0), 255);
  EXPECT_EQ(grey_at(image, 4, 0), 255);
}

TEST(SliceImage, negative_samples_and_nan) {
  const auto ints = stack_of_values<std::int16_t>(PixelType::Int16, 2, 1, 1, {-100, 100});
  EXPECT_EQ(grey_at(slice_image(ints, 0, {-100, 100}), 0, 0), 0);
  EXPECT_EQ(grey_at(slice_image(ints, 0, {-300, 100}), 0, 0), 128);
  const auto floats = stack_of_values<float>(PixelType::Float32, 2, 1, 1,
                                             {std::numeric_limits<float>::quiet_NaN(), 1});
  EXPECT_EQ(grey_at(slice_image(floats, 0, {0, 1}), 0, 0), 0);
  EXPECT_EQ(grey_at(slice_image(floats, 0, {0, 1}), 1, 0), 255);
}

TEST(SliceImage, takes_the_asked_slice_and_clamps_it) {
  const auto stack = stack_of_values<std::uint8_t>(PixelType::UInt8, 1, 1, 3, {10, 20, 30});
  EXPECT_EQ(grey_at(slice_image(stack, 1, {0, 255}), 0, 0), 20);
  EXPECT_EQ(grey_at(slice_image(stack, 99, {0, 255}), 0, 0), 30);
  EXPECT_EQ(grey_at(slice_image(stack, -4, {0, 255}), 0, 0), 10);
}

TEST(SliceImage, colour_keeps_its_channels) {
  PixelStack stack{
      1, 1, 1, 3, PixelType::UInt8, Buffer::of(std::vector<std::uint8_t>{200, 100, 50})};
  EXPECT_EQ(slice_image(stack, 0, {0, 255}).pixel(0, 0), qRgb(200, 100, 50));
}

TEST(SliceImage, frames_that_come_one_by_one_and_one_that_cannot) {
  PixelStack stack{.width = 120, .height = 40, .depth = 3};
  stack.source = std::make_shared<MadeFrames>([](int t) {
    if (t == 1) throw Error(ErrorCode::Conflict, "the file has changed");
    return Buffer::of(std::vector<std::uint8_t>(120 * 40, static_cast<std::uint8_t>(100 + t)));
  });
  EXPECT_EQ(grey_at(slice_image(stack, 0, {0, 255}), 60, 20), 100);
  EXPECT_EQ(grey_at(slice_image(stack, 99, {0, 255}), 60, 20), 102);
  // Black with the reason on it.
  const QImage gone = slice_image(stack, 1, {0, 255});
  ASSERT_EQ(gone.size(), QSize(120, 40));
  EXPECT_EQ(grey_at(gone, 0, 0), 0);
  int white = 0;
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 120; ++x) white += grey_at(gone, x, y) > 128;
  EXPECT_GT(white, 20);
  EXPECT_EQ(auto_window(stack).high, 255) << "no frame is needed to open the view";
}

TEST(AutoWindow, dark_eight_bit_pictures_are_stretched_bright_ones_are_not) {
  std::vector<std::uint8_t> dark(1000), bright(1000);
  for (int i = 0; i < 1000; ++i) {
    dark[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i % 50);
    bright[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i % 250);
  }
  EXPECT_LE(auto_window(stack_of_values(PixelType::UInt8, 10, 10, 10, dark)).high, 49);
  EXPECT_EQ(auto_window(stack_of_values(PixelType::UInt8, 10, 10, 10, bright)).high, 255);
}

TEST(Outline, one_voxel_is_a_unit_square) {
  const QPainterPath path = outline_of({{2, 5, 3, 1}}, 2);
  EXPECT_EQ(path.boundingRect(), QRectF(3, 5, 1, 1));
  EXPECT_TRUE(outline_of({{2, 5, 3, 1}}, 1).isEmpty());
}

TEST(Outline, a_ring_has_its_hole) {
  // 3 x 3 with an empty middle.
  const QPainterPath path = outline_of({{0, 0, 0, 3}, {0, 1, 0, 1}, {0, 1, 2, 1}, {0, 2, 0, 3}}, 0);
  EXPECT_TRUE(path.contains(QPointF(0.5, 0.5)));
  EXPECT_FALSE(path.contains(QPointF(1.5, 1.5)));
  EXPECT_TRUE(path.contains(QPointF(2.5, 1.5)));
}

TEST(Outline, voxels_that_touch_at_a_corner_are_both_outlined) {
  const QPainterPath path = outline_of({{0, 0, 0, 1}, {0, 1, 1, 1}}, 0);
  EXPECT_TRUE(path.contains(QPointF(0.5, 0.5)));
  EXPECT_TRUE(path.contains(QPointF(1.5, 1.5)));
  EXPECT_FALSE(path.contains(QPointF(1.5, 0.5)));
}

TEST(EnFace, is_the_mean_over_depth_or_between_the_surfaces) {
  // Two A-scans of 4 samples: the bright sample of the first is outside the slab 2..3.
  const auto stack =
      stack_of_values<std::uint8_t>(PixelType::UInt8, 2, 4, 1, {200, 0, 0, 0, 0, 90, 0, 90});
  const QImage whole = en_face_projection(stack, nullptr, nullptr);
  EXPECT_GT(grey_at(whole, 0, 0), grey_at(whole, 1, 0)) << "means 50 and 45";
  const Surface top{.name = "ILM", .depth = {2, 2}, .source = "vendor", .failure = {}};
  const Surface bottom{.name = "RPE", .depth = {3, 3}, .source = "vendor", .failure = {}};
  const QImage slab = en_face_projection(stack, &top, &bottom);
  EXPECT_LT(grey_at(slab, 0, 0), grey_at(slab, 1, 0)) << "means 0 and 90";
  Surface failed = bottom;
  failed.failure = "no retina";
  EXPECT_GT(grey_at(en_face_projection(stack, &top, &failed), 0, 0),
            grey_at(en_face_projection(stack, &top, &failed), 1, 0));
}

TEST(Shrink, keeps_below_the_limit) {
  const auto stack =
      stack_of_values<std::uint8_t>(PixelType::UInt8, 10, 4, 2, std::vector<std::uint8_t>(80, 7));
  const SmallVolume small = shrink(stack, {0, 255}, 4);
  EXPECT_EQ(small.width, 3);
  EXPECT_EQ(small.height, 4);
  EXPECT_EQ(small.depth, 2);
  EXPECT_EQ(small.step_x, 3);
  EXPECT_EQ(small.values[0], 7);
}

TEST(Themes, text_meets_wcag_aa_in_both) {
  EXPECT_NEAR(contrast_ratio(Qt::black, Qt::white), 21, 1e-9);
  for (const Theme theme : {Theme::Dark, Theme::Light}) {
    const ThemeColors& c = theme_colors(theme);
    for (const QColor& back : {c.window, c.panel, c.raised}) {
      EXPECT_GE(contrast_ratio(c.text, back), 4.5);
      EXPECT_GE(contrast_ratio(c.muted, back), 4.5);
    }
    EXPECT_GE(contrast_ratio(c.accent_text, c.accent), 4.5);
    EXPECT_GE(contrast_ratio(c.warning, c.panel), 4.5);
    EXPECT_GE(contrast_ratio(c.accent, c.window), 3.0) << "controls: WCAG 1.4.11";
  }
}

TEST(Themes, every_icon_is_there_and_drawn) {
  const QDir icons(":/sensorium/icons");
  const QStringList names = icons.entryList({"*.svg"});
  EXPECT_GT(names.size(), 25);
  for (const QString& name : names) {
    const QImage image = icon(name.chopped(4), Qt::black).pixmap(24, 24).toImage();
    bool drawn = false;
    for (int y = 0; y < image.height() && !drawn; ++y)
      for (int x = 0; x < image.width(); ++x) drawn = drawn || qAlpha(image.pixel(x, y)) > 100;
    EXPECT_TRUE(drawn) << name.toStdString();
  }
}

TEST(Looks, differ_in_line_style_not_only_in_colour) {
  const FindingLook all[] = {FindingLook::Machine, FindingLook::Accepted, FindingLook::Rejected,
                             FindingLook::Changed, FindingLook::Drawn};
  for (const FindingLook a : all)
    for (const FindingLook b : all) {
      if (a == b) continue;
      EXPECT_NE(color_of(a), color_of(b));
      EXPECT_TRUE(pen_of(a).dashPattern() != pen_of(b).dashPattern() ||
                  pen_of(a).widthF() != pen_of(b).widthF());
      EXPECT_NE(glyph_of(a), glyph_of(b));
    }
}

TEST(Palette, letters_in_order_match_and_word_starts_win) {
  EXPECT_LT(match_score("xq", "Accept"), 0);
  EXPECT_GE(match_score("", "Accept"), 0);
  EXPECT_GT(match_score("nf", "Next finding"), match_score("nf", "Confirm off"));
  EXPECT_GT(match_score("thres", "Parameter: Threshold"), match_score("thres", "The reader's"));
}

TEST(EnFaceView, places_follow_the_scan_lines_of_the_localiser) {
  EnFaceView view;
  view.resize(100, 100);
  view.set_projection(QImage(10, 4, QImage::Format_Grayscale8), 10, 4, 0, 0);
  EXPECT_EQ(view.place_of(-0.5, -0.5), QPointF(0, 0));
  EXPECT_EQ(view.place_of(9.5, 3.5), QPointF(100, 100));
  // One vertical line in a 50 x 50 picture, drawn at 100 x 100.
  view.set_localizer(QImage(50, 50, QImage::Format_Grayscale8), {{25, 0, 25, 50}});
  EXPECT_EQ(view.place_of(-0.5, 0), QPointF(50, 0));
  EXPECT_EQ(view.place_of(9.5, 0), QPointF(50, 100));
}

TEST(EnFaceView, click_asks_for_the_nearest_scan) {
  EnFaceView view;
  view.resize(100, 100);
  view.set_projection(QImage(10, 4, QImage::Format_Grayscale8), 10, 4, 0, 0);
  QSignalSpy spy(&view, &EnFaceView::slice_requested);
  QTest::mouseClick(&view, Qt::LeftButton, {}, {50, 60});
  ASSERT_EQ(spy.count(), 1);
  EXPECT_EQ(spy[0][0].toInt(), 2);
}

FindingItems three_items() {
  auto items = std::make_shared<std::vector<FindingItem>>();
  for (int i = 0; i < 3; ++i) {
    FindingItem item;
    item.finding.id = std::string(1, static_cast<char>('a' + i));
    item.finding.label = i == 1 ? "exudate" : "focus";
    item.finding.score = 0.5 + 0.1 * i;
    item.finding.centroid = {1, 1, static_cast<double>(2 - i)};
    item.uncertainty = 1 - 0.2 * i;
    items->push_back(item);
  }
  (*items)[0].look = FindingLook::Rejected;
  return items;
}

TEST(FindingsPanel, neighbours_follow_the_order_and_skip_what_is_read) {
  FindingsPanel panel;
  panel.set_items(three_items());
  EXPECT_EQ(panel.neighbour(1, false), "a") << "the most uncertain first";
  EXPECT_EQ(panel.neighbour(1, true), "b");
  panel.select("c");
  EXPECT_EQ(panel.neighbour(1, false), "a") << "it goes round";
  panel.set_order(1);
  panel.select("c");
  EXPECT_EQ(panel.neighbour(1, false), "b") << "by place: scans 0, 1, 2 are c, b, a";
}

TEST(FindingsModel, the_place_is_called_as_in_the_recording) {
  FindingsModel model;
  const auto head = [&] {
    return model.headerData(FindingsModel::Slice, Qt::Horizontal, Qt::DisplayRole).toString();
  };
  model.set_picture(stack_of_values<std::uint8_t>(PixelType::UInt8, 2, 2, 1, {1, 2, 3, 4}));
  EXPECT_EQ(head(), "Scan");
  model.set_frames(true);
  EXPECT_EQ(head(), "Frame");
  model.set_picture({});
  EXPECT_EQ(head(), "Begin");
}

TEST(FindingsPanel, selecting_keeps_through_an_update) {
  FindingsPanel panel;
  panel.set_items(three_items());
  panel.select("b");
  QSignalSpy spy(&panel, &FindingsPanel::selection_changed);
  panel.set_items(three_items());
  EXPECT_EQ(panel.selected(), "b");
  EXPECT_EQ(spy.count(), 0);
}

ParameterSpecs some_specs() {
  return {{"threshold",
           ParameterType::Number,
           0.5,
           {},
           {.help = "t", .min = 0, .max = 1, .live = true}},
          {"min_area_um2",
           ParameterType::Number,
           20.0,
           {},
           {.help = "a", .unit = "um2", .min = 0, .max = 1000, .live = true}},
          {"passes", ParameterType::Integer, 2, {}, {.help = "p", .min = 1, .max = 5}},
          {"mode", ParameterType::Choice, "x", {"x", "y"}, {.help = "m"}},
          {"name", ParameterType::Text, "n", {}, {.help = "n", .expert = true}}};
}

TEST(ParameterForm, defaults_and_types_come_from_the_declaration) {
  ParameterForm form;
  form.set_specs(some_specs());
  EXPECT_EQ(form.values(),
            nlohmann::json::parse(
                R"({"threshold":0.5,"min_area_um2":20.0,"passes":2,"mode":"x","name":"n"})"));
  EXPECT_EQ(title_of(some_specs()[1]), "Min area");
  EXPECT_EQ(form.findChildren<QSlider*>().size(), 2);
}

TEST(ParameterForm, live_and_other_parameters_signal_differently) {
  ParameterForm form;
  form.set_specs(some_specs());
  QSignalSpy live(&form, &ParameterForm::live_changed), run(&form, &ParameterForm::needs_run);
  form.findChildren<QSlider*>()[0]->setValue(70);
  EXPECT_EQ(live.count(), 1);
  EXPECT_DOUBLE_EQ(form.values()["threshold"].get<double>(), 0.7);
  EXPECT_TRUE(form.set_value("passes", 4));
  EXPECT_EQ(run.count(), 1);
  EXPECT_TRUE(form.values()["passes"].is_number_integer());
  EXPECT_FALSE(form.set_value("threshold", "much"));
  EXPECT_FALSE(form.set_value("nothing", 1));
  form.set_values({{"threshold", 0.2}});
  EXPECT_EQ(live.count(), 1) << "shown values are no wish of the user";
}

TEST(ParameterForm, a_least_value_that_stands_for_something_is_said_in_words) {
  ParameterForm form;
  form.set_specs(
      {{"max_size",
        ParameterType::Number,
        0.0,
        {},
        {.unit = "um", .min = 0, .max = 1000, .live = true, .at_least_value = "no limit"}},
       {"fovea_x",
        ParameterType::Integer,
        -1,
        {},
        {.unit = "px", .min = -1, .max = 100000, .live = true, .at_least_value = "middle"}}});
  QStringList shown;
  for (auto* spin : form.findChildren<QDoubleSpinBox*>()) shown << spin->text();
  EXPECT_EQ(shown, (QStringList{"no limit", "middle"}));
  EXPECT_EQ(form.findChildren<QSlider*>().size(), 1) << "a place among 100,000 is typed";
  form.set_value("fovea_x", 412);
  EXPECT_TRUE(form.findChildren<QDoubleSpinBox*>()[1]->text().startsWith("412"));
}

TEST(ParameterForm, values_stay_in_their_range) {
  ParameterForm form;
  form.set_specs(some_specs());
  form.set_value("passes", 99);
  EXPECT_EQ(form.values()["passes"], 5);
}

TEST(SliceView, places_and_strokes_are_in_pixels) {
  SliceView view;
  view.resize(400, 300);
  view.set_stack(stack_of_values<std::uint8_t>(PixelType::UInt8, 40, 30, 3,
                                               std::vector<std::uint8_t>(3600, 50)));
  EXPECT_EQ(view.slice(), 1) << "the middle one";
  EXPECT_EQ(view.to_pixel({0, 0}), QPointF(0, 0));
  EXPECT_EQ(view.to_widget({40, 30}), QPointF(400, 300));
  view.set_tool(SliceTool::Brush);
  view.set_brush_radius(0);
  std::vector<sensorium::Run> got;
  QObject::connect(&view, &SliceView::stroke_finished,
                   [&](const std::vector<sensorium::Run>& runs, bool) { got = runs; });
  QTest::mousePress(&view, Qt::LeftButton, {}, {105, 155});
  QTest::mouseMove(&view, {135, 155});
  QTest::mouseRelease(&view, Qt::LeftButton, {}, {135, 155});
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].z, 1);
  EXPECT_EQ(got[0].y, 15);
  EXPECT_EQ(got[0].x, 10);
  EXPECT_EQ(got[0].length, 4);
}

struct Keyed : testing::Test {
  Keyed() {
    view.resize(400, 300);
    view.set_stack(stack_of_values<std::uint8_t>(PixelType::UInt8, 40, 30, 3,
                                                 std::vector<std::uint8_t>(3600, 50)));
    QObject::connect(&view, &SliceView::stroke_finished,
                     [this](const std::vector<sensorium::Run>& runs, bool erase) {
                       strokes.push_back(runs);
                       erased = erase;
                     });
    QObject::connect(&view, &SliceView::measured,
                     [this](int z, QPointF from, QPointF to) { measured = {z, from, to}; });
  }
  void press(std::initializer_list<int> keys, Qt::KeyboardModifiers modifiers = {}) {
    for (const int key : keys) QTest::keyClick(&view, static_cast<Qt::Key>(key), modifiers);
  }
  SliceView view;
  std::vector<std::vector<sensorium::Run>> strokes;
  std::tuple<int, QPointF, QPointF> measured{-1, {}, {}};
  bool erased = false;
};

TEST_F(Keyed, arrows_and_return_paint_erase_and_drop) {
  view.set_tool(SliceTool::Brush);
  view.set_brush_radius(0);
  press({Qt::Key_Return, Qt::Key_Right, Qt::Key_Right, Qt::Key_Right, Qt::Key_Return});
  ASSERT_EQ(strokes.size(), 1u);
  ASSERT_EQ(strokes[0].size(), 1u);
  EXPECT_EQ(strokes[0][0].z, 1);
  EXPECT_EQ(strokes[0][0].y, 15);
  EXPECT_EQ(strokes[0][0].x, 20) << "it begins in the middle of the view";
  EXPECT_EQ(strokes[0][0].length, 4);
  EXPECT_FALSE(erased);
  press({Qt::Key_Return, Qt::Key_Down, Qt::Key_Escape});
  EXPECT_EQ(strokes.size(), 1u) << "Escape drops a stroke that was begun";
  view.set_tool(SliceTool::Erase);
  press({Qt::Key_Return, Qt::Key_Return});
  ASSERT_EQ(strokes.size(), 2u);
  EXPECT_TRUE(erased);
  EXPECT_EQ(strokes[1][0].x, 23) << "the cross stays where it was moved to";
  EXPECT_EQ(strokes[1][0].y, 16);
  EXPECT_EQ(view.slice(), 1) << "arrows do not leave the B-scan while a tool is in hand";
}

TEST_F(Keyed, arrows_stay_in_the_picture_and_measure) {
  view.set_tool(SliceTool::Measure);
  press({Qt::Key_Return, Qt::Key_Right});
  press({Qt::Key_Down, Qt::Key_Down, Qt::Key_Down}, Qt::ShiftModifier);
  press({Qt::Key_Return});
  EXPECT_EQ(std::get<0>(measured), 1);
  EXPECT_EQ(std::get<1>(measured), QPointF(20.5, 15.5));
  EXPECT_EQ(std::get<2>(measured), QPointF(21.5, 29.5)) << "the last row, not beyond";
}

TEST_F(Keyed, keys_zoom_move_and_change_brightness) {
  press({Qt::Key_Plus});
  EXPECT_DOUBLE_EQ(view.zoom(), 1.2);
  EXPECT_NEAR(view.centre().x(), 20, 1e-9) << "about the middle";
  const QPointF before = view.centre();
  press({Qt::Key_Right}, Qt::ControlModifier);
  EXPECT_GT(view.centre().x(), before.x());
  press({Qt::Key_Minus});
  EXPECT_DOUBLE_EQ(view.zoom(), 1);
  const GreyWindow grey = view.grey_window();
  press({Qt::Key_Right}, Qt::ShiftModifier);
  EXPECT_NEAR(view.grey_window().high - view.grey_window().low, (grey.high - grey.low) / 1.1, 1e-9);
  press({Qt::Key_Up}, Qt::ShiftModifier);
  EXPECT_LT(view.grey_window().low + view.grey_window().high, grey.low + grey.high) << "brighter";
  EXPECT_EQ(view.slice(), 1);
  press({Qt::Key_Down});
  EXPECT_EQ(view.slice(), 2);
}

TEST(Looks, a_small_finding_gets_a_ring_that_does_not_cover_it) {
  QPainterPath small, large;
  small.addRect(100, 100, 4, 3);
  large.addRect(100, 100, 40, 10);
  const QRectF ring = marker_of(small).boundingRect();
  EXPECT_NEAR(ring.width(), 16, 0.01);
  EXPECT_NEAR(ring.center().x(), 102, 0.01);
  EXPECT_TRUE(marker_of(small).contains(QRectF(98, 98, 8, 7))) << "it goes round with room";
  EXPECT_EQ(marker_of(large), large);
}

TEST(SliceView, no_scale_bar_without_a_scale) {
  SliceView view;
  view.resize(400, 300);
  view.set_stack(stack_of_values<std::uint8_t>(PixelType::UInt8, 40, 30, 1,
                                               std::vector<std::uint8_t>(1200, 0)));
  const QImage none = view.grab().toImage();
  view.set_spacing(known_spacing(10, ScaleSource::HeaderTag, "test"), unknown_spacing("test"));
  EXPECT_EQ(view.grab().toImage(), none) << "one known axis is not enough";
  view.set_spacing(known_spacing(10, ScaleSource::HeaderTag, "test"),
                   known_spacing(4, ScaleSource::HeaderTag, "test"));
  EXPECT_NE(view.grab().toImage(), none);
}

// While a slider changes the findings, picture and layer lines are kept: what is then painted is
// what a fresh view paints.
TEST(SliceView, marks_over_the_kept_picture_are_those_of_a_fresh_view) {
  std::vector<std::uint8_t> values(3600);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i % 251);
  const auto marked = [](float x, FindingLook look) {
    auto items = std::make_shared<std::vector<FindingItem>>();
    FindingItem item;
    item.finding.id = "a";
    item.finding.footprint = {{1, 10, static_cast<int>(x), 8}, {1, 11, static_cast<int>(x), 8}};
    item.finding.box = {static_cast<int>(x), 10, 1, static_cast<int>(x) + 7, 11, 1};
    item.look = look;
    items->push_back(item);
    return items;
  };
  const auto prepare = [&](SliceView& view) {
    view.resize(400, 300);
    view.set_stack(stack_of_values<std::uint8_t>(PixelType::UInt8, 40, 30, 3, values));
    view.set_surfaces({{"ILM", std::vector<float>(120, 8), "", ""}});
  };
  SliceView used, fresh;
  prepare(used);
  used.set_items(marked(4, FindingLook::Machine));
  const QImage before = used.grab().toImage();
  used.set_items(marked(20, FindingLook::Accepted));
  (void)used.grab();
  used.set_items(marked(24, FindingLook::Accepted));
  prepare(fresh);
  fresh.set_items(marked(24, FindingLook::Accepted));
  EXPECT_NE(used.grab().toImage(), before);
  EXPECT_EQ(used.grab().toImage(), fresh.grab().toImage());
  used.set_slice(2);
  fresh.set_slice(2);
  EXPECT_EQ(used.grab().toImage(), fresh.grab().toImage()) << "another slice, another picture";
  used.set_layers_shown(false);
  fresh.set_layers_shown(false);
  EXPECT_EQ(used.grab().toImage(), fresh.grab().toImage());
}

TEST(SliceView, dragging_changes_brightness_and_double_click_restores_it) {
  SliceView view;
  view.resize(400, 300);
  view.set_stack(stack_of_values<std::uint8_t>(PixelType::UInt8, 40, 30, 1,
                                               std::vector<std::uint8_t>(1200, 200)));
  const GreyWindow before = view.grey_window();
  QTest::mousePress(&view, Qt::LeftButton, {}, {100, 100});
  QTest::mouseMove(&view, {160, 130});
  QTest::mouseRelease(&view, Qt::LeftButton, {}, {160, 130});
  EXPECT_LT(view.grey_window().high - view.grey_window().low, before.high - before.low);
  QTest::mouseDClick(&view, Qt::LeftButton, {}, {100, 100});
  EXPECT_EQ(view.grey_window().high, before.high);
}

TEST(NoticeBar, button_acts_once_and_closes) {
  NoticeBar bar;
  int acted = 0;
  bar.show_message("It failed.", "Try again.", "Retry", [&] { ++acted; });
  EXPECT_EQ(bar.message(), "It failed.");
  bar.press();
  bar.press();
  EXPECT_EQ(acted, 1);
  EXPECT_EQ(bar.message(), "");
}

TEST(Sizes, unit_stands_beside_the_number) {
  Finding f;
  f.measures = {{"area", 120, "um2", "header"}, {"diameter", 12.36, "um", "header"}};
  EXPECT_EQ(size_text(f), QString("12.4") + QChar(0x202f) + "µm");
  f.measures = {{"area", 35, "px2", "scale unknown"}};
  EXPECT_EQ(size_text(f), QString("35") + QChar(0x202f) + "px²");
}

}

int main(int argc, char** argv) {
  QApplication application(argc, argv);
  apply_theme(application, Theme::Dark);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
