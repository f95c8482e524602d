#include "app/gui/class_panel.h"

#include "app/gui/actions.h"
#include "modules/view/theme.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QIcon>
#include <QLabel>
#include <QListWidget>
#include <QPainter>
#include <QPixmap>
#include <QShortcut>
#include <QSlider>
#include <QToolButton>
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
    : QWidget(parent), heading_(new QLabel), percent_(new QLabel), hint_(new QLabel),
      tools_(new QWidget), list_(new QListWidget), slider_(new QSlider(Qt::Horizontal)) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  setFixedWidth(240);
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
  column->addWidget(hint_);
  column->addLayout(row);
  column->addWidget(tools_);
  hint_->setObjectName("muted");
  hint_->setWordWrap(true);
  hint_->hide();
  tools_->hide();
  connect(list_, &QListWidget::currentRowChanged, this, [this](int at) {
    if (!quiet_) emit class_chosen(at + 1);
  });
  const auto activate = [this] {
    if (chosen() > 0) emit class_activated(chosen());
  };
  connect(list_, &QListWidget::itemDoubleClicked, this, activate);
  auto* enter = new QShortcut(Qt::Key_Return, list_);
  enter->setContext(Qt::WidgetShortcut);
  connect(enter, &QShortcut::activated, this, activate);
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
  heading_->setText(title);
  quiet_ = true;
  list_->clear();
  for (std::size_t k = 0; k < classes.size() && !map.isNull(); ++k) {
    auto* item = new QListWidgetItem(list_);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
    item->setCheckState(Qt::Checked);
  }
  quiet_ = false;
  update_map(std::move(map), std::move(classes));
}

void ClassPanel::update_map(QImage map, std::vector<ClassEntry> classes) {
  map_ = std::move(map);
  classes_ = std::move(classes);
  quiet_ = true;
  for (std::size_t k = 0; k < classes_.size(); ++k) {
    auto* item = list_->item(static_cast<int>(k));
    if (!item) break;
    item->setIcon(patch(color(static_cast<int>(k) + 1)));
    item->setText(QString("%1  %2").arg(classes_[k].name, classes_[k].share));
    item->setToolTip(QString("%1, %2 of the pixels. Untick to hide it. Double click: the chosen "
                             "region becomes this class%3.")
                         .arg(classes_[k].name, classes_[k].share,
                              k < 9 ? QString(" (%1)").arg(k + 1) : QString()));
  }
  quiet_ = false;
  setVisible(has_map());
  remake();
}

void ClassPanel::add_tools(ActionSet& actions) {
  auto* grid_of_tools = new QGridLayout(tools_);
  grid_of_tools->setContentsMargins(0, 0, 0, 0);
  grid_of_tools->setSpacing(4);
  int at = 0;
  for (const char* id :
       {"browse", "brush", "erase", "undo", "redo", "previous", "next", "reject", "accept"}) {
    grid_of_tools->addWidget(tool_button(actions.find(id)), at / 5, at % 5);
    ++at;
  }
  grid_of_tools->setColumnStretch(5, 1);
}

void ClassPanel::set_hint(const QString& text) {
  hint_->setText(text);
  hint_->setVisible(!text.isEmpty());
  tools_->setVisible(!text.isEmpty());
}

QString ClassPanel::hint() const { return hint_->text(); }
int ClassPanel::chosen() const { return list_->currentRow() + 1; }
void ClassPanel::choose(int number) { list_->setCurrentRow(number - 1); }

QString ClassPanel::name(int number) const {
  return number > 0 && static_cast<std::size_t>(number) <= classes_.size()
             ? classes_[static_cast<std::size_t>(number) - 1].name
             : QString();
}

QColor ClassPanel::color_of(const QString& name) const {
  for (std::size_t k = 0; k < classes_.size(); ++k)
    if (classes_[k].name == name) return color(static_cast<int>(k) + 1);
  return {};
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
  return name(map_.pixelIndex(pixel));
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
