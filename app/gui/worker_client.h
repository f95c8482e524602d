// Talks to `sensorium worker` (docs/WORKER.md). The worker may crash, hang or be killed: each
// request then ends with one reply that says so, and the next request starts another worker.
#pragma once

#include <nlohmann/json.hpp>

#include <QElapsedTimer>
#include <QObject>
#include <QProcess>
#include <QTimer>

#include <functional>
#include <map>

namespace sensorium {

struct WorkerReply {
  bool ok = false;
  nlohmann::json result; // when ok
  QString code, message,
      hint; // when not; code "worker_lost" when the process ended or hung, "cancelled" when asked
  bool cancelled() const { return code == "cancelled"; }
};

class WorkerClient : public QObject {
  Q_OBJECT
public:
  using Done = std::function<void(const WorkerReply&)>;
  using Progress = std::function<void(double fraction, const QString& text)>;

  explicit WorkerClient(QString program, QStringList arguments = {"worker"},
                        QObject* parent = nullptr);
  const QString& program() const { return program_; }
  ~WorkerClient() override;
  // Starts the worker when there is none. fields: everything but id and op. Returns the id.
  int request(const std::string& op, nlohmann::json fields, Done done, Progress progress = {});
  // The reply "cancelled" comes in under a second: the worker is asked, and after 0.8 s killed.
  void cancel(int id);
  // Lets an idle worker end and free its memory; the next request starts another.
  void rest();
  bool busy() const { return !pending_.empty(); }
  // Raised whenever a new process starts: what an older one held (the last run) is gone.
  int generation() const { return generation_; }
  qint64 process_id() const { return process_ ? process_->processId() : 0; }
  void set_hang_limit(int milliseconds) { hang_limit_ = milliseconds; }

signals:
  void log_line(const QString& level, const QString& text);
  void busy_changed(bool busy);

private:
  struct Pending {
    Done done;
    Progress progress;
    bool cancelling = false;
  };
  bool start();
  void send(const nlohmann::json& line);
  void read_lines();
  void handle(nlohmann::json event);
  void finish(int id, const WorkerReply& reply);
  void lose(const QString& message);
  void check_alive();
  void drop_process();

  QString program_;
  QStringList arguments_;
  QProcess* process_ = nullptr;
  QByteArray buffer_;
  std::map<int, Pending> pending_;
  int next_id_ = 1, generation_ = 0, hang_limit_ = 15000;
  QTimer heartbeat_;
  QElapsedTimer heard_;
};

}
