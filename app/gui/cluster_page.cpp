#include "app/gui/cluster_page.h"

#include "app/gui/row_table.h"
#include "modules/view/theme.h"

#include <QDateTime>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QScrollBar>
#include <QSplitter>
#include <QStandardPaths>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <map>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int poll_every_ms = 10000;

QString text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string()
             ? QString::fromStdString(found->get<std::string>())
             : QString();
}

// Progress lines of a run are JSON; a person reads "34 %  colours".
QString readable(const QString& log) {
  QStringList out;
  for (const QString& line : log.split('\n')) {
    const json parsed =
        line.startsWith('{') ? json::parse(line.toStdString(), nullptr, false) : json();
    if (parsed.is_object() && parsed.contains("progress") && parsed["progress"].is_number())
      out << QString("%1 %  %2")
                 .arg(parsed["progress"].get<double>() * 100, 3, 'f', 0)
                 .arg(text_of(parsed, "text"));
    else
      out << line;
  }
  return out.join('\n');
}

// Without what is said to someone at a terminal.
QString words_of(const json& run) {
  const QString all = text_of(run, "words");
  const auto at = all.indexOf("; 'sensorium ");
  return at < 0 ? all : all.left(at);
}

QString local_time(const QString& utc) {
  const QDateTime time = QDateTime::fromString(utc, Qt::ISODate);
  return time.isValid() ? QLocale().toString(time.toLocalTime(), QLocale::ShortFormat) : utc;
}

bool is_open(const QString& state) {
  return state == "pending" || state == "running" || state == "unknown";
}

}

CommandCall::CommandCall(QString program, QObject* parent)
    : QObject(parent), program_(std::move(program)) {}

void CommandCall::start(const QStringList& words, Done done) {
  auto* process = new QProcess(this);
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

ClusterPage::ClusterPage(const QString& program, QWidget* parent)
    : QWidget(parent), call_(new CommandCall(program, this)), program_(program),
      table_(row_table({"Run", "State", "Site", "Sent", "In words"}, "Runs")),
      log_(new QPlainTextEdit), words_(new QLabel), message_(new QLabel), empty_(new QLabel),
      send_(new QPushButton("Send this recording")), cancel_(new QPushButton("Stop the run")),
      fetch_(new QPushButton("Bring the result")), retry_(new QPushButton("Send again")) {
  auto* head = new QFrame;
  head->setObjectName("tools");
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(grid, 6, grid, 6);
  line->setSpacing(grid);
  auto* title = new QLabel("Runs on clusters");
  title->setObjectName("heading");
  auto* again = new QPushButton("Refresh");
  again->setToolTip("Asks every site; done by itself every 10 seconds while this page is open");
  auto* close = new QPushButton("Back to the case");
  message_->setObjectName("muted");
  message_->setAccessibleName("What happened");
  line->addWidget(title);
  line->addSpacing(grid);
  line->addWidget(send_);
  line->addWidget(again);
  line->addWidget(message_, 1);
  line->addWidget(close);

  table_->setColumnWidth(0, 200);
  table_->setColumnWidth(1, 110);
  table_->setColumnWidth(2, 110);
  table_->setColumnWidth(3, 150);
  table_->horizontalHeader()->setSectionResizeMode(4, QHeaderView::Stretch);
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setObjectName("muted");
  empty_->setTextInteractionFlags(Qt::TextSelectableByMouse);

  auto* side = new QWidget;
  side->setObjectName("panel");
  side->setAttribute(Qt::WA_StyledBackground);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(grid);
  words_->setWordWrap(true);
  words_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  log_->setReadOnly(true);
  log_->setLineWrapMode(QPlainTextEdit::NoWrap);
  log_->setAccessibleName("What the run printed");
  log_->setPlaceholderText("Choose a run to see what it printed.");
  log_->setTabChangesFocus(true);
  log_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(grid);
  for (QPushButton* button : {fetch_, retry_, cancel_}) buttons->addWidget(button);
  buttons->addStretch(1);
  column->addWidget(words_);
  column->addLayout(buttons);
  column->addWidget(log_, 1);

  auto* top = new QWidget;
  auto* rows = new QVBoxLayout(top);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->addWidget(empty_, 1);
  rows->addWidget(table_, 1);
  auto* split = new QSplitter(Qt::Vertical);
  split->addWidget(top);
  split->addWidget(side);
  split->setStretchFactor(0, 1);
  split->setSizes({360, 300});
  split->setChildrenCollapsible(false);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(head);
  all->addWidget(split, 1);

  connect(close, &QPushButton::clicked, this, &ClusterPage::closed);
  connect(again, &QPushButton::clicked, this, &ClusterPage::refresh);
  connect(send_, &QPushButton::clicked, this, &ClusterPage::send);
  connect(cancel_, &QPushButton::clicked, this, &ClusterPage::ask_cancel);
  connect(fetch_, &QPushButton::clicked, this, &ClusterPage::fetch);
  connect(retry_, &QPushButton::clicked, this, &ClusterPage::retry);
  connect(table_, &QTableWidget::itemSelectionChanged, this, [this] {
    log_->clear();
    show_run();
    read_log();
  });
  connect(&poll_, &QTimer::timeout, this, [this] {
    if (isVisible() && !call_->busy()) refresh();
  });
  poll_.start(poll_every_ms);
  set_case({}, nullptr);
  show_runs(runs_);
}

void ClusterPage::set_case(const QString& name, const json& recipe) {
  name_ = name;
  recipe_ = recipe;
  send_->setEnabled(recipe.is_object());
  send_->setToolTip(recipe.is_object() ? "Analyse " + name + " on a cluster"
                                       : "Open a recording and choose a pipeline first");
}

void ClusterPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  refresh();
}

QString ClusterPage::log_text() const { return log_->toPlainText(); }
QString ClusterPage::message() const { return message_->text(); }

void ClusterPage::say(const QString& text, bool bad) {
  message_->setText(text);
  message_->setToolTip(text);
  message_->setProperty("tone", bad ? "bad" : "");
}

void ClusterPage::say_error(const json& reply) {
  const json error = reply.is_object() ? reply.value("error", json::object()) : json::object();
  say(text_of(error, "message") + ": " + text_of(error, "hint"), true);
}

void ClusterPage::refresh() {
  call_->start({"jobs", "list"}, [this](bool ok, const json& reply) {
    if (!ok) return say_error(reply);
    show_runs(reply.value("runs", json::array()));
  });
}

const json* ClusterPage::chosen() const {
  const auto row = static_cast<std::size_t>(table_->currentRow());
  return table_->currentRow() >= 0 && row < runs_.size() ? &runs_[row] : nullptr;
}

void ClusterPage::show_runs(const json& runs) {
  const json* const before = chosen();
  const QString token = before ? text_of(*before, "token") : QString();
  runs_ = runs;
  std::reverse(runs_.begin(), runs_.end()); // newest first
  table_->blockSignals(true);
  table_->setRowCount(0);
  int current = -1;
  for (const json& run : runs_) {
    QString name = text_of(run, "name");
    if (name.isEmpty()) name = text_of(run, "token").left(8);
    const int row = add_row(*table_,
                            {name, text_of(run, "state"), text_of(run, "site"),
                             local_time(text_of(run, "created_utc")), words_of(run)},
                            text_of(run, "token"));
    if (text_of(run, "token") == token) current = row;
  }
  if (!runs_.empty()) table_->setCurrentCell(std::max(current, 0), 0);
  table_->blockSignals(false);
  table_->setVisible(!runs_.empty());
  empty_->setVisible(runs_.empty());
  empty_->setText(
      "No run was sent yet.\n\nA cluster is set up once, in a terminal: sensorium site "
      "add NAME --host USER@MACHINE\nThe site 'local' is a queue of this computer and is "
      "there already.");
  show_run();
  if (!runs_.empty()) read_log();
}

void ClusterPage::show_run() {
  const json* const run = chosen();
  const QString state = run ? text_of(*run, "state") : QString();
  words_->setText(run ? text_of(*run, "name") + ": " + words_of(*run) : QString());
  words_->setVisible(run != nullptr);
  cancel_->setEnabled(run && is_open(state));
  fetch_->setEnabled(run && state == "done");
  retry_->setEnabled(run && !is_open(state) && state != "done");
}

void ClusterPage::read_log() {
  const json* const run = chosen();
  if (!run) return;
  const QString token = text_of(*run, "token");
  call_->start({"jobs", "logs", token}, [this, token](bool ok, const json& reply) {
    const json* const now = chosen();
    if (!now || text_of(*now, "token") != token) return;
    const QString text = ok ? readable(text_of(reply, "log")) : QString();
    if (text == log_->toPlainText()) return;
    log_->setPlainText(text);
    log_->verticalScrollBar()->setValue(log_->verticalScrollBar()->maximum());
  });
}

void ClusterPage::on_chosen(const QStringList& before, const QStringList& after,
                            const QString& news) {
  const json* const run = chosen();
  if (!run) return;
  call_->start(before + QStringList{text_of(*run, "token")} + after,
               [this, news](bool ok, const json& reply) {
                 if (ok)
                   say(news, false);
                 else
                   say_error(reply);
                 refresh();
               });
}

void ClusterPage::ask_cancel() {
  const json* const run = chosen();
  if (!run) return;
  if (QMessageBox::question(this, "Stop the run",
                            "Stop '" + text_of(*run, "name") + "' on " + text_of(*run, "site") +
                                "? What it has computed so far stays there.") == QMessageBox::Yes)
    on_chosen({"jobs", "cancel"}, {}, "The run was told to stop.");
}

void ClusterPage::retry() {
  on_chosen({"jobs", "retry"}, {}, "Sent again; it goes on from its last checkpoint.");
}

void ClusterPage::fetch() {
  const json* const run = chosen();
  if (!run) return;
  const QString folder = QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) +
                         "/sensorium/fetched/" + text_of(*run, "token");
  say("Bringing the result", false);
  call_->start({"jobs", "fetch", text_of(*run, "token"), "-o", folder},
               [this, folder](bool ok, const json& reply) {
                 if (!ok) return say_error(reply);
                 const int files = reply.value("verified", 0);
                 say(QString("%1 files came, their hashes are right.").arg(files), false);
                 emit case_fetched(folder + "/out");
               });
}

void ClusterPage::send() {
  if (!recipe_.is_object()) return;
  auto* dialog = new SendDialog(program_, name_, recipe_, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::accepted, this, [this, dialog] {
    say("Sent to " + dialog->site() + ".", false);
    refresh();
  });
  dialog->open();
}

}
