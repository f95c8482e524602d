// Calls of the command line, each a process of its own: a slow or lost connection never holds the
// window, and the window knows nothing that a terminal would not.
#pragma once

#include <nlohmann/json.hpp>

#include <QObject>
#include <QString>

#include <functional>

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

// Message and hint of a reply with an error, or the other text.
QString error_text(const nlohmann::json& reply, const QString& otherwise);

}
