#include "hyperspectral/tissue_optics.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace sensorium::hyper {
namespace {

struct Row {
  double nm = 0;
  std::array<double, 2> value{};
};

std::vector<Row> table(const char* file) {
  const auto path = resources_folder() / "tissue" / file;
  std::istringstream in(read_text(path, 1u << 20));
  std::string line;
  std::getline(in, line);
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream cells(line);
    Row row;
    cells >> row.nm >> row.value[0] >> row.value[1];
    rows.push_back(row);
  }
  if (rows.size() < 2)
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is damaged", path.string()),
                "install the program again");
  return rows;
}

double at(const std::vector<Row>& rows, double nm, std::size_t column) {
  if (nm <= rows.front().nm) return rows.front().value[column];
  if (nm >= rows.back().nm) return rows.back().value[column];
  const auto above = std::upper_bound(rows.begin(), rows.end(), nm,
                                      [](double v, const Row& row) { return v < row.nm; });
  const Row &low = *(above - 1), &high = *above;
  const double t = (nm - low.nm) / (high.nm - low.nm);
  return (1 - t) * low.value[column] + t * high.value[column];
}

}

Chromophores chromophores(double nm) {
  static const std::vector<Row> blood = table("whole_blood.csv"), water = table("water.csv"),
                                lipid = table("lipid.csv");
  nm = std::clamp(nm, 400.0, 1000.0);
  return {.oxy_blood = 10 * at(blood, nm, 0),
          .deoxy_blood = 10 * at(blood, nm, 1),
          .melanosome = 6.6e11 * std::pow(nm, -3.33),
          .water = at(water, nm, 0),
          .lipid = at(lipid, nm, 0) / 100,
          .skin = 0.244 + 85.3 * std::exp(-(nm - 154) / 66.2)};
}

Chromophores chromophores(double nm, double fwhm_nm) {
  if (fwhm_nm <= 0) return chromophores(nm);
  constexpr int half = 4;
  const double deviation = fwhm_nm / 2.35482;
  Chromophores sum;
  double weights = 0;
  for (int i = -half; i <= half; ++i) {
    const double z = 2.0 * i / half, w = std::exp(-z * z / 2);
    const Chromophores c = chromophores(nm + z * deviation);
    sum.oxy_blood += w * c.oxy_blood;
    sum.deoxy_blood += w * c.deoxy_blood;
    sum.melanosome += w * c.melanosome;
    sum.water += w * c.water;
    sum.lipid += w * c.lipid;
    sum.skin += w * c.skin;
    weights += w;
  }
  for (double* v :
       {&sum.oxy_blood, &sum.deoxy_blood, &sum.melanosome, &sum.water, &sum.lipid, &sum.skin})
    *v /= weights;
  return sum;
}

double absorption(const Tissue& t, const Chromophores& c) {
  return t.blood * (t.oxygenation * c.oxy_blood + (1 - t.oxygenation) * c.deoxy_blood) +
         t.melanin * c.melanosome + t.water * c.water + t.lipid * c.lipid + t.skin * c.skin;
}

double reduced_scattering(const Tissue& t, double nm) {
  return t.scatter_a * std::pow(nm / 500, -t.scatter_b);
}

double diffuse_reflectance(double mua, double mus) {
  constexpr double n = 1.4, r = -1.440 / (n * n) + 0.710 / n + 0.668 + 0.0636 * n,
                   a = (1 + r) / (1 - r);
  const double albedo = mus / (mua + mus), s = std::sqrt(3 * (1 - albedo));
  return albedo / 2 * (1 + std::exp(-4.0 / 3 * a * s)) * std::exp(-s);
}

double reflectance(const Surface& p, double nm, const Chromophores& c) {
  double r = 0;
  if (p.material) {
    const double z = (nm - p.bump_nm) / p.bump_width_nm;
    r = std::max(0.0, p.level + p.slope * (nm - 700) / 100 + p.bump * std::exp(-z * z / 2));
    if (p.stain_um > 0)
      r *= std::exp(-2e-4 * p.stain_um * (0.7 * c.oxy_blood + 0.3 * c.deoxy_blood));
  } else {
    r = diffuse_reflectance(absorption(p.bulk, c), reduced_scattering(p.bulk, nm));
    if (p.layer_um > 0) r *= std::exp(-3e-4 * p.layer_um * absorption(p.layer, c));
  }
  return p.light * r + p.glint;
}

}
