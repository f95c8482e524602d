// The 3-D view by VTK; the only thing in libsensorium_view3d.so, reached through volume_view.h.
#pragma once

#include "modules/view/gl_vtk_widget.h"
#include "modules/view/volume_view.h"

namespace sensorium {

class VtkVolumeView : public GlVtkWidget, public VolumeView {
  Q_OBJECT
public:
  explicit VtkVolumeView(QWidget* parent = nullptr);
  ~VtkVolumeView() override;
  QWidget* widget() override { return this; }
  void set_volume(SmallVolume volume, double um_x, double um_y, double um_z, int depth) override;
  void set_items(FindingItems items) override;
  void set_selected(const QString& id) override;
  void set_slice(int z) override;

protected:
  void paint_over(QPainter&) override;
  void showEvent(QShowEvent*) override;
  void changeEvent(QEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

private:
  void build();
  void place_items();
  void place_frame();
  void reset_camera();
  void turn(double across, double up); // degrees
  void zoom(double factor);
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
