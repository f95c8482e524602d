#include "modules/view/notice_bar.h"
#include "modules/view/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

namespace sensorium {

NoticeBar::NoticeBar(QWidget* parent)
    : QFrame(parent), message_(new QLabel), hint_(new QLabel), button_(new QPushButton) {
  setObjectName("notice");
  setAccessibleName("Message");
  message_->setWordWrap(true);
  message_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  hint_->setWordWrap(true);
  hint_->setObjectName("muted");
  auto* close = new QToolButton;
  close->setAutoRaise(true);
  close->setText("✕");
  close->setAccessibleName("Close the message");
  auto* texts = new QVBoxLayout;
  texts->setSpacing(2);
  texts->addWidget(message_);
  texts->addWidget(hint_);
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(12, grid, grid, grid);
  line->setSpacing(grid);
  line->addLayout(texts, 1);
  line->addWidget(button_);
  line->addWidget(close);
  connect(close, &QToolButton::clicked, this, &NoticeBar::clear);
  connect(button_, &QPushButton::clicked, this, &NoticeBar::press);
  button_->setAccessibleName("Action of the message");
  hide();
}

void NoticeBar::show_message(const QString& message, const QString& hint, const QString& button,
                             std::function<void()> act) {
  message_->setText(message);
  hint_->setText(hint);
  hint_->setVisible(!hint.isEmpty());
  button_->setText(button);
  button_->setVisible(!button.isEmpty());
  if (!button.isEmpty()) button_->setAccessibleName(button);
  act_ = std::move(act);
  set_tone("warning");
  setAccessibleDescription(message + " " + hint);
  show();
}

void NoticeBar::show_news(const QString& message, const QString& button,
                          std::function<void()> act) {
  show_message(message, {}, button, std::move(act));
  set_tone("news");
}

void NoticeBar::set_tone(const char* tone) {
  setProperty("tone", tone);
  style()->unpolish(this);
  style()->polish(this);
}

QString NoticeBar::message() const { return isHidden() ? QString() : message_->text(); }
QString NoticeBar::button_text() const { return button_->isHidden() ? QString() : button_->text(); }

void NoticeBar::clear() {
  act_ = {};
  hide();
}

void NoticeBar::clear_news() {
  if (property("tone").toString() == "news") clear();
}

void NoticeBar::press() {
  const auto act = std::exchange(act_, {});
  hide();
  if (act) act();
}

ElidedLabel::ElidedLabel(const QString& text, QWidget* parent) : QFrame(parent) {
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  set_text(text);
}

void ElidedLabel::set_text(const QString& text) {
  if (text == text_) return;
  text_ = text;
  setToolTip(text);
  setAccessibleName(text);
  updateGeometry();
  update();
}

QSize ElidedLabel::sizeHint() const {
  const QMargins m = contentsMargins();
  return {fontMetrics().horizontalAdvance(text_) + 4 + m.left() + m.right(),
          fontMetrics().height() + 4};
}

QSize ElidedLabel::minimumSizeHint() const { return {24, fontMetrics().height() + 4}; }

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(
      palette().color(isEnabled() ? QPalette::Active : QPalette::Disabled, QPalette::WindowText));
  const QRect inside = contentsRect();
  painter.drawText(inside, Qt::AlignVCenter | Qt::AlignLeft,
                   fontMetrics().elidedText(text_, mode_, inside.width()));
}

}
