// A sweep's study: its trials over their parameters, what matters, their curves, and its variants
// over seeds. All figures are those of 'sensorium jobs study', for a sweep of one's own or for a
// file that Optuna opens.
#pragma once

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTimer>
#include <QWidget>

#include <optional>

class QLabel;
class QPushButton;
class QTableWidget;
class QTabWidget;

namespace sensorium {

class CommandCall;
class ParallelPlot;
class ShareBars;
class SignalPlot;

class StudyPage : public QWidget {
  Q_OBJECT
public:
  explicit StudyPage(const QString& program, QWidget* parent = nullptr);
  // running: more comes, so it is asked again and again while the page is open.
  void show_run(const QString& token, const QString& name, bool running);
  void open_file(const QString& path);
  bool save(const QString& path); // the study as a file that Optuna opens
  bool busy() const;
  QString message() const;
  QTableWidget* trials() const { return trials_; }
  QTableWidget* variants() const { return variants_; }
  ParallelPlot* parallel() const { return parallel_; }
  ShareBars* importances() const { return bars_; }
  SignalPlot* curves() const { return curves_; }
  QTabWidget* tables() const { return tables_; }
  QString note() const;

signals:
  void closed();

protected:
  void changeEvent(QEvent* event) override;

private:
  QWidget* make_head();
  QWidget* captioned(const QString& caption, QWidget* body, QLabel* note = nullptr);
  void ask();
  void take(bool ok, const nlohmann::json& reply);
  void show_trials();
  void show_variants();
  void show_parallel();
  void show_importances();
  void show_curves();
  void choose(std::optional<int> number);
  void say(const QString& text, bool bad);

  CommandCall* call_;
  QTemporaryDir folder_;
  QString token_, file_, title_;
  bool running_ = false, follow_ = false;
  nlohmann::json study_;
  std::vector<std::size_t> order_; // of trials, best first
  std::optional<int> chosen_;
  QLabel *heading_, *message_, *importance_note_, *variants_note_;
  QPushButton* save_;
  ParallelPlot* parallel_;
  ShareBars* bars_;
  SignalPlot* curves_;
  QTabWidget* tables_;
  QTableWidget *trials_, *variants_;
  QTimer poll_;
};

}
