#include "app/gui/cube_page.h"

#include "app/gui/actions.h"
#include "app/gui/class_panel.h"
#include "app/gui/spectra_panel.h"
#include "modules/core/error.h"
#include "modules/view/notice_bar.h"
#include "modules/view/theme.h"

#include <QClipboard>
#include <QComboBox>
#include <QDesktopServices>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSlider>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr std::array three_names{"red", "green", "blue"};
constexpr std::array three_colors{"#e0503c", "#2fae62", "#4b8ff0"};

struct Show {
  const char *id, *text;
};
constexpr std::array shows{Show{"band", "One band"},
                           Show{"three", "Three wavelengths"},
                           Show{"cie", "True colour (CIE)"},
                           Show{"pca", "Principal components"},
                           Show{"mnf", "Noise fractions (MNF)"},
                           Show{"learned", "Learned RGB"}};

struct Stretch {
  const char* text;
  double low, high;
};
constexpr std::array stretches{
    Stretch{"Contrast: 2 to 98 %", 2, 98}, Stretch{"Contrast: 0.5 to 99.5 %", 0.5, 99.5},
    Stretch{"Contrast: 10 to 90 %", 10, 90}, Stretch{"Contrast: all values", 0, 100}};

QString nm(double value) { return QString::number(value, 'f', value < 10000 ? 1 : 0) + " nm"; }

}

CubePage::CubePage(QWidget* parent)
    : DatasetPage(parent), view_(new CubeView), spectra_(new SpectraPanel),
      classes_(new ClassPanel), show_(new QComboBox), stretch_(new QComboBox),
      rows_(new QStackedWidget), slider_(new QSlider(Qt::Horizontal)), band_text_(new QLabel),
      three_text_(new QLabel), route_text_(new QLabel), hover_(new QLabel(view_)),
      make_three_(new QPushButton("Make picture file")),
      make_route_(new QPushButton("Make picture")), run_row_(new QWidget),
      progress_(new QProgressBar), stop_(new QPushButton("Stop")),
      folder_(new QPushButton("Open folder")), copy_(new QPushButton("Copy path")),
      run_text_(new ElidedLabel) {
  halves_ = new QSplitter(Qt::Vertical);
  auto* top = new QWidget;
  auto* beside = new QHBoxLayout(top);
  beside->setContentsMargins(0, 0, 0, 0);
  beside->setSpacing(0);
  beside->addWidget(view_, 1);
  beside->addWidget(classes_);
  halves_->addWidget(top);
  halves_->addWidget(spectra_);
  halves_->setChildrenCollapsible(false);
  halves_->setStretchFactor(0, 3);
  halves_->setStretchFactor(1, 2);
  halves_->setSizes({360, 230});
  halves_->setHandleWidth(6);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(build_tools());
  all->addWidget(build_rows());
  all->addWidget(build_run_row());
  all->addWidget(halves_, 1);
  hover_->setObjectName("over_picture");
  hover_->setAttribute(Qt::WA_TransparentForMouseEvents);
  hover_->hide();
  setFocusProxy(view_);
  connect_parts();
}

QWidget* CubePage::build_tools() {
  auto* bar = new QFrame;
  bar->setObjectName("tools");
  tools_ = new QHBoxLayout(bar);
  tools_->setContentsMargins(grid, 4, grid, 4);
  tools_->setSpacing(4);
  for (const Show& one : shows) show_->addItem(one.text, one.id);
  show_->setAccessibleName("What the picture shows");
  show_->setToolTip("What the picture shows");
  for (const Stretch& one : stretches) stretch_->addItem(one.text);
  stretch_->setAccessibleName("Contrast stretch");
  stretch_->setToolTip("The share of the values between black and white. Drag on the picture for "
                       "more or less; 0 sets it back.");
  auto* label = new QLabel("Show");
  label->setObjectName("muted");
  tools_->addWidget(label);
  tools_->addSpacing(4);
  tools_->addWidget(show_);
  tools_->addWidget(stretch_);
  tools_->addStretch(1);
  return bar;
}

QWidget* CubePage::build_rows() {
  const auto row = [this] {
    auto* widget = new QWidget;
    auto* line = new QHBoxLayout(widget);
    line->setContentsMargins(grid, 4, grid, 4);
    line->setSpacing(grid);
    rows_->addWidget(widget);
    return line;
  };
  rows_->setObjectName("panel");
  rows_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  QHBoxLayout* one = row();
  slider_->setAccessibleName("Band");
  slider_->setToolTip(
      "Band (wheel over the picture, Page Up, Page Down, or click in the spectrum)");
  band_text_->setMinimumWidth(220);
  one->addWidget(slider_, 1);
  one->addWidget(band_text_);
  QHBoxLayout* three = row();
  for (std::size_t c = 0; c < 3; ++c) {
    auto* letter = new QLabel(QString(three_names[c]).left(1).toUpper());
    letter->setStyleSheet(QString("color: %1; font-weight: 600;").arg(three_colors[c]));
    three_[c] = new QDoubleSpinBox;
    three_[c]->setKeyboardTracking(false);
    three_[c]->setButtonSymbols(QAbstractSpinBox::NoButtons);
    three_[c]->setAccessibleName(QString("Shown as %1").arg(three_names[c]));
    three_[c]->setToolTip(QString("Shown as %1; the nearest band is taken").arg(three_names[c]));
    three->addWidget(letter);
    three->addWidget(three_[c]);
    connect(three_[c], &QDoubleSpinBox::valueChanged, this, [this] { show_bands(); });
  }
  three_text_->setObjectName("muted");
  three->addWidget(three_text_, 1);
  three->addWidget(make_three_);
  QHBoxLayout* route = row();
  route_text_->setObjectName("muted");
  route->addWidget(route_text_, 1);
  route->addWidget(make_route_);
  return rows_;
}

QWidget* CubePage::build_run_row() {
  run_row_->setObjectName("panel");
  auto* line = new QHBoxLayout(run_row_);
  line->setContentsMargins(grid, 4, grid, 4);
  line->setSpacing(grid);
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setFixedSize(140, 6);
  progress_->setAccessibleName("Progress of the picture");
  folder_->setToolTip("Open the folder that holds the file");
  copy_->setToolTip("Copy the file's path");
  line->addWidget(progress_);
  line->addWidget(run_text_, 1);
  for (QPushButton* button : {folder_, copy_, stop_}) line->addWidget(button);
  run_row_->hide();
  return run_row_;
}

void CubePage::connect_parts() {
  connect(show_, &QComboBox::currentIndexChanged, this, [this] {
    if (quiet_) return;
    refresh_show();
    follow_parameters();
  });
  connect(stretch_, &QComboBox::currentIndexChanged, this, [this](int i) {
    const Stretch& chosen = stretches[static_cast<std::size_t>(std::max(0, i))];
    view_->set_stretch(chosen.low, chosen.high);
  });
  connect(slider_, &QSlider::valueChanged, this, [this] { show_bands(); });
  connect(make_three_, &QPushButton::clicked, this, [this] { make_picture(); });
  connect(make_route_, &QPushButton::clicked, this, [this] { make_picture(); });
  connect(stop_, &QPushButton::clicked, this, [this] {
    if (session_) session_->cancel();
  });
  connect(copy_, &QPushButton::clicked, this,
          [this] { QGuiApplication::clipboard()->setText(made_path_); });
  connect(folder_, &QPushButton::clicked, this, [this] {
    QDesktopServices::openUrl(QUrl::fromLocalFile(QFileInfo(made_path_).absolutePath()));
  });
  connect(view_, &CubeView::hovered, spectra_, &SpectraPanel::pass);
  connect(view_, &CubeView::left, this, [this] {
    spectra_->pass_nothing();
    place_hover({});
  });
  connect(view_, &CubeView::picked, this,
          [this](QPoint pixel) { spectra_->keep(QRect(pixel, QSize(1, 1))); });
  connect(view_, &CubeView::region_drawn, this, [this](QRect region) { spectra_->keep(region); });
  connect(view_, &CubeView::item_clicked, this, &DatasetPage::item_clicked);
  connect(view_, &CubeView::stroke_finished, this, &DatasetPage::stroke_finished);
  connect(classes_, &ClassPanel::class_chosen, this, [this] { refresh_mark(); });
  connect(classes_, &ClassPanel::class_activated, this, [this](int number) {
    if (session_ && paints() && !view_->selected().isEmpty())
      session_->relabel_to(view_->selected(), classes_->name(number));
  });
  connect(view_, &CubeView::marker_clicked, spectra_, &SpectraPanel::select);
  connect(view_, &CubeView::delete_pressed, this,
          [this] { spectra_->remove(spectra_->selected()); });
  connect(view_, &CubeView::band_step, this,
          [this](int by) { act(by > 0 ? "slice_next" : "slice_previous", true); });
  connect(spectra_, &SpectraPanel::changed, this,
          [this] { view_->set_markers(spectra_->markers()); });
  connect(spectra_, &SpectraPanel::selected_changed, view_, &CubeView::show_place);
  connect(spectra_, &SpectraPanel::passed, this, &CubePage::say_passing);
  connect(spectra_, &SpectraPanel::band_clicked, this, &CubePage::band_from_plot);
  connect(spectra_, &SpectraPanel::library_asked, this, [this] { ask_library(); });
  connect(classes_, &ClassPanel::changed, this,
          [this] { view_->set_overlay(classes_->overlay(), classes_->opacity()); });
  connect(spectra_, &SpectraPanel::export_asked, this, [this] { ask_export(); });
  connect(spectra_, &SpectraPanel::store_failed, this, [this](const QString& why) {
    if (session_)
      emit session_->problem({"The kept spectra could not be stored: " + why,
                              "Export them as CSV to another place.",
                              {},
                              {}});
  });
}

void CubePage::attach(CaseSession& session, ActionSet& actions) {
  session_ = &session;
  actions_ = &actions;
  QAction* region = actions.add_toggle(
      "cube_region", "Rectangle: mean spectrum of a region", "region", "D", false,
      [this](bool on) {
        if (on) actions_->find("browse")->setChecked(true); // another tool ends the brush
        view_->set_tool(on ? CubeTool::Region : CubeTool::Look);
        refresh_mark();
      },
      "Cube");
  region_ = region;
  QAction* keep = actions.add(
      "cube_keep", "Keep the spectrum at the cross", "", "C",
      [this] {
        if (const auto cross = view_->cross()) spectra_->keep(QRect(*cross, QSize(1, 1)));
      },
      "Cube");
  QAction* table = actions.add(
      "cube_export", "Export the kept spectra as CSV", "copy", "Ctrl+Shift+X",
      [this] { ask_export(); }, "Cube");
  QAction* clear = actions.add(
      "cube_clear", "Remove all kept spectra", "", "", [this] { spectra_->remove_all(); }, "Cube");
  QAction* make = actions.add(
      "cube_make", "Make the picture that is chosen", "", "", [this] { make_picture(); }, "Cube");
  own_actions_ = {region, keep, table, clear, make};
  add_class_actions(actions);
  classes_->add_tools(actions);
  for (QAction* action : {region, actions.find("fit")}) tools_->addWidget(tool_button(action));
  enable_actions(isVisible());
  connect(session_, &CaseSession::stage_changed, this, [this] { refresh_run(); });
  connect(session_, &CaseSession::pipelines_changed, this, [this] { enable_shows(); });
  connect(session_, &CaseSession::job_progress, this, [this](double fraction, const QString& text) {
    if (!running_) return;
    progress_->setValue(static_cast<int>(fraction * 1000));
    run_text_->set_text(job_words() + ": " + text);
  });
}

void CubePage::enable_actions(bool on) {
  for (QAction* action : own_actions_) action->setEnabled(on && cube_);
}

void CubePage::showEvent(QShowEvent*) { enable_actions(true); }
void CubePage::hideEvent(QHideEvent*) { enable_actions(false); }
void CubePage::resizeEvent(QResizeEvent*) { place_hover(hover_text()); }

void CubePage::show_dataset(std::shared_ptr<const Dataset> dataset) {
  ++generation_;
  cube_ = std::shared_ptr<const Cube>(dataset, &std::get<Cube>(*dataset));
  picture_ = {};
  picture_route_.clear();
  picture_path_.clear();
  picture_failure_.clear();
  made_path_.clear();
  class_map_ = {};
  items_.reset();
  classes_->set_map({}, {}, {});
  view_->set_cube(cube_);
  refresh_mark();
  place_hover({});
  quiet_ = true;
  slider_->setRange(0, cube_->bands - 1);
  slider_->setPageStep(std::max(1, cube_->bands / 20));
  const auto& w = cube_->wavelengths_nm;
  const double low = has_wavelengths() ? *std::min_element(w.begin(), w.end()) : 1;
  const double high = has_wavelengths() ? *std::max_element(w.begin(), w.end()) : cube_->bands;
  const std::array<double, 3> first = first_three();
  for (std::size_t c = 0; c < 3; ++c) {
    three_[c]->setDecimals(has_wavelengths() ? 1 : 0);
    three_[c]->setPrefix(has_wavelengths() ? "" : "band ");
    three_[c]->setSuffix(has_wavelengths() ? " nm" : "");
    three_[c]->setRange(low, high);
    three_[c]->setSingleStep(has_wavelengths() ? std::max(1.0, (high - low) / cube_->bands) : 1);
    three_[c]->setValue(first[c]);
  }
  show_->setItemText(1, has_wavelengths() ? "Three wavelengths" : "Three bands");
  const std::vector<int> good = good_bands(*cube_);
  slider_->setValue(good.empty() ? cube_->bands / 2 : good[good.size() / 2]);
  show_->setCurrentIndex(cube_->bands >= 3 ? 1 : 0);
  quiet_ = false;
  enable_shows();
  const std::filesystem::path store = session_ && !session_->entry().folder.empty()
                                          ? session_->entry().folder / "spectra.json"
                                          : "";
  const QString failure = spectra_->set_cube(cube_, store);
  if (!failure.isEmpty() && session_)
    emit session_->problem({failure, "The next spectrum that is kept replaces it.", {}, {}});
  refresh_show();
  refresh_run();
  enable_actions(isVisible());
}

// Near to what a person sees where the sensor sees it, else what the file proposes, else spread.
std::array<double, 3> CubePage::first_three() const {
  const auto place = [&](int band) {
    return has_wavelengths() ? cube_->wavelengths_nm[static_cast<std::size_t>(band)] : band + 1.0;
  };
  if (has_wavelengths()) {
    const auto [low, high] =
        std::minmax_element(cube_->wavelengths_nm.begin(), cube_->wavelengths_nm.end());
    if (*low <= 500 && *high >= 620) return {640, 550, std::max(460.0, *low)};
  }
  if (cube_->default_bands.size() == 3)
    return {place(cube_->default_bands[0]), place(cube_->default_bands[1]),
            place(cube_->default_bands[2])};
  std::vector<int> good = good_bands(*cube_);
  if (good.empty()) good = {0};
  const auto at = [&](std::size_t part) { return place(good[(good.size() - 1) * part / 8]); };
  return {at(6), at(4), at(2)};
}

// Another recording may be open meanwhile, on another page.
bool CubePage::is_open() const {
  return session_ && cube_ && session_->dataset() &&
         std::get_if<Cube>(session_->dataset().get()) == cube_.get();
}

bool CubePage::takes(const QString& action) const {
  return action == "fit" || action == "slice_next" || action == "slice_previous";
}

void CubePage::act(const QString& action, bool) {
  if (action == "fit") return view_->fit();
  const int by = action == "slice_next" ? 1 : action == "slice_previous" ? -1 : 0;
  if (by != 0 && shown() != "band") choose_show("band");
  slider_->setValue(slider_->value() + by);
}

QString CubePage::scale_text() const {
  if (!cube_) return {};
  const QString size =
      QString("%1 × %2 pixels, %3 bands").arg(cube_->samples).arg(cube_->lines).arg(cube_->bands);
  if (!has_wavelengths()) return size + ", wavelengths unknown";
  const auto [low, high] =
      std::minmax_element(cube_->wavelengths_nm.begin(), cube_->wavelengths_nm.end());
  return QString("%1, %2 to %3 (%4)")
      .arg(size, QString::number(*low, 'f', 1), nm(*high),
           cube_->wavelength_source == WavelengthSource::Guessed ? "unit guessed" : "file header");
}

QString CubePage::job_words() const {
  const std::string pipeline = session_ && session_->pipeline() ? session_->pipeline()->id : "";
  return pipeline == "hs2rgb"          ? "Making the picture"
         : pipeline == "cube_analysis" ? "Sorting the pixels"
                                       : "Running " + QString::fromStdString(pipeline);
}

QWidget* CubePage::pictures() { return halves_; }

void CubePage::place_hover(const QString& text) {
  hover_->setVisible(!text.isEmpty());
  if (text.isEmpty()) return;
  hover_->setText(text);
  hover_->adjustSize();
  hover_->move(view_->width() - hover_->width() - grid, grid);
}

void CubePage::say_passing(QPoint pixel, const std::vector<double>& values) {
  QString text = QString("x %1 y %2").arg(pixel.x()).arg(pixel.y());
  const std::vector<int>& bands = view_->bands();
  if (!view_->shows_picture() && !values.empty()) {
    QStringList parts;
    for (const int band : bands) {
      const double value = values[static_cast<std::size_t>(band)];
      parts << (std::isfinite(value) ? QString::number(value, 'g', 5) : QString("no measurement"));
    }
    text += ": " + parts.join(", ");
    if (bands.size() == 1) text += " (" + name_of_band(bands.front()) + ")";
  }
  if (const QString name = classes_->name_at(pixel); !name.isEmpty()) text += " · " + name;
  place_hover(text);
}

void CubePage::write_spectra(const QString& file) { spectra_->write_csv(file.toStdString()); }

void CubePage::ask_export() {
  if (!session_ || spectra_->count() == 0) return;
  const QString own = QString::fromStdString((session_->entry().folder / "spectra.csv").string());
  const QString file =
      QFileDialog::getSaveFileName(this, "Export the kept spectra", own, "Table (*.csv)");
  if (file.isEmpty()) return;
  try {
    write_spectra(file);
    emit session_->news("Spectra written: " + file);
  } catch (const Error& e) {
    emit session_->problem(
        {QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
}

}
