// The volume seen from above: a projection, or the localiser image. Its line is the B-scan shown;
// drag it to go elsewhere.
#pragma once

#include "modules/view/finding_item.h"

#include <QImage>
#include <QWidget>

#include <vector>

namespace sensorium {

class EnFaceView : public QWidget {
  Q_OBJECT
public:
  explicit EnFaceView(QWidget* parent = nullptr);
  // projection: width x depth pixels. spacing in micrometres, 0 when unknown (then the picture is
  // stretched to a square).
  void set_projection(QImage projection, int width, int depth, double micrometres_x,
                      double micrometres_z);
  // The localiser replaces the projection when there is one and it has a line for each B-scan.
  void set_localizer(QImage image, std::vector<ScanLine> lines);
  void set_items(FindingItems items);
  void set_selected(const QString& id);
  void set_caption(const QString& text);
  bool has_localizer() const { return !localizer_.isNull(); }
  bool shows_localizer() const { return show_localizer_; }
  // Where voxel (x, z) lies in the widget.
  QPointF place_of(double x, double z) const;

public slots:
  void set_slice(int z);
  void show_localizer(bool shown);

signals:
  void slice_requested(int z);
  void item_clicked(const QString& id);

protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  QSize minimumSizeHint() const override { return {140, 120}; }

private:
  QRectF picture_rect() const;
  int slice_at(const QPointF& at) const;
  QString id_at(const QPointF& at) const;
  void draw_items(QPainter& painter);

  QImage projection_, localizer_;
  std::vector<ScanLine> lines_;
  int width_ = 0, depth_ = 0, slice_ = 0;
  double aspect_ = 1; // height over width of the picture
  bool show_localizer_ = false;
  FindingItems items_;
  QString selected_, caption_;
};

}
