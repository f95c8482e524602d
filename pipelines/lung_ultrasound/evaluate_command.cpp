#include "pipelines/lung_ultrasound/evaluate_command.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "pipelines/lung_ultrasound/parameters.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct EvaluateParameters {
  LungParameters lung;
  int rounds = 2000, seed = 1;
};

void describe(ParameterVisitor& v, EvaluateParameters& p) {
  describe(v, p.lung);
  v.integer("rounds", p.rounds,
            {.help = "Bootstrap resamples of patients.", .min = 100, .max = 100000});
  v.integer("seed", p.seed, {.help = "Of the bootstrap.", .min = 0});
}

struct Clip {
  fs::path file;
  std::string group;
  std::optional<int> severity, a_lines, b_lines; // as labelled
  ClipScore measured;
  double a_line = 0; // mean height of the repeat over readable frames
  std::string failure;
};

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else if (c != '\r')
      out.back() += c;
  }
  for (std::string& cell : out) {
    while (!cell.empty() && cell.back() == ' ') cell.pop_back();
    cell.erase(0, std::min(cell.find_first_not_of(' '), cell.size()));
  }
  return out;
}

std::optional<int> yes_or_no(const std::string& text) {
  if (text == "yes" || text == "1") return 1;
  if (text == "no" || text == "0") return 0;
  return std::nullopt;
}

std::vector<Clip> read_labels(const fs::path& path) {
  const std::string text = read_text(path);
  std::vector<Clip> out;
  std::map<std::string, std::size_t> column;
  int number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto row = cells(text.substr(at, end - at));
    at = end + 1;
    if (++number == 1) {
      for (std::size_t i = 0; i < row.size(); ++i) column[row[i]] = i;
      for (const char* need : {"file", "patient_group"})
        if (!column.contains(need))
          throw Error(ErrorCode::BadInput,
                      fmt::format("'{}' has no column '{}'", path.string(), need),
                      "columns: file, patient_group, and any of severity, a_lines, b_lines");
      continue;
    }
    if (row.size() == 1 && row[0].empty()) continue;
    const auto cell = [&](const std::string& name) {
      const auto found = column.find(name);
      return found != column.end() && found->second < row.size() ? row[found->second]
                                                                 : std::string();
    };
    Clip clip{.file = path.parent_path() / cell("file"), .group = cell("patient_group")};
    if (cell("file").empty() || clip.group.empty())
      throw Error(
          ErrorCode::BadInput,
          fmt::format("line {} of '{}' has no file or no patient_group", number, path.string()),
          "patients must be known, or figures would count one patient twice");
    clip.a_lines = yes_or_no(cell("a_lines"));
    clip.b_lines = yes_or_no(cell("b_lines"));
    if (const std::string s = cell("severity"); !s.empty()) {
      char* stop = nullptr;
      const double grade = std::strtod(s.c_str(), &stop);
      if (*stop != '\0' || grade != std::floor(grade) || grade < 0 || grade > 3)
        throw Error(ErrorCode::BadInput,
                    fmt::format("line {} of '{}': severity '{}' is none of 0 to 3", number,
                                path.string(), s));
      clip.severity = static_cast<int>(grade);
    }
    out.push_back(std::move(clip));
  }
  return out;
}

void measure(Clip& clip, Registry& registry, const EvaluateParameters& p, const Context& context) {
  const Frames frames = frames_of(registry.open(clip.file), p.lung.frames);
  const Beam beam = find_beam(frames);
  if (!beam.found()) throw Error(ErrorCode::BadInput, beam.failure);
  context.step(0, clip.file.filename().string());
  std::vector<FrameScore> scores;
  double sum = 0;
  for (std::size_t k = 0; k < frames.grey.size(); ++k) {
    const Signs s = signs_of(along_beam(frames.grey[k], beam));
    scores.push_back(score_frame(s, frames.number[k], p.lung.score));
    if (s.pleura_found) sum += s.a_line;
  }
  clip.measured = score_clip(scores, p.lung.score);
  if (clip.measured.readable == 0)
    throw Error(ErrorCode::BadInput, "no frame shows a pleural line");
  clip.a_line = sum / clip.measured.readable;
}

using Figure = std::function<double(const std::vector<const Clip*>&)>;

// The figure with its percentile interval over resampled patients.
json with_interval(const std::vector<const Clip*>& clips, const Figure& figure,
                   const EvaluateParameters& p) {
  std::map<std::string, std::vector<const Clip*>> groups;
  for (const Clip* c : clips) groups[c->group].push_back(c);
  std::vector<const std::vector<const Clip*>*> list;
  for (const auto& [name, members] : groups) list.push_back(&members);
  std::mt19937_64 random(static_cast<std::uint64_t>(p.seed));
  std::vector<double> values;
  for (int r = 0; r < p.rounds && list.size() > 1; ++r) {
    std::vector<const Clip*> drawn;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& members = *list[random() % list.size()];
      drawn.insert(drawn.end(), members.begin(), members.end());
    }
    if (const double v = figure(drawn); std::isfinite(v)) values.push_back(v);
  }
  std::sort(values.begin(), values.end());
  const auto number = [](double v) { return std::isfinite(v) ? json(v) : json(); };
  json out = {{"value", number(figure(clips))}, {"clips", clips.size()}, {"patients", list.size()}};
  if (!values.empty())
    out["interval_95"] = {
        values[static_cast<std::size_t>(0.025 * static_cast<double>(values.size()))],
        values[static_cast<std::size_t>(0.975 * static_cast<double>(values.size() - 1))]};
  return out;
}

Figure auc_of(std::optional<int> Clip::* label, const std::function<double(const Clip&)>& score) {
  return [label, score](const std::vector<const Clip*>& clips) {
    std::vector<double> scores;
    std::vector<int> positive;
    for (const Clip* c : clips) {
      scores.push_back(score(*c));
      positive.push_back(*(c->*label));
    }
    return area_under_curve(scores, positive);
  };
}

std::vector<const Clip*> labelled(const std::vector<Clip>& clips,
                                  std::optional<int> Clip::* label) {
  std::vector<const Clip*> out;
  for (const Clip& c : clips)
    if (c.failure.empty() && c.*label) out.push_back(&c);
  return out;
}

double mean_error(const std::vector<const Clip*>& clips,
                  const std::function<int(const Clip&)>& grade) {
  double sum = 0;
  for (const Clip* c : clips) sum += std::abs(*c->severity - grade(*c));
  return clips.empty() ? nan : sum / static_cast<double>(clips.size());
}

json severity_figures(const std::vector<Clip>& clips, const EvaluateParameters& p) {
  const auto graded = labelled(clips, &Clip::severity);
  json out = json::object();
  if (graded.empty()) return out;
  const auto grade = [&](const Clip& c) { return verdict(c.measured, p.lung.rule).value_or(0); };
  out["quadratic_weighted_kappa"] = with_interval(
      graded,
      [&](const std::vector<const Clip*>& some) {
        std::vector<int> truth, ours;
        for (const Clip* c : some) {
          truth.push_back(*c->severity);
          ours.push_back(grade(*c));
        }
        return weighted_kappa(truth, ours, 4);
      },
      p);
  out["mean_absolute_error"] =
      with_interval(graded, [&](const auto& some) { return mean_error(some, grade); }, p);
  int best = 0;
  for (int k = 1; k < 4; ++k)
    if (mean_error(graded, [k](const Clip&) { return k; }) <
        mean_error(graded, [best](const Clip&) { return best; }))
      best = k;
  out["best_constant"] = {
      {"grade", best},
      {"mean_absolute_error", mean_error(graded, [best](const Clip&) { return best; })}};
  json confusion = json::array();
  for (int truth = 0; truth < 4; ++truth) {
    json row = json::array();
    for (int ours = 0; ours < 4; ++ours)
      row.push_back(std::count_if(graded.begin(), graded.end(), [&](const Clip* c) {
        return *c->severity == truth && grade(*c) == ours;
      }));
    confusion.push_back(row);
  }
  out["confusion"] = confusion; // rows: labelled
  return out;
}

std::string csv_of(const std::vector<Clip>& clips) {
  std::string out =
      "file,patient_group,severity,a_lines,b_lines,frames,readable,majority,mean,max,top,"
      "a_line_height,covered,failure\n";
  const auto text = [](const std::optional<int>& v) {
    return v ? std::to_string(*v) : std::string();
  };
  for (const Clip& c : clips)
    out += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{:.3f},{:.3f},{}\n", csv_cell(c.file.filename().string()),
        csv_cell(c.group), text(c.severity), text(c.a_lines), text(c.b_lines), c.measured.frames,
        c.measured.readable, text(c.measured.majority), text(c.measured.mean), text(c.measured.max),
        text(c.measured.top), c.a_line, c.measured.mean_covered, csv_cell(c.failure));
  return out;
}

json run(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
         const Context& context) {
  const auto p = parameters_from<EvaluateParameters>(parameters);
  if (files.size() != 1)
    throw Error(ErrorCode::Usage, "one table of labels is needed",
                "sensorium evaluate lung_ultrasound labels.csv -o DIR");
  std::vector<Clip> clips = read_labels(files[0]);
  if (clips.empty())
    throw Error(ErrorCode::BadInput, fmt::format("'{}' names no clip", files[0]),
                "give one line a clip");
  Registry registry;
  registry.add(builtin_io());
  registry.scan_default();
  json failed = json::array();
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const double n = static_cast<double>(clips.size());
    try {
      measure(clips[i], registry, p,
              context.part(static_cast<double>(i) / n, static_cast<double>(i + 1) / n));
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled) throw;
      clips[i].failure = e.what();
      failed.push_back({{"file", clips[i].file.filename().string()}, {"reason", e.what()}});
    }
  }
  json out = {{"clips", clips.size()},
              {"not_measured", failed},
              {"rule", p.lung.rule},
              {"severity", severity_figures(clips, p)}};
  out["a_lines_auc"] =
      with_interval(labelled(clips, &Clip::a_lines),
                    auc_of(&Clip::a_lines, [](const Clip& c) { return c.a_line; }), p);
  out["b_lines_auc"] = with_interval(
      labelled(clips, &Clip::b_lines),
      auc_of(&Clip::b_lines, [](const Clip& c) { return c.measured.mean_covered; }), p);
  write_atomically(output / "evaluation.json", out.dump(2) + "\n");
  write_atomically(output / "clips.csv", csv_of(clips));
  return out;
}

}

double area_under_curve(const std::vector<double>& scores, const std::vector<int>& positive) {
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t k = 0; k < scores.size(); ++k)
      if (positive[i] == 1 && positive[k] == 0) {
        wins += scores[i] > scores[k] ? 1 : scores[i] == scores[k] ? 0.5 : 0;
        ++pairs;
      }
  return pairs > 0 ? wins / pairs : nan;
}

double weighted_kappa(const std::vector<int>& a, const std::vector<int>& b, int grades) {
  const auto n = static_cast<double>(a.size());
  std::vector<double> of_a(static_cast<std::size_t>(grades)), of_b(of_a.size());
  double seen = 0, chance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ++of_a[static_cast<std::size_t>(a[i])];
    ++of_b[static_cast<std::size_t>(b[i])];
    seen += (a[i] - b[i]) * (a[i] - b[i]);
  }
  for (int i = 0; i < grades; ++i)
    for (int k = 0; k < grades; ++k)
      chance += of_a[static_cast<std::size_t>(i)] * of_b[static_cast<std::size_t>(k)] * (i - k) *
                (i - k) / n;
  return chance > 0 ? 1 - seen / chance : nan;
}

PipelineCommand evaluate_command() {
  return {.verb = "evaluate",
          .title = "Signs and scores against the labels of a table, with intervals over patients",
          .parameters = specs_of<EvaluateParameters>(),
          .run = run};
}

}
