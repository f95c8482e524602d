#include "app/gui/exam_page.h"

#include "modules/view/theme.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedLayout>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace sensorium {
namespace {

QString q(const std::string& text) { return QString::fromStdString(text); }

constexpr const char* hint_words =
    "Drag a clip to a zone, or move to it with Tab and type the zone (R1). Return opens it. On the "
    "thorax: arrows choose a zone; 0 to 3 and U score it, Backspace takes that back.";

QLabel* label(const char* style, bool wrapped) {
  auto* out = new QLabel;
  out->setObjectName(style);
  out->setWordWrap(wrapped);
  return out;
}

}

ExamPage::ExamPage(ExamSession& exam, QWidget* parent)
    : QWidget(parent), exam_(exam), map_(new ZoneMap), scheme_(new QComboBox), rule_(new QComboBox),
      add_(new QPushButton("Add clips")), folder_(new QPushButton("Add folder")),
      report_(new QPushButton("Report and export")), stop_(new QPushButton("Stop")),
      sign_(new QPushButton("Sign")), again_(new QPushButton("New exam of these clips")),
      title_(label("heading", false)), signature_(label("heading", false)),
      total_(label("title", false)), rules_(label("", true)), class_(label("", true)),
      notes_(label("warning", true)), hint_(label("small", true)), progress_(label("muted", false)),
      ghost_(new QLabel(this)), legend_(label("small", true)), bar_(new QProgressBar),
      scroll_(new QScrollArea) {
  auto* rows = new QWidget;
  rows->setObjectName("panel");
  rows_ = new QVBoxLayout(rows);
  rows_->setContentsMargins(grid, grid, grid, grid);
  rows_->setSpacing(4);
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setFocusPolicy(Qt::NoFocus);
  scroll_->setWidget(rows);
  auto* split = new QSplitter(Qt::Horizontal);
  split->addWidget(build_left());
  split->addWidget(scroll_);
  split->setStretchFactor(1, 1);
  split->setSizes({420, 860});
  split->setChildrenCollapsible(false);
  board_ = split;
  empty_ = build_empty();
  auto* centre = new QWidget;
  stack_ = new QStackedLayout(centre);
  stack_->addWidget(empty_);
  stack_->addWidget(board_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(build_head());
  all->addWidget(centre, 1);
  ghost_->setObjectName("over_picture");
  ghost_->setAttribute(Qt::WA_TransparentForMouseEvents);
  ghost_->hide();
  connect(map_, &ZoneMap::score_given, &exam_, &ExamSession::score_zone);
  connect(map_, &ZoneMap::zone_chosen, this, [this](const QString& zone) {
    if (ZoneRow* found = row(zone)) scroll_->ensureWidgetVisible(found, 0, 60);
  });
  connect(&exam_, &ExamSession::changed, this, [this] { refresh(); });
  connect(&exam_, &ExamSession::progressed, this, [this] { refresh_progress(); });
}

QWidget* ExamPage::build_head() {
  auto* head = new QFrame;
  head->setObjectName("tools");
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(grid, 6, grid, 6);
  line->setSpacing(grid);
  scheme_->setAccessibleName("Zone scheme");
  scheme_->setToolTip("Zones of the examination");
  rule_->setAccessibleName("Rule");
  rule_->setToolTip("How frames become a clip's score and class; all rules are shown");
  stop_->setToolTip("Stop the analysis; clips that are done stay");
  bar_->setTextVisible(false);
  bar_->setFixedSize(96, 6);
  bar_->setAccessibleName("Progress");
  auto* close = new QPushButton("Close");
  close->setToolTip("Close the exam; it is in the list of the start page");
  sign_->setToolTip("Freeze the exam, and name the state of every clip as it is now");
  again_->setToolTip("Begin a new exam with the same clips, zones and scores");
  line->addWidget(title_);
  line->addWidget(signature_);
  line->addSpacing(grid);
  line->addWidget(scheme_);
  line->addWidget(rule_);
  line->addWidget(add_);
  line->addWidget(folder_);
  line->addSpacing(grid);
  line->addWidget(bar_);
  line->addWidget(progress_);
  line->addWidget(stop_);
  line->addStretch(1);
  line->addWidget(again_);
  line->addWidget(sign_);
  line->addWidget(report_);
  line->addWidget(close);
  connect(close, &QPushButton::clicked, this, &ExamPage::closed);
  connect(add_, &QPushButton::clicked, this, &ExamPage::clips_wanted);
  connect(folder_, &QPushButton::clicked, this, &ExamPage::folder_wanted);
  connect(report_, &QPushButton::clicked, this, &ExamPage::report_wanted);
  connect(sign_, &QPushButton::clicked, this, &ExamPage::sign_wanted);
  connect(again_, &QPushButton::clicked, this, &ExamPage::again_wanted);
  connect(stop_, &QPushButton::clicked, &exam_, &ExamSession::stop);
  connect(scheme_, &QComboBox::activated, this,
          [this](int i) { exam_.choose_scheme(scheme_->itemData(i).toString()); });
  connect(rule_, &QComboBox::activated, this,
          [this](int i) { exam_.choose_rule(rule_->itemData(i).toString()); });
  return head;
}

QWidget* ExamPage::build_left() {
  auto* side = new QWidget;
  side->setObjectName("panel");
  side->setAttribute(Qt::WA_StyledBackground);
  side->setMinimumWidth(300);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(6);
  legend_->setTextFormat(Qt::RichText);
  rules_->setTextFormat(Qt::RichText);
  column->addWidget(map_, 1);
  column->addWidget(legend_);
  column->addWidget(total_);
  column->addWidget(rules_);
  column->addWidget(class_);
  column->addWidget(notes_);
  column->addWidget(hint_);
  return side;
}

QWidget* ExamPage::build_empty() {
  auto* page = new QWidget;
  page->setObjectName("panel");
  page->setAttribute(Qt::WA_StyledBackground);
  auto* heading = label("title", false);
  heading->setText("The clips of one examination");
  auto* what = label("muted", false);
  what->setText("Add the lung ultrasound clips of one patient, or the folder that holds them.\n"
                "They are analysed while you sort them into zones.\n"
                "A file name that holds a zone (patient_R1.mp4) is sorted already.");
  auto* clips = new QPushButton("Add clips");
  clips->setProperty("next", true);
  auto* folder = new QPushButton("Add folder");
  auto* drop = label("muted", false);
  drop->setText("or drop them here");
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(grid);
  for (QWidget* w :
       {static_cast<QWidget*>(clips), static_cast<QWidget*>(folder), static_cast<QWidget*>(drop)})
    buttons->addWidget(w);
  buttons->addStretch(1);
  auto* column = new QVBoxLayout;
  column->setSpacing(grid);
  column->addWidget(heading);
  column->addWidget(what);
  column->addSpacing(grid);
  column->addLayout(buttons);
  auto* all = new QVBoxLayout(page);
  all->setContentsMargins(48, 64, 48, 48);
  all->addLayout(column);
  all->addStretch(1);
  connect(clips, &QPushButton::clicked, this, &ExamPage::clips_wanted);
  connect(folder, &QPushButton::clicked, this, &ExamPage::folder_wanted);
  return page;
}

void ExamPage::showEvent(QShowEvent*) {
  if (stale_) refresh();
}

void ExamPage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::StyleChange && !quiet_) {
    stale_ = true; // badges hold colours of the theme
    if (isVisible()) QMetaObject::invokeMethod(this, [this] { refresh(); }, Qt::QueuedConnection);
  }
}

void ExamPage::refresh() {
  if (!isVisible()) {
    stale_ = true;
    return;
  }
  stale_ = false;
  quiet_ = true;
  const ExamBoard& board = exam_.board();
  title_->setText(exam_.is_open() ? "Exam of " + QLocale().toString(exam_.created().toLocalTime(),
                                                                    "d MMM yyyy, hh:mm")
                                  : QString("Exam"));
  stack_->setCurrentWidget(board.clips.empty() ? empty_ : board_);
  map_->set_board(board);
  refresh_boxes();
  refresh_sums();
  refresh_rows();
  refresh_progress();
  show_hint();
  quiet_ = false;
}

void ExamPage::refresh_boxes() {
  const ExamBoard& board = exam_.board();
  const QSignalBlocker scheme(scheme_), rule(rule_);
  scheme_->clear();
  for (const ZoneScheme& one : exam_.schemes()) scheme_->addItem(q(one.title), q(one.id));
  scheme_->setCurrentIndex(scheme_->findData(q(board.scheme.id)));
  rule_->clear();
  for (const std::string& one : board.rules) rule_->addItem("rule: " + q(one), q(one));
  rule_->setCurrentIndex(rule_->findData(q(board.rule)));
  const bool writable = exam_.can_change(), filled = !board.clips.empty();
  for (QWidget* w : {static_cast<QWidget*>(scheme_), static_cast<QWidget*>(rule_),
                     static_cast<QWidget*>(add_), static_cast<QWidget*>(folder_)})
    w->setEnabled(writable);
  for (QWidget* w : {static_cast<QWidget*>(scheme_), static_cast<QWidget*>(rule_)})
    w->setVisible(filled);
  for (QWidget* w : {static_cast<QWidget*>(add_), static_cast<QWidget*>(folder_)})
    w->setVisible(filled && !exam_.is_signed());
  report_->setVisible(board.analysed > 0);
  sign_->setVisible(filled && !exam_.is_signed());
  sign_->setEnabled(writable && !exam_.busy());
  again_->setVisible(exam_.is_signed());
  signature_->setVisible(exam_.is_signed());
  signature_->setObjectName(board.changed.empty() ? "heading" : "warning");
  signature_->setText(board.changed.empty() ? "✓ " + exam_.signature_text()
                                            : "≠ changed since it was " + exam_.signature_text());
  signature_->style()->unpolish(signature_);
  signature_->style()->polish(signature_);
}

void ExamPage::refresh_sums() {
  const ExamBoard& board = exam_.board();
  const bool all = board.missing.empty();
  total_->setText(QString("%1 of %2").arg(board.total).arg(board.most()));
  if (!all) total_->setText("At least " + total_->text());
  total_->setToolTip(QString("Sum over %1 of %2 zones under the rule '%3'")
                         .arg(board.seen)
                         .arg(board.zones.size())
                         .arg(q(board.rule)));
  QStringList rules, classes;
  for (std::size_t r = 0; r < board.rules.size(); ++r) {
    const QString text = q(board.rules[r]) + " " + QString::number(board.totals[r]);
    rules << (board.rules[r] == board.rule ? "<b>" + text + "</b>" : text);
    if (!board.class_by_rule[r].empty())
      classes << q(board.rules[r]) + " " + q(board.class_by_rule[r]);
  }
  rules_->setText("Total under each rule: " + rules.join(" · "));
  QStringList distinct;
  for (const std::string& name : board.class_by_rule)
    if (!name.empty() && !distinct.contains(q(name))) distinct << q(name);
  class_->setText(distinct.size() == 1 ? "Network: " + distinct.front() + " under each rule"
                                       : "Network: " + classes.join(" · "));
  class_->setVisible(!classes.isEmpty());
  QStringList notes;
  for (const std::string& note : board.notes(true)) notes << q(note);
  if (exam_.read_only() && exam_.is_open())
    notes.prepend("Read-only here: " + exam_.read_only_reason() + ".");
  notes_->setText(notes.join("\n"));
  notes_->setVisible(!notes.isEmpty());
  QStringList legend;
  const bool dark = current_theme() == Theme::Dark;
  for (std::size_t s = 0; s < board.patterns.size(); ++s)
    legend << QString("<span style='color:%1'>■</span> %2 %3")
                  .arg(score_color(static_cast<int>(s), dark).name())
                  .arg(s)
                  .arg(q(board.patterns[s]));
  legend << "╌ missing";
  if (!classes.isEmpty())
    legend << QString("<span style='color:%1'>■</span> share of the class named")
                  .arg(dark ? "#35b592" : "#007a58");
  legend_->setText(legend.join("&nbsp;&nbsp; "));
}

void ExamPage::add_card(std::size_t index) {
  const ExamBoard& board = exam_.board();
  const BoardClip& clip = board.clips[index];
  const QString id = q(clip.clip.id);
  auto* card = new ClipCard(clip, board, exam_.work_of(id), exam_.picture_of(id));
  rows_->addWidget(card);
  cards_.push_back(card);
  connect(card, &ClipCard::opened, this, &ExamPage::clip_opened);
  connect(card, &ClipCard::dragged, this, &ExamPage::drag);
  connect(card, &ClipCard::dropped, this, &ExamPage::drop);
  connect(card, &ClipCard::menu_requested, this, &ExamPage::show_menu);
  connect(card, &ClipCard::typed, this, &ExamPage::type);
  connect(card, &ClipCard::focused, this, [this](const QString& one) {
    if (quiet_) return; // rows are being made anew
    if (focus_ != one) typing_.clear();
    focus_ = one;
    show_hint();
  });
}

void ExamPage::refresh_rows() {
  const int at = scroll_->verticalScrollBar()->value();
  const QWidget* focus = window()->focusWidget();
  const bool had_focus = std::find(cards_.begin(), cards_.end(), focus) != cards_.end();
  while (QLayoutItem* item = rows_->takeAt(0)) {
    if (item->widget()) {
      item->widget()->hide();
      item->widget()->deleteLater();
    }
    delete item;
  }
  zone_rows_.clear();
  cards_.clear();
  unplaced_ = nullptr;
  const ExamBoard& board = exam_.board();
  if (!board.unplaced.empty()) {
    unplaced_ = label("heading", false);
    unplaced_->setText("In no zone");
    unplaced_->setContentsMargins(grid, 4, grid, 4);
    rows_->addWidget(unplaced_);
    for (const std::size_t i : board.unplaced) add_card(i);
  }
  for (const BoardZone& zone : board.zones) {
    auto* line = new ZoneRow(zone, board, exam_.can_change());
    rows_->addWidget(line);
    zone_rows_.push_back(line);
    connect(line, &ZoneRow::score_given, &exam_, &ExamSession::score_zone, Qt::QueuedConnection);
    connect(line, &ZoneRow::chosen, map_, &ZoneMap::choose);
    for (const std::size_t i : zone.clips) add_card(i);
  }
  rows_->addStretch(1);
  if (ClipCard* again = card(focus_); again && had_focus) {
    again->show(); // what is not in sight takes no focus
    again->setFocus();
  }
  scroll_->verticalScrollBar()->setValue(at);
}

void ExamPage::refresh_progress() {
  if (!isVisible()) return;
  for (ClipCard* card : cards_) card->set_work(exam_.work_of(card->clip()));
  const bool running = exam_.running();
  const auto clips = static_cast<int>(exam_.board().clips.size());
  bar_->setRange(0, std::max(1, clips));
  bar_->setValue(exam_.board().analysed);
  bar_->setVisible(running);
  stop_->setVisible(running);
  progress_->setText(clips > 0 ? exam_.progress_text() : QString());
  progress_->setVisible(!exam_.is_signed() || running);
  sign_->setEnabled(exam_.can_change() && !exam_.busy());
}

ClipCard* ExamPage::card(const QString& clip) const {
  for (ClipCard* card : cards_)
    if (card->clip() == clip) return card;
  return nullptr;
}

ZoneRow* ExamPage::row(const QString& zone) const {
  for (ZoneRow* row : zone_rows_)
    if (row->zone() == zone) return row;
  return nullptr;
}

std::optional<QString> ExamPage::target_at(const QPoint& global) const {
  if (map_->rect().contains(map_->mapFromGlobal(global))) {
    const QString zone = map_->zone_at(map_->mapFromGlobal(global));
    return zone.isEmpty() ? std::nullopt : std::optional(zone);
  }
  if (!scroll_->viewport()->rect().contains(scroll_->viewport()->mapFromGlobal(global)))
    return std::nullopt;
  const QWidget* list = scroll_->widget();
  const int y = list->mapFromGlobal(global).y();
  std::optional<QString> found;
  if (unplaced_ && y >= unplaced_->y()) found = QString();
  for (const ZoneRow* row : zone_rows_)
    if (y >= row->y()) found = row->zone();
  return found;
}

void ExamPage::drag(const QString& clip, const QPoint& global) {
  const std::optional<QString> target = target_at(global);
  map_->set_target(target.value_or(QString()));
  for (ZoneRow* row : zone_rows_) row->set_target(target && row->zone() == *target);
  for (const BoardClip& c : exam_.board().clips)
    if (q(c.clip.id) == clip)
      ghost_->setText(QString("%1 → %2").arg(QFileInfo(q(c.clip.file)).fileName(),
                                             !target             ? "nowhere"
                                             : target->isEmpty() ? "no zone"
                                                                 : *target));
  ghost_->adjustSize();
  ghost_->move(mapFromGlobal(global) + QPoint(12, 12));
  ghost_->raise();
  ghost_->show();
}

void ExamPage::drop(const QString& clip, const QPoint& global) {
  const std::optional<QString> target = target_at(global);
  ghost_->hide();
  map_->set_target({});
  for (ZoneRow* row : zone_rows_) row->set_target(false);
  focus_ = clip;
  // The card goes with the change; its own event must end first.
  if (target)
    QMetaObject::invokeMethod(
        this, [this, clip, zone = *target] { exam_.assign(clip, zone); }, Qt::QueuedConnection);
}

void ExamPage::show_menu(const QString& clip, const QPoint& global) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  const bool writable = exam_.can_change();
  QAction* open =
      menu->addAction("Open the clip", this, [this, clip] { emit clip_opened(clip, -1); });
  open->setEnabled(!exam_.case_of(clip).isEmpty());
  if (exam_.work_of(clip).failed)
    menu->addAction("Analyse again", this, [this, clip] { exam_.retry(clip); });
  menu->addSeparator();
  QString now;
  for (const BoardClip& c : exam_.board().clips)
    if (q(c.clip.id) == clip) now = q(c.zone);
  for (const BoardZone& zone : exam_.board().zones) {
    QAction* choice =
        menu->addAction(QString("%1  %2").arg(q(zone.zone.id), q(zone.zone.title)), this,
                        [this, clip, id = q(zone.zone.id)] { exam_.assign(clip, id); });
    choice->setCheckable(true);
    choice->setChecked(q(zone.zone.id) == now);
    choice->setEnabled(writable);
  }
  QAction* none = menu->addAction("No zone", this, [this, clip] { exam_.assign(clip, {}); });
  none->setEnabled(writable && !now.isEmpty());
  menu->addSeparator();
  menu->addAction("Take out of the exam", this, [this, clip] { exam_.remove(clip); })
      ->setEnabled(writable);
  menu->popup(global);
}

void ExamPage::step(const QString& clip, int by) {
  for (std::size_t i = 0; i < cards_.size(); ++i) {
    if (cards_[i]->clip() != clip) continue;
    const auto to = static_cast<std::ptrdiff_t>(i) + by;
    if (to < 0 || to >= static_cast<std::ptrdiff_t>(cards_.size())) return;
    ClipCard* next = cards_[static_cast<std::size_t>(to)];
    next->setFocus();
    scroll_->ensureWidgetVisible(next, 0, 40);
    return;
  }
}

// A zone's name is taken as soon as no other begins with it; else Return says that it is whole.
void ExamPage::type_zone(const QString& clip, const QString& text, bool confirm) {
  int longer = 0;
  bool whole = false;
  for (const BoardZone& zone : exam_.board().zones) {
    const QString id = q(zone.zone.id);
    whole = whole || id.compare(text, Qt::CaseInsensitive) == 0;
    longer += id.size() > text.size() && id.startsWith(text, Qt::CaseInsensitive);
  }
  if (whole && (longer == 0 || confirm)) {
    typing_.clear();
    const Zone* zone = find_zone(exam_.board().scheme, text.toStdString());
    QMetaObject::invokeMethod(
        this, [this, clip, id = q(zone->id)] { exam_.assign(clip, id); }, Qt::QueuedConnection);
  } else if (whole || longer > 0) {
    typing_ = text.toUpper();
  } else {
    typing_.clear(); // no zone begins so
  }
  show_hint();
}

void ExamPage::type(const QString& clip, QKeyEvent* event) {
  const int key = event->key();
  if (key == Qt::Key_Return || key == Qt::Key_Enter) {
    if (!typing_.isEmpty()) return type_zone(clip, QString(typing_), true);
    return emit clip_opened(clip, -1);
  }
  if (key == Qt::Key_Up || key == Qt::Key_Down) return step(clip, key == Qt::Key_Down ? 1 : -1);
  if (key == Qt::Key_Escape) {
    if (typing_.isEmpty()) return event->ignore();
    typing_.clear();
    return show_hint();
  }
  if (key == Qt::Key_Menu && card(clip))
    return show_menu(clip, card(clip)->mapToGlobal(QPoint(grid, grid)));
  if (!exam_.can_change()) return;
  if (key == Qt::Key_Backspace && !typing_.isEmpty()) {
    typing_.chop(1);
    return show_hint();
  }
  const auto later = [this](auto work) {
    QMetaObject::invokeMethod(this, work, Qt::QueuedConnection);
  };
  if (key == Qt::Key_Backspace) return later([this, clip] { exam_.assign(clip, {}); });
  if (key == Qt::Key_Delete) return later([this, clip] { exam_.remove(clip); });
  const QString text = event->text();
  if (event->modifiers() & (Qt::ControlModifier | Qt::AltModifier) || text.size() != 1 ||
      !text[0].isLetterOrNumber())
    return event->ignore();
  type_zone(clip, typing_ + text, false);
}

void ExamPage::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) return emit closed();
  QWidget::keyPressEvent(event);
}

void ExamPage::show_hint() {
  hint_->setText(
      exam_.is_signed()   ? QString("A signed exam stays as it is. Return or a click opens a "
                                      "clip; what is changed there is shown here.")
      : typing_.isEmpty() ? QString(hint_words)
                          : QString("Zone: %1_   Return takes it, Escape drops it.").arg(typing_));
}

QString ExamPage::total_text() const { return total_->text(); }
QString ExamPage::rules_text() const { return rules_->text().remove("<b>").remove("</b>"); }
QString ExamPage::notes_text() const { return notes_->text(); }
QString ExamPage::hint_text() const { return hint_->text(); }
QString ExamPage::signature_text() const {
  return exam_.is_signed() ? signature_->text() : QString();
}

}
