// Lines over time or frequency: zoom, pan, two cursors with their difference, a span to drag,
// marked bands. Knows no recording: it draws the numbers that it is handed.
#pragma once

#include <QColor>
#include <QPointF>
#include <QString>
#include <QWidget>

#include <array>
#include <optional>
#include <utility>
#include <vector>

class QCustomPlot;
class QCPItemText;
class QCPItemTracer;

namespace sensorium {

// Okabe-Ito colours of lines, by theme.
QColor series_color(int index);

struct PlotSeries {
  QString name;
  std::vector<double> x, y;  // of one length, x ascending; y may be NaN: a gap
  std::vector<double> upper; // empty: a line; else the area between y and upper
  QColor color;
  double width = 1.2; // pixels
};

// A place on the x axis that means something: a fault band.
struct PlotBand {
  double from = 0, to = 0;
  QString label;        // short: stands above the band while there is room
  QString text;         // one sentence, for the tool tip
  bool raised = false;  // drawn stronger
  double threshold = 0; // a short line at this y, where has_threshold
  bool has_threshold = false;
  bool movable = false; // the threshold can be dragged
};

class SignalPlot : public QWidget {
  Q_OBJECT
public:
  enum class Drag { Span, Zoom }; // what dragging with the left button does
  SignalPlot(const QString& name, Drag drag, QWidget* parent = nullptr);

  void set_axes(const QString& x, const QString& y); // their labels; empty: none
  // For readouts: "s", "Hz", "dB"; decimals of x and y.
  void set_units(const QString& x, const QString& y, int x_decimals, int y_decimals);
  void set_series(std::vector<PlotSeries> series);
  void set_x_limits(double from, double to); // no view reaches beyond
  void set_x_view(double from, double to);   // with the signal view_changed when it differs
  std::pair<double, double> x_view() const;
  void set_y_view(double from, double to);
  void set_y_names(const std::vector<std::pair<double, QString>>& names); // ticks; empty: numbers
  void show_x_labels(bool shown);
  void set_bands(std::vector<PlotBand> bands);
  void set_level(std::optional<double> y, const QString& label);  // a dashed line across
  void set_chosen(std::optional<std::pair<double, double>> span); // shaded: what is analysed
  void set_empty_text(const QString& text); // shown in place of lines while there are none

  // The two cursors, 0 and 1. They stand on the nearest sample of the first line.
  void set_cursor(int index, std::optional<double> x);
  std::optional<QPointF> cursor(int index) const; // x and the first line's y there
  // The readout gives the values of every line instead of the first one's: "A 0.0 dB, B -3.1 dB".
  void read_all_lines(bool on) { read_all_ = on; }
  int active_cursor() const { return active_; }
  void switch_cursor();
  void clear_cursors();
  // "1: 60.00 Hz, 0.0 dB   2: 120.00 Hz, -42.1 dB   difference: 60.00 Hz, -42.1 dB", or empty.
  QString readout() const;

  QWidget* canvas() const; // what is drawn on: for mouse events of tests
  double x_to_pixel(double x) const;
  double y_to_pixel(double y) const;
  const std::vector<PlotBand>& bands() const { return bands_; }
  const std::vector<PlotSeries>& series() const { return series_; }

signals:
  void view_changed(double from, double to);
  void span_dragged(double from, double to);
  void cursors_changed();
  void threshold_moved(int band, double y); // dragged and let go: bands()[band]

protected:
  bool eventFilter(QObject* object, QEvent* event) override;
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

private:
  void rebuild();
  void draw_bands();
  void draw_marks();
  void replot();
  bool mouse(QEvent* event);
  void zoom(double about, double factor);
  void pan(double by);
  void step_cursor(int by);
  std::optional<std::size_t> nearest(double x) const;
  // The band whose movable threshold is under that place of the canvas.
  std::optional<std::size_t> threshold_at(const QPointF& place) const;
  double shown_half_width(const PlotBand& band) const;
  bool drag_threshold(const QPointF& place);
  // Of the first line, or of every one, at x; of two places: the differences.
  QString values_text(double x, std::optional<double> before) const;
  void describe();

  QString name_, x_unit_, y_unit_;
  int x_decimals_ = 2, y_decimals_ = 1;
  Drag drag_;
  QCustomPlot* plot_;
  std::vector<PlotSeries> series_;
  std::vector<PlotBand> bands_;
  std::optional<std::pair<double, double>> chosen_, dragged_;
  std::optional<double> level_;
  QString level_label_, empty_text_;
  std::array<std::optional<double>, 2> cursors_;
  int active_ = 0;
  bool read_all_ = false;
  double low_ = 0, high_ = 1;
  enum class Press { None, Left, Pan, Threshold } press_ = Press::None;
  QPointF pressed_at_;
  double pan_from_ = 0;
  std::size_t moved_ = 0; // band whose threshold is dragged
};

}
