#include "app/gui/curves_panel.h"

#include "app/gui/command_call.h"
#include "app/gui/json_fields.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QSignalBlocker>
#include <QTextDocumentFragment>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <set>

namespace sensorium {
using nlohmann::json;

CurvesPanel::CurvesPanel(const QString& program, QWidget* parent)
    : QWidget(parent), call_(new CommandCall(program, this)), tags_(new QComboBox),
      plot_(new SignalPlot("Curves of the training", SignalPlot::Drag::Zoom)), legend_(new QLabel),
      empty_(new QLabel) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  tags_->setAccessibleName("Which curve");
  tags_->setMinimumContentsLength(20);
  legend_->setTextFormat(Qt::RichText);
  legend_->setAccessibleName("Lines");
  legend_->setWordWrap(true);
  plot_->set_axes("step", "");
  plot_->set_units("", "", 0, 5);
  plot_->read_all_lines(true);
  auto* head = new QHBoxLayout;
  head->setSpacing(2 * grid);
  head->addWidget(tags_);
  head->addWidget(legend_, 1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, grid, 0, 0);
  column->setSpacing(grid);
  column->addLayout(head);
  empty_->setObjectName("muted");
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  column->addWidget(plot_, 1);
  column->addWidget(empty_, 1);
  connect(tags_, &QComboBox::currentIndexChanged, this, [this] { draw(); });
  draw();
}

QString CurvesPanel::legend() const {
  return QTextDocumentFragment::fromHtml(legend_->text()).toPlainText();
}

void CurvesPanel::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::StyleChange || event->type() == QEvent::PaletteChange) draw();
}

void CurvesPanel::set_runs(std::vector<ShownRun> runs) {
  if (runs.size() > most_compared) runs.resize(most_compared);
  runs_ = std::move(runs);
  for (const ShownRun& run : runs_)
    if (!run.ended) followed_[run.token].complete = false; // sent again
  fill_tags();
  poll();
}

void CurvesPanel::poll() {
  for (const ShownRun& run : runs_) {
    const Followed& f = followed_[run.token];
    if (!run.array && !f.asked && !f.complete) ask(run.token);
  }
}

void CurvesPanel::ask(const QString& token) {
  Followed& f = followed_[token];
  f.asked = true;
  f.last = std::any_of(runs_.begin(), runs_.end(),
                       [&](const ShownRun& run) { return run.token == token && run.ended; });
  call_->start({"jobs", "curves", token, "--from", QString::number(f.next)},
               [this, token](bool ok, const json& reply) { take(token, ok, reply); });
}

void CurvesPanel::take(const QString& token, bool ok, const json& reply) {
  Followed& f = followed_[token];
  f.asked = false;
  f.failure = ok ? QString() : error_text(reply, "The curves cannot be read.");
  if (!ok) return draw();
  const QString file = text_field(reply, "file");
  const auto from = reply.value("from", std::uint64_t{0});
  if (!f.file.isEmpty() && file != f.file && from > 0) { // another fold's log: from its beginning
    f = {.file = file};
    return ask(token);
  }
  if (from == 0) f.curves.clear();
  f.file = file;
  f.next = reply.value("next", std::uint64_t{0});
  const json curves = reply.value("curves", json::object());
  for (const auto& [tag, points] : curves.items()) {
    Curve& curve = f.curves[tag];
    for (const json& point : points) {
      if (!point.is_array() || point.size() != 2 || !point[0].is_number_integer()) continue;
      const int step = point[0].get<int>();
      while (!curve.empty() && curve.back().first >= step) curve.pop_back(); // it was resumed
      curve.emplace_back(step, point[1].is_number() ? point[1].get<double>() : std::nan(""));
    }
  }
  f.complete = f.last;
  fill_tags();
}

// One run: "loss" is its training and its validation loss. Several: one curve of each.
void CurvesPanel::fill_tags() {
  const QString before = tags_->currentData().toString();
  std::set<std::string> all;
  std::map<std::string, int> groups;
  for (const ShownRun& run : runs_)
    for (const auto& [tag, curve] : followed_[run.token].curves) all.insert(tag);
  for (const std::string& tag : all)
    if (const auto slash = tag.find('/'); slash != std::string::npos)
      ++groups[tag.substr(0, slash)];
  const QSignalBlocker block(tags_);
  tags_->clear();
  if (runs_.size() == 1)
    for (const auto& [group, count] : groups)
      if (count > 1 && group != "checkpoint")
        tags_->addItem(QString::fromStdString(group), QString::fromStdString(group + "/"));
  for (const std::string& tag : all)
    tags_->addItem(QString::fromStdString(tag).replace('/', ": "), QString::fromStdString(tag));
  int at = tags_->findData(before);
  for (const char* usual : {"loss/", "loss/validation", "loss/training"})
    if (at < 0) at = tags_->findData(usual);
  tags_->setCurrentIndex(tags_->count() == 0 ? -1 : std::max(at, 0));
  tags_->setVisible(tags_->count() > 0);
  draw();
}

// The tags that an entry of the list stands for, and how their lines are called.
std::vector<std::pair<std::string, QString>> CurvesPanel::lines_of(const QString& tag) const {
  std::vector<std::pair<std::string, QString>> out;
  if (!tag.endsWith('/')) {
    out.emplace_back(tag.toStdString(), QString());
    return out;
  }
  for (const auto& [name, curve] : followed_.at(runs_.front().token).curves)
    if (QString::fromStdString(name).startsWith(tag))
      out.emplace_back(name, QString::fromStdString(name).mid(tag.size()));
  return out;
}

void CurvesPanel::draw() {
  std::vector<PlotSeries> series;
  QStringList names;
  double low = 1e300, high = -1e300, last = 1;
  int color = 0;
  const QString tag = tags_->currentData().toString();
  for (std::size_t i = 0; i < runs_.size() && !tag.isEmpty(); ++i) {
    const Followed& f = followed_[runs_[i].token];
    if (runs_.size() > 1) color = static_cast<int>(i);
    for (const auto& [key, part] : lines_of(tag)) {
      const auto found = f.curves.find(key);
      if (found == f.curves.end() || found->second.empty()) continue;
      PlotSeries line{.name = part.isEmpty() ? runs_[i].name : part, .color = series_color(color)};
      line.width = 1.6;
      for (const auto& [step, value] : found->second) {
        line.x.push_back(step);
        line.y.push_back(value);
        if (std::isfinite(value)) {
          low = std::min(low, value);
          high = std::max(high, value);
        }
      }
      last = std::max(last, line.x.back());
      names << QString("<span style='color:%1'>&#9632;</span>&nbsp;%2 %3")
                   .arg(line.color.name(), line.name.toHtmlEscaped(),
                        QLocale().toString(line.y.back(), 'g', 4));
      series.push_back(std::move(line));
      ++color;
    }
  }
  QString empty = "Choose a training to see its curves. Choose several (Ctrl or Shift) to see them "
                  "over each other.";
  if (runs_.size() == 1 && runs_.front().array)
    empty = "This is a sweep: its study shows the curves of its trials.";
  else if (!runs_.empty())
    empty = "Nothing was recorded yet.";
  for (const ShownRun& run : runs_)
    if (const QString failure = followed_[run.token].failure; !failure.isEmpty())
      empty = failure.section('\n', 0, 0);
  const bool any = !series.empty();
  empty_->setText(empty);
  empty_->setVisible(!any);
  plot_->setVisible(any);
  plot_->set_x_limits(0, last);
  plot_->set_series(std::move(series));
  if (any) {
    const double margin = high > low ? (high - low) * 0.05 : std::max(1e-6, std::abs(high) * 0.1);
    plot_->set_x_view(0, last);
    plot_->set_y_view(low - margin, high + margin);
  }
  legend_->setText(names.join("&nbsp;&nbsp; "));
}

}
