// How far phantom B-scans lie from real ones: grey levels, texture, contrast. One B-scan of each
// file, the middle one, against one of each of the phantom seeds 500 to 509.
#include "modules/imaging/filters.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/phantom.h"
#include "tests/bench/oct_hrf/bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

namespace sensorium::bench {
namespace {

struct Bscan {
  std::vector<float> grey; // 0 .. 1 after the pipeline's normalisation
  int width = 0, height = 0;
};

Bscan bscan_of(const Volume& v, int z) {
  const std::size_t plane = static_cast<std::size_t>(v.width) * v.height;
  const std::vector<float> all = finite_samples(v);
  return {
      oct_hrf::normalise_bscan(std::span(all).subspan(static_cast<std::size_t>(z) * plane, plane)),
      v.width, v.height};
}

// Wasserstein distance of order 1 of two samples on a line: the mean gap between their quantiles.
double wasserstein(std::vector<float> a, std::vector<float> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const int n = 10000;
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    const double q = (i + 0.5) / n;
    sum += std::abs(a[static_cast<std::size_t>(q * static_cast<double>(a.size()))] -
                    b[static_cast<std::size_t>(q * static_cast<double>(b.size()))]);
  }
  return sum / n;
}

struct Texture {
  double along = 0, depth = 0; // correlation with the next pixel, of what a blur of 3 px leaves
  double contrast = 0;         // its deviation over the mean grey
};

// In the brightest fifth of the blurred picture: the bright layers of the retina.
Texture texture_of(const Bscan& b) {
  const std::vector<float> smooth = gaussian_blur(b.grey, b.width, b.height, 3, 3);
  std::vector<float> sorted = smooth;
  std::sort(sorted.begin(), sorted.end());
  const float bright = sorted[sorted.size() * 4 / 5];
  double square = 0, along = 0, depth = 0, grey = 0;
  std::size_t n = 0;
  for (int y = 0; y + 1 < b.height; ++y)
    for (int x = 0; x + 1 < b.width; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * b.width + x, below = i + b.width;
      if (smooth[i] < bright) continue;
      const double r = b.grey[i] - smooth[i];
      square += r * r;
      along += r * (b.grey[i + 1] - smooth[i + 1]);
      depth += r * (b.grey[below] - smooth[below]);
      grey += b.grey[i];
      ++n;
    }
  return {along / square, depth / square, std::sqrt(square / n) / (grey / n)};
}

std::string range(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  char text[80];
  std::snprintf(text, sizeof text, "%.3f (%.3f to %.3f)", v[v.size() / 2], v.front(), v.back());
  return text;
}

}

void phantom_distance(const Arguments& files) {
  std::vector<Bscan> phantoms;
  std::vector<double> along, depth, contrast;
  for (int seed = 500; seed < 510; ++seed) {
    oct_hrf::PhantomOptions options;
    options.seed = seed;
    options.scans = 1;
    phantoms.push_back(bscan_of(oct_hrf::make_phantom(options, 2).volume, 0));
    const Texture t = texture_of(phantoms.back());
    along.push_back(t.along);
    depth.push_back(t.depth);
    contrast.push_back(t.contrast);
  }
  std::printf("| B-scan | Wasserstein distance to the phantoms' grey levels | correlation along | "
              "in depth | "
              "contrast |\n|---|---|---|---|---|\n");
  for (const std::string& file : files) {
    const Volume v = open_volume(file);
    const Bscan real = bscan_of(v, v.depth / 2);
    const Texture t = texture_of(real);
    const std::filesystem::path path(file);
    const std::string name = (path.parent_path().filename() / path.filename()).string();
    std::vector<double> distances;
    for (const Bscan& p : phantoms) distances.push_back(wasserstein(real.grey, p.grey));
    std::printf("| %s | %s | %.2f | %.2f | %.3f |\n", name.c_str(), range(distances).c_str(),
                t.along, t.depth, t.contrast);
  }
  std::printf("| phantoms, seeds 500 to 509 | | %s | %s | %s |\n", range(along).c_str(),
              range(depth).c_str(), range(contrast).c_str());
}

}
