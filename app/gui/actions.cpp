#include "app/gui/actions.h"
#include "modules/view/theme.h"

#include <QHeaderView>
#include <QKeySequenceEdit>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QTableWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace sensorium {

ActionSet::ActionSet(QWidget* window) : QObject(window), window_(window) {}

QAction* ActionSet::insert(const QString& id, const QString& text, const QString& icon_name,
                           const QString& keys, const QString& group) {
  auto* action = new QAction(text, this);
  action->setObjectName(id);
  action->setProperty("icon_name", icon_name);
  action->setProperty("default_keys", keys);
  action->setProperty("group", group);
  if (!icon_name.isEmpty()) action->setIcon(icon(icon_name));
  const QString chosen = QSettings().value("shortcuts/" + id, keys).toString();
  action->setShortcut(QKeySequence(chosen));
  action->setShortcutContext(Qt::WindowShortcut);
  show_keys(action);
  window_->addAction(action);
  actions_.push_back(action);
  return action;
}

QAction* ActionSet::add(const QString& id, const QString& text, const QString& icon_name,
                        const QString& keys, std::function<void()> run, const QString& group) {
  QAction* action = insert(id, text, icon_name, keys, group);
  connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
  return action;
}

QAction* ActionSet::add_toggle(const QString& id, const QString& text, const QString& icon_name,
                               const QString& keys, bool on, std::function<void(bool)> run,
                               const QString& group) {
  QAction* action = insert(id, text, icon_name, keys, group);
  action->setCheckable(true);
  action->setChecked(on);
  connect(action, &QAction::toggled, this, [run = std::move(run)](bool checked) { run(checked); });
  return action;
}

QAction* ActionSet::find(const QString& id) const {
  for (QAction* action : actions_)
    if (action->objectName() == id) return action;
  return nullptr;
}

QString ActionSet::default_keys(const QAction* action) const {
  return action->property("default_keys").toString();
}

void ActionSet::show_keys(QAction* action) {
  const QString keys = action->shortcut().toString(QKeySequence::NativeText);
  action->setToolTip(keys.isEmpty() ? action->text()
                                    : QString("%1 (%2)").arg(action->text(), keys));
}

QAction* ActionSet::set_keys(QAction* action, const QKeySequence& keys) {
  QAction* loser = nullptr;
  for (QAction* other : actions_)
    if (other != action && !keys.isEmpty() && other->shortcut() == keys) {
      loser = other;
      set_keys(other, {});
    }
  action->setShortcut(keys);
  QSettings().setValue("shortcuts/" + action->objectName(),
                       keys.toString(QKeySequence::PortableText));
  show_keys(action);
  return loser;
}

void ActionSet::reset_keys() {
  for (QAction* action : actions_) {
    QSettings().remove("shortcuts/" + action->objectName());
    action->setShortcut(QKeySequence(default_keys(action)));
    show_keys(action);
  }
}

void ActionSet::refresh_icons() {
  for (QAction* action : actions_)
    if (const QString name = action->property("icon_name").toString(); !name.isEmpty())
      action->setIcon(icon(name));
}

QToolButton* tool_button(QAction* action) {
  auto* button = new QToolButton;
  button->setDefaultAction(action);
  button->setAutoRaise(true);
  button->setIconSize({20, 20});
  button->setAccessibleName(action->text());
  button->setFocusPolicy(Qt::TabFocus);
  return button;
}

ShortcutsDialog::ShortcutsDialog(ActionSet& actions, QWidget* parent)
    : QDialog(parent), actions_(actions), table_(new QTableWidget) {
  setWindowTitle("Keyboard shortcuts");
  resize(520, 560);
  table_->setColumnCount(2);
  table_->setAccessibleName("Actions and their keys");
  table_->setHorizontalHeaderLabels({"Action", "Keys"});
  table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  table_->setColumnWidth(1, 160);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(34);
  table_->setShowGrid(false);
  table_->setSelectionMode(QAbstractItemView::NoSelection);
  auto* hint = new QLabel(
      "Click a field and press the new keys. Keys that another action had are taken from it.");
  hint->setObjectName("muted");
  hint->setWordWrap(true);
  auto* reset = new QPushButton("Restore defaults");
  auto* close = new QPushButton("Close");
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(reset);
  buttons->addStretch(1);
  buttons->addWidget(close);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(16, 16, 16, 16);
  all->setSpacing(grid);
  all->addWidget(hint);
  all->addWidget(table_, 1);
  all->addLayout(buttons);
  connect(close, &QPushButton::clicked, this, &QDialog::accept);
  connect(reset, &QPushButton::clicked, this, [this] {
    actions_.reset_keys();
    fill();
  });
  fill();
}

void ShortcutsDialog::fill() {
  table_->setRowCount(static_cast<int>(actions_.all().size()));
  int row = 0;
  for (QAction* action : actions_.all()) {
    auto* name = new QTableWidgetItem(action->text());
    name->setFlags(Qt::ItemIsEnabled);
    table_->setItem(row, 0, name);
    auto* edit = new QKeySequenceEdit(action->shortcut());
    edit->setAccessibleName("Keys of " + action->text());
    connect(edit, &QKeySequenceEdit::editingFinished, this, [this, action, edit] {
      if (edit->keySequence() == action->shortcut()) return;
      if (actions_.set_keys(action, edit->keySequence())) fill();
    });
    table_->setCellWidget(row++, 1, edit);
  }
}

}
