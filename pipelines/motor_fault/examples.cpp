#include "pipelines/motor_fault/examples.h"

#include "modules/core/error.h"
#include "modules/io/csv_recording.h"
#include "pipelines/motor_fault/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace sensorium::motor_fault {
namespace fs = std::filesystem;
namespace {

struct Judged {
  Section section;
  std::vector<Window> windows, outside;
  double change = 0;
};

// The very steps of the pipeline between the currents and the network.
Judged judged(const Recording& recording, double rate, bool with_outside) {
  MotorParameters p;
  p.rate = rate;
  Evidence e;
  e.currents = currents_of(recording, p, {});
  e.timeline = timeline_of(e.currents);
  e.course = course_of(e.timeline.ratio());
  Judged out{judged_section(e, p.least_change), {}, {}, e.course.change()};
  out.windows =
      section_windows(e.currents, out.section.from, out.section.to, out.section.reference);
  const std::size_t least = window_length(e.currents.rate.hertz, e.currents.supply_hz),
                    apart = e.timeline.length;
  const auto add = [&](std::size_t from, std::size_t to) {
    if (to < from + least) return;
    for (Window& f : section_windows(e.currents, from, to, std::nullopt))
      out.outside.push_back(std::move(f));
  };
  if (!out.section.changes || !with_outside) return out;
  add(0, out.section.from - std::min(out.section.from, apart));
  add(std::min(e.currents.size(), out.section.to + apart), e.currents.size());
  return out;
}

}

std::vector<Example> synthetic_examples(int first_seed, int machines, const Context& context) {
  std::vector<Example> out;
  for (int m = 0; m < machines; ++m) {
    context.step(static_cast<double>(m) / machines, "synthetic motors");
    for (int label = 0; label < class_count; ++label) {
      SyntheticOptions o;
      o.seed = (first_seed + m) * class_count + label;
      o.fault = label == 0 ? "none" : "inter-turn short";
      o.phase = std::max(0, phase_of(label));
      o.step = std::max(1, step_of(label));
      o.seconds = 3;
      o.supply_hz = m % 3 == 0 ? 50 : 60;
      o.noise_db = -50 + m % 5 * 4;
      o.disturbance = (m % 5) / 4.0;
      o.clip_at = m % 3 == 0 ? 0 : 0.95 + 0.05 * (m % 10);
      if (m % 2 == 1) o.onset = 0, o.end = 1;
      const std::string group = fmt::format("synthetic {}", o.seed);
      Judged one = judged(make_motor(o), 0, false);
      for (Window& f : one.windows) out.push_back({std::move(f), label, group});
    }
  }
  return out;
}

Example without_reference(Example e) {
  for (const std::size_t i : of_reference) e.window.features[i] = 0;
  if (!e.window.raw.empty())
    std::fill(e.window.raw.begin() + raw_channels / 2 * raw_samples, e.window.raw.end(), 0.0F);
  return e;
}

std::optional<std::pair<int, int>> label_of_name(const std::string& stem) {
  static const std::regex healthy(R"(^SC_HLT_(\d{3})$)"),
      faulty(R"(^SC_A([0-4])_B([0-4])_C([0-4])_(\d{3})$)");
  std::smatch m;
  if (std::regex_match(stem, m, healthy)) return std::pair{0, std::stoi(m[1])};
  if (!std::regex_match(stem, m, faulty)) return std::nullopt;
  int label = 0, phases = 0;
  for (int k = 0; k < 3; ++k)
    if (const int step = std::stoi(m[k + 1]); step > 0) {
      label = class_of(k, step);
      ++phases;
    }
  if (phases != 1) return std::nullopt;
  return std::pair{label, std::stoi(m[4])};
}

std::vector<LabelledFile> labelled_files(const std::vector<std::string>& paths, double rate,
                                         const Context& context) {
  std::vector<LabelledFile> out;
  const auto add = [&](const fs::path& path) {
    if (const auto label = label_of_name(path.stem().string()))
      out.push_back({path, label->first, label->second, {}, {}, false, 0});
  };
  for (const std::string& path : paths) {
    std::error_code code;
    if (!fs::is_directory(path, code)) {
      add(path);
      continue;
    }
    for (const auto& item : fs::directory_iterator(path, code)) add(item.path());
  }
  if (out.empty())
    throw Error(ErrorCode::NotFound, "no recording with a label in its name was given",
                "names are those of the ITSC set: SC_HLT_001.csv, SC_A0_B2_C0_001.csv");
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (std::size_t i = 0; i < out.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(out.size()),
                 "reading labelled recordings");
    Judged j = judged(load_csv_recording(out[i].path, {}), rate, true);
    out[i].changes = j.section.changes;
    out[i].change = j.change;
    for (Window& f : j.windows)
      out[i].windows.push_back({std::move(f), out[i].label, out[i].path.stem().string()});
    for (Window& f : j.outside)
      out[i].outside.push_back({std::move(f), out[i].label, out[i].path.stem().string()});
  }
  return out;
}

}
