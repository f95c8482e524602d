#include "app/gui/exam_session.h"

#include "app/gui/case_session.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"
#include "modules/review/exam_signing.h"
#include "modules/review/mark_kinds.h"
#include "modules/view/pixel_stack.h"

#include <QDir>
#include <QFileInfo>
#include <QLocale>
#include <QPainter>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* pipeline_id = "lung_ultrasound";
constexpr int most_clips = 200, picture_width = 480;

QString q(const std::string& text) { return QString::fromStdString(text); }

// The files of a folder that may be clips: tables and texts beside them are left.
QStringList clips_in(const QString& folder) {
  static const QStringList not_clips{"csv", "tsv", "json", "txt", "md", "pdf", "sqlite", "html"};
  QStringList out;
  for (const QFileInfo& file : QDir(folder).entryInfoList(QDir::Files | QDir::Readable, QDir::Name))
    if (!not_clips.contains(file.suffix().toLower())) out << file.absoluteFilePath();
  return out;
}

QImage picture_with_marks(const Dataset& dataset, const ReviewState& review, int frame) {
  const PixelStack stack = stack_of(dataset);
  if (stack.empty()) return {};
  QImage picture = slice_image(stack, frame, auto_window(stack));
  const double scale = std::min(1.0, static_cast<double>(picture_width) / picture.width());
  picture = picture.scaledToWidth(std::max(1, static_cast<int>(picture.width() * scale)),
                                  Qt::SmoothTransformation);
  QPainter painter(&picture);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.scale(scale, scale);
  const FindingItems items = items_of(review, 0.5);
  for (const FindingItem& item : *items) {
    if (item.finding.footprint.empty() || item.look == FindingLook::Rejected) continue;
    QPen pen = pen_of(item.look, 1.4);
    if (const MarkKind* kind = mark_kind(item.finding.label)) pen.setColor(QColor(kind->color));
    painter.setPen(pen);
    painter.drawPath(outline_of(item.finding.footprint, frame));
  }
  return picture;
}

}

ExamSession::ExamSession(QString worker_program, QStringList worker_arguments, CaseStore store,
                         QObject* parent)
    : QObject(parent), store_(store), batch_(worker_program, worker_arguments, store),
      writer_(worker_program, worker_arguments), reader_(stored_reader().toStdString()) {
  connect(&batch_, &BatchRunner::changed, this, [this] { take_batch(); });
  connect(&batch_, &BatchRunner::finished, this, [this] { emit changed(); });
  connect(&batch_, &BatchRunner::case_made, this, &ExamSession::cases_changed);
  connect(&batch_, &BatchRunner::recording_opened, this,
          [this](const QString& path, std::shared_ptr<const Dataset> dataset) {
            opened_path_ = path;
            opened_ = std::move(dataset);
          });
}

bool ExamSession::tried(const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const Error& e) {
    emit problem(q(e.what()), q(e.hint()));
  } catch (const std::exception& e) {
    emit problem(QString("The exam could not be read: %1.").arg(e.what()),
                 "Open another exam, or begin a new one.");
  }
  return false;
}

void ExamSession::set_pipelines(const std::vector<PipelineInfo>& pipelines) {
  pipelines_.clear();
  for (const PipelineInfo& info : pipelines)
    if (info.id == pipeline_id) pipelines_.push_back(info);
  batch_.set_pipelines(pipelines_);
  if (!pipelines_.empty() && !held_.isEmpty()) analyse(std::exchange(held_, {}));
}

std::vector<ExamEntry> ExamSession::exams() const {
  std::vector<ExamEntry> out;
  std::error_code code;
  for (const auto& item : fs::directory_iterator(store_.root() / "exams", code)) {
    if (!is_exam(item.path())) continue;
    try {
      const ExamFile file = read_exam_file(item.path());
      if (file.cases.empty()) continue; // begun, and nothing was put in
      out.push_back({item.path(), QDateTime::fromString(q(file.created), Qt::ISODate),
                     static_cast<int>(file.cases.size()), !file.signed_at.empty()});
    } catch (const std::exception&) { // a damaged one is not listed
    }
  }
  std::sort(out.begin(), out.end(), [](const ExamEntry& a, const ExamEntry& b) {
    return a.created != b.created ? a.created > b.created : a.folder > b.folder;
  });
  return out;
}

bool ExamSession::create() {
  return tried([this] {
    const fs::path root = store_.root() / "exams";
    make_folder(root);
    const std::string day =
        QDateTime::currentDateTimeUtc().toString("yyyyMMdd-hhmmss").toStdString();
    fs::path folder = root / day;
    std::error_code code;
    for (int n = 2; !fs::create_directory(folder, code); ++n) {
      if (code || n > 1000)
        throw Error(ErrorCode::Resources, "cannot make '" + folder.string() + "'",
                    "check the folder, its permissions and the space on the disk");
      folder = root / (day + "-" + std::to_string(n));
    }
    write_exam_file(folder, {.pipeline = pipeline_id, .created = utc_now()});
    take(folder);
  });
}

bool ExamSession::open(const QString& folder) {
  return tried([&] { take(folder.toStdString()); });
}

bool ExamSession::take(const fs::path& folder) {
  ExamFile file = read_exam_file(folder);
  ZoneBook book = zones_of_pipeline(file.pipeline);
  auto log = ReviewLog::open(folder / "review.sqlite", ReviewLog::Mode::ReadWrite);
  close();
  folder_ = folder;
  file_ = std::move(file);
  book_ = std::move(book);
  log_ = std::move(log);
  const std::vector<Event>& events = log_->events();
  if (!events.empty())
    saved_at_ = QDateTime::fromString(q(events.back().time_utc), Qt::ISODateWithMs);
  state_ = exam_state(events);
  QStringList missing;
  for (const ExamClip& clip : state_.clips) {
    const auto known = file_.cases.find(clip.file);
    ClipResult result =
        read_clip_case(known == file_.cases.end() ? fs::path() : fs::path(known->second), reader_);
    if (!result.analysed) missing << q(clip.file);
    results_[clip.id] = std::move(result);
  }
  fold_again();
  analyse(missing);
  return true;
}

void ExamSession::close() {
  if (batch_.running()) batch_.stop();
  log_.reset();
  folder_.clear();
  file_ = {};
  state_ = {};
  board_ = {};
  targets_ = {};
  results_.clear();
  taken_.clear();
  held_.clear();
  opened_.reset();
  saved_at_ = {};
}

QDateTime ExamSession::created() const {
  return QDateTime::fromString(q(file_.created), Qt::ISODate);
}

QString ExamSession::read_only_reason() const {
  return log_ ? q(log_->read_only_reason()) : QString();
}

void ExamSession::fold_again() {
  if (!log_) return;
  state_ = exam_state(log_->events());
  targets_ = undo_targets(log_->events(), reader_);
  board_ = exam_board(state_, book_, results_);
  emit changed();
}

// A signed exam stays as it is; the log would refuse too, in words about a case.
bool ExamSession::refused() {
  if (!log_) return true;
  if (is_signed())
    emit problem(QString("This exam is %1: it can no longer be changed.").arg(signature_text()),
                 "\"New exam of these clips\" begins another one with the same zones and scores.");
  return is_signed();
}

void ExamSession::append(const std::string& kind, const json& data) {
  if (refused()) return;
  tried([&] {
    log_->append(reader_, kind, data);
    saved_at_ = QDateTime::currentDateTimeUtc();
    fold_again();
  });
}

const ExamClip* ExamSession::clip_of(const QString& id) const {
  for (const ExamClip& clip : state_.clips)
    if (q(clip.id) == id) return &clip;
  return nullptr;
}

const ExamClip* ExamSession::clip_with(const QString& file) const {
  for (const ExamClip& clip : state_.clips)
    if (q(clip.file) == file) return &clip;
  return nullptr;
}

void ExamSession::add(const QStringList& paths) {
  if (!log_) return;
  QStringList files;
  for (const QString& path : paths) {
    const QString whole = QFileInfo(path).absoluteFilePath();
    for (const QString& file : QFileInfo(path).isDir() ? clips_in(whole) : QStringList{whole})
      if (!files.contains(file) && !clip_with(file)) files << file;
  }
  if (files.isEmpty()) {
    emit problem("There is no new clip in what was chosen.",
                 "Choose clips, or a folder that holds clips. Each clip is taken once.");
    return;
  }
  if (files.size() + static_cast<qsizetype>(state_.clips.size()) > most_clips) {
    emit problem(QString("%1 clips are more than an exam holds (%2).")
                     .arg(files.size() + static_cast<qsizetype>(state_.clips.size()))
                     .arg(most_clips),
                 "Choose the clips of one examination.");
    return;
  }
  int last = 0; // ids are never used twice, not even when an undo took the clip back
  for (const Event& event : log_->events())
    if (event.kind == "exam_clips")
      for (const json& item : event.data.at("items"))
        last = std::max(last, q(item.at("clip")).section('-', -1).toInt());
  std::vector<std::pair<std::string, std::string>> items;
  for (const QString& file : files)
    items.emplace_back("clip-" + std::to_string(++last), file.toStdString());
  const std::size_t before = events();
  append("exam_clips", exam_clips_data(items));
  if (events() > before) analyse(files);
}

void ExamSession::analyse(const QStringList& files) {
  if (files.isEmpty()) return;
  if (pipelines_.empty()) {
    held_ << files;
    return emit progressed();
  }
  batch_.add(files);
}

void ExamSession::assign(const QString& clip, const QString& zone) {
  const ExamClip* known = clip_of(clip);
  const Zone* place = zone.isEmpty() ? nullptr : find_zone(board_.scheme, zone.toStdString());
  if (!known || (!zone.isEmpty() && !place)) return;
  for (const BoardClip& c : board_.clips)
    if (c.clip.id == known->id && c.zone == (place ? place->id : "")) return; // it lies there
  append("exam_zone", exam_zone_data(known->id, place));
}

void ExamSession::score_zone(const QString& zone, const QString& score) {
  const Zone* place = find_zone(board_.scheme, zone.toStdString());
  if (!place) return;
  for (const BoardZone& z : board_.zones)
    if (z.zone.id == place->id && q(z.decision) == score) return;
  append("exam_score", exam_score_data(*place, score.toStdString()));
}

void ExamSession::remove(const QString& clip) {
  if (clip_of(clip)) append("exam_remove", {{"clip", clip.toStdString()}});
}

void ExamSession::choose_scheme(const QString& id) {
  if (q(state_.scheme) != id) append("parameters", {{"scheme", id.toStdString()}});
}

void ExamSession::choose_rule(const QString& rule) {
  if (q(state_.rule) != rule) append("parameters", {{"rule", rule.toStdString()}});
}

void ExamSession::retry(const QString& clip) {
  if (const ExamClip* known = clip_of(clip)) analyse({q(known->file)});
}

void ExamSession::undo() {
  if (refused()) return;
  tried([&] {
    if (log_->undo(reader_)) saved_at_ = QDateTime::currentDateTimeUtc();
    fold_again();
  });
}

void ExamSession::redo() {
  if (refused()) return;
  tried([&] {
    if (log_->redo(reader_)) saved_at_ = QDateTime::currentDateTimeUtc();
    fold_again();
  });
  QStringList missing;
  for (const ExamClip& clip : state_.clips)
    if (!results_.contains(clip.id)) missing << q(clip.file);
  analyse(missing);
}

void ExamSession::refresh() {
  if (!log_) return;
  for (const ExamClip& clip : state_.clips)
    if (const auto known = file_.cases.find(clip.file); known != file_.cases.end())
      results_[clip.id] = read_clip_case(known->second, reader_);
  fold_again();
}

void ExamSession::take_batch() {
  for (const BatchItem& item : batch_.items()) {
    const BatchState before =
        taken_.contains(item.path) ? taken_.at(item.path) : BatchState::Waiting;
    taken_[item.path] = item.state;
    if (!log_ || before == item.state) continue;
    if (item.state == BatchState::Done || item.state == BatchState::Skipped)
      take_case(item.path, item.folder);
    else if (item.state == BatchState::Failed || item.state == BatchState::Stopped)
      if (const ExamClip* clip = clip_with(item.path)) {
        results_[clip->id] = {};
        results_[clip->id].note = item.text.toStdString();
        fold_again();
      }
  }
  emit progressed();
}

void ExamSession::take_case(const QString& file, const QString& folder) {
  const ExamClip* clip = clip_with(file);
  if (!clip) return; // taken out meanwhile
  tried([&] {
    file_.cases[clip->file] = folder.toStdString();
    write_exam_file(folder_, file_);
  });
  results_[clip->id] = read_clip_case(folder.toStdString(), reader_);
  make_picture(*clip, folder);
  fold_again();
}

void ExamSession::make_picture(const ExamClip& clip, const QString& folder) {
  const auto dataset = opened_path_ == q(clip.file) ? std::exchange(opened_, nullptr) : nullptr;
  if (!dataset || !key_picture_of(folder_, clip.id).empty()) return;
  tried([&] {
    const fs::path file = fs::path(folder.toStdString()) / "findings.json";
    const Findings findings =
        findings_from_json(parse_json(read_text(file), file.string(), "run the clip again"));
    save_picture(clip, *dataset, fold(findings, {}));
  });
}

void ExamSession::save_picture(const ExamClip& clip, const Dataset& dataset,
                               const ReviewState& review) {
  const ClipResult& result = results_.at(clip.id);
  const int frame = result.key_frame >= 0 ? result.key_frame : stack_of(dataset).depth / 2;
  make_folder(folder_ / "key");
  const fs::path before = key_picture_of(folder_, clip.id);
  const QImage picture = picture_with_marks(dataset, review, frame);
  const fs::path file = key_picture_name(folder_, clip.id, frame);
  if (picture.isNull() || !picture.save(q(file.string())))
    throw Error(ErrorCode::Resources, "cannot write '" + file.string() + "'",
                "make room on the disk; the exam is complete without the picture");
  std::error_code code;
  if (!before.empty() && before != file) fs::remove(before, code);
}

void ExamSession::take_picture(const QString& case_folder, const Dataset& dataset,
                               const ReviewState& review) {
  if (!log_ || log_->read_only()) return;
  for (const ExamClip& clip : state_.clips) {
    const auto known = file_.cases.find(clip.file);
    if (known == file_.cases.end() || q(known->second) != case_folder) continue;
    ClipResult now = read_clip_case(known->second, reader_);
    ClipResult& before = results_[clip.id];
    if (!now.analysed || now.version.log_hash == before.version.log_hash) return;
    before = std::move(now);
    tried([&] { save_picture(clip, dataset, review); });
    return;
  }
}

void ExamSession::sign() {
  if (refused() || writing_) return;
  writing_ = true;
  writer_.request("exam_check", {{"folder", folder_.string()}},
                  [this, folder = folder_](const WorkerReply& reply) {
                    writing_ = false;
                    writer_.rest();
                    if (!log_ || folder_ != folder || refused()) return;
                    if (!reply.ok) return emit problem(reply.message, reply.hint);
                    refresh();
                    tried([this] {
                      const Event event = sign_exam(*log_, reader_, board_);
                      saved_at_ = QDateTime::currentDateTimeUtc();
                      fold_again();
                      file_.signed_at = event.time_utc;
                      write_exam_file(folder_, file_);
                    });
                    emit changed();
                  });
  emit changed();
}

QString ExamSession::signature_text() const {
  if (!is_signed()) return {};
  const QDateTime time = QDateTime::fromString(q(board_.signature->time_utc), Qt::ISODateWithMs);
  return QString("signed by %1, %2")
      .arg(q(board_.signature->reader),
           QLocale().toString(time.toLocalTime(), "d MMM yyyy, hh:mm"));
}

bool ExamSession::begin_again() {
  if (!log_) return false;
  const auto events = events_again(state_, board_);
  const auto cases = file_.cases;
  const auto results = results_;
  const fs::path pictures = folder_ / "key";
  if (!create()) return false;
  return tried([&] {
    for (const auto& [kind, data] : events) log_->append(reader_, kind, data);
    file_.cases = cases;
    write_exam_file(folder_, file_);
    std::error_code code; // a board without pictures is complete
    fs::copy(pictures, folder_ / "key", fs::copy_options::recursive, code);
    results_ = results;
    saved_at_ = QDateTime::currentDateTimeUtc();
    fold_again();
  });
}

ClipWork ExamSession::work_of(const QString& clip) const {
  ClipWork out;
  const ExamClip* known = clip_of(clip);
  if (!known) return out;
  if (held_.contains(q(known->file))) return {.waiting = true, .text = "waiting for the worker"};
  const auto& items = batch_.items();
  const auto found = std::find_if(items.rbegin(), items.rend(), [&](const BatchItem& item) {
    return item.path == q(known->file);
  });
  if (found == items.rend()) return out;
  out.waiting = found->state == BatchState::Waiting;
  out.running = found->state == BatchState::Running;
  out.failed = found->state == BatchState::Failed || found->state == BatchState::Stopped;
  out.fraction = found->fraction;
  out.text = out.waiting ? "waiting" : found->text;
  return out;
}

QString ExamSession::case_of(const QString& clip) const {
  const ExamClip* known = clip_of(clip);
  const auto found = known ? file_.cases.find(known->file) : file_.cases.end();
  return found == file_.cases.end() ? QString() : q(found->second);
}

QString ExamSession::picture_of(const QString& clip) const {
  return log_ ? q(key_picture_of(folder_, clip.toStdString()).string()) : QString();
}

QString ExamSession::progress_text() const {
  return QString("%1 of %2 clips analysed").arg(board_.analysed).arg(board_.clips.size());
}

void ExamSession::write(const QString& file, bool deidentified) {
  if (!log_ || writing_) return;
  writing_ = true;
  writer_.request("exam",
                  {{"folder", folder_.string()},
                   {"file", file.toStdString()},
                   {"reader", reader_},
                   {"deidentify", deidentified}},
                  [this, file](const WorkerReply& reply) {
                    writing_ = false;
                    writer_.rest();
                    if (reply.ok)
                      emit written(file);
                    else
                      emit problem(reply.message, reply.hint);
                  });
}

}
