#include "app/gui/worker_client.h"

#include "app/gui/json_fields.h"

#include <QFileInfo>

#include <csignal>

namespace sensorium {
namespace {

constexpr int kill_after_ms = 800;
constexpr qsizetype longest_line = 64 << 20;

}

WorkerClient::WorkerClient(QString program, QStringList arguments, QObject* parent)
    : QObject(parent), program_(std::move(program)), arguments_(std::move(arguments)) {
  heartbeat_.setInterval(1000);
  connect(&heartbeat_, &QTimer::timeout, this, [this] { check_alive(); });
}

WorkerClient::~WorkerClient() {
  pending_.clear();
  const auto processes =
      findChildren<QProcess*>(); // the present one, and those that were ended a moment ago
  for (QProcess* process : processes) process->disconnect();
  if (process_) {
    process_->closeWriteChannel();
    if (!process_->waitForFinished(300)) process_->kill();
  }
  for (QProcess* process : processes) process->waitForFinished(500);
}

bool WorkerClient::start() {
  if (process_ && process_->state() != QProcess::NotRunning) return true;
  drop_process();
  buffer_.clear();
  process_ = new QProcess(this);
  connect(process_, &QProcess::readyReadStandardOutput, this, [this] { read_lines(); });
  connect(process_, &QProcess::readyReadStandardError, this, [this] {
    const QString text = QString::fromUtf8(process_->readAllStandardError()).trimmed();
    if (!text.isEmpty()) emit log_line("info", text.right(2000));
  });
  connect(process_, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
    if (error == QProcess::FailedToStart)
      lose(QString("The worker could not be started: %1").arg(QFileInfo(program_).filePath()));
  });
  connect(process_, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
    read_lines();
    lose(status == QProcess::CrashExit
             ? QString("The worker stopped unexpectedly. The window and your review are safe.")
             : QString("The worker ended (exit status %1). Your review is safe.").arg(code));
  });
  ++generation_;
  heard_.start();
  process_->start(program_, arguments_);
  return true;
}

int WorkerClient::request(const std::string& op, nlohmann::json fields, Done done,
                          Progress progress) {
  const int id = next_id_++;
  const bool was_busy = busy();
  pending_[id] = {std::move(done), std::move(progress)};
  start();
  if (!was_busy) heard_.restart();
  heartbeat_.start();
  fields["id"] = id;
  fields["op"] = op;
  send(fields);
  if (!was_busy) emit busy_changed(true);
  return id;
}

void WorkerClient::send(const nlohmann::json& line) {
  if (!process_) return;
  process_->write(QByteArray::fromStdString(
                      line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) +
                  '\n');
}

void WorkerClient::cancel(int id) {
  const auto found = pending_.find(id);
  if (found == pending_.end() || found->second.cancelling) return;
  found->second.cancelling = true;
  send({{"id", next_id_++}, {"op", "cancel"}, {"target", id}});
  QTimer::singleShot(kill_after_ms, this, [this, id] {
    if (!pending_.count(id)) return;
    drop_process();
    lose("The worker did not stop when asked and was ended. Your review is safe.");
  });
}

void WorkerClient::read_lines() {
  if (!process_) return;
  buffer_ += process_->readAllStandardOutput();
  if (buffer_.size() > longest_line) {
    drop_process();
    lose("The worker sent something that is not an answer and was ended. Your review is safe.");
    return;
  }
  heard_.restart();
  for (qsizetype end = buffer_.indexOf('\n'); end >= 0; end = buffer_.indexOf('\n')) {
    auto event = nlohmann::json::parse(buffer_.cbegin(), buffer_.cbegin() + end, nullptr, false);
    buffer_.remove(0, end + 1);
    if (event.is_object()) handle(std::move(event));
  }
}

void WorkerClient::handle(nlohmann::json event) {
  const auto id_field = event.find("id");
  const int id =
      id_field != event.end() && id_field->is_number_integer() ? id_field->get<int>() : 0;
  const QString kind = text_field(event, "event");
  if (kind == "log") emit log_line(text_field(event, "level"), text_field(event, "text"));
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  if (kind == "progress") {
    const auto fraction = event.find("fraction");
    if (found->second.progress && !found->second.cancelling)
      found->second.progress(
          fraction != event.end() && fraction->is_number() ? fraction->get<double>() : 0,
          text_field(event, "text"));
  } else if (kind == "result") {
    finish(id, {.ok = true, .result = std::move(event)});
  } else if (kind == "error") {
    finish(id, {.code = text_field(event, "code"),
                .message = text_field(event, "message"),
                .hint = text_field(event, "hint")});
  }
}

void WorkerClient::finish(int id, const WorkerReply& reply) {
  auto node = pending_.extract(id);
  if (node.empty()) return;
  if (pending_.empty()) {
    heartbeat_.stop();
    emit busy_changed(false);
  }
  if (node.mapped().done) node.mapped().done(reply);
}

void WorkerClient::lose(const QString& message) {
  emit log_line("warning", message);
  const auto lost = std::exchange(pending_, {});
  heartbeat_.stop();
  if (!lost.empty()) emit busy_changed(false);
  for (const auto& [id, p] : lost) {
    if (!p.done) continue;
    p.done(p.cancelling ? WorkerReply{.code = "cancelled", .message = "Stopped."}
                        : WorkerReply{.code = "worker_lost",
                                      .message = message,
                                      .hint = "Try again; a new worker is started."});
  }
}

void WorkerClient::check_alive() {
  if (pending_.empty() || !process_) return;
  if (heard_.elapsed() > hang_limit_) {
    drop_process();
    lose("The worker no longer answered and was ended. Your review is safe.");
    return;
  }
  send({{"id", 0}, {"op", "ping"}});
}

void WorkerClient::rest() {
  if (!process_ || !pending_.empty()) return;
  QProcess* old = std::exchange(process_, nullptr);
  old->disconnect(this);
  connect(old, &QProcess::finished, old, &QObject::deleteLater);
  old->closeWriteChannel();
}

void WorkerClient::drop_process() {
  if (!process_) return;
  QProcess* old = std::exchange(process_, nullptr);
  old->disconnect(this);
  old->kill();
  if (old->state() == QProcess::NotRunning)
    old->deleteLater();
  else
    connect(old, &QProcess::finished, old, &QObject::deleteLater);
}

}
