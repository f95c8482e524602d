// Two pictures side by side that are scrolled, moved and zoomed together: two readers of one
// recording, or two visits of one eye. Or one picture alone, for an overlay.
#pragma once

#include "modules/view/slice_view.h"

#include <array>
#include <optional>

class QLabel;

namespace sensorium {

// A voxel p of the left recording lies at p * scale + shift in the right one (x, y, z).
struct PlaceMap {
  std::array<double, 3> scale{1, 1, 1}, shift{0, 0, 0};
};

class PairView : public QWidget {
  Q_OBJECT
public:
  explicit PairView(QWidget* parent = nullptr);
  SliceView* left() const { return left_; }
  SliceView* right() const { return right_; }
  void set_captions(const QString& left, const QString& right);
  void show_captions(bool shown);
  void show_right(bool shown); // false: the left picture takes all the room
  // Known places: slices, and the middle of the pictures, follow them. Without: by the place in the
  // stack, and each picture fits alone.
  void set_map(std::optional<PlaceMap> map);
  // Slices of two stacks of different depth follow each other by their place in the stack. Turned
  // off, each goes alone; turned on again, the distance that was set by hand is kept.
  void set_linked(bool linked);
  bool linked() const { return linked_; }

private:
  void follow(SliceView* moved, SliceView* other);
  int partner_of(SliceView* moved, SliceView* other) const;
  void move_along(SliceView* moved, SliceView* other);
  std::optional<PlaceMap> map_;
  SliceView *left_, *right_;
  QLabel *left_caption_, *right_caption_;
  QWidget* right_box_;
  bool linked_ = true, quiet_ = false;
  int shift_ = 0; // slices of the right picture beyond where the left one would put it
};

}
