#include "pipelines/hs2rgb/convert.h"

#include "hyperspectral/components.h"
#include "hyperspectral/project_device.h"
#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::hs2rgb {
namespace {

using nlohmann::json;
using namespace hyper;

constexpr std::array<double, 3> luminance{0.2126, 0.7152, 0.0722}; // IEC 61966-2-1, of linear sRGB
constexpr double bright_percent = 99.5, bright_luminance = 0.9;

void require_wavelengths(const Cube& cube) {
  if (!cube.wavelengths_nm.empty()) return;
  throw Error(ErrorCode::Unsupported,
              fmt::format("the wavelengths of '{}' are not known ({})", cube.origin.path,
                          cube.wavelength_note),
              "add 'wavelength' and 'wavelength units' to its header, or choose --route pca");
}

Illuminant light_of(const Hs2rgbParameters& p) {
  if (p.illuminant != "measured") return illuminant(p.illuminant);
  if (p.illuminant_file.empty())
    throw Error(ErrorCode::Usage, "a measured illuminant needs its file", "--illuminant_file FILE");
  return illuminant_from_file(p.illuminant_file);
}

std::vector<double> wavelengths_of(const Cube& cube, const std::vector<int>& bands) {
  std::vector<double> nm;
  for (const int band : bands) nm.push_back(cube.wavelengths_nm[static_cast<std::size_t>(band)]);
  return nm;
}

Observer observer_of(const Hs2rgbParameters& p) {
  return p.observer == "1964" ? Observer::Cie1964 : Observer::Cie1931;
}
ColourSum sum_of(const Hs2rgbParameters& p) {
  return p.sum == "sensor" ? ColourSum::Sensor : ColourSum::AstmE308;
}

void expose(const Cube& cube, const Hs2rgbParameters& p, Converted& out) {
  out.tone.linear_light = true;
  if (p.exposure == "as_stored" || cube.reflectance_scale) return;
  const double bright = percentile(*out.raster, luminance, bright_percent);
  if (!(bright > 0)) return;
  out.exposure = bright_luminance / bright;
  out.tone.high.fill(1 / out.exposure);
  out.notes.push_back(fmt::format(
      "The file states no reflectance scale: the brightness was set so that {} % of the pixels are "
      "darker than {}. Colours of values that are no reflectance (counts, radiance) are those of "
      "the light as well.",
      bright_percent, bright_luminance));
}

// The three sums of every pixel, on the context's device where it can.
void draw(const Cube& cube, const Projection& projection, const Context& context, Converted& out) {
  const auto raster = std::make_shared<Raster>(cube.lines, cube.samples);
  const std::string where = compute_on(
      context, "projection",
      [&](Accelerator& a) { project_on(a, cube, projection, context, *raster); },
      [&] { project(cube, projection, context, *raster); });
  out.raster = raster;
  if (where.empty()) return;
  out.record["computed"] = where;
  out.notes.push_back(where);
}

void cie(const Cube& cube, const Hs2rgbParameters& p, const Context& context, Converted& out) {
  Coverage seen;
  Projection projection = cie_projection(cube, p, &seen);
  projection.calibration = out.calibration;
  draw(cube, projection, context, out);
  out.coverage = seen;
  expose(cube, p, out);
  if (seen.misses_visible || seen.mean_delta_e > 1) out.notes.push_back(seen.text() + ".");
  if (cube.wavelength_source == WavelengthSource::Guessed)
    out.notes.push_back("The unit of the wavelengths was guessed (" + cube.wavelength_note + ").");
  out.record["observer"] = p.observer == "1964" ? "CIE 1964, 10 degrees" : "CIE 1931, 2 degrees";
  out.record["illuminant"] = p.illuminant == "measured" ? p.illuminant_file : p.illuminant;
  out.record["sum"] = p.sum == "sensor" ? "over the sensor's bands" : "ASTM E308 at 1 nm";
  out.record["hold_edges"] = p.hold_edges;
  out.record["xyz_to_linear_srgb"] = srgb_matrix();
  out.record["adaptation"] = p.illuminant == "D65" ? "none" : "Bradford, to D65";
  out.record["exposure"] = out.exposure;
  out.record["reflectance_scale"] = cube.reflectance_scale ? json(*cube.reflectance_scale) : json();
  out.record["coverage"] = {{"first_nm", seen.first_nm},
                            {"last_nm", seen.last_nm},
                            {"mean_delta_e_2000", seen.mean_delta_e},
                            {"max_delta_e_2000", seen.max_delta_e},
                            {"worst_patch", seen.worst_patch}};
}

Projection picked(const Cube& cube, const Hs2rgbParameters& p, Converted& out) {
  require_wavelengths(cube);
  Projection projection;
  json list = json::array();
  const std::array<double, 3> wanted{p.red_nm, p.green_nm, p.blue_nm};
  for (std::size_t c = 0; c < 3; ++c) {
    const int band = band_at(cube, wanted[c]).value();
    const double nm = cube.wavelengths_nm[static_cast<std::size_t>(band)];
    projection.bands.push_back(band);
    std::array<double, 3> weight{};
    weight[c] = 1;
    projection.weights.push_back(weight);
    list.push_back({{"band", band + 1}, {"nm", nm}});
    if (std::abs(nm - wanted[c]) > 20)
      out.notes.push_back(
          fmt::format("No band lies near {:g} nm: the one at {:g} nm was taken.", wanted[c], nm));
  }
  out.record["bands"] = list;
  return projection;
}

void stretched(const Cube& cube, const Hs2rgbParameters& p, const Context& context,
               Converted& out) {
  Projection projection;
  double from = 0;
  if (p.route == "bands") {
    projection = picked(cube, p, out);
  } else {
    const bool mnf = p.route == "mnf";
    from = 0.6;
    const Statistics s = statistics(cube, {}, mnf, context.part(0, from), out.calibration.get());
    const Components components = mnf ? minimum_noise_fraction(s, 3) : principal_components(s, 3);
    projection = projection_on(s, components);
    out.record[mnf ? "signal_to_noise" : "variances"] = components.values;
    out.record["bands_used"] = s.bands.size();
  }
  projection.calibration = out.calibration;
  draw(cube, projection, context.part(from, 0.9), out);
  context.step(0.9, "stretch");
  out.tone = stretch(*out.raster, p.low_percent, p.high_percent, p.common_stretch);
  out.record["low_percent"] = p.low_percent;
  out.record["high_percent"] = p.high_percent;
  out.record["low"] = out.tone.low;
  out.record["high"] = out.tone.high;
}

// The picture of an encoder, which no device computes.
void draw_encoded(const Cube& cube, const RgbEncoding& encoding, const Context& context,
                  Converted& out) {
  const auto raster = std::make_shared<Raster>(cube.lines, cube.samples);
  encode(cube, encoding, context, *raster);
  out.raster = raster;
  out.record["encoder"] = {{"mixes", encoding.encoder.mixes},
                           {"hidden", encoding.encoder.hidden},
                           {"near_px", encoding.encoder.near_side},
                           {"far_px", encoding.encoder.near_side + encoding.encoder.far_side - 1}};
  out.notes.push_back(
      fmt::format("Each pixel's colour also follows from the {0} x {0} pixels around it.",
                  encoding.encoder.near_side + encoding.encoder.far_side - 1));
}

void learned(const Cube& cube, const Hs2rgbParameters& p, const RgbModel& model,
             const Context& context, Converted& out) {
  const bool one_is_white = p.exposure == "as_stored";
  if (model.encoder) {
    RgbEncoding encoding = learned_encoding(model, cube, one_is_white);
    encoding.calibration = out.calibration;
    draw_encoded(cube, encoding, context, out);
  } else {
    Projection projection = learned_projection(model, cube, one_is_white);
    projection.calibration = out.calibration;
    draw(cube, projection, context, out);
  }
  out.tone.low = model.low;
  out.tone.high = model.high;
  out.record["wavelengths_nm"] = model.wavelengths_nm;
  out.record["bands_used"] = learned_bands(model, cube, one_is_white).size();
  out.record["started_from"] = model.started_from;
  out.record["classes"] = model.classes;
  out.record["low"] = model.low;
  out.record["high"] = model.high;
  out.notes.push_back(fmt::format(
      "These colours are what a network learned to tell {} classes apart by; they are "
      "not what a person sees. Black and full are the model's own, so that pictures can "
      "be compared.",
      model.classes.size()));
  if (cube.wavelength_source == WavelengthSource::Guessed)
    out.notes.push_back("The unit of the wavelengths was guessed (" + cube.wavelength_note + ").");
}

}

Projection cie_projection(const Cube& cube, const Hs2rgbParameters& p, Coverage* seen) {
  require_wavelengths(cube);
  const Illuminant light = light_of(p);
  const std::vector<int> good = good_bands(cube);
  const std::vector<double> nm = wavelengths_of(cube, good);
  const ColourWeights weights = colour_weights(nm, observer_of(p), light, sum_of(p), p.hold_edges);
  if (seen != nullptr) *seen = coverage(nm, observer_of(p), light, sum_of(p), p.hold_edges);
  Matrix3 to_rgb = srgb_matrix();
  if (p.illuminant != "D65") {
    const Triple d65 =
        colour_weights(nm, observer_of(p), illuminant("D65"), sum_of(p), p.hold_edges).white;
    to_rgb = product(to_rgb, bradford(weights.white, d65));
  }
  const double scale = cube.reflectance_scale.value_or(1);
  Projection projection;
  for (std::size_t i = 0; i < good.size(); ++i) {
    Triple w = product(to_rgb, weights.xyz[i]);
    if (w == Triple{}) continue;
    for (double& one : w) one /= scale;
    projection.bands.push_back(good[i]);
    projection.weights.push_back(w);
  }
  return projection;
}

namespace {

// The cube as what follows sees it: with a white reference 1 is white.
Cube calibrated(const Cube& cube, const Hs2rgbParameters& p, const Context& context,
                Converted& out) {
  Cube shown = cube;
  const FileCalibration made = calibration_from(cube, p.references, context);
  const auto& calibration = made.calibration;
  if (!calibration) return shown;
  if (calibration->reflectance) shown.reflectance_scale = 1;
  out.record["calibration"] = made.record;
  if (calibration->bad > 0)
    out.notes.push_back(fmt::format(
        "{} of {} elements of the sensor have no usable reference (white is not brighter than dark "
        "by a hundredth of the band's usual difference): pixels that need them are black.",
        calibration->bad, calibration->gain.size()));
  out.calibration = calibration;
  return shown;
}

void check(const Cube& cube, const Hs2rgbParameters& p, const std::vector<int>& bands,
           const Context& context, Converted& out) {
  if (!p.check_pixels || bands.empty()) return;
  const PixelCheck found = check_pixels(
      cube, bands, p.saturation > 0 ? std::optional(p.saturation) : std::nullopt, context);
  out.pixels = found;
  out.record["pixels"] = {{"bands", bands.size()},
                          {"saturation_level", found.level ? json(*found.level) : json()},
                          {"saturated_pixels", found.saturated},
                          {"dead_elements", found.dead},
                          {"elements", found.elements},
                          {"greatest_value", found.greatest}};
  if (found.saturated > 0)
    out.notes.push_back(fmt::format("{} pixels are saturated (a stored value of {:g}{}): their "
                                    "colours are wrong.",
                                    found.saturated, *found.level,
                                    p.saturation > 0 ? " or more" : ", a full count"));
  if (found.dead > 0)
    out.notes.push_back(fmt::format("{} of {} elements of the sensor have the same value in every "
                                    "line: dead, or outside of the scene.",
                                    found.dead, found.elements));
}

// The bands that the picture is made of.
std::vector<int> bands_used(const Cube& cube, const Hs2rgbParameters& p, const RgbModel* model) {
  if (p.route == "cie") return cie_projection(cube, p, nullptr).bands;
  if (model != nullptr) return learned_bands(*model, cube, p.exposure == "as_stored");
  if (p.route != "bands" || cube.wavelengths_nm.empty()) return good_bands(cube);
  std::vector<int> out;
  for (const double nm : {p.red_nm, p.green_nm, p.blue_nm}) out.push_back(*band_at(cube, nm));
  return out;
}

}

Converted convert(const Cube& cube, const Hs2rgbParameters& p, const Context& context,
                  const RgbModel* model) {
  if (p.route == "learned" && model == nullptr)
    throw Error(ErrorCode::Usage, "the route learned needs a model",
                "give it with --model, or make one: sensorium train hs2rgb");
  Converted out;
  out.record = {{"route", p.route}};
  const Cube shown = calibrated(cube, p, context.part(0, 0.05), out);
  if (p.route == "cie")
    cie(shown, p, context.part(0.05, 0.75), out);
  else if (p.route == "learned")
    learned(shown, p, *model, context.part(0.05, 0.75), out);
  else
    stretched(shown, p, context.part(0.05, 0.75), out);
  check(cube, p, bands_used(shown, p, p.route == "learned" ? model : nullptr),
        context.part(0.75, 0.95), out);
  out.counts = count_picture(*out.raster, out.tone);
  if (out.counts.blank == cube.pixels())
    throw Error(
        ErrorCode::BadInput,
        fmt::format("'{}' has no pixel with a measurement in every band used", cube.origin.path),
        "check the data ignore value of its header");
  return out;
}

}
