#include "hyperspectral/learned_rgb.h"

#include "hyperspectral/band_grid.h"
#include "modules/core/error.h"
#include "modules/learn/model_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium::hyper {
namespace {

using nlohmann::json;

constexpr std::size_t most_bands = 4096;

struct Finder {
  const Graph& graph;
  const std::string& file;

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' holds no learned RGB: {}", file, why),
                "choose a model that 'sensorium train hs2rgb' made");
  }
  const Node& maker_of(const std::string& value, const std::string& op, std::size_t inputs) const {
    for (const Node& node : graph.nodes)
      if (!node.outputs.empty() && node.outputs[0] == value && node.op == op &&
          node.inputs.size() == inputs)
        return node;
    refuse(fmt::format("'{}' is not made by a {} of {} inputs", value, op, inputs));
  }
  std::span<const float> weights(const std::string& name, std::size_t count) const {
    const auto found = graph.initializers.find(name);
    if (found == graph.initializers.end() || found->second.type != DType::Float32 ||
        found->second.as<float>().size() != count)
      refuse(fmt::format("'{}' does not hold {} numbers", name, count));
    const auto values = found->second.as<float>();
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      refuse(fmt::format("'{}' holds values that are no numbers", name));
    return values;
  }
};

void take_card(const json& card, RgbModel& m, const Finder& finder) {
  try {
    const json& in = card.at("hs2rgb");
    m.wavelengths_nm = in.at("wavelengths_nm").get<std::vector<double>>();
    m.reflectance = in.at("values").get<std::string>() == "reflectance";
    m.unit = in.at("unit").get<double>();
    m.low = in.at("low").get<Triple>();
    m.high = in.at("high").get<Triple>();
    m.started_from = in.at("started_from").get<std::string>();
    m.classes = in.at("classes").get<std::vector<std::string>>();
  } catch (const json::exception&) {
    finder.refuse("its card does not say wavelengths, values and range");
  }
  const auto& nm = m.wavelengths_nm;
  bool fits = nm.size() >= 3 && nm.size() <= most_bands && m.unit > 0 && std::isfinite(m.unit) &&
              std::adjacent_find(nm.begin(), nm.end(), std::greater_equal<>()) == nm.end() &&
              std::all_of(nm.begin(), nm.end(), [](double v) { return std::isfinite(v); });
  for (std::size_t c = 0; c < 3; ++c) fits = fits && m.high[c] > m.low[c];
  if (!fits) finder.refuse("its card contradicts itself");
}

}

json rgb_card(const RgbModel& m) {
  return {{"wavelengths_nm", m.wavelengths_nm},
          {"values", m.reflectance ? "reflectance" : "stored"},
          {"unit", m.unit},
          {"low", m.low},
          {"high", m.high},
          {"started_from", m.started_from},
          {"classes", m.classes}};
}

RgbModel rgb_model_of(const Graph& graph, const std::string& name) {
  const Finder finder{graph, name};
  const auto text = graph.metadata.find(card_key);
  const json card =
      text == graph.metadata.end() ? json() : json::parse(text->second, nullptr, false);
  if (!card.is_object() || !card.contains("hs2rgb"))
    finder.refuse("its card does not speak of one");
  RgbModel m;
  take_card(card, m, finder);
  const std::size_t bands = m.wavelengths_nm.size();
  const Node& mix = finder.maker_of("rgb", "Conv", 3);
  const Node& scaled = finder.maker_of(mix.inputs[0], "Mul", 2);
  const Node& centred = finder.maker_of(scaled.inputs[0], "Sub", 2);
  if (graph.inputs.size() != 1 || centred.inputs[0] != graph.inputs[0].name)
    finder.refuse("the convolution does not take the spectra");
  const auto mean = finder.weights(centred.inputs[1], bands),
             scale = finder.weights(scaled.inputs[1], bands),
             weight = finder.weights(mix.inputs[1], 3 * bands),
             bias = finder.weights(mix.inputs[2], 3);
  m.weights.assign(bands, {});
  for (std::size_t c = 0; c < 3; ++c) {
    m.offset[c] = bias[c];
    for (std::size_t b = 0; b < bands; ++b) {
      const double w = static_cast<double>(weight[c * bands + b]) * scale[b];
      m.weights[b][c] = w;
      m.offset[c] -= w * mean[b];
    }
  }
  return m;
}

Projection learned_projection(const RgbModel& m, const Cube& cube, bool one_is_white) {
  const std::string& name = cube.origin.path;
  if (cube.wavelengths_nm.empty())
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("the wavelengths of '{}' are not known ({})", name, cube.wavelength_note),
        "add 'wavelength' and 'wavelength units' to its header");
  if (m.reflectance && !cube.reflectance_scale && !one_is_white)
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("the model takes reflectance, and '{}' states no reflectance scale", name),
        "give --white and --dark, or --exposure as_stored where a stored 1 is white");
  if (!m.reflectance && (cube.reflectance_scale || one_is_white))
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("the model takes stored values of one sensor, and '{}' is reflectance", name),
        "train a model on calibrated cubes");
  std::vector<double> nm = cube.wavelengths_nm;
  for (int b = 0; b < cube.bands; ++b)
    if (cube.is_bad(b)) nm[static_cast<std::size_t>(b)] = std::nan("");
  const std::vector<BandMix> mixes = resampled_bands(nm, m.wavelengths_nm, name);
  const double unit = m.reflectance ? cube.reflectance_scale.value_or(1) : m.unit;
  std::map<int, Triple> of_band;
  for (std::size_t i = 0; i < mixes.size(); ++i)
    for (std::size_t k = 0; k < mixes[i].bands.size(); ++k)
      for (std::size_t c = 0; c < 3; ++c)
        of_band[mixes[i].bands[k]][c] += m.weights[i][c] * mixes[i].shares[k] / unit;
  Projection out;
  for (const auto& [band, weight] : of_band) {
    out.bands.push_back(band);
    out.weights.push_back(weight);
  }
  out.offset = m.offset;
  return out;
}

std::vector<Triple> cie_rows(std::span<const double> nm) {
  std::vector<Triple> rows =
      colour_weights(nm, Observer::Cie1931, illuminant("D65"), ColourSum::AstmE308, true).xyz;
  for (Triple& row : rows) row = product(srgb_matrix(), row);
  return rows;
}

}
