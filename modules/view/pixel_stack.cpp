#include "modules/view/pixel_stack.h"

#include "modules/core/error.h"
#include "modules/review/footprint.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sensorium {
namespace {

template<class F> auto with_type(PixelType type, F&& f) {
  switch (type) {
  case PixelType::UInt8:
    return f(std::uint8_t{});
  case PixelType::Int8:
    return f(std::int8_t{});
  case PixelType::UInt16:
    return f(std::uint16_t{});
  case PixelType::Int16:
    return f(std::int16_t{});
  case PixelType::UInt32:
    return f(std::uint32_t{});
  case PixelType::Int32:
    return f(std::int32_t{});
  case PixelType::Float32:
    return f(float{});
  case PixelType::Float64:
    break;
  }
  return f(double{});
}

template<class T> const T* slice_begin(const PixelStack& s, int z) {
  return samples<T>(s.pixels).data() +
         static_cast<std::size_t>(z) * s.width * s.height * s.channels;
}

// A few frames stand for a clip that is decoded frame by frame.
Buffer some_samples(const PixelStack& s) {
  const int count = std::min(8, s.depth);
  std::vector<std::byte> out;
  for (int k = 0; k < count; ++k) {
    const Buffer one = s.slice(static_cast<int>(std::int64_t{k} * s.depth / count));
    out.insert(out.end(), one.bytes().begin(), one.bytes().end());
  }
  return Buffer(std::move(out));
}

QImage reason_picture(QImage image, const QString& reason) {
  image.fill(Qt::black);
  QPainter painter(&image);
  painter.setPen(Qt::white);
  painter.drawText(image.rect(), Qt::AlignCenter | Qt::TextWordWrap, reason);
  return image;
}

std::uint8_t grey(double value, const GreyWindow& w, double range) {
  const double v = (value - w.low) * 255.0 / range;
  return v > 0 ? static_cast<std::uint8_t>(std::min(255.0, v + 0.5)) : 0;
}

double range_of(const GreyWindow& w) { return std::max(w.high - w.low, 1e-12); }

// For 8- and 16-bit samples every value's grey is looked up, not computed.
template<class T> std::vector<std::uint8_t> table_of(const GreyWindow& w) {
  std::vector<std::uint8_t> table;
  if constexpr (sizeof(T) <= 2 && std::is_integral_v<T>) {
    table.resize(std::size_t{1} << (8 * sizeof(T)));
    const double range = range_of(w);
    for (std::size_t i = 0; i < table.size(); ++i)
      table[i] = grey(static_cast<double>(static_cast<T>(i)), w, range);
  }
  return table;
}

template<class T> struct Grey {
  explicit Grey(const GreyWindow& w) : window(w), range(range_of(w)), table(table_of<T>(w)) {}
  std::uint8_t operator()(T value) const {
    if constexpr (sizeof(T) <= 2 && std::is_integral_v<T>)
      return table[static_cast<std::make_unsigned_t<T>>(value)];
    else
      return grey(static_cast<double>(value), window, range);
  }
  GreyWindow window;
  double range;
  std::vector<std::uint8_t> table;
};

template<class T>
void fill_row(const T* in, int channels, const Grey<T>& grey_of, QImage& image, int y) {
  auto* out = reinterpret_cast<QRgb*>(image.scanLine(y));
  if (channels < 3) {
    for (int x = 0; x < image.width(); ++x, in += channels)
      out[x] = 0xff000000u | 0x010101u * grey_of(*in);
    return;
  }
  for (int x = 0; x < image.width(); ++x, in += channels)
    out[x] = qRgb(grey_of(in[0]), grey_of(in[1]), grey_of(in[2]));
}

std::pair<double, double> percentiles(std::vector<float> values, double low, double high) {
  if (values.empty()) return {0, 1};
  const auto at = [&](double p) {
    const auto k = static_cast<std::size_t>(p * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k), values.end());
    return static_cast<double>(values[k]);
  };
  const double a = at(low);
  return {a, at(high)};
}

template<class T>
void add_column_means(const PixelStack& s, int z, const Surface* from, const Surface* to,
                      float* out) {
  const T* in = slice_begin<T>(s, z);
  std::vector<double> sum(s.width, 0.0);
  std::vector<int> count(s.width, 0);
  std::vector<int> top(s.width, 0), bottom(s.width, s.height);
  for (int x = 0; x < s.width && from && to; ++x) {
    const float a = from->depth[static_cast<std::size_t>(z) * s.width + x];
    const float b = to->depth[static_cast<std::size_t>(z) * s.width + x];
    if (std::isfinite(a) && std::isfinite(b) && b > a) {
      top[x] = std::clamp(static_cast<int>(a), 0, s.height - 1);
      bottom[x] = std::clamp(static_cast<int>(b) + 1, top[x] + 1, s.height);
    }
  }
  for (int y = 0; y < s.height; ++y)
    for (int x = 0; x < s.width; ++x, in += s.channels)
      if (y >= top[x] && y < bottom[x]) {
        sum[x] += static_cast<double>(*in);
        ++count[x];
      }
  for (int x = 0; x < s.width; ++x) out[x] = static_cast<float>(sum[x] / std::max(count[x], 1));
}

bool fits(const Surface* surface, const PixelStack& s) {
  return surface && surface->failure.empty() &&
         surface->depth.size() == static_cast<std::size_t>(s.width) * s.depth;
}

}

PixelStack stack_of(const Dataset& dataset) {
  if (const auto* volume = std::get_if<Volume>(&dataset)) return stack_of(*volume);
  const auto* video = std::get_if<Video>(&dataset);
  if (!video) return {}; // a kind without slices: nothing to draw
  const Video& v = *video;
  return {v.width, v.height, v.frames, v.channels, v.type, v.pixels, v.source};
}

Buffer PixelStack::slice(int z) const {
  if (source) return source->frame(z);
  const std::size_t size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                           static_cast<std::size_t>(channels) * size_of(type);
  return pixels.part(static_cast<std::size_t>(z) * size, size);
}

PixelStack stack_of(const Volume& v) {
  return {v.width, v.height, v.depth, v.channels, v.type, v.pixels};
}
PixelStack stack_of(const Image& i) { return {i.width, i.height, 1, i.channels, i.type, i.pixels}; }

GreyWindow auto_window(const PixelStack& stack) {
  if (stack.empty()) return {};
  Buffer pixels = stack.pixels;
  try {
    if (stack.source) pixels = some_samples(stack);
  } catch (const Error&) {
    return {}; // slice_image says why
  }
  const std::size_t count = pixels.size() / size_of(stack.type);
  const std::size_t step = std::max<std::size_t>(1, count / 100000) | 1;
  std::vector<float> values;
  with_type(stack.type, [&](auto t) {
    const auto all = samples<decltype(t)>(pixels);
    for (std::size_t i = 0; i < all.size(); i += step)
      if (const auto v = static_cast<float>(all[i]); std::isfinite(v)) values.push_back(v);
  });
  const auto [low, high] = percentiles(std::move(values), 0.005, 0.997);
  if (stack.type == PixelType::UInt8 && high > 127) return {0, 255};
  return {low, high > low ? high : low + 1};
}

QImage slice_image(const PixelStack& stack, int z, const GreyWindow& window) {
  if (stack.empty()) return {};
  z = std::clamp(z, 0, stack.depth - 1);
  QImage image(stack.width, stack.height, QImage::Format_RGB32);
  Buffer pixels;
  try {
    pixels = stack.slice(z);
  } catch (const Error& e) {
    return reason_picture(std::move(image), QString::fromStdString(e.what()));
  }
  with_type(stack.type, [&](auto t) {
    using T = decltype(t);
    const Grey<T> grey_of(window);
    const T* in = samples<T>(pixels).data();
    for (int y = 0; y < stack.height; ++y)
      fill_row(in + static_cast<std::size_t>(y) * stack.width * stack.channels, stack.channels,
               grey_of, image, y);
  });
  return image;
}

QPainterPath outline_of(const std::vector<Run>& runs, int z) {
  QPainterPath path;
  for (const auto& line : border(runs, z)) {
    path.moveTo(line.front()[0], line.front()[1]);
    for (std::size_t k = 1; k < line.size(); ++k) path.lineTo(line[k][0], line[k][1]);
    path.closeSubpath();
  }
  return path;
}

QImage en_face_projection(const PixelStack& stack, const Surface* from, const Surface* to) {
  if (stack.empty()) return {};
  if (!fits(from, stack) || !fits(to, stack)) from = to = nullptr;
  std::vector<float> mean(static_cast<std::size_t>(stack.width) * stack.depth);
  with_type(stack.type, [&](auto t) {
    for (int z = 0; z < stack.depth; ++z)
      add_column_means<decltype(t)>(stack, z, from, to,
                                    mean.data() + static_cast<std::size_t>(z) * stack.width);
  });
  const auto [low, high] = percentiles(mean, 0.01, 0.995);
  PixelStack flat{stack.width, stack.depth, 1, 1, PixelType::Float32, Buffer::of(std::move(mean))};
  return slice_image(flat, 0, {low, high > low ? high : low + 1});
}

SmallVolume shrink(const PixelStack& s, const GreyWindow& window, int limit) {
  SmallVolume out;
  const auto parts = [limit](int n) { return std::max(1, (n + limit - 1) / limit); };
  const int sx = parts(s.width), sy = parts(s.height), sz = parts(s.depth);
  out.width = s.width / sx, out.height = s.height / sy, out.depth = s.depth / sz;
  out.step_x = sx, out.step_y = sy, out.step_z = sz;
  out.values.resize(static_cast<std::size_t>(out.width) * out.height * out.depth);
  with_type(s.type, [&](auto t) {
    using T = decltype(t);
    const Grey<T> grey_of(window);
    std::size_t i = 0;
    std::vector<int> sum(static_cast<std::size_t>(out.width));
    const int block = sx * sy * sz;
    for (int z = 0; z < out.depth; ++z)
      for (int y = 0; y < out.height; ++y) {
        std::fill(sum.begin(), sum.end(), 0);
        for (int k = 0; k < sy * sz; ++k) {
          const T* in = slice_begin<T>(s, z * sz + k / sy) +
                        (static_cast<std::size_t>(y) * sy + k % sy) * s.width * s.channels;
          for (int x = 0; x < out.width; ++x)
            for (int j = 0; j < sx; ++j, in += s.channels)
              sum[static_cast<std::size_t>(x)] += grey_of(*in);
        }
        for (const int v : sum) out.values[i++] = static_cast<std::uint8_t>(v / block);
      }
  });
  return out;
}

}
