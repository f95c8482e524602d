#include "modules/view/en_face_view.h"
#include "modules/view/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium {

EnFaceView::EnFaceView(QWidget* parent) : QWidget(parent) {
  setAttribute(Qt::WA_OpaquePaintEvent);
  setAccessibleName("View from above");
  setAccessibleDescription("The line marks the B-scan shown; drag or use the arrows to move it.");
  setFocusPolicy(Qt::StrongFocus);
}

void EnFaceView::set_projection(QImage projection, int width, int depth, double um_x, double um_z) {
  projection_ = std::move(projection);
  width_ = width;
  depth_ = depth;
  um_x_ = um_x;
  um_z_ = um_z;
  aspect_ = um_x > 0 && um_z > 0 ? depth * um_z / std::max(width * um_x, 1e-9) : 1;
  aspect_ = std::clamp(aspect_, 0.1, 10.0);
  update();
}

void EnFaceView::set_localizer(QImage image, std::vector<ScanLine> lines) {
  localizer_ = std::move(image);
  lines_ = std::move(lines);
  show_localizer_ = !localizer_.isNull();
  update();
}

void EnFaceView::set_items(FindingItems items) {
  items_ = std::move(items);
  update();
}

void EnFaceView::set_selected(const QString& id) {
  selected_ = id;
  update();
}

void EnFaceView::set_caption(const QString& text) {
  caption_ = text;
  update();
}

void EnFaceView::set_slice(int z) {
  slice_ = z;
  update();
}

void EnFaceView::show_localizer(bool shown) {
  show_localizer_ = shown && !localizer_.isNull();
  update();
}

void EnFaceView::set_fovea(std::optional<QPointF> voxel, bool located) {
  fovea_ = voxel;
  fovea_located_ = located;
  update();
}

void EnFaceView::set_placing_fovea(bool on) {
  placing_ = on && depth_ > 1;
  trial_ =
      placing_ ? std::optional(fovea_.value_or(QPointF(width_ / 2.0, depth_ / 2.0))) : std::nullopt;
  setCursor(placing_ ? Qt::CrossCursor : Qt::ArrowCursor);
  if (placing_) setFocus();
  update();
}

QRectF EnFaceView::picture_rect() const {
  const double aspect =
      show_localizer_ ? static_cast<double>(localizer_.height()) / localizer_.width() : aspect_;
  QSizeF size(width(), width() * aspect);
  if (size.height() > height()) size = {height() / aspect, static_cast<double>(height())};
  return {(width() - size.width()) / 2, (height() - size.height()) / 2, size.width(),
          size.height()};
}

QPointF EnFaceView::place_of(double x, double z) const {
  const QRectF r = picture_rect();
  if (show_localizer_ && !lines_.empty()) {
    const auto k = static_cast<std::size_t>(
        std::clamp<double>(std::lround(z), 0, static_cast<double>(lines_.size()) - 1));
    const ScanLine& l = lines_[k];
    const double t = (x + 0.5) / std::max(width_, 1);
    const double sx = l.x0 + (l.x1 - l.x0) * t, sy = l.y0 + (l.y1 - l.y0) * t;
    return {r.x() + sx / localizer_.width() * r.width(),
            r.y() + sy / localizer_.height() * r.height()};
  }
  return {r.x() + (x + 0.5) / std::max(width_, 1) * r.width(),
          r.y() + (z + 0.5) / std::max(depth_, 1) * r.height()};
}

QPointF EnFaceView::voxel_at(const QPointF& place) const {
  const int z = slice_at(place);
  const QPointF a = place_of(-0.5, z), ab = place_of(width_ - 0.5, z) - a;
  const double t = QPointF::dotProduct(place - a, ab) / std::max(QPointF::dotProduct(ab, ab), 1e-9);
  return {std::clamp(t * width_ - 0.5, 0.0, width_ - 1.0), static_cast<double>(z)};
}

int EnFaceView::slice_at(const QPointF& at) const {
  int best = slice_;
  double nearest = 1e18;
  for (int z = 0; z < depth_; ++z) {
    const QPointF a = place_of(-0.5, z), b = place_of(width_ - 0.5, z);
    const QPointF ab = b - a;
    const double length2 = std::max(QPointF::dotProduct(ab, ab), 1e-9);
    const double t = std::clamp(QPointF::dotProduct(at - a, ab) / length2, 0.0, 1.0);
    const QPointF d = at - (a + ab * t);
    if (const double distance = QPointF::dotProduct(d, d); distance < nearest) {
      nearest = distance;
      best = z;
    }
  }
  return best;
}

QString EnFaceView::id_at(const QPointF& at) const {
  QString best;
  double nearest = 36;
  if (!items_) return best;
  for (const FindingItem& item : *items_) {
    const QPointF d = place_of(item.finding.centroid[0], item.finding.centroid[2]) - at;
    if (const double distance = QPointF::dotProduct(d, d); distance < nearest) {
      nearest = distance;
      best = QString::fromStdString(item.finding.id);
    }
  }
  return best;
}

// A dot is drawn once and stamped: many hundred circles would cost more than the picture.
static QPixmap dot_of(FindingLook look, double ratio) {
  QPixmap dot(QSize(7, 7) * ratio);
  dot.setDevicePixelRatio(ratio);
  dot.fill(Qt::transparent);
  QPainter painter(&dot);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(QColor(0, 0, 0, 190), 1));
  painter.setBrush(color_of(look));
  painter.drawEllipse(QPointF(3.5, 3.5), 2.5, 2.5);
  return dot;
}

void EnFaceView::draw_items(QPainter& painter) {
  if (!items_) return;
  std::map<FindingLook, QPixmap> dots;
  const std::string chosen = selected_.toStdString();
  for (const FindingItem& item : *items_) {
    const QPointF at = place_of(item.finding.centroid[0], item.finding.centroid[2]);
    const bool selected = chosen == item.finding.id;
    if (!selected && item.look != FindingLook::Rejected) {
      QPixmap& dot = dots[item.look];
      if (dot.isNull()) dot = dot_of(item.look, devicePixelRatioF());
      painter.drawPixmap(at - QPointF(3.5, 3.5), dot);
      continue;
    }
    painter.setPen(QPen(Qt::white, 2));
    if (item.look == FindingLook::Rejected) {
      painter.setBrush(Qt::NoBrush);
      painter.setPen(QPen(color_of(item.look), 1.2));
      painter.drawLine(at - QPointF(2.5, 2.5), at + QPointF(2.5, 2.5));
      painter.drawLine(at - QPointF(2.5, -2.5), at + QPointF(2.5, -2.5));
      if (selected) painter.drawEllipse(at, 6, 6);
      continue;
    }
    painter.setBrush(color_of(item.look));
    painter.drawEllipse(at, 4.5, 4.5);
  }
}

void EnFaceView::draw_fovea(QPainter& painter) {
  const std::optional<QPointF> at = trial_ ? trial_ : fovea_;
  if (!at || depth_ < 2) return;
  const bool firm = fovea_located_ || trial_;
  const auto draw = [&](const QPen& pen) {
    painter.setPen(pen);
    painter.setBrush(Qt::NoBrush);
    const QPointF c = place_of(at->x(), at->y());
    painter.drawLine(c - QPointF(7, 0), c + QPointF(7, 0));
    painter.drawLine(c - QPointF(0, 7), c + QPointF(0, 7));
    if (um_x_ <= 0 || um_z_ <= 0) return;
    for (const double radius_um : {500.0, 1500.0, 3000.0}) {
      QPolygonF ring;
      for (int i = 0; i <= 72; ++i)
        ring << place_of(at->x() + std::cos(i * M_PI / 36) * radius_um / um_x_,
                         at->y() + std::sin(i * M_PI / 36) * radius_um / um_z_);
      painter.drawPolyline(ring);
    }
  };
  painter.save();
  painter.setClipRect(picture_rect());
  draw(QPen(QColor(0, 0, 0, 150), 2.5));
  draw(QPen(firm ? QColor("#f2f2f2") : QColor(242, 242, 242, 150), 1,
            firm ? Qt::SolidLine : Qt::DotLine));
  painter.restore();
}

void EnFaceView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), theme_colors().imaging);
  const QImage& picture = show_localizer_ ? localizer_ : projection_;
  if (picture.isNull()) {
    painter.setPen(QColor("#a6abb0"));
    painter.drawText(rect().adjusted(8, 8, -8, -8), Qt::AlignCenter | Qt::TextWordWrap,
                     depth_ == 1 ? "One B-scan: no view from above" : "");
    return;
  }
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  painter.drawImage(picture_rect(), picture);
  painter.setRenderHint(QPainter::Antialiasing);
  draw_fovea(painter);
  draw_items(painter);
  const QPointF from = place_of(-0.5, slice_), to = place_of(width_ - 0.5, slice_);
  painter.setPen(QPen(QColor(0, 0, 0, 170), 3.5));
  painter.drawLine(from, to);
  painter.setPen(QPen(QColor("#56b4e9"), 1.5));
  painter.drawLine(from, to);
  QFont font = painter.font();
  font.setPointSize(small_text);
  painter.setFont(font);
  const QString caption =
      placing_ ? "Click where the fovea is; arrows and Return set it too" : caption_;
  const QRectF band(4, 3, painter.fontMetrics().horizontalAdvance(caption) + 10, 18);
  painter.fillRect(band, QColor(0, 0, 0, 150));
  painter.setPen(QColor("#f2f2f2"));
  painter.drawText(band, Qt::AlignCenter, caption);
  if (hasFocus()) {
    painter.setPen(QPen(theme_colors().accent, 2));
    painter.drawRect(rect().adjusted(1, 1, -1, -1));
  }
}

void EnFaceView::mousePressEvent(QMouseEvent* event) {
  if (placing_) {
    trial_ = voxel_at(event->position());
    return update();
  }
  const QString id = id_at(event->position());
  if (!id.isEmpty())
    emit item_clicked(id);
  else if (depth_ > 0)
    emit slice_requested(slice_at(event->position()));
}

void EnFaceView::mouseMoveEvent(QMouseEvent* event) {
  if (placing_) {
    if (event->buttons() & Qt::LeftButton) trial_ = voxel_at(event->position());
    return update();
  }
  if (event->buttons() & Qt::LeftButton && depth_ > 0)
    emit slice_requested(slice_at(event->position()));
}

void EnFaceView::mouseReleaseEvent(QMouseEvent*) {
  if (!placing_ || !trial_) return;
  const QPointF at = *trial_;
  set_placing_fovea(false);
  emit placing_ended();
  emit fovea_moved(at);
}

void EnFaceView::keyPressEvent(QKeyEvent* event) {
  const int dx = (event->key() == Qt::Key_Right) - (event->key() == Qt::Key_Left);
  const int dz = (event->key() == Qt::Key_Down) - (event->key() == Qt::Key_Up);
  if (placing_ && trial_ && (dx || dz)) {
    trial_ = QPointF(std::clamp(trial_->x() + dx * 4.0, 0.0, width_ - 1.0),
                     std::clamp(trial_->y() + dz, 0.0, depth_ - 1.0));
    update();
  } else if (placing_ && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) {
    mouseReleaseEvent(nullptr);
  } else if (placing_ && event->key() == Qt::Key_Escape) {
    set_placing_fovea(false);
    emit placing_ended();
  } else if (dx || dz) {
    emit slice_requested(slice_ + (dx + dz > 0 ? 1 : -1));
  } else {
    QWidget::keyPressEvent(event);
  }
}

void EnFaceView::wheelEvent(QWheelEvent* event) {
  if (event->angleDelta().y() != 0)
    emit slice_requested(slice_ + (event->angleDelta().y() > 0 ? -1 : 1));
  event->accept();
}

}
