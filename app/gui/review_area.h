// The centre: tools, the B-scan, the view from above and the 3-D view, linked.
#pragma once

#include "app/gui/dataset_page.h"
#include "modules/view/en_face_view.h"
#include "modules/view/slice_view.h"

#include <QSplitter>
#include <QTimer>

class QLabel;
class QSlider;

class QHBoxLayout;

namespace sensorium {

class ActionSet;
class VolumeView;

class ReviewArea : public DatasetPage {
  Q_OBJECT
public:
  explicit ReviewArea(QWidget* parent = nullptr);
  void add_tools(ActionSet& actions); // after the window has declared its actions

  void show_dataset(std::shared_ptr<const Dataset> dataset) override; // a volume or a video
  void set_surfaces(const std::vector<Surface>& surfaces);
  void set_enhanced(PixelStack stack) { slice_->set_enhanced(std::move(stack)); }
  void show_result(const CaseSession& session) override;
  void set_items(FindingItems items) override;
  void set_measures(std::vector<MeasureLine> lines) { slice_->set_measures(std::move(lines)); }
  void select(const FindingItem* item) override;
  QString scale_text() const override;
  SliceView* slice_view() const override { return slice_; }
  bool takes(const QString& action) const override;
  void act(const QString& action, bool on) override;
  QWidget* pictures() override; // without the tools
  EnFaceView* en_face() const { return en_face_; }
  void play(bool on); // through the slices, at the recording's frame time where it has one
  void show_volume(bool shown);

private:
  void project();
  void show_hover(const QString& text);
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
  QLabel* hover_; // over the picture: what is under the pointer
  std::shared_ptr<const Dataset> dataset_;
  std::vector<Surface> surfaces_;
  FindingItems items_;
  QTimer play_timer_;
  int generation_ = 0;
};

}
