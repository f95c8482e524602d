#include "modules/view/study_plots.h"

#include "modules/view/plot_style.h"
#include "modules/view/signal_plot.h"
#include "modules/view/theme.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr double reach = 12; // pixels

QPen solid(const QColor& color, double width) {
  QPen pen(color, width);
  pen.setCosmetic(true);
  return pen;
}

QColor faint(QColor color, float alpha) {
  color.setAlphaF(alpha);
  return color;
}

QString number_text(double value) { return QLocale().toString(value, 'g', 3); }

double distance_to(const QPointF& p, const QPointF& a, const QPointF& b) {
  const QPointF ab = b - a;
  const double length = QPointF::dotProduct(ab, ab);
  const double t = length > 0 ? std::clamp(QPointF::dotProduct(p - a, ab) / length, 0.0, 1.0) : 0.0;
  const QPointF d = p - (a + t * ab);
  return std::hypot(d.x(), d.y());
}

}

ParallelPlot::ParallelPlot(const QString& name, QWidget* parent)
    : QWidget(parent), name_(name), plot_(make_plot(this, false)) {
  setAccessibleName(name);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumHeight(150);
  plot_->installEventFilter(this);
  plot_->axisRect()->setAutoMargins(QCP::msNone);
  plot_->axisRect()->setMargins(QMargins(56, 40, 56, 28));
  for (QCPAxis* axis : plot_->axisRect()->axes()) axis->setVisible(false);
}

QWidget* ParallelPlot::canvas() const { return plot_; }

void ParallelPlot::set_trials(std::vector<ParallelAxis> axes, std::vector<ParallelLine> lines) {
  axes_ = std::move(axes);
  lines_ = std::move(lines);
  draw();
}

void ParallelPlot::set_chosen(std::optional<int> id) {
  chosen_ = id;
  draw();
}

void ParallelPlot::set_empty_text(const QString& text) {
  empty_text_ = text;
  draw();
}

double ParallelPlot::place(std::size_t axis, double value) const {
  const ParallelAxis& a = axes_[axis];
  if (!a.names.isEmpty())
    return a.names.size() < 2 ? 0.5 : value / static_cast<double>(a.names.size() - 1);
  if (!(a.high > a.low)) return 0.5;
  if (a.logarithmic && a.low > 0 && value > 0)
    return std::log(value / a.low) / std::log(a.high / a.low);
  return (value - a.low) / (a.high - a.low);
}

QPointF ParallelPlot::point(std::size_t axis, double value) const {
  return {plot_->xAxis->coordToPixel(static_cast<double>(axis)),
          plot_->yAxis->coordToPixel(place(axis, value))};
}

void ParallelPlot::draw_axes() {
  const ThemeColors& c = theme_colors();
  QFont font = plot_->font();
  font.setPointSize(small_text);
  const auto text = [&](double x, double y, const QString& words, Qt::Alignment side,
                        const QColor& color, const QPointF& shift) {
    auto* item = new QCPItemText(plot_);
    item->setClipToAxisRect(false);
    item->position->setCoords(x, y);
    item->setPositionAlignment(side);
    item->setText(words);
    item->setFont(font);
    item->setColor(color);
    item->setPadding(QMargins(static_cast<int>(std::max(0.0, shift.x())), 2,
                              static_cast<int>(std::max(0.0, -shift.x())), 2));
    item->setBrush(QBrush(faint(c.panel, 0.75f)));
  };
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const double x = static_cast<double>(i);
    auto* line = new QCPItemLine(plot_);
    line->setClipToAxisRect(false);
    line->start->setCoords(x, 0);
    line->end->setCoords(x, 1);
    line->setPen(solid(c.muted, 1));
    const ParallelAxis& a = axes_[i];
    const QString title = a.logarithmic ? a.name + " (log)" : a.name;
    const int room = static_cast<int>(plot_->axisRect()->width() /
                                      std::max<double>(1.0, static_cast<double>(axes_.size()) - 1));
    auto* head = new QCPItemText(plot_);
    head->setClipToAxisRect(false);
    head->position->setTypeX(QCPItemPosition::ptPlotCoords);
    head->position->setTypeY(QCPItemPosition::ptAbsolute);
    head->position->setCoords(x, 14);
    head->setText(QFontMetrics(plot_->font())
                      .elidedText(title, Qt::ElideRight, std::max(60, std::min(room, 180) - 8)));
    head->setFont(plot_->font());
    head->setColor(c.text);
    if (a.names.isEmpty()) {
      text(x, 1, number_text(a.high), Qt::AlignHCenter | Qt::AlignBottom, c.muted, {});
      text(x, 0, number_text(a.low), Qt::AlignHCenter | Qt::AlignTop, c.muted, {});
    } else {
      const bool last = i + 1 == axes_.size();
      for (int k = 0; k < a.names.size(); ++k)
        text(x, place(i, k), QFontMetrics(font).elidedText(a.names[k], Qt::ElideMiddle, 110),
             (last ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter, c.muted,
             {last ? -6.0 : 6.0, 0});
    }
  }
}

void ParallelPlot::draw_line(const ParallelLine& line) {
  const ThemeColors& c = theme_colors();
  const bool chosen = chosen_ && *chosen_ == line.id;
  QVector<double> x, y;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    x << static_cast<double>(i);
    const bool known = i < line.values.size() && line.values[i].has_value();
    y << (known ? place(i, *line.values[i]) : std::nan(""));
  }
  QPen pen =
      line.look == TrialLook::Best ? solid(series_color(1), 2) : solid(faint(c.muted, 0.55f), 1);
  if (line.look == TrialLook::Pruned) pen.setStyle(Qt::DashLine);
  if (chosen) pen = QPen(series_color(0), 3, pen.style());
  QCPGraph* graph = plot_->addGraph();
  graph->setData(x, y, true);
  graph->setPen(pen);
  graph->setAdaptiveSampling(false);
  if (chosen) graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, series_color(0), 7));
}

void ParallelPlot::draw() {
  plot_->clearItems();
  plot_->clearGraphs();
  style_plot(*plot_);
  plot_->xAxis->setRange(0, std::max<double>(1, static_cast<double>(axes_.size()) - 1));
  plot_->yAxis->setRange(0, 1);
  if (axes_.size() < 2 || lines_.empty()) {
    add_empty_text(*plot_, empty_text_);
    setAccessibleDescription(empty_text_);
    plot_->replot();
    return;
  }
  const auto rank = [&](const ParallelLine& line) {
    return chosen_ && *chosen_ == line.id ? 2 : line.look == TrialLook::Best ? 1 : 0;
  };
  for (const int wanted : {0, 1, 2})
    for (const ParallelLine& line : lines_)
      if (rank(line) == wanted) draw_line(line);
  draw_axes();
  QStringList names;
  for (const ParallelAxis& axis : axes_) names << axis.name;
  QString chosen;
  for (const ParallelLine& line : lines_)
    if (chosen_ && *chosen_ == line.id) chosen = ". Chosen: " + line.text;
  setAccessibleDescription(
      QString("%1 trials over %2%3").arg(lines_.size()).arg(names.join(", "), chosen));
  plot_->replot();
}

std::optional<int> ParallelPlot::nearest(const QPointF& at, double within) const {
  std::optional<int> out;
  for (const ParallelLine& line : lines_)
    for (std::size_t i = 0; i + 1 < std::min(axes_.size(), line.values.size()); ++i) {
      if (!line.values[i] || !line.values[i + 1]) continue;
      const double d =
          distance_to(at, point(i, *line.values[i]), point(i + 1, *line.values[i + 1]));
      if (d > within) continue;
      within = d;
      out = line.id;
    }
  return out;
}

void ParallelPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::StyleChange || event->type() == QEvent::PaletteChange) draw();
}

void ParallelPlot::keyPressEvent(QKeyEvent* event) {
  const bool back = event->key() == Qt::Key_Left || event->key() == Qt::Key_Up;
  const bool on = event->key() == Qt::Key_Right || event->key() == Qt::Key_Down;
  if ((!back && !on) || lines_.empty()) return QWidget::keyPressEvent(event);
  const auto at = std::find_if(lines_.begin(), lines_.end(), [&](const ParallelLine& line) {
    return chosen_ && *chosen_ == line.id;
  });
  std::size_t next = 0;
  if (at != lines_.end()) {
    next = static_cast<std::size_t>(at - lines_.begin());
    next = back ? (next == 0 ? 0 : next - 1) : std::min(next + 1, lines_.size() - 1);
  }
  emit line_clicked(lines_[next].id);
}

bool ParallelPlot::eventFilter(QObject* object, QEvent* event) {
  if (event->type() == QEvent::MouseButtonPress) {
    setFocus(Qt::MouseFocusReason);
    if (const auto id = nearest(static_cast<QMouseEvent*>(event)->position(), reach))
      emit line_clicked(*id);
    return true;
  }
  if (event->type() == QEvent::Resize) QTimer::singleShot(0, this, [this] { draw(); });
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto id = nearest(help->pos(), reach);
    for (const ParallelLine& line : lines_)
      if (id && line.id == *id) QToolTip::showText(help->globalPos(), line.text, this);
    return true;
  }
  return QWidget::eventFilter(object, event);
}

ShareBars::ShareBars(const QString& name, QWidget* parent)
    : QWidget(parent), name_(name), plot_(make_plot(this, false)) {
  setAccessibleName(name);
  setMinimumHeight(120);
  plot_->axisRect()->setAutoMargins(QCP::msLeft | QCP::msBottom);
  plot_->axisRect()->setMargins(QMargins(8, 8, 48, 8));
  plot_->axisRect()->setMinimumMargins(QMargins(8, 8, 48, 8));
  plot_->axisRect()->axis(QCPAxis::atTop)->setVisible(false);
  plot_->axisRect()->axis(QCPAxis::atRight)->setVisible(false);
}

void ShareBars::set_shares(std::vector<std::pair<QString, double>> shares) {
  shares_ = std::move(shares);
  draw();
}

void ShareBars::set_empty_text(const QString& text) {
  empty_text_ = text;
  draw();
}

void ShareBars::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::StyleChange || event->type() == QEvent::PaletteChange) draw();
}

void ShareBars::draw() {
  plot_->clearItems();
  plot_->clearPlottables();
  style_plot(*plot_);
  const bool empty = shares_.empty();
  plot_->xAxis->setVisible(!empty);
  plot_->yAxis->setVisible(!empty);
  if (empty) {
    add_empty_text(*plot_, empty_text_);
    setAccessibleDescription(empty_text_);
    plot_->replot();
    return;
  }
  const ThemeColors& c = theme_colors();
  auto* bars = new QCPBars(plot_->yAxis, plot_->xAxis);
  bars->setWidth(0.6);
  bars->setPen(Qt::NoPen);
  bars->setBrush(QBrush(series_color(0)));
  QSharedPointer<QCPAxisTickerText> names(new QCPAxisTickerText);
  QVector<double> keys, values;
  QStringList words;
  double most = 0;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    const double key = static_cast<double>(shares_.size() - i);
    keys << key;
    values << shares_[i].second * 100;
    most = std::max(most, shares_[i].second * 100);
    names->addTick(key, plot_->fontMetrics().elidedText(shares_[i].first, Qt::ElideMiddle, 150));
    const QString share = QString("%1 %").arg(shares_[i].second * 100, 0, 'f', 0);
    words << shares_[i].first + " " + share;
    auto* text = new QCPItemText(plot_);
    text->setClipToAxisRect(false);
    text->position->setCoords(shares_[i].second * 100, key);
    text->setPositionAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    text->setPadding(QMargins(4, 0, 0, 0));
    text->setText(share);
    text->setFont(plot_->yAxis->tickLabelFont());
    text->setColor(c.text);
  }
  bars->setData(keys, values);
  plot_->yAxis->setTicker(names);
  plot_->yAxis->setTickLabelColor(c.text);
  plot_->yAxis->grid()->setVisible(false);
  plot_->yAxis->setRange(0.4, static_cast<double>(shares_.size()) + 0.6);
  plot_->xAxis->setRange(0, std::max(10.0, most * 1.05));
  plot_->xAxis->setTicks(true);
  plot_->xAxis->setTickLabels(false);
  setAccessibleDescription(words.join(", "));
  plot_->replot();
}

}
