// The centre: tools, the B-scan, the view from above and the 3-D view, linked.
#pragma once

#include "modules/view/en_face_view.h"
#include "modules/view/slice_view.h"

#include <QSplitter>
#include <QTimer>
#include <QWidget>

class QLabel;
class QSlider;

class QHBoxLayout;

namespace sensorium {

class ActionSet;
class ElidedLabel;
class VolumeView;

class ReviewArea : public QWidget {
  Q_OBJECT
public:
  explicit ReviewArea(QWidget* parent = nullptr);
  void add_tools(ActionSet& actions); // after the window has declared its actions

  void show_dataset(std::shared_ptr<const Dataset> dataset);
  void set_surfaces(const std::vector<Surface>& surfaces);
  void set_enhanced(PixelStack stack) { slice_->set_enhanced(std::move(stack)); }
  void set_items(FindingItems items);
  void set_measures(std::vector<MeasureLine> lines) { slice_->set_measures(std::move(lines)); }
  void select(const FindingItem* item); // shows it; null: none
  void set_tool(SliceTool tool);
  SliceView* slice_view() const { return slice_; }
  QWidget* pictures() const; // without the tools
  EnFaceView* en_face() const { return en_face_; }
  void play(bool on); // through the slices, at the recording's frame time where it has one
  void show_volume(bool shown);

signals:
  void item_clicked(const QString& id);

private:
  void project();
  void start_3d();
  const Surface* surface_named(std::initializer_list<const char*> names) const;
  SliceView* slice_;
  EnFaceView* en_face_;
  VolumeView* volume_ = nullptr;
  QWidget* volume_place_;
  QSplitter* below_;
  QSplitter* halves_;
  QHBoxLayout* tools_;
  QSlider* scroll_;
  ElidedLabel* hover_;
  std::shared_ptr<const Dataset> dataset_;
  std::vector<Surface> surfaces_;
  FindingItems items_;
  QTimer play_timer_;
  int generation_ = 0;
};

}
