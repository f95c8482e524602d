// Where the network looked, over a frame: a coloured map with one scale for the whole clip.
#pragma once

#include "app/gui/case_session.h"
#include "modules/view/slice_view.h"

#include <QWidget>

namespace sensorium {

// A child of the view that covers it and takes no pointer.
class ActivationOverlay : public QWidget {
  Q_OBJECT
public:
  explicit ActivationOverlay(SliceView* view);
  // maps: those named "activation_N", [frame looked at][y][x]; looked_at: their frames, from 0.
  void set_maps(const std::vector<ResultMap>& maps, std::vector<int> looked_at);
  void clear() { set_maps({}, {}); }
  int count() const { return static_cast<int>(maps_.size()); }
  QString caption(int map) const;
  void set_shown(int map); // -1: none
  int shown() const { return shown_; }
  void set_opacity(double opacity); // 0 .. 1
  double opacity() const { return opacity_; }
  // The frame that was looked at nearest to this one; -1 without maps.
  int frame_of(int frame) const;

protected:
  bool eventFilter(QObject* object, QEvent* event) override;
  void paintEvent(QPaintEvent*) override;

private:
  void refresh();
  SliceView* view_;
  std::vector<ResultMap> maps_;
  std::vector<int> looked_at_;
  QImage picture_;
  int shown_ = -1;
  double opacity_ = 0.5;
};

}
