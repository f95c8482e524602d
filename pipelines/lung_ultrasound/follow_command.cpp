#include "pipelines/lung_ultrasound/follow_command.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace {

// A file that may grow, a pipe, or standard input for "-".
class Source {
public:
  Source(const std::string& path, double idle_s, const Context& context)
      : idle_s_(idle_s), context_(context),
        descriptor_(path == "-" ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts{};
    if (descriptor_ >= 0 && ::fstat(descriptor_, &facts) == 0) grows_ = S_ISREG(facts.st_mode);
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
        if (!grows_) return 0;
      }
      if (context_.progress && !context_.progress(0.5, "waiting for frames")) return 0;
      const std::chrono::duration<double> idle = Clock::now() - since;
      if (idle_s_ > 0 && idle.count() >= idle_s_) return 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

private:
  bool grows_ = false;
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

std::string text_of(const Followed& f, double latency_ms) {
  const std::string what = !f.beam            ? "no beam yet"
                           : f.score.readable ? fmt::format("score {}", f.score.score)
                                              : "not readable";
  return fmt::format("frame {}: {}, {:.1f} ms", f.frame + 1, what, latency_ms);
}

json summary_of(const Judgement& all, const LungParameters& p, int frames, double seconds,
                const std::vector<double>& latency) {
  const auto k = best_class(all.classes.used);
  const auto score = verdict(all.score, p.rule);
  const double median = percentile(latency, 0.5), p95 = percentile(latency, 0.95);
  return {
      {"event", "end"},
      {"frames", frames},
      {"readable", all.score.readable},
      {"score", score ? json(*score) : json()},
      {"class", k ? json(class_names[static_cast<std::size_t>(*k)]) : json()},
      {"latency_ms", {{"median", median}, {"p95", p95}}},
      {"frames_per_second", seconds > 0 ? frames / seconds : 0},
      {"text",
       fmt::format(
           "{} frames, {} readable; {}{}; latency {:.1f} ms median, {:.1f} ms 95th percentile",
           frames, all.score.readable, score ? fmt::format("score {}", *score) : "uninterpretable",
           k ? fmt::format(", {}", class_names[static_cast<std::size_t>(*k)]) : "", median, p95)}};
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
  out.score = score_frame(signs_of(along_beam(grey, beam_)), out.frame, parameters_.score);
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

void follow_stream(const FollowRequest& request, const std::filesystem::path& own_model,
                   const FollowSink& sink, const Context& context) {
  const auto p = parameters_from<LungParameters>(request.parameters);
  const fs::path model = !request.model.empty()  ? request.model
                         : fs::exists(own_model) ? own_model
                                                 : fs::path();
  if (p.rule == attention_rule)
    throw Error(ErrorCode::Usage, "the rule 'attention' looks at a whole clip, a stream has no end",
                "choose majority, mean, max or top");
  Source source(request.path.string(), request.idle_s, context);
  Y4mStream stream([&](std::uint8_t* to, std::size_t n) { return source.read(to, n); },
                   request.path.string());
  Classifier classifier;
  Follower follower(stream.width(), stream.height(), p, model, classifier, context);
  std::vector<double> latency;
  std::vector<std::uint8_t> luma;
  const auto begun = Clock::now();
  bool heard = true;
  while (heard && stream.next(luma)) {
    const auto got = Clock::now();
    const Followed f = follower.take(luma);
    latency.push_back(std::chrono::duration<double, std::milli>(Clock::now() - got).count());
    json event = row_of(f, latency.back());
    event["event"] = "frame";
    event["text"] = text_of(f, latency.back());
    heard = sink(event) && (!context.progress || context.progress(0.5, ""));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  sink(summary_of(follower.so_far(), p, stream.frames(), seconds, latency));
}

}
