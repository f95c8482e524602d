#include "app/gui/class_panel.h"

#include "modules/view/theme.h"

#include <QHBoxLayout>
#include <QIcon>
#include <QLabel>
#include <QListWidget>
#include <QPainter>
#include <QPixmap>
#include <QSlider>
#include <QVBoxLayout>

namespace sensorium {
namespace {

QIcon patch(const QColor& color) {
  QPixmap out(32, 32);
  out.setDevicePixelRatio(2);
  out.fill(Qt::transparent);
  QPainter painter(&out);
  painter.setBrush(color);
  painter.setPen(QPen(theme_colors().border, 1));
  painter.drawRoundedRect(QRectF(1.5, 1.5, 13, 13), 2, 2);
  return out;
}

}

ClassPanel::ClassPanel(QWidget* parent)
    : QWidget(parent), heading_(new QLabel), percent_(new QLabel), list_(new QListWidget),
      slider_(new QSlider(Qt::Horizontal)) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  setFixedWidth(224);
  heading_->setObjectName("heading");
  heading_->setWordWrap(true);
  list_->setAccessibleName("Classes of the map");
  list_->setUniformItemSizes(true);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setTextElideMode(Qt::ElideMiddle);
  slider_->setRange(0, 100);
  slider_->setValue(60);
  slider_->setAccessibleName("Strength of the class map over the picture");
  slider_->setToolTip("How strongly the classes cover the picture");
  percent_->setObjectName("muted");
  percent_->setMinimumWidth(36);
  percent_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  auto* label = new QLabel("Cover");
  label->setObjectName("muted");
  auto* row = new QHBoxLayout;
  row->setSpacing(grid);
  row->addWidget(label);
  row->addWidget(slider_, 1);
  row->addWidget(percent_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(6);
  column->addWidget(heading_);
  column->addWidget(list_, 1);
  column->addLayout(row);
  connect(slider_, &QSlider::valueChanged, this, [this](int value) {
    percent_->setText(QString("%1 %").arg(value));
    emit changed();
  });
  percent_->setText("60 %");
  connect(list_, &QListWidget::itemChanged, this, [this] {
    if (!quiet_) remake();
  });
  hide();
}

void ClassPanel::set_map(QImage map, std::vector<ClassEntry> classes, const QString& title) {
  map_ = std::move(map);
  classes_ = std::move(classes);
  heading_->setText(title);
  quiet_ = true;
  list_->clear();
  for (std::size_t k = 0; k < classes_.size() && has_map(); ++k) {
    auto* item =
        new QListWidgetItem(patch(color(static_cast<int>(k) + 1)),
                            QString("%1  %2").arg(classes_[k].name, classes_[k].share), list_);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
    item->setCheckState(Qt::Checked);
    item->setToolTip(QString("%1, %2 of the pixels. Untick to hide it.")
                         .arg(classes_[k].name, classes_[k].share));
  }
  quiet_ = false;
  setVisible(has_map());
  remake();
}

QColor ClassPanel::color(int number) const {
  return number > 0 && number < map_.colorCount() ? QColor(map_.color(number)) : QColor();
}

double ClassPanel::opacity() const { return slider_->value() / 100.0; }
void ClassPanel::set_opacity(double opacity) {
  slider_->setValue(static_cast<int>(opacity * 100 + 0.5));
}

void ClassPanel::set_shown(int number, bool shown) {
  if (auto* item = list_->item(number - 1))
    item->setCheckState(shown ? Qt::Checked : Qt::Unchecked);
}

QString ClassPanel::name_at(QPoint pixel) const {
  if (!map_.valid(pixel)) return {};
  const int number = map_.pixelIndex(pixel);
  return number > 0 && static_cast<std::size_t>(number) <= classes_.size()
             ? classes_[static_cast<std::size_t>(number) - 1].name
             : QString();
}

void ClassPanel::remake() {
  overlay_ = {};
  if (has_map()) {
    QImage colored = map_;
    for (int i = 0; i < colored.colorCount(); ++i) {
      const auto* item = i > 0 ? list_->item(i - 1) : nullptr;
      const bool shown = item != nullptr && item->checkState() == Qt::Checked;
      colored.setColor(i, shown ? (map_.color(i) | 0xff000000u) : 0u);
    }
    overlay_ = colored.convertToFormat(QImage::Format_ARGB32_Premultiplied);
  }
  emit changed();
}

}
