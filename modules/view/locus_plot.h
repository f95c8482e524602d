// A closed curve in a plane of two equal axes: Park's locus, with the circle it would be without
// unbalance.
#pragma once

#include <QWidget>

#include <vector>

class QCustomPlot;

namespace sensorium {

class LocusPlot : public QWidget {
  Q_OBJECT
public:
  explicit LocusPlot(const QString& name, QWidget* parent = nullptr);
  void set_axes(const QString& x, const QString& y);
  // Of one length; empty: the text for empty is shown.
  void set_curve(const std::vector<double>& x, const std::vector<double>& y);
  void set_empty_text(const QString& text);
  std::size_t points() const { return x_.size(); }
  double radius() const { return radius_; } // of the circle: root mean square distance from 0

protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

private:
  void draw();
  void fit();
  QCustomPlot* plot_;
  std::vector<double> x_, y_;
  double radius_ = 0, reach_ = 1;
  QString empty_text_;
};

}
