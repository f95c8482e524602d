#include "modules/view/command_palette.h"
#include "modules/view/theme.h"

#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>

namespace sensorium {

int match_score(const QString& typed, const QString& text) {
  const QString wanted = typed.simplified().toLower();
  QString initials;
  for (qsizetype i = 0; i < text.size(); ++i)
    if (text[i].isLetterOrNumber() && (i == 0 || !text[i - 1].isLetterOrNumber()))
      initials += text[i].toLower();
  int score = 0;
  qsizetype at = 0;
  for (const QChar c : wanted) {
    if (c == ' ') continue;
    const qsizetype found = text.indexOf(c, at, Qt::CaseInsensitive);
    if (found < 0) return -1;
    score += found == at ? 2 : 0;
    at = found + 1;
  }
  const qsizetype whole = text.indexOf(wanted, 0, Qt::CaseInsensitive);
  if (whole >= 0) score += whole == 0 || !text[whole - 1].isLetterOrNumber() ? 80 : 20;
  if (!wanted.isEmpty() && initials.startsWith(wanted)) score += 40;
  return score;
}

namespace {

constexpr int keys_role = Qt::UserRole + 1;

// The name at the left, its keys at the right.
class EntryDelegate : public QStyledItemDelegate {
public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option,
             const QModelIndex& index) const override {
    QStyledItemDelegate::paint(painter, option, index);
    painter->setPen(theme_colors().muted);
    painter->drawText(option.rect.adjusted(0, 0, -12, 0), Qt::AlignRight | Qt::AlignVCenter,
                      index.data(keys_role).toString());
  }
};

}

CommandPalette::CommandPalette(QWidget* parent)
    : QDialog(parent, Qt::Popup | Qt::FramelessWindowHint), edit_(new QLineEdit),
      list_(new QListWidget), none_(new QLabel("No command has these letters in this order.")) {
  setObjectName("palette");
  setAccessibleName("Commands");
  edit_->setPlaceholderText("Type a command or a parameter");
  edit_->setAccessibleName("Command");
  edit_->installEventFilter(this);
  list_->setAccessibleName("Commands found");
  list_->setFocusPolicy(Qt::NoFocus);
  list_->setItemDelegate(new EntryDelegate(list_));
  list_->setUniformItemSizes(true);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(grid, grid, grid, grid);
  all->setSpacing(grid);
  all->addWidget(edit_);
  all->addWidget(list_);
  none_->setObjectName("muted");
  none_->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
  all->addWidget(none_, 1);
  connect(edit_, &QLineEdit::textChanged, this, [this] { refresh(); });
  connect(list_, &QListWidget::itemClicked, this, [this] { choose(); });
}

void CommandPalette::open_with(QList<PaletteEntry> entries, const QString& typed) {
  entries_ = std::move(entries);
  edit_->setText(typed);
  refresh();
  resize(520, 400);
  if (QWidget* window = parentWidget()) {
    const QPoint middle = window->mapToGlobal(QPoint(window->width() / 2, 56));
    move(middle.x() - width() / 2, middle.y());
  }
  show();
  edit_->setFocus();
}

int CommandPalette::shown_count() const { return list_->count(); }

void CommandPalette::refresh() {
  std::vector<std::pair<int, int>> order; // minus score, index
  for (int i = 0; i < entries_.size(); ++i)
    if (const int score = match_score(edit_->text(), entries_[i].text); score >= 0)
      order.emplace_back(-score, i);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  list_->clear();
  for (const auto& [score, i] : order) {
    const PaletteEntry& e = entries_[i];
    auto* item = new QListWidgetItem(e.text, list_);
    item->setData(Qt::UserRole, i);
    item->setToolTip(e.group);
    item->setData(Qt::AccessibleTextRole, e.keys.isEmpty() ? e.text : e.text + ", " + e.keys);
    item->setData(keys_role, e.keys);
  }
  list_->setCurrentRow(0);
  list_->setVisible(list_->count() > 0);
  none_->setVisible(list_->count() == 0);
}

void CommandPalette::choose() {
  const QListWidgetItem* item = list_->currentItem();
  if (!item) return;
  const auto run = entries_[item->data(Qt::UserRole).toInt()].run;
  hide();
  if (run) run();
}

bool CommandPalette::eventFilter(QObject* object, QEvent* event) {
  if (object != edit_ || event->type() != QEvent::KeyPress) return false;
  const int key = static_cast<QKeyEvent*>(event)->key();
  const int step = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : 0;
  if (step != 0 && list_->count() > 0) {
    list_->setCurrentRow(std::clamp(list_->currentRow() + step, 0, list_->count() - 1));
    return true;
  }
  if (key == Qt::Key_Return || key == Qt::Key_Enter) {
    choose();
    return true;
  }
  return false;
}

}
