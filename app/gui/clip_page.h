// The centre for a clip: the player with its time line, and after a run the measures of each frame,
// the verdict under each rule, and the frames to look at first. Decisions go through the session,
// like those on any other page.
#pragma once

#include "app/gui/activation_overlay.h"
#include "app/gui/dataset_page.h"
#include "app/gui/mark_chooser.h"
#include "modules/review/calibration.h"
#include "modules/view/frame_strip.h"
#include "modules/view/slice_view.h"

#include <QElapsedTimer>
#include <QTimer>

class QComboBox;
class QGridLayout;
class QHBoxLayout;
class QLabel;
class QPushButton;
class QSlider;
class QToolButton;

namespace sensorium {

class ClipPage : public DatasetPage {
  Q_OBJECT
public:
  explicit ClipPage(QWidget* parent = nullptr);
  void attach(CaseSession& session, ActionSet& actions) override;
  void show_dataset(std::shared_ptr<const Dataset> dataset) override;
  void show_result(const CaseSession& session) override;
  void set_items(FindingItems items) override;
  void select(const FindingItem* item) override;
  SliceView* slice_view() const override { return view_; }
  bool takes(const QString& action) const override;
  void act(const QString& action, bool on) override;
  QString scale_text() const override;
  QWidget* pictures() override { return view_; }

  void set_speed(double factor); // of the true rate: 0.1 to 4
  double speed() const { return speed_; }
  void set_loop(bool on);
  // Of the clip as a whole: "accept", "reject", or another label. Nothing before a run.
  void give_verdict(const QString& what);
  bool playing() const { return timer_.isActive(); }
  FrameStrip* strip() const { return strip_; }
  QString time_text() const;
  QString verdict_text() const;   // the clip's verdict as reviewed, with its state
  QString class_text() const;     // what the network says; empty without one
  QString warning_text() const;   // empty, or that the rules disagree
  QStringList rule_texts() const; // "majority: 0" ...
  QList<int> key_frames() const { return key_frames_; }
  ActivationOverlay* activation() const { return activation_; }
  QComboBox* activation_box() const { return activation_box_; }
  QSlider* opacity() const { return opacity_; }
  MarkChooser* marks() const { return marks_; }
  // What a line between two places measures, or why it does not.
  QString measure_words(QPointF from, QPointF to) const;

protected:
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;
  void changeEvent(QEvent*) override;
  void resizeEvent(QResizeEvent*) override;

private:
  struct Rule {
    QString name, score, named; // named: the class, where a network answered
    bool used = false;
  };
  QWidget* build_tools();
  QWidget* build_picture();
  void show_regions();
  QWidget* build_transport();
  QWidget* build_board();
  void go_to(int frame);
  void play(bool on);
  void tick();
  void restart_clock();
  void step_speed(int by);
  void refresh_frame();
  void read_tables();
  void refresh_activation(std::vector<int> looked_at);
  void refresh_board();
  void refresh_class();
  void refresh_key_frames();
  const FindingItem* verdict() const; // null before a run
  void enable_actions(bool on);
  double frame_ms() const;
  int frames() const { return view_->stack().depth; }

  CaseSession* session_ = nullptr;
  ActionSet* actions_ = nullptr;
  std::vector<QAction*> own_actions_;
  std::shared_ptr<const Dataset> dataset_;
  Calibration calibration_;
  SliceView* view_;
  MarkChooser* marks_;
  FrameStrip* strip_;
  QHBoxLayout *tools_ = nullptr, *transport_ = nullptr;
  QComboBox* speed_box_;
  ActivationOverlay* activation_;
  QComboBox* activation_box_;
  QSlider* opacity_;
  QLabel *time_, *hover_;
  QWidget* board_;
  QLabel *verdict_, *class_, *warning_, *empty_;
  QGridLayout* rules_place_ = nullptr;
  QHBoxLayout* keys_place_ = nullptr;
  QPushButton *accept_, *reject_, *uninterpretable_;
  QComboBox* relabel_;
  FindingItems items_;
  std::vector<Rule> rules_;
  Findings findings_;
  QList<int> key_frames_;
  QTimer timer_;
  QElapsedTimer clock_;
  int started_at_ = 0;
  double speed_ = 1;
  bool loop_ = true, quiet_ = false;
};

}
