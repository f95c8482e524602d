// A map of levels over time and frequency (a spectrogram), on the same time axis as the lines
// above.
#pragma once

#include <QWidget>

#include <utility>
#include <vector>

class QCustomPlot;
class QCPColorMap;

namespace sensorium {

struct HeatMap {
  std::size_t columns = 0, rows = 0;
  std::vector<float> values;        // [column][row]
  double x_from = 0, x_to = 1;      // middles of the first and last column
  double y_from = 0, y_to = 1;      // middles of the first and last row
  double lowest = -80, highest = 0; // values of the colour scale's ends
};

class HeatPlot : public QWidget {
  Q_OBJECT
public:
  explicit HeatPlot(const QString& name, QWidget* parent = nullptr);
  void set_axes(const QString& x, const QString& y);
  void set_map(const HeatMap& map); // empty: nothing is drawn
  void set_x_view(double from, double to);
  std::pair<double, double> x_view() const;
  void set_y_view(double from, double to);
  void set_empty_text(const QString& text);
  void set_chosen(double from, double to); // shaded edges; from >= to: none
  bool has_map() const { return map_ != nullptr; }
  QWidget* canvas() const;

signals:
  // The wheel over the map: the time axis belongs to somebody else, who decides.
  void wheel_zoomed(double about, double factor);

protected:
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* object, QEvent* event) override;

private:
  void draw_items();
  QCustomPlot* plot_;
  QCPColorMap* map_ = nullptr;
  QString empty_text_;
  double chosen_from_ = 0, chosen_to_ = 0;
};

}
