#include "modules/view/slice_view.h"

#include "modules/core/error.h"
#include "modules/view/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace sensorium {

SliceView::SliceView(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(240, 160);
  setAttribute(Qt::WA_OpaquePaintEvent);
  setAccessibleName("B-scan");
  setAccessibleDescription(
      "Wheel or arrows: next slice. Ctrl and wheel: zoom. Drag: brightness and contrast. "
      "Middle button: pan. Double click: fit.");
}

void SliceView::redraw() {
  base_ = backdrop_ = {};
  marks_alone_ = false;
  update();
}

void SliceView::redraw_marks() {
  base_ = {};
  marks_alone_ = true;
  update();
}

void SliceView::set_stack(PixelStack stack) {
  stack_ = std::move(stack);
  enhanced_ = {};
  show_enhanced_ = false;
  surfaces_.clear();
  items_.reset();
  measures_.clear();
  regions_.clear();
  measure_words_ = nullptr;
  selected_.clear();
  slice_ = stack_.depth / 2;
  window_ = auto_window(stack_);
  zoom_ = 1;
  pan_ = {};
  outlines_slice_ = -1;
  refresh_image();
  emit slice_changed(slice_);
}

void SliceView::set_enhanced(PixelStack stack) {
  const bool fits =
      stack.width == stack_.width && stack.height == stack_.height && stack.depth == stack_.depth;
  enhanced_ = fits ? std::move(stack) : PixelStack{};
  enhanced_window_ = auto_window(enhanced_);
  if (enhanced_.empty()) show_enhanced_ = false;
  refresh_image();
}

void SliceView::set_surfaces(std::vector<Surface> surfaces) {
  surfaces_ = std::move(surfaces);
  redraw();
}

void SliceView::set_spacing(const Spacing& x, const Spacing& y) {
  spacing_x_ = x;
  spacing_y_ = y;
  redraw();
}

void SliceView::set_corner_text(const QString& text) {
  corner_text_ = text;
  redraw();
}

void SliceView::set_items(FindingItems items) {
  items_ = std::move(items);
  outlines_slice_ = -1;
  stroke_ = {};
  redraw_marks();
}

void SliceView::set_measures(std::vector<MeasureLine> lines) {
  measures_ = std::move(lines);
  redraw_marks();
}

void SliceView::set_measure_regions(std::vector<MeasureRegion> regions) {
  regions_ = std::move(regions);
  redraw();
}

void SliceView::set_measure_words(std::function<QString(QPointF, QPointF)> words) {
  measure_words_ = std::move(words);
}

void SliceView::set_selected(const QString& id) {
  selected_ = id;
  redraw_marks();
}

void SliceView::set_tool(SliceTool tool) {
  tool_ = tool;
  drop_drag();
  setCursor(tool == SliceTool::Browse ? Qt::ArrowCursor : Qt::CrossCursor);
  redraw();
}

void SliceView::set_brush_radius(int pixels) {
  brush_radius_ = std::clamp(pixels, 0, 100);
  redraw();
}

void SliceView::set_brush_color(const QColor& color) {
  brush_color_ = color;
  redraw();
}

void SliceView::set_slice(int z) {
  z = std::clamp(z, 0, std::max(0, stack_.depth - 1));
  if (z == slice_ || stack_.empty()) return;
  if (drag_ == Drag::Stroke) finish_stroke();
  if (drag_ == Drag::Measure) drop_drag(); // a distance lies within one slice
  slice_ = z;
  stroke_ = {};
  refresh_image();
  emit slice_changed(z);
}

void SliceView::show_pixel(const QPointF& pixel) {
  const QPointF at = to_widget(pixel);
  if (!QRectF(rect()).adjusted(24, 24, -24, -24).contains(at)) {
    pan_ += QPointF(width() / 2.0, height() / 2.0) - at;
    keep_filled();
    emit view_changed();
    redraw();
  }
}

// No empty border where the picture could fill it.
void SliceView::keep_filled() {
  const QRectF r = image_rect();
  const auto correction = [](double low, double high, double room) {
    if (high - low <= room) return (room - low - high) / 2;
    return low > 0 ? -low : high < room ? room - high : 0.0;
  };
  pan_ +=
      QPointF(correction(r.left(), r.right(), width()), correction(r.top(), r.bottom(), height()));
}

void SliceView::set_zoom_and_pan(double zoom, const QPointF& pan) {
  if (zoom == zoom_ && pan == pan_) return;
  zoom_ = zoom;
  pan_ = pan;
  redraw();
}

QPointF SliceView::centre() const { return to_pixel(QPointF(width() / 2.0, height() / 2.0)); }

void SliceView::set_zoom_and_centre(double zoom, const QPointF& pixel) {
  zoom_ = zoom;
  pan_ = {};
  pan_ = QPointF(width() / 2.0, height() / 2.0) - to_widget(pixel);
  redraw();
}

void SliceView::set_enhanced_shown(bool shown) {
  show_enhanced_ = shown && !enhanced_.empty();
  refresh_image();
  emit view_changed();
}

void SliceView::set_overlay_shown(bool shown) {
  overlay_ = shown;
  redraw();
}

void SliceView::set_fill(bool fill) {
  fill_ = fill;
  redraw();
}

void SliceView::set_layers_shown(bool shown) {
  layers_ = shown;
  redraw();
}

void SliceView::set_true_proportions(bool on) {
  true_proportions_ = on;
  redraw();
}

void SliceView::set_grey_window(const GreyWindow& window) {
  (show_enhanced_ ? enhanced_window_ : window_) = window;
  refresh_image();
  emit view_changed();
}

void SliceView::reset_view() {
  zoom_ = 1;
  pan_ = {};
  window_ = auto_window(stack_);
  enhanced_window_ = auto_window(enhanced_);
  refresh_image();
  emit view_changed();
}

void SliceView::refresh_image() {
  image_ = show_enhanced_ ? slice_image(enhanced_, slice_, enhanced_window_)
                          : slice_image(stack_, slice_, window_);
  redraw();
}

const std::vector<SliceView::Outline>& SliceView::outlines() {
  if (outlines_slice_ == slice_) return outlines_;
  outlines_.clear();
  outlines_slice_ = slice_;
  if (!items_) return outlines_;
  for (std::size_t i = 0; i < items_->size(); ++i) {
    const Finding& f = (*items_)[i].finding;
    if (f.box[2] > slice_ || f.box[5] < slice_) continue;
    QPainterPath path = outline_of(f.footprint, slice_);
    if (!path.isEmpty()) outlines_.push_back({static_cast<int>(i), std::move(path)});
  }
  return outlines_;
}

QString SliceView::id_at(const QPointF& pixel) {
  QString best;
  double nearest = 8 / std::min(scale_x(), scale_y());
  if (!items_) return best;
  for (const Outline& outline : outlines()) {
    const QRectF box = outline.path.boundingRect();
    const double dx = std::max({box.left() - pixel.x(), pixel.x() - box.right(), 0.0});
    const double dy = std::max({box.top() - pixel.y(), pixel.y() - box.bottom(), 0.0});
    if (const double d = std::hypot(dx, dy); d < nearest) {
      nearest = d;
      best = QString::fromStdString((*items_)[static_cast<std::size_t>(outline.item)].finding.id);
    }
  }
  return best;
}

double SliceView::scale_y() const {
  const double ratio =
      scale_x() > 0 && true_proportions_ && spacing_x_.known() && spacing_y_.known()
          ? spacing_y_.micrometres / spacing_x_.micrometres
          : 1.0;
  return scale_x() * ratio;
}

double SliceView::scale_x() const {
  const double ratio = true_proportions_ && spacing_x_.known() && spacing_y_.known()
                           ? spacing_y_.micrometres / spacing_x_.micrometres
                           : 1.0;
  const double fit = std::min(width() / std::max(1.0, static_cast<double>(stack_.width)),
                              height() / std::max(1.0, stack_.height * ratio));
  return fit * zoom_;
}

QRectF SliceView::image_rect() const {
  const QSizeF size(stack_.width * scale_x(), stack_.height * scale_y());
  const QPointF middle(width() / 2.0 + pan_.x(), height() / 2.0 + pan_.y());
  return {middle - QPointF(size.width() / 2, size.height() / 2), size};
}

QTransform SliceView::transform() const {
  const QRectF r = image_rect();
  return QTransform(scale_x(), 0, 0, scale_y(), r.x(), r.y());
}

QPointF SliceView::to_pixel(const QPointF& widget) const {
  return transform().inverted().map(widget);
}
QPointF SliceView::to_widget(const QPointF& pixel) const { return transform().map(pixel); }

void SliceView::changeEvent(QEvent* event) {
  redraw();
  QWidget::changeEvent(event);
}

void SliceView::stamp(const QPointF& from, const QPointF& to) {
  const double length = std::hypot(to.x() - from.x(), to.y() - from.y());
  const int steps = std::max(1, static_cast<int>(std::ceil(length)));
  const double limit = (brush_radius_ + 0.35) * (brush_radius_ + 0.35);
  for (int i = 0; i <= steps; ++i) {
    const QPointF p = from + (to - from) * (static_cast<double>(i) / steps);
    const int cx = static_cast<int>(std::floor(p.x())), cy = static_cast<int>(std::floor(p.y()));
    for (int y = std::max(0, cy - brush_radius_);
         y <= std::min(stack_.height - 1, cy + brush_radius_); ++y) {
      uchar* row = stroke_.scanLine(y);
      for (int x = std::max(0, cx - brush_radius_);
           x <= std::min(stack_.width - 1, cx + brush_radius_); ++x)
        if ((x - cx) * (x - cx) + (y - cy) * (y - cy) <= limit) row[x] = 1;
    }
  }
}

void SliceView::finish_stroke() {
  drag_ = Drag::None;
  std::vector<Run> runs;
  for (int y = 0; y < stroke_.height(); ++y) {
    const uchar* row = stroke_.constScanLine(y);
    for (int x = 0; x < stroke_.width(); ++x) {
      if (!row[x]) continue;
      int end = x;
      while (end < stroke_.width() && row[end]) ++end;
      runs.push_back({slice_, y, x, end - x});
      x = end;
    }
  }
  stroke_ = {};
  if (!runs.empty()) emit stroke_finished(runs, tool_ == SliceTool::Erase);
}

QString SliceView::hover_text(const QPointF& pixel) const {
  const int x = static_cast<int>(std::floor(pixel.x())),
            y = static_cast<int>(std::floor(pixel.y()));
  if (x < 0 || y < 0 || x >= stack_.width || y >= stack_.height) return {};
  Buffer pixels;
  try {
    pixels = stack_.slice(slice_);
  } catch (const Error&) {
    return {}; // the picture says why
  }
  const std::size_t at =
      (static_cast<std::size_t>(y) * stack_.width + x) * static_cast<std::size_t>(stack_.channels);
  const std::byte* raw = pixels.bytes().data() + at * size_of(stack_.type);
  double value = 0;
  switch (stack_.type) {
  case PixelType::UInt8:
    value = *reinterpret_cast<const std::uint8_t*>(raw);
    break;
  case PixelType::Int8:
    value = *reinterpret_cast<const std::int8_t*>(raw);
    break;
  case PixelType::UInt16:
    value = *reinterpret_cast<const std::uint16_t*>(raw);
    break;
  case PixelType::Int16:
    value = *reinterpret_cast<const std::int16_t*>(raw);
    break;
  case PixelType::UInt32:
    value = *reinterpret_cast<const std::uint32_t*>(raw);
    break;
  case PixelType::Int32:
    value = *reinterpret_cast<const std::int32_t*>(raw);
    break;
  case PixelType::Float32:
    value = static_cast<double>(*reinterpret_cast<const float*>(raw));
    break;
  case PixelType::Float64:
    value = *reinterpret_cast<const double*>(raw);
    break;
  }
  return QString("x %1 y %2: %3").arg(x).arg(y).arg(value, 0, 'g', 5);
}

}
