// Several pictures of one recording in a grid, scrolled, moved and zoomed together: readers of one
// case and their consensus.
#pragma once

#include "modules/view/slice_view.h"

#include <vector>

class QGridLayout;
class QLabel;

namespace sensorium {

class LinkedViews : public QWidget {
  Q_OBJECT
public:
  explicit LinkedViews(QWidget* parent = nullptr);
  // 1 to 9; views beyond are hidden, not destroyed. One or two side by side, up to four in two
  // rows, more in three columns.
  void set_count(int count);
  int count() const { return count_; }
  SliceView* view(int i) const { return panes_[static_cast<std::size_t>(i)].view; }
  void set_caption(int i, const QString& text);
  void show_captions(bool shown);

private:
  struct Pane {
    QWidget* box;
    QLabel* caption;
    SliceView* view;
  };
  void add_pane();
  QGridLayout* places_;
  std::vector<Pane> panes_;
  int count_ = 0;
  bool quiet_ = false;
};

}
