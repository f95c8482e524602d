// Light that comes back from tissue. Coefficients and sources: resources/tissue/SOURCE.md.
#pragma once

#include <span>
#include <vector>

namespace sensorium::hyper {

// Absorption in 1/cm of what tissue is made of, at one wavelength.
struct Chromophores {
  double oxy_blood = 0, deoxy_blood = 0;                 // whole blood, 150 g/l of haemoglobin
  double melanosome = 0, water = 0, lipid = 0, skin = 0; // skin: without blood and melanin
};
// 400 to 1000 nm; outside the end's value holds. Throws Error NotFound without the tables.
Chromophores chromophores(double nm);
// The mean over a band of the given full width at half maximum (Gaussian, to two deviations).
Chromophores chromophores(double nm, double fwhm_nm);

// Volume fractions, 0 to 1, and the power law of reduced scattering: a (nm / 500)^-b, a in 1/cm.
struct Tissue {
  double blood = 0, oxygenation = 0.7;
  double melanin = 0, water = 0, lipid = 0, skin = 0;
  double scatter_a = 24.2, scatter_b = 1.611;
};
double absorption(const Tissue& tissue, const Chromophores& c); // 1/cm
double reduced_scattering(const Tissue& tissue, double nm);     // 1/cm

// Of a half space with refractive index 1.4, 0 to 1; diffusion approximation, so a rough value
// where absorption exceeds scattering. Both in 1/cm, mua >= 0, mus > 0.
double diffuse_reflectance(double mua, double mus);

// What a pixel looks at. A layer (epidermis) lies on the bulk; light crosses it once straight and
// once diffusely, 3 thicknesses in all. A material is no tissue: level + slope per 100 nm from
// 700 nm + a Gaussian bump, stained by blood.
struct Surface {
  Tissue bulk, layer;
  double layer_um = 0;
  bool material = false;
  double level = 0, slope = 0, bump = 0, bump_nm = 520, bump_width_nm = 60, stain_um = 0;
  double light = 1, glint = 0; // reflectance is multiplied by light, then glint added
};
double reflectance(const Surface& surface, double nm, const Chromophores& c);

}
