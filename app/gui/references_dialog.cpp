#include "app/gui/references_dialog.h"

#include "app/gui/cube_files.h"
#include "modules/core/error.h"
#include "modules/imaging/spectra.h"
#include "modules/view/spectrum_plot.h"
#include "modules/view/theme.h"

#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>
#include <QSpinBox>
#include <QStyle>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr int middle_lines = 16, middle_samples = 256;

// The middle of a file, small enough to be read at once. first: of the samples that count.
std::vector<double> middle_of(const Cube& cube, int first, int samples) {
  const int lines = std::min(cube.lines, middle_lines), width = std::min(samples, middle_samples);
  return spectrum_of(cube,
                     {(cube.lines - lines) / 2, lines,
                      std::clamp(first + (samples - width) / 2, 0, cube.samples - width), width})
      .mean;
}

SpectrumCurve curve_of(const QString& name, int color, std::vector<double> values, bool dashed) {
  SpectrumCurve out;
  out.name = name;
  out.color = spectrum_color(color);
  out.mean = std::move(values);
  out.dashed = dashed;
  return out;
}

QLabel* caption(const QString& text) {
  auto* label = new QLabel(text);
  label->setObjectName("muted");
  label->setWordWrap(true);
  label->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  label->setMinimumHeight(2 * label->fontMetrics().lineSpacing()); // beside one of two lines
  return label;
}

}

ReferencesDialog::ReferencesDialog(std::shared_ptr<const Cube> cube, WorkerClient& worker,
                                   const nlohmann::json& parameters, QWidget* parent)
    : QDialog(parent), cube_(std::move(cube)), worker_(worker), panel_(new QDoubleSpinBox),
      first_(new QSpinBox), message_(new QLabel), result_label_(caption({})),
      stored_(new SpectrumPlot), reflectance_(new SpectrumPlot),
      buttons_(new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel)) {
  setWindowTitle("White and dark references");
  setMinimumSize(760, 560);
  build(parameters);
  const auto text = [&](const char* key) {
    return QString::fromStdString(parameters.value(key, std::string()));
  };
  set_white(text("white"));
  set_dark(text("dark"));
}

QWidget* ReferencesDialog::row_of(Part& part, const QString& help) {
  auto* widget = new QWidget;
  auto* row = new QHBoxLayout(widget);
  row->setContentsMargins(0, 0, 0, 0);
  part.path = new QLineEdit;
  part.path->setReadOnly(true);
  part.path->setPlaceholderText("none");
  part.path->setAccessibleName("File of the " + part.what + " reference");
  part.path->setToolTip(help);
  auto* choose = new QPushButton("Choose");
  auto* none = new QPushButton("None");
  choose->setAccessibleName("Choose the " + part.what + " reference");
  none->setAccessibleName("No " + part.what + " reference");
  row->addWidget(part.path, 1);
  row->addWidget(choose);
  row->addWidget(none);
  connect(choose, &QPushButton::clicked, this, [this, &part] {
    const QString file = QFileDialog::getOpenFileName(
        this, "The " + part.what + " reference", part.path->text(), "Cubes (*.hdr *.npy);;All (*)");
    if (!file.isEmpty()) load(part, file);
  });
  connect(none, &QPushButton::clicked, this, [this, &part] { load(part, {}); });
  return widget;
}

void ReferencesDialog::build(const nlohmann::json& parameters) {
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(2 * grid);
  form->addRow("White", row_of(white_, "A cube of a white panel: ENVI or npy"));
  form->addRow("Dark", row_of(dark_, "A cube taken with the shutter closed: ENVI or npy"));
  panel_->setRange(0.01, 1);
  panel_->setDecimals(3);
  panel_->setSingleStep(0.01);
  panel_->setValue(parameters.value("panel_reflectance", 1.0));
  panel_->setToolTip("Of the white panel, from its certificate");
  panel_->setAccessibleName("Reflectance of the panel");
  form->addRow("Reflectance of the panel", panel_);
  first_->setRange(0, 1000000);
  first_->setSpecialValueText("same width");
  first_->setValue(parameters.value("reference_first_sample", 0));
  first_->setAccessibleName("First sample of a wider reference");
  first_->setToolTip("Of references wider than the cube: their sample that is the cube's first");
  form->addRow("First sample of a wider reference", first_);
  const QString stored = cube_->reflectance_scale
                             ? QString("Stored value / %1").arg(*cube_->reflectance_scale)
                             : QString("Stored value");
  for (SpectrumPlot* plot : {stored_, reflectance_})
    plot->set_axis(cube_->wavelengths_nm,
                   cube_->wavelengths_nm.empty() ? "Band (wavelengths unknown)" : "Wavelength, nm",
                   plot == stored_ ? stored : QString("Reflectance"), cube_->bad_bands,
                   cube_->bands);
  reflectance_->set_empty_text("Choose a white or a dark reference.");
  message_->setWordWrap(true);
  auto* plots = new QHBoxLayout;
  for (const auto& [plot, label] :
       {std::pair{stored_, caption("As stored: scene (solid), white (dashed) and dark (dashed, "
                                   "below)")},
        std::pair{reflectance_, result_label_}}) {
    auto* column = new QVBoxLayout;
    column->addWidget(plot, 1);
    column->addWidget(label);
    plots->addLayout(column, 1);
  }
  auto* all = new QVBoxLayout(this);
  all->setSpacing(grid);
  all->addLayout(form);
  all->addLayout(plots, 1);
  all->addWidget(message_);
  all->addWidget(buttons_);
  buttons_->button(QDialogButtonBox::Ok)->setText("Use");
  QPushButton* use = buttons_->button(QDialogButtonBox::Ok);
  use->setProperty("next", true);
  use->style()->unpolish(use);
  use->style()->polish(use);
  connect(buttons_, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons_, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(panel_, &QDoubleSpinBox::valueChanged, this, [this] { refresh(); });
  connect(first_, &QSpinBox::valueChanged, this, [this] { refresh(); });
}

void ReferencesDialog::set_white(const QString& file) { load(white_, file); }
void ReferencesDialog::set_dark(const QString& file) { load(dark_, file); }

void ReferencesDialog::load(Part& part, const QString& file) {
  const int asked = ++part.asked;
  part.path->setText(file);
  part.cube.reset();
  part.failure.clear();
  if (!file.isEmpty()) {
    ++reading_;
    QPointer<ReferencesDialog> self(this);
    open_cube_file(
        worker_, file,
        [self, &part, asked](std::shared_ptr<const Cube> cube) {
          if (!self) return;
          --self->reading_;
          if (asked == part.asked) part.cube = std::move(cube);
          self->refresh();
        },
        [self, &part, asked](const QString& message, const QString& hint) {
          if (!self) return;
          --self->reading_;
          if (asked == part.asked) part.failure = message + (hint.isEmpty() ? "" : ": " + hint);
          self->refresh();
        });
  }
  refresh();
}

QString ReferencesDialog::misfit(const Part& part) const {
  if (!part.failure.isEmpty()) return part.failure;
  if (!part.cube) return {};
  const Cube& r = *part.cube;
  if (r.bands != cube_->bands)
    return QString("The %1 reference has %2 bands, the cube %3.")
        .arg(part.what)
        .arg(r.bands)
        .arg(cube_->bands);
  if (r.samples == 1 || r.samples == cube_->samples) return {};
  if (r.samples < cube_->samples)
    return QString("The %1 reference is %2 samples wide, the cube %3: it does not cover it.")
        .arg(part.what)
        .arg(r.samples)
        .arg(cube_->samples);
  if (first_->value() == 0)
    return QString("The %1 reference is %2 samples wide, the cube %3: say which of its samples (1 "
                   "to %4) is the cube's first.")
        .arg(part.what)
        .arg(r.samples)
        .arg(cube_->samples)
        .arg(r.samples - cube_->samples + 1);
  if (first_->value() - 1 > r.samples - cube_->samples)
    return QString("From sample %1 on, the %2 reference has fewer samples than the cube.")
        .arg(first_->value())
        .arg(part.what);
  return {};
}

bool ReferencesDialog::usable() const {
  const bool read = (white_.path->text().isEmpty() || white_.cube) &&
                    (dark_.path->text().isEmpty() || dark_.cube);
  return read && misfit(white_).isEmpty() && misfit(dark_).isEmpty();
}

QString ReferencesDialog::message() const { return message_->text(); }

nlohmann::json ReferencesDialog::changes() const {
  return {{"white", white_.path->text().toStdString()},
          {"dark", dark_.path->text().toStdString()},
          {"panel_reflectance", panel_->value()},
          {"reference_first_sample", first_->value()}};
}

void ReferencesDialog::refresh() {
  result_.clear();
  QString text = misfit(white_);
  if (text.isEmpty()) text = misfit(dark_);
  if (text.isEmpty() && busy()) text = "Reading the reference.";
  std::vector<SpectrumCurve> curves;
  std::vector<double> scene, white, dark;
  try {
    scene = middle_of(*cube_, 0, cube_->samples);
    curves.push_back(curve_of("scene", 0, scene, false));
    const auto add = [&](const Part& part, int color, std::vector<double>& into) {
      if (!part.cube || part.cube->bands != cube_->bands) return;
      const int first = part.cube->samples > cube_->samples ? std::max(0, first_->value() - 1) : 0;
      into = middle_of(*part.cube, first, std::min(part.cube->samples, cube_->samples));
      curves.push_back(curve_of(part.what, color, into, true));
    };
    add(white_, 1, white);
    add(dark_, 2, dark);
  } catch (const Error& e) {
    text = QString::fromStdString(e.what());
  }
  const bool given = !white.empty() || !dark.empty();
  if (text.isEmpty() && given) {
    double least = INFINITY, most = -INFINITY;
    int guarded = 0;
    for (std::size_t b = 0; b < scene.size(); ++b) {
      const double low = dark.empty() ? 0 : dark[b], span = white.empty() ? 1 : white[b] - low;
      const bool good = span > 0;
      guarded += good ? 0 : 1;
      result_.push_back(good ? (white.empty() ? 1 : panel_->value()) * (scene[b] - low) / span
                             : std::nan(""));
      if (!std::isfinite(result_.back()) || cube_->is_bad(static_cast<int>(b))) continue;
      least = std::min(least, result_.back());
      most = std::max(most, result_.back());
    }
    if (guarded > 0)
      text = QString("In %1 of %2 bands white is not brighter than dark: are the two exchanged?")
                 .arg(guarded)
                 .arg(cube_->bands);
    result_label_->setText(
        white.empty() ? QString("The middle of the cube less the dark reference")
                      : QString("The middle of the cube: reflectance %1 to %2. The run calibrates "
                                "each sample of the sensor by itself.")
                            .arg(least, 0, 'g', 3)
                            .arg(most, 0, 'g', 3));
  } else {
    result_label_->clear();
  }
  std::vector<SpectrumCurve> made;
  if (!result_.empty()) made.push_back(curve_of("result", 0, result_, false));
  stored_->set_curves(std::move(curves));
  reflectance_->set_curves(std::move(made));
  message_->setText(text);
  buttons_->button(QDialogButtonBox::Ok)->setEnabled(usable());
}

}
