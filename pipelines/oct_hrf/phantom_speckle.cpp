#include "pipelines/oct_hrf/phantom_speckle.h"

#include "modules/core/error.h"
#include "modules/core/random.h"

#include <algorithm>
#include <cmath>
#include <complex>

namespace sensorium::oct_hrf {

namespace {

using Complex = std::complex<float>;

// A Gaussian whose squared weights add up to 1: it keeps the variance of white noise.
std::vector<float> energy_kernel(double sigma) {
  const int radius = sigma > 0 ? static_cast<int>(std::ceil(3 * sigma)) : 0;
  std::vector<float> kernel(2 * radius + 1);
  double energy = 0;
  for (int i = -radius; i <= radius; ++i) {
    const double w = sigma > 0 ? std::exp(-0.5 * i * i / (sigma * sigma)) : 1;
    kernel[i + radius] = static_cast<float>(w);
    energy += w * w;
  }
  for (float& w : kernel) w /= static_cast<float>(std::sqrt(energy));
  return kernel;
}

std::vector<Complex> white_field(std::size_t count, Random& random) {
  std::vector<Complex> field(count);
  for (Complex& f : field) {
    const std::uint64_t bits = random.bits();
    const float u = (static_cast<float>(bits >> 40) + 1) * 0x1.0p-24f;
    const float phase = static_cast<float>(bits & 0xffffff) * (0x1.0p-24f * 6.2831853f);
    const float radius = std::sqrt(-std::log(u));
    f = {radius * std::cos(phase), radius * std::sin(phase)};
  }
  return field;
}

}

std::vector<float> speckle(int width, int height, const SpeckleOptions& options,
                           std::uint64_t key) {
  if (options.looks < 1) throw Error(ErrorCode::Usage, "speckle needs at least one look");
  const std::vector<float> kx = energy_kernel(options.sigma_x_px);
  const std::vector<float> ky = energy_kernel(options.sigma_y_px);
  const int pw = width + static_cast<int>(kx.size()) - 1;
  const int ph = height + static_cast<int>(ky.size()) - 1;
  std::vector<float> out(static_cast<std::size_t>(width) * height, 0.0f);
  const float share = 1.0f / static_cast<float>(options.looks);
  std::vector<Complex> column(pw);
  for (int look = 0; look < options.looks; ++look) {
    Random random(random_key({key, static_cast<std::uint64_t>(look)}));
    const std::vector<Complex> white = white_field(static_cast<std::size_t>(pw) * ph, random);
    for (int y = 0; y < height; ++y) {
      std::fill(column.begin(), column.end(), Complex{});
      for (std::size_t k = 0; k < ky.size(); ++k) {
        const Complex* row = white.data() + (y + k) * pw;
        for (int x = 0; x < pw; ++x) column[x] += ky[k] * row[x];
      }
      for (int x = 0; x < width; ++x) {
        Complex sum{};
        for (std::size_t k = 0; k < kx.size(); ++k) sum += kx[k] * column[x + k];
        out[static_cast<std::size_t>(y) * width + x] += share * std::norm(sum);
      }
    }
  }
  return out;
}

namespace {
constexpr double log_range_db = 50;
}

std::vector<std::uint8_t> to_grey(std::span<const float> intensity, const std::string& display) {
  std::vector<std::uint8_t> out(intensity.size());
  const bool logarithmic = display == "log";
  for (std::size_t i = 0; i < intensity.size(); ++i) {
    const float v = std::max(intensity[i], 1e-12f);
    const float grey =
        logarithmic ? 255.0f * (1.0f + 10.0f * std::log10(v) / static_cast<float>(log_range_db))
                    : 255.0f * std::sqrt(std::sqrt(v));
    out[i] = static_cast<std::uint8_t>(std::lround(std::clamp(grey, 0.0f, 255.0f)));
  }
  return out;
}

double grey_to_intensity(double grey, const std::string& display) {
  const double part = std::clamp(grey / 255.0, 0.0, 1.0);
  if (display == "log") return std::pow(10.0, (part - 1) * log_range_db / 10);
  return part * part * part * part;
}

}
