// The page of a hyperspectral cube, used as a person would.
#include "modules/core/file.h"
#include "modules/view/theme.h"
#include "tests/gui/cube_window.h"

#include <QComboBox>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSlider>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

using namespace sensorium;

namespace {

TEST_F(CubeWindow, opens_on_three_wavelengths_and_says_what_it_shows) {
  open_cube("leaf.cube");
  EXPECT_EQ(page_->shown(), "three");
  EXPECT_EQ(cube()->bands(), (std::vector<int>{6, 3, 0})) << "nearest to 640, 550, 460 nm";
  EXPECT_TRUE(page_->band_text().contains("bands 7, 4, 1")) << page_->band_text().toStdString();
  EXPECT_EQ(page_->scale_text(), "24 × 16 pixels, 10 bands, 450.0 to 720.0 nm (file header)");
  EXPECT_TRUE(window_->status_text().contains("450.0 to 720.0 nm"));
  // Along a line all three rise from black to white: grey, darker on the left.
  EXPECT_LT(color_at(2, 3).red(), color_at(20, 12).red());
}

TEST_F(CubeWindow, contrast_follows_the_bands_also_while_the_view_moves) {
  open_cube("leaf.cube");
  page_->set_band(8); // other values than those of the three: 800 to 973
  cube()->zoom(1.5);
  ASSERT_TRUE(shown());
  EXPECT_LT(color_at(8, 5).red(), 120);
  EXPECT_GT(color_at(14, 11).red(), 140);
}

TEST_F(CubeWindow, bands_change_by_slider_wheel_keys_and_plot) {
  open_cube("leaf.cube");
  page_->choose_show("band");
  page_->band_slider()->setValue(2);
  EXPECT_EQ(cube()->bands(), std::vector<int>{2});
  EXPECT_EQ(page_->band_text(), "Band 3 of 10 · 510.0 nm");
  trigger("slice_next");
  EXPECT_EQ(cube()->bands(), std::vector<int>{3});
  trigger("slice_previous");
  QWheelEvent wheel(QPointF(20, 20), cube()->mapToGlobal(QPointF(20, 20)), {}, {0, -120},
                    Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
  QApplication::sendEvent(cube(), &wheel);
  EXPECT_EQ(cube()->bands(), std::vector<int>{3}) << "down: the next band";
  QWidget* plot = spectra()->plot()->findChild<QWidget*>("plot");
  QTest::mouseClick(plot, Qt::LeftButton, {},
                    {spectra()->plot()->place_of(7, 0).x(), plot->height() / 3});
  EXPECT_EQ(cube()->bands(), std::vector<int>{7});
  page_->set_band(9);
  EXPECT_EQ(page_->band_text(), "Band 10 of 10 · 720.0 nm · marked bad");
}

TEST_F(CubeWindow, spectrum_under_the_pointer_goes_when_the_pointer_leaves) {
  open_cube("leaf.cube");
  page_->set_band(0);
  ASSERT_TRUE(shown());
  EXPECT_EQ(spectra()->plot()->curves_drawn(), 0);
  QTest::mouseMove(cube(), middle_of(5, 4));
  ASSERT_TRUE(QTest::qWaitFor([this] { return spectra()->plot()->curves_drawn() == 1; }, 60000));
  EXPECT_EQ(page_->hover_text(), "x 5 y 4: 45 (band 1, 450.0 nm)"); // 10 * 4 + 5
  QTest::mouseMove(cube(), QPoint(2, 2));
  ASSERT_TRUE(QTest::qWaitFor([this] { return spectra()->plot()->curves_drawn() == 0; }, 60000));
  EXPECT_EQ(page_->hover_text(), "");
}

TEST_F(CubeWindow, a_click_keeps_a_spectrum_with_a_marker_of_its_colour) {
  open_cube("leaf.cube");
  click(5, 4);
  click(20, 10);
  ASSERT_EQ(spectra()->count(), 2);
  const auto markers = spectra()->markers();
  ASSERT_EQ(markers.size(), 2u);
  EXPECT_EQ(markers[0].place, QRect(5, 4, 1, 1));
  EXPECT_NE(markers[0].color, markers[1].color);
  EXPECT_TRUE(markers[1].selected) << "the newest";
  const Spectrum* first = spectra()->values(markers[0].id);
  ASSERT_NE(first, nullptr);
  for (int b = 0; b < 10; ++b) EXPECT_EQ(first->mean[static_cast<std::size_t>(b)], 100 * b + 45);
  EXPECT_EQ(spectra()->list()->count(), 2);
  EXPECT_EQ(spectra()->list()->item(0)->text(), "1: x 5 y 4");
  // In the picture the ring has the colour of the curve.
  const QPoint ring = middle_of(5, 4) + QPoint(-5, 0);
  bool found = false;
  const QImage picture = cube()->grab().toImage();
  for (int d = -2; d <= 2; ++d)
    found = found || picture.pixelColor(ring + QPoint(d, 0)).rgb() == markers[0].color.rgb();
  EXPECT_TRUE(found);
}

TEST_F(CubeWindow, marker_list_and_curve_select_each_other_and_can_be_removed) {
  open_cube("leaf.cube");
  click(5, 4);
  click(20, 10);
  const auto before = spectra()->markers();
  QTest::mouseClick(cube(), Qt::LeftButton, {}, middle_of(5, 4));
  EXPECT_EQ(spectra()->count(), 2) << "a click on a marker chooses it";
  EXPECT_EQ(spectra()->selected(), before[0].id);
  EXPECT_EQ(spectra()->list()->currentRow(), 0);
  spectra()->list()->setCurrentRow(1);
  EXPECT_EQ(spectra()->selected(), before[1].id);
  QWidget* plot = spectra()->plot()->findChild<QWidget*>("plot");
  QTest::mouseClick(plot, Qt::LeftButton, {}, spectra()->plot()->place_of(5, 545));
  EXPECT_EQ(spectra()->selected(), before[0].id) << "a click on its curve";
  cube()->setFocus();
  QTest::keyClick(cube(), Qt::Key_Delete);
  ASSERT_EQ(spectra()->count(), 1);
  EXPECT_EQ(spectra()->markers()[0].color, before[1].color) << "the other keeps its colour";
  click(8, 8);
  EXPECT_EQ(spectra()->markers()[1].color, before[0].color) << "the free colour is used again";
  trigger("cube_clear");
  EXPECT_EQ(spectra()->count(), 0);
  EXPECT_EQ(spectra()->plot()->curves_drawn(), 0);
}

TEST_F(CubeWindow, a_rectangle_gives_mean_and_deviation) {
  open_cube("leaf.cube");
  trigger("cube_region");
  const QPoint from = middle_of(4, 2), to = middle_of(7, 3);
  QTest::mousePress(cube(), Qt::LeftButton, {}, from);
  QTest::mouseMove(cube(), (from + to) / 2);
  QTest::mouseRelease(cube(), Qt::LeftButton, {}, to);
  ASSERT_TRUE(read());
  ASSERT_EQ(spectra()->count(), 1);
  const int id = spectra()->markers()[0].id;
  EXPECT_EQ(spectra()->place(id), QRect(4, 2, 4, 2));
  EXPECT_EQ(spectra()->name(id), "1: x 4 y 2, 4 × 2");
  const Spectrum* s = spectra()->values(id);
  ASSERT_NE(s, nullptr);
  EXPECT_DOUBLE_EQ(s->mean[0], 30.5); // 24 25 26 27 34 35 36 37
  EXPECT_NEAR(s->sd[0], std::sqrt(210.0 / 7), 1e-12);
  EXPECT_EQ(s->count[0], 8u);
  EXPECT_EQ(cube()->tool(), CubeTool::Region);
  trigger("cube_region");
  EXPECT_EQ(cube()->tool(), CubeTool::Look);
}

TEST_F(CubeWindow, the_keyboard_alone_finds_and_keeps_a_spectrum) {
  open_cube("leaf.cube");
  cube()->setFocus();
  QTest::keyClick(cube(), Qt::Key_Right); // the cross appears in the middle
  EXPECT_EQ(cube()->cross(), QPoint(12, 8));
  QTest::keyClick(cube(), Qt::Key_Right);
  QTest::keyClick(cube(), Qt::Key_Up);
  QTest::keyClick(cube(), Qt::Key_Left, Qt::ShiftModifier);
  EXPECT_EQ(cube()->cross(), QPoint(3, 7));
  for (int i = 0; i < 9; ++i) QTest::keyClick(cube(), Qt::Key_Up);
  EXPECT_EQ(cube()->cross(), QPoint(3, 0)) << "it stays on the cube";
  ASSERT_TRUE(read());
  EXPECT_EQ(page_->hover_text().left(7), "x 3 y 0");
  QTest::keyClick(cube(), Qt::Key_Return);
  ASSERT_EQ(spectra()->count(), 1);
  EXPECT_EQ(spectra()->place(spectra()->markers()[0].id), QRect(3, 0, 1, 1));
  const double before = cube()->pixel_size();
  QTest::keyClick(cube(), Qt::Key_Plus);
  EXPECT_GT(cube()->pixel_size(), before);
  trigger("fit");
  EXPECT_EQ(cube()->pixel_size(), before);
  for (const QWidget* widget : page_->findChildren<QWidget*>()) {
    const bool named = qobject_cast<const QPushButton*>(widget) || widget->inherits("QLineEdit");
    if (widget->focusPolicy() & Qt::TabFocus && widget->isVisible() && !named) {
      EXPECT_FALSE(widget->accessibleName().isEmpty()) << widget->metaObject()->className();
    }
  }
}

TEST_F(CubeWindow, unknown_wavelengths_are_said_and_nothing_is_guessed) {
  open_cube("nowave.cube");
  EXPECT_TRUE(page_->scale_text().contains("wavelengths unknown"));
  EXPECT_TRUE(spectra()->plot()->x_label().contains("wavelengths unknown"));
  EXPECT_FALSE(can_show("cie"));
  EXPECT_TRUE(can_show("pca"));
  EXPECT_EQ(page_->show_box()->itemText(1), "Three bands");
  page_->set_three({9, 5, 1});
  EXPECT_EQ(cube()->bands(), (std::vector<int>{8, 4, 0}));
  page_->set_band(4);
  EXPECT_EQ(page_->band_text(), "Band 5 of 10 · wavelengths unknown");
}

TEST_F(CubeWindow, spectra_are_written_as_a_table_and_come_back_with_the_case) {
  open_cube("leaf.cube");
  click(5, 4);
  spectra()->keep(QRect(0, 0, 2, 1));
  ASSERT_TRUE(read());
  page_->write_spectra(path("out.csv"));
  const std::string text = read_text(path("out.csv").toStdString());
  EXPECT_TRUE(text.starts_with("band,wavelength_nm,bad,1: x 5 y 4,")) << text;
  EXPECT_NE(text.find("\r\n2,480,0,145,100.5,0.707106781,2\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\n10,720,1,945,"), std::string::npos) << text;
  open_cube("other.cube");
  EXPECT_EQ(spectra()->count(), 0);
  open_cube("leaf.cube");
  ASSERT_EQ(spectra()->count(), 2);
  EXPECT_EQ(spectra()->markers()[1].place, QRect(0, 0, 2, 1));
  restart();
  open_cube("leaf.cube");
  EXPECT_EQ(spectra()->count(), 2);
}

TEST_F(CubeWindow, damaged_kept_spectra_are_told_not_hidden) {
  open_cube("leaf.cube");
  click(5, 4);
  const auto store = session().entry().folder / "spectra.json";
  write_atomically(store,
                   R"({"places": [{"number": 1, "x": 90, "y": 0, "width": 1, "height": 1}]})");
  open_cube("leaf.cube");
  EXPECT_EQ(spectra()->count(), 0);
  EXPECT_TRUE(window_->notice().message().contains("could not be read"));
}

TEST_F(CubeWindow, a_run_makes_the_picture_shows_it_and_says_where_it_is) {
  open_cube("leaf.cube");
  page_->choose_show("cie");
  EXPECT_FALSE(cube()->shows_picture()) << "nothing was made yet";
  page_->make_picture();
  ASSERT_TRUE(settled());
  ASSERT_TRUE(QTest::qWaitFor([this] { return cube()->shows_picture(); }, 60000));
  EXPECT_EQ(session().parameters().at("route"), "cie");
  EXPECT_TRUE(QFile::exists(page_->picture_path()));
  EXPECT_EQ(page_->run_text(), "Picture: " + page_->picture_path());
  EXPECT_EQ(color_at(12, 8), QColor(0x33, 0x66, 0xcc));
  page_->set_band(1);
  ASSERT_TRUE(shown());
  EXPECT_FALSE(cube()->shows_picture());
  page_->choose_show("cie");
  EXPECT_TRUE(cube()->shows_picture()) << "it was made already";
  page_->set_three({700, 500, 450});
  page_->make_picture();
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().parameters().at("route"), "bands");
  EXPECT_EQ(session().parameters().at("red_nm"), 700);
}

TEST_F(CubeWindow, cubes_without_a_hash_are_cases_of_their_own) {
  open_cube("unhashed_a.cube");
  const auto first = session().entry().folder;
  click(5, 4);
  open_cube("unhashed_b.cube");
  EXPECT_NE(session().entry().folder, first);
  EXPECT_EQ(spectra()->count(), 0);
  session().open_file(path("unhashed_a.cube")); // as it is: not written anew
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().entry().folder, first);
  EXPECT_EQ(spectra()->count(), 1);
  page_->choose_show("pca");
  trigger("run");
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().parameters().at("route"), "pca") << "Run makes what is chosen";
  EXPECT_EQ(session().entry().folder, first);
  EXPECT_EQ(session().entry().sha256.size(), 64) << "the run has hashed it";
  session().open_case(QString::fromStdString(first.string()));
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().stage(), CaseSession::Stage::Analysed);
  EXPECT_EQ(window_->notice().message(), "");
}

TEST_F(CubeWindow, other_kinds_do_not_see_its_keys) {
  open_cube("leaf.cube");
  EXPECT_TRUE(window_->actions().find("cube_region")->isEnabled());
  EXPECT_FALSE(window_->actions().find("brush")->isEnabled());
  page_->choose_show("pca");
  page_->make_picture();
  ASSERT_TRUE(settled());
  for (const char* other : {"scan.fake", "lung.clip"}) {
    open(other);
    EXPECT_FALSE(window_->actions().find("cube_region")->isEnabled());
    EXPECT_NE(session().pipeline()->id, "hs2rgb");
  }
}

TEST_F(CubeWindow, both_themes_colour_markers_and_curves_alike) {
  open_cube("leaf.cube");
  click(5, 4);
  const QColor before = spectra()->markers()[0].color;
  const Theme theme = current_theme();
  window_->set_theme(theme == Theme::Dark ? Theme::Light : Theme::Dark);
  EXPECT_NE(spectra()->markers()[0].color, before);
  for (int i = 0; i < spectrum_colors; ++i)
    EXPECT_GE(contrast_ratio(spectrum_color(i), theme_colors().panel), 3) << i;
  window_->set_theme(theme);
  for (int i = 0; i < spectrum_colors; ++i)
    EXPECT_GE(contrast_ratio(spectrum_color(i), theme_colors().panel), 3) << i;
}

// 20 GB that take no room on the disk: 200 bands of 10,000 x 5,000 samples, band after band or
// pixel after pixel.
class HugeCube : public testing::TestWithParam<Interleave> {
protected:
  static constexpr int lines = 5000, samples = 10000, bands = 200;
  std::shared_ptr<Cube> make(const std::string& file) {
    const std::uint64_t bytes = std::uint64_t{lines} * samples * bands * 2;
    const int out = ::open(file.c_str(), O_CREAT | O_RDWR, 0600);
    if (out < 0 || ::ftruncate(out, static_cast<off_t>(bytes)) != 0) return nullptr;
    auto cube = std::make_shared<Cube>();
    cube->lines = lines, cube->samples = samples, cube->bands = bands;
    cube->type = SampleType::UInt16;
    cube->interleave = GetParam();
    set_dense_strides(*cube);
    // One bright square of 10 x 10 pixels in band 100, one bright pixel in every band.
    const auto put = [&](int line, int sample, int band, std::uint16_t value) {
      const auto at = static_cast<off_t>(
          2 * (line * cube->stride[0] + sample * cube->stride[1] + band * cube->stride[2]));
      return ::pwrite(out, &value, 2, at) == 2;
    };
    for (int y = 0; y < 10; ++y)
      for (int x = 0; x < 10; ++x) EXPECT_TRUE(put(2500 + y, 5000 + x, 100, 1000));
    for (int b = 0; b < bands; ++b) EXPECT_TRUE(put(4999, 9999, b, static_cast<std::uint16_t>(b)));
    ::close(out);
    cube->data_path = file;
    cube->data = Buffer(MappedFile::open(file), 0, bytes);
    return cube;
  }
  // Resident memory in MiB.
  static double resident() {
    std::ifstream in("/proc/self/statm");
    double size = 0, pages = 0;
    in >> size >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1048576;
  }
};

TEST_P(HugeCube, is_looked_at_by_the_parts_in_sight) {
  QTemporaryDir folder;
  const auto cube = make(folder.filePath("huge.raw").toStdString());
  if (!cube) GTEST_SKIP() << "no sparse file of 20 GB can be made here";
  const double before = resident();
  auto dataset = std::make_shared<const Dataset>(*cube);
  CubePage page;
  page.resize(900, 700);
  page.show();
  page.show_dataset(dataset);
  const auto shown = [&] { return QTest::qWaitFor([&] { return !page.view()->busy(); }, 120000); };
  ASSERT_TRUE(shown());
  page.set_band(100);
  ASSERT_TRUE(shown());
  while (page.view()->pixel_size() < 12) page.view()->zoom(1.5);
  page.view()->show_place(QRect(5000, 2500, 10, 10));
  ASSERT_TRUE(shown());
  const QImage picture = page.view()->grab().toImage();
  const auto at = [&](int x, int y) {
    return picture.pixelColor(page.view()->to_widget(QPointF(x + 0.5, y + 0.5)).toPoint());
  };
  EXPECT_EQ(at(5004, 2504), QColor(Qt::white));
  EXPECT_EQ(at(5004, 2498), QColor(Qt::black));
  page.spectra()->keep(QRect(9999, 4999, 1, 1));
  ASSERT_TRUE(QTest::qWaitFor([&] { return !page.spectra()->busy(); }, 120000));
  const Spectrum* last = page.spectra()->values(page.spectra()->markers()[0].id);
  ASSERT_NE(last, nullptr);
  for (int b = 0; b < bands; ++b) EXPECT_EQ(last->mean[static_cast<std::size_t>(b)], b);
  EXPECT_LT(resident() - before, 300);
}
INSTANTIATE_TEST_SUITE_P(Orders, HugeCube, testing::Values(Interleave::Bsq, Interleave::Bip));

}
