// Spectra over wavelength, or over the band's number where the wavelengths are unknown.
#pragma once

#include <QColor>
#include <QString>
#include <QWidget>

#include <utility>
#include <vector>

class QCustomPlot;
class QLabel;

namespace sensorium {

struct SpectrumCurve {
  int id = 0;
  QString name;
  QColor color;
  std::vector<double> mean, sd; // one a band; NaN leaves a gap; sd may be empty
  bool selected = false;
  bool dashed = false; // where colours repeat
};

// Colours of kept spectra, legible on the panels of the theme in use; after the last the first
// comes again.
QColor spectrum_color(int index);
inline constexpr int spectrum_colors = 6;

class SpectrumPlot : public QWidget {
  Q_OBJECT
public:
  explicit SpectrumPlot(QWidget* parent = nullptr);
  // wavelengths: one a band in nm, or empty. bad: bands that are left out, or empty.
  void set_axis(std::vector<double> wavelengths, const QString& x_label, const QString& y_label,
                std::vector<std::uint8_t> bad, int bands);
  void set_curves(std::vector<SpectrumCurve> curves);
  void set_passing(std::vector<double> values); // under the pointer; empty: none
  // The bands that the picture shows, as lines.
  void set_bands(std::vector<std::pair<int, QColor>> bands);
  void set_empty_text(const QString& text);
  QPoint place_of(int band, double value) const; // in this widget
  int curves_drawn() const;                      // with the passing one
  QString x_label() const;

signals:
  void band_clicked(int band);
  void curve_clicked(int id);

protected:
  void resizeEvent(QResizeEvent*) override;
  void changeEvent(QEvent*) override;
  bool eventFilter(QObject* object, QEvent* event) override;
  QSize sizeHint() const override { return {500, 200}; }
  QSize minimumSizeHint() const override { return {240, 130}; }

private:
  void style();
  void redraw();
  void add_curve(const SpectrumCurve& curve);
  void press(const QPoint& at, bool moved);
  int band_at(double x) const;
  double x_of(int band) const;
  QCustomPlot* plot_;
  QLabel* empty_;
  std::vector<double> wavelengths_, passing_;
  std::vector<std::uint8_t> bad_;
  std::vector<SpectrumCurve> curves_;
  std::vector<std::pair<int, QColor>> shown_;
  int bands_ = 0;
  bool dragging_ = false;
};

}
