#include "hyperspectral/scene_training.h"

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/band_grid.h"
#include "hyperspectral/square_means.h"
#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/learn/onnx_file.h"

#include <Eigen/Dense>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

namespace sensorium::hyper {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{4} << 30;
constexpr double bright_percent = 99.5;
constexpr int view_count = 8;

// One of the eight ways to turn and mirror: bit 0 mirrors samples, bit 1 lines, bit 2 swaps both.
struct View {
  int lines, samples; // of the source
  int number;
  int out_lines() const { return (number & 4) != 0 ? samples : lines; }
  int out_samples() const { return (number & 4) != 0 ? lines : samples; }
  // The source's pixel at a place of the view.
  std::size_t source(int y, int x) const {
    if ((number & 4) != 0) std::swap(y, x);
    if ((number & 2) != 0) y = lines - 1 - y;
    if ((number & 1) != 0) x = samples - 1 - x;
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(samples) +
           static_cast<std::size_t>(x);
  }
};

int mirrored(int i, int size) {
  if (size == 1) return 0;
  const int period = 2 * size - 2;
  i %= period;
  return i < size ? i : period - i;
}

int up_to(int size, int multiple) { return (size + multiple - 1) / multiple * multiple; }

// For each place of the padded view: the source's pixel, and whether it is inside.
struct Places {
  int lines, samples;
  std::vector<std::size_t> source;
  std::vector<std::uint8_t> inside;
};
Places places_of(const View& view, int multiple) {
  Places p{up_to(view.out_lines(), multiple), up_to(view.out_samples(), multiple), {}, {}};
  for (int y = 0; y < p.lines; ++y)
    for (int x = 0; x < p.samples; ++x) {
      p.source.push_back(
          view.source(mirrored(y, view.out_lines()), mirrored(x, view.out_samples())));
      p.inside.push_back(y < view.out_lines() && x < view.out_samples());
    }
  return p;
}

// A part of the planes by itself.
Planes cut(const Planes& all, int line, int sample, int lines, int samples) {
  Planes out{lines, samples, all.channels, {}, {}};
  out.values.reserve(static_cast<std::size_t>(all.channels) * out.pixels());
  const auto row = [&](auto& to, const auto& from, std::size_t plane, int y) {
    const auto first =
        from.begin() + static_cast<std::ptrdiff_t>(plane * all.pixels() +
                                                   static_cast<std::size_t>(line + y) *
                                                       static_cast<std::size_t>(all.samples) +
                                                   static_cast<std::size_t>(sample));
    to.insert(to.end(), first, first + samples);
  };
  for (int c = 0; c < all.channels; ++c)
    for (int y = 0; y < lines; ++y) row(out.values, all.values, static_cast<std::size_t>(c), y);
  for (int y = 0; y < lines; ++y) row(out.usable, all.usable, 0, y);
  return out;
}

// What validates while training must be something; this counts nothing.
class Nothing : public SampleSource {
public:
  explicit Nothing(const SampleSource& like) : like_(like) {}
  std::size_t size() const override { return 1; }
  std::string group(std::size_t) const override { return "no labels"; }
  Sample get(std::size_t, std::uint64_t) const override {
    Sample s = like_.get(0, 0);
    std::fill(s.weight.values.begin(), s.weight.values.end(), 0.0f);
    return s;
  }

private:
  const SampleSource& like_;
};

std::vector<float> means_of(std::span<const float> plane, int lines, int samples, int side) {
  std::vector<float> out(plane.begin(), plane.end());
  to_square_means(out, lines, samples, side);
  return out;
}

}

Planes spectra_of(const Cube& cube, std::span<const double> wanted, double unit,
                  const Context& context) {
  if (cube.wavelengths_nm.empty())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the wavelengths of '{}' are not known ({})", cube.origin.path,
                            cube.wavelength_note),
                "add 'wavelength' and 'wavelength units' to its header");
  if (cube.pixels() * wanted.size() * sizeof(float) > most_bytes)
    throw Error(ErrorCode::Resources,
                fmt::format("{} pixels of {} bands are too many to train on at once", cube.pixels(),
                            wanted.size()),
                "give a part of the cube");
  std::vector<double> nm = cube.wavelengths_nm;
  for (int b = 0; b < cube.bands; ++b)
    if (cube.is_bad(b)) nm[static_cast<std::size_t>(b)] = std::nan("");
  const std::vector<BandMix> mixes = resampled_bands(nm, wanted, cube.origin.path);
  std::map<int, std::size_t> place;
  for (const BandMix& mix : mixes)
    for (const int band : mix.bands) place.emplace(band, 0);
  std::vector<int> used;
  for (auto& [band, at] : place) {
    at = used.size();
    used.push_back(band);
  }
  Planes out{cube.lines, cube.samples, static_cast<int>(wanted.size()), {}, {}};
  const std::size_t pixels = out.pixels(), width = used.size();
  out.values.assign(pixels * wanted.size(), 0.0f);
  out.usable.assign(pixels, 1);
  const auto tiles = tiles_of(cube, width);
  std::vector<double> values;
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    context.step(static_cast<double>(t) / static_cast<double>(tiles.size()), "spectra");
    const TileRange& tile = tiles[t];
    values.resize(tile.pixels() * width);
    read_tile<double>(cube, tile, used, TileOrder::Pixels, values);
    for (std::size_t p = 0; p < tile.pixels(); ++p) {
      const std::size_t line = static_cast<std::size_t>(tile.line) +
                               p / static_cast<std::size_t>(tile.samples),
                        sample = static_cast<std::size_t>(tile.sample) +
                                 p % static_cast<std::size_t>(tile.samples),
                        at = line * static_cast<std::size_t>(cube.samples) + sample;
      const std::span<const double> one(values.data() + p * width, width);
      const bool good = std::all_of(one.begin(), one.end(), [&](double v) {
        return std::isfinite(v) && !(cube.ignore_value && v == *cube.ignore_value);
      });
      out.usable[at] = good;
      for (std::size_t b = 0; good && b < mixes.size(); ++b) {
        double sum = 0;
        for (std::size_t k = 0; k < mixes[b].bands.size(); ++k)
          sum += mixes[b].shares[k] * one[place.at(mixes[b].bands[k])];
        out.values[b * pixels + at] = static_cast<float>(sum / unit);
      }
    }
  }
  return out;
}

double bright_value(const Planes& planes) {
  std::vector<float> some;
  const std::size_t pixels = planes.pixels(), count = planes.values.size(),
                    step = std::max<std::size_t>(1, count / 2000003);
  for (std::size_t i = 0; i < count; i += step)
    if (planes.usable[i % pixels] != 0) some.push_back(planes.values[i]);
  if (some.empty()) return 1;
  const auto at =
      static_cast<std::ptrdiff_t>(bright_percent / 100 * static_cast<double>(some.size() - 1));
  std::nth_element(some.begin(), some.begin() + at, some.end());
  return std::max(1e-6f, some[static_cast<std::size_t>(at)]);
}

BandScaling scaling_of(std::span<const Planes* const> planes,
                       std::span<const std::vector<std::uint8_t>* const> chosen) {
  const auto channels = static_cast<std::size_t>(planes[0]->channels);
  BandScaling out;
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0, square = 0, count = 0;
    for (int pass = 0; pass < 2; ++pass) {
      const double mean = count > 0 ? sum / count : 0;
      for (std::size_t s = 0; s < planes.size(); ++s)
        for (std::size_t p = 0; p < planes[s]->pixels(); ++p) {
          if (planes[s]->usable[p] == 0 || (*chosen[s])[p] == 0) continue;
          const double v = planes[s]->values[c * planes[s]->pixels() + p];
          if (pass == 0) {
            sum += v;
            ++count;
          } else {
            square += (v - mean) * (v - mean);
          }
        }
    }
    out.mean.push_back(static_cast<float>(count > 0 ? sum / count : 0));
    out.deviation.push_back(
        static_cast<float>(std::max(1e-6, std::sqrt(square / std::max(1.0, count)))));
  }
  return out;
}

void standardise(Planes& planes, const BandScaling& scaling) {
  const std::size_t pixels = planes.pixels();
  for (std::size_t c = 0; c < scaling.mean.size(); ++c)
    for (std::size_t p = 0; p < pixels; ++p) {
      float& v = planes.values[c * pixels + p];
      v = planes.usable[p] != 0 ? (v - scaling.mean[c]) / scaling.deviation[c] : 0;
    }
}

Planes mixed(const Planes& spectra, const MixStart& mix) {
  Planes out{spectra.lines, spectra.samples, 3, {}, spectra.usable};
  const std::size_t pixels = spectra.pixels();
  out.values.resize(3 * pixels);
  std::vector<double> sum(pixels);
  for (std::size_t c = 0; c < 3; ++c) {
    std::fill(sum.begin(), sum.end(), mix.offset[c]);
    for (std::size_t b = 0; b < mix.weights.size(); ++b)
      for (std::size_t p = 0; p < pixels; ++p)
        sum[p] += mix.weights[b][c] * spectra.values[b * pixels + p];
    for (std::size_t p = 0; p < pixels; ++p)
      out.values[c * pixels + p] = out.usable[p] != 0 ? static_cast<float>(sum[p]) : 0;
  }
  return out;
}

std::array<double, 2> percentiles_of(const Planes& planes, int channel, double low, double high) {
  std::vector<float> values;
  const std::size_t pixels = planes.pixels();
  for (std::size_t p = 0; p < pixels; ++p)
    if (planes.usable[p] != 0)
      values.push_back(planes.values[static_cast<std::size_t>(channel) * pixels + p]);
  if (values.empty()) return {0, 1};
  std::sort(values.begin(), values.end());
  const auto at = [&](double percent) {
    return static_cast<double>(
        values[static_cast<std::size_t>(percent / 100 * static_cast<double>(values.size() - 1))]);
  };
  std::array<double, 2> out{at(low), at(high)};
  if (!(out[1] > out[0])) out[1] = out[0] + 1e-6;
  return out;
}

MixStart principal_start(const Planes& spectra, const BandScaling& scaling,
                         const std::vector<std::uint8_t>& chosen) {
  const auto bands = static_cast<Eigen::Index>(spectra.channels);
  const std::size_t pixels = spectra.pixels();
  std::vector<std::size_t> at;
  for (std::size_t p = 0; p < pixels; ++p)
    if (chosen[p] != 0 && spectra.usable[p] != 0) at.push_back(p);
  Eigen::MatrixXf x(static_cast<Eigen::Index>(at.size()), bands);
  for (Eigen::Index b = 0; b < bands; ++b) {
    const auto k = static_cast<std::size_t>(b);
    for (std::size_t i = 0; i < at.size(); ++i)
      x(static_cast<Eigen::Index>(i), b) =
          (spectra.values[k * pixels + at[i]] - scaling.mean[k]) / scaling.deviation[k];
  }
  const Eigen::MatrixXd covariance = (x.transpose() * x).cast<double>();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  MixStart mix{std::vector<Triple>(static_cast<std::size_t>(bands)), {}};
  for (std::size_t c = 0; c < 3; ++c) {
    Eigen::VectorXd d = solver.eigenvectors().col(
        std::max<Eigen::Index>(0, bands - 1 - static_cast<Eigen::Index>(c)));
    Eigen::Index greatest = 0;
    d.cwiseAbs().maxCoeff(&greatest);
    if (d(greatest) < 0) d = -d;
    for (Eigen::Index b = 0; b < bands; ++b) {
      const auto k = static_cast<std::size_t>(b);
      mix.weights[k][c] = d(b) / scaling.deviation[k];
      mix.offset[c] -= mix.weights[k][c] * scaling.mean[k];
    }
  }
  const Planes shown = mixed(spectra, mix);
  for (int c = 0; c < 3; ++c) {
    const auto k = static_cast<std::size_t>(c);
    const auto [low, high] = percentiles_of(shown, c, 2, 98);
    for (Triple& w : mix.weights) w[k] /= high - low;
    mix.offset[k] = (mix.offset[k] - low) / (high - low);
  }
  return mix;
}

SceneSource::SceneSource(std::vector<LabelledPlanes> scenes, int multiple, int piece, double jitter)
    : scenes_(std::move(scenes)), multiple_(multiple), jitter_(jitter) {
  for (std::size_t s = 0; s < scenes_.size(); ++s) {
    const Planes& p = *scenes_[s].planes;
    for (int y = 0; y < p.lines; y += piece)
      for (int x = 0; x < p.samples; x += piece) {
        const Piece one{s, y, x, std::min(piece, p.lines - y), std::min(piece, p.samples - x)};
        bool any = false;
        for (int v = y; v < y + one.lines; ++v)
          for (int u = x; u < x + one.samples; ++u)
            any = any || scenes_[s].labels[static_cast<std::size_t>(v) *
                                               static_cast<std::size_t>(p.samples) +
                                           static_cast<std::size_t>(u)] != 0;
        if (any) pieces_.push_back(one);
      }
  }
}

std::string SceneSource::group(std::size_t index) const {
  return scenes_[pieces_.at(index).scene].group;
}

Sample SceneSource::get(std::size_t index, std::uint64_t seed) const {
  const Piece& piece = pieces_.at(index);
  const LabelledPlanes& scene = scenes_[piece.scene];
  const Planes& planes = *scene.planes;
  Random random(random_key({seed, index, 0x7363656e65}));
  const View view{piece.lines, piece.samples, seed == 0 ? 0 : random.below(view_count)};
  const Places places = places_of(view, multiple_);
  std::vector<std::size_t> from;
  for (const std::size_t s : places.source)
    from.push_back(
        (static_cast<std::size_t>(piece.line) + s / static_cast<std::size_t>(view.samples)) *
            static_cast<std::size_t>(planes.samples) +
        static_cast<std::size_t>(piece.sample) + s % static_cast<std::size_t>(view.samples));
  const std::size_t count = from.size(), pixels = planes.pixels();
  Sample sample;
  sample.input.shape = {planes.channels, places.lines, places.samples};
  sample.target.shape = sample.weight.shape = {1, places.lines, places.samples};
  sample.input.values.resize(static_cast<std::size_t>(planes.channels) * count);
  for (int c = 0; c < planes.channels; ++c) {
    const double amount = seed == 0 ? 0 : jitter_;
    const auto gain = static_cast<float>(1 + amount * random.normal());
    const float* plane = planes.values.data() + static_cast<std::size_t>(c) * pixels;
    float* to = sample.input.values.data() + static_cast<std::size_t>(c) * count;
    for (std::size_t i = 0; i < count; ++i) to[i] = gain * plane[from[i]];
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t label = scene.labels[from[i]];
    const bool counts = label != 0 && places.inside[i] != 0 && planes.usable[from[i]] != 0;
    sample.target.values.push_back(counts ? static_cast<float>(label - 1) : 0);
    sample.weight.values.push_back(counts ? 1.0f : 0.0f);
  }
  return sample;
}

PixelsSource::PixelsSource(const std::vector<LabelledPlanes>& scenes, bool means, double jitter)
    : jitter_(jitter) {
  for (const LabelledPlanes& scene : scenes) {
    const Planes& planes = *scene.planes;
    const std::size_t pixels = planes.pixels();
    std::vector<std::size_t> at;
    for (std::size_t p = 0; p < pixels; ++p)
      if (scene.labels[p] != 0 && planes.usable[p] != 0) at.push_back(p);
    if (at.empty()) continue;
    const auto count = static_cast<std::int64_t>(at.size());
    Sample sample;
    sample.input.shape = {planes.channels, means ? 3 : 1, count};
    sample.target.shape = sample.weight.shape = {1, 1, count};
    for (int c = 0; c < planes.channels; ++c) {
      const std::span<const float> plane(
          planes.values.data() + static_cast<std::size_t>(c) * pixels, pixels);
      for (const std::size_t p : at) sample.input.values.push_back(plane[p]);
      if (!means) continue;
      const std::vector<float> near = means_of(plane, planes.lines, planes.samples, near_side),
                               far = means_of(near, planes.lines, planes.samples, far_side);
      for (const std::vector<float>* row : {&near, &far})
        for (const std::size_t p : at) sample.input.values.push_back((*row)[p]);
    }
    for (const std::size_t p : at)
      sample.target.values.push_back(static_cast<float>(scene.labels[p] - 1));
    sample.weight.values.assign(at.size(), 1.0f);
    samples_.push_back(std::move(sample));
    groups_.push_back(scene.group);
  }
}

Sample PixelsSource::get(std::size_t index, std::uint64_t seed) const {
  Sample sample = samples_.at(index);
  if (seed == 0 || jitter_ <= 0) return sample;
  Random random(random_key({seed, index, 0x6d65616e73}));
  const auto row = static_cast<std::size_t>(sample.input.shape[1] * sample.input.shape[2]);
  for (std::size_t c = 0; c * row < sample.input.values.size(); ++c) {
    const auto gain = static_cast<float>(1 + jitter_ * random.normal());
    for (std::size_t i = 0; i < row; ++i) sample.input.values[c * row + i] *= gain;
  }
  return sample;
}

Graph train_on_scenes(const Graph& start, std::vector<LabelledPlanes> scenes,
                      const SceneTraining& o, const std::filesystem::path& run_folder,
                      const Context& context) {
  constexpr int piece = 192;
  TrainingOptions t;
  t.loss = "cross_entropy";
  t.learning_rate = o.learning_rate;
  t.weight_decay = o.weight_decay;
  t.warmup_steps = std::max(1, o.steps / 15);
  t.batch_size = 1;
  t.steps = o.steps;
  t.validate_every = o.steps;
  t.checkpoint_every = o.steps;
  t.keep_checkpoints = 1;
  t.seed = o.seed;
  t.threads = o.threads;
  const auto trained = [&](const Graph& graph, const SampleSource& source) {
    if (source.size() == 0)
      throw Error(ErrorCode::BadInput, "no labelled pixel is left to train on",
                  "give more labels, or another split");
    return read_onnx(train(graph, source, Nothing(source), t, run_folder, context).last);
  };
  if (sees_means_alone(start))
    return with_weights_of(trained(on_means(start), PixelsSource(scenes, true, o.jitter)), start);
  if (sees_pixels_alone(start)) return trained(start, PixelsSource(scenes, false, o.jitter));
  return trained(start, SceneSource(std::move(scenes), size_multiple(start), piece, o.jitter));
}

namespace {

// The tensor that a network takes of a view of the planes.
Tensor image_of(const Planes& planes, const Places& places) {
  const std::size_t pixels = planes.pixels(), count = places.source.size();
  Tensor image{{1, planes.channels, places.lines, places.samples}, {}};
  image.values.resize(static_cast<std::size_t>(planes.channels) * count);
  for (std::size_t c = 0; c < static_cast<std::size_t>(planes.channels); ++c)
    for (std::size_t i = 0; i < count; ++i)
      image.values[c * count + i] = planes.values[c * pixels + places.source[i]];
  return image;
}

// Adds the probabilities of a view to sum, [class][pixel].
void add_shares(const Tensor& logits, const Places& places, std::size_t pixels, float weight,
                std::vector<float>& sum) {
  const std::size_t count = places.source.size(), classes = logits.values.size() / count;
  sum.resize(classes * pixels, 0.0f);
  std::vector<float> p(classes);
  for (std::size_t i = 0; i < count; ++i) {
    if (places.inside[i] == 0) continue;
    float most = -std::numeric_limits<float>::infinity(), all = 0;
    for (std::size_t c = 0; c < classes; ++c) most = std::max(most, logits.values[c * count + i]);
    for (std::size_t c = 0; c < classes; ++c)
      all += p[c] = std::exp(logits.values[c * count + i] - most);
    for (std::size_t c = 0; c < classes; ++c)
      sum[c * pixels + places.source[i]] += weight * p[c] / all;
  }
}

// So many channels for each pixel, made piece by piece; margin: pixels around a piece that its
// maker sees too. make: the channels of a piece, [channel][pixel].
using PieceMaker = std::function<std::vector<float>(const Planes&)>;
Planes by_pieces(const Planes& planes, int margin, const Context& context, const PieceMaker& make) {
  constexpr int piece = 512;
  Planes out{planes.lines, planes.samples, 0, {}, planes.usable};
  for (int y0 = 0; y0 < planes.lines; y0 += piece)
    for (int x0 = 0; x0 < planes.samples; x0 += piece) {
      context.step(static_cast<double>(y0) / planes.lines, "classes");
      const int y1 = std::min(y0 + piece, planes.lines), x1 = std::min(x0 + piece, planes.samples),
                top = std::max(0, y0 - margin), left = std::max(0, x0 - margin);
      const Planes part = cut(planes, top, left, std::min(y1 + margin, planes.lines) - top,
                              std::min(x1 + margin, planes.samples) - left);
      const std::vector<float> made = make(part);
      const std::size_t channels = made.size() / part.pixels(), pixels = planes.pixels();
      out.channels = static_cast<int>(channels);
      out.values.resize(channels * pixels);
      for (std::size_t c = 0; c < channels; ++c)
        for (int y = y0; y < y1; ++y) {
          const auto from = made.begin() + static_cast<std::ptrdiff_t>(c * part.pixels()) +
                            std::ptrdiff_t{y - top} * part.samples + (x0 - left);
          std::copy(from, from + (x1 - x0),
                    out.values.begin() + static_cast<std::ptrdiff_t>(c * pixels) +
                        std::ptrdiff_t{y} * planes.samples + x0);
        }
    }
  return out;
}

}

Planes probabilities(Model& model, const Planes& planes, int views, const Context& context) {
  const int multiple = size_multiple(model.graph());
  return by_pieces(planes, 0, context, [&](const Planes& part) {
    std::vector<float> sum;
    for (int v = 0; v < views; ++v) {
      const Places places = places_of({part.lines, part.samples, v}, multiple);
      add_shares(model.run(image_of(part, places)), places, part.pixels(),
                 1 / static_cast<float>(views), sum);
    }
    return sum;
  });
}

Planes pictured(Model& model, const Planes& planes, const Context& context) {
  return by_pieces(planes, near_side / 2 + far_side / 2, context, [&](const Planes& part) {
    return model.run(image_of(part, places_of({part.lines, part.samples, 0}, 1))).values;
  });
}

std::vector<std::uint8_t> greatest(const Planes& classes) {
  const std::size_t pixels = classes.pixels();
  std::vector<std::uint8_t> out(pixels, 0);
  for (std::size_t i = 0; i < pixels; ++i) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < static_cast<std::size_t>(classes.channels); ++c)
      if (classes.values[c * pixels + i] > classes.values[best * pixels + i]) best = c;
    out[i] = classes.values[best * pixels + i] > 0 ? static_cast<std::uint8_t>(best + 1) : 0;
  }
  return out;
}

}

#endif
