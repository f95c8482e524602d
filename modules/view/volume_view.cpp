#include "modules/view/volume_view.h"

#include <QLabel>

#include <dlfcn.h>

namespace sensorium {
namespace {

// Says why there is no picture.
class NoVolumeView : public QLabel, public VolumeView {
public:
  explicit NoVolumeView(const QString& reason) : QLabel("There is no 3-D view: " + reason) {
    setAccessibleName("3-D view");
    setObjectName("muted");
    setAlignment(Qt::AlignCenter);
    setWordWrap(true);
    setMargin(12);
  }
  QWidget* widget() override { return this; }
  void set_volume(SmallVolume, double, double, double, int) override {}
  void set_items(FindingItems) override {}
  void set_selected(const QString&) override {}
  void set_slice(int) override {}
};

}

VolumeView* make_volume_view() {
  using Make = VolumeView* (*)();
  // Never closed: VTK does not expect that. A failure is tried again with the next view.
  void* library = ::dlopen("libsensorium_view3d.so", RTLD_LAZY | RTLD_LOCAL);
  const auto make =
      library ? reinterpret_cast<Make>(::dlsym(library, "sensorium_make_volume_view")) : nullptr;
  if (make) return make();
  const char* reason = ::dlerror();
  return new NoVolumeView(reason ? QString::fromLocal8Bit(reason) : "the library is incomplete");
}

}
