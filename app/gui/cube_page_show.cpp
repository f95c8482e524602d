// What the page of a cube shows: bands, and pictures that a run makes.
#include "app/gui/cube_page.h"

#include "app/gui/spectra_panel.h"
#include "modules/view/notice_bar.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QCoreApplication>
#include <QDoubleSpinBox>
#include <QImageReader>
#include <QLabel>
#include <QPointer>
#include <QProgressBar>
#include <QPushButton>
#include <QSlider>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QThreadPool>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr qint64 largest_picture = qint64{32} << 20; // pixels of a picture file that is shown whole
constexpr std::array three_names{"red", "green", "blue"};
constexpr std::array three_colors{"#e0503c", "#2fae62", "#4b8ff0"};

QString nm(double value) { return QString::number(value, 'f', value < 10000 ? 1 : 0) + " nm"; }

}

bool CubePage::makes_pictures() const {
  if (!session_) return false;
  for (const PipelineInfo& info : session_->pipelines())
    if (info.id == "hs2rgb") return true;
  return false;
}

void CubePage::enable_shows() {
  if (!cube_) return;
  auto* model = qobject_cast<QStandardItemModel*>(show_->model());
  const auto visible = std::count_if(cube_->wavelengths_nm.begin(), cube_->wavelengths_nm.end(),
                                     [](double w) { return w >= 400 && w <= 700; });
  for (int i = 0; i < show_->count(); ++i) {
    const QString id = show_->itemData(i).toString();
    QString why;
    if (id == "three" && cube_->bands < 2) why = "The cube has one band.";
    if (i > 1 && !makes_pictures()) why = "The pipeline hs2rgb is not installed.";
    if ((id == "cie" || id == "learned") && !has_wavelengths())
      why = "The file does not state its wavelengths.";
    if (id == "cie" && has_wavelengths() && visible < 3)
      why = "Colour needs three bands between 400 and 700 nm.";
    if (i > 2 && cube_->bands < 2) why = "The cube has one band.";
    model->item(i)->setEnabled(why.isEmpty());
    model->item(i)->setToolTip(why);
  }
  make_three_->setEnabled(makes_pictures() && has_wavelengths() && !running_);
  make_three_->setToolTip(has_wavelengths() ? "Run hs2rgb with these wavelengths: a PNG, and a "
                                              "record of how it was made"
                                            : "This needs wavelengths; the file states none.");
}

QString CubePage::shown() const { return show_->currentData().toString(); }

void CubePage::choose_show(const QString& what) {
  const int i = show_->findData(what);
  if (i >= 0) show_->setCurrentIndex(i);
}

void CubePage::set_band(int band) {
  choose_show("band");
  slider_->setValue(band);
}

void CubePage::set_three(const std::array<double, 3>& places) {
  choose_show("three");
  for (std::size_t c = 0; c < 3; ++c) three_[c]->setValue(places[c]);
}

QString CubePage::band_text() const {
  return shown() == "band" ? band_text_->text() : three_text_->text();
}
QString CubePage::run_text() const { return run_text_->text(); }
QString CubePage::hover_text() const { return hover_->isHidden() ? QString() : hover_->text(); }

QString CubePage::name_of_band(int band) const {
  QString text = QString("band %1").arg(band + 1);
  if (has_wavelengths()) text += ", " + nm(cube_->wavelengths_nm[static_cast<std::size_t>(band)]);
  return text;
}

std::array<int, 3> CubePage::three_bands() const {
  std::array<int, 3> out{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double value = three_[c]->value();
    out[c] = has_wavelengths() ? band_at(*cube_, value).value_or(0)
                               : static_cast<int>(std::lround(value)) - 1;
  }
  return out;
}

void CubePage::refresh_show() {
  if (!cube_) return;
  const QString what = shown();
  rows_->setCurrentIndex(what == "band" ? 0 : what == "three" ? 1 : 2);
  const bool route = rows_->currentIndex() == 2;
  stretch_->setVisible(!route);
  place_hover({});
  if (!route) return show_bands();
  const bool made = picture_route_ == what && !picture_.isNull();
  if (made) {
    view_->set_picture(picture_);
    spectra_->set_bands({});
  }
  make_route_->setText(picture_route_ == what ? "Make again" : "Make picture");
  make_route_->setEnabled(makes_pictures() && !running_);
  const QString meaning =
      what == "cie"   ? "The colour a person sees. Light and observer: see Parameters."
      : what == "pca" ? "The first three principal components as red, green, blue."
      : what == "learned"
          ? "A trained mix of the bands. Its model file is named under Parameters (rgb_model)."
          : "The first three minimum noise fractions as red, green, blue.";
  route_text_->setText(made       ? meaning
                       : running_ ? "The picture is being made; below is the one before."
                       : picture_route_ == what && !picture_failure_.isEmpty()
                           ? picture_failure_
                           : "Not made yet; below is the picture of before. " + meaning);
  route_text_->setWordWrap(true);
}

void CubePage::show_bands() {
  if (!cube_ || quiet_) return;
  if (shown() == "band") {
    const int band = slider_->value();
    QString text = QString("Band %1 of %2").arg(band + 1).arg(cube_->bands);
    text += has_wavelengths() ? " · " + nm(cube_->wavelengths_nm[static_cast<std::size_t>(band)])
                              : QString(" · wavelengths unknown");
    if (cube_->is_bad(band)) text += " · marked bad";
    band_text_->setText(text);
    view_->set_bands({band});
    spectra_->set_bands({{band, theme_colors().muted}});
  } else if (shown() == "three") {
    const std::array<int, 3> bands = three_bands();
    three_text_->setText(QString("bands %1, %2, %3%4")
                             .arg(bands[0] + 1)
                             .arg(bands[1] + 1)
                             .arg(bands[2] + 1)
                             .arg(has_wavelengths() ? "" : " · wavelengths unknown"));
    view_->set_bands({bands[0], bands[1], bands[2]});
    std::vector<std::pair<int, QColor>> lines;
    for (std::size_t c = 0; c < 3; ++c) lines.emplace_back(bands[c], QColor(three_colors[c]));
    spectra_->set_bands(std::move(lines));
  }
}

// Of three the nearest moves.
void CubePage::band_from_plot(int band) {
  if (shown() != "three") return set_band(band);
  const std::array<int, 3> bands = three_bands();
  std::size_t nearest = 0;
  for (std::size_t c = 1; c < 3; ++c)
    if (std::abs(bands[c] - band) < std::abs(bands[nearest] - band)) nearest = c;
  three_[nearest]->setValue(
      has_wavelengths() ? cube_->wavelengths_nm[static_cast<std::size_t>(band)] : band + 1);
}

void CubePage::make_picture() {
  if (!is_open() || running_ || !makes_pictures()) return;
  const QString what = shown();
  if (what == "band") return;
  nlohmann::json changes{{"route", what == "three" ? "bands" : what.toStdString()}};
  if (what == "three")
    for (std::size_t c = 0; c < 3; ++c)
      changes[std::string(three_names[c]) + "_nm"] = three_[c]->value();
  session_->run_with("hs2rgb", changes);
}

// The button Run makes what is chosen here.
void CubePage::follow_parameters() {
  if (!session_ || !is_open() || running_ || !makes_pictures()) return;
  const QString what = shown();
  if (what == "cie" || what == "pca" || what == "mnf" || what == "learned")
    session_->change_parameters("hs2rgb", {{"route", what.toStdString()}});
}

void CubePage::refresh_run() {
  const bool now = is_open() && session_->stage() == CaseSession::Stage::Running;
  if (now && !running_) {
    progress_->setValue(0);
    run_text_->set_text(job_words());
  }
  running_ = now;
  progress_->setVisible(running_);
  stop_->setVisible(running_);
  const bool there = !running_ && !made_path_.isEmpty();
  folder_->setVisible(there);
  copy_->setVisible(there);
  if (there) run_text_->set_text(made_what_ + ": " + made_path_);
  run_row_->setVisible(running_ || there);
  enable_shows();
  if (rows_->currentIndex() == 2) refresh_show();
}

void CubePage::show_result(const CaseSession& session) {
  made_path_.clear(); // what an earlier run made is not what is shown now
  if (session.findings().pipeline != "hs2rgb") return load_classes(session);
  const nlohmann::json used = session.findings().parameters();
  const QString route = QString::fromStdString(used.value("route", ""));
  picture_route_ = route == "bands" ? "three" : route;
  picture_path_ = QString::fromStdString((session.entry().folder / "rgb.png").string());
  made_what_ = "Picture";
  made_path_ = picture_path_;
  picture_ = {};
  if (picture_route_ == "three" && has_wavelengths())
    set_three(
        {used.value("red_nm", 640.0), used.value("green_nm", 550.0), used.value("blue_nm", 460.0)});
  load_picture();
  refresh_run();
}

void CubePage::load_picture() {
  QPointer<CubePage> self(this);
  QThreadPool::globalInstance()->start([self, path = picture_path_, generation = ++generation_] {
    QImageReader reader(path);
    const QSize size = reader.size();
    QImage image;
    QString failure;
    if (qint64{size.width()} * size.height() > largest_picture)
      failure = QString("The picture was made. With %1 × %2 pixels it is too large to be shown "
                        "here; open the file in another program.")
                    .arg(size.width())
                    .arg(size.height());
    else if (!reader.read(&image))
      failure = "The picture file cannot be read: " + reader.errorString() + ". Make it again.";
    QMetaObject::invokeMethod(QCoreApplication::instance(), [self, image, failure, generation] {
      if (!self || self->generation_ != generation) return;
      self->picture_ = image;
      self->picture_failure_ = failure;
      if (self->picture_route_ != "three") self->choose_show(self->picture_route_);
      self->refresh_show();
    });
  });
}

}
