#include "hyperspectral/colour.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <numbers>
#include <numeric>
#include <sstream>

namespace sensorium::hyper {
namespace fs = std::filesystem;
namespace {

constexpr int first_nm = 360, last_nm = 780;

double number_in(std::string_view text) {
  double value = std::numeric_limits<double>::quiet_NaN();
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size()
             ? value
             : std::numeric_limits<double>::quiet_NaN();
}

ColourTable read_table(const fs::path& path) {
  std::istringstream in(read_text(path, 1u << 20));
  ColourTable table;
  std::string line, cell;
  std::getline(in, line);
  for (std::istringstream cells(line); std::getline(cells, cell, ',');) table.names.push_back(cell);
  table.columns.resize(table.names.size());
  while (std::getline(in, line)) {
    std::size_t column = 0;
    line += ',';
    for (std::istringstream cells(line); std::getline(cells, cell, ',');)
      if (column < table.columns.size()) table.columns[column++].push_back(number_in(cell));
    if (column != table.columns.size())
      throw Error(ErrorCode::BadInput, fmt::format("'{}' is damaged", path.string()),
                  "install the program again");
  }
  return table;
}

double interpolated(std::span<const double> x, std::span<const double> y, double at) {
  if (at <= x.front()) return y.front();
  if (at >= x.back()) return y.back();
  const auto above = std::upper_bound(x.begin(), x.end(), at);
  const auto i = static_cast<std::size_t>(above - x.begin());
  const double t = (at - x[i - 1]) / (x[i] - x[i - 1]);
  return t == 0 ? y[i - 1] : y[i - 1] + t * (y[i] - y[i - 1]);
}

// The colour matching functions at a wavelength; 0 outside of their table.
Triple matching(Observer observer, double nm) {
  const ColourTable& table = colour_table(observer == Observer::Cie1931 ? "cie_1931_2deg_1nm.csv"
                                                                        : "cie_1964_10deg_1nm.csv");
  if (nm < table.columns[0].front() || nm > table.columns[0].back()) return {};
  Triple out{};
  for (std::size_t c = 0; c < 3; ++c)
    out[c] = interpolated(table.columns[0], table.columns[c + 1], nm);
  return out;
}

// Band centres in rising order, equal ones together.
struct Grid {
  std::vector<double> nm;
  std::vector<std::vector<std::size_t>> bands;
};

Grid grid_of(std::span<const double> nm) {
  std::vector<std::size_t> order(nm.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return nm[a] < nm[b]; });
  Grid grid;
  for (const std::size_t i : order) {
    if (grid.nm.empty() || nm[i] != grid.nm.back()) {
      grid.nm.push_back(nm[i]);
      grid.bands.emplace_back();
    }
    grid.bands.back().push_back(i);
  }
  return grid;
}

void check_visible(const Grid& grid) {
  const auto seen = std::count_if(grid.nm.begin(), grid.nm.end(),
                                  [](double nm) { return nm >= 400 && nm <= 700; });
  if (seen < 3)
    throw Error(ErrorCode::Unsupported,
                fmt::format("only {} bands lie in 400 to 700 nm (the bands go from {:g} to {:g} "
                            "nm): these spectra have no colour",
                            seen, grid.nm.empty() ? 0 : grid.nm.front(),
                            grid.nm.empty() ? 0 : grid.nm.back()),
                "choose another route, for example --route pca");
}

// Sums of matching function times light, folded onto the grid.
struct Sums {
  std::vector<Triple> weight;
  Triple all{};
  void add(std::size_t at, double share, const Triple& value) {
    for (std::size_t c = 0; c < 3; ++c) {
      weight[at][c] += share * value[c];
      all[c] += share * value[c];
    }
  }
};

Triple lit(Observer observer, const Illuminant& light, double nm) {
  Triple v = matching(observer, nm);
  const double power = light.at(nm);
  for (double& one : v) one *= power;
  return v;
}

Sums sensor_sums(const Grid& grid, Observer observer, const Illuminant& light, bool hold) {
  const std::size_t n = grid.nm.size();
  Sums sums{std::vector<Triple>(n)};
  const auto width = [&](std::size_t i) {
    if (i == 0) return grid.nm[1] - grid.nm[0];
    if (i + 1 == n) return grid.nm[n - 1] - grid.nm[n - 2];
    return (grid.nm[i + 1] - grid.nm[i - 1]) / 2;
  };
  for (std::size_t i = 0; i < n; ++i) sums.add(i, width(i), lit(observer, light, grid.nm[i]));
  if (!hold) return sums;
  // The grid goes on beyond its ends, with the step that it has there, on the edge bands' account.
  // Steps wider than 5 nm are taken as 5 nm.
  const double below = std::min(5.0, width(0)), above = std::min(5.0, width(n - 1));
  for (double l = grid.nm.front() - width(0) / 2 - below / 2; l >= first_nm; l -= below)
    sums.add(0, below, lit(observer, light, l));
  for (double l = grid.nm.back() + width(n - 1) / 2 + above / 2; l <= last_nm; l += above)
    sums.add(n - 1, above, lit(observer, light, l));
  return sums;
}

Sums nanometre_sums(const Grid& grid, Observer observer, const Illuminant& light, bool hold) {
  const std::size_t n = grid.nm.size();
  Sums sums{std::vector<Triple>(n)};
  for (int l = first_nm; l <= last_nm; ++l) {
    const double nm = l;
    const Triple value = lit(observer, light, nm);
    if (nm < grid.nm.front() || nm > grid.nm.back()) {
      if (hold) sums.add(nm < grid.nm.front() ? 0 : n - 1, 1, value);
      continue;
    }
    const auto above = static_cast<std::size_t>(
        std::upper_bound(grid.nm.begin(), grid.nm.end(), nm) - grid.nm.begin());
    if (above == n) {
      sums.add(n - 1, 1, value);
      continue;
    }
    const double t = (nm - grid.nm[above - 1]) / (grid.nm[above] - grid.nm[above - 1]);
    sums.add(above - 1, 1 - t, value);
    sums.add(above, t, value);
  }
  return sums;
}

Triple weighted(std::span<const Triple> weights, std::span<const double> values) {
  Triple out{};
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c) out[c] += weights[i][c] * values[i];
  return out;
}

Matrix3 inverse(const Matrix3& m) {
  const auto minor = [&](int r, int c) {
    const auto a = static_cast<std::size_t>((r + 1) % 3), b = static_cast<std::size_t>((r + 2) % 3),
               d = static_cast<std::size_t>((c + 1) % 3), e = static_cast<std::size_t>((c + 2) % 3);
    return m[a][d] * m[b][e] - m[a][e] * m[b][d];
  };
  const double det = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  Matrix3 out{};
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c)
      out[static_cast<std::size_t>(c)][static_cast<std::size_t>(r)] = minor(r, c) / det;
  return out;
}

}

const ColourTable& colour_table(const std::string& file) {
  static std::mutex mutex;
  static std::map<std::string, ColourTable> tables;
  const std::lock_guard lock(mutex);
  const auto at = tables.find(file);
  return at != tables.end()
             ? at->second
             : tables.emplace(file, read_table(resources_folder() / "cie" / file)).first->second;
}

double Illuminant::at(double wavelength) const { return interpolated(nm, power, wavelength); }

Illuminant illuminant(const std::string& name) {
  if (name == "E") return {name, {first_nm, last_nm}, {100, 100}};
  const ColourTable& table = colour_table("illuminants_5nm.csv");
  for (std::size_t c = 1; c < table.names.size(); ++c)
    if (table.names[c] == name) {
      Illuminant out{.name = name};
      for (std::size_t i = 0; i < table.columns[0].size(); ++i)
        if (std::isfinite(table.columns[c][i])) {
          out.nm.push_back(table.columns[0][i]);
          out.power.push_back(table.columns[c][i]);
        }
      return out;
    }
  throw Error(ErrorCode::Usage, fmt::format("there is no illuminant '{}'", name),
              "A, C, D50, D55, D65, D75 or E");
}

Illuminant illuminant_from_file(const fs::path& path) {
  std::istringstream in(read_text(path, 4u << 20));
  Illuminant out{.name = path.filename().string()};
  int number = 0;
  const auto bad = [&](const std::string& what) {
    return Error(ErrorCode::BadInput, fmt::format("'{}', line {}: {}", path.string(), number, what),
                 "two numbers a line: wavelength in nm and power, wavelengths rising");
  };
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == ',' || c == ';' || c == '\t'; }, ' ');
    std::istringstream words(line);
    std::string nm, power;
    if (!(words >> nm) || nm[0] == '#') continue;
    words >> power;
    const double l = number_in(nm), p = number_in(power);
    if (!std::isfinite(l) || !std::isfinite(p)) {
      if (out.nm.empty() && number == 1) continue; // a heading
      throw bad("no two numbers");
    }
    if (p < 0) throw bad(fmt::format("the power {} is negative", p));
    if (!out.nm.empty() && l <= out.nm.back())
      throw bad(fmt::format("{} nm after {} nm", l, out.nm.back()));
    out.nm.push_back(l);
    out.power.push_back(p);
  }
  if (out.nm.size() < 2 || out.nm.front() > first_nm + 40 || out.nm.back() < last_nm - 80)
    throw bad("it does not cover 400 to 700 nm");
  if (*std::max_element(out.power.begin(), out.power.end()) <= 0) throw bad("it has no power");
  return out;
}

ColourWeights colour_weights(std::span<const double> nm, Observer observer, const Illuminant& light,
                             ColourSum sum, bool hold_edges) {
  const Grid grid = grid_of(nm);
  check_visible(grid);
  const Sums sums = sum == ColourSum::Sensor ? sensor_sums(grid, observer, light, hold_edges)
                                             : nanometre_sums(grid, observer, light, hold_edges);
  const double k = 1 / sums.all[1];
  ColourWeights out{std::vector<Triple>(nm.size())};
  for (std::size_t i = 0; i < grid.nm.size(); ++i)
    for (const std::size_t band : grid.bands[i])
      for (std::size_t c = 0; c < 3; ++c)
        out.xyz[band][c] = k * sums.weight[i][c] / static_cast<double>(grid.bands[i].size());
  for (std::size_t c = 0; c < 3; ++c) out.white[c] = k * sums.all[c];
  return out;
}

const Matrix3& srgb_matrix() {
  static const Matrix3 m{
      {{3.2406, -1.5372, -0.4986}, {-0.9689, 1.8758, 0.0415}, {0.0557, -0.2040, 1.0570}}};
  return m;
}

Triple product(const Matrix3& m, const Triple& v) {
  Triple out{};
  for (std::size_t r = 0; r < 3; ++r) out[r] = m[r][0] * v[0] + m[r][1] * v[1] + m[r][2] * v[2];
  return out;
}

Matrix3 product(const Matrix3& a, const Matrix3& b) {
  Matrix3 out{};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c)
      out[r][c] = a[r][0] * b[0][c] + a[r][1] * b[1][c] + a[r][2] * b[2][c];
  return out;
}

Matrix3 bradford(const Triple& from_white, const Triple& to_white) {
  static const Matrix3 cone{
      {{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}};
  const Triple from = product(cone, from_white), to = product(cone, to_white);
  const Matrix3 scale{{{to[0] / from[0], 0, 0}, {0, to[1] / from[1], 0}, {0, 0, to[2] / from[2]}}};
  return product(inverse(cone), product(scale, cone));
}

double srgb_encoded(double linear) {
  const double v = std::clamp(linear, 0.0, 1.0);
  return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
}

Triple lab(const Triple& xyz, const Triple& white) {
  const auto f = [](double t) {
    constexpr double limit = 216.0 / 24389.0, slope = 24389.0 / 27.0;
    return t > limit ? std::cbrt(t) : (slope * t + 16) / 116;
  };
  const double x = f(xyz[0] / white[0]), y = f(xyz[1] / white[1]), z = f(xyz[2] / white[2]);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double delta_e_2000(const Triple& p, const Triple& q) {
  constexpr double degree = std::numbers::pi / 180, pow25_7 = 6103515625.0;
  const double c_mean = (std::hypot(p[1], p[2]) + std::hypot(q[1], q[2])) / 2;
  const double c7 = std::pow(c_mean, 7), g = 0.5 * (1 - std::sqrt(c7 / (c7 + pow25_7)));
  const auto hue = [](double a, double b) {
    if (a == 0 && b == 0) return 0.0;
    const double h = std::atan2(b, a) / degree;
    return h < 0 ? h + 360 : h;
  };
  const double a1 = (1 + g) * p[1], a2 = (1 + g) * q[1];
  const double c1 = std::hypot(a1, p[2]), c2 = std::hypot(a2, q[2]);
  const double h1 = hue(a1, p[2]), h2 = hue(a2, q[2]);
  const bool grey = c1 * c2 == 0;
  double dh = grey ? 0 : h2 - h1;
  if (dh > 180) dh -= 360;
  if (dh < -180) dh += 360;
  const double dl = q[0] - p[0], dc = c2 - c1,
               big_h = 2 * std::sqrt(c1 * c2) * std::sin(dh / 2 * degree);
  double h_mean = h1 + h2;
  if (!grey)
    h_mean = std::abs(h1 - h2) <= 180 ? h_mean / 2
             : h_mean < 360           ? (h_mean + 360) / 2
                                      : (h_mean - 360) / 2;
  const double l_mean = (p[0] + q[0]) / 2, c_bar = (c1 + c2) / 2;
  const double t =
      1 - 0.17 * std::cos((h_mean - 30) * degree) + 0.24 * std::cos(2 * h_mean * degree) +
      0.32 * std::cos((3 * h_mean + 6) * degree) - 0.20 * std::cos((4 * h_mean - 63) * degree);
  const double turn = 30 * std::exp(-std::pow((h_mean - 275) / 25, 2));
  const double cb7 = std::pow(c_bar, 7), rc = 2 * std::sqrt(cb7 / (cb7 + pow25_7));
  const double l50 = (l_mean - 50) * (l_mean - 50);
  const double sl = 1 + 0.015 * l50 / std::sqrt(20 + l50), sc = 1 + 0.045 * c_bar,
               sh = 1 + 0.015 * c_bar * t;
  const double l = dl / sl, c = dc / sc, h = big_h / sh;
  return std::sqrt(l * l + c * c + h * h - std::sin(2 * turn * degree) * rc * c * h);
}

Coverage coverage(std::span<const double> nm, Observer observer, const Illuminant& light,
                  ColourSum sum, bool hold_edges) {
  const ColourTable& chart = colour_table("colorchecker_ohta_5nm.csv");
  const ColourWeights whole =
      colour_weights(chart.columns[0], observer, light, ColourSum::AstmE308, true);
  const ColourWeights own = colour_weights(nm, observer, light, sum, hold_edges);
  const auto [least, most] = std::minmax_element(nm.begin(), nm.end());
  Coverage out{.first_nm = *least, .last_nm = *most};
  out.misses_visible = *least > 405 || *most < 680;
  std::vector<double> seen(nm.size());
  for (std::size_t p = 1; p < chart.names.size(); ++p) {
    for (std::size_t i = 0; i < nm.size(); ++i)
      seen[i] = interpolated(chart.columns[0], chart.columns[p], nm[i]);
    const double error = delta_e_2000(lab(weighted(whole.xyz, chart.columns[p]), whole.white),
                                      lab(weighted(own.xyz, seen), own.white));
    out.mean_delta_e += error / static_cast<double>(chart.names.size() - 1);
    if (error > out.max_delta_e) {
      out.max_delta_e = error;
      out.worst_patch = chart.names[p];
    }
  }
  return out;
}

std::string Coverage::text() const {
  return fmt::format("{} from {:.4g} to {:.4g} nm: the expected colour error on a ColorChecker is "
                     "delta E 2000 {:.2g} in the mean, {:.2g} at most ({})",
                     misses_visible ? "The sensor misses a part of the visible, it sees"
                                    : "The sensor sees",
                     first_nm, last_nm, mean_delta_e, max_delta_e, worst_patch);
}

}
