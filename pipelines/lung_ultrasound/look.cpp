#include "pipelines/lung_ultrasound/look.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"
#include "pipelines/lung_ultrasound/marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

constexpr int coarser = 4; // pixels of the picture to one of a map

// Bilinear between the middles of the cells.
double evidence(const ActivationMaps& m, int of, double line, double depth) {
  const double x = std::clamp(line * m.columns - 0.5, 0.0, m.columns - 1.0),
               y = std::clamp(depth * m.rows - 0.5, 0.0, m.rows - 1.0);
  const int ix = std::min(static_cast<int>(x), std::max(0, m.columns - 2)),
            iy = std::min(static_cast<int>(y), std::max(0, m.rows - 2));
  const int jx = std::min(ix + 1, m.columns - 1), jy = std::min(iy + 1, m.rows - 1);
  const double u = x - ix, v = y - iy;
  const auto at = [&](int row, int column) {
    return static_cast<double>(
        m.value[(static_cast<std::size_t>(of) * m.rows + row) * m.columns + column]);
  };
  return (at(iy, ix) * (1 - u) + at(iy, jx) * u) * (1 - v) +
         (at(jy, ix) * (1 - u) + at(jy, jx) * u) * v;
}

Volume map_of(const Look& look, int of, double most) {
  const int width = (look.beam.width + coarser - 1) / coarser,
            height = (look.beam.height + coarser - 1) / coarser;
  Volume v{.width = width, .height = height, .depth = static_cast<int>(look.answers.size())};
  std::vector<std::uint8_t> pixels(v.voxels());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const auto [line, depth] =
          place_of(look.beam, x * coarser + coarser / 2, y * coarser + coarser / 2);
      if (line < 0 || line >= 1 || depth < 0 || depth >= 1) continue;
      for (int z = 0; z < v.depth; ++z) {
        const double value =
            evidence(look.answers[static_cast<std::size_t>(z)].maps, of, line, depth) / most;
        pixels[(static_cast<std::size_t>(z) * height + y) * width + x] =
            static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
      }
    }
  v.pixels = Buffer::of(std::move(pixels));
  return v;
}

// The clip network looks at some of the readable frames.
void attend(Look& look, const std::vector<Picture>& pictures, Classifier& classifier) {
  std::vector<std::size_t> readable;
  for (std::size_t k = 0; k < look.signs.size(); ++k)
    if (look.signs[k].pleura_found) readable.push_back(k);
  std::vector<std::size_t> chosen;
  std::vector<Picture> seen;
  for (const int i : spread(static_cast<int>(readable.size()), clip_frames)) {
    chosen.push_back(readable[static_cast<std::size_t>(i)]);
    seen.push_back(pictures[chosen.back()]);
  }
  look.clip = classifier.run_clip(seen);
  if (!look.clip) return;
  look.attention.resize(pictures.size());
  for (std::size_t i = 0; i < chosen.size(); ++i)
    look.attention[chosen[i]] = look.clip->attention[i];
}

}

Look look_at(const Dataset& dataset, const LungParameters& p, const std::filesystem::path& model,
             Classifier& classifier, const Context& context) {
  Look out;
  context.step(0, "frames");
  const Frames frames = frames_of(dataset, p.frames);
  context.step(0.2, "looking for the beam");
  out.beam = find_beam(frames);
  out.number = frames.number;
  if (!out.beam.found()) {
    out.notes.push_back("Nothing was measured: " + out.beam.failure + ".");
    return out;
  }
  out.notes.push_back(beam_text(out.beam));
  if (frames.grey.size() < 3)
    out.notes.push_back(
        "One frame only: the beam was told from the black surround, not from what moves.");
  const bool network = p.use_network && has_network() && !model.empty();
  if (p.use_network && !network) out.notes.push_back("No model was found: no class is named.");
  const int side = network ? classifier.load(model, context) : 0;
  std::vector<Lines> lines(frames.grey.size());
  std::vector<Picture> pictures(network ? frames.grey.size() : 0);
  parallel_for(static_cast<int>(lines.size()), context.thread_count(), [&](int i) {
    const auto k = static_cast<std::size_t>(i);
    lines[k] = along_beam(frames.grey[k], out.beam);
    if (network) pictures[k] = picture_of(frames.grey[k], out.beam, side);
  });
  context.step(0.4, "signs in each frame");
  out.signs.resize(lines.size());
  parallel_for(static_cast<int>(lines.size()), context.thread_count(), [&](int i) {
    const auto k = static_cast<std::size_t>(i);
    out.signs[k] = signs_of(lines[k]);
  });
  context.step(0.7, "network");
  if (!network) return out;
  out.answers = classifier.run(pictures);
  attend(out, pictures, classifier);
  return out;
}

Judgement judge(const Look& look, const LungParameters& p) {
  Judgement out;
  std::vector<Probabilities> readable;
  for (std::size_t k = 0; k < look.signs.size(); ++k) {
    out.frames.push_back(score_frame(look.signs[k], look.number[k], p.score));
    if (out.frames.back().readable && k < look.answers.size())
      readable.push_back(look.answers[k].probability);
  }
  out.score = score_clip(out.frames, p.score, look.attention);
  if (p.rule == attention_rule && out.score.readable > 0 && !look.clip)
    throw Error(ErrorCode::Usage, "the rule 'attention' needs a model with a clip network",
                "choose another rule, or a model that was trained with --clip_network attention");
  out.classes = class_verdicts(readable, p.rule, p.score.top,
                               look.clip ? std::optional(look.clip->probability) : std::nullopt);
  return out;
}

std::vector<Artifact> activation_maps(const Look& look) {
  std::vector<Artifact> out;
  double most = 0;
  for (const FrameAnswer& a : look.answers)
    for (const float v : a.maps.value) most = std::max(most, static_cast<double>(v));
  if (most <= 0) return out;
  for (int k = 0; k < class_count; ++k)
    out.push_back({fmt::format("activation_{}", k),
                   fmt::format("Evidence for {}; full colour is {:.1f} logits, the greatest of the "
                               "clip",
                               class_names[static_cast<std::size_t>(k)], most),
                   map_of(look, k, most)});
  return out;
}

}
