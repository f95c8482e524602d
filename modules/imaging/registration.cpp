#include "modules/imaging/registration.h"

#include "modules/imaging/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sensorium {
namespace {

// Measured on phantoms with a known shift and on pairs of different phantoms: docs/BENCHMARKS.md.
constexpr double least_correlation = 0.45, least_lead = 0.15;

struct Picture {
  int width = 0, height = 0;
  std::vector<float> values; // [y][x]
  float at(int x, int y) const {
    return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
};

template<class T>
void add_slice(const Volume& v, int z, Picture& above, std::vector<float>& slice) {
  const std::size_t size = static_cast<std::size_t>(v.width) * static_cast<std::size_t>(v.height);
  const auto all = samples<T>(v.pixels);
  const auto channels = static_cast<std::size_t>(v.channels);
  for (std::size_t i = 0; i < size; ++i) {
    const auto value = static_cast<float>(all[(static_cast<std::size_t>(z) * size + i) * channels]);
    slice[i] = std::isfinite(value) ? value : 0;
    above.values[static_cast<std::size_t>(z) * static_cast<std::size_t>(v.width) +
                 i % static_cast<std::size_t>(v.width)] += slice[i];
  }
}

void slice_of(const Volume& v, int z, Picture& above, std::vector<float>& slice) {
  switch (v.type) {
  case PixelType::UInt8:
    return add_slice<std::uint8_t>(v, z, above, slice);
  case PixelType::Int8:
    return add_slice<std::int8_t>(v, z, above, slice);
  case PixelType::UInt16:
    return add_slice<std::uint16_t>(v, z, above, slice);
  case PixelType::Int16:
    return add_slice<std::int16_t>(v, z, above, slice);
  case PixelType::UInt32:
    return add_slice<std::uint32_t>(v, z, above, slice);
  case PixelType::Int32:
    return add_slice<std::int32_t>(v, z, above, slice);
  case PixelType::Float32:
    return add_slice<float>(v, z, above, slice);
  case PixelType::Float64:
    return add_slice<double>(v, z, above, slice);
  }
}

// Columns of depth profiles: blocks of A-scans, [z][block][y].
constexpr int blocks = 8;

struct Views {
  Picture above;              // z by x, mean over depth
  std::vector<float> profile; // [z][block][y]
  int depth = 0, height = 0;
};

Views views_of(const Volume& v) {
  Views out;
  out.depth = v.depth;
  out.height = v.height;
  out.above = {
      v.width, v.depth,
      std::vector<float>(static_cast<std::size_t>(v.width) * static_cast<std::size_t>(v.depth))};
  out.profile.assign(
      static_cast<std::size_t>(v.depth) * blocks * static_cast<std::size_t>(v.height), 0);
  std::vector<float> slice(static_cast<std::size_t>(v.width) * static_cast<std::size_t>(v.height));
  for (int z = 0; z < v.depth; ++z) {
    slice_of(v, z, out.above, slice);
    for (int y = 0; y < v.height; ++y)
      for (int x = 0; x < v.width; ++x)
        out.profile[(static_cast<std::size_t>(z) * blocks +
                     static_cast<std::size_t>(x * blocks / v.width)) *
                        static_cast<std::size_t>(v.height) +
                    static_cast<std::size_t>(y)] +=
            slice[static_cast<std::size_t>(y) * static_cast<std::size_t>(v.width) +
                  static_cast<std::size_t>(x)];
  }
  return out;
}

// What is left is as wide as vessels: neither speckle nor the fall of brightness across the scan.
Picture vessels(const Picture& in) {
  Picture out = in;
  const std::vector<float> fine = gaussian_blur(in.values, in.width, in.height, 1.5, 0),
                           coarse = gaussian_blur(in.values, in.width, in.height,
                                                  std::max(6.0, in.width / 24.0), 0);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = fine[i] - coarse[i];
  return out;
}

// The second picture on the first one's grid; linear.
Picture resampled(const Picture& in, double scale_x, double scale_y) {
  if (scale_x == 1 && scale_y == 1) return in;
  Picture out;
  out.width = std::max(1, static_cast<int>(std::floor((in.width - 1) / scale_x)) + 1);
  out.height = std::max(1, static_cast<int>(std::floor((in.height - 1) / scale_y)) + 1);
  out.values.resize(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height));
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const double u = x * scale_x, w = y * scale_y;
      const int x0 = std::min(in.width - 1, static_cast<int>(u)),
                y0 = std::min(in.height - 1, static_cast<int>(w));
      const int x1 = std::min(in.width - 1, x0 + 1), y1 = std::min(in.height - 1, y0 + 1);
      const double fx = u - x0, fy = w - y0;
      out.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(out.width) +
                 static_cast<std::size_t>(x)] =
          static_cast<float>((in.at(x0, y0) * (1 - fx) + in.at(x1, y0) * fx) * (1 - fy) +
                             (in.at(x0, y1) * (1 - fx) + in.at(x1, y1) * fx) * fy);
    }
  return out;
}

// Means of blocks along x, so that few shifts have to be tried.
Picture binned(const Picture& in, int bin) {
  if (bin == 1) return in;
  Picture out{in.width / bin, in.height, {}};
  out.values.resize(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height));
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      float sum = 0;
      for (int k = 0; k < bin; ++k) sum += in.at(x * bin + k, y);
      out.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(out.width) +
                 static_cast<std::size_t>(x)] = sum;
    }
  return out;
}

// Pearson, where both are; a point of a at x lies in b at x + dx.
double correlation(const Picture& a, const Picture& b, int dx, int dy) {
  const int x0 = std::max(0, -dx), x1 = std::min(a.width, b.width - dx);
  const int y0 = std::max(0, -dy), y1 = std::min(a.height, b.height - dy);
  double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (int y = y0; y < y1; ++y) {
    const float* p = &a.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(a.width)];
    const float* q =
        &b.values[static_cast<std::size_t>(y + dy) * static_cast<std::size_t>(b.width)];
    float ra = 0, rb = 0, raa = 0, rbb = 0, rab = 0;
    for (int x = x0; x < x1; ++x) {
      const float u = p[x], w = q[x + dx];
      ra += u, rb += w, raa += u * u, rbb += w * w, rab += u * w;
    }
    n += x1 - x0, sa += ra, sb += rb, saa += raa, sbb += rbb, sab += rab;
  }
  if (n < 16) return 0;
  const double va = saa - sa * sa / n, vb = sbb - sb * sb / n;
  return va > 0 && vb > 0 ? (sab - sa * sb / n) / std::sqrt(va * vb) : 0;
}

struct Peak {
  int dx = 0, dy = 0;
  double value = -1;
};

// Overlap of at least half of the smaller picture along each axis.
void limits(int a, int b, int* from, int* to) {
  const int least = std::max(2, std::min(a, b) / 2);
  *from = least - a;
  *to = b - least;
}

std::vector<Peak> all_shifts(const Picture& a, const Picture& b) {
  int fx, tx, fy, ty;
  limits(a.width, b.width, &fx, &tx);
  limits(a.height, b.height, &fy, &ty);
  std::vector<Peak> out;
  for (int dy = fy; dy <= ty; ++dy)
    for (int dx = fx; dx <= tx; ++dx) out.push_back({dx, dy, correlation(a, b, dx, dy)});
  return out;
}

Peak best_of(const std::vector<Peak>& peaks) {
  return *std::max_element(peaks.begin(), peaks.end(),
                           [](const Peak& p, const Peak& q) { return p.value < q.value; });
}

// Along depth: the summed correlation of profiles of blocks of A-scans that lie on each other.
int depth_shift(const Views& a, const Views& b, int dx, int dz) {
  const int height = std::min(a.height, b.height), reach = height / 4;
  std::vector<double> sum(static_cast<std::size_t>(2 * reach + 1));
  const int block_shift =
      static_cast<int>(std::lround(static_cast<double>(dx) * blocks / a.above.width));
  for (int z = 0; z < a.depth; ++z) {
    if (z + dz < 0 || z + dz >= b.depth) continue;
    for (int k = 0; k < blocks; ++k) {
      if (k + block_shift < 0 || k + block_shift >= blocks) continue;
      const auto row = [&](const Views& v, int slice, int block) {
        Picture p{v.height, 1, {}};
        const auto from =
            v.profile.begin() + (static_cast<std::ptrdiff_t>(slice) * blocks + block) * v.height;
        p.values.assign(from, from + v.height);
        return p;
      };
      const Picture one = row(a, z, k), other = row(b, z + dz, k + block_shift);
      for (int dy = -reach; dy <= reach; ++dy)
        sum[static_cast<std::size_t>(dy + reach)] += correlation(one, other, dy, 0);
    }
  }
  return static_cast<int>(std::max_element(sum.begin(), sum.end()) - sum.begin()) - reach;
}

std::string refusal(const Volume& a, const Volume& b) {
  if (a.depth < 4 || b.depth < 4 || a.width < 32 || b.width < 32)
    return "The scans cannot be registered: that needs at least 4 B-scans of 32 columns in each.";
  const bool known =
      a.spacing[0].known() && b.spacing[0].known() && a.spacing[2].known() && b.spacing[2].known();
  if (!known && (a.width != b.width || a.depth != b.depth))
    return "The scans cannot be registered: their sizes differ, and the scale of at least one is "
           "unknown.";
  return {};
}

double ratio(const Spacing& a, const Spacing& b) {
  return a.known() && b.known() ? a.micrometres / b.micrometres : 1;
}

}

Registration register_shift(const Volume& first, const Volume& second) {
  Registration out;
  out.text = refusal(first, second);
  if (!out.text.empty()) return out;
  for (std::size_t i = 0; i < 3; ++i) out.scale[i] = ratio(first.spacing[i], second.spacing[i]);
  const Views a = views_of(first), b = views_of(second);
  const Picture one = vessels(a.above),
                other = resampled(vessels(b.above), out.scale[0], out.scale[2]);
  const int bin = std::max(1, std::min(one.width, other.width) / 128);
  const std::vector<Peak> coarse = all_shifts(binned(one, bin), binned(other, bin));
  const Peak rough = best_of(coarse);
  Peak fine;
  for (int dx = rough.dx * bin - bin; dx <= rough.dx * bin + bin; ++dx)
    if (const double r = correlation(one, other, dx, rough.dy); r > fine.value)
      fine = {dx, rough.dy, r};
  out.correlation = rough.value;
  const int near = std::max(3, one.width / bin / 16);
  for (const Peak& peak : coarse)
    if (std::abs(peak.dx - rough.dx) > near || std::abs(peak.dy - rough.dy) > 1)
      out.runner_up = std::max(out.runner_up, peak.value);
  if (out.correlation < least_correlation || out.correlation - out.runner_up < least_lead) {
    out.text = fmt::format("The scans could not be registered: the views from above do not match "
                           "clearly at any shift (best correlation {:.2f}, elsewhere {:.2f}).",
                           out.correlation, out.runner_up);
    return out;
  }
  out.found = true;
  const bool same_grid = std::all_of(out.scale.begin(), out.scale.end(),
                                     [](double s) { return std::abs(s - 1) < 0.02; });
  const int rows = same_grid ? depth_shift(a, b, fine.dx, fine.dy) : 0;
  out.shift = {fine.dx * out.scale[0], static_cast<double>(rows), fine.dy * out.scale[2]};
  out.text = fmt::format("Registered by a shift of {:.0f} columns, {:.0f} rows and {:.0f} B-scans "
                         "(correlation {:.2f}, elsewhere at most {:.2f}); no rotation or warp.",
                         out.shift[0], out.shift[1], out.shift[2], out.correlation, out.runner_up);
  return out;
}

}
