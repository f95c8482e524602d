// The volume in three dimensions, with its findings as balls and the current B-scan as a frame.
// VTK draws it. VTK is a library of its own (libsensorium_view3d.so) that is loaded with the first
// such view: the window starts without it, and works where it cannot be loaded.
#pragma once

#include "modules/view/finding_item.h"
#include "modules/view/pixel_stack.h"

class QWidget;

namespace sensorium {

class VolumeView {
public:
  virtual ~VolumeView() = default;
  virtual QWidget* widget() = 0; // owns this
  // micrometres: 0 where unknown; then the volume is drawn as a cube-like block. Depth (y) is drawn
  // three times as tall as it is, and the view says so: a retina is thin. A volume of fewer than
  // four slices shows a text.
  virtual void set_volume(SmallVolume volume, double um_x, double um_y, double um_z, int depth) = 0;
  virtual void set_items(FindingItems items) = 0;
  virtual void set_selected(const QString& id) = 0;
  virtual void set_slice(int z) = 0;
};

// The caller owns its widget. Where VTK cannot be loaded: a view that says so and why.
VolumeView* make_volume_view();

}
