#include "modules/view/cube_view.h"
#include "modules/view/theme.h"

#include <QElapsedTimer>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPointer>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr int whole_cells = 256; // of the coarse picture, along its longer side
constexpr double largest = 64;   // screen pixels a cube pixel

double now_ms() {
  static const QElapsedTimer timer = [] {
    QElapsedTimer t;
    t.start();
    return t;
  }();
  return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

}

struct CubeView::Job {
  int number = 0;
  std::shared_ptr<const Cube> cube;
  std::vector<int> bands;
  bool whole = false;
  QRectF place;
  QSize cells;
  CubeRaster result;
  bool last = false; // nothing finer follows
};

CubeView::CubeView(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(240, 140);
  setAttribute(Qt::WA_OpaquePaintEvent);
  setAccessibleName("Picture of the cube");
  setAccessibleDescription(
      "Arrows move a cross, with Shift by ten pixels; Return keeps its spectrum. Plus and minus "
      "zoom, Page Up and Page Down change the band. Drag: brightness and contrast. Middle button "
      "or Shift and drag: move. With the brush, Return sets it on the cross and lifts it.");
  pool_.setMaxThreadCount(1);
}

CubeView::~CubeView() {
  ++*latest_;
  pool_.clear();
  pool_.waitForDone();
}

void CubeView::set_cube(std::shared_ptr<const Cube> cube) {
  ++*latest_;
  cube_ = std::move(cube);
  bands_.clear();
  picture_ = {};
  whole_ = part_ = {};
  whole_image_ = part_image_ = {};
  markers_.clear();
  items_.reset();
  outlines_.clear();
  stroke_.clear();
  cross_.reset();
  pending_ = 0;
  fitted_ = true;
  scale_ = fitting_scale();
  middle_ = cube_rect().center();
  redraw();
}

void CubeView::set_bands(std::vector<int> bands) {
  if (!cube_ || (bands == bands_ && picture_.isNull())) return;
  bands_ = std::move(bands);
  picture_ = {};
  read_all();
}

void CubeView::set_picture(QImage picture) {
  if (picture.isNull() && picture_.isNull()) return;
  picture_ = std::move(picture);
  if (picture_.isNull() && !bands_.empty()) return read_all();
  ++*latest_;
  pending_ = 0;
  redraw();
  emit read();
}

void CubeView::set_stretch(double low_percent, double high_percent) {
  low_percent_ = low_percent;
  high_percent_ = high_percent;
  tone_ = stretch_of(whole_, low_percent_, high_percent_);
  retone();
}

void CubeView::set_overlay(QImage overlay, double opacity) {
  overlay_ = std::move(overlay);
  overlay_opacity_ = opacity;
  redraw();
}

void CubeView::set_overlay_shown(bool shown) {
  overlay_shown_ = shown;
  redraw();
}

void CubeView::set_markers(std::vector<CubeMarker> markers) {
  markers_ = std::move(markers);
  redraw();
}

void CubeView::set_tool(CubeTool tool) {
  tool_ = tool;
  drag_ = Drag::None;
  stroke_.clear();
  setCursor(tool == CubeTool::Look ? Qt::ArrowCursor : Qt::CrossCursor);
  redraw();
}

double CubeView::fitting_scale() const {
  if (!cube_) return 1;
  return std::min(width() / static_cast<double>(cube_->samples),
                  height() / static_cast<double>(cube_->lines));
}

QRectF CubeView::cube_rect() const {
  return cube_ ? QRectF(0, 0, cube_->samples, cube_->lines) : QRectF();
}

QPointF CubeView::to_cube(const QPointF& widget) const {
  return middle_ + (widget - QPointF(width() / 2.0, height() / 2.0)) / scale_;
}

QPointF CubeView::to_widget(const QPointF& cube) const {
  return QPointF(width() / 2.0, height() / 2.0) + (cube - middle_) * scale_;
}

QRectF CubeView::sight() const {
  const QRectF all(to_cube({0, 0}),
                   to_cube({static_cast<double>(width()), static_cast<double>(height())}));
  return all.intersected(cube_rect());
}

std::optional<QPoint> CubeView::pixel_at(const QPointF& widget) const {
  const QPointF at = to_cube(widget);
  if (!cube_ || !cube_rect().contains(at)) return std::nullopt;
  return QPoint(std::min(static_cast<int>(at.x()), cube_->samples - 1),
                std::min(static_cast<int>(at.y()), cube_->lines - 1));
}

void CubeView::read_all() {
  const int number = ++*latest_;
  pending_ = 0;
  if (!cube_ || bands_.empty()) return;
  asked_ms_ = now_ms();
  whole_due_ = true;
  const double longer = std::max(cube_->samples, cube_->lines);
  const double cells = std::min<double>(whole_cells, longer);
  Job job{.number = number, .cube = cube_, .bands = bands_, .whole = true, .place = cube_rect()};
  job.cells = {std::max(1, static_cast<int>(std::lround(cells * cube_->samples / longer))),
               std::max(1, static_cast<int>(std::lround(cells * cube_->lines / longer)))};
  start(std::move(job));
  read_sight();
}

// First every fourth screen pixel where that is less work, then all.
void CubeView::read_sight() {
  const QRectF seen = sight();
  if (!cube_ || bands_.empty() || seen.isEmpty() || shows_picture()) return;
  const double finest = std::min(1.0, scale_) * devicePixelRatioF();
  const QRectF place(QPointF(std::floor(seen.left()), std::floor(seen.top())),
                     QPointF(std::ceil(seen.right()), std::ceil(seen.bottom())));
  for (const double share : {0.25, 1.0}) {
    const double density = scale_ >= 1 ? 1 : finest * share;
    Job job{.number = *latest_, .cube = cube_, .bands = bands_, .place = place};
    job.cells = {std::max(1, static_cast<int>(std::lround(place.width() * density))),
                 std::max(1, static_cast<int>(std::lround(place.height() * density)))};
    job.last = share == 1;
    if (scale_ >= 1 && !job.last) continue;
    start(std::move(job));
  }
  redraw();
}

void CubeView::start(Job job) {
  ++pending_;
  QPointer<CubeView> self(this);
  pool_.start([self, job = std::move(job), latest = latest_]() mutable {
    const auto stopped = [&] { return *latest != job.number; };
    if (stopped()) return;
    job.result = read_raster(*job.cube, job.bands, job.place, job.cells, stopped);
    if (stopped()) return;
    QMetaObject::invokeMethod(self.data(), [self, job = std::move(job)] {
      if (self) self->take(job);
    });
  });
}

void CubeView::take(const Job& job) {
  if (job.number != *latest_) return;
  --pending_;
  if (job.whole) {
    whole_ = job.result;
    whole_due_ = false;
    part_ = {};
    part_image_ = {};
    tone_ = stretch_of(whole_, low_percent_, high_percent_);
    whole_image_ = toned(whole_, tone_);
  } else {
    part_ = job.result;
    part_image_ = toned(part_, tone_);
  }
  if (job.last) last_read_ms_ = now_ms() - asked_ms_;
  redraw();
  emit read();
}

void CubeView::retone() {
  whole_image_ = toned(whole_, tone_);
  part_image_ = toned(part_, tone_);
  redraw();
}

void CubeView::fit() {
  fitted_ = true;
  scale_ = fitting_scale();
  middle_ = cube_rect().center();
  tone_ = stretch_of(whole_, low_percent_, high_percent_);
  retone();
  read_again();
}

// The contrast follows from the whole cube: that comes first where it is still to be read.
void CubeView::read_again() {
  if (whole_due_ && !shows_picture()) return read_all();
  ++*latest_;
  pending_ = 0;
  asked_ms_ = now_ms();
  read_sight();
}

void CubeView::zoom(double factor) {
  if (!cube_) return;
  const double least = std::min(fitting_scale(), 1.0);
  scale_ = std::clamp(scale_ * factor, least, largest);
  if (factor != 1) fitted_ = scale_ <= least;
  keep_in_sight();
  read_again();
  redraw();
}

// At least half of the view stays on the cube.
void CubeView::keep_in_sight() {
  const QRectF all = cube_rect();
  middle_ = {std::clamp(middle_.x(), all.left(), all.right()),
             std::clamp(middle_.y(), all.top(), all.bottom())};
}

void CubeView::show_place(const QRect& place) {
  if (!cube_ || sight().contains(QRectF(place))) return;
  middle_ = QRectF(place).center();
  fitted_ = false;
  zoom(1);
}

void CubeView::set_cross(QPoint pixel) {
  if (!cube_) return;
  cross_ = QPoint(std::clamp(pixel.x(), 0, cube_->samples - 1),
                  std::clamp(pixel.y(), 0, cube_->lines - 1));
  show_place(QRect(*cross_, QSize(1, 1)));
  redraw();
  emit hovered(*cross_);
}

void CubeView::move_cross(int dx, int dy) {
  const QPoint middle(static_cast<int>(middle_.x()), static_cast<int>(middle_.y()));
  const QPoint before = cross_.value_or(middle);
  set_cross(cross_ ? *cross_ + QPoint(dx, dy) : middle);
  if (drag_ == Drag::Stroke)
    stamp(QPointF(before) + QPointF(0.5, 0.5), QPointF(*cross_) + QPointF(0.5, 0.5));
}

void CubeView::resizeEvent(QResizeEvent*) {
  if (!cube_) return;
  if (fitted_) {
    scale_ = fitting_scale();
    middle_ = cube_rect().center();
  }
  zoom(1);
}

QRectF CubeView::marker_rect(const CubeMarker& m) const {
  return {to_widget(m.place.topLeft()),
          to_widget(QPointF(m.place.x() + m.place.width(), m.place.y() + m.place.height()))};
}

int CubeView::marker_at(const QPointF& widget) const {
  int best = 0;
  double nearest = 9;
  for (const CubeMarker& m : markers_) {
    const QRectF r = marker_rect(m);
    const bool point = m.place.size() == QSize(1, 1);
    const QPointF to = widget - r.center();
    const double outside = std::hypot(std::max(std::abs(to.x()) - r.width() / 2, 0.0),
                                      std::max(std::abs(to.y()) - r.height() / 2, 0.0));
    const double inside = std::min({widget.x() - r.left(), r.right() - widget.x(),
                                    widget.y() - r.top(), r.bottom() - widget.y()});
    const double distance = point         ? std::hypot(to.x(), to.y())
                            : outside > 0 ? outside
                                          : std::max(0.0, inside);
    if (distance < nearest) {
      nearest = distance;
      best = m.id;
    }
  }
  return best;
}

void CubeView::mousePressEvent(QMouseEvent* event) {
  if (!cube_) return;
  drag_from_ = event->position();
  drag_middle_ = middle_;
  drag_tone_ = tone_;
  drag_button_ = event->button();
  const bool left = drag_button_ == Qt::LeftButton;
  drag_ = drag_button_ == Qt::MiddleButton || (left && event->modifiers() & Qt::ShiftModifier)
              ? Drag::Move
          : left && tool_ == CubeTool::Region ? Drag::Region
          : left && paints()                  ? Drag::Stroke
                                              : Drag::Press;
  hover_ = drag_from_;
  if (drag_ != Drag::Stroke) return;
  cross_.reset(); // the pointer takes over
  stroke_.clear();
  redraw();
  stamp(to_cube(drag_from_), to_cube(drag_from_));
}

void CubeView::mouseMoveEvent(QMouseEvent* event) {
  const QPointF before = std::exchange(hover_, event->position());
  const QPointF delta = hover_ - drag_from_;
  if (drag_ == Drag::Press && delta.manhattanLength() > 3) drag_ = Drag::Tone;
  if (drag_ == Drag::Move) {
    middle_ = drag_middle_ - delta / scale_;
    fitted_ = false;
    zoom(1);
  } else if (drag_ == Drag::Tone && !shows_picture()) {
    for (std::size_t c = 0; c < 3; ++c) {
      const double range = drag_tone_.high[c] - drag_tone_.low[c];
      const double mean = (drag_tone_.low[c] + drag_tone_.high[c]) / 2 - delta.y() / 300 * range;
      const double half = range / 2 * std::exp(-delta.x() / 250);
      tone_.low[c] = mean - half;
      tone_.high[c] = mean + half;
    }
    retone();
  } else if (drag_ == Drag::Region) {
    redraw();
  } else if (drag_ == Drag::Stroke && event->buttons() & Qt::LeftButton) {
    stamp(to_cube(before), to_cube(hover_));
  }
  if (paints()) update();
  if (const auto pixel = pixel_at(hover_))
    emit hovered(*pixel);
  else
    emit left();
}

void CubeView::mouseReleaseEvent(QMouseEvent* event) {
  const Drag drag = std::exchange(drag_, Drag::None);
  const QPointF at = event->position();
  if (drag == Drag::Press && drag_button_ == Qt::LeftButton) {
    const auto pixel = pixel_at(at);
    const bool regions = overlay_shown_ && !(event->modifiers() & Qt::ControlModifier);
    if (const int id = marker_at(at))
      emit marker_clicked(id);
    else if (const QString region = pixel && regions ? region_at(*pixel) : QString();
             !region.isEmpty())
      emit item_clicked(region);
    else if (pixel)
      emit picked(*pixel);
  } else if (drag == Drag::Stroke) {
    finish_stroke();
  } else if (drag == Drag::Region) {
    const QRectF drawn =
        QRectF(to_cube(drag_from_), to_cube(at)).normalized().intersected(cube_rect());
    const QRect region(QPoint(static_cast<int>(drawn.left()), static_cast<int>(drawn.top())),
                       QPoint(std::min(static_cast<int>(drawn.right()), cube_->samples - 1),
                              std::min(static_cast<int>(drawn.bottom()), cube_->lines - 1)));
    if (!drawn.isEmpty() && (at - drag_from_).manhattanLength() > 3) emit region_drawn(region);
  }
  redraw();
}

void CubeView::wheelEvent(QWheelEvent* event) {
  const double steps = event->angleDelta().y() / 120.0;
  if (event->modifiers() & Qt::ControlModifier) {
    const QPointF anchor = to_cube(event->position());
    const double before = scale_;
    const double least = std::min(fitting_scale(), 1.0);
    scale_ = std::clamp(scale_ * std::pow(1.2, steps), least, largest);
    if (scale_ != before) middle_ += anchor - to_cube(event->position());
    fitted_ = scale_ <= least;
    zoom(1);
  } else if (event->modifiers() & Qt::ShiftModifier && paints()) {
    set_brush_radius(brush_radius_ + (steps > 0 ? 1 : -1));
  } else if (steps != 0) {
    emit band_step(steps > 0 ? -1 : 1);
  }
  event->accept();
}

void CubeView::keyPressEvent(QKeyEvent* event) {
  const int by = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
  if (paints() && stroke_key(event->key())) return;
  switch (event->key()) {
  case Qt::Key_Left:
    return move_cross(-by, 0);
  case Qt::Key_Right:
    return move_cross(by, 0);
  case Qt::Key_Up:
    return move_cross(0, -by);
  case Qt::Key_Down:
    return move_cross(0, by);
  case Qt::Key_Return:
  case Qt::Key_Enter:
    if (cross_) emit picked(*cross_);
    return;
  case Qt::Key_Plus:
  case Qt::Key_Equal:
    return zoom(1.5);
  case Qt::Key_Minus:
    return zoom(1 / 1.5);
  case Qt::Key_Delete:
  case Qt::Key_Backspace:
    return emit delete_pressed();
  case Qt::Key_Escape:
    cross_.reset();
    drag_ = Drag::None;
    emit left();
    return redraw();
  default:
    QWidget::keyPressEvent(event);
  }
}

void CubeView::leaveEvent(QEvent*) {
  if (cross_)
    emit hovered(*cross_);
  else
    emit left();
}

void CubeView::changeEvent(QEvent* event) {
  redraw();
  QWidget::changeEvent(event);
}

void CubeView::redraw() {
  base_ = {};
  update();
}

void CubeView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (!paints()) {
    draw_base(painter);
    return draw_region(painter);
  }
  const QSize pixels = size() * devicePixelRatioF();
  if (base_.size() != pixels) {
    base_ = QPixmap(pixels);
    base_.setDevicePixelRatio(devicePixelRatioF());
    QPainter below(&base_);
    below.setFont(painter.font());
    draw_base(below);
  }
  painter.drawPixmap(0, 0, base_);
  draw_stroke(painter);
}

void CubeView::draw_base(QPainter& painter) {
  painter.fillRect(rect(), theme_colors().imaging);
  if (!cube_) return;
  const QRectF all(to_widget({0, 0}), QSizeF(cube_->samples, cube_->lines) * scale_);
  const auto draw = [&](const QImage& image, const QRectF& place) {
    const QRectF on(to_widget(place.topLeft()), place.size() * scale_);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, on.width() < image.width());
    painter.drawImage(on, image);
  };
  if (shows_picture()) {
    draw(picture_, cube_rect());
  } else if (!whole_image_.isNull()) {
    draw(whole_image_, whole_.place);
    if (!part_image_.isNull()) draw(part_image_, part_.place);
  } else {
    painter.setPen(QColor("#c8ccd0"));
    painter.drawText(rect(), Qt::AlignCenter, "Reading the cube");
  }
  if (shows_overlay()) {
    painter.setOpacity(overlay_opacity_);
    draw(overlay_, cube_rect());
    painter.setOpacity(1);
  }
  painter.setPen(QPen(QColor(255, 255, 255, 40), 1));
  painter.drawRect(all);
  painter.setRenderHint(QPainter::Antialiasing);
  if (overlay_shown_) draw_items(painter);
  draw_markers(painter);
}

void CubeView::draw_region(QPainter& painter) {
  if (drag_ != Drag::Region) return;
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(Qt::black, 3));
  painter.drawRect(QRectF(drag_from_, hover_).normalized());
  painter.setPen(QPen(Qt::white, 1, Qt::DashLine));
  painter.drawRect(QRectF(drag_from_, hover_).normalized());
}

void CubeView::draw_markers(QPainter& painter) {
  QFont font = painter.font();
  font.setPointSize(small_text);
  font.setBold(true);
  painter.setFont(font);
  for (const CubeMarker& m : markers_) {
    const QRectF r = marker_rect(m);
    const bool point = m.place.size() == QSize(1, 1);
    const double width = m.selected ? 3 : 1.8;
    const QRectF dot = QRectF(-5.5, -5.5, 11, 11).translated(r.center());
    painter.setBrush(Qt::NoBrush);
    for (const QPen& pen : {QPen(QColor(0, 0, 0, 190), width + 2.5), QPen(m.color, width)}) {
      painter.setPen(pen);
      point ? painter.drawEllipse(dot) : painter.drawRect(r);
    }
    const QRectF label((point ? dot : r).topRight() + QPointF(4, -4),
                       QSizeF(8.0 + 7.0 * static_cast<double>(m.text.size()), 16));
    painter.setPen(QPen(QColor(0, 0, 0, 190), 1));
    painter.setBrush(m.color);
    painter.drawRoundedRect(label, 3, 3);
    painter.setPen(contrast_ratio(m.color, Qt::white) > 4.5 ? Qt::white : Qt::black);
    painter.drawText(label, Qt::AlignCenter, m.text);
  }
  if (!cross_) return;
  const QPointF at = to_widget(QPointF(*cross_) + QPointF(0.5, 0.5));
  for (const QPen& pen : {QPen(Qt::black, 3), QPen(Qt::white, 1)}) {
    painter.setPen(pen);
    for (const QPointF& way : {QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)})
      painter.drawLine(at + way * 4, at + way * 14);
  }
}

}
