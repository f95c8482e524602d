// Every action and parameter by name (Ctrl+K): type a few letters, Enter.
#pragma once

#include <QDialog>
#include <QKeySequence>
#include <QList>

#include <functional>

class QLabel;
class QLineEdit;
class QListWidget;

namespace sensorium {

struct PaletteEntry {
  QString text, group, keys;
  std::function<void()> run;
};

class CommandPalette : public QDialog {
  Q_OBJECT
public:
  explicit CommandPalette(QWidget* parent = nullptr);
  void open_with(QList<PaletteEntry> entries, const QString& typed = {});
  int shown_count() const;

protected:
  bool eventFilter(QObject* object, QEvent* event) override;

private:
  void refresh();
  void choose();
  QLineEdit* edit_;
  QListWidget* list_;
  QLabel* none_;
  QList<PaletteEntry> entries_;
};

// How well typed letters fit a text: they occur in order; word starts count more. Negative: not at
// all.
int match_score(const QString& typed, const QString& text);

}
