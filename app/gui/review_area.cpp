#include "app/gui/review_area.h"

#include "app/gui/actions.h"
#include "modules/view/notice_bar.h"
#include "modules/view/theme.h"
#include "modules/view/volume_view.h"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPointer>
#include <QSlider>
#include <QThreadPool>
#include <QToolButton>
#include <QVBoxLayout>

#include <cmath>

namespace sensorium {
namespace {

double micrometres(const Spacing& spacing) { return spacing.known() ? spacing.micrometres : 0; }

QString laterality_text(Laterality laterality) {
  return laterality == Laterality::Right  ? "OD (right)"
         : laterality == Laterality::Left ? "OS (left)"
                                          : "";
}

QString text_of(const Spacing* spacing, int axes) {
  QStringList parts;
  ScaleSource source = ScaleSource::Unknown;
  for (int i = 0; i < axes; ++i) {
    const Spacing& s = spacing[i];
    if (s.known() && source == ScaleSource::Unknown) source = s.source;
    parts << (s.known() ? QString::number(s.micrometres, 'g', 4) : "?");
  }
  if (source == ScaleSource::Unknown) return "scale unknown: sizes in pixels";
  return QString("%1 µm (%2)").arg(parts.join(" × "), sensorium::text_of(source));
}

QWidget* separator() {
  auto* line = new QFrame;
  line->setFixedSize(1, 20);
  line->setStyleSheet("background: palette(alternate-base);");
  return line;
}

}

ReviewArea::ReviewArea(QWidget* parent)
    : DatasetPage(parent), slice_(new SliceView), en_face_(new EnFaceView),
      volume_place_(new QWidget), below_(new QSplitter(Qt::Horizontal)),
      halves_(new QSplitter(Qt::Vertical)), scroll_(new QSlider(Qt::Vertical)),
      hover_(new QLabel(slice_)) {
  auto* bar = new QFrame;
  bar->setObjectName("tools");
  tools_ = new QHBoxLayout(bar);
  tools_->setContentsMargins(grid, 4, grid, 4);
  tools_->setSpacing(4);
  scroll_->setInvertedAppearance(true);
  scroll_->setInvertedControls(true);
  scroll_->setAccessibleName("B-scan number");
  scroll_->setFixedWidth(20);
  auto* top = new QWidget;
  auto* line = new QHBoxLayout(top);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(0);
  line->addWidget(slice_, 1);
  line->addWidget(scroll_);
  new QVBoxLayout(volume_place_);
  volume_place_->layout()->setContentsMargins(0, 0, 0, 0);
  below_->addWidget(en_face_);
  below_->addWidget(volume_place_);
  below_->setChildrenCollapsible(false);
  below_->setHandleWidth(6);
  below_->setStretchFactor(0, 1);
  below_->setStretchFactor(1, 1);
  below_->setSizes({1000, 1000});
  halves_->addWidget(top);
  halves_->addWidget(below_);
  halves_->setStretchFactor(0, 3);
  halves_->setStretchFactor(1, 1);
  halves_->setSizes({470, 190});
  halves_->setHandleWidth(6);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(bar);
  all->addWidget(halves_, 1);
  connect(scroll_, &QSlider::valueChanged, slice_, &SliceView::set_slice);
  connect(slice_, &SliceView::slice_changed, this, [this](int z) {
    const QSignalBlocker block(scroll_);
    scroll_->setValue(z);
    en_face_->set_slice(z);
    if (volume_) volume_->set_slice(z);
  });
  connect(&play_timer_, &QTimer::timeout, this, [this] {
    const int depth = slice_->stack().depth;
    if (depth > 1) slice_->set_slice((slice_->slice() + 1) % depth);
  });
  hover_->setObjectName("over_picture");
  hover_->setAttribute(Qt::WA_TransparentForMouseEvents);
  hover_->hide();
  connect(slice_, &SliceView::pixel_hovered, this, &ReviewArea::show_hover);
  connect(slice_, &SliceView::item_clicked, this, &ReviewArea::item_clicked);
  connect(en_face_, &EnFaceView::item_clicked, this, &ReviewArea::item_clicked);
  connect(en_face_, &EnFaceView::slice_requested, slice_, &SliceView::set_slice);
}

void ReviewArea::add_tools(ActionSet& actions) {
  const auto add = [&](const char* id) { tools_->addWidget(tool_button(actions.find(id))); };
  for (const char* id : {"browse", "brush", "erase", "measure"}) add(id);
  tools_->addWidget(separator());
  for (const char* id : {"undo", "redo"}) add(id);
  tools_->addWidget(separator());
  for (const char* id : {"enhanced", "layers", "fill", "fit", "volume", "fovea"}) add(id);
  tools_->addStretch(1);
  for (const char* id : {"previous", "next", "reject", "accept"}) add(id);
}

void ReviewArea::show_hover(const QString& text) {
  hover_->setVisible(!text.isEmpty());
  if (text.isEmpty()) return;
  hover_->setText(text);
  hover_->adjustSize();
  hover_->move(slice_->width() - hover_->width() - grid, grid);
}

void ReviewArea::show_dataset(std::shared_ptr<const Dataset> dataset) {
  dataset_ = std::move(dataset);
  surfaces_.clear();
  items_.reset();
  ++generation_;
  const PixelStack stack = stack_of(*dataset_);
  slice_->set_stack(stack);
  {
    const QSignalBlocker block(scroll_);
    scroll_->setRange(0, std::max(0, stack.depth - 1));
    scroll_->setValue(slice_->slice());
    scroll_->setVisible(stack.depth > 1);
  }
  en_face_->set_items(nullptr);
  en_face_->set_localizer({}, {});
  en_face_->set_projection({}, stack.width, stack.depth, 0, 0);
  if (const auto* volume = std::get_if<Volume>(dataset_.get())) {
    slice_->set_spacing(volume->spacing[0], volume->spacing[1]);
    slice_->set_corner_text(laterality_text(volume->laterality));
    if (volume->localizer && volume->scan_lines.size() == static_cast<std::size_t>(volume->depth)) {
      const PixelStack picture = stack_of(*volume->localizer);
      en_face_->set_localizer(slice_image(picture, 0, auto_window(picture)), volume->scan_lines);
      en_face_->set_caption("SLO");
    }
  } else if (const auto* video = std::get_if<Video>(dataset_.get())) {
    slice_->set_spacing(video->spacing[0], video->spacing[1]);
    slice_->set_corner_text({});
  }
  set_surfaces(std::holds_alternative<Volume>(*dataset_) ? std::get<Volume>(*dataset_).surfaces
                                                         : std::vector<Surface>{});
  below_->setVisible(stack.depth > 1 || en_face_->has_localizer());
  volume_place_->setVisible(stack.depth > 3);
  if (volume_) volume_->set_volume({}, 0, 0, 0, stack.depth);
  start_3d();
}

const Surface* ReviewArea::surface_named(std::initializer_list<const char*> names) const {
  for (const char* name : names)
    for (const Surface& surface : surfaces_)
      if (surface.name == name && surface.failure.empty()) return &surface;
  return nullptr;
}

void ReviewArea::set_surfaces(const std::vector<Surface>& surfaces) {
  surfaces_ = surfaces;
  slice_->set_surfaces(surfaces);
  if (dataset_) project();
}

void ReviewArea::project() {
  const auto* volume = std::get_if<Volume>(dataset_.get());
  if (!volume || volume->depth < 2) return;
  const Surface* ilm = surface_named({"ILM"});
  const Surface* rpe = surface_named({"RPE", "BM"});
  const bool slab = ilm && rpe;
  const double um_x = micrometres(volume->spacing[0]), um_z = micrometres(volume->spacing[2]);
  if (!en_face_->has_localizer())
    en_face_->set_caption(slab ? "Mean, ILM to RPE" : "Mean over depth");
  QPointer<ReviewArea> self(this);
  QThreadPool::globalInstance()->start([self, dataset = dataset_, top = slab ? *ilm : Surface{},
                                        bottom = slab ? *rpe : Surface{}, slab, um_x, um_z,
                                        generation = generation_] {
    const PixelStack stack = stack_of(*dataset);
    QImage picture = en_face_projection(stack, slab ? &top : nullptr, slab ? &bottom : nullptr);
    QMetaObject::invokeMethod(
        QCoreApplication::instance(), [self, picture, stack, um_x, um_z, generation] {
          if (self && self->generation_ == generation)
            self->en_face_->set_projection(picture, stack.width, stack.depth, um_x, um_z);
        });
  });
}

void ReviewArea::start_3d() {
  const auto* volume = std::get_if<Volume>(dataset_.get());
  if (!volume || volume->depth < 4 || !volume_place_->isVisibleTo(this)) return;
  if (!volume_) {
    volume_ = make_volume_view();
    volume_place_->layout()->addWidget(volume_->widget());
  }
  QPointer<ReviewArea> self(this);
  QThreadPool::globalInstance()->start([self, dataset = dataset_, generation = generation_] {
    const Volume& v = std::get<Volume>(*dataset);
    const PixelStack stack = stack_of(v);
    SmallVolume small = shrink(stack, auto_window(stack), 160);
    QMetaObject::invokeMethod(QCoreApplication::instance(), [self, small = std::move(small),
                                                             dataset, generation]() mutable {
      if (!self || self->generation_ != generation) return;
      const Volume& whole = std::get<Volume>(*dataset);
      self->volume_->set_volume(std::move(small), micrometres(whole.spacing[0]),
                                micrometres(whole.spacing[1]), micrometres(whole.spacing[2]),
                                whole.depth);
      self->volume_->set_slice(self->slice_->slice());
      self->volume_->set_items(self->items_);
    });
  });
}

void ReviewArea::set_items(FindingItems items) {
  items_ = items;
  slice_->set_items(items);
  en_face_->set_items(items);
  if (volume_) volume_->set_items(items);
}

void ReviewArea::select(const FindingItem* item) {
  const QString id = item ? QString::fromStdString(item->finding.id) : QString();
  slice_->set_selected(id);
  en_face_->set_selected(id);
  if (volume_) volume_->set_selected(id);
  if (!item) return;
  const auto& box = item->finding.box;
  if (slice_->slice() < box[2] || slice_->slice() > box[5])
    slice_->set_slice(static_cast<int>(std::lround(item->finding.centroid[2])));
  slice_->show_pixel({item->finding.centroid[0], item->finding.centroid[1]});
}

QWidget* ReviewArea::pictures() { return halves_; }

void ReviewArea::show_result(const CaseSession& session) {
  for (const ResultMap& map : session.maps())
    if (map.name == "enhanced") set_enhanced(stack_of(*map.data));
  if (!session.surfaces().empty()) set_surfaces(session.surfaces());
}

QString ReviewArea::scale_text() const {
  if (!dataset_) return {};
  if (const auto* v = std::get_if<Volume>(dataset_.get()))
    return text_of(v->spacing.data(), v->depth > 1 ? 3 : 2);
  if (const auto* v = std::get_if<Video>(dataset_.get())) return text_of(v->spacing.data(), 2);
  return {};
}

bool ReviewArea::takes(const QString& action) const {
  static const QStringList always{"layers", "fill",  "fit",        "volume",        "proportions",
                                  "slo",    "fovea", "slice_next", "slice_previous"};
  if (action == "play") return dataset_ && stack_of(*dataset_).depth > 1;
  if (action == "enhanced") return slice_->has_enhanced();
  return always.contains(action);
}

void ReviewArea::act(const QString& action, bool on) {
  if (action == "play") play(on);
  if (action == "fit") slice_->reset_view();
  if (action == "slice_next") slice_->step_slice(1);
  if (action == "slice_previous") slice_->step_slice(-1);
  if (action == "fill") slice_->set_fill(on);
  if (action == "enhanced") slice_->set_enhanced_shown(on);
  if (action == "layers") slice_->set_layers_shown(on);
  if (action == "proportions") slice_->set_true_proportions(on);
  if (action == "volume") show_volume(on);
  if (action == "slo") en_face_->show_localizer(on);
}

void ReviewArea::play(bool on) {
  const auto* video = dataset_ ? std::get_if<Video>(dataset_.get()) : nullptr;
  const double frame = video && video->frame_time_ms ? *video->frame_time_ms : 80;
  play_timer_.setInterval(static_cast<int>(std::clamp(frame, 10.0, 1000.0)));
  if (on)
    play_timer_.start();
  else
    play_timer_.stop();
}

void ReviewArea::show_volume(bool shown) {
  const int depth = dataset_ ? stack_of(*dataset_).depth : 0;
  volume_place_->setVisible(shown && depth > 3);
  if (shown && dataset_) start_3d();
}

}
