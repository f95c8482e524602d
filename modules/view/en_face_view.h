// The volume seen from above: a projection, or the localiser image. Its line is the B-scan shown;
// drag it to go elsewhere.
#pragma once

#include "modules/view/finding_item.h"

#include <QImage>
#include <QWidget>

#include <optional>
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
  // The fovea's cross and, where the scale is known, the ETDRS circles (1, 3 and 6 mm across).
  // located: a person or the file says so; otherwise it is the middle and drawn faintly. Without a
  // place nothing is drawn.
  void set_fovea(std::optional<QPointF> voxel, bool located);
  // Where voxel (x, z) lies in the widget, and back.
  QPointF place_of(double x, double z) const;
  QPointF voxel_at(const QPointF& place) const;

public slots:
  void set_slice(int z);
  void show_localizer(bool shown);
  // While on, the pointer moves the fovea instead of the B-scan; arrows move it too, Return sets
  // it and Escape leaves it where it was.
  void set_placing_fovea(bool on);

signals:
  void fovea_moved(QPointF voxel); // x, z; once, when the pointer or Return lets it go
  void placing_ended();
  void slice_requested(int z);
  void item_clicked(const QString& id);

protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  QSize minimumSizeHint() const override { return {140, 120}; }

private:
  QRectF picture_rect() const;
  int slice_at(const QPointF& at) const;
  QString id_at(const QPointF& at) const;
  void draw_items(QPainter& painter);
  void draw_fovea(QPainter& painter);

  QImage projection_, localizer_;
  std::vector<ScanLine> lines_;
  int width_ = 0, depth_ = 0, slice_ = 0;
  double um_x_ = 0, um_z_ = 0;
  std::optional<QPointF> fovea_, trial_; // trial_: while it is moved
  bool fovea_located_ = false, placing_ = false;
  double aspect_ = 1; // height over width of the picture
  bool show_localizer_ = false;
  FindingItems items_;
  QString selected_, caption_;
};

}
