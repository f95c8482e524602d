// Findings that last from one time to another, as bars in rows below a plot of the same time axis.
#pragma once

#include "modules/view/finding_item.h"

#include <QWidget>

namespace sensorium {

struct SpanBar {
  QString id, label, text; // text: one sentence, for the tool tip
  double from = 0, to = 0;
  FindingLook look = FindingLook::Machine;
};

class SpanStrip : public QWidget {
  Q_OBJECT
public:
  explicit SpanStrip(QWidget* parent = nullptr);
  void set_bars(std::vector<SpanBar> bars);
  void set_selected(const QString& id);
  void set_x_view(double from, double to);
  QRectF place_of(const QString& id) const; // in this widget; empty where there is none
  int rows() const;
  QSize sizeHint() const override;

signals:
  void bar_clicked(const QString& id);

protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

private:
  QString at(QPointF point) const;
  std::vector<SpanBar> bars_;
  std::vector<int> row_; // of each bar
  QString selected_;
  double from_ = 0, to_ = 1;
};

}
