#include "modules/report/pictures.h"

#include "modules/review/footprint.h"
#include "modules/review/mark_kinds.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium {
namespace {

constexpr double low_percentile = 0.005, high_percentile = 0.998;

QImage grey(const std::vector<float>& values, int width, int height) {
  std::vector<float> finite;
  finite.reserve(values.size());
  for (const float v : values)
    if (std::isfinite(v)) finite.push_back(v);
  float low = 0, high = 1;
  if (!finite.empty()) {
    const auto at = [&](double part) {
      const auto k = static_cast<std::ptrdiff_t>(part * static_cast<double>(finite.size() - 1));
      std::nth_element(finite.begin(), finite.begin() + k, finite.end());
      return finite[static_cast<std::size_t>(k)];
    };
    low = at(low_percentile);
    high = at(high_percentile);
  }
  const float range = high > low ? high - low : 1;
  QImage image(width, height, QImage::Format_Grayscale8);
  for (int y = 0; y < height; ++y) {
    uchar* row = image.scanLine(y);
    for (int x = 0; x < width; ++x) {
      const float v = values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                             static_cast<std::size_t>(x)];
      row[x] = std::isfinite(v)
                   ? static_cast<uchar>(std::clamp((v - low) / range, 0.0f, 1.0f) * 255.0f)
                   : 0;
    }
  }
  return image;
}

}

Slices::Slices(const Dataset& dataset) : dataset_(dataset) {
  const auto take = [this](int width, int height, int count, bool samples, const Spacing& x,
                           const Spacing& y) {
    width_ = width;
    height_ = height;
    count_ = !samples || width <= 0 || height <= 0 ? 0 : count;
    scale_known_ = x.known() && y.known();
    aspect_ = scale_known_ ? y.micrometres / x.micrometres : 1;
    pixel_micrometres_ = scale_known_ ? x.micrometres : 0;
  };
  if (const auto* v = std::get_if<Volume>(&dataset))
    take(v->width, v->height, v->depth, v->pixels.size() > 0, v->spacing[0], v->spacing[1]);
  else if (const auto* video = std::get_if<Video>(&dataset))
    take(video->width, video->height, video->frames, video->has_samples(), video->spacing[0],
         video->spacing[1]);
}

std::vector<float> Slices::values(int slice) const {
  Volume one;
  one.width = width_;
  one.height = height_;
  one.depth = 1;
  if (const auto* v = std::get_if<Volume>(&dataset_)) {
    one.channels = v->channels;
    one.type = v->type;
    const std::size_t size =
        one.voxels() * static_cast<std::size_t>(v->channels) * size_of(v->type);
    one.pixels = v->pixels.part(size * static_cast<std::size_t>(slice), size);
  } else {
    const auto& video = std::get<Video>(dataset_);
    one.channels = video.channels;
    one.type = video.type;
    one.pixels = video.frame(slice);
  }
  return to_float(one);
}

QImage Slices::picture(int slice) const { return grey(values(slice), width_, height_); }

QImage en_face(const Slices& slices) {
  const auto width = static_cast<std::size_t>(slices.width());
  std::vector<float> means(width * static_cast<std::size_t>(slices.count()));
  for (int z = 0; z < slices.count(); ++z) {
    const std::vector<float> values = slices.values(z);
    std::vector<double> sum(width);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::isfinite(values[i])) sum[i % width] += values[i];
    for (std::size_t x = 0; x < width; ++x)
      means[static_cast<std::size_t>(z) * width + x] = static_cast<float>(sum[x] / slices.height());
  }
  return grey(means, slices.width(), slices.count());
}

QPainterPath outline(const std::vector<Run>& runs, int slice) {
  QPainterPath path;
  for (const auto& line : border(runs, slice)) {
    path.moveTo(line.front()[0], line.front()[1]);
    for (std::size_t k = 1; k < line.size(); ++k) path.lineTo(line[k][0], line[k][1]);
    path.closeSubpath();
  }
  return path;
}

int main_slice(const Finding& finding) {
  std::map<int, long long> pixels;
  for (const Run& r : finding.footprint) pixels[r.z] += r.length;
  const auto most =
      std::max_element(pixels.begin(), pixels.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == pixels.end() ? static_cast<int>(std::lround(finding.centroid[2])) : most->first;
}

QColor color_of(FindingState state) {
  switch (state) {
  case FindingState::Proposed:
    return "#e69f00";
  case FindingState::Accepted:
    return "#1fc795";
  case FindingState::Rejected:
    return "#d55e00";
  case FindingState::Changed:
    return "#cc79a7";
  case FindingState::Drawn:
    return "#f0e442";
  }
  return "#ffffff";
}

QPen pen_of(FindingState state, double width) {
  QPen pen(color_of(state), width);
  pen.setCapStyle(Qt::FlatCap);
  pen.setJoinStyle(Qt::MiterJoin);
  switch (state) {
  case FindingState::Proposed:
    pen.setDashPattern({4, 2});
    break;
  case FindingState::Accepted:
    pen.setWidthF(width * 1.35);
    break;
  case FindingState::Rejected:
    pen.setDashPattern({1, 2});
    break;
  case FindingState::Changed:
    pen.setDashPattern({6, 2, 1, 2});
    break;
  case FindingState::Drawn:
    pen.setWidthF(width * 2);
    break;
  }
  return pen;
}

QPen pen_of(const ReviewedFinding& finding, double width) {
  QPen pen = pen_of(finding.state, width);
  const MarkKind* kind = mark_kind(finding.label);
  if (kind != nullptr && finding.state != FindingState::Rejected) pen.setColor(QColor(kind->color));
  return pen;
}

}
