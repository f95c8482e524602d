#include "pipelines/oct_hrf/etdrs.h"

#include <cmath>

namespace sensorium::oct_hrf {

namespace {

int sign_of(double v, double least) { return v > least ? 1 : v < -least ? -1 : 0; }

// Along the localiser: +1 when it grows with the column (or B-scan) number.
void directions_from_lines(const Volume& v, int& right_x, int& down_z) {
  const ScanLine &first = v.scan_lines.front(), &last = v.scan_lines.back();
  const double dx = first.x1 - first.x0, dy = first.y1 - first.y0;
  if (std::abs(dx) > 4 * std::abs(dy)) right_x = sign_of(dx, 0);
  const double zx = last.x0 - first.x0, zy = last.y0 - first.y0;
  if (std::abs(zy) > 4 * std::abs(zx)) down_z = sign_of(zy, 0);
}

}

std::optional<EtdrsGrid> etdrs_grid(const Volume& volume, double fovea_x, double fovea_z,
                                    std::string* why) {
  const auto missing = [&](const char* text) {
    if (why) *why = text;
  };
  if (!volume.spacing[0].known() || !volume.spacing[2].known()) {
    missing("the spacing along the scan or between the B-scans is unknown");
    return std::nullopt;
  }
  if (volume.depth < 2) {
    missing("a single B-scan covers no area");
    return std::nullopt;
  }
  EtdrsGrid g{.fovea_x = fovea_x < 0 ? (volume.width - 1) / 2.0 : fovea_x,
              .fovea_z = fovea_z < 0 ? (volume.depth - 1) / 2.0 : fovea_z,
              .x_um = volume.spacing[0].micrometres,
              .z_um = volume.spacing[2].micrometres};
  const int nasal_right = volume.laterality == Laterality::Right  ? 1
                          : volume.laterality == Laterality::Left ? -1
                                                                  : 0;
  if (volume.scan_lines.size() == static_cast<std::size_t>(volume.depth)) {
    int right_x = 0, down_z = 0;
    directions_from_lines(volume, right_x, down_z);
    g.nasal_x = right_x * nasal_right;
    g.superior_z = -down_z;
  } else if (volume.orientation) {
    const auto& d = volume.orientation->direction; // row-major: d[row * 3 + column], rows L, P, S
    g.nasal_x = sign_of(d[0], 0.7) * nasal_right;  // a right eye's nose lies to the patient's left
    g.superior_z = sign_of(d[8], 0.7);
  }
  if (g.nasal_x == 0 && g.superior_z == 0)
    missing("nothing says how the scan lies on the eye");
  else if (nasal_right == 0)
    missing("the laterality is unknown");
  else if (g.nasal_x == 0)
    missing("nothing says which way the B-scans run");
  else if (g.superior_z == 0)
    missing("nothing says in which order the B-scans lie");
  return g;
}

std::string etdrs_region(const EtdrsGrid& g, double x, double z) {
  const double dx = (x - g.fovea_x) * g.x_um, dz = (z - g.fovea_z) * g.z_um;
  const double r = std::hypot(dx, dz);
  if (r <= 500) return "centre";
  if (r > 3000) return "outside";
  const std::string ring = r <= 1500 ? "inner" : "outer";
  if (g.nasal_x == 0 || g.superior_z == 0) return ring + " ring";
  if (std::abs(dx) >= std::abs(dz)) return ring + (dx * g.nasal_x > 0 ? " nasal" : " temporal");
  return ring + (dz * g.superior_z > 0 ? " superior" : " inferior");
}

std::vector<std::string> etdrs_regions(const EtdrsGrid& g) {
  if (g.nasal_x == 0 || g.superior_z == 0) return {"centre", "inner ring", "outer ring", "outside"};
  return {"centre",         "inner superior", "inner nasal",    "inner inferior", "inner temporal",
          "outer superior", "outer nasal",    "outer inferior", "outer temporal", "outside"};
}

}
