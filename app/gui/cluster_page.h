// Runs on clusters: what has become of each, and sending the open recording there. Every step is a
// call of the command line ('sensorium jobs', 'submit', 'site'; docs/CLUSTER.md), in a process of
// its own: a slow or lost connection never holds the window, and the window knows nothing that a
// terminal would not.
#pragma once

#include <nlohmann/json.hpp>

#include <QDialog>
#include <QTimer>
#include <QWidget>

#include <functional>
#include <memory>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QSpinBox;
class QTableWidget;
class QTemporaryDir;

namespace sensorium {

// Calls the command line and gives what it prints with --json.
class CommandCall : public QObject {
  Q_OBJECT
public:
  // ok: the exit status was 0. Otherwise reply has {"error": {"message", "hint"}}.
  using Done = std::function<void(bool ok, const nlohmann::json& reply)>;
  explicit CommandCall(QString program, QObject* parent = nullptr);
  // A call ends with the object.
  void start(const QStringList& words, Done done);
  bool busy() const { return running_ > 0; }

signals:
  void busy_changed(bool busy);

private:
  QString program_;
  int running_ = 0;
};

class ClusterPage : public QWidget {
  Q_OBJECT
public:
  explicit ClusterPage(const QString& program, QWidget* parent = nullptr);
  // The recipe of the open recording and its name; empty: there is nothing to send.
  void set_case(const QString& name, const nlohmann::json& recipe);
  void refresh();
  void send(); // opens the dialog
  QTableWidget* table() const { return table_; }
  QString log_text() const;
  QString message() const;
  bool busy() const { return call_->busy(); }
  const nlohmann::json& runs() const { return runs_; }

signals:
  void closed();
  void case_fetched(const QString& folder); // a result folder

protected:
  void showEvent(QShowEvent*) override;

private:
  void show_runs(const nlohmann::json& runs);
  void show_run();
  void read_log();
  void ask_cancel();
  void fetch();
  void retry();
  void say(const QString& text, bool bad);
  void say_error(const nlohmann::json& reply);
  const nlohmann::json* chosen() const;
  void on_chosen(const QStringList& before, const QStringList& after, const QString& news);

  CommandCall* call_;
  QString program_, name_;
  nlohmann::json recipe_, runs_ = nlohmann::json::array();
  QTableWidget* table_;
  QPlainTextEdit* log_;
  QLabel *words_, *message_, *empty_;
  QPushButton *send_, *cancel_, *fetch_, *retry_;
  QTimer poll_;
};

// Where to, what the job needs, and what leaves this computer.
class SendDialog : public QDialog {
  Q_OBJECT
public:
  SendDialog(const QString& program, const QString& name, const nlohmann::json& recipe,
             QWidget* parent);
  bool sent() const { return sent_; }
  QString site() const;
  QString message() const;
  QTableWidget* files() const { return files_; }
  QPushButton* send_button() const { return send_; }

private:
  void take_sites(bool ok, const nlohmann::json& reply);
  void preview();
  void send();
  void say(const QString& text, bool bad);
  QStringList words(bool dry) const;

  CommandCall* call_;
  QString recipe_file_;
  std::shared_ptr<QTemporaryDir> folder_;
  QComboBox* site_;
  QLineEdit* name_;
  QSpinBox *minutes_, *cpus_, *gpus_, *memory_;
  QCheckBox* patient_;
  QTableWidget* files_;
  QLabel* message_;
  QPushButton* send_;
  QTimer delay_;
  int asked_ = 0; // the last preview asked for
  bool sent_ = false;
};

}
