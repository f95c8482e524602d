#include "app/gui/library_panel.h"

#include "modules/core/error.h"
#include "modules/view/theme.h"

#include <QFileInfo>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

#include <cmath>

namespace sensorium {
namespace {

constexpr std::size_t most_matches = 20;

}

LibraryPanel::LibraryPanel(QWidget* parent)
    : QWidget(parent), heading_(new QLabel), note_(new QLabel), list_(new QListWidget) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  setFixedWidth(224);
  heading_->setObjectName("heading");
  note_->setObjectName("muted");
  note_->setWordWrap(true);
  list_->setAccessibleName("Nearest known spectra");
  list_->setUniformItemSizes(true);
  list_->setMinimumHeight(40);
  list_->setTextElideMode(Qt::ElideMiddle);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* away = new QPushButton("Remove library");
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(6);
  column->addWidget(heading_);
  column->addWidget(note_);
  column->addWidget(list_, 1);
  column->addWidget(away);
  connect(away, &QPushButton::clicked, this, [this] { clear(); });
  connect(list_, &QListWidget::currentRowChanged, this, &LibraryPanel::choose);
  hide();
}

void LibraryPanel::set_library(SpectralLibrary library, const QString& file) {
  library_ = std::move(library);
  file_ = file;
  heading_->setText(QString("%1: %2 spectra")
                        .arg(QFileInfo(file).completeBaseName())
                        .arg(static_cast<int>(library_->names.size())));
  heading_->setToolTip(file);
  show();
  compare({}, {}, {}, {});
}

void LibraryPanel::clear() {
  library_.reset();
  file_.clear();
  matches_.clear();
  chosen_ = -1;
  hide();
  emit changed();
}

QString LibraryPanel::heading() const { return note_->text(); }

void LibraryPanel::compare(const QString& name, const std::vector<double>& values,
                           const std::vector<double>& nm, const std::vector<std::uint8_t>& bad) {
  if (!library_) return;
  values_ = values;
  nm_ = nm;
  bad_ = bad;
  matches_.clear();
  chosen_ = -1;
  QString note = "Choose a kept spectrum: the nearest known ones are listed here.";
  if (!values.empty()) {
    try {
      matches_ = best_matches(*library_, values_, nm_, bad_, most_matches);
      note = matches_.empty() ? "No known spectrum shares three bands with this one."
                              : QString("Nearest to %1, by spectral angle").arg(name);
    } catch (const Error& e) {
      note = QString::fromStdString(e.what());
    }
  }
  note_->setText(note);
  {
    const QSignalBlocker quiet(list_);
    list_->clear();
    for (const LibraryMatch& match : matches_) {
      const QString known = QString::fromStdString(library_->names[match.spectrum]);
      auto* item =
          new QListWidgetItem(QString("%1 rad  %2").arg(match.angle, 0, 'f', 3).arg(known), list_);
      item->setToolTip(QString("%1: spectral angle %2 rad over %3 bands. Choose it to see its "
                               "curve.")
                           .arg(known)
                           .arg(match.angle, 0, 'g', 4)
                           .arg(static_cast<int>(match.bands)));
    }
  }
  if (!matches_.empty()) list_->setCurrentRow(0);
  emit changed();
}

void LibraryPanel::choose(int row) {
  chosen_ = row;
  emit changed();
}

std::optional<SpectrumCurve> LibraryPanel::curve() const {
  if (!library_ || chosen_ < 0 || static_cast<std::size_t>(chosen_) >= matches_.size())
    return std::nullopt;
  const std::size_t spectrum = matches_[static_cast<std::size_t>(chosen_)].spectrum;
  SpectrumCurve out;
  out.mean = on_bands(*library_, spectrum, nm_, values_.size());
  double both = 0, own = 0;
  for (std::size_t b = 0; b < out.mean.size(); ++b) {
    const bool good = bad_.empty() || bad_[b] == 0;
    if (!good || !std::isfinite(out.mean[b]) || !std::isfinite(values_[b])) continue;
    both += out.mean[b] * values_[b];
    own += out.mean[b] * out.mean[b];
  }
  const double scale = own > 0 && both > 0 ? both / own : 1;
  for (double& one : out.mean) one *= scale;
  out.name = QString("%1, times %2")
                 .arg(QString::fromStdString(library_->names[spectrum]))
                 .arg(scale, 0, 'g', 4);
  out.color = theme_colors().text;
  out.dashed = true;
  return out;
}

}
