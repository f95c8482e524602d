#include "pipelines/lung_ultrasound/follow_command.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <thread>
#include <unistd.h>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace {

struct FollowParameters {
  LungParameters lung;
  std::string model;
  double idle_s = 5;
};

void describe(ParameterVisitor& v, FollowParameters& p) {
  describe(v, p.lung);
  v.text("model", p.model, {.help = "An .onnx model; empty: the pipeline's own."});
  v.number("idle_s", p.idle_s,
           {.help = "A file that does not grow for so long has ended.",
            .unit = "s",
            .min = 0,
            .max = 3600});
}

// A file that may grow, or standard input for "-".
class Source {
public:
  Source(const std::string& path, double idle_s, const Context& context)
      : path_(path), idle_s_(idle_s), context_(context),
        descriptor_(path == "-" ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0)
      throw Error(ErrorCode::NotFound, fmt::format("there is no stream '{}'", path),
                  "give a YUV4MPEG2 file, a pipe, or - for standard input");
  }
  ~Source() {
    if (descriptor_ > 0) ::close(descriptor_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  std::size_t read(std::uint8_t* to, std::size_t count) {
    for (const auto since = Clock::now();;) {
      pollfd waiting{descriptor_, POLLIN, 0};
      if (::poll(&waiting, 1, 100) > 0) {
        const auto got = ::read(descriptor_, to, count);
        if (got > 0) return static_cast<std::size_t>(got);
        if (path_ == "-") return 0;
      }
      context_.step(0.5, "waiting for frames");
      if (path_ == "-") continue;
      if (std::chrono::duration<double>(Clock::now() - since).count() >= idle_s_) return 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

private:
  std::string path_;
  double idle_s_;
  const Context& context_;
  int descriptor_;
};

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

json row_of(const Followed& f, double latency_ms) {
  json out = {{"frame", f.frame + 1}, {"latency_ms", std::round(latency_ms * 100) / 100}};
  if (!f.beam) {
    out["readable"] = false;
    out["reason"] = "no beam yet";
    return out;
  }
  out["readable"] = f.score.readable;
  if (!f.score.readable) return out;
  out["score"] = f.score.score;
  out["a_lines"] = f.score.a_lines;
  out["b_lines"] = f.score.b_lines;
  if (f.probability)
    for (std::size_t k = 0; k < class_count; ++k)
      out["classes"][class_names[k]] = std::round(1000 * (*f.probability)[k]) / 1000;
  return out;
}

json run(const PipelineInfo& info, const std::vector<std::string>& files, const json& parameters,
         const fs::path& output, const Context& context) {
  const auto p = parameters_from<FollowParameters>(parameters);
  if (files.size() != 1)
    throw Error(ErrorCode::Usage, "one stream is needed",
                "give a YUV4MPEG2 file, a pipe, or - for standard input");
  const fs::path own = resources_folder() / "models" / info.model;
  const fs::path model = !p.model.empty() ? fs::path(p.model) : fs::exists(own) ? own : fs::path();
  Source source(files[0], p.idle_s, context);
  Y4mStream stream([&](std::uint8_t* to, std::size_t n) { return source.read(to, n); }, files[0]);
  Classifier classifier;
  Follower follower(stream.width(), stream.height(), p.lung, model, classifier, context);
  std::ofstream rows(output / "frames.jsonl");
  std::vector<double> latency;
  std::vector<std::uint8_t> luma;
  const auto begun = Clock::now();
  while (stream.next(luma)) {
    const auto got = Clock::now();
    const Followed f = follower.take(luma);
    latency.push_back(std::chrono::duration<double, std::milli>(Clock::now() - got).count());
    rows << row_of(f, latency.back()).dump() << "\n" << std::flush;
    if (!rows)
      throw Error(ErrorCode::Resources,
                  fmt::format("cannot write '{}'", (output / "frames.jsonl").string()),
                  "check the space left");
    context.step(0.5, fmt::format("frame {}: {}, {:.1f} ms", f.frame + 1,
                                  !f.beam            ? std::string("no beam yet")
                                  : f.score.readable ? fmt::format("score {}", f.score.score)
                                                     : std::string("not readable"),
                                  latency.back()));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const Judgement all = follower.so_far();
  const auto k = best_class(all.classes.used);
  const auto score = verdict(all.score, p.lung.rule);
  json out = {
      {"frames", stream.frames()},
      {"readable", all.score.readable},
      {"score", score ? json(*score) : json()},
      {"class", k ? json(class_names[static_cast<std::size_t>(*k)]) : json()},
      {"latency_ms", {{"median", percentile(latency, 0.5)}, {"p95", percentile(latency, 0.95)}}},
      {"frames_per_second", seconds > 0 ? stream.frames() / seconds : 0}};
  write_atomically(output / "verdict.json", out.dump(1) + "\n");
  out["text"] = fmt::format(
      "{} frames, {} readable; {}{}; latency {:.1f} ms median, {:.1f} ms 95th percentile",
      stream.frames(), all.score.readable,
      score ? fmt::format("score {}", *score) : "uninterpretable",
      k ? fmt::format(", {}", class_names[static_cast<std::size_t>(*k)]) : "",
      percentile(latency, 0.5), percentile(latency, 0.95));
  return out;
}

}

Follower::Follower(int width, int height, const LungParameters& parameters, const fs::path& model,
                   Classifier& classifier, const Context& context)
    : parameters_(parameters), classifier_(classifier), width_(width), height_(height) {
  if (parameters.use_network && has_network() && !model.empty())
    side_ = classifier.load(model, context);
}

void Follower::look_for_beam() {
  Frames frames{.width = width_, .height = height_, .of = static_cast<int>(recent_.size())};
  frames.grey.assign(recent_.begin(), recent_.end());
  Beam now = find_beam(frames);
  if (!now.found()) return;
  beam_ = std::move(now);
  found_ = true;
  std::vector<Lines> lines;
  for (const auto& grey : frames.grey) lines.push_back(along_beam(grey, beam_));
  motion_ = motion_of(lines);
}

Followed Follower::take(const std::vector<std::uint8_t>& luma) {
  std::vector<float> grey(luma.size());
  for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = static_cast<float>(luma[i]) / 255;
  Followed out{.frame = count_++};
  recent_.push_back(grey);
  if (recent_.size() > static_cast<std::size_t>(first)) recent_.pop_front();
  const bool enough = recent_.size() == static_cast<std::size_t>(first);
  if (enough && (!found_ ? count_ % first == 0 : count_ % again == 0)) look_for_beam();
  out.beam = found_;
  if (!found_) return out;
  out.score = score_frame(signs_of(along_beam(grey, beam_), motion_), out.frame, parameters_.score);
  scores_.push_back(out.score);
  if (out.score.readable && side_ > 0) {
    out.probability = classifier_.run({picture_of(grey, beam_, side_)}).at(0).probability;
    readable_.push_back(*out.probability);
  }
  return out;
}

Judgement Follower::so_far() const {
  return {scores_, score_clip(scores_, parameters_.score),
          class_verdicts(readable_, parameters_.rule, parameters_.score.top)};
}

PipelineCommand follow_command(const PipelineInfo& info) {
  return {.verb = "follow",
          .title = "Frame by frame from a stream that is still growing",
          .parameters = specs_of<FollowParameters>(),
          .run = [info](const std::vector<std::string>& files, const json& parameters,
                        const fs::path& output, const Context& context) {
            return run(info, files, parameters, output, context);
          }};
}

}
