// The panels beside the picture: cases, where a result comes from, jobs and log.
#pragma once

#include "app/gui/case_store.h"

#include <nlohmann/json_fwd.hpp>

#include <QWidget>

class QComboBox;
class QFormLayout;
class QLabel;
class QListWidget;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;

class QLineEdit;

namespace sensorium {

class ElidedLabel;

class CasesPanel : public QWidget {
  Q_OBJECT
public:
  explicit CasesPanel(QWidget* parent = nullptr);
  void set_cases(const std::vector<CaseEntry>& cases, const std::filesystem::path& current);
  int count() const;       // listed
  int shown_count() const; // not hidden by search or state

signals:
  void case_chosen(const QString& folder);

private:
  void apply_filter();
  QListWidget* list_;
  QComboBox* state_;
  QLineEdit* search_;
  QLabel* empty_;
};

struct ProvenanceRow {
  QString name, value;
};

class ProvenancePanel : public QWidget {
  Q_OBJECT
public:
  explicit ProvenancePanel(QWidget* parent = nullptr);
  void set_content(const std::vector<ProvenanceRow>& rows, const QString& command,
                   const QStringList& notes);
  QString command() const;

private:
  QFormLayout* form_;
  QLabel* notes_;
  QPlainTextEdit* command_;
  QPushButton* copy_;
  QWidget* filled_;
  QLabel* empty_;
};

// One running job with its progress and a stop button; below, what the worker said.
class JobsPanel : public QWidget {
  Q_OBJECT
public:
  explicit JobsPanel(QWidget* parent = nullptr);
  void start(const QString& title);
  void progress(double fraction, const QString& text);
  void finish(const QString& outcome);
  void log(const QString& level, const QString& text);
  QString log_text() const;

signals:
  void cancel_requested();

private:
  ElidedLabel* title_;
  QProgressBar* bar_;
  QPushButton* stop_;
  QPlainTextEdit* log_;
};

}
