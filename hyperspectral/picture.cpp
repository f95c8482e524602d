#include "hyperspectral/picture.h"

#include "hyperspectral/colour.h"
#include "modules/io/png_writer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::hyper {
namespace {

constexpr int lines_at_once = 64;

template<class Work> void over_lines(const Raster& raster, const Work& work) {
  for (int line = 0; line < raster.lines(); line += lines_at_once) {
    work(line, std::min(lines_at_once, raster.lines() - line));
    if (line / lines_at_once % 16 == 15) raster.release();
  }
  raster.release();
}

// round(255 * srgb_encoded(v)) without a power a pixel: steps[k] is where the byte k + 1 begins.
class SrgbBytes {
public:
  SrgbBytes() {
    for (int k = 0; k < 255; ++k) {
      const double e = (k + 0.5) / 255;
      steps_[static_cast<std::size_t>(k)] =
          e <= 12.92 * 0.0031308 ? e / 12.92 : std::pow((e + 0.055) / 1.055, 2.4);
    }
    int k = 0;
    for (std::size_t i = 0; i < first_.size(); ++i) {
      while (k < 255 && steps_[static_cast<std::size_t>(k)] <=
                            static_cast<double>(i) / static_cast<double>(first_.size()))
        ++k;
      first_[i] = static_cast<std::uint8_t>(k);
    }
  }
  std::uint8_t operator()(double v) const {
    if (!(v > 0)) return 0;
    if (v >= 1) return 255;
    int k = first_[static_cast<std::size_t>(v * static_cast<double>(first_.size()))];
    while (k < 255 && v >= steps_[static_cast<std::size_t>(k)]) ++k;
    return static_cast<std::uint8_t>(k);
  }

private:
  std::array<double, 255> steps_{};
  std::array<std::uint8_t, 8192> first_{};
};

}

std::array<Channel, 3> channels_of(const Raster& raster, const Context& context) {
  std::array<Channel, 3> out;
  for (Channel& c : out)
    c = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0};
  over_lines(raster, [&](int line, int count) {
    context.step(static_cast<double>(line) / raster.lines(), "brightness");
    const auto values = raster.rows(line, count);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (const double v = values[i]; std::isfinite(v)) {
        Channel& c = out[i % 3];
        c.least = std::min(c.least, v);
        c.most = std::max(c.most, v);
        ++c.finite;
      }
  });
  return out;
}

double percentile(const Raster& raster, const std::array<double, 3>& weights, double percent) {
  const auto value_of = [&](const float* p) {
    double v = 0;
    for (std::size_t c = 0; c < 3; ++c)
      if (weights[c] != 0) v += weights[c] * static_cast<double>(p[c]);
    return v;
  };
  double least = std::numeric_limits<double>::infinity(), most = -least;
  over_lines(raster, [&](int line, int count) {
    const auto values = raster.rows(line, count);
    for (std::size_t i = 0; i < values.size(); i += 3)
      if (const double v = value_of(&values[i]); std::isfinite(v)) {
        least = std::min(least, v);
        most = std::max(most, v);
      }
  });
  if (!(most >= least)) return 0;
  if (most == least) return least;
  constexpr std::size_t bins = 65536;
  std::vector<std::uint64_t> histogram(bins, 0);
  std::uint64_t total = 0;
  const double scale = static_cast<double>(bins) / (most - least);
  over_lines(raster, [&](int line, int count) {
    const auto values = raster.rows(line, count);
    for (std::size_t i = 0; i < values.size(); i += 3)
      if (const double v = value_of(&values[i]); std::isfinite(v)) {
        ++histogram[std::min(bins - 1, static_cast<std::size_t>((v - least) * scale))];
        ++total;
      }
  });
  const double wanted = percent / 100 * static_cast<double>(total);
  std::uint64_t below = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const auto here = static_cast<double>(histogram[bin]);
    if (here > 0 && static_cast<double>(below) + here >= wanted) {
      const double within = std::clamp((wanted - static_cast<double>(below)) / here, 0.0, 1.0);
      return std::min(most, least + (static_cast<double>(bin) + within) / scale);
    }
    below += histogram[bin];
  }
  return most;
}

Tone stretch(const Raster& raster, double low_percent, double high_percent, bool common) {
  Tone tone;
  for (std::size_t c = 0; c < 3; ++c) {
    std::array<double, 3> one{};
    one[c] = 1;
    tone.low[c] = percentile(raster, one, low_percent);
    tone.high[c] = percentile(raster, one, high_percent);
  }
  if (common) {
    tone.low.fill(*std::min_element(tone.low.begin(), tone.low.end()));
    tone.high.fill(*std::max_element(tone.high.begin(), tone.high.end()));
  }
  for (std::size_t c = 0; c < 3; ++c)
    if (!(tone.high[c] > tone.low[c])) tone.high[c] = tone.low[c] + 1;
  return tone;
}

void render_lines(const Raster& raster, const Tone& tone, int line, int count,
                  std::vector<std::uint8_t>& out, PictureCounts* counts) {
  static const SrgbBytes encoded;
  const auto values = raster.rows(line, count);
  out.resize(values.size());
  for (std::size_t i = 0; i < values.size(); i += 3) {
    bool blank = false, above = false, below = false;
    for (std::size_t c = 0; c < 3; ++c) {
      const double raw = values[i + c];
      const double v = (raw - tone.low[c]) / (tone.high[c] - tone.low[c]);
      blank = blank || !std::isfinite(raw);
      above = above || v > 1;
      below = below || v < 0;
      out[i + c] = !std::isfinite(raw) ? 0
                   : tone.linear_light
                       ? encoded(v)
                       : static_cast<std::uint8_t>(255 * std::clamp(v, 0.0, 1.0) + 0.5);
    }
    if (blank) std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(i), 3, std::uint8_t{0});
    if (counts == nullptr) continue;
    counts->blank += blank ? 1 : 0;
    counts->clipped += !blank && above ? 1 : 0;
    counts->below += !blank && below ? 1 : 0;
  }
}

PictureCounts count_picture(const Raster& raster, const Tone& tone) {
  PictureCounts counts;
  std::vector<std::uint8_t> bytes;
  over_lines(raster,
             [&](int line, int count) { render_lines(raster, tone, line, count, bytes, &counts); });
  return counts;
}

void write_png(const Raster& raster, const Tone& tone, const std::filesystem::path& path) {
  PngWriter png(path, raster.samples(), raster.lines(), 3);
  std::vector<std::uint8_t> bytes;
  const std::size_t row = 3 * static_cast<std::size_t>(raster.samples());
  over_lines(raster, [&](int line, int count) {
    render_lines(raster, tone, line, count, bytes);
    for (std::size_t r = 0; r < static_cast<std::size_t>(count); ++r)
      png.row(std::span(bytes).subspan(r * row, row));
  });
  png.finish();
}

}
