#include "pipelines/lung_ultrasound/marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

namespace sensorium::lung_ultrasound {
namespace {

// Where inside says so, of lines a and depths d as fractions.
template<class Inside>
Finding mark(const Beam& b, int frame, const std::string& label, const Inside& inside) {
  Finding f;
  f.label = label;
  double sum_x = 0, sum_y = 0, n = 0;
  f.box = {b.width, b.height, frame, -1, -1, frame};
  for (int y = b.y0; y <= b.y1; ++y) {
    int start = -1;
    for (int x = b.x0; x <= b.x1 + 1; ++x) {
      const auto [line, depth] = place_of(b, x, y);
      const bool in =
          x <= b.x1 && line >= 0 && line < 1 && depth >= 0 && depth < 1 && inside(line, depth);
      if (in && start < 0) start = x;
      if (!in && start >= 0) {
        f.footprint.push_back({frame, y, start, x - start});
        f.box = {std::min(f.box[0], start), std::min(f.box[1], y), frame,
                 std::max(f.box[3], x - 1), std::max(f.box[4], y), frame};
        sum_x += (start + x - 1) / 2.0 * (x - start);
        sum_y += static_cast<double>(y) * (x - start);
        n += x - start;
        start = -1;
      }
    }
  }
  if (n > 0) f.centroid = {sum_x / n, sum_y / n, static_cast<double>(frame)};
  f.id = fmt::format("{}-{}-{:.0f}-{:.0f}", label == "B-line" ? "b" : "p", frame, f.centroid[0],
                     f.centroid[1]);
  return f;
}

void whole_clip(const Dataset& dataset, Finding& f) {
  int width = 1, height = 1, count = 1;
  if (const auto* video = std::get_if<Video>(&dataset))
    width = video->width, height = video->height, count = video->frames;
  else if (const auto* volume = std::get_if<Volume>(&dataset))
    width = volume->width, height = volume->height;
  f.box = {0, 0, 0, width - 1, height - 1, count - 1};
  f.centroid = {(width - 1) / 2.0, (height - 1) / 2.0, (count - 1) / 2.0};
}

std::string text_of(const std::optional<int>& score) {
  return score ? std::to_string(*score) : std::string("none");
}

}

std::array<double, 2> place_of(const Beam& b, int x, int y) {
  if (b.shape == BeamShape::Rectangle)
    return {(x - b.x0) / std::max(1.0, static_cast<double>(b.x1 - b.x0)),
            (y - b.y0) / std::max(1.0, static_cast<double>(b.y1 - b.y0))};
  const double dx = x - b.apex_x, dy = y - b.apex_y;
  return {(std::atan2(dx, dy) - b.first_angle) / (b.last_angle - b.first_angle),
          (std::hypot(dx, dy) - b.near) / (b.far - b.near)};
}

std::string beam_text(const Beam& b) {
  if (b.shape == BeamShape::Sector)
    return fmt::format("Beam: a sector of {:.0f} degrees; what lies outside it was not looked at.",
                       (b.last_angle - b.first_angle) * 180 / std::numbers::pi);
  return fmt::format("Beam: a rectangle of {} x {} pixels; what lies outside it was not looked at.",
                     b.x1 - b.x0 + 1, b.y1 - b.y0 + 1);
}

std::vector<Finding> marks_of(const Beam& beam, const std::vector<Signs>& signs,
                              const std::vector<FrameScore>& frames, double level) {
  std::size_t best = frames.size();
  for (std::size_t k = 0; k < frames.size(); ++k)
    if (frames[k].readable && (best == frames.size() || frames[k].covered > frames[best].covered))
      best = k;
  std::vector<Finding> out;
  if (best == frames.size()) return out;
  const Signs& s = signs[best];
  const int n = static_cast<int>(s.pleura.size());
  constexpr int depths = 192; // as along_beam samples them
  const auto pleura_at = [&](double line) {
    return (s.pleura[static_cast<std::size_t>(std::clamp(static_cast<int>(line * n), 0, n - 1))] +
            0.5) /
           depths;
  };
  Finding pleura = mark(beam, frames[best].frame, "pleural line", [&](double line, double depth) {
    return std::abs(depth - pleura_at(line)) < 0.012;
  });
  pleura.score = std::clamp(s.pleura_contrast / 0.3, 0.0, 1.0);
  pleura.measures = {{"depth", 100 * s.pleura_depth, "%", "share of the beam's depth"}};
  pleura.text = fmt::format("pleural line at {:.0f} % of the depth", 100 * s.pleura_depth);
  out.push_back(std::move(pleura));
  for (const auto& [first, last] : rays_of(s, level).spans) {
    const double from = static_cast<double>(first) / n, to = (last + 1.0) / n;
    Finding ray = mark(beam, frames[best].frame, "B-line",
                       [&, from = from, to = to](double line, double depth) {
                         return line >= from && line < to && depth >= pleura_at(line);
                       });
    double mean = 0;
    for (int a = first; a <= last; ++a) mean += s.ray[static_cast<std::size_t>(a)];
    mean /= last - first + 1;
    ray.score = std::clamp(mean, 0.0, 1.0);
    ray.measures = {{"width", 100 * (to - from), "%", "share of the beam's width"},
                    {"brightness", mean, "1", "lower half over the pleural line"}};
    ray.text = fmt::format("B-line, {:.0f} % of the width", 100 * (to - from));
    out.push_back(std::move(ray));
  }
  return out;
}

Finding verdict_of(const Dataset& dataset, const Beam& beam, const ClipScore& clip,
                   const std::vector<FrameScore>& frames, const std::string& rule) {
  Finding f;
  const auto score = verdict(clip, rule);
  f.label = score ? fmt::format("score {}", *score) : "uninterpretable";
  f.id = score ? fmt::format("clip-score-{}", *score) : "clip-uninterpretable";
  whole_clip(dataset, f);
  if (!score) {
    f.score = 1;
    f.text = beam.found() ? "uninterpretable: no frame shows a pleural line"
                          : "uninterpretable: " + beam.failure;
    return f;
  }
  const auto same = std::count_if(frames.begin(), frames.end(), [&](const FrameScore& one) {
    return one.readable && one.score == *score;
  });
  f.score = static_cast<double>(same) / clip.readable;
  f.measures = {{"frames", 100 * f.score, "%", "readable frames that have this score themselves"}};
  f.text = fmt::format("score {} by the rule '{}'{}", *score, rule,
                       clip.agree ? "" : "; the rules disagree");
  return f;
}

std::optional<Finding> class_finding(const Dataset& dataset, const ClassVerdicts& classes,
                                     const std::string& rule) {
  if (!classes.used) return std::nullopt;
  const int k = best_class(*classes.used);
  Finding f;
  f.id = fmt::format("class-{}", k);
  f.label = class_names[static_cast<std::size_t>(k)];
  f.score = (*classes.used)[static_cast<std::size_t>(k)];
  whole_clip(dataset, f);
  for (int i = 0; i < class_count; ++i)
    f.measures.push_back({class_names[static_cast<std::size_t>(i)],
                          100 * (*classes.used)[static_cast<std::size_t>(i)], "%",
                          "network, rule '" + rule + "'"});
  f.text = fmt::format("{} by the network, rule '{}'{}", f.label, rule,
                       classes.agree ? "" : "; the rules disagree");
  return f;
}

std::vector<Measure> summary_of(const ClipScore& c, const ClassVerdicts& classes,
                                const std::string& rule) {
  std::vector<Measure> out;
  if (const auto score = verdict(c, rule))
    out.push_back({"score", static_cast<double>(*score), "1", "rule '" + rule + "', of 0 to 2"});
  out.push_back({"frames looked at", static_cast<double>(c.frames), "1", ""});
  out.push_back({"frames with a pleural line", static_cast<double>(c.readable), "1", ""});
  if (c.readable == 0) return out;
  out.push_back({"frames with A-lines", 100 * c.a_line_share, "%", "of those with a pleural line"});
  out.push_back({"frames with B-lines", 100 * c.b_line_share, "%", "of those with a pleural line"});
  out.push_back({"beam covered by B-lines", 100 * c.mean_covered, "%", "mean over frames"});
  for (int k = 0; classes.used && k < class_count; ++k)
    out.push_back({class_names[static_cast<std::size_t>(k)],
                   100 * (*classes.used)[static_cast<std::size_t>(k)], "%",
                   "network, rule '" + rule + "'"});
  return out;
}

Table verdict_table(const ClipScore& c, const ClassVerdicts& classes, const std::string& rule) {
  Table t{"verdicts", "The clip under each rule", {"rule", "score", "used"}, {}};
  if (classes.used) t.columns.push_back("class");
  for (std::size_t r = 0; r < rule_names.size(); ++r) {
    const std::string name = rule_names[r];
    t.rows.push_back({name, text_of(verdict(c, name)), rule == name ? "yes" : ""});
    if (classes.used)
      t.rows.back().push_back(class_names[static_cast<std::size_t>(*classes.by_rule[r])]);
  }
  if (classes.used && classes.by_attention)
    t.rows.push_back({attention_rule, text_of(c.attention), rule == attention_rule ? "yes" : "",
                      class_names[static_cast<std::size_t>(*classes.by_attention)]});
  return t;
}

namespace {

// One more column before "score": columns after it are the classes.
void insert_column(Table& t, const std::string& name, const std::vector<FrameScore>& frames,
                   const std::function<std::string(std::size_t)>& cell) {
  const auto at = std::find(t.columns.begin(), t.columns.end(), "score") - t.columns.begin();
  t.columns.insert(t.columns.begin() + at, name);
  for (std::size_t i = 0; i < frames.size(); ++i)
    t.rows[i].insert(t.rows[i].begin() + at, frames[i].readable ? cell(i) : std::string());
}

}

Table frame_table(const std::vector<FrameScore>& frames, const std::vector<FrameAnswer>& answers,
                  const std::vector<double>& attention) {
  Table t{"frames",
          "Signs in each frame that was looked at",
          {"frame", "readable", "A-lines", "B-lines", "covered, %", "score"},
          {}};
  if (!answers.empty())
    for (const char* name : {"COVID-19, %", "bacterial, %", "viral, %", "regular, %"})
      t.columns.push_back(name);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const FrameScore& f = frames[i];
    t.rows.push_back(
        f.readable ? std::vector<std::string>{std::to_string(f.frame + 1), "yes",
                                              f.a_lines ? "yes" : "no", std::to_string(f.b_lines),
                                              fmt::format("{:.0f}", 100 * f.covered),
                                              std::to_string(f.score)}
                   : std::vector<std::string>{std::to_string(f.frame + 1), "no", "", "", "", ""});
    for (std::size_t k = 0; !answers.empty() && k < class_count; ++k)
      t.rows.back().push_back(f.readable ? fmt::format("{:.0f}", 100 * answers[i].probability[k])
                                         : "");
  }
  const auto per_cent = [](double share) { return fmt::format("{:.0f}", 100 * share); };
  if (!answers.empty() && answers.front().signs) {
    insert_column(t, "network: severity", frames, [&](std::size_t i) {
      return fmt::format("{:.1f}", expected_severity(*answers[i].signs));
    });
    for (const std::size_t sign : {3u, 4u, 5u})
      insert_column(t, fmt::format("network: {}, %", sign_names[sign]), frames,
                    [&](std::size_t i) { return per_cent((*answers[i].signs)[sign]); });
  }
  if (!attention.empty())
    insert_column(t, "attention, %", frames, [&](std::size_t i) { return per_cent(attention[i]); });
  return t;
}

std::vector<Measure> network_signs(const std::vector<FrameScore>& frames,
                                   const std::vector<FrameAnswer>& answers) {
  SignProbabilities sum{};
  double n = 0, useless = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!frames[i].readable || !answers[i].signs) continue;
    ++n;
    useless += (*answers[i].signs)[5] > 0.5;
    for (std::size_t k = 0; k < sign_count; ++k) sum[k] += (*answers[i].signs)[k];
  }
  if (n == 0) return {};
  for (double& v : sum) v /= n;
  const std::string source = "network trained on phantoms alone, mean over frames";
  return {{"severity by the network", expected_severity(sum), "1", source + ", 0 to 3"},
          {"A-lines by the network", 100 * sum[3], "%", source},
          {"B-lines by the network", 100 * sum[4], "%", source},
          {"frames uninterpretable to the network", 100 * useless / n, "%",
           "of those with a pleural line; the network knows them from spoiled phantoms"}};
}

}
