#include "app/gui/command_call.h"

#include "app/gui/json_fields.h"

#include <QProcess>

namespace sensorium {
using nlohmann::json;

CommandCall::CommandCall(QString program, QObject* parent)
    : QObject(parent), program_(std::move(program)) {}

void CommandCall::start(const QStringList& words, Done done) {
  auto* process = new QProcess(this);
  connect(this, &QObject::destroyed, process, [process] { // ended here, a process says nothing
    process->disconnect();
    process->kill();
    process->waitForFinished(1000);
  });
  if (++running_ == 1) emit busy_changed(true);
  const auto finish = [this, process, done](bool ok, const json& reply) {
    process->deleteLater();
    if (--running_ == 0) emit busy_changed(false);
    done(ok, reply);
  };
  connect(process, &QProcess::errorOccurred, this, [this, finish](QProcess::ProcessError error) {
    if (error == QProcess::FailedToStart)
      finish(false, {{"error",
                      {{"message", "cannot start '" + program_.toStdString() + "'"},
                       {"hint", "install the program again"}}}});
  });
  connect(
      process, &QProcess::finished, this, [process, finish](int status, QProcess::ExitStatus how) {
        json reply = json::parse(process->readAllStandardOutput().toStdString(), nullptr, false);
        if (!reply.is_object() && !reply.is_array())
          reply = {{"error", {{"message", "no answer came"}, {"hint", "try again"}}}};
        finish(status == 0 && how == QProcess::NormalExit && !reply.contains("error"), reply);
      });
  process->start(program_, QStringList{"--json", "--quiet"} + words);
  process->closeWriteChannel();
}

QString error_text(const json& reply, const QString& otherwise) {
  const json error = reply.is_object() ? reply.value("error", json::object()) : json::object();
  const QString message = text_field(error, "message"), hint = text_field(error, "hint");
  if (message.isEmpty()) return otherwise;
  return hint.isEmpty() ? message : message + "\n" + hint;
}

}
