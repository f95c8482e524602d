#include "pipelines/motor_fault/follow.h"

#include "modules/core/error.h"
#include "modules/io/table_stream.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::motor_fault {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr double waiting_after_s = 2, longest_bridged_s = 1, least_rate = 40;

double seconds_since(Clock::time_point t) {
  return std::chrono::duration<double>(Clock::now() - t).count();
}

double quantile(std::vector<double> x, double part) {
  if (x.empty()) return 0;
  std::sort(x.begin(), x.end());
  return x[std::min(x.size() - 1, static_cast<std::size_t>(part * static_cast<double>(x.size())))];
}

class Session {
public:
  Session(const FollowRequest& request, const WindowJudge& judge, const FollowSink& sink)
      : request_(request), parameters_(parameters_from<MotorParameters>(request.parameters)),
        nameplate_(parameters_.nameplate.empty() ? Nameplate{}
                                                 : read_nameplate(parameters_.nameplate)),
        judge_(judge), sink_(sink), stream_(request.path.string()) {}
  void run(const Context& context);

private:
  bool one_read();
  void start();
  void take_rows();
  // The values of one row, after as many missing ones as the time column says are missing.
  void add_row(const double* row);
  void tell(json event);
  void tell_bad_lines();
  void finish(const std::string& reason);
  void restart();

  const FollowRequest& request_;
  MotorParameters parameters_;
  Nameplate nameplate_;
  const WindowJudge& judge_;
  const FollowSink& sink_;
  TableStream stream_;
  std::optional<Follower> follower_;
  Source source_;
  std::vector<std::size_t> columns_; // of the table, for phases a, b, c
  std::vector<double> rows_, values_;
  std::optional<double> time_;
  std::uint64_t told_bad_ = 0, samples_ = 0;
  Clock::time_point begun_ = Clock::now(), last_rows_ = begun_, arrived_ = begun_;
  bool waiting_told_ = false, listening_ = true;
  std::string reason_;
  std::vector<double> latencies_; // the last ten thousand answers, ms
  std::size_t answers_ = 0;
};

void Session::tell(json event) {
  if (!sink_(event)) listening_ = false;
}

void Session::start() {
  const Recording& head = stream_.head();
  source_ = source_of(head, parameters_);
  if (source_.rate.hertz < least_rate)
    throw Error(ErrorCode::Unsupported,
                fmt::format("{} Hz is too slow to see an alternating current", source_.rate.hertz),
                "check the sample rate (--rate)");
  FollowedSignal signal{{}, source_.rate.hertz, head.start_s};
  columns_.clear();
  for (std::size_t k = 0; k < 3; ++k) {
    std::size_t column = source_.index[k];
    signal.names[k] = head.channels[column].name;
    if (stream_.time_column() && *stream_.time_column() <= column) ++column;
    columns_.push_back(column);
  }
  follower_.emplace(signal, parameters_, nameplate_, judge_);
  json e = {{"event", "started"},
            {"text", fmt::format("{}: {} at {:.6g} Hz ({})", request_.path.string(),
                                 fmt::format("{}, {}, {}", signal.names[0], signal.names[1],
                                             signal.names[2]),
                                 signal.rate, source_.rate.field)},
            {"channels", signal.names},
            {"rate_hz", signal.rate},
            {"rate_from", source_.rate.field},
            {"notes", source_.notes}};
  tell(std::move(e));
}

void Session::restart() {
  follower_.reset();
  rows_.clear();
  time_.reset();
  told_bad_ = 0;
  tell({{"event", "restarted"}, {"text", "the file was cut or replaced: begun anew"}});
}

void Session::add_row(const double* row) {
  if (const auto column = stream_.time_column()) {
    const double now = row[*column] * stream_.time_unit_s();
    const double step = 1 / source_.rate.hertz;
    if (!std::isfinite(now)) return; // the next row's time tells what is missing
    if (time_) {
      const double missing = std::round((now - *time_) / step) - 1;
      if (missing * step > longest_bridged_s || now <= *time_) {
        for (json& e : follower_->add(values_)) tell(std::move(e));
        values_.clear();
        follower_->restart(now);
        tell({{"event", "gap"},
              {"time_s", now},
              {"text",
               fmt::format("{:10.2f} s  the times jump from {:.6g} s: begun anew", now, *time_)}});
      } else {
        for (double k = 0; k < missing; ++k)
          values_.insert(values_.end(), 3, std::numeric_limits<double>::quiet_NaN());
      }
    }
    time_ = now;
  }
  for (const std::size_t c : columns_) {
    const double v = row[c];
    values_.push_back(std::isfinite(v) ? v : std::numeric_limits<double>::quiet_NaN());
  }
  ++samples_;
}

void Session::take_rows() {
  const std::size_t columns = stream_.layout()->columns;
  values_.clear();
  for (std::size_t i = 0; i + columns <= rows_.size(); i += columns) add_row(rows_.data() + i);
  rows_.clear();
  for (json& e : follower_->add(values_)) {
    const double ms = 1000 * seconds_since(arrived_);
    e["latency_ms"] = ms;
    e["text"] = e["text"].get<std::string>() + fmt::format("  [{:.1f} ms]", ms);
    if (latencies_.size() < 10000) latencies_.push_back(0);
    latencies_[answers_++ % latencies_.size()] = ms;
    tell(std::move(e));
  }
  tell_bad_lines();
}

void Session::tell_bad_lines() {
  if (stream_.bad_lines() == told_bad_) return;
  told_bad_ = stream_.bad_lines();
  tell({{"event", "rows"},
        {"bad_lines", told_bad_},
        {"text", fmt::format("{} lines are no rows and count as missing; {}", told_bad_,
                             stream_.last_bad())}});
}

// False: nothing more will come.
bool Session::one_read() {
  const StreamState state = stream_.read(rows_, std::chrono::milliseconds(100));
  if (state == StreamState::Ended) {
    reason_ = "the writer ended";
    if (stream_.lines() == 0)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' ended before a row came", request_.path.string()),
                  "check what the writer writes");
    return false;
  }
  if (state == StreamState::Restarted) restart();
  if (state == StreamState::Rows) {
    arrived_ = last_rows_ = Clock::now();
    waiting_told_ = false;
    if (!follower_) start();
    take_rows();
  }
  const double idle = seconds_since(last_rows_);
  if (request_.idle_s > 0 && idle > request_.idle_s) {
    reason_ = fmt::format("nothing came for {:.3g} s", request_.idle_s);
    return false;
  }
  if (idle > waiting_after_s && !waiting_told_) {
    waiting_told_ = true;
    tell({{"event", "waiting"}, {"text", "nothing new; waiting for the writer"}});
  }
  return true;
}

void Session::finish(const std::string& reason) {
  const double p50 = quantile(latencies_, 0.5), p95 = quantile(latencies_, 0.95),
               most = quantile(latencies_, 1);
  const double signal_s =
      source_.rate.known() ? static_cast<double>(samples_) / source_.rate.hertz : 0;
  tell({{"event", "finished"},
        {"reason", reason},
        {"samples", samples_},
        {"signal_s", signal_s},
        {"wall_s", seconds_since(begun_)},
        {"bad_lines", stream_.bad_lines()},
        {"bridged_values", follower_ ? follower_->bridged() : 0},
        {"latency_ms", {{"median", p50}, {"p95", p95}, {"greatest", most}}},
        {"text", fmt::format("{}: {} rows, {:.2f} s of signal; latency {:.1f} ms (median), {:.1f} "
                             "ms (95 %), {:.1f} ms (greatest)",
                             reason, samples_, signal_s, p50, p95, most)}});
}

void Session::run(const Context& context) {
  reason_ = "stopped";
  while (listening_ && (!context.progress || context.progress(0, "following")))
    if (!one_read()) break;
  finish(reason_);
}

}

void follow(const FollowRequest& request, const WindowJudge& judge, const FollowSink& sink,
            const Context& context) {
  Session(request, judge, sink).run(context);
}

}
