#include "app/gui/clip_page.h"

#include "app/gui/actions.h"
#include "modules/review/mark_kinds.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium {
namespace {

constexpr std::array speeds{0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0};
constexpr double unknown_frame_ms = 80; // shown at 12.5 frames a second, and said

QString speed_text(double factor) { return QString("%1 ×").arg(factor); }
QString q(const std::string& text) { return QString::fromStdString(text); }

QWidget* separator() {
  auto* line = new QFrame;
  line->setFixedSize(1, 20);
  line->setStyleSheet("background: palette(alternate-base);");
  return line;
}

}

ClipPage::ClipPage(QWidget* parent)
    : DatasetPage(parent), view_(new SliceView), marks_(new MarkChooser), strip_(new FrameStrip),
      speed_box_(new QComboBox), activation_(new ActivationOverlay(view_)),
      activation_box_(new QComboBox), opacity_(new QSlider(Qt::Horizontal)), time_(new QLabel),
      hover_(new QLabel(view_)), board_(new QWidget), verdict_(new QLabel), class_(new QLabel),
      warning_(new QLabel), empty_(new QLabel), accept_(new QPushButton("Accept")),
      reject_(new QPushButton("Reject")), uninterpretable_(new QPushButton("Uninterpretable")),
      relabel_(new QComboBox) {
  view_->setAccessibleName("Frame");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(build_tools());
  all->addWidget(build_picture(), 1);
  all->addWidget(build_transport());
  all->addWidget(strip_);
  all->addWidget(build_board());
  hover_->setObjectName("over_picture");
  hover_->setAttribute(Qt::WA_TransparentForMouseEvents);
  hover_->hide();
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, [this] { tick(); });
  connect(strip_, &FrameStrip::frame_requested, this, [this](int z) { go_to(z); });
  connect(view_, &SliceView::slice_changed, this, [this] {
    if (!quiet_) restart_clock();
    refresh_frame();
  });
  connect(view_, &SliceView::item_clicked, this, &ClipPage::item_clicked);
  connect(view_, &SliceView::pixel_hovered, this, [this](const QString& text) {
    hover_->setVisible(!text.isEmpty());
    hover_->setText(text);
    hover_->adjustSize();
    hover_->move(view_->width() - hover_->width() - grid, grid);
  });
}

QWidget* ClipPage::build_tools() {
  auto* bar = new QFrame;
  bar->setObjectName("tools");
  tools_ = new QHBoxLayout(bar);
  tools_->setContentsMargins(grid, 4, grid, 4);
  tools_->setSpacing(4);
  return bar;
}

QWidget* ClipPage::build_picture() {
  auto* both = new QWidget;
  auto* line = new QHBoxLayout(both);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(0);
  line->addWidget(marks_);
  line->addWidget(view_, 1);
  marks_->hide();
  connect(marks_, &MarkChooser::kind_chosen, this, [this](const QString& label) {
    if (session_) session_->set_mark(label);
    const MarkKind* kind = mark_kind(label.toStdString());
    view_->set_brush_color(kind ? QColor(kind->color) : QColor());
    if (kind) view_->setFocus();
  });
  return both;
}

QWidget* ClipPage::build_transport() {
  auto* bar = new QWidget;
  bar->setObjectName("panel");
  transport_ = new QHBoxLayout(bar);
  transport_->setContentsMargins(grid, 4, grid, 0);
  transport_->setSpacing(4);
  for (const double one : speeds) speed_box_->addItem(speed_text(one), one);
  speed_box_->setCurrentIndex(3);
  speed_box_->setAccessibleName("Speed");
  speed_box_->setToolTip("Speed of playing: 1 × is the true rate");
  connect(speed_box_, &QComboBox::currentIndexChanged, this,
          [this] { set_speed(speed_box_->currentData().toDouble()); });
  activation_box_->setAccessibleName("Where the network looked");
  activation_box_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  activation_box_->setMinimumContentsLength(12); // the tooltip has it all
  activation_box_->hide();
  opacity_->setAccessibleName("Opacity of the map");
  opacity_->setToolTip("Opacity of the map");
  opacity_->setRange(0, 100);
  opacity_->setValue(50);
  opacity_->setFixedWidth(72);
  opacity_->hide();
  connect(activation_box_, &QComboBox::currentIndexChanged, this, [this](int i) {
    activation_->set_shown(i - 1);
    activation_box_->setToolTip(i > 0 ? activation_->caption(i - 1)
                                      : QString("Show where the network looked"));
    opacity_->setVisible(i > 0);
    refresh_frame();
  });
  connect(opacity_, &QSlider::valueChanged, this,
          [this](int value) { activation_->set_opacity(value / 100.0); });
  return bar;
}

QWidget* ClipPage::build_board() {
  board_->setObjectName("panel");
  auto* left = new QVBoxLayout;
  left->setSpacing(6);
  verdict_->setObjectName("heading");
  warning_->setObjectName("warning");
  warning_->setWordWrap(true);
  rules_place_ = new QGridLayout;
  rules_place_->setHorizontalSpacing(4);
  rules_place_->setVerticalSpacing(2);
  verdict_->setWordWrap(true); // a long verdict and its state go on two lines, never cut
  class_->setWordWrap(true);
  auto* decisions = new QGridLayout; // two by two: four in a row are wider than a small window
  decisions->setSpacing(4);
  relabel_->setAccessibleName("Another verdict");
  relabel_->setToolTip("Give the clip another verdict");
  relabel_->addItem("Another score");
  for (const char* label : {"score 0", "score 1", "score 2", "score 3"}) relabel_->addItem(label);
  accept_->setToolTip("The verdict is right");
  reject_->setToolTip("The verdict is wrong");
  uninterpretable_->setToolTip("Nothing can be said about this clip");
  decisions->addWidget(accept_, 0, 0);
  decisions->addWidget(reject_, 0, 1);
  decisions->addWidget(uninterpretable_, 1, 0);
  decisions->addWidget(relabel_, 1, 1);
  for (QWidget* w : {static_cast<QWidget*>(accept_), static_cast<QWidget*>(reject_),
                     static_cast<QWidget*>(uninterpretable_), static_cast<QWidget*>(relabel_)})
    w->setSizePolicy(QSizePolicy::Minimum, QSizePolicy::Fixed);
  relabel_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  decisions->setColumnStretch(2, 1);
  left->addWidget(verdict_);
  left->addWidget(class_);
  left->addLayout(rules_place_);
  left->addWidget(warning_);
  left->addLayout(decisions);
  left->addStretch(1);
  auto* right = new QVBoxLayout;
  right->setSpacing(6);
  auto* heading = new QLabel("Look at these frames first");
  heading->setObjectName("heading");
  keys_place_ = new QHBoxLayout;
  keys_place_->setSpacing(4);
  right->addWidget(heading);
  right->addLayout(keys_place_);
  right->addStretch(1);
  auto* line = new QHBoxLayout(board_);
  line->setContentsMargins(grid, grid, grid, grid);
  line->setSpacing(2 * grid);
  line->addLayout(left);
  line->addLayout(right, 1);
  empty_->setObjectName("muted");
  empty_->setWordWrap(true);
  empty_->setContentsMargins(grid, 2, grid, grid);
  empty_->setText("After a run: the signs in each frame, the clip's score under each rule, and the "
                  "frames to look at first.");
  auto* both = new QWidget;
  both->setObjectName("panel");
  auto* column = new QVBoxLayout(both);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(empty_);
  column->addWidget(board_);
  board_->hide();
  connect(accept_, &QPushButton::clicked, this, [this] { give_verdict("accept"); });
  connect(reject_, &QPushButton::clicked, this, [this] { give_verdict("reject"); });
  connect(uninterpretable_, &QPushButton::clicked, this,
          [this] { give_verdict("uninterpretable"); });
  connect(relabel_, &QComboBox::activated, this, [this](int i) {
    if (i > 0) give_verdict(relabel_->itemText(i));
    relabel_->setCurrentIndex(0);
  });
  return both;
}

void ClipPage::attach(CaseSession& session, ActionSet& actions) {
  session_ = &session;
  actions_ = &actions;
  QAction* loop = actions.add_toggle(
      "clip_loop", "Play in a loop", "loop", "Ctrl+L", true, [this](bool on) { loop_ = on; },
      "Clip");
  QAction* slower =
      actions.add("clip_slower", "Play slower", "", ",", [this] { step_speed(-1); }, "Clip");
  QAction* faster =
      actions.add("clip_faster", "Play faster", "", ".", [this] { step_speed(1); }, "Clip");
  QAction* blind = actions.add(
      "clip_uninterpretable", "This clip is uninterpretable", "", "U",
      [this] { give_verdict("uninterpretable"); }, "Clip");
  own_actions_ = {loop, slower, faster, blind};
  marks_->attach(actions);
  for (const char* id :
       {"browse", "brush", "erase", "measure", "", "undo", "redo", "", "fill", "fit"})
    tools_->addWidget(*id ? static_cast<QWidget*>(tool_button(actions.find(id))) : separator());
  tools_->addStretch(1);
  if (QAction* exam = actions.find("exam")) {
    auto* back = new QPushButton("Exam board");
    back->setToolTip(exam->toolTip());
    const auto follow = [back, exam] { back->setVisible(exam->isEnabled()); };
    connect(back, &QPushButton::clicked, exam, &QAction::trigger);
    connect(exam, &QAction::changed, back, follow);
    tools_->addWidget(back);
    follow();
  }
  for (const char* id : {"previous", "next", "reject", "accept"})
    tools_->addWidget(tool_button(actions.find(id)));
  const auto step = [&](const char* name, const char* text, const char* id) {
    auto* button = new QToolButton;
    button->setIcon(icon(name));
    button->setProperty("icon_name", name);
    button->setAutoRaise(true);
    button->setIconSize({20, 20});
    button->setAccessibleName(text);
    button->setToolTip(QString("%1 (%2)").arg(text, actions.find(id)->shortcut().toString()));
    button->setFocusPolicy(Qt::TabFocus);
    button->setAutoRepeat(true);
    connect(button, &QToolButton::clicked, actions.find(id), &QAction::trigger);
    transport_->addWidget(button);
  };
  step("step_back", "One frame back", "slice_previous");
  transport_->addWidget(tool_button(actions.find("play")));
  step("step_forward", "One frame on", "slice_next");
  transport_->addWidget(tool_button(loop));
  transport_->addWidget(speed_box_);
  transport_->addSpacing(grid);
  transport_->addWidget(time_, 1);
  transport_->addWidget(activation_box_);
  transport_->addWidget(opacity_);
  enable_actions(isVisible());
}

void ClipPage::enable_actions(bool on) {
  for (QAction* action : own_actions_) action->setEnabled(on && dataset_);
  marks_->set_in_sight(on && dataset_);
}

void ClipPage::showEvent(QShowEvent*) { enable_actions(true); }

void ClipPage::resizeEvent(QResizeEvent*) { marks_->set_compact(width() < 620); }

void ClipPage::hideEvent(QHideEvent*) {
  if (actions_) actions_->find("play")->setChecked(false);
  play(false);
  enable_actions(false);
}

void ClipPage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::StyleChange)
    for (QToolButton* button : findChildren<QToolButton*>())
      if (const QString name = button->property("icon_name").toString(); !name.isEmpty())
        button->setIcon(icon(name));
  QWidget::changeEvent(event);
}

void ClipPage::show_dataset(std::shared_ptr<const Dataset> dataset) {
  if (actions_) actions_->find("play")->setChecked(false);
  play(false);
  dataset_ = std::move(dataset);
  const auto& video = std::get<Video>(*dataset_);
  findings_ = {};
  rules_.clear();
  key_frames_.clear();
  refresh_activation({});
  strip_->set_frames(video.frames);
  view_->set_stack(stack_of(*dataset_));
  view_->set_spacing(video.spacing[0], video.spacing[1]);
  marks_->clear();
  calibration_ = Calibration(*dataset_);
  show_regions();
  go_to(0);
  refresh_frame();
  refresh_board();
  enable_actions(isVisible());
}

void ClipPage::show_regions() {
  std::vector<MeasureRegion> regions;
  for (const Region& r : calibration_.regions()) {
    const bool known = r.spacing_x.known() && r.spacing_y.known();
    regions.push_back({QRectF(r.x0, r.y0, r.x1 - r.x0 + 1, r.y1 - r.y0 + 1), known,
                       q(r.kind) + (known ? QString(": %1 × %2 mm a pixel")
                                                .arg(r.spacing_x.micrometres / 1e3, 0, 'g', 3)
                                                .arg(r.spacing_y.micrometres / 1e3, 0, 'g', 3)
                                          : QString(": no scale"))});
  }
  view_->set_measure_regions(std::move(regions));
  view_->set_measure_words([this](QPointF from, QPointF to) { return measure_words(from, to); });
}

QString ClipPage::measure_words(QPointF from, QPointF to) const {
  const ScaleAt scale = calibration_.between({from.x(), from.y()}, {to.x(), to.y()});
  if (!scale.known()) return "not measured: " + q(scale.reason);
  return measure_text(calibration_.distance({from.x(), from.y()}, {to.x(), to.y()}));
}

double ClipPage::frame_ms() const {
  const auto* video = dataset_ ? std::get_if<Video>(dataset_.get()) : nullptr;
  return video && video->frame_time_ms && *video->frame_time_ms > 0 ? *video->frame_time_ms
                                                                    : unknown_frame_ms;
}

void ClipPage::go_to(int frame) { view_->set_slice(frame); }

void ClipPage::set_speed(double factor) {
  speed_ = factor;
  const int i = speed_box_->findData(factor);
  if (i >= 0) speed_box_->setCurrentIndex(i);
  if (playing()) play(true);
}

void ClipPage::step_speed(int by) {
  const int i = std::clamp(speed_box_->currentIndex() + by, 0, speed_box_->count() - 1);
  speed_box_->setCurrentIndex(i);
}

void ClipPage::set_loop(bool on) {
  loop_ = on;
  if (actions_) actions_->find("clip_loop")->setChecked(on);
}

void ClipPage::restart_clock() {
  started_at_ = view_->slice();
  clock_.restart();
}

void ClipPage::play(bool on) {
  if (on && frames() > 1) {
    if (!loop_ && view_->slice() >= frames() - 1) go_to(0);
    restart_clock();
    timer_.start(std::clamp(static_cast<int>(frame_ms() / speed_ / 2), 5, 40));
  } else {
    timer_.stop();
  }
  if (!actions_) return;
  QAction* action = actions_->find("play");
  action->setProperty("icon_name", playing() ? "pause" : "play");
  action->setIcon(icon(playing() ? "pause" : "play"));
}

// By the clock, so that a slow picture leaves frames out and does not slow the clip down.
void ClipPage::tick() {
  const double passed = static_cast<double>(clock_.nsecsElapsed()) / 1e6 * speed_ / frame_ms();
  const int frame = started_at_ + static_cast<int>(passed);
  quiet_ = true;
  if (frame < frames() || loop_)
    view_->set_slice(frame % frames());
  else
    view_->set_slice(frames() - 1);
  quiet_ = false;
  if (frame < frames() || loop_) return;
  if (actions_) actions_->find("play")->setChecked(false);
  play(false);
}

void ClipPage::refresh_frame() {
  if (!dataset_) return;
  const auto& video = std::get<Video>(*dataset_);
  const int z = view_->slice();
  strip_->set_frame(z);
  QString text = QString("Frame %1 of %2").arg(z + 1).arg(video.frames);
  const double ms = frame_ms();
  if (video.frame_time_ms && *video.frame_time_ms > 0) {
    text += QString(" · %1 s of %2 s")
                .arg(z * ms / 1000, 0, 'f', 2)
                .arg(video.frames * ms / 1000, 0, 'f', 2);
    // Beside the controls of a map there is no room; the status bar says it too.
    if (activation_->shown() < 0) text += QString(" · %1 frames/s").arg(1000 / ms, 0, 'g', 3);
  } else if (video.frames > 1)
    text += QString(" · rate unknown, played at %1 frames/s").arg(1000 / ms, 0, 'g', 3);
  time_->setText(text);
}

QString ClipPage::time_text() const { return time_->text(); }

bool ClipPage::takes(const QString& action) const {
  if (action == "play") return dataset_ && frames() > 1;
  if (action == "proportions") return dataset_ && std::get<Video>(*dataset_).spacing[0].known();
  return QStringList{"fit", "fill", "slice_next", "slice_previous"}.contains(action);
}

void ClipPage::act(const QString& action, bool on) {
  if (action == "play") play(on);
  if (action == "fit") view_->reset_view();
  if (action == "fill") view_->set_fill(on);
  if (action == "proportions") view_->set_true_proportions(on);
  if (action == "slice_next") view_->step_slice(1);
  if (action == "slice_previous") view_->step_slice(-1);
}

QString ClipPage::scale_text() const {
  if (!dataset_) return {};
  const auto& video = std::get<Video>(*dataset_);
  const Spacing &x = video.spacing[0], &y = video.spacing[1];
  QString text =
      x.known() && y.known() ? QString("%1 × %2 µm (%3)")
                                   .arg(x.micrometres, 0, 'g', 4)
                                   .arg(y.micrometres, 0, 'g', 4)
                                   .arg(text_of(x.source))
      : std::any_of(video.regions.begin(), video.regions.end(),
                    [](const Region& r) { return r.spacing_x.known() && r.spacing_y.known(); })
          ? QString("each region has a scale of its own")
          : QString("scale unknown: sizes in pixels");
  return text + (video.frame_time_ms ? QString(", %1 frames/s (%2)")
                                           .arg(1000 / *video.frame_time_ms, 0, 'g', 3)
                                           .arg(q(video.frame_time_source))
                                     : QString(", frame rate unknown"));
}

}
