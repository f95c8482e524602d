#include "app/gui/study_page.h"

#include "app/gui/command_call.h"
#include "app/gui/json_fields.h"
#include "app/gui/row_table.h"
#include "modules/view/signal_plot.h"
#include "modules/view/study_plots.h"
#include "modules/view/theme.h"

#include <QEvent>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStyle>
#include <QTabWidget>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr int poll_every_ms = 10000;
constexpr std::size_t most_columns = 8, most_drawn = 400;

QString value_text(const json& value) {
  if (value.is_number_integer()) return QString::number(value.get<std::int64_t>());
  if (value.is_number()) return QLocale().toString(value.get<double>(), 'g', 4);
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (value.is_string()) return QString::fromStdString(value.get<std::string>());
  return QString::fromStdString(value.dump());
}

QString parameters_text(const json& parameters) {
  QStringList out;
  for (const auto& [name, value] : parameters.items())
    out << QString::fromStdString(name) + " " + value_text(value);
  return out.join(", ");
}

QString title_of_name(const std::string& name) {
  return QString::fromStdString(name).replace('_', ' ');
}

bool has_value(const json& trial) {
  return trial.contains("value") && trial.at("value").is_number();
}

bool complete(const json& trial) {
  return trial.value("state", "") == "complete" && has_value(trial);
}

}

StudyPage::StudyPage(const QString& program, QWidget* parent)
    : QWidget(parent), call_(new CommandCall(program, this)), heading_(new QLabel("Study")),
      message_(new QLabel), importance_note_(new QLabel), variants_note_(new QLabel),
      save_(new QPushButton("Save for Optuna")),
      parallel_(new ParallelPlot("Trials over their parameters")),
      bars_(new ShareBars("Importance of the parameters")),
      curves_(new SignalPlot("Curves of the trials", SignalPlot::Drag::Zoom)),
      tables_(new QTabWidget), trials_(row_table({"Trial"}, "Trials, best first", 24)),
      variants_(row_table({"Mean", "Seeds", "Less the best, 95 %", "", "Variant"},
                          "Variants over seeds", 24)) {
  importance_note_->setObjectName("small");
  importance_note_->setWordWrap(true);
  variants_note_->setWordWrap(true);
  curves_->set_axes("step", "");
  curves_->set_units("", "", 0, 5);
  variants_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  variants_->horizontalHeader()->setSectionResizeMode(4, QHeaderView::Stretch);
  auto* compared = new QWidget;
  compared->setObjectName("panel");
  compared->setAttribute(Qt::WA_StyledBackground);
  auto* column = new QVBoxLayout(compared);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(grid);
  column->addWidget(variants_, 1);
  column->addWidget(variants_note_);
  tables_->setAccessibleName("Trials and variants");
  tables_->addTab(trials_, "Trials");
  tables_->addTab(compared, "Variants");

  auto* above = new QSplitter(Qt::Horizontal);
  auto* looks = new QLabel("Strong: the best tenth. Dashed: ended early. Thick: the chosen one.");
  looks->setObjectName("small");
  above->addWidget(captioned("Trials over their parameters", parallel_, looks));
  above->addWidget(captioned("Importance", bars_, importance_note_));
  above->setSizes({860, 400});
  auto* below = new QSplitter(Qt::Horizontal);
  below->addWidget(tables_);
  below->addWidget(captioned("Curves of the trials", curves_));
  below->setSizes({700, 560});
  auto* split = new QSplitter(Qt::Vertical);
  split->addWidget(above);
  split->addWidget(below);
  split->setSizes({340, 320});
  for (QSplitter* s : {above, below, split}) s->setChildrenCollapsible(false);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(make_head());
  all->addWidget(split, 1);

  connect(parallel_, &ParallelPlot::line_clicked, this, [this](int id) { choose(id); });
  connect(trials_, &QTableWidget::itemSelectionChanged, this, [this] {
    const int row = trials_->currentRow();
    if (row >= 0 && trials_->item(row, 0))
      choose(trials_->item(row, 0)->data(Qt::UserRole).toInt());
  });
  connect(&poll_, &QTimer::timeout, this, [this] {
    if (isVisible() && running_ && !call_->busy()) ask();
  });
  poll_.start(poll_every_ms);
  take(true, json::object());
  say("", false);
}

QWidget* StudyPage::make_head() {
  auto* head = new QFrame;
  head->setObjectName("tools");
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(grid, 6, grid, 6);
  line->setSpacing(grid);
  heading_->setObjectName("heading");
  message_->setObjectName("muted");
  message_->setAccessibleName("What the study holds");
  auto* open = new QPushButton("Open a study");
  open->setToolTip("A file of 'sensorium jobs study' or of Optuna (SQLite, one study)");
  save_->setToolTip("One SQLite file that optuna and optuna-dashboard open");
  auto* close = new QPushButton("Back to the runs");
  line->addWidget(heading_);
  line->addWidget(message_, 1);
  line->addWidget(open);
  line->addWidget(save_);
  line->addWidget(close);
  connect(open, &QPushButton::clicked, this, [this] {
    const QString path = QFileDialog::getOpenFileName(this, "A study", {},
                                                      "Studies (*.db *.sqlite3);;All files (*)");
    if (!path.isEmpty()) open_file(path);
  });
  connect(save_, &QPushButton::clicked, this, [this] {
    const QString path =
        QFileDialog::getSaveFileName(this, "Save the study", title_ + ".db", "Studies (*.db)");
    if (!path.isEmpty()) save(path);
  });
  connect(close, &QPushButton::clicked, this, &StudyPage::closed);
  return head;
}

QWidget* StudyPage::captioned(const QString& caption, QWidget* body, QLabel* note) {
  auto* panel = new QWidget;
  panel->setObjectName("panel");
  panel->setAttribute(Qt::WA_StyledBackground);
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(4);
  auto* title = new QLabel(caption);
  title->setObjectName("heading");
  column->addWidget(title);
  column->addWidget(body, 1);
  if (note) column->addWidget(note);
  return panel;
}

bool StudyPage::busy() const { return call_->busy(); }
QString StudyPage::message() const { return message_->text(); }
QString StudyPage::note() const { return variants_note_->text(); }

void StudyPage::say(const QString& text, bool bad) {
  message_->setText(text);
  message_->setToolTip(text);
  message_->setObjectName(bad ? "warning" : "muted");
  message_->style()->unpolish(message_);
  message_->style()->polish(message_);
}

void StudyPage::show_run(const QString& token, const QString& name, bool running) {
  const bool other = token != token_;
  token_ = token;
  title_ = name;
  running_ = running;
  if (other) {
    chosen_.reset();
    take(true, json::object());
    say("Reading the trials", false);
  }
  ask();
}

void StudyPage::open_file(const QString& path) {
  token_.clear();
  running_ = false;
  title_ = QFileInfo(path).completeBaseName();
  chosen_.reset();
  file_ = QFileInfo(path).absoluteFilePath();
  say("Reading the study", false);
  call_->start({"jobs", "study", file_}, [this](bool ok, const json& reply) { take(ok, reply); });
}

void StudyPage::ask() {
  file_ = folder_.filePath("study.db");
  call_->start({"jobs", "study", token_, "-o", file_},
               [this, token = token_](bool ok, const json& reply) {
                 if (token == token_) take(ok, reply);
               });
}

bool StudyPage::save(const QString& path) {
  QFile::remove(path + ".new");
  if (QFile::copy(file_, path + ".new") && (!QFile::exists(path) || QFile::remove(path)) &&
      QFile::rename(path + ".new", path)) {
    say("Saved: optuna-dashboard sqlite:///" + path, false);
    return true;
  }
  say("'" + path + "' cannot be written: is the folder yours, or the disk full?", true);
  return false;
}

void StudyPage::take(bool ok, const json& reply) {
  if (!ok) return say(error_text(reply, "The study cannot be read.").replace('\n', ": "), true);
  study_ = reply;
  for (const char* list : {"trials", "variants", "importances"})
    if (!study_.contains(list)) study_[list] = json::array();
  const bool largest = study_.value("direction", "") == "maximize";
  const json& trials = study_["trials"];
  order_.clear();
  for (std::size_t i = 0; i < trials.size(); ++i) order_.push_back(i);
  const auto rank = [&](std::size_t i) {
    if (!has_value(trials[i])) return 1e300;
    const double value = trials[i].at("value").get<double>();
    const bool done = complete(trials[i]);
    return (done ? 0 : 1e200) + (largest ? -value : value);
  };
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  heading_->setText(title_.isEmpty() ? QString("Study") : "Study of " + title_);
  save_->setEnabled(!trials.empty());
  std::map<std::string, int> counts;
  for (const json& t : trials) ++counts[t.value("state", "")];
  QStringList words;
  for (const char* state : {"complete", "pruned", "running", "waiting", "failed"})
    if (counts[state] > 0)
      words << QString("%1 %2")
                   .arg(counts[state])
                   .arg(std::string(state) == "pruned" ? "ended early" : state);
  QString text = QString("%1 trials: %2").arg(trials.size()).arg(words.join(", "));
  if (!order_.empty() && complete(trials[order_.front()]))
    text += QString("; best %1 (trial %2)")
                .arg(value_text(trials[order_.front()].at("value")))
                .arg(trials[order_.front()].value("number", 0));
  if (!trials.empty()) say(text, false);
  show_trials();
  show_variants();
  show_parallel();
  show_importances();
  show_curves();
}

void StudyPage::show_trials() {
  const json& trials = study_["trials"];
  std::vector<std::string> names;
  const json space = study_.value("space", json::object());
  for (const auto& [name, range] : space.items())
    if (names.size() < most_columns) names.push_back(name);
  const QSignalBlocker block(trials_);
  trials_->setRowCount(0);
  QStringList heads{"Trial", "State", "Value"};
  for (const std::string& name : names) heads << title_of_name(name);
  trials_->setColumnCount(static_cast<int>(heads.size()));
  trials_->setHorizontalHeaderLabels(heads);
  for (const std::size_t i : order_) {
    const json& t = trials[i];
    const QString state = QString::fromStdString(t.value("state", ""));
    QStringList cells{QString::number(t.value("number", 0)),
                      state == "pruned" ? QString("ended early") : state,
                      has_value(t) ? value_text(t.at("value")) : QString()};
    const json parameters = t.value("parameters", json::object());
    for (const std::string& name : names)
      cells << (parameters.contains(name) ? value_text(parameters.at(name)) : QString());
    const int row = add_row(*trials_, cells, t.value("number", 0));
    if (chosen_ && *chosen_ == t.value("number", 0)) trials_->setCurrentCell(row, 0);
  }
  trials_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  trials_->horizontalHeader()->setStretchLastSection(true);
}

void StudyPage::show_variants() {
  const json& variants = study_["variants"];
  variants_->setRowCount(0);
  for (const json& v : variants) {
    const QString verdict = QString::fromStdString(v.value("verdict", ""));
    const json interval = v.value("interval", json::array({0.0, 0.0}));
    const bool best = verdict == "best", one = v.value("pairs", 0) < 2;
    const auto signed_text = [](double x) {
      return (x > 0 ? "+" : x < 0 ? "−" : "") + QLocale().toString(std::abs(x), 'g', 3);
    };
    add_row(*variants_,
            {QLocale().toString(v.value("mean", 0.0), 'g', 4),
             QString::number(v.value("values", json::array()).size()),
             best  ? QString()
             : one ? QString()
                   : QString("%1 (%2 to %3)")
                         .arg(signed_text(v.value("difference", 0.0)),
                              signed_text(interval[0].get<double>()),
                              signed_text(interval[1].get<double>())),
             verdict, parameters_text(v.value("parameters", json::object()))},
            {});
  }
  const QString note = text_field(study_, "note");
  variants_->setVisible(!variants.empty());
  variants_note_->setObjectName(variants.empty() ? "muted" : "");
  variants_note_->setText(
      variants.empty()
          ? note + (note.isEmpty() ? "" : " ") +
                QString("No variants over seeds. Let a grid repeat every variant with five "
                        "seeds or more ('Seeds of each variant'): then this table says "
                        "which differences mean something.")
      : note.isEmpty() ? QString("All variants differ from the best by more than chance (95 %, "
                                 "paired by seed).")
                       : note);
  variants_note_->style()->unpolish(variants_note_);
  variants_note_->style()->polish(variants_note_);
  tables_->setTabText(1, variants.empty() ? QString("Variants")
                                          : QString("Variants (%1)").arg(variants.size()));
}

void StudyPage::show_parallel() {
  std::vector<ParallelAxis> axes;
  std::vector<std::string> names;
  const json space = study_.value("space", json::object());
  for (const auto& [name, range] : space.items()) {
    ParallelAxis axis{.name = title_of_name(name)};
    if (range.is_array()) {
      for (const json& value : range) axis.names << value_text(value);
    } else {
      axis.low = range.value("low", 0.0);
      axis.high = range.value("high", 1.0);
      axis.logarithmic = range.value("log", false);
    }
    axes.push_back(axis);
    names.push_back(name);
  }
  const json& trials = study_["trials"];
  double low = 1e300, high = -1e300;
  std::size_t done = 0;
  for (const json& t : trials)
    if (complete(t)) {
      low = std::min(low, t.at("value").get<double>());
      high = std::max(high, t.at("value").get<double>());
      ++done;
    }
  if (done > 0) axes.push_back({.name = "value", .low = low, .high = high});
  const std::size_t best = std::max<std::size_t>(1, done / 10);
  std::vector<ParallelLine> lines;
  for (std::size_t k = 0; k < order_.size() && lines.size() < most_drawn; ++k) {
    const json& t = trials[order_[k]];
    const json parameters = t.value("parameters", json::object());
    const std::string state = t.value("state", "");
    if (parameters.empty() || (state != "complete" && state != "pruned")) continue;
    ParallelLine line{.id = t.value("number", 0)};
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::optional<double> at;
      if (parameters.contains(names[i])) {
        const json& value = parameters.at(names[i]);
        if (axes[i].names.isEmpty())
          at = value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
        else if (const auto place = axes[i].names.indexOf(value_text(value)); place >= 0)
          at = static_cast<double>(place);
      }
      line.values.push_back(at);
    }
    line.values.push_back(complete(t) ? std::optional(t.at("value").get<double>()) : std::nullopt);
    line.look = state == "pruned" ? TrialLook::Pruned
                : k < best        ? TrialLook::Best
                                  : TrialLook::Plain;
    line.text = QString("trial %1: %2%3")
                    .arg(line.id)
                    .arg(has_value(t) ? value_text(t.at("value")) + "; " : QString(),
                         parameters_text(parameters));
    lines.push_back(std::move(line));
  }
  parallel_->set_empty_text(trials.empty() ? "Choose a sweep among the runs, or open a study."
                                           : "No trial has ended yet.");
  parallel_->set_trials(std::move(axes), std::move(lines));
}

void StudyPage::show_importances() {
  std::vector<std::pair<QString, double>> shares;
  double rest = 1;
  for (const json& one : study_["importances"]) {
    const std::string name = one.value("name", "");
    shares.emplace_back(title_of_name(name) + (name == "seed" ? " (chance)" : ""),
                        one.value("share", 0.0));
    rest -= shares.back().second;
  }
  importance_note_->setVisible(!shares.empty());
  importance_note_->setText(
      QString("Share of the variance that each explains by itself; several together: %1\u00a0%. "
              "Functional analysis of variance of a random forest (Hutter et al. 2014).")
          .arg(std::max(0.0, rest) * 100, 0, 'f', 0));
  bars_->set_empty_text(study_["trials"].empty() ? "" : "Ten complete trials are needed.");
  bars_->set_shares(std::move(shares));
}

void StudyPage::show_curves() {
  const json& trials = study_["trials"];
  std::vector<PlotSeries> series;
  double low = 1e300, high = -1e300, last = 1;
  const auto add = [&](const json& t, const QColor& color, double width) {
    PlotSeries line{.name = QString("trial %1").arg(t.value("number", 0)), .color = color};
    line.width = width;
    for (const json& point : t.value("curve", json::array())) {
      if (!point.is_array() || point.size() != 2 || !point[1].is_number()) continue;
      line.x.push_back(point[0].get<double>());
      line.y.push_back(point[1].get<double>());
      low = std::min(low, line.y.back());
      high = std::max(high, line.y.back());
      last = std::max(last, line.x.back());
    }
    if (!line.x.empty()) series.push_back(std::move(line));
  };
  const json* chosen = nullptr;
  QColor plain = theme_colors().muted;
  plain.setAlphaF(0.45f);
  for (const json& t : trials)
    if (chosen_ && t.value("number", 0) == *chosen_) chosen = &t;
  if (chosen) add(*chosen, series_color(0), 3); // first: the cursors stand on it
  const std::size_t best = order_.empty() ? 0 : order_.front();
  if (!trials.empty() && complete(trials[best]) && &trials[best] != chosen)
    add(trials[best], series_color(1), 2);
  for (std::size_t k = 0; k < std::min(order_.size(), most_drawn); ++k)
    if (&trials[order_[k]] != chosen && (order_[k] != best || !complete(trials[best])))
      add(trials[order_[k]], plain, 1);
  curves_->set_empty_text(trials.empty() ? "" : "No trial has recorded its curve yet.");
  const bool any = !series.empty();
  curves_->set_x_limits(0, last);
  curves_->set_series(std::move(series));
  if (!any) return;
  const double margin = high > low ? (high - low) * 0.05 : std::max(1e-6, std::abs(high) * 0.1);
  curves_->set_x_view(0, last);
  curves_->set_y_view(low - margin, high + margin);
}

void StudyPage::choose(std::optional<int> number) {
  chosen_ = number;
  const QSignalBlocker block(trials_);
  for (int row = 0; row < trials_->rowCount(); ++row)
    if (number && trials_->item(row, 0)->data(Qt::UserRole).toInt() == *number) {
      trials_->setCurrentCell(row, 0);
      trials_->scrollToItem(trials_->item(row, 0));
    }
  parallel_->set_chosen(number);
  show_curves();
}

void StudyPage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::StyleChange || event->type() == QEvent::PaletteChange)
    if (study_.is_object() && study_.contains("trials")) show_curves();
}

}
