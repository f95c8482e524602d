#include "app/gui/batch_runner.h"

#include "app/gui/stored_dataset.h"
#include "modules/core/error.h"
#include "modules/core/recipe.h"

#include <QFileInfo>

#include <algorithm>

namespace sensorium {
using nlohmann::json;

QString text_of(BatchState state) {
  static const char* const names[] = {"waiting",          "running", "analysed",
                                      "analysed already", "failed",  "stopped"};
  return names[static_cast<int>(state)];
}

BatchRunner::BatchRunner(QString worker_program, QStringList worker_arguments, CaseStore store,
                         QObject* parent)
    : QObject(parent), worker_(std::move(worker_program), std::move(worker_arguments)),
      store_(std::move(store)) {}

void BatchRunner::add(const QStringList& paths) {
  for (const QString& path : paths) {
    const QString whole = QFileInfo(path).absoluteFilePath();
    const bool known = std::any_of(items_.begin(), items_.end(), [&](const BatchItem& item) {
      return item.path == whole &&
             (item.state == BatchState::Waiting || item.state == BatchState::Running);
    });
    if (!known) items_.push_back({.path = whole});
  }
  emit changed();
  if (!running()) next();
}

void BatchRunner::next() {
  const auto found = std::find_if(items_.begin(), items_.end(), [](const BatchItem& item) {
    return item.state == BatchState::Waiting;
  });
  current_ = found == items_.end() ? -1 : static_cast<int>(found - items_.begin());
  emit changed();
  if (current_ < 0) {
    worker_.rest();
    return emit finished();
  }
  now().state = BatchState::Running;
  now().text = "opening";
  job_ = worker_.request("open", {{"path", now().path.toStdString()}},
                         [this](const WorkerReply& reply) {
                           take(reply, [this](const json& result) { opened(result); });
                         });
}

// One place for every way in which a step can end badly.
void BatchRunner::take(const WorkerReply& reply, const std::function<void(const json&)>& go_on) {
  job_ = 0;
  if (reply.cancelled()) return end(BatchState::Stopped, "stopped on request");
  if (!reply.ok)
    return end(BatchState::Failed,
               reply.hint.isEmpty() ? reply.message : reply.message + "; " + reply.hint);
  try {
    go_on(reply.result);
  } catch (const Error& e) {
    end(BatchState::Failed, QString("%1; %2").arg(e.what(), QString::fromStdString(e.hint())));
  } catch (const std::exception& e) {
    end(BatchState::Failed, QString("the worker's answer is damaged (%1)").arg(e.what()));
  }
}

void BatchRunner::opened(const json& result) {
  if (pipelines_.empty()) return ask_pipelines(result);
  const auto mapped = stored_dataset(QString::fromStdString(result.at("store").get<std::string>()),
                                     worker_.program());
  const Dataset& dataset = *mapped;
  const std::string kind(kind_of(dataset));
  emit recording_opened(now().path, mapped);
  const auto fits = std::find_if(pipelines_.begin(), pipelines_.end(),
                                 [&](const PipelineInfo& info) { return info.input == kind; });
  if (fits == pipelines_.end())
    return end(BatchState::Failed,
               QString("no pipeline takes a %1").arg(QString::fromStdString(kind)));
  CaseEntry entry;
  entry.source = now().path;
  entry.title = QFileInfo(now().path).fileName();
  entry.sha256 = QString::fromStdString(origin_of(dataset).sha256);
  entry.pipeline = QString::fromStdString(fits->id);
  entry.folder = store_.folder_for(entry.sha256, entry.pipeline);
  entry.state = CaseState::Analysed;
  entry.opened = QDateTime::currentDateTimeUtc();
  now().folder = QString::fromStdString(entry.folder.string());
  if (entry.complete()) return end(BatchState::Skipped, "its case is in the list");
  Recipe recipe;
  recipe.pipeline = fits->id;
  recipe.pipeline_version = fits->version;
  recipe.inputs = {{entry.source.toStdString(), entry.sha256.toStdString()}};
  for (const ParameterSpec& spec : fits->parameters)
    recipe.parameters[spec.name] = spec.default_value;
  job_ = worker_.request(
      "run", {{"recipe", to_json(recipe)}, {"output", entry.folder.string()}},
      [this, entry](const WorkerReply& reply) {
        take(reply, [this, entry](const json& answer) {
          store_.remember(entry);
          emit case_made();
          const std::size_t count = answer.at("findings").at("items").size();
          end(BatchState::Done, QString("%1 findings").arg(count));
        });
      },
      [this](double fraction, const QString& text) {
        if (!running()) return;
        now().fraction = fraction;
        now().text = text;
        emit changed();
      });
}

void BatchRunner::ask_pipelines(const json& opened_result) {
  job_ = worker_.request("hello", json::object(), [this, opened_result](const WorkerReply& reply) {
    take(reply, [this, opened_result](const json& answer) {
      for (const json& info : answer.value("pipelines", json::array()))
        pipelines_.push_back(pipeline_info_from_json(info));
      if (pipelines_.empty())
        end(BatchState::Failed, "the program has no pipelines: install it again");
      else
        opened(opened_result);
    });
  });
}

void BatchRunner::end(BatchState state, const QString& text) {
  now().state = state;
  now().text = text;
  now().fraction = state == BatchState::Done || state == BatchState::Skipped ? 1 : now().fraction;
  next();
}

void BatchRunner::stop() {
  for (BatchItem& item : items_)
    if (item.state == BatchState::Waiting) {
      item.state = BatchState::Stopped;
      item.text = "stopped before it began";
    }
  if (job_ != 0) worker_.cancel(job_);
  emit changed();
}

void BatchRunner::clear_finished() {
  const auto kept = std::remove_if(items_.begin(), items_.end(), [](const BatchItem& item) {
    return item.state != BatchState::Waiting && item.state != BatchState::Running;
  });
  items_.erase(kept, items_.end());
  const auto at = std::find_if(items_.begin(), items_.end(), [](const BatchItem& item) {
    return item.state == BatchState::Running;
  });
  current_ = at == items_.end() ? -1 : static_cast<int>(at - items_.begin());
  emit changed();
}

void BatchRunner::retry(int row) {
  if (row < 0 || row >= static_cast<int>(items_.size())) return;
  BatchItem& item = items_[static_cast<std::size_t>(row)];
  if (item.state != BatchState::Failed && item.state != BatchState::Stopped) return;
  item.state = BatchState::Waiting;
  item.text.clear();
  emit changed();
  if (!running()) next();
}

QString BatchRunner::summary() const {
  int done = 0, failed = 0;
  for (const BatchItem& item : items_) {
    done += item.state == BatchState::Done || item.state == BatchState::Skipped;
    failed += item.state == BatchState::Failed;
  }
  QString text = QString("%1 of %2 analysed").arg(done).arg(items_.size());
  if (failed > 0) text += QString(", %1 failed").arg(failed);
  return text;
}

}
