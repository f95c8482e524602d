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
  // What a dropout passes on: all of it, once trained.
  std::string undropped(const std::string& value) const {
    for (const Node& node : graph.nodes)
      if (node.op == "Dropout" && node.outputs[0] == value) return node.inputs[0];
    return value;
  }
  // An encoder's colours take no bias; a mix of bands does.
  bool encodes() const {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
      return !node.outputs.empty() && node.outputs[0] == "rgb" && node.op == "Conv" &&
             node.inputs.size() == 2;
    });
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

// Weighted sums of the bands: what a convolution of the standardised spectra comes to.
struct Mix {
  std::size_t bands;
  std::vector<double> weights, offset; // [channel][band], [channel]
};
Mix mix_of(const Finder& finder, const Node& conv, std::size_t channels, std::size_t bands) {
  const Node& scaled = finder.maker_of(conv.inputs[0], "Mul", 2);
  const Node& centred = finder.maker_of(scaled.inputs[0], "Sub", 2);
  if (finder.graph.inputs.size() != 1 || centred.inputs[0] != finder.graph.inputs[0].name)
    finder.refuse("the convolution does not take the spectra");
  const auto mean = finder.weights(centred.inputs[1], bands),
             scale = finder.weights(scaled.inputs[1], bands),
             weight = finder.weights(conv.inputs[1], channels * bands),
             bias = finder.weights(conv.inputs[2], channels);
  Mix out{bands, {}, {}};
  for (std::size_t c = 0; c < channels; ++c) {
    double offset = bias[c];
    for (std::size_t b = 0; b < bands; ++b) {
      out.weights.push_back(static_cast<double>(weight[c * bands + b]) * scale[b]);
      offset -= out.weights.back() * mean[b];
    }
    out.offset.push_back(offset);
  }
  return out;
}

// rgb = mix of the standardised spectra.
void take_mix(const Finder& finder, RgbModel& m) {
  const Mix mix = mix_of(finder, finder.maker_of("rgb", "Conv", 3), 3, m.wavelengths_nm.size());
  m.weights.assign(mix.bands, {});
  for (std::size_t c = 0; c < 3; ++c) {
    m.offset[c] = mix.offset[c];
    for (std::size_t b = 0; b < mix.bands; ++b) m.weights[b][c] = mix.weights[c * mix.bands + b];
  }
}

// A normalisation as the scale and shift that it is when nothing trains.
struct Affine {
  std::vector<double> scale, shift;
};
Affine norm_of(const Finder& finder, const Node& norm, std::size_t channels) {
  const auto scale = finder.weights(norm.inputs[1], channels),
             bias = finder.weights(norm.inputs[2], channels),
             mean = finder.weights(norm.inputs[3], channels),
             variance = finder.weights(norm.inputs[4], channels);
  const double least = norm.number("epsilon", 1e-5f);
  Affine out;
  for (std::size_t c = 0; c < channels; ++c) {
    const double spread = static_cast<double>(variance[c]) + least;
    if (!(spread > 0)) finder.refuse("a normalisation holds a variance below 0");
    out.scale.push_back(scale[c] / std::sqrt(spread));
    out.shift.push_back(bias[c] - out.scale.back() * mean[c]);
  }
  return out;
}

int square_of(const Finder& finder, const Node& pool) {
  const auto shape = pool.integers("kernel_shape"), pads = pool.integers("pads"),
             strides = pool.integers("strides", {1, 1});
  const std::int64_t side = shape.size() == 2 ? shape[0] : 0;
  const bool fits = side >= 1 && side <= 63 && side % 2 == 1 && shape[1] == side &&
                    strides == std::vector<std::int64_t>{1, 1} &&
                    pads == std::vector<std::int64_t>(4, side / 2) &&
                    pool.integer("count_include_pad", 0) == 0;
  if (!fits) finder.refuse("its encoder does not take means over whole squares");
  return static_cast<int>(side);
}

std::size_t outputs_of(const Finder& finder, const Node& conv) {
  const auto found = finder.graph.initializers.find(conv.inputs[1]);
  const std::int64_t count =
      found == finder.graph.initializers.end() || found->second.shape.size() != 4
          ? 0
          : found->second.shape[0];
  if (count < 1 || count > static_cast<std::int64_t>(most_bands))
    finder.refuse("its encoder has layers without channels");
  return static_cast<std::size_t>(count);
}

// rgb = colours * softmax(conv(norm(mixes, near, far)) * sharpness)
RgbEncoder encoder_of(const Finder& finder, std::size_t bands) {
  const auto before = [&](const Node& node, const std::string& op, std::size_t inputs,
                          std::size_t input = 0) -> const Node& {
    return finder.maker_of(finder.undropped(node.inputs[input]), op, inputs);
  };
  const Node& palette = finder.maker_of("rgb", "Conv", 2);
  const Node& shares = before(palette, "Softmax", 1);
  const Node& sharper = before(shares, "Mul", 2);
  const Node& layer = before(sharper, "Conv", 3);
  const Node& norm = before(layer, "BatchNormalization", 5);
  const Node& seen = before(norm, "Concat", 3);
  const Node& mix = before(seen, "Conv", 3);
  const Node& near = before(seen, "AveragePool", 1, 1);
  const Node& far = before(seen, "AveragePool", 1, 2);
  if (near.inputs[0] != mix.outputs[0] || far.inputs[0] != near.outputs[0] ||
      seen.integer("axis", 0) != 1 || shares.integer("axis", -1) != 1)
    finder.refuse("its encoder does not see each pixel and the means around it");
  const std::size_t mixes = outputs_of(finder, mix), hidden = outputs_of(finder, layer);
  RgbEncoder e{.mixes = static_cast<int>(mixes),
               .hidden = static_cast<int>(hidden),
               .near_side = square_of(finder, near),
               .far_side = square_of(finder, far)};
  const Mix sums = mix_of(finder, mix, mixes, bands);
  e.mix = sums.weights;
  e.offset = sums.offset;
  for (const float v : finder.weights(mix.inputs[2], mixes)) e.blank.push_back(v);
  for (const float v : finder.weights(palette.inputs[1], 3 * hidden)) e.colours.push_back(v);
  // The normalisation and the sharpness become a part of the layer between them.
  const Affine in = norm_of(finder, norm, 3 * mixes);
  const double sharpness = finder.weights(sharper.inputs[1], 1)[0];
  const auto weights = finder.weights(layer.inputs[1], hidden * 3 * mixes),
             biases = finder.weights(layer.inputs[2], hidden);
  for (std::size_t h = 0; h < hidden; ++h) {
    double bias = biases[h];
    for (std::size_t k = 0; k < 3 * mixes; ++k) {
      const double w = weights[h * 3 * mixes + k];
      bias += w * in.shift[k];
      e.first.push_back(static_cast<float>(sharpness * w * in.scale[k]));
    }
    e.first_bias.push_back(static_cast<float>(sharpness * bias));
  }
  return e;
}

// How much of a band of the cube goes into the value at one of the model's wavelengths.
struct Use {
  std::size_t wavelength;
  double share; // over the model's unit
};
std::map<int, std::vector<Use>> uses_of(const RgbModel& m, const Cube& cube, bool one_is_white) {
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
  std::map<int, std::vector<Use>> out;
  for (std::size_t i = 0; i < mixes.size(); ++i)
    for (std::size_t k = 0; k < mixes[i].bands.size(); ++k)
      out[mixes[i].bands[k]].push_back({i, mixes[i].shares[k] / unit});
  return out;
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
  if (finder.encodes())
    m.encoder = encoder_of(finder, m.wavelengths_nm.size());
  else
    take_mix(finder, m);
  return m;
}

Projection learned_projection(const RgbModel& m, const Cube& cube, bool one_is_white) {
  Projection out;
  for (const auto& [band, uses] : uses_of(m, cube, one_is_white)) {
    Triple weight{};
    for (const Use& use : uses)
      for (std::size_t c = 0; c < 3; ++c) weight[c] += m.weights[use.wavelength][c] * use.share;
    out.bands.push_back(band);
    out.weights.push_back(weight);
  }
  out.offset = m.offset;
  return out;
}

RgbEncoding learned_encoding(const RgbModel& m, const Cube& cube, bool one_is_white) {
  const auto uses = uses_of(m, cube, one_is_white);
  RgbEncoding out{m.encoder.value(), {}};
  const std::size_t wavelengths = m.wavelengths_nm.size();
  out.encoder.mix.clear();
  for (const auto& [band, list] : uses) out.bands.push_back(band);
  for (std::size_t k = 0; k < static_cast<std::size_t>(m.encoder->mixes); ++k)
    for (const auto& [band, list] : uses) {
      double weight = 0;
      for (const Use& use : list)
        weight += m.encoder->mix[k * wavelengths + use.wavelength] * use.share;
      out.encoder.mix.push_back(weight);
    }
  return out;
}

std::vector<int> learned_bands(const RgbModel& m, const Cube& cube, bool one_is_white) {
  std::vector<int> out;
  for (const auto& [band, uses] : uses_of(m, cube, one_is_white)) out.push_back(band);
  return out;
}

std::vector<Triple> cie_rows(std::span<const double> nm) {
  std::vector<Triple> rows =
      colour_weights(nm, Observer::Cie1931, illuminant("D65"), ColourSum::AstmE308, true).xyz;
  for (Triple& row : rows) row = product(srgb_matrix(), row);
  return rows;
}

}
