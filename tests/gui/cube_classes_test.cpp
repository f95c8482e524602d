// Classes, library and references on the page of a cube, used as a person would.
#include "app/gui/class_panel.h"
#include "app/gui/library_panel.h"
#include "app/gui/references_dialog.h"
#include "tests/gui/cube_window.h"

#include <QDialogButtonBox>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>

#include <cmath>

using namespace sensorium;

namespace {

class CubeClasses : public CubeWindow {
protected:
  ClassPanel* classes() { return page_->classes(); }
  LibraryPanel* library() { return spectra()->library(); }
  bool mapped() {
    return QTest::qWaitFor([this] { return classes()->has_map(); }, 60000);
  }
  void sort_by_kept() {
    open_cube("leaf.cube");
    click(5, 4);
    click(20, 10);
    trigger("cube_like_kept");
    ASSERT_TRUE(settled());
    ASSERT_TRUE(mapped());
  }
};

TEST_F(CubeClasses, the_kept_spectra_become_classes_over_the_picture) {
  sort_by_kept();
  EXPECT_EQ(session().parameters().at("method"), "sam");
  EXPECT_EQ(session().parameters().at("places"), "5,4,1,1; 20,10,1,1");
  EXPECT_TRUE(classes()->isVisible());
  ASSERT_EQ(classes()->list()->count(), 2);
  EXPECT_EQ(classes()->list()->item(0)->text(), "leaf  49.74 %");
  EXPECT_EQ(classes()->color(2), QColor(0, 0, 255));
  page_->set_band(0);
  ASSERT_TRUE(shown());
  classes()->set_opacity(1);
  EXPECT_EQ(color_at(3, 9), QColor(255, 0, 0));
  EXPECT_EQ(color_at(15, 9), QColor(0, 0, 255));
  EXPECT_NE(color_at(0, 0), QColor(255, 0, 0)) << "no class: the picture is seen";
}

TEST_F(CubeClasses, cover_single_classes_and_a_key_hide_them) {
  sort_by_kept();
  page_->set_band(0);
  ASSERT_TRUE(shown());
  trigger("cube_classes");
  const QColor bare = color_at(3, 9);
  EXPECT_EQ(bare.red(), bare.blue()) << "a band is grey";
  trigger("cube_classes");
  classes()->set_opacity(0.5);
  const QColor half = color_at(3, 9);
  EXPECT_NEAR(half.red(), (bare.red() + 255) / 2, 2);
  EXPECT_NEAR(half.blue(), bare.blue() / 2, 2);
  classes()->set_shown(1, false);
  EXPECT_EQ(color_at(3, 9), bare);
  EXPECT_GT(color_at(15, 9).blue(), color_at(15, 9).red()) << "the other class stays";
}

TEST_F(CubeClasses, the_class_under_the_pointer_is_named) {
  sort_by_kept();
  page_->set_band(0);
  ASSERT_TRUE(shown());
  QTest::mouseMove(cube(), middle_of(20, 3));
  ASSERT_TRUE(QTest::qWaitFor([this] { return page_->hover_text().endsWith("stone"); }, 60000))
      << page_->hover_text().toStdString();
}

TEST_F(CubeClasses, the_map_goes_with_its_cube_and_comes_back_with_its_case) {
  sort_by_kept();
  const auto folder = session().entry().folder;
  open_cube("other.cube");
  EXPECT_FALSE(classes()->has_map());
  EXPECT_FALSE(classes()->isVisible());
  session().open_case(QString::fromStdString(folder.string()));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(mapped());
}

TEST_F(CubeClasses, what_is_missing_is_said) {
  open_cube("leaf.cube");
  trigger("cube_like_kept");
  EXPECT_TRUE(window_->notice().message().contains("at least two"));
  trigger("cube_like_library");
  EXPECT_TRUE(window_->notice().message().contains("No library"));
  EXPECT_EQ(session().stage(), CaseSession::Stage::Opened) << "nothing was run";
  trigger("cube_clusters");
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().parameters().at("method"), "kmeans");
  EXPECT_TRUE(mapped());
}

TEST_F(CubeClasses, a_cube_opens_with_its_picture_as_the_first_pipeline) {
  open_cube("leaf.cube");
  ASSERT_NE(session().pipeline(), nullptr);
  EXPECT_EQ(session().pipeline()->id, "hs2rgb");
}

// The library is the cube itself. The kept pixel (5, 4) is 45 in the first band; the first with
// that spectrum is (15, 3): number 3 * 24 + 15 + 1.
TEST_F(CubeClasses, the_nearest_known_spectra_are_listed_and_drawn) {
  open_cube("leaf.cube");
  page_->open_library(file("known.cube"));
  ASSERT_TRUE(settled());
  ASSERT_TRUE(library()->has_library());
  EXPECT_TRUE(library()->isVisible());
  EXPECT_EQ(library()->list()->count(), 0);
  EXPECT_TRUE(library()->heading().contains("Choose a kept spectrum"));
  click(5, 4);
  ASSERT_GT(library()->list()->count(), 3);
  EXPECT_EQ(library()->list()->item(0)->text(), "0.000 rad  spectrum 88");
  EXPECT_TRUE(library()->heading().contains("1: x 5 y 4"));
  EXPECT_EQ(spectra()->plot()->curves_drawn(), 2) << "the kept one and the known one";
  const auto curve = library()->curve();
  ASSERT_TRUE(curve.has_value());
  EXPECT_NEAR(curve->mean[3], 345, 1e-9);
  library()->list()->setCurrentRow(2);
  EXPECT_NE(library()->curve()->name, curve->name);
  click(20, 10);
  EXPECT_EQ(library()->list()->item(0)->text(), "0.000 rad  spectrum 261");
  trigger("cube_like_library");
  ASSERT_TRUE(settled());
  EXPECT_EQ(session().parameters().at("library"), path("known.cube").toStdString());
  library()->clear();
  EXPECT_FALSE(library()->isVisible());
  EXPECT_EQ(spectra()->plot()->curves_drawn(), 2) << "the kept ones alone";
}

TEST_F(CubeClasses, a_library_that_cannot_be_used_is_told) {
  open_cube("leaf.cube");
  page_->open_library(file("bad.cube"));
  ASSERT_TRUE(settled());
  EXPECT_FALSE(library()->has_library());
  EXPECT_TRUE(window_->notice().message().contains("ends after 12"));
  page_->open_library(file("scan.fake"));
  ASSERT_TRUE(settled());
  EXPECT_TRUE(window_->notice().message().contains("holds no spectra"));
  page_->open_library(file("nowave.cube"));
  ASSERT_TRUE(settled());
  click(5, 4);
  EXPECT_TRUE(library()->heading().contains("wavelengths are not known"));
}

class References : public CubeWindow {
protected:
  std::unique_ptr<ReferencesDialog> dialog(const nlohmann::json& parameters = {
                                               {"panel_reflectance", 0.5}}) {
    open_cube("leaf.cube");
    auto cube =
        std::shared_ptr<const Cube>(session().dataset(), &std::get<Cube>(*session().dataset()));
    auto out = std::make_unique<ReferencesDialog>(cube, session().worker(), parameters);
    out->show();
    return out;
  }
  bool read(const ReferencesDialog& d) {
    return QTest::qWaitFor([&] { return !d.busy(); }, 60000);
  }
  static QPushButton* use(const ReferencesDialog& d) {
    return d.findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Ok);
  }
};

TEST_F(References, the_preview_is_what_they_make_of_the_cube) {
  const auto d = dialog();
  EXPECT_TRUE(d->usable());
  EXPECT_TRUE(d->preview().empty());
  d->set_white(file("white.cube"));
  ASSERT_TRUE(read(*d));
  EXPECT_TRUE(d->usable()) << d->message().toStdString();
  ASSERT_EQ(d->preview().size(), 10u);
  for (const double v : d->preview()) EXPECT_NEAR(v, 0.5, 1e-12) << "white of a panel of 0.5";
  d->set_dark(file("black.cube"));
  ASSERT_TRUE(read(*d));
  for (const double v : d->preview()) EXPECT_NEAR(v, 0.5, 1e-12);
  EXPECT_EQ(d->changes().at("white"), path("white.cube").toStdString());
  EXPECT_EQ(d->changes().at("dark"), path("black.cube").toStdString());
  EXPECT_EQ(d->changes().at("panel_reflectance"), 0.5);
}

TEST_F(References, those_that_are_used_belong_to_the_next_run) {
  open_cube("leaf.cube");
  trigger("cube_references");
  auto* d = page_->findChild<ReferencesDialog*>();
  ASSERT_NE(d, nullptr);
  EXPECT_TRUE(d->isVisible());
  d->set_white(file("white.cube"));
  ASSERT_TRUE(read(*d));
  QTest::mouseClick(use(*d), Qt::LeftButton);
  EXPECT_EQ(session().parameters().at("white"), path("white.cube").toStdString());
  EXPECT_TRUE(window_->notice().message().contains("next run"));
}

TEST_F(References, exchanged_files_are_noticed) {
  const auto d = dialog();
  d->set_white(file("black.cube"));
  d->set_dark(file("white.cube"));
  ASSERT_TRUE(read(*d));
  EXPECT_TRUE(d->message().contains("exchanged")) << d->message().toStdString();
}

TEST_F(References, a_wider_one_is_refused_until_its_place_is_said) {
  const auto d = dialog();
  d->set_white(file("wide.cube"));
  ASSERT_TRUE(read(*d));
  EXPECT_FALSE(use(*d)->isEnabled());
  EXPECT_TRUE(d->message().contains("30 samples wide, the cube 24")) << d->message().toStdString();
  EXPECT_TRUE(d->message().contains("1 to 7"));
  d->first_sample()->setValue(8);
  EXPECT_FALSE(use(*d)->isEnabled());
  d->first_sample()->setValue(7);
  EXPECT_TRUE(use(*d)->isEnabled()) << d->message().toStdString();
  EXPECT_EQ(d->changes().at("reference_first_sample"), 7);
}

TEST_F(References, a_file_that_cannot_be_read_is_said_and_can_be_taken_away) {
  const auto d = dialog();
  d->set_dark(file("bad.cube"));
  ASSERT_TRUE(read(*d));
  EXPECT_FALSE(use(*d)->isEnabled());
  EXPECT_TRUE(d->message().contains("ends after 12"));
  d->set_dark({});
  EXPECT_TRUE(use(*d)->isEnabled());
  EXPECT_EQ(d->changes().at("dark"), "");
}

}
