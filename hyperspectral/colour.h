// Colour from spectra: CIE tristimulus sums, sRGB, and how far a sensor can be trusted with colour.
// Tables: resources/cie (SOURCE.md there).
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

using Triple = std::array<double, 3>;
using Matrix3 = std::array<Triple, 3>; // rows

enum class Observer { Cie1931, Cie1964 }; // 2 degrees, 10 degrees

// Sensor: X = k sum x(l) S(l) R(l) dl over the sensor's own bands (CIE 15:2018, 7.1; the sum that
// colour-science calls "Integration"). AstmE308: R is interpolated linearly to 1 nm and summed from
// 360 to 780 nm (ASTM E308-15, 7.1.1). Both: k makes Y of the perfect white 1, CIE tables are
// interpolated linearly.
enum class ColourSum { Sensor, AstmE308 };

struct Illuminant {
  std::string name;
  std::vector<double> nm, power; // nm rises; relative power
  // Linear between, the end's value outside.
  double at(double wavelength) const;
};
// "A", "C", "D50", "D55", "D65", "D75", "E". Throws Error Usage.
Illuminant illuminant(const std::string& name);
// A measured one: text with two numbers a line, nm and power, after at most one heading; it covers
// 400 to 700 nm. Throws Error BadInput naming the line.
Illuminant illuminant_from_file(const std::filesystem::path& path);

struct ColourWeights {
  std::vector<Triple> xyz; // one a band: XYZ = sum of reflectance times weight
  Triple white{};          // of reflectance 1 in the full sum
};
// nm: the bands' centres in any order, duplicates share their weight. hold_edges: the first and the
// last band stand for what the sensor does not see of 360 to 780 nm; else nothing stands for it and
// k is that of the bands alone. Throws Error Unsupported with fewer than three bands in 400 to
// 700 nm.
ColourWeights colour_weights(std::span<const double> nm, Observer observer, const Illuminant& light,
                             ColourSum sum, bool hold_edges);

// XYZ of D65 to linear sRGB: the rounded matrix of IEC 61966-2-1 (3.2406 ...).
const Matrix3& srgb_matrix();
// Bradford adaptation of XYZ from one white to another (ICC.1:2010, annex E).
Matrix3 bradford(const Triple& from_white, const Triple& to_white);
Matrix3 product(const Matrix3& a, const Matrix3& b);
Triple product(const Matrix3& m, const Triple& v);
// 0..1 linear to 0..1 encoded (IEC 61966-2-1); values outside are clipped.
double srgb_encoded(double linear);

// CIE L*a*b* (CIE 15:2018, 8.2.1), and the difference CIEDE2000 (Sharma, Wu, Dalal 2005).
Triple lab(const Triple& xyz, const Triple& white);
double delta_e_2000(const Triple& lab_a, const Triple& lab_b);

// The error that a sensor's bands make on the 24 patches of a ColorChecker, against the full sum
// over 380 to 780 nm with the same light and observer.
struct Coverage {
  double first_nm = 0, last_nm = 0; // of the bands
  double mean_delta_e = 0, max_delta_e = 0;
  std::string worst_patch;
  bool misses_visible = false; // starts above 405 nm, ends below 680 nm
  std::string text() const;    // one sentence
};
Coverage coverage(std::span<const double> nm, Observer observer, const Illuminant& light,
                  ColourSum sum, bool hold_edges);

// A table of resources/cie, for tests and pages: column names and columns; NaN for an empty cell.
struct ColourTable {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;
};
const ColourTable& colour_table(const std::string& file);

}
