// What a sweep found, as pictures: every trial as a line over its parameters, and how much each
// parameter matters. They know no sweep: they draw what they are handed.
#pragma once

#include <QString>
#include <QWidget>

#include <optional>
#include <utility>
#include <vector>

class QCustomPlot;

namespace sensorium {

// One upright axis: a range, or names at equal distances.
struct ParallelAxis {
  QString name;
  double low = 0, high = 1;
  bool logarithmic = false;
  QStringList names; // of a choice: the values are places in this list
};

enum class TrialLook { Plain, Best, Pruned };

struct ParallelLine {
  int id = 0;
  std::vector<std::optional<double>> values; // one an axis; none: the line has a gap
  TrialLook look = TrialLook::Plain;
  QString text; // for the tool tip and screen readers
};

// Parallel coordinates (Inselberg 1985). Best lines are strong and coloured, ended ones dashed, the
// chosen one thick with dots. A click takes the nearest line, arrow keys the next one.
class ParallelPlot : public QWidget {
  Q_OBJECT
public:
  explicit ParallelPlot(const QString& name, QWidget* parent = nullptr);
  void set_trials(std::vector<ParallelAxis> axes, std::vector<ParallelLine> lines);
  void set_chosen(std::optional<int> id);
  std::optional<int> chosen() const { return chosen_; }
  void set_empty_text(const QString& text);
  std::size_t lines() const { return lines_.size(); }
  // Where a value stands on an axis, 0 (bottom) to 1, and as a point of canvas().
  double place(std::size_t axis, double value) const;
  QPointF point(std::size_t axis, double value) const;
  QWidget* canvas() const;

signals:
  void line_clicked(int id);

protected:
  void changeEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool eventFilter(QObject* object, QEvent* event) override;

private:
  void draw();
  void draw_axes();
  void draw_line(const ParallelLine& line);
  std::optional<int> nearest(const QPointF& at, double within) const;
  QString name_, empty_text_;
  QCustomPlot* plot_;
  std::vector<ParallelAxis> axes_;
  std::vector<ParallelLine> lines_;
  std::optional<int> chosen_;
};

// Shares from 0 to 1 as bars that lie, largest on top, each with its number.
class ShareBars : public QWidget {
  Q_OBJECT
public:
  explicit ShareBars(const QString& name, QWidget* parent = nullptr);
  void set_shares(std::vector<std::pair<QString, double>> shares);
  void set_empty_text(const QString& text);
  std::size_t bars() const { return shares_.size(); }

protected:
  void changeEvent(QEvent* event) override;

private:
  void draw();
  QString name_, empty_text_;
  QCustomPlot* plot_;
  std::vector<std::pair<QString, double>> shares_;
};

}
