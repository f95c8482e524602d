#include "app/gui/mark_chooser.h"

#include "modules/review/mark_kinds.h"
#include "modules/view/theme.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

namespace sensorium {
namespace {

constexpr auto kinds = static_cast<int>(mark_kinds.size());

QString name_of(int kind) { return mark_kinds[static_cast<std::size_t>(kind)].label; }

QIcon swatch(const char* color) {
  QPixmap picture(28, 28);
  picture.setDevicePixelRatio(2);
  picture.fill(Qt::transparent);
  QPainter painter(&picture);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme_colors().muted, 1));
  painter.setBrush(QColor(color));
  painter.drawRoundedRect(QRectF(1.5, 1.5, 11, 11), 2, 2);
  return picture;
}

// How each kind is put on the frame.
QString way_of(int kind) {
  static const std::array<const char*, kinds> ways{
      "Draw along the line.", "Click where the ray leaves the pleura.",
      "Draw along the uneven stretch.", "Paint over it.", "Paint over it."};
  return ways[static_cast<std::size_t>(kind)];
}

}

MarkChooser::MarkChooser(QWidget* parent)
    : QFrame(parent), counts_(mark_kinds.size()), hint_(new QLabel) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  auto* heading = new QLabel("Mark on the frame");
  heading->setObjectName("heading");
  auto* rows = new QGridLayout;
  rows->setHorizontalSpacing(grid);
  rows->setVerticalSpacing(2);
  rows->setColumnStretch(0, 1);
  for (int kind = 0; kind < kinds; ++kind) {
    auto* button = new QToolButton;
    button->setAutoRaise(true);
    button->setCheckable(true);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setIconSize({14, 14});
    button->setFocusPolicy(Qt::TabFocus);
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    auto* keys = new QLabel;
    keys->setObjectName("small");
    rows->addWidget(button, kind, 0);
    rows->addWidget(keys, kind, 1);
    buttons_.push_back(button);
    keys_.push_back(keys);
  }
  hint_->setObjectName("small");
  hint_->setWordWrap(true);
  hint_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // as wide as the kinds
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(6);
  column->addWidget(heading);
  column->addLayout(rows);
  column->addWidget(hint_);
  column->addStretch(1);
}

void MarkChooser::attach(ActionSet& actions) {
  brush_ = actions.find("brush");
  browse_ = actions.find("browse");
  for (int kind = 0; kind < kinds; ++kind) {
    QAction* action = actions.add_toggle(
        QString("clip_mark_%1").arg(kind + 1), "Mark: " + name_of(kind), "",
        QString("Ctrl+%1").arg(kind + 1), false, [this, kind](bool on) { choose(kind, on); },
        "Clip");
    marks_.push_back(action);
    connect(buttons_[static_cast<std::size_t>(kind)], &QToolButton::clicked, action,
            &QAction::trigger);
    connect(action, &QAction::changed, this, [this] { refresh(); });
  }
  connect(brush_, &QAction::triggered, this, [this] { clear(); });
  connect(brush_, &QAction::toggled, this, [this](bool on) {
    if (!on) clear();
  });
  connect(brush_, &QAction::changed, this, [this] { refresh_enabled(); });
  refresh_enabled();
}

void MarkChooser::choose(int kind, bool on) {
  if (on == (chosen_ == kind)) return;
  if (!on) { // pressed again: nothing is marked any more
    chosen_ = -1;
    if (brush_->isChecked()) browse_->setChecked(true);
  } else {
    const int before = std::exchange(chosen_, kind);
    if (before >= 0) marks_[static_cast<std::size_t>(before)]->setChecked(false);
    brush_->setChecked(true);
  }
  refresh();
  emit kind_chosen(chosen());
}

void MarkChooser::clear() {
  if (chosen_ < 0) return;
  const int before = std::exchange(chosen_, -1);
  marks_[static_cast<std::size_t>(before)]->setChecked(false);
  refresh();
  emit kind_chosen({});
}

QString MarkChooser::chosen() const { return chosen_ < 0 ? QString() : name_of(chosen_); }
QString MarkChooser::hint() const { return hint_->text(); }

void MarkChooser::set_items(const FindingItems& items) {
  std::vector<int> counts(mark_kinds.size());
  if (items)
    for (const FindingItem& item : *items)
      for (std::size_t k = 0; k < mark_kinds.size(); ++k)
        counts[k] += item.look != FindingLook::Rejected && !item.finding.footprint.empty() &&
                     item.finding.label == mark_kinds[k].label;
  counts_ = std::move(counts);
  refresh();
}

void MarkChooser::set_compact(bool compact) {
  if (compact_ == compact) return;
  compact_ = compact;
  refresh();
}

void MarkChooser::set_in_sight(bool on) {
  in_sight_ = on;
  if (!on) clear();
  refresh_enabled();
}

void MarkChooser::refresh_enabled() {
  const bool on = in_sight_ && brush_ && brush_->isEnabled();
  for (QAction* action : marks_)
    if (action->isEnabled() != on) action->setEnabled(on);
  refresh();
}

void MarkChooser::refresh() {
  for (std::size_t k = 0; k < marks_.size(); ++k) {
    const MarkKind& kind = mark_kinds[k];
    const QString keys = marks_[k]->shortcut().toString(QKeySequence::NativeText);
    QString text = compact_ ? kind.short_name : kind.label;
    text[0] = text[0].toUpper();
    if (counts_[k] > 0) text += QString("  %1").arg(counts_[k]);
    buttons_[k]->setText(text);
    buttons_[k]->setIcon(swatch(kind.color));
    buttons_[k]->setToolTip(marks_[k]->toolTip());
    buttons_[k]->setAccessibleName(
        QString("Mark %1, %2 so far, %3").arg(kind.label).arg(counts_[k]).arg(keys));
    buttons_[k]->setEnabled(marks_[k]->isEnabled());
    buttons_[k]->setChecked(chosen_ == static_cast<int>(k));
    keys_[k]->setText(keys);
    keys_[k]->setVisible(!compact_);
  }
  const bool can = brush_ && brush_->isEnabled();
  hint_->setText(!can ? QString("This review can no longer be changed here.")
                 : chosen_ < 0
                     ? QString("Choose a kind, then draw on the frame.")
                     : way_of(chosen_) + " A stroke over one of the same kind adds to it.");
}

void MarkChooser::changeEvent(QEvent* event) {
  if (event->type() == QEvent::StyleChange) refresh(); // swatches have the theme's border
  QFrame::changeEvent(event);
}

}
