#include "app/gui/exam_cards.h"

#include "modules/view/theme.h"

#include <QComboBox>
#include <QContextMenuEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QToolTip>

#include <algorithm>

namespace sensorium {
namespace {

constexpr int card_height = 76, picture_width = 84, button_width = 68;

QString q(const std::string& text) { return QString::fromStdString(text); }
bool dark() { return current_theme() == Theme::Dark; }
QColor share_color() { return dark() ? QColor("#35b592") : QColor("#007a58"); }
QString words(const std::optional<int>& score) {
  return score ? QString::number(*score) : QString("none");
}

QString pattern_of(const ExamBoard& board, const std::optional<int>& score) {
  return score && static_cast<std::size_t>(*score) < board.patterns.size()
             ? q(board.patterns[static_cast<std::size_t>(*score)])
             : QString();
}

QString rules_text(const std::vector<std::string>& rules,
                   const std::vector<std::optional<int>>& scores) {
  QStringList out;
  for (std::size_t r = 0; r < rules.size(); ++r) out << q(rules[r]) + " " + words(scores[r]);
  return out.join(" · ");
}

QString marks_text(const ClipResult& clip) {
  QStringList out;
  for (const auto& [label, count] : clip.marks)
    out << (count == 1 ? q(label) : QString("%1 × %2").arg(count).arg(q(label)));
  return out.join(", ");
}

// A digit on its colour; what has none is an outline.
void style_badge(QLabel& badge, const BoardZone& zone) {
  badge.setText(zone.score ? QString::number(*zone.score) : zone.uninterpretable ? "?" : "–");
  badge.setFixedSize(28, 24);
  badge.setAlignment(Qt::AlignCenter);
  const ThemeColors& c = theme_colors();
  const QString fill = zone.score ? score_color(*zone.score, dark()).name() : c.panel.name();
  const QString ink = zone.score ? text_on_score(*zone.score, dark()).name() : c.muted.name();
  badge.setStyleSheet(
      QString("background: %1; color: %2; border: 1px %3 %4; border-radius: 4px; "
              "font-weight: 700;")
          .arg(fill, ink, zone.score ? "solid" : "dashed", zone.score ? fill : c.muted.name()));
}

}

ZoneMap::ZoneMap(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName("Zones of the chest");
  setAccessibleDescription(
      "Arrows: another zone. 0 to 3, U: score it. Backspace: as the clips say.");
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  setMouseTracking(true);
}

void ZoneMap::set_board(const ExamBoard& board) {
  board_ = board;
  looks_ = looks_of(board);
  if (!find_zone(board.scheme, chosen_.toStdString())) chosen_.clear();
  lay_out();
}

void ZoneMap::set_target(const QString& zone) {
  if (target_ == zone) return;
  target_ = zone;
  update();
}

void ZoneMap::choose(const QString& zone) {
  chosen_ = zone;
  update();
}

void ZoneMap::lay_out() {
  drawing_ = zone_drawing(board_.scheme, QRectF(rect()).adjusted(grid, grid, -grid, -grid), 18);
  update();
}

void ZoneMap::resizeEvent(QResizeEvent*) { lay_out(); }

QString ZoneMap::zone_at(QPointF place) const {
  for (const ZoneShape& zone : drawing_.zones)
    if (zone.area.contains(place)) return zone.id;
  return {};
}

QPoint ZoneMap::place_of(const QString& zone) const {
  for (const ZoneShape& shape : drawing_.zones)
    if (shape.id == zone) return shape.area.boundingRect().center().toPoint();
  return {-1, -1};
}

QString ZoneMap::text_of(const QString& zone) const {
  for (const BoardZone& z : board_.zones) {
    if (q(z.zone.id) != zone) continue;
    QString text = QString("%1, %2: ").arg(zone, q(z.zone.title));
    text += z.score ? QString("score %1, %2").arg(*z.score).arg(pattern_of(board_, z.score))
            : z.uninterpretable ? QString("uninterpretable")
                                : QString("missing");
    if (!z.agree) text += ". The rules disagree: " + rules_text(board_.rules, z.by_rule);
    if (!z.decided_by.empty()) text += ". Scored by " + q(z.decided_by);
    return text + ".";
  }
  return {};
}

void ZoneMap::paintEvent(QPaintEvent*) {
  const ThemeColors& c = theme_colors();
  QPainter painter(this);
  painter.fillRect(rect(), c.panel);
  std::vector<ZoneLook> looks = looks_;
  for (ZoneLook& l : looks) l.strong = l.id == (target_.isEmpty() ? chosen_ : target_);
  draw_zones(painter, drawing_, looks,
             {.body = c.raised,
              .line = c.muted,
              .text = c.text,
              .muted = c.muted,
              .accent = c.accent,
              .decided = QColor(dark() ? "#e58fc0" : "#8a3f75"),
              .dark = dark()},
             10);
  if (hasFocus()) {
    painter.setPen(QPen(c.accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
  }
}

void ZoneMap::mousePressEvent(QMouseEvent* event) {
  choose(zone_at(event->position()));
  if (!chosen_.isEmpty()) emit zone_chosen(chosen_);
}

void ZoneMap::step(int by) {
  const auto n = static_cast<int>(board_.zones.size());
  if (n == 0) return;
  int at = by > 0 ? -1 : n;
  for (int i = 0; i < n; ++i)
    if (q(board_.zones[static_cast<std::size_t>(i)].zone.id) == chosen_) at = i;
  choose(q(board_.zones[static_cast<std::size_t>((at + by + n) % n)].zone.id));
  emit zone_chosen(chosen_);
}

void ZoneMap::keyPressEvent(QKeyEvent* event) {
  const int key = event->key();
  if (key == Qt::Key_Down || key == Qt::Key_Right) return step(1);
  if (key == Qt::Key_Up || key == Qt::Key_Left) return step(-1);
  if (chosen_.isEmpty()) return QWidget::keyPressEvent(event);
  if (key >= Qt::Key_0 && key <= Qt::Key_3)
    return emit score_given(chosen_, QString::number(key - Qt::Key_0));
  if (key == Qt::Key_U) return emit score_given(chosen_, "uninterpretable");
  if (key == Qt::Key_Backspace || key == Qt::Key_Delete) return emit score_given(chosen_, "");
  QWidget::keyPressEvent(event);
}

bool ZoneMap::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride && !chosen_.isEmpty()) {
    auto* key = static_cast<QKeyEvent*>(event); // plain keys are this widget's, not the window's
    if (key->modifiers() == Qt::NoModifier && key->key() < Qt::Key_F1) event->accept();
  }
  if (event->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(event);
    QToolTip::showText(help->globalPos(), text_of(zone_at(help->pos())), this);
    return true;
  }
  return QWidget::event(event);
}

ZoneRow::ZoneRow(const BoardZone& zone, const ExamBoard& board, bool writable, QWidget* parent)
    : QFrame(parent), zone_(q(zone.zone.id)), badge_(new QLabel), name_(new QLabel),
      pattern_(new QLabel), rules_(new QLabel), score_(new QComboBox) {
  setObjectName("zone_row");
  style_badge(*badge_, zone);
  name_->setText(QString("<b>%1</b>  %2").arg(zone_, q(zone.zone.title)));
  pattern_->setObjectName("muted");
  const bool failed = std::any_of(zone.clips.begin(), zone.clips.end(), [&](std::size_t i) {
    const ClipResult& result = board.clips[i].result;
    return !result.analysed && !result.note.empty() && result.note != "not analysed yet";
  });
  pattern_->setText(zone.score             ? pattern_of(board, zone.score)
                    : zone.uninterpretable ? "uninterpretable"
                    : zone.clips.empty()   ? "missing: drop a clip here"
                    : failed               ? "its clip could not be analysed"
                                           : "not analysed yet");
  if (!zone.decided_by.empty()) pattern_->setText(pattern_->text() + ", by " + q(zone.decided_by));
  rules_->setObjectName("warning");
  rules_->setText(zone.agree ? QString() : "≠ " + rules_text(board.rules, zone.by_rule));
  rules_->setToolTip("The rules disagree on this zone");
  rules_->setVisible(!zone.agree);
  score_->setAccessibleName("Score of " + zone_);
  score_->setToolTip("The zone's score: as its clips say, or your own");
  score_->addItem("as the clips say", "");
  for (const char* score : {"0", "1", "2", "3"})
    score_->addItem(QString("score %1").arg(score), score);
  score_->addItem("uninterpretable", "uninterpretable");
  score_->setCurrentIndex(std::max(0, score_->findData(q(zone.decision))));
  score_->setEnabled(writable);
  score_->setFocusPolicy(Qt::TabFocus);
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(grid, 4, grid, 4);
  line->setSpacing(grid);
  line->addWidget(badge_);
  line->addWidget(name_);
  line->addWidget(pattern_, 1);
  line->addWidget(rules_);
  line->addWidget(score_);
  pattern_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  setAccessibleName(text());
  connect(score_, &QComboBox::activated, this,
          [this](int i) { emit score_given(zone_, score_->itemData(i).toString()); });
}

QString ZoneRow::text() const {
  return QString("%1 %2: %3%4")
      .arg(zone_, badge_->text(), pattern_->text(),
           rules_->text().isEmpty() ? QString() : "; " + rules_->text());
}

void ZoneRow::set_target(bool on) {
  setStyleSheet(on ? QString("QFrame#zone_row { border: 1px solid %1; border-radius: 4px; }")
                         .arg(theme_colors().accent.name())
                   : QString());
}

void ZoneRow::mousePressEvent(QMouseEvent*) { emit chosen(zone_); }

ClipCard::ClipCard(const BoardClip& clip, const ExamBoard& board, const ClipWork& work,
                   const QString& picture, QWidget* parent)
    : QFrame(parent), id_(q(clip.clip.id)), name_(QFileInfo(q(clip.clip.file)).fileName()),
      zone_id_(q(clip.zone)), rule_(q(board.rule)), clip_(clip), work_(work), picture_(picture),
      zone_(new QToolButton(this)) {
  setFixedHeight(card_height);
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::OpenHandCursor);
  for (const RuleVerdict& r : clip.result.rules)
    if (q(r.rule) == rule_) named_ = q(r.named);
  zone_->setText((zone_id_.isEmpty() ? QString("Zone") : zone_id_) + " ▾");
  zone_->setAccessibleName("Zone of " + name_);
  zone_->setToolTip("Put the clip in a zone, take it out, open it");
  zone_->setFocusPolicy(Qt::TabFocus);
  zone_->setCursor(Qt::ArrowCursor);
  connect(zone_, &QToolButton::clicked, this,
          [this] { emit menu_requested(id_, zone_->mapToGlobal(QPoint(0, zone_->height()))); });
  setAccessibleName(text());
  setToolTip({});
}

void ClipCard::set_work(const ClipWork& work) {
  work_ = work;
  setAccessibleName(text());
  update();
}

QString ClipCard::verdict_text() const {
  if (!clip_.result.analysed) {
    if (work_.running) return QString("%1 %2 %").arg(work_.text).arg(qRound(100 * work_.fraction));
    if (work_.waiting) return "waiting to be analysed";
    if (clip_.result.note.empty()) return "not analysed yet";
    return q(clip_.result.note).replace("'" + q(clip_.clip.file) + "'", "The file");
  }
  QStringList rules;
  for (const RuleVerdict& r : clip_.result.rules) rules << q(r.rule) + " " + words(r.score);
  return rules.join(" · ");
}

QString ClipCard::text() const {
  QString out =
      QString("%1, %2: %3").arg(name_, zone_id_.isEmpty() ? "no zone" : zone_id_, verdict_text());
  if (!named_.isEmpty()) out += ", network: " + named_;
  if (!clip_.agree) out += ", the rules disagree";
  if (clip_.result.decided())
    out += QString(", %1%2, %3")
               .arg(q(std::string(name_of(clip_.result.state))),
                    clip_.result.reader.empty() ? QString() : " by " + q(clip_.result.reader),
                    clip_.result.decided_score
                        ? "score " + QString::number(*clip_.result.decided_score)
                        : QString("no score"));
  if (const QString marks = marks_text(clip_.result); !marks.isEmpty()) out += ", marked: " + marks;
  if (!clip_.change.empty()) out += ", changed since signed: " + q(clip_.change);
  return out;
}

QRect ClipCard::strip() const {
  const int left = picture_width + 2 * grid + std::max(236, width() * 36 / 100);
  return {left, grid, std::max(10, width() - left - button_width - 3 * grid), height() - 2 * grid};
}

void ClipCard::resizeEvent(QResizeEvent*) {
  zone_->setGeometry(width() - button_width - grid, (height() - 28) / 2, button_width, 28);
}

void ClipCard::paintEvent(QPaintEvent*) {
  const ThemeColors& c = theme_colors();
  QPainter painter(this);
  painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
  painter.setPen(QPen(hasFocus() || underMouse() ? c.accent : c.border, hasFocus() ? 2 : 1));
  painter.setBrush(c.raised);
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
  const QRect frame(grid, grid, picture_width, height() - 2 * grid);
  painter.fillRect(frame, c.imaging);
  if (!picture_.isNull()) {
    const QSize size = picture_.size().scaled(frame.size(), Qt::KeepAspectRatio);
    painter.drawPixmap(QRect(frame.center() - QPoint(size.width() / 2, size.height() / 2), size),
                       picture_);
  }
  paint_text(painter);
  paint_strips(painter);
}

void ClipCard::paint_text(QPainter& painter) {
  const ThemeColors& c = theme_colors();
  const int left = picture_width + 2 * grid, width = strip().left() - left - grid;
  const auto line = [&](int top, const QString& text, const QColor& ink, bool bold) {
    QFont font = this->font();
    font.setBold(bold);
    painter.setFont(font);
    painter.setPen(ink);
    painter.drawText(QRect(left, top, width, 20), Qt::AlignVCenter | Qt::AlignLeft,
                     painter.fontMetrics().elidedText(text, Qt::ElideRight, width));
  };
  line(8, name_, c.text, true);
  const bool failed = !clip_.result.analysed && work_.failed;
  line(28, verdict_text(), failed ? c.warning : c.text, false);
  const QString marks = marks_text(clip_.result);
  if (!clip_.change.empty())
    line(48, "≠ changed since signed: " + q(clip_.change), c.warning, false);
  else if (clip_.result.decided())
    line(48,
         QString("%1: %2%3")
             .arg(q(std::string(name_of(clip_.result.state))),
                  clip_.result.decided_score
                      ? "score " + QString::number(*clip_.result.decided_score)
                      : QString("no score"),
                  marks.isEmpty() ? QString() : " · " + marks),
         c.text, true);
  else if (!clip_.agree)
    line(48, "≠ the rules disagree", c.warning, false);
  else if (!marks.isEmpty())
    line(48, "marked: " + marks, c.text, false);
  else if (!named_.isEmpty())
    line(48, "network: " + named_, c.muted, false);
}

void ClipCard::paint_strips(QPainter& painter) {
  const ThemeColors& c = theme_colors();
  const QRect area = strip();
  painter.setRenderHint(QPainter::Antialiasing, false);
  if (!clip_.result.analysed) {
    if (!work_.running) return;
    painter.fillRect(QRect(area.left(), area.center().y() - 2, area.width(), 4), c.border);
    painter.fillRect(QRect(area.left(), area.center().y() - 2,
                           static_cast<int>(area.width() * work_.fraction), 4),
                     c.accent);
    return;
  }
  const auto& names = clip_.result.classes;
  const auto named = static_cast<std::size_t>(std::find_if(names.begin(), names.end(),
                                                           [&](const std::string& name) {
                                                             return !named_.isEmpty() &&
                                                                    named_.startsWith(q(name));
                                                           }) -
                                              names.begin());
  const bool shares = named < names.size();
  const int upper = shares ? area.height() * 6 / 10 : area.height() - 16;
  const QRect top(area.left(), area.top(), area.width(), upper),
      below(area.left(), area.top() + upper + 4, area.width(), area.height() - upper - 4);
  painter.fillRect(top, c.panel);
  if (shares) painter.fillRect(below, c.panel);
  const double step =
      top.width() / std::max<double>(1, static_cast<double>(clip_.result.frames.size()));
  for (std::size_t i = 0; i < clip_.result.frames.size(); ++i) {
    const ClipFrame& f = clip_.result.frames[i];
    const double x = top.left() + step * static_cast<double>(i);
    const QRectF cell(x, top.top(), std::max(1.0, step - (step > 3 ? 1 : 0)), top.height());
    if (!f.readable) {
      painter.fillRect(cell, QBrush(c.muted, Qt::BDiagPattern));
      continue;
    }
    QRectF bar = cell;
    bar.setTop(cell.bottom() - cell.height() * (f.score + 1) / 4);
    painter.fillRect(bar, score_color(f.score, dark()));
    if (!shares || named >= f.shares.size()) continue;
    QRectF share(x, below.top(), cell.width(), below.height());
    share.setTop(share.bottom() - share.height() * std::clamp(f.shares[named], 0.0, 1.0));
    painter.fillRect(share, share_color());
  }
  if (shares) return;
  QFont font = this->font();
  font.setPointSize(small_text);
  painter.setFont(font);
  painter.setPen(c.muted);
  painter.drawText(below, Qt::AlignLeft | Qt::AlignVCenter,
                   QString("%1 frames looked at").arg(clip_.result.frames.size()));
}

int ClipCard::frame_at(double x) const {
  const auto& frames = clip_.result.frames;
  const QRect area = strip();
  if (frames.empty() || area.width() < 1) return -1;
  const auto n = static_cast<double>(frames.size());
  const double at = (x - area.left()) / area.width() * n;
  return frames[static_cast<std::size_t>(std::clamp(at, 0.0, n - 1))].frame;
}

void ClipCard::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  held_ = true;
  dragging_ = false;
  pressed_ = event->position().toPoint();
}

void ClipCard::mouseMoveEvent(QMouseEvent* event) {
  if (!held_) return;
  if ((event->position().toPoint() - pressed_).manhattanLength() > 8) dragging_ = true;
  if (dragging_) emit dragged(id_, event->globalPosition().toPoint());
}

void ClipCard::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !std::exchange(held_, false)) return;
  if (std::exchange(dragging_, false)) return emit dropped(id_, event->globalPosition().toPoint());
  const QPoint at = event->position().toPoint();
  if (rect().contains(at)) emit opened(id_, strip().contains(at) ? frame_at(at.x()) : -1);
}

void ClipCard::contextMenuEvent(QContextMenuEvent* event) {
  emit menu_requested(id_, event->globalPos());
}

void ClipCard::keyPressEvent(QKeyEvent* event) { emit typed(id_, event); }

void ClipCard::focusInEvent(QFocusEvent* event) {
  QFrame::focusInEvent(event);
  update();
  emit focused(id_);
}

bool ClipCard::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {
    auto* key = static_cast<QKeyEvent*>(event); // letters and digits name a zone here
    if (key->modifiers() == Qt::NoModifier && key->key() < Qt::Key_F1 &&
        key->key() != Qt::Key_Tab && key->key() != Qt::Key_Backtab)
      event->accept();
  }
  if (event->type() == QEvent::FocusOut || event->type() == QEvent::Enter ||
      event->type() == QEvent::Leave)
    update();
  if (event->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(event);
    QString tip = text();
    if (strip().contains(help->pos())) {
      const int frame = frame_at(help->pos().x());
      for (const ClipFrame& f : clip_.result.frames) {
        if (f.frame != frame) continue;
        tip = QString("frame %1: ").arg(frame + 1) +
              (f.readable ? QString("score %1").arg(f.score) : QString("not readable"));
        for (std::size_t k = 0; k < f.shares.size(); ++k)
          tip +=
              QString(", %1 %2 %").arg(q(clip_.result.classes[k])).arg(qRound(100 * f.shares[k]));
      }
    }
    QToolTip::showText(help->globalPos(), tip, this);
    return true;
  }
  return QFrame::event(event);
}

}
