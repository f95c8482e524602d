#include "pipelines/lung_ultrasound/score.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sensorium::lung_ultrasound {

FrameScore score_frame(const Signs& signs, int frame, const ScoreOptions& o) {
  FrameScore out{.frame = frame, .readable = signs.pleura_found};
  if (!out.readable) return out;
  const Rays rays = rays_of(signs, o.b_line_level);
  out.b_lines = static_cast<int>(rays.spans.size());
  out.covered = rays.covered;
  out.a_lines = signs.a_line >= o.a_line_level;
  out.score = rays.covered >= o.coalescent ? 2 : out.b_lines >= o.separate ? 1 : 0;
  return out;
}

ClipScore score_clip(const std::vector<FrameScore>& frames, const ScoreOptions& o,
                     const std::vector<double>& attention) {
  ClipScore out{.frames = static_cast<int>(frames.size())};
  std::array<int, 3> counts{};
  std::vector<int> scores;
  for (const FrameScore& f : frames) {
    if (!f.readable) continue;
    ++counts[static_cast<std::size_t>(f.score)];
    scores.push_back(f.score);
    out.a_line_share += f.a_lines ? 1 : 0;
    out.b_line_share += f.b_lines > 0 ? 1 : 0;
    out.mean_covered += f.covered;
    out.mean_value += f.score;
  }
  out.readable = static_cast<int>(scores.size());
  if (scores.empty()) return out;
  const double n = out.readable;
  for (double* sum : {&out.a_line_share, &out.b_line_share, &out.mean_covered, &out.mean_value})
    *sum /= n;
  const auto whole = [](double v) { return static_cast<int>(std::floor(v + 0.5)); };
  std::sort(scores.rbegin(), scores.rend());
  int most = 0;
  for (int s = 0; s < 3; ++s)
    if (counts[static_cast<std::size_t>(s)] >= counts[static_cast<std::size_t>(most)]) most = s;
  const int best = std::max(1, whole(o.top * n));
  double sum = 0;
  for (int i = 0; i < best; ++i) sum += scores[static_cast<std::size_t>(i)];
  out.majority = most;
  out.mean = whole(out.mean_value);
  out.max = scores.front();
  out.top = whole(sum / best);
  double weighted = 0, weights = 0;
  for (std::size_t k = 0; k < attention.size(); ++k)
    if (frames[k].readable) {
      weighted += attention[k] * frames[k].score;
      weights += attention[k];
    }
  if (weights > 0) out.attention = whole(weighted / weights);
  out.agree = *out.majority == *out.mean && *out.mean == *out.max && *out.max == *out.top &&
              out.attention.value_or(*out.top) == *out.top;
  return out;
}

std::optional<int> verdict(const ClipScore& clip, const std::string& rule) {
  return rule == "majority" ? clip.majority
         : rule == "mean"   ? clip.mean
         : rule == "max"    ? clip.max
         : rule == "top"    ? clip.top
                            : clip.attention;
}

}
