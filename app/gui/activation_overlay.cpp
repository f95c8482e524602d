#include "app/gui/activation_overlay.h"

#include <QEvent>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace sensorium {
namespace {

// From nothing over red to yellow: brightness and opacity rise together.
QRgb colour_of(int value) {
  const double v = value / 255.0;
  const int alpha = static_cast<int>(255 * std::min(1.0, 1.4 * v));
  return qPremultiply(qRgba(static_cast<int>(255 * std::min(1.0, 0.5 + v)),
                            static_cast<int>(255 * std::clamp(1.8 * v - 0.6, 0.0, 1.0)),
                            static_cast<int>(255 * std::clamp(0.3 - v, 0.0, 0.3)), alpha));
}

}

ActivationOverlay::ActivationOverlay(SliceView* view) : QWidget(view), view_(view) {
  setAttribute(Qt::WA_TransparentForMouseEvents);
  setAttribute(Qt::WA_NoSystemBackground);
  setFocusPolicy(Qt::NoFocus);
  setGeometry(view->rect());
  view->installEventFilter(this);
  connect(view, &SliceView::slice_changed, this, [this] { refresh(); });
  connect(view, &SliceView::view_changed, this, [this] { update(); });
  hide();
}

bool ActivationOverlay::eventFilter(QObject* object, QEvent* event) {
  if (event->type() == QEvent::Resize) setGeometry(view_->rect());
  return QWidget::eventFilter(object, event);
}

void ActivationOverlay::set_maps(const std::vector<ResultMap>& maps, std::vector<int> looked_at) {
  maps_.clear();
  for (const ResultMap& map : maps)
    if (const auto* volume = map.data ? std::get_if<Volume>(map.data.get()) : nullptr;
        map.name.startsWith("activation_") && volume && volume->type == PixelType::UInt8 &&
        volume->channels == 1 && volume->depth == static_cast<int>(looked_at.size()))
      maps_.push_back(map);
  looked_at_ = std::move(looked_at);
  if (shown_ >= count()) shown_ = -1;
  refresh();
}

QString ActivationOverlay::caption(int map) const {
  return map >= 0 && map < count() ? maps_[static_cast<std::size_t>(map)].caption : QString();
}

void ActivationOverlay::set_shown(int map) {
  shown_ = map >= 0 && map < count() ? map : -1;
  refresh();
}

void ActivationOverlay::set_opacity(double opacity) {
  opacity_ = std::clamp(opacity, 0.0, 1.0);
  update();
}

int ActivationOverlay::frame_of(int frame) const {
  if (maps_.empty() || looked_at_.empty()) return -1;
  const auto nearest = std::min_element(looked_at_.begin(), looked_at_.end(), [&](int a, int b) {
    return std::abs(a - frame) < std::abs(b - frame);
  });
  return static_cast<int>(nearest - looked_at_.begin());
}

void ActivationOverlay::refresh() {
  setVisible(shown_ >= 0);
  const int z = frame_of(view_->slice());
  picture_ = {};
  if (shown_ < 0 || z < 0) return;
  const auto& volume = std::get<Volume>(*maps_[static_cast<std::size_t>(shown_)].data);
  picture_ = QImage(volume.width, volume.height, QImage::Format_ARGB32_Premultiplied);
  static const auto colours = [] {
    std::array<QRgb, 256> out{};
    for (int i = 0; i < 256; ++i) out[static_cast<std::size_t>(i)] = colour_of(i);
    return out;
  }();
  const auto pixels = samples<std::uint8_t>(volume.pixels);
  const std::size_t plane = static_cast<std::size_t>(volume.width) * volume.height;
  for (int y = 0; y < volume.height; ++y) {
    auto* row = reinterpret_cast<QRgb*>(picture_.scanLine(y));
    const auto* from = pixels.data() + static_cast<std::size_t>(z) * plane +
                       static_cast<std::size_t>(y) * volume.width;
    for (int x = 0; x < volume.width; ++x) row[x] = colours[from[x]];
  }
  update();
}

void ActivationOverlay::paintEvent(QPaintEvent*) {
  if (picture_.isNull() || view_->stack().empty()) return;
  QPainter painter(this);
  painter.setOpacity(opacity_);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  // A map may be a little larger than the picture: its cells are whole numbers of pixels.
  const double cell = std::ceil(static_cast<double>(view_->stack().width) / picture_.width());
  const QRectF box(view_->to_widget({0, 0}),
                   view_->to_widget({cell * picture_.width(), cell * picture_.height()}));
  painter.setClipRect(QRectF(view_->to_widget({0, 0}),
                             view_->to_widget({static_cast<double>(view_->stack().width),
                                               static_cast<double>(view_->stack().height)})));
  painter.drawImage(box, picture_);
}

}
