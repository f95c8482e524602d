// What leaves the open case: exports and the report.
#include "app/gui/case_session.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/report/report.h"
#include "modules/review/reviewed.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QPointer>
#include <QThreadPool>

namespace sensorium {
using nlohmann::json;

void CaseSession::export_to(const QString& file) {
  if (stage_ != Stage::Analysed) return;
  if (file.endsWith(".csv", Qt::CaseInsensitive)) return export_csv(file);
  if (file.endsWith(".png", Qt::CaseInsensitive)) return export_map("png", file);
  export_map(file.endsWith(".dcm", Qt::CaseInsensitive)   ? "dicom_seg"
             : file.contains(".nii", Qt::CaseInsensitive) ? "nifti"
                                                          : "nrrd",
             file);
}

void CaseSession::export_csv(const QString& file) {
  try {
    write_atomically(file.toStdString(), reviewed_csv(review_.speaking_state()));
    emit job_finished("Written: " + file);
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), "Retry",
                  [this, file] { export_csv(file); }});
  }
}

void CaseSession::export_map(const QString& format, const QString& file) {
  ensure_loaded();
  json fields{{"folder", entry_.folder.string()},
              {"format", format.toStdString()},
              {"file", file.toStdString()}};
  if (review_.protocol().closed()) fields["reader"] = reader().toStdString();
  begin(
      "export", fields, "Exporting " + QFileInfo(file).fileName(), [](const json&) {},
      [this, format, file] { export_map(format, file); }, stage_);
}

// Written in a thread from values that nobody else changes; the worker is not needed.
void CaseSession::write_report(const QString& file, bool deidentified) {
  if (stage_ != Stage::Analysed || reporting_) return;
  reporting_ = true;
  emit job_started("Writing the report");
  struct Values {
    std::shared_ptr<const Dataset> dataset;
    Findings findings;
    ReviewState review;
    json provenance, card;
    std::optional<PipelineInfo> pipeline;
    std::string command, reader, statement, log_hash, log_text;
    std::vector<Surface> surfaces;
    std::vector<std::pair<std::filesystem::path, std::string>> pictures;
  };
  auto values = std::make_shared<Values>();
  *values = {.dataset = dataset_,
             .findings = findings_,
             .review = review_.speaking_state(),
             .provenance = provenance_};
  for (const char* name : {"classes.png", "class_map.png"})
    if (std::holds_alternative<Cube>(*dataset_) && exists(entry_.folder / name))
      values->pictures.emplace_back(entry_.folder / name, "Classes of the pixels");
  const json model = provenance_.value("model", json::object());
  if (model.is_object() && model.contains("card") && model["card"].is_object())
    values->card = model["card"];
  if (pipeline()) values->pipeline = *pipeline();
  values->command = command_.toStdString();
  values->reader = review_.speaker().toStdString();
  values->surfaces = surfaces_;
  values->statement = review_.state().last_event_time.empty()
                          ? "as proposed by " + findings_.pipeline
                          : "as reviewed by " + values->reader;
  if (review_.log()) {
    values->log_hash = review_.log()->head_hash();
    values->log_text = review_.log()->verify().text;
  }
  QPointer<CaseSession> self(this);
  QThreadPool::globalInstance()->start([self, values, file, deidentified] {
    QString failure, hint;
    try {
      write_pdf({.dataset = *values->dataset,
                 .findings = values->findings,
                 .review = values->review,
                 .provenance = values->provenance,
                 .model_card = values->card,
                 .pipeline = values->pipeline,
                 .command = values->command,
                 .reader = values->reader,
                 .statement = values->statement,
                 .log_hash = values->log_hash,
                 .log_text = values->log_text,
                 .surfaces = values->surfaces,
                 .pictures = values->pictures,
                 .options = {.deidentified = deidentified}},
                file.toStdString());
    } catch (const Error& e) {
      failure = e.what(), hint = QString::fromStdString(e.hint());
    } catch (const std::exception& e) {
      failure = e.what();
    }
    QMetaObject::invokeMethod(QCoreApplication::instance(),
                              [self, file, deidentified, failure, hint] {
                                if (self) self->end_report(file, deidentified, failure, hint);
                              });
  });
}

void CaseSession::end_report(const QString& file, bool deidentified, const QString& failure,
                             const QString& hint) {
  reporting_ = false;
  emit job_finished(failure.isEmpty() ? "Report written: " + file : "Writing the report failed");
  if (failure.isEmpty())
    emit report_written(file);
  else
    emit problem({QString("The report %1 could not be written: %2").arg(file, failure), hint,
                  "Retry", [this, file, deidentified] { write_report(file, deidentified); }});
}

}
