#include "pipelines/oct_hrf/enhance.h"

#include "modules/imaging/filters.h"
#include "modules/signal/fft.h"
#include "pipelines/oct_hrf/surfaces.h"
#include "tests/bench/oct_hrf/bench.h"

#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <random>

namespace sensorium::bench {

namespace {

struct Picture {
  int width, height;
  std::vector<float> v;
};

Picture read(const std::filesystem::path& path) {
  const Volume volume = open_volume(path.string());
  return {volume.width, volume.height, finite_samples(volume)};
}

cv::Mat mat(const Picture& p) {
  return {p.height, p.width, CV_32F, const_cast<float*>(p.v.data())};
}
Picture picture(const cv::Mat& m) {
  cv::Mat f;
  m.convertTo(f, CV_32F);
  return {m.cols, m.rows, {f.ptr<float>(), f.ptr<float>() + f.total()}};
}

// Reference averages are of another size or registered to the same grid: here they are on the noisy
// picture's grid.
double psnr(const Picture& a, const Picture& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.v.size(); ++i) {
    const double d = std::clamp(a.v[i], 0.0f, 255.0f) - b.v[i];
    sum += d * d;
  }
  return 10 * std::log10(255.0 * 255.0 / (sum / static_cast<double>(a.v.size())));
}

// Wang 2004, IEEE Trans. Image Process. 13:600, with its Gaussian window of 1.5 pixels.
double ssim(const Picture& a, const Picture& b) {
  const auto blur = [](const cv::Mat& m) {
    cv::Mat out;
    cv::GaussianBlur(m, out, {11, 11}, 1.5);
    return out;
  };
  cv::Mat x = cv::max(cv::min(mat(a), 255), 0), y = mat(b);
  const cv::Mat mx = blur(x), my = blur(y);
  const cv::Mat vx = blur(x.mul(x)) - mx.mul(mx), vy = blur(y.mul(y)) - my.mul(my);
  const cv::Mat vxy = blur(x.mul(y)) - mx.mul(my);
  const double c1 = 6.5025, c2 = 58.5225;
  const cv::Mat top = (2 * mx.mul(my) + c1).mul(2 * vxy + c2);
  const cv::Mat low = (mx.mul(mx) + my.mul(my) + c1).mul(vx + vy + c2);
  return cv::mean(top / low)[0];
}

struct Regions {
  std::vector<std::size_t> retina, background;
};

// Retina: between the lines traced on the average. Background: rows at least 20 above the inner
// line.
Regions regions_of(const Picture& average) {
  Regions r;
  std::vector<float> unit = average.v;
  for (float& v : unit) v /= 255;
  const oct_hrf::BscanLines lines = oct_hrf::trace_bscan(unit, average.width, average.height);
  for (int x = 0; x < average.width; ++x)
    for (int y = 0; y < average.height; ++y) {
      const auto i = static_cast<std::size_t>(y) * average.width + x;
      if (y < lines.ilm[x] - 20) r.background.push_back(i);
      if (y > lines.ilm[x] && y < lines.bm[x]) r.retina.push_back(i);
    }
  return r;
}

std::pair<double, double> moments(const Picture& p, const std::vector<std::size_t>& at) {
  double sum = 0, square = 0;
  for (std::size_t i : at) {
    sum += p.v[i];
    square += double(p.v[i]) * p.v[i];
  }
  const double n = static_cast<double>(std::max<std::size_t>(1, at.size())), mean = sum / n;
  return {mean, square / n - mean * mean};
}

double cnr(const Picture& p, const Regions& r) {
  const auto [a, va] = moments(p, r.retina);
  const auto [b, vb] = moments(p, r.background);
  return (a - b) / std::sqrt(std::max(1e-9, va + vb));
}

// Spots of 3 to 8 pixels added to the noisy picture within the retina, 60 grey levels above what is
// there.
struct Spot {
  int x, y;
  double sigma;
};

std::vector<Spot> add_spots(Picture& p, const Regions& r, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Spot> spots;
  while (!r.retina.empty() && spots.size() < 40) {
    const std::size_t at = r.retina[random() % r.retina.size()];
    const Spot s{static_cast<int>(at % p.width), static_cast<int>(at / p.width),
                 0.8 + 1.2 * (random() % 1000) / 1000.0};
    if (s.x < 16 || s.y < 16 || s.x >= p.width - 16 || s.y >= p.height - 16) continue;
    for (int dy = -8; dy <= 8; ++dy)
      for (int dx = -8; dx <= 8; ++dx)
        p.v[static_cast<std::size_t>(s.y + dy) * p.width + s.x + dx] +=
            static_cast<float>(60 * std::exp(-(dx * dx + dy * dy) / (2 * s.sigma * s.sigma)));
    spots.push_back(s);
  }
  return spots;
}

// Mean of the inner sigma less mean of a ring of 6 to 8 pixels.
double contrast(const Picture& p, const std::vector<Spot>& spots) {
  double total = 0;
  for (const Spot& s : spots) {
    double in = 0, ring = 0;
    int n_in = 0, n_ring = 0;
    for (int dy = -8; dy <= 8; ++dy)
      for (int dx = -8; dx <= 8; ++dx) {
        const double r = std::hypot(dx, dy);
        const double v = p.v[static_cast<std::size_t>(s.y + dy) * p.width + s.x + dx];
        if (r <= s.sigma) in += v, ++n_in;
        if (r >= 6 && r <= 8) ring += v, ++n_ring;
      }
    total += in / n_in - ring / n_ring;
  }
  return total / static_cast<double>(std::max<std::size_t>(1, spots.size()));
}

// Spot's contrast over the standard deviation of the ring: what a detector sees.
double spot_cnr(const Picture& p, const std::vector<Spot>& spots) {
  double total = 0;
  for (const Spot& s : spots) {
    std::vector<std::size_t> ring;
    for (int dy = -8; dy <= 8; ++dy)
      for (int dx = -8; dx <= 8; ++dx)
        if (std::hypot(dx, dy) >= 5 && std::hypot(dx, dy) <= 8)
          ring.push_back(static_cast<std::size_t>(s.y + dy) * p.width + s.x + dx);
    const auto [mean, variance] = moments(p, ring);
    total += (contrast(p, {s})) / std::sqrt(std::max(1.0, variance));
  }
  return total / static_cast<double>(std::max<std::size_t>(1, spots.size()));
}

Picture ours(const Picture& p, int block, double strength) {
  return {p.width, p.height,
          oct_hrf::enhance_bscan(p.v, p.width, p.height, {.block = block, .strength = strength})};
}

Picture non_local_means(const Picture& p, float h) {
  cv::Mat in, out;
  mat(p).convertTo(in, CV_8U);
  cv::fastNlMeansDenoising(in, out, h, 7, 21);
  return picture(out);
}

Picture bilateral(const Picture& p, double colour, double space) {
  cv::Mat out;
  cv::bilateralFilter(mat(p), out, -1, colour, space);
  return picture(out);
}

}

void enhancement(const Arguments& arguments) {
  std::vector<std::filesystem::path> folders;
  for (const auto& e : std::filesystem::recursive_directory_iterator(arguments.at(0)))
    if (e.path().filename() == "average.tif") folders.push_back(e.path().parent_path());
  std::sort(folders.begin(), folders.end());
  if (arguments.size() > 1)
    folders.resize(std::min<std::size_t>(folders.size(), std::stoul(arguments[1])));

  std::vector<std::pair<std::string, std::function<Picture(const Picture&)>>> methods{
      {"none", [](const Picture& p) { return p; }},
      {"median 3",
       [](const Picture& p) {
         return Picture{p.width, p.height, median_filter(p.v, p.width, p.height, 3)};
       }},
      {"median 5",
       [](const Picture& p) {
         return Picture{p.width, p.height, median_filter(p.v, p.width, p.height, 5)};
       }},
      {"bilateral, 60 grey levels, 3 px", [](const Picture& p) { return bilateral(p, 60, 3); }},
      {"bilateral, 100 grey levels, 3 px", [](const Picture& p) { return bilateral(p, 100, 3); }},
      {"non-local means, h 25", [](const Picture& p) { return non_local_means(p, 25); }},
      {"non-local means, h 35", [](const Picture& p) { return non_local_means(p, 35); }},
      {"non-local means, h 45", [](const Picture& p) { return non_local_means(p, 45); }}};
  for (int block : {6, 8, 10, 12, 16})
    for (double strength : {2.0, 3.0, 4.0})
      methods.emplace_back("Fourier shrinkage, block " + std::to_string(block) + ", strength " +
                               std::to_string(static_cast<int>(strength)),
                           [=](const Picture& p) { return ours(p, block, strength); });

  std::printf("| method | PSNR, dB | SSIM | CNR | contrast of spots kept | spot CNR | ms |\n"
              "|---|---|---|---|---|---|---|\n");
  for (const auto& [name, method] : methods) {
    double sums[6] = {};
    for (std::size_t i = 0; i < folders.size(); ++i) {
      const Picture noisy = read(folders[i] / "test.tif"),
                    average = read(folders[i] / "average.tif");
      const Regions regions = regions_of(average);
      Picture clean{};
      sums[5] += 1e3 * fastest(1, [&] { clean = method(noisy); });
      sums[0] += psnr(clean, average);
      sums[1] += ssim(clean, average);
      sums[2] += cnr(clean, regions);
      Picture spotted = noisy;
      const std::vector<Spot> spots = add_spots(spotted, regions, 11 + static_cast<unsigned>(i));
      const Picture spotted_clean = method(spotted);
      sums[3] += (contrast(spotted_clean, spots) - contrast(clean, spots)) /
                 (contrast(spotted, spots) - contrast(noisy, spots));
      sums[4] += spot_cnr(spotted_clean, spots);
    }
    const double n = static_cast<double>(folders.size());
    std::printf("| %s | %.2f | %.3f | %.2f | %.0f %% | %.2f | %.0f |\n", name.c_str(), sums[0] / n,
                sums[1] / n, sums[2] / n, 100 * sums[3] / n, sums[4] / n, sums[5] / n);
    std::fflush(stdout);
  }
}

void enhancement_speed(const Arguments&) {
  constexpr int width = 512, height = 496, depth = 97;
  std::vector<float> volume(static_cast<std::size_t>(width) * height * depth);
  std::mt19937 random(1);
  for (float& v : volume) v = static_cast<float>(random() % 4096) / 4096.0f;
  std::vector<std::complex<float>> spectra(static_cast<std::size_t>(half_width(width)) * height *
                                           depth);
  std::printf("| step | threads | s |\n|---|---|---|\n");
  for (int threads : {1, 2}) {
    const double forward = fastest(5, [&] { fft2d(volume, spectra, height, width, threads); });
    std::printf("| fft2d | %d | %.3f |\n", threads, forward);
  }
  for (int threads : {1, 2}) {
    const double all =
        fastest(3, [&] { oct_hrf::enhance_volume(volume, width, height, {}, threads); });
    std::printf("| enhance_volume | %d | %.3f |\n", threads, all);
  }
}

}
