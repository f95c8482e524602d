#include "app/gui/cluster_page.h"

#include "app/gui/curves_panel.h"
#include "app/gui/json_fields.h"
#include "app/gui/row_table.h"
#include "app/gui/send_dialog.h"
#include "app/gui/study_page.h"
#include "app/gui/training_dialog.h"
#include "modules/view/theme.h"

#include <QDateTime>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSplitter>
#include <QStandardPaths>
#include <QStyle>
#include <QTabWidget>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <map>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int poll_every_ms = 10000;

QString text_of(const json& object, const char* key) { return text_field(object, key); }

QString kind_of(const json& run) {
  const QString verb = text_of(run, "verb");
  if (verb == "run") return "analysis";
  if (verb == "train") return "training";
  return verb == "trial" ? QString("sweep") : verb;
}

bool is_training(const json& run) { return text_of(run, "verb") == "train"; }

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
  return time.isValid() ? QLocale().toString(time.toLocalTime(), "d MMM, HH:mm") : utc;
}

bool is_open(const QString& state) {
  return state == "pending" || state == "running" || state == "unknown";
}

}

ClusterPage::ClusterPage(const QString& program, QWidget* parent)
    : QWidget(parent), call_(new CommandCall(program, this)), program_(program),
      table_(row_table({"Run", "Kind", "State", "Site", "Sent", "In words"}, "Runs")),
      log_(new QPlainTextEdit), curves_(new CurvesPanel(program)), study_(new StudyPage(program)),
      tabs_(new QTabWidget), words_(new QLabel), message_(new QLabel), empty_(new QLabel),
      send_(new QPushButton("Send this recording")), train_(new QPushButton("Train")),
      sweep_(new QPushButton("Sweep")), cancel_(new QPushButton("Stop the run")),
      fetch_(new QPushButton("Bring the result")), retry_(new QPushButton("Send again")),
      study_button_(new QPushButton("Study")) {
  table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  table_->setColumnWidth(0, 210);
  table_->setColumnWidth(1, 84);
  table_->setColumnWidth(2, 100);
  table_->setColumnWidth(3, 100);
  table_->setColumnWidth(4, 130);
  table_->horizontalHeader()->setSectionResizeMode(5, QHeaderView::Stretch);
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setObjectName("muted");
  empty_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* top = new QWidget;
  auto* rows = new QVBoxLayout(top);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->addWidget(empty_, 1);
  rows->addWidget(table_, 1);
  auto* split = new QSplitter(Qt::Vertical);
  split->addWidget(top);
  split->addWidget(make_side());
  split->setStretchFactor(0, 1);
  split->setSizes({300, 380});
  split->setChildrenCollapsible(false);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(make_head());
  all->addWidget(split, 1);

  connect(send_, &QPushButton::clicked, this, &ClusterPage::send);
  connect(train_, &QPushButton::clicked, this, [this] { send_training(false); });
  connect(sweep_, &QPushButton::clicked, this, [this] { send_training(true); });
  connect(cancel_, &QPushButton::clicked, this, &ClusterPage::ask_cancel);
  connect(fetch_, &QPushButton::clicked, this, &ClusterPage::fetch);
  connect(retry_, &QPushButton::clicked, this, &ClusterPage::retry);
  connect(study_button_, &QPushButton::clicked, this, &ClusterPage::open_study);
  connect(table_, &QTableWidget::itemSelectionChanged, this, &ClusterPage::show_chosen);
  connect(table_, &QTableWidget::cellActivated, this, [this](int, int) {
    if (study_button_->isEnabled()) open_study();
  });
  connect(tabs_, &QTabWidget::currentChanged, this, &ClusterPage::show_curves);
  connect(&poll_, &QTimer::timeout, this, [this] {
    if (isVisible() && !call_->busy()) refresh();
  });
  poll_.start(poll_every_ms);
  set_case({}, nullptr);
  show_runs(runs_);
}

QWidget* ClusterPage::make_head() {
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
  train_->setToolTip("Train a network of a pipeline on a cluster or in the queue of this computer");
  sweep_->setToolTip("Train once for each point of a search space, and compare");
  message_->setObjectName("muted");
  message_->setAccessibleName("What happened");
  line->addWidget(title);
  line->addSpacing(grid);
  for (QPushButton* button : {send_, train_, sweep_, again}) line->addWidget(button);
  line->addWidget(message_, 1);
  line->addWidget(close);
  connect(close, &QPushButton::clicked, this, &ClusterPage::closed);
  connect(again, &QPushButton::clicked, this, &ClusterPage::refresh);
  return head;
}

QWidget* ClusterPage::make_side() {
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
  log_->setMaximumBlockCount(20000);
  log_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  study_button_->setToolTip("Trials, importance, curves and variants of the chosen sweep");
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(grid);
  for (QPushButton* button : {study_button_, fetch_, retry_, cancel_}) buttons->addWidget(button);
  buttons->addStretch(1);
  tabs_->setAccessibleName("Of the chosen run");
  tabs_->addTab(curves_, "Curves");
  tabs_->addTab(log_, "What it printed");
  column->addWidget(words_);
  column->addLayout(buttons);
  column->addWidget(tabs_, 1);
  return side;
}

void ClusterPage::set_case(const QString& name, const json& recipe, const QString& pipeline) {
  name_ = name;
  recipe_ = recipe;
  pipeline_ = pipeline;
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
  message_->setObjectName(bad ? "warning" : "muted");
  message_->style()->unpolish(message_);
  message_->style()->polish(message_);
}

void ClusterPage::say_error(const json& reply) {
  say(error_text(reply, "It did not work.").replace('\n', ": "), true);
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

std::vector<const json*> ClusterPage::selected() const {
  std::vector<const json*> out;
  for (std::size_t row = 0; row < runs_.size(); ++row)
    if (table_->selectionModel()->isRowSelected(static_cast<int>(row))) out.push_back(&runs_[row]);
  return out;
}

void ClusterPage::show_runs(const json& runs) {
  const json* const before = chosen();
  const QString token = before ? text_of(*before, "token") : QString();
  QStringList marked;
  for (const json* run : selected()) marked << text_of(*run, "token");
  runs_ = runs;
  std::reverse(runs_.begin(), runs_.end()); // newest first
  table_->blockSignals(true);
  table_->setRowCount(0);
  int current = -1;
  for (const json& run : runs_) {
    QString name = text_of(run, "name");
    if (name.isEmpty()) name = text_of(run, "token").left(8);
    QString state = text_of(run, "state");
    if (run.contains("elements") && is_open(state)) {
      const json& elements = run.at("elements");
      const auto ended = std::count_if(elements.begin(), elements.end(),
                                       [](const json& e) { return !is_open(text_of(e, "state")); });
      state += QString(" %1/%2").arg(ended).arg(run.value("elements_in_all", 0));
    }
    const int row = add_row(*table_,
                            {name, kind_of(run), state, text_of(run, "site"),
                             local_time(text_of(run, "created_utc")), words_of(run)},
                            text_of(run, "token"));
    if (text_of(run, "token") == token) current = row;
  }
  if (!runs_.empty()) table_->setCurrentCell(std::max(current, 0), 0);
  for (int row = 0; row < table_->rowCount(); ++row)
    if (row != table_->currentRow() && marked.contains(table_->item(row, 0)->data(Qt::UserRole)))
      table_->selectionModel()->select(table_->model()->index(row, 0),
                                       QItemSelectionModel::Select | QItemSelectionModel::Rows);
  table_->blockSignals(false);
  table_->setVisible(!runs_.empty());
  empty_->setVisible(runs_.empty());
  empty_->setText(
      "No run was sent yet.\n\nA cluster is set up once, in a terminal: sensorium site "
      "add NAME --host USER@MACHINE\nThe site 'local' is a queue of this computer and is "
      "there already.");
  show_chosen();
}

void ClusterPage::show_chosen() {
  const json* const run = chosen();
  const QString token = run ? text_of(*run, "token") : QString();
  if (token != log_of_) {
    log_->clear();
    log_text_.clear();
    log_of_ = token;
    log_next_ = 0;
  }
  show_run();
  show_curves();
  if (run) read_log();
}

// Trainings that are drawn have their colour beside their name.
void ClusterPage::show_curves() {
  std::vector<ShownRun> shown;
  std::vector<const json*> runs = selected();
  if (runs.empty() && chosen()) runs.push_back(chosen());
  for (int row = 0; row < table_->rowCount(); ++row) table_->item(row, 0)->setIcon({});
  const bool several = runs.size() > 1;
  if (several) std::erase_if(runs, [](const json* run) { return !is_training(*run); });
  for (const json* run : runs) {
    if (shown.size() == most_compared) break;
    const QString name = text_of(*run, "name"), token = text_of(*run, "token");
    shown.push_back({.token = token,
                     .name = name.isEmpty() ? token.left(8) : name,
                     .array = text_of(*run, "verb") == "trial",
                     .ended = !is_open(text_of(*run, "state"))});
    QPixmap square(12, 12);
    square.fill(series_color(static_cast<int>(shown.size()) - 1));
    QIcon colour(square);
    colour.addPixmap(square, QIcon::Selected); // or the style would tint it
    if (several) table_->item(static_cast<int>(run - &runs_[0]), 0)->setIcon(colour);
  }
  if (several && runs.size() > most_compared)
    say(QString("%1 runs are drawn at most.").arg(most_compared), false);
  if (tabs_->currentWidget() == curves_) curves_->set_runs(std::move(shown));
}

void ClusterPage::show_run() {
  const json* const run = chosen();
  const QString state = run ? text_of(*run, "state") : QString();
  words_->setText(run ? text_of(*run, "name") + ": " + words_of(*run) : QString());
  words_->setVisible(run != nullptr);
  cancel_->setEnabled(run && is_open(state));
  fetch_->setEnabled(run && state == "done");
  retry_->setEnabled(run && !is_open(state) && state != "done");
  study_button_->setEnabled(run && text_of(*run, "verb") == "trial");
}

// What was read stays; only what is new is asked for.
void ClusterPage::read_log() {
  const QString token = log_of_;
  call_->start({"jobs", "logs", token, "--from", QString::number(log_next_)},
               [this, token, from = log_next_](bool ok, const json& reply) {
                 if (!ok || token != log_of_ || from != log_next_) return;
                 const QString text = text_of(reply, "log");
                 if (text.isEmpty()) return;
                 log_next_ = reply.value("bytes", from);
                 log_text_ += text;
                 show_log();
               });
}

void ClusterPage::show_log() {
  const QString text = readable(log_text_);
  log_->setPlainText(text);
  log_->verticalScrollBar()->setValue(log_->verticalScrollBar()->maximum());
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
  call_->start(
      {"jobs", "fetch", text_of(*run, "token"), "-o", folder},
      [this, folder, analysis = text_of(*run, "verb") == "run"](bool ok, const json& reply) {
        if (!ok) return say_error(reply);
        const int files = reply.value("verified", 0);
        if (analysis) {
          say(QString("%1 files came, their hashes are right.").arg(files), false);
          emit case_fetched(folder + "/out");
        } else {
          say(QString("%1 files came, their hashes are right: %2").arg(files).arg(folder), false);
        }
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

void ClusterPage::send_training(bool sweep) {
  auto* dialog = new TrainingDialog(program_, pipeline_, sweep, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::accepted, this, [this, dialog] {
    say("Sent to " + dialog->site() + ".", false);
    refresh();
  });
  dialog->open();
}

void ClusterPage::open_study() {
  const json* const run = chosen();
  if (!run || text_of(*run, "verb") != "trial") return;
  const QString name = text_of(*run, "name"), token = text_of(*run, "token");
  study_->show_run(token, name.isEmpty() ? token.left(8) : name, is_open(text_of(*run, "state")));
  emit study_asked();
}

}
