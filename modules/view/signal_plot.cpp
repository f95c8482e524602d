#include "modules/view/signal_plot.h"

#include "modules/view/plot_style.h"
#include "modules/view/theme.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr int drag_pixels = 4, grab_pixels = 5, label_rows = 4, row_pixels = 15;

QVector<double> vector_of(const std::vector<double>& x) { return {x.begin(), x.end()}; }

QSharedPointer<QCPAxisTicker> few_ticks() {
  QSharedPointer<QCPAxisTicker> out(new QCPAxisTicker);
  out->setTickCount(4);
  return out;
}

QPen solid(const QColor& color, double width = 1.2) {
  QPen pen(color, width);
  pen.setCosmetic(true);
  return pen;
}

}

SignalPlot::SignalPlot(const QString& name, Drag drag, QWidget* parent)
    : QWidget(parent), name_(name), drag_(drag), plot_(make_plot(this)) {
  setAccessibleName(name);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumHeight(56);
  plot_->installEventFilter(this);
  plot_->setMouseTracking(true);
  plot_->axisRect()->setupFullAxesBox(false);
  plot_->yAxis->setTicker(few_ticks());
  plot_->axisRect()->axis(QCPAxis::atTop)->setVisible(false);
  plot_->axisRect()->axis(QCPAxis::atRight)->setVisible(false);
}

void SignalPlot::set_axes(const QString& x, const QString& y) {
  plot_->xAxis->setLabel(x);
  plot_->yAxis->setLabel(y);
  replot();
}

void SignalPlot::set_units(const QString& x, const QString& y, int x_decimals, int y_decimals) {
  x_unit_ = x;
  y_unit_ = y;
  x_decimals_ = x_decimals;
  y_decimals_ = y_decimals;
}

void SignalPlot::set_series(std::vector<PlotSeries> series) {
  series_ = std::move(series);
  rebuild();
}

void SignalPlot::set_x_limits(double from, double to) {
  low_ = from;
  high_ = std::max(to, from + 1e-12);
}

void SignalPlot::set_x_view(double from, double to) {
  const double least = (high_ - low_) * 1e-9, width = std::clamp(to - from, least, high_ - low_);
  from = std::clamp(from, low_, high_ - width);
  const QCPRange now = plot_->xAxis->range();
  const bool same = std::abs(now.lower - from) < width * 1e-9 &&
                    std::abs(now.upper - from - width) < width * 1e-9;
  plot_->xAxis->setRange(from, from + width);
  draw_bands();
  replot();
  if (!same) emit view_changed(from, from + width);
}

std::pair<double, double> SignalPlot::x_view() const {
  const QCPRange range = plot_->xAxis->range();
  return {range.lower, range.upper};
}

void SignalPlot::set_y_view(double from, double to) {
  plot_->yAxis->setRange(from, to > from ? to : from + 1);
  draw_bands();
  replot();
}

void SignalPlot::set_y_names(const std::vector<std::pair<double, QString>>& names) {
  if (names.empty()) {
    plot_->yAxis->setTicker(few_ticks());
  } else {
    QSharedPointer<QCPAxisTickerText> ticker(new QCPAxisTickerText);
    for (const auto& [at, text] : names) ticker->addTick(at, text);
    plot_->yAxis->setTicker(ticker);
  }
  replot();
}

void SignalPlot::show_x_labels(bool shown) {
  plot_->xAxis->setTickLabels(shown);
  replot();
}

void SignalPlot::set_bands(std::vector<PlotBand> bands) {
  bands_ = std::move(bands);
  draw_bands();
  replot();
}

void SignalPlot::set_level(std::optional<double> y, const QString& label) {
  level_ = y;
  level_label_ = label;
  draw_bands();
  replot();
}

void SignalPlot::set_chosen(std::optional<std::pair<double, double>> span) {
  chosen_ = span;
  draw_bands();
  replot();
}

void SignalPlot::set_empty_text(const QString& text) {
  empty_text_ = text;
  draw_bands();
  replot();
}

void SignalPlot::rebuild() {
  plot_->clearGraphs();
  for (const PlotSeries& s : series_) {
    QCPGraph* lower = plot_->addGraph();
    lower->setAdaptiveSampling(true);
    lower->setData(vector_of(s.x), vector_of(s.y), true);
    lower->setPen(solid(s.color, s.width));
    if (s.x.size() == 1) lower->setScatterStyle({QCPScatterStyle::ssDisc, s.color, 6});
    if (s.upper.empty()) continue;
    QCPGraph* upper = plot_->addGraph();
    upper->setData(vector_of(s.x), vector_of(s.upper), true);
    upper->setPen(solid(s.color));
    QColor fill = s.color;
    fill.setAlphaF(0.55f);
    lower->setBrush(fill);
    lower->setChannelFillGraph(upper);
  }
  draw_bands();
  describe();
  replot();
}

// Everything that is no line: shaded span, bands, their labels, level, cursors.
void SignalPlot::draw_bands() {
  plot_->clearItems();
  const ThemeColors& c = theme_colors();
  QFont font = plot_->font();
  font.setPointSize(small_text);
  const auto column = [&](double from, double to, const QColor& color, double alpha) {
    auto* box = new QCPItemRect(plot_);
    box->topLeft->setTypeX(QCPItemPosition::ptPlotCoords);
    box->topLeft->setTypeY(QCPItemPosition::ptAxisRectRatio);
    box->bottomRight->setTypeX(QCPItemPosition::ptPlotCoords);
    box->bottomRight->setTypeY(QCPItemPosition::ptAxisRectRatio);
    box->topLeft->setCoords(from, 0);
    box->bottomRight->setCoords(to, 1);
    QColor fill = color;
    fill.setAlphaF(static_cast<float>(alpha));
    box->setBrush(fill);
    box->setPen(Qt::NoPen);
    return box;
  };
  const auto line = [&](double x0, double y0, double x1, double y1, const QPen& pen) {
    auto* item = new QCPItemLine(plot_);
    item->start->setCoords(x0, y0);
    item->end->setCoords(x1, y1);
    item->setPen(pen);
    return item;
  };
  const auto [from, to] = x_view();
  for (const auto& span : {chosen_, dragged_})
    if (span) {
      column(span->first, span->second, c.accent, 0.13);
      for (const double x : {span->first, span->second}) {
        auto* edge = new QCPItemStraightLine(plot_);
        edge->point1->setCoords(x, 0);
        edge->point2->setCoords(x, 1);
        edge->setPen(QPen(c.accent, 1));
      }
    }
  std::array<double, label_rows> taken;
  taken.fill(-1e9);
  const double pixels = plot_->axisRect()->width() / std::max(1e-300, to - from);
  std::vector<const PlotBand*> order;
  for (const PlotBand& band : bands_)
    if (band.to >= from && band.from <= to) order.push_back(&band);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return a->from < b->from; });
  for (const PlotBand* band : order) {
    const QColor color = band->raised ? c.warning : c.muted;
    // At least two pixels wide, or it would not be seen.
    const double half = shown_half_width(*band), middle = (band->from + band->to) / 2;
    column(middle - half, middle + half, color, band->raised ? 0.5 : 0.28);
    if (band->has_threshold)
      line(middle - half - 3 / pixels, band->threshold, middle + half + 3 / pixels, band->threshold,
           QPen(color, 1.5, Qt::SolidLine));
    const QFontMetricsF metrics(font);
    const double width = metrics.horizontalAdvance(band->label) + 6;
    const double at = (middle - from) * pixels;
    for (std::size_t row = 0; row < taken.size(); ++row) {
      if (at - width / 2 < taken[row]) continue;
      if (at - width / 2 < 0 || at + width / 2 > plot_->axisRect()->width()) break;
      taken[row] = at + width / 2 + 4;
      auto* text = new QCPItemText(plot_);
      text->position->setTypeX(QCPItemPosition::ptPlotCoords);
      text->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
      text->position->setCoords(middle, (2 + row_pixels * static_cast<double>(row)) /
                                            std::max(1, plot_->axisRect()->height()));
      text->setPositionAlignment(Qt::AlignTop | Qt::AlignHCenter);
      text->setText(band->label);
      text->setFont(font);
      text->setColor(band->raised ? c.warning : c.text);
      QColor under = c.panel;
      under.setAlphaF(0.8f);
      text->setBrush(under);
      text->setPadding(QMargins(2, 0, 2, 0));
      break;
    }
  }
  if (level_) {
    auto* across = new QCPItemStraightLine(plot_);
    across->point1->setCoords(0, *level_);
    across->point2->setCoords(1, *level_);
    across->setPen(QPen(c.warning, 1, Qt::DashLine));
    auto* text = new QCPItemText(plot_);
    text->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
    text->position->setTypeY(QCPItemPosition::ptPlotCoords);
    text->position->setCoords(0.995, *level_);
    text->setPositionAlignment(Qt::AlignBottom | Qt::AlignRight);
    text->setText(level_label_);
    text->setFont(font);
    text->setColor(c.warning);
  }
  if (series_.empty() && !empty_text_.isEmpty()) {
    add_empty_text(*plot_, empty_text_);
  }
  draw_marks();
}

void SignalPlot::draw_marks() {
  const ThemeColors& c = theme_colors();
  QFont font = plot_->font();
  font.setPointSize(small_text);
  font.setBold(true);
  for (int i = 0; i < 2; ++i) {
    const auto at = cursor(i);
    if (!at) continue;
    const QPen pen(c.text, i == active_ ? 1.6 : 1.0, i == 0 ? Qt::SolidLine : Qt::DashLine);
    auto* line = new QCPItemStraightLine(plot_);
    line->point1->setCoords(at->x(), 0);
    line->point2->setCoords(at->x(), 1);
    line->setPen(pen);
    auto* text = new QCPItemText(plot_);
    text->position->setTypeX(QCPItemPosition::ptPlotCoords);
    text->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    text->position->setCoords(at->x(), 1);
    text->setPositionAlignment(Qt::AlignBottom | Qt::AlignLeft);
    text->setText(QString::number(i + 1));
    text->setFont(font);
    text->setColor(c.panel);
    text->setBrush(c.text);
    text->setPadding(QMargins(3, 0, 3, 0));
  }
  const QString values = readout();
  if (values.isEmpty()) return;
  font.setBold(false);
  auto* text = new QCPItemText(plot_);
  text->position->setType(QCPItemPosition::ptAxisRectRatio);
  text->position->setCoords(1, 0);
  text->setPositionAlignment(Qt::AlignTop | Qt::AlignRight);
  text->setTextAlignment(Qt::AlignRight);
  text->setText(QString(values).replace("   ", "\n"));
  text->setFont(font);
  text->setColor(c.text);
  QColor under = c.raised;
  under.setAlphaF(0.92f);
  text->setBrush(under);
  text->setPadding(QMargins(6, 3, 6, 3));
}

void SignalPlot::replot() { plot_->replot(QCustomPlot::rpQueuedReplot); }

std::optional<std::size_t> SignalPlot::nearest(double x) const {
  if (series_.empty() || series_.front().x.empty()) return std::nullopt;
  const std::vector<double>& xs = series_.front().x;
  const auto above = std::lower_bound(xs.begin(), xs.end(), x);
  if (above == xs.begin()) return 0;
  if (above == xs.end()) return xs.size() - 1;
  const auto k = static_cast<std::size_t>(above - xs.begin());
  return x - xs[k - 1] < xs[k] - x ? k - 1 : k;
}

void SignalPlot::set_cursor(int index, std::optional<double> x) {
  if (index < 0 || index > 1) return;
  cursors_[static_cast<std::size_t>(index)] = x;
  draw_bands();
  replot();
  describe();
  emit cursors_changed();
}

std::optional<QPointF> SignalPlot::cursor(int index) const {
  const auto x = cursors_[static_cast<std::size_t>(index)];
  const auto k = x ? nearest(*x) : std::nullopt;
  if (!k) return std::nullopt;
  return QPointF(series_.front().x[*k], series_.front().y[*k]);
}

void SignalPlot::switch_cursor() {
  active_ = 1 - active_;
  draw_bands();
  replot();
}

void SignalPlot::clear_cursors() {
  cursors_ = {};
  active_ = 0;
  draw_bands();
  replot();
  describe();
  emit cursors_changed();
}

QString SignalPlot::values_text(double x, std::optional<double> before) const {
  const auto value = [](const PlotSeries& line, double at) {
    const auto above = std::lower_bound(line.x.begin(), line.x.end(), at);
    auto k = static_cast<std::size_t>(above - line.x.begin());
    if (k == line.x.size() || (k > 0 && at - line.x[k - 1] < line.x[k] - at)) --k;
    return line.y[k];
  };
  QStringList parts;
  const bool all = read_all_ && series_.size() > 1;
  for (std::size_t n = 0; n < (all ? series_.size() : 1); ++n) {
    const PlotSeries& line = series_[n];
    if (line.x.empty()) continue;
    const double y = value(line, x) - (before ? value(line, *before) : 0);
    parts << QString("%1%2 %3")
                 .arg(all ? line.name.section(':', 0, 0) + " " : QString())
                 .arg(y, 0, 'f', y_decimals_)
                 .arg(y_unit_)
                 .trimmed();
  }
  return parts.join(", ");
}

QString SignalPlot::readout() const {
  const auto text = [&](double x, std::optional<double> before) {
    const QString first =
        QString("%1 %2").arg(x - before.value_or(0), 0, 'f', x_decimals_).arg(x_unit_).trimmed();
    return y_unit_.isNull() ? first : first + ", " + values_text(x, before);
  };
  QStringList parts;
  const auto a = cursor(0), b = cursor(1);
  if (a) parts << "1: " + text(a->x(), std::nullopt);
  if (b) parts << "2: " + text(b->x(), std::nullopt);
  if (a && b) parts << "difference: " + text(b->x(), a->x());
  return parts.join("   ");
}

void SignalPlot::describe() {
  QStringList names;
  for (const PlotSeries& s : series_) names << s.name;
  setAccessibleDescription(QString("%1. %2").arg(
      names.isEmpty() ? empty_text_ : "Lines: " + names.join(", "), readout()));
}

QWidget* SignalPlot::canvas() const { return plot_; }
double SignalPlot::x_to_pixel(double x) const { return plot_->xAxis->coordToPixel(x); }
double SignalPlot::y_to_pixel(double y) const { return plot_->yAxis->coordToPixel(y); }

void SignalPlot::zoom(double about, double factor) {
  const auto [from, to] = x_view();
  set_x_view(about - (about - from) * factor, about + (to - about) * factor);
}

void SignalPlot::pan(double by) {
  const auto [from, to] = x_view();
  set_x_view(from + by, to + by);
}

double SignalPlot::shown_half_width(const PlotBand& band) const {
  const auto [from, to] = x_view();
  const double pixels = plot_->axisRect()->width() / std::max(1e-300, to - from);
  return std::max((band.to - band.from) / 2, 1.5 / pixels);
}

std::optional<std::size_t> SignalPlot::threshold_at(const QPointF& place) const {
  std::optional<std::size_t> out;
  double least = grab_pixels;
  for (std::size_t k = 0; k < bands_.size(); ++k) {
    const PlotBand& b = bands_[k];
    if (!b.movable || !b.has_threshold) continue;
    const double middle = (b.from + b.to) / 2, half = shown_half_width(b);
    const double away = std::abs(y_to_pixel(b.threshold) - place.y());
    if (place.x() < x_to_pixel(middle - half) - grab_pixels ||
        place.x() > x_to_pixel(middle + half) + grab_pixels || away > least)
      continue;
    least = away;
    out = k;
  }
  return out;
}

bool SignalPlot::drag_threshold(const QPointF& place) {
  if (press_ != Press::Threshold || moved_ >= bands_.size()) return false;
  const QCPRange range = plot_->yAxis->range();
  bands_[moved_].threshold =
      std::clamp(plot_->yAxis->pixelToCoord(place.y()), range.lower, range.upper);
  draw_bands();
  replot();
  return true;
}

bool SignalPlot::mouse(QEvent* event) {
  if (event->type() == QEvent::Wheel) {
    const auto* wheel = static_cast<QWheelEvent*>(event);
    const double turns = wheel->angleDelta().y() / 120.0, aside = wheel->angleDelta().x() / 120.0;
    const auto [from, to] = x_view();
    if (wheel->modifiers() & Qt::ShiftModifier || (turns == 0 && aside != 0))
      pan(-(turns + aside) * (to - from) / 8);
    else
      zoom(plot_->xAxis->pixelToCoord(wheel->position().x()), std::pow(0.8, turns));
    return true;
  }
  const auto* mouse = static_cast<QMouseEvent*>(event);
  const double x = plot_->xAxis->pixelToCoord(mouse->position().x());
  switch (event->type()) {
  case QEvent::MouseButtonDblClick:
    set_x_view(low_, high_);
    press_ = Press::None;
    return true;
  case QEvent::MouseButtonPress:
    setFocus(Qt::MouseFocusReason);
    pressed_at_ = mouse->position();
    press_ = mouse->button() == Qt::MiddleButton || mouse->modifiers() & Qt::ShiftModifier
                 ? Press::Pan
             : mouse->button() == Qt::LeftButton ? Press::Left
                                                 : Press::None;
    pan_from_ = x;
    if (const auto band = threshold_at(mouse->position()); band && press_ == Press::Left) {
      press_ = Press::Threshold;
      moved_ = *band;
    }
    if (mouse->button() == Qt::RightButton) set_cursor(1, std::clamp(x, low_, high_));
    return true;
  case QEvent::MouseMove:
    if (press_ == Press::None)
      plot_->setCursor(threshold_at(mouse->position()) ? Qt::SizeVerCursor : Qt::ArrowCursor);
    if (drag_threshold(mouse->position())) return true;
    if (press_ == Press::Pan) {
      pan(pan_from_ - x);
    } else if (press_ == Press::Left &&
               std::abs(mouse->position().x() - pressed_at_.x()) >= drag_pixels) {
      const double a = plot_->xAxis->pixelToCoord(pressed_at_.x());
      dragged_ = {std::clamp(std::min(a, x), low_, high_), std::clamp(std::max(a, x), low_, high_)};
      draw_bands();
      replot();
    }
    return true;
  case QEvent::MouseButtonRelease: {
    const Press press = std::exchange(press_, Press::None);
    const auto span = std::exchange(dragged_, std::nullopt);
    if (press == Press::Threshold && moved_ < bands_.size() &&
        std::abs(mouse->position().y() - pressed_at_.y()) >= 1)
      emit threshold_moved(static_cast<int>(moved_), bands_[moved_].threshold);
    if (press != Press::Left) return true;
    if (!span) {
      set_cursor(active_, std::clamp(x, low_, high_));
    } else if (drag_ == Drag::Zoom) {
      set_x_view(span->first, span->second);
    } else {
      draw_bands();
      replot();
      emit span_dragged(span->first, span->second);
    }
    return true;
  }
  default:
    return false;
  }
}

bool SignalPlot::eventFilter(QObject* object, QEvent* event) {
  if (object != plot_) return false;
  switch (event->type()) {
  case QEvent::Wheel:
  case QEvent::MouseButtonDblClick:
  case QEvent::MouseButtonPress:
  case QEvent::MouseMove:
  case QEvent::MouseButtonRelease:
    return mouse(event);
  default:
    return false;
  }
}

bool SignalPlot::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const double x = plot_->xAxis->pixelToCoord(help->pos().x()),
                 slack = std::abs(plot_->xAxis->pixelToCoord(help->pos().x() + 4) - x);
    for (const PlotBand& band : bands_)
      if (x >= band.from - slack && x <= band.to + slack) {
        QToolTip::showText(help->globalPos(), band.text, this);
        return true;
      }
    QToolTip::hideText();
    return true;
  }
  return QWidget::event(event);
}

void SignalPlot::step_cursor(int by) {
  if (series_.empty() || series_.front().x.empty()) return;
  const auto& at = cursors_[static_cast<std::size_t>(active_)];
  const auto [from, to] = x_view();
  const auto k = nearest(at ? *at : (from + to) / 2);
  const auto last = static_cast<int>(series_.front().x.size()) - 1;
  const int next = at ? std::clamp(static_cast<int>(*k) + by, 0, last) : static_cast<int>(*k);
  set_cursor(active_, series_.front().x[static_cast<std::size_t>(next)]);
}

void SignalPlot::keyPressEvent(QKeyEvent* event) {
  const auto [from, to] = x_view();
  const int far = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
  switch (event->key()) {
  case Qt::Key_Left:
  case Qt::Key_Right:
    if (event->modifiers() & Qt::ControlModifier)
      pan((event->key() == Qt::Key_Left ? -1 : 1) * (to - from) / 8);
    else
      step_cursor((event->key() == Qt::Key_Left ? -1 : 1) * far);
    return;
  case Qt::Key_Plus:
  case Qt::Key_Equal:
    return zoom((from + to) / 2, 0.5);
  case Qt::Key_Minus:
    return zoom((from + to) / 2, 2);
  case Qt::Key_Home:
    return set_x_view(low_, high_);
  case Qt::Key_C:
    return switch_cursor();
  case Qt::Key_Escape:
    return clear_cursors();
  case Qt::Key_Return:
  case Qt::Key_Enter:
    if (cursor(0) && cursor(1)) {
      const double a = cursor(0)->x(), b = cursor(1)->x();
      if (drag_ == Drag::Span && a != b)
        emit span_dragged(std::min(a, b), std::max(a, b));
      else if (a != b)
        set_x_view(std::min(a, b), std::max(a, b));
    }
    return;
  default:
    QWidget::keyPressEvent(event);
  }
}

void SignalPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::StyleChange && event->type() != QEvent::PaletteChange) return;
  style_plot(*plot_);
  draw_bands();
  replot();
}

void SignalPlot::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  draw_bands();
}

}
