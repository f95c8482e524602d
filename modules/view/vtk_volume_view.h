// The volume in three dimensions, with its findings as balls and the current B-scan as a frame.
#pragma once

#include "modules/view/finding_item.h"
#include "modules/view/gl_vtk_widget.h"
#include "modules/view/pixel_stack.h"

namespace sensorium {

class VolumeView : public GlVtkWidget {
  Q_OBJECT
public:
  explicit VolumeView(QWidget* parent = nullptr);
  ~VolumeView() override;
  // micrometres: 0 where unknown; then the volume is drawn as a cube-like block. Depth (y) is drawn
  // three times as tall as it is, and the view says so: a retina is thin. A volume of fewer than
  // four slices shows a text.
  void set_volume(SmallVolume volume, double um_x, double um_y, double um_z, int depth);
  void set_items(FindingItems items);
  void set_selected(const QString& id);

public slots:
  void set_slice(int z);

protected:
  void paint_over(QPainter&) override;
  void showEvent(QShowEvent*) override;
  void changeEvent(QEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;

private:
  void build();
  void place_items();
  void place_frame();
  void reset_camera();
  struct Scene;
  std::unique_ptr<Scene> scene_;
  SmallVolume volume_;
  FindingItems items_;
  QString selected_;
  double unit_[3] = {1, 1, 1}; // world length of a voxel
  bool tall_ = false;
  int depth_ = 0, slice_ = 0;
  bool built_ = false;
  QPointF drag_;
};

}
