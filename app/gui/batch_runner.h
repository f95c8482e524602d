// Many files through one pipeline, one after another, in a worker of their own: the window and the
// case that is open in it stay free. A file that fails is a row with its reason.
#pragma once

#include "app/gui/case_store.h"
#include "app/gui/worker_client.h"
#include "modules/core/extension.h"

#include <QObject>

#include <memory>

namespace sensorium {

enum class BatchState { Waiting, Running, Done, Skipped, Failed, Stopped };
QString text_of(BatchState state); // "waiting", "analysed already" ...

struct BatchItem {
  QString path;
  BatchState state = BatchState::Waiting;
  double fraction = 0;
  QString text;   // what it does, or why it failed and what to do
  QString folder; // the case, when there is one
};

class BatchRunner : public QObject {
  Q_OBJECT
public:
  BatchRunner(QString worker_program, QStringList worker_arguments, CaseStore store,
              QObject* parent = nullptr);
  void set_pipelines(const std::vector<PipelineInfo>& pipelines) { pipelines_ = pipelines; }
  // Queues files and folders that are not queued already and starts. A case that is there already
  // is not analysed again.
  void add(const QStringList& paths);
  void stop();           // the running one ends in under a second, waiting ones do not begin
  void clear_finished(); // keeps what waits or runs
  void retry(int row);   // a failed or stopped one
  const std::vector<BatchItem>& items() const { return items_; }
  bool running() const { return current_ >= 0; }
  QString summary() const; // "3 of 5 done, 1 failed"
  WorkerClient& worker() { return worker_; }

signals:
  void changed();
  // Of the file in the worker, before it is analysed.
  void recording_opened(const QString& path, std::shared_ptr<const Dataset> dataset);
  void case_made(); // the list of cases has grown
  void finished();  // nothing waits any more

private:
  void next();
  void opened(const nlohmann::json& result);
  void ask_pipelines(const nlohmann::json& opened_result);
  void end(BatchState state, const QString& text);
  void take(const WorkerReply& reply, const std::function<void(const nlohmann::json&)>& go_on);
  BatchItem& now() { return items_[static_cast<std::size_t>(current_)]; }
  WorkerClient worker_;
  CaseStore store_;
  std::vector<PipelineInfo> pipelines_;
  std::vector<BatchItem> items_;
  int current_ = -1, job_ = 0;
};

}
