#include "modules/view/cube_picture.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <sys/mman.h>
#include <unistd.h>

namespace sensorium {
namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr std::uint64_t touched_limit = std::uint64_t{64} << 20;
constexpr std::uint64_t read_ahead = 16384; // about what the system maps around a touched byte

// While single places far apart are read, the system must not read what lies around each.
class WithoutReadAhead {
public:
  WithoutReadAhead(const Cube& cube, bool wanted) {
    if (!wanted || !cube.data.mapped()) return;
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto data = reinterpret_cast<std::uintptr_t>(cube.data.bytes().data());
    first_ = data / page * page;
    length_ = data + cube.data.size() - first_;
    ::madvise(reinterpret_cast<void*>(first_), length_, MADV_RANDOM);
  }
  ~WithoutReadAhead() {
    if (length_ > 0) ::madvise(reinterpret_cast<void*>(first_), length_, MADV_NORMAL);
  }
  WithoutReadAhead(const WithoutReadAhead&) = delete;
  WithoutReadAhead& operator=(const WithoutReadAhead&) = delete;

private:
  std::uintptr_t first_ = 0;
  std::size_t length_ = 0;
};

// The pixel in the middle of each cell, -1 outside.
std::vector<int> places(double from, double length, int cells, int limit) {
  std::vector<int> out(static_cast<std::size_t>(cells));
  for (int i = 0; i < cells; ++i) {
    const double at = std::floor(from + (i + 0.5) * length / cells);
    out[static_cast<std::size_t>(i)] = at >= 0 && at < limit ? static_cast<int>(at) : -1;
  }
  return out;
}

// One line of cells. Near neighbours are read together, far ones each alone.
class LineReader {
public:
  LineReader(const Cube& cube, const std::vector<int>& bands, const std::vector<int>& samples)
      : cube_(cube), bands_(bands), samples_(samples) {
    first_ = last_ = -1;
    for (const int s : samples) {
      if (s < 0) continue;
      if (first_ < 0) first_ = s;
      last_ = s;
      ++inside_;
    }
    const std::uint64_t pixel = cube.stride[1] * size_of(cube.type),
                        span = static_cast<std::uint64_t>(last_ - first_ + 1);
    together_ = span <= 8 * static_cast<std::uint64_t>(inside_) &&
                (span <= static_cast<std::uint64_t>(inside_) ||
                 pixel * span < 4096 * static_cast<std::uint64_t>(inside_));
    const std::uint64_t alone = std::min(pixel * span, read_ahead * inside_);
    touched_ = (together_ ? pixel * span + read_ahead : alone + read_ahead) * bands.size();
  }

  bool any() const { return inside_ > 0; }
  bool together() const { return together_; }
  std::uint64_t touched() const { return touched_; }

  void read(int line, float* out) {
    const std::size_t n = bands_.size();
    if (together_) {
      const int span = last_ - first_ + 1;
      values_.resize(static_cast<std::size_t>(span) * n);
      read_tile<float>(cube_, {line, 1, first_, span}, bands_, TileOrder::Pixels, values_);
    } else {
      values_.resize(n);
    }
    for (std::size_t x = 0; x < samples_.size(); ++x) {
      const int s = samples_[x];
      if (s < 0) continue;
      if (!together_) read_tile<float>(cube_, {line, 1, s, 1}, bands_, TileOrder::Pixels, values_);
      const std::size_t at = together_ ? static_cast<std::size_t>(s - first_) * n : 0;
      for (std::size_t c = 0; c < n; ++c) out[x * n + c] = measured(values_[at + c]);
    }
  }

private:
  float measured(float value) const {
    const bool ignored = cube_.ignore_value && value == static_cast<float>(*cube_.ignore_value);
    return ignored || !std::isfinite(value) ? nothing : value;
  }

  const Cube& cube_;
  const std::vector<int>&bands_, &samples_;
  int first_, last_;
  std::uint64_t inside_ = 0, touched_ = 0;
  bool together_ = true;
  std::vector<float> values_;
};

}

CubeRaster read_raster(const Cube& cube, const std::vector<int>& bands, const QRectF& place,
                       QSize cells, const std::function<bool()>& stopped) {
  CubeRaster out{.width = cells.width(),
                 .height = cells.height(),
                 .channels = static_cast<int>(bands.size()),
                 .place = place,
                 .values = {}};
  if (cells.isEmpty() || bands.empty() || place.isEmpty()) return {};
  const std::vector<int> samples = places(place.x(), place.width(), out.width, cube.samples),
                         lines = places(place.y(), place.height(), out.height, cube.lines);
  const std::size_t row = static_cast<std::size_t>(out.width) * bands.size();
  out.values.assign(row * static_cast<std::size_t>(out.height), nothing);
  LineReader reader(cube, bands, samples);
  if (!reader.any()) return out;
  const WithoutReadAhead far_apart(cube, !reader.together());
  std::uint64_t touched = 0;
  for (int y = 0; y < out.height; ++y) {
    if (stopped && stopped()) return {};
    const int line = lines[static_cast<std::size_t>(y)];
    if (line < 0) continue;
    float* const to = out.values.data() + row * static_cast<std::size_t>(y);
    if (y > 0 && lines[static_cast<std::size_t>(y) - 1] == line) {
      std::copy(to - row, to, to);
      continue;
    }
    reader.read(line, to);
    touched += reader.touched();
    if (touched > touched_limit) {
      cube.data.release();
      touched = 0;
    }
  }
  if (cube.data.size() > touched_limit) cube.data.release();
  return out;
}

CubeTone stretch_of(const CubeRaster& raster, double low_percent, double high_percent) {
  CubeTone tone;
  const auto channels = static_cast<std::size_t>(raster.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    std::vector<float> values;
    for (std::size_t i = c; i < raster.values.size(); i += channels)
      if (std::isfinite(raster.values[i])) values.push_back(raster.values[i]);
    if (values.empty()) continue;
    const auto at = [&](double percent) {
      const auto rank = static_cast<std::ptrdiff_t>(
          std::lround(percent / 100 * static_cast<double>(values.size() - 1)));
      std::nth_element(values.begin(), values.begin() + rank, values.end());
      return static_cast<double>(values[static_cast<std::size_t>(rank)]);
    };
    tone.low[c] = at(low_percent);
    tone.high[c] = at(high_percent);
    if (tone.high[c] <= tone.low[c]) tone.high[c] = tone.low[c] + 1;
  }
  return tone;
}

QImage toned(const CubeRaster& raster, const CubeTone& tone) {
  if (raster.empty()) return {};
  QImage out(raster.width, raster.height, QImage::Format_RGB32);
  const int n = raster.channels;
  std::array<float, 3> low{}, gain{};
  for (std::size_t c = 0; c < 3; ++c) {
    low[c] = static_cast<float>(tone.low[c]);
    gain[c] = static_cast<float>(255 / std::max(1e-30, tone.high[c] - tone.low[c]));
  }
  const auto shade = [&](float value, std::size_t c) {
    const float v = (value - low[c]) * gain[c];
    return v >= 0 ? static_cast<int>(std::min(v, 255.0F) + 0.5F) : 0; // NaN: 0
  };
  const float* from = raster.values.data();
  for (int y = 0; y < raster.height; ++y) {
    auto* to = reinterpret_cast<QRgb*>(out.scanLine(y));
    for (int x = 0; x < raster.width; ++x, from += n) {
      const int first = shade(from[0], 0);
      to[x] =
          n == 3 ? qRgb(first, shade(from[1], 1), shade(from[2], 2)) : qRgb(first, first, first);
    }
  }
  return out;
}

}
