// Differences of two layers' counts over their means, with the mean difference and its limits.
#pragma once

#include <QWidget>

#include <vector>

namespace sensorium {

class BlandAltmanPlot : public QWidget {
  Q_OBJECT
public:
  explicit BlandAltmanPlot(QWidget* parent = nullptr);
  // One point for each pair (same length). Limits that are not finite are not drawn.
  void set_values(std::vector<double> a, std::vector<double> b, double bias, double lower,
                  double upper);
  // How many points share each place: (mean, difference, how often). Larger dots for more.
  struct Dot {
    double mean = 0, difference = 0;
    int times = 0;
  };
  const std::vector<Dot>& dots() const { return dots_; }

protected:
  void paintEvent(QPaintEvent*) override;
  QSize sizeHint() const override { return {320, 150}; }
  QSize minimumSizeHint() const override { return {200, 120}; }

private:
  std::vector<Dot> dots_;
  double bias_ = 0, lower_ = 0, upper_ = 0;
};

}
