// Volumes drawn by hand, whose numbers can be counted on paper.
#pragma once

#include "modules/core/dataset.h"
#include "pipelines/oct_hrf/count.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace sensorium::test {

struct Scale {
  double x = 0, y = 0, z = 0; // um; 0: unknown
};

inline Spacing spacing(double um) {
  return um > 0 ? known_spacing(um, ScaleSource::HeaderTag, "Scale") : unknown_spacing("no field");
}

// An empty grey volume with lines: ILM at 20, RPE at 80, BM at 84; grey 100 everywhere.
struct Drawn {
  int width, height, depth;
  Volume volume;
  std::vector<std::uint8_t> map, grey;
  Surface ilm, rpe, bm;
  bool lines = true;

  Drawn(int w, int h, int d, Scale s) : width(w), height(h), depth(d) {
    volume.width = w;
    volume.height = h;
    volume.depth = d;
    volume.spacing = {spacing(s.x), spacing(s.y), spacing(s.z)};
    const std::size_t n = volume.voxels(), area = static_cast<std::size_t>(w) * d;
    map.assign(n, 0);
    grey.assign(n, 100);
    ilm = {"ILM", std::vector<float>(area, 20), "computed", {}};
    rpe = {"RPE", std::vector<float>(area, 80), "computed", {}};
    bm = {"BM", std::vector<float>(area, 84), "computed", {}};
  }
  std::size_t at(int x, int y, int z) const {
    return (static_cast<std::size_t>(z) * height + y) * width + x;
  }
  void box(int x0, int y0, int z0, int x1, int y1, int z1, int probability, int brightness = 200) {
    for (int z = z0; z <= z1; ++z)
      for (int y = y0; y <= y1; ++y)
        for (int x = x0; x <= x1; ++x) {
          map[at(x, y, z)] = static_cast<std::uint8_t>(probability);
          grey[at(x, y, z)] = static_cast<std::uint8_t>(brightness);
        }
  }
  oct_hrf::Scene scene() const {
    oct_hrf::Scene s{.width = width, .height = height, .depth = depth, .grey = grey};
    if (lines) {
      s.ilm = &ilm;
      s.rpe = &rpe;
      s.bm = &bm;
    }
    oct_hrf::measure_layers(s);
    return s;
  }
  Findings count(const oct_hrf::CountOptions& options) const {
    return oct_hrf::count_foci(volume, ComponentIndex(map, width, height, depth, 13), scene(),
                               options);
  }
};

inline double summary(const Findings& f, const std::string& name) {
  for (const Measure& m : f.summary)
    if (m.name == name) return m.value;
  return -1;
}

inline Measure measure(const Finding& f, const std::string& name) {
  for (const Measure& m : f.measures)
    if (m.name == name) return m;
  return {};
}

inline const Table* table(const Findings& f, const std::string& name) {
  for (const Table& t : f.tables)
    if (t.name == name) return &t;
  return nullptr;
}

inline bool noted(const std::vector<std::string>& notes, const std::string& part) {
  for (const std::string& n : notes)
    if (n.find(part) != std::string::npos) return true;
  return false;
}

// A retina in grey values 0 .. 255, with speckle: dark vitreous, nerve fibres, inner and outer
// layers, bright epithelium, a choroid that fades. Rows of the borders: ILM at ilm(x), RPE 70 rows
// below, BM 8 rows further.
struct Retina {
  int width = 256, height = 256;
  double slope = 0.1;
  double noise = 18;
  unsigned seed = 1;
  double ilm(int x) const { return 70 + slope * x + 5 * std::sin(x / 40.0); }
  double rpe(int x) const { return ilm(x) + 70; }
  double bm(int x) const { return rpe(x) + 8; }

  Volume volume() const {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, 1);
    std::vector<std::uint8_t> v(static_cast<std::size_t>(width) * height);
    for (int x = 0; x < width; ++x)
      for (int y = 0; y < height; ++y) {
        double grey = 20;
        if (y >= bm(x))
          grey = 20 + 90 * std::exp(-(y - bm(x)) / 25);
        else if (y >= rpe(x))
          grey = 220;
        else if (y >= ilm(x) + 50)
          grey = 70;
        else if (y >= ilm(x) + 12)
          grey = 105;
        else if (y >= ilm(x))
          grey = 165;
        grey *= 1 + noise / 100 * normal(random);
        v[static_cast<std::size_t>(y) * width + x] =
            static_cast<std::uint8_t>(std::clamp(grey + 6 * normal(random), 1.0, 254.0));
      }
    Volume out;
    out.width = width;
    out.height = height;
    out.depth = 1;
    out.pixels = Buffer::of(std::move(v));
    out.spacing = {spacing(6), spacing(4), spacing(0)};
    out.origin.path = "drawn";
    return out;
  }
};

inline std::vector<std::uint8_t> pixels_of(const Volume& v) {
  const auto s = samples<std::uint8_t>(v.pixels);
  return {s.begin(), s.end()};
}

}
