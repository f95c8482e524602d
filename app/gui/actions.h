// Every action of the window, once: name, icon, key. From here come buttons, menus, tooltips, the
// palette, scripts and the table of shortcuts, which can be changed and persist.
#pragma once

#include <QAction>
#include <QDialog>
#include <QObject>

#include <functional>
#include <vector>

class QTableWidget;
class QToolButton;

namespace sensorium {

class ActionSet : public QObject {
  Q_OBJECT
public:
  explicit ActionSet(QWidget* window);
  // id: stable, used in settings and scripts. keys: "Ctrl+O"; empty: none.
  QAction* add(const QString& id, const QString& text, const QString& icon_name,
               const QString& keys, std::function<void()> run, const QString& group = {});
  QAction* add_toggle(const QString& id, const QString& text, const QString& icon_name,
                      const QString& keys, bool on, std::function<void(bool)> run,
                      const QString& group = {});
  QAction* find(const QString& id) const; // null when there is none
  const std::vector<QAction*>& all() const { return actions_; }
  QString default_keys(const QAction* action) const;
  // Returns the action that has the keys already, which then loses them.
  QAction* set_keys(QAction* action, const QKeySequence& keys);
  void reset_keys();
  void refresh_icons(); // after a change of theme

private:
  QAction* insert(const QString& id, const QString& text, const QString& icon_name,
                  const QString& keys, const QString& group);
  void show_keys(QAction* action);
  QWidget* window_;
  std::vector<QAction*> actions_;
};

// The button of an action in a row of tools: its icon alone, named for screen readers, reached by
// Tab. Owned by the caller.
QToolButton* tool_button(QAction* action);

class ShortcutsDialog : public QDialog {
  Q_OBJECT
public:
  ShortcutsDialog(ActionSet& actions, QWidget* parent);

private:
  void fill();
  ActionSet& actions_;
  QTableWidget* table_;
};

}
