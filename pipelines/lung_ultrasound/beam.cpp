#include "pipelines/lung_ultrasound/beam.h"

#include "modules/core/error.h"
#include "modules/imaging/filters.h"
#include "modules/imaging/regions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace sensorium::lung_ultrasound {
namespace {

constexpr double least_slope = 0.105; // tan 6 degrees
constexpr float moving = 0.008f;      // deviation over time: 2 of 255 grey levels
constexpr float not_black = 0.03f;

std::vector<float> grey_of(std::span<const std::uint8_t> pixels, int channels) {
  std::vector<float> out(pixels.size() / static_cast<std::size_t>(channels));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint8_t* p = pixels.data() + i * static_cast<std::size_t>(channels);
    out[i] =
        (channels >= 3 ? 0.299f * static_cast<float>(p[0]) + 0.587f * static_cast<float>(p[1]) +
                             0.114f * static_cast<float>(p[2])
                       : static_cast<float>(p[0])) /
        255;
  }
  return out;
}

struct Tissue {
  std::vector<float> alive, lit; // shares of the neighbourhood that change over the clip, that are
                                 // not black
};

Tissue tissue_of(const Frames& f) {
  const std::size_t n = static_cast<std::size_t>(f.width) * f.height;
  Tissue out{std::vector<float>(n), std::vector<float>(n)};
  const auto count = static_cast<float>(f.grey.size());
  for (std::size_t i = 0; i < n; ++i) {
    float sum = 0, square = 0;
    for (const auto& g : f.grey) {
      sum += g[i];
      square += g[i] * g[i];
    }
    const float mean = sum / count;
    const float deviation = std::sqrt(std::max(0.0f, square / count - mean * mean));
    out.lit[i] = mean > not_black ? 1.0f : 0.0f;
    out.alive[i] = f.grey.size() > 2 ? (deviation > moving ? 1.0f : 0.0f) : out.lit[i];
  }
  out.alive = gaussian_blur(out.alive, f.width, f.height, 3, 3);
  out.lit = gaussian_blur(out.lit, f.width, f.height, 1.5, 1.5);
  return out;
}

std::vector<int> regions_of(const std::vector<float>& share, int width, int height, int& count) {
  std::vector<std::uint8_t> mask(share.size());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = share[i] >= 0.5f ? 1 : 0;
  return label_regions(mask, width, height, count);
}

// The pixels of the region that has the most of `weight` (1 or 0), and how many these are.
std::vector<std::uint8_t> best_region(const std::vector<int>& label, int count,
                                      const std::vector<std::uint8_t>& weight, std::size_t& most) {
  std::vector<std::size_t> sum(static_cast<std::size_t>(count) + 1);
  for (std::size_t i = 0; i < label.size(); ++i)
    sum[static_cast<std::size_t>(label[i])] += weight[i];
  sum[0] = 0;
  const auto best = std::max_element(sum.begin(), sum.end()) - sum.begin();
  most = sum[static_cast<std::size_t>(best)];
  std::vector<std::uint8_t> mask(label.size());
  for (std::size_t i = 0; i < mask.size(); ++i)
    mask[i] = best != 0 && label[i] == static_cast<int>(best) ? 1 : 0;
  return mask;
}

// The largest region that changes. Chest wall and rib shadows may stand still: what is not black
// and hangs together with that region belongs to the beam too, unless it is so large that the
// picture's ground is not black.
std::vector<std::uint8_t> beam_region(const Tissue& tissue, int width, int height) {
  int count = 0;
  std::size_t size = 0, overlap = 0;
  const std::vector<std::uint8_t> each(tissue.alive.size(), 1);
  const std::vector<int> changing = regions_of(tissue.alive, width, height, count);
  std::vector<std::uint8_t> mask = best_region(changing, count, each, size);
  const std::vector<int> lit = regions_of(tissue.lit, width, height, count);
  const std::vector<std::uint8_t> around = best_region(lit, count, mask, overlap);
  const auto whole = static_cast<std::size_t>(std::count(around.begin(), around.end(), 1));
  if (2 * overlap < size || whole > 2 * size) return mask;
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] |= around[i];
  return mask;
}

struct Edge {
  double at = 0, slope = 0; // x = at + slope * y
};

Edge theil_sen(const std::vector<std::array<double, 2>>& points) { // x, y
  std::vector<double> slopes, offsets;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t k = i + 4; k < points.size(); k += 3)
      slopes.push_back((points[k][0] - points[i][0]) / (points[k][1] - points[i][1]));
  if (slopes.empty()) return {};
  const auto middle = [](std::vector<double>& v) {
    std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
    return v[v.size() / 2];
  };
  Edge e{.at = 0, .slope = middle(slopes)};
  for (const auto& p : points) offsets.push_back(p[0] - e.slope * p[1]);
  e.at = middle(offsets);
  return e;
}

struct Box {
  int x0 = 1 << 30, y0 = 1 << 30, x1 = -1, y1 = -1;
};

Box box_of(const std::vector<std::uint8_t>& mask, int width) {
  Box b;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) continue;
    const int x = static_cast<int>(i) % width, y = static_cast<int>(i) / width;
    b = {std::min(b.x0, x), std::min(b.y0, y), std::max(b.x1, x), std::max(b.y1, y)};
  }
  return b;
}

void find_edges(const std::vector<std::uint8_t>& mask, int width, const Box& box, Edge& left,
                Edge& right) {
  std::vector<std::array<double, 2>> l, r;
  const int height = box.y1 - box.y0 + 1;
  for (int y = box.y0 + height / 8; y < box.y0 + height * 5 / 8; y += 2) {
    int first = -1, last = -1;
    for (int x = box.x0; x <= box.x1; ++x)
      if (mask[static_cast<std::size_t>(y) * width + x] != 0) {
        if (first < 0) first = x;
        last = x;
      }
    // An edge that touches the picture's rim is cut, not seen.
    if (first > 1) l.push_back({static_cast<double>(first), static_cast<double>(y)});
    if (last >= 0 && last < width - 2)
      r.push_back({static_cast<double>(last), static_cast<double>(y)});
  }
  left = theil_sen(l);
  right = theil_sen(r);
  // Of a beam that is cut on one side, that side mirrors the other.
  const double middle = (box.x0 + box.x1) / 2.0;
  if (l.size() < 8 && r.size() >= 8) left = {2 * middle - right.at, -right.slope};
  if (r.size() < 8 && l.size() >= 8) right = {2 * middle - left.at, -left.slope};
}

void make_sector(Beam& b, const Edge& left, const Edge& right) {
  b.shape = BeamShape::Sector;
  b.apex_y = (right.at - left.at) / (left.slope - right.slope);
  b.apex_x = left.at + left.slope * b.apex_y;
  b.first_angle = std::atan(left.slope);
  b.last_angle = std::atan(right.slope);
  b.near = 1e30;
  b.far = 0;
  for (std::size_t i = 0; i < b.mask.size(); ++i) {
    if (b.mask[i] == 0) continue;
    const double dx = static_cast<int>(i) % b.width - b.apex_x,
                 dy = static_cast<int>(i) / b.width - b.apex_y;
    const double angle = std::atan2(dx, dy);
    if (angle < b.first_angle || angle > b.last_angle) continue;
    b.near = std::min(b.near, std::hypot(dx, dy));
    b.far = std::max(b.far, std::hypot(dx, dy));
  }
}

}

Frames frames_of(const Dataset& dataset, int most) {
  const std::string& path = origin_of(dataset).path;
  Video still; // a picture is a clip of one frame
  const auto* clip = std::get_if<Video>(&dataset);
  if (const auto* s = std::get_if<Volume>(&dataset); s != nullptr && s->depth == 1) {
    still = {.width = s->width,
             .height = s->height,
             .frames = 1,
             .channels = s->channels,
             .type = s->type,
             .pixels = s->pixels};
    clip = &still;
  }
  if (clip == nullptr)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' is no ultrasound clip", path),
                "give a video file, an ultrasound DICOM or a single picture");
  if (clip->type != PixelType::UInt8)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' has samples of type {}, ultrasound clips have 8 bits", path,
                            name_of(clip->type)),
                "export the clip as MP4 or 8-bit DICOM");
  Frames out{.width = clip->width, .height = clip->height, .of = clip->frames};
  const int wanted = std::min(most, clip->frames);
  for (int k = 0; k < wanted; ++k) {
    const int number = static_cast<int>(static_cast<std::int64_t>(k) * clip->frames / wanted);
    out.number.push_back(number);
    out.grey.push_back(grey_of(samples<std::uint8_t>(clip->frame(number)), clip->channels));
  }
  return out;
}

Beam find_beam(const Frames& frames) {
  Beam b;
  b.width = frames.width;
  b.height = frames.height;
  const std::size_t n = static_cast<std::size_t>(b.width) * b.height;
  b.mask.assign(n, 0);
  if (frames.grey.empty() || n == 0) {
    b.failure = "the clip has no frames";
    return b;
  }
  b.mask = beam_region(tissue_of(frames), b.width, b.height);
  const Box box = box_of(b.mask, b.width);
  const auto inside = std::count(b.mask.begin(), b.mask.end(), std::uint8_t{1});
  if (inside < static_cast<std::ptrdiff_t>(n / 20) || box.x1 - box.x0 < 24 ||
      box.y1 - box.y0 < 24) {
    b.failure =
        fmt::format("no moving tissue was found: {:.0f} % of the picture changes over the clip",
                    100.0 * static_cast<double>(inside) / static_cast<double>(n));
    return b;
  }
  b.x0 = box.x0;
  b.y0 = box.y0;
  b.x1 = box.x1;
  b.y1 = box.y1;
  Edge left, right;
  find_edges(b.mask, b.width, box, left, right);
  if (left.slope < -least_slope && right.slope > least_slope)
    make_sector(b, left, right);
  else
    b.shape = BeamShape::Rectangle;
  return b;
}

std::array<double, 2> pixel_at(const Beam& b, double line, double depth) {
  if (b.shape == BeamShape::Rectangle)
    return {b.x0 + line * (b.x1 - b.x0), b.y0 + depth * (b.y1 - b.y0)};
  const double angle = b.first_angle + line * (b.last_angle - b.first_angle);
  const double radius = b.near + depth * (b.far - b.near);
  return {b.apex_x + radius * std::sin(angle), b.apex_y + radius * std::cos(angle)};
}

Lines along_beam(const std::vector<float>& grey, const Beam& b, int lines, int depths) {
  Lines out{lines, depths, std::vector<float>(static_cast<std::size_t>(lines) * depths, -1.0f)};
  for (int a = 0; a < lines; ++a)
    for (int d = 0; d < depths; ++d) {
      const auto [x, y] = pixel_at(b, (a + 0.5) / lines, (d + 0.5) / depths);
      const int ix = static_cast<int>(std::floor(x)), iy = static_cast<int>(std::floor(y));
      if (ix < 0 || iy < 0 || ix + 1 >= b.width || iy + 1 >= b.height) continue;
      const double u = x - ix, v = y - iy;
      const float* p = grey.data() + static_cast<std::size_t>(iy) * b.width + ix;
      out.value[static_cast<std::size_t>(a) * depths + d] = static_cast<float>(
          (p[0] * (1 - u) + p[1] * u) * (1 - v) + (p[b.width] * (1 - u) + p[b.width + 1] * u) * v);
    }
  return out;
}

}
