#include "pipelines/motor_fault/follower.h"

#include "modules/signal/gaps.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::motor_fault {

using nlohmann::json;

namespace {

constexpr double kept_s = 20, bands_every_s = 5, least_for_bands_s = 5;
constexpr std::size_t most_kept = std::size_t{1} << 21, learned_windows = 25, most_learning = 250,
                      most_rows = 40;
constexpr int windows_in_a_row = 5;
constexpr double follow_slowly = 1.0 / 500; // of a window: about ten seconds of a mains current
constexpr double off_below = 0.05, on_above = 0.1; // of the largest rms so far

}

Follower::Follower(FollowedSignal signal, MotorParameters parameters, Nameplate nameplate,
                   WindowJudge judge)
    : signal_(std::move(signal)), parameters_(std::move(parameters)),
      nameplate_(std::move(nameplate)), judge_(std::move(judge)) {
  keep_ = std::min(most_kept, static_cast<std::size_t>(kept_s * signal_.rate) + 1);
}

void Follower::restart(double start_s) {
  const std::uint64_t bridged = bridged_;
  Follower fresh({signal_.names, signal_.rate, start_s}, parameters_, nameplate_, judge_);
  *this = std::move(fresh);
  bridged_ = bridged;
}

double Follower::seconds(std::uint64_t sample) const {
  return signal_.start_s + static_cast<double>(sample) / signal_.rate;
}

ThreePhase Follower::part(std::uint64_t from, std::size_t count) const {
  const auto at = static_cast<std::size_t>(from - first_);
  const auto of = [&](std::size_t k) {
    return std::span<const double>(values_[k]).subspan(at, count);
  };
  return {of(0), of(1), of(2)};
}

Complex Follower::recent() const {
  const std::size_t count = std::min<std::size_t>(history_.size(), windows_in_a_row);
  Complex sum = 0;
  for (std::size_t k = history_.size() - count; k < history_.size(); ++k) sum += history_[k].ratio;
  return count == 0 ? sum : sum / static_cast<double>(count);
}

json Follower::event(const char* name, std::uint64_t sample, std::string text) const {
  return {{"event", name},
          {"time_s", seconds(sample)},
          {"text", fmt::format("{:10.2f} s  {}", seconds(sample), text)}};
}

std::vector<json> Follower::add(std::span<const double> values) {
  Events out;
  std::array<std::vector<double>, 3> block;
  for (std::size_t i = 0; i + 2 < values.size(); i += 3)
    for (std::size_t k = 0; k < 3; ++k) block[k].push_back(values[i + k]);
  for (std::size_t k = 0; k < 3; ++k) {
    // A gap at the begin of a block is bridged from the last sample before it.
    const bool joined = !values_[k].empty();
    if (joined) block[k].insert(block[k].begin(), values_[k].back());
    bridged_ += bridge_gaps(block[k]);
    values_[k].insert(values_[k].end(), block[k].begin() + (joined ? 1 : 0), block[k].end());
  }
  for (;;) {
    find_supply(out);
    if (supply_hz_ <= 0 || next_ + length_ > end()) break;
    one_window(out);
  }
  trim();
  return out;
}

// The first second that holds a sine; later, each second, the one just passed.
void Follower::find_supply(Events& out) {
  const std::size_t second = std::min(most_kept / 2, static_cast<std::size_t>(signal_.rate)) + 1;
  const double low = nameplate_.supply_hz > 0 ? 0.8 * nameplate_.supply_hz : 10,
               high = nameplate_.supply_hz > 0 ? 1.2 * nameplate_.supply_hz : 400;
  const auto sine_at = [&](std::uint64_t from) {
    return strongest_sine(part(from, second), signal_.rate, low,
                          std::min(high, 0.45 * signal_.rate));
  };
  std::optional<Sine> sine;
  if (supply_hz_ > 0) {
    if (state_ == State::Off || next_ < next_supply_ || next_ < first_ + second) return;
    sine = sine_at(next_ - second);
  } else
    for (; !sine && end() >= next_ + second; next_ += sine ? 0 : second / 2) sine = sine_at(next_);
  if (!sine) return;
  next_supply_ = next_ + second;
  const bool other = std::abs(sine->frequency - supply_hz_) > 0.05 * supply_hz_;
  supply_hz_ = sine->frequency;
  if (!other) return;
  length_ = static_cast<std::size_t>(std::lround(6 * signal_.rate / supply_hz_));
  hop_ = std::max<std::size_t>(1, length_ / 5);
  next_status_ = next_ + second;
  history_.clear();
  begin_learning();
  json e = event("signal", next_, fmt::format("fundamental {:.2f} Hz", supply_hz_));
  e["supply_hz"] = supply_hz_;
  out.push_back(std::move(e));
}

void Follower::begin_learning() {
  state_ = State::Learning;
  learned_.clear();
  learning_ = 0;
  learning_from_ = next_;
}

void Follower::one_window(Events& out) {
  const ThreePhase w = part(next_, length_);
  const Sequence s = sequence_at(w, signal_.rate, supply_hz_);
  const double level = (rms(w[0]) + rms(w[1]) + rms(w[2])) / 3, size = std::norm(s.positive);
  const Complex ratio = size > 0 ? s.negative * std::conj(s.positive) / size : Complex();
  most_level_ = std::max(most_level_, level);
  history_.push_back({next_ + length_ / 2, ratio});
  if (history_.size() > 64) history_.pop_front();
  next_ += hop_;
  if (!turned_off(level, out)) {
    if (state_ == State::Learning)
      learn(ratio, out);
    else if (state_ == State::Quiet)
      watch(ratio, out);
    else if (state_ == State::Fault)
      watch_end(ratio, out);
  }
  if (state_ == State::Fault) judge_fault(out);
  if (next_ >= next_status_) tell_status(out);
  if (next_ >= next_bands_) tell_bands(out);
}

bool Follower::turned_off(double level, Events& out) {
  if (state_ != State::Off && level < off_below * most_level_) {
    out.push_back(event("stopped", next_, "no current"));
    state_ = State::Off;
  } else if (state_ == State::Off && level > on_above * most_level_) {
    next_supply_ = next_ + static_cast<std::uint64_t>(signal_.rate); // it may have another one now
    begin_learning();
  }
  return state_ == State::Off;
}

void Follower::learn(Complex ratio, Events& out) {
  learned_.push_back(ratio);
  ++learning_;
  if (learned_.size() < learned_windows) return;
  Complex mean = 0;
  for (const Complex r : learned_) mean += r / static_cast<double>(learned_.size());
  double squares = 0;
  for (const Complex r : learned_) squares += std::norm(r - mean) / learned_windows;
  if (std::sqrt(squares) > parameters_.least_change / 2 &&
      learning_ < static_cast<int>(most_learning)) {
    learned_.erase(learned_.begin()); // not steady yet
    return;
  }
  learned_.clear();
  learning_ = 0;
  reference_ = mean;
  scatter_ = squares;
  beyond_ = 0;
  told_bands_.clear();
  steady_from_ = next_;
  if (std::abs(mean) > parameters_.least_ratio) return begin_fault(learning_from_, false, out);
  state_ = State::Quiet;
  json e = event("ready", next_, fmt::format("watching; I2/I1 {:.3f}", std::abs(mean)));
  e["i2_i1"] = std::abs(mean);
  out.push_back(std::move(e));
}

void Follower::watch(Complex ratio, Events& out) {
  const double away = std::abs(recent() - reference_);
  if (away <= std::max(parameters_.least_change, 3 * std::sqrt(scatter_))) {
    beyond_ = 0;
    scatter_ += follow_slowly * (std::norm(ratio - reference_) - scatter_);
    reference_ += follow_slowly * (ratio - reference_);
    return;
  }
  if (++beyond_ < windows_in_a_row) return;
  // A window shows half of a step when the step lies at its middle.
  auto at = history_.rbegin();
  while (at != history_.rend() && std::abs(at->ratio - reference_) > away / 2) ++at;
  begin_fault(at == history_.rbegin() ? history_.back().middle : std::prev(at)->middle, true, out);
}

void Follower::begin_fault(std::uint64_t begin, bool with_reference, Events& out) {
  state_ = State::Fault;
  beyond_ = 0;
  with_reference_ = with_reference;
  fault_begin_ = begin;
  next_features_ = std::max(first_, with_reference ? begin + length_ : begin);
  fault_sum_ = 0;
  fault_windows_ = 0;
  rows_.clear();
  told_.clear();
  steady_from_ = next_;
  const double late = static_cast<double>(next_ - hop_ + length_ - begin) / signal_.rate;
  const Complex change = with_reference ? recent() - reference_ : reference_;
  json e = event(
      "begin", next_,
      with_reference
          ? fmt::format("FAULT since {:.2f} s: I2/I1 from {:.3f} to {:.3f} (change {:.3f}), told "
                        "{:.2f} s after its begin",
                        seconds(begin), std::abs(reference_), std::abs(recent()), std::abs(change),
                        late)
          : fmt::format("FAULT since the begin: I2/I1 {:.3f}, nothing healthy to compare with",
                        std::abs(reference_)));
  e["begin_s"] = seconds(begin);
  e["with_reference"] = with_reference;
  e["change"] = std::abs(change);
  if (with_reference) e["told_after_s"] = late;
  out.push_back(std::move(e));
}

void Follower::judge_fault(Events& out) {
  const std::size_t wanted = window_length(signal_.rate, supply_hz_);
  std::vector<Window> windows;
  for (; next_features_ + wanted <= next_ + length_ - hop_; next_features_ += wanted / 4)
    if (next_features_ >= first_)
      windows.push_back(window_of(part(next_features_, wanted), signal_.rate, supply_hz_,
                                  with_reference_ ? std::optional(reference_) : std::nullopt));
  if (windows.empty()) return;
  if (judge_)
    for (const auto& row : judge_(windows)) rows_.push_back(row);
  if (rows_.size() > most_rows)
    rows_.erase(rows_.begin(), rows_.end() - static_cast<std::ptrdiff_t>(most_rows));
  const Complex faulty =
      fault_windows_ > 0 ? fault_sum_ / fault_windows_ : recent(); // before its first window
  const Complex change = with_reference_ ? faulty - reference_ : faulty;
  const TurnVerdict v = judge_turns(change, rows_, parameters_);
  const std::string what = fmt::format("{}{}{}", v.label, v.phase, v.step);
  if (what == told_) return;
  told_ = what;
  const auto phase = static_cast<std::size_t>(v.phase);
  json e =
      event("diagnosis", next_,
            fmt::format("{}: phase {} ({}), about {} % of the turns, score {:.2f} by {}",
                        v.label == "unsure" ? "perhaps an inter-turn short" : "inter-turn short",
                        "ABC"[phase], signal_.names[phase], 10 * v.step, v.score, v.by));
  e.update({{"label", v.label},
            {"phase", std::string(1, "ABC"[phase])},
            {"channel", signal_.names[phase]},
            {"turns_percent", 10 * v.step},
            {"score", v.score},
            {"by", v.by},
            {"begin_s", seconds(fault_begin_)},
            {"change", std::abs(change)},
            {"i2_i1", std::abs(faulty)}});
  out.push_back(std::move(e));
}

void Follower::watch_end(Complex ratio, Events& out) {
  const Complex usual = fault_windows_ > 0 ? fault_sum_ / fault_windows_ : ratio;
  const double limit = std::max(parameters_.least_change, 3 * std::sqrt(scatter_));
  const bool gone = with_reference_ ? std::abs(recent() - reference_) < limit / 2
                                    : std::abs(recent()) < parameters_.least_ratio &&
                                          std::abs(recent() - usual) > limit;
  beyond_ = gone ? beyond_ + 1 : 0;
  if (beyond_ < windows_in_a_row) {
    // Windows that hold the step itself are left out.
    if (!gone && history_.back().middle >= fault_begin_ + length_) {
      fault_sum_ += ratio;
      fault_windows_ += 1;
    }
    return;
  }
  auto at = history_.rbegin();
  while (at != history_.rend() && std::abs(at->ratio - usual) > std::abs(recent() - usual) / 2)
    ++at;
  const std::uint64_t last = at == history_.rend() ? history_.front().middle : at->middle;
  json e = event(
      "end", next_,
      fmt::format("fault ended at {:.2f} s; I2/I1 {:.3f}", seconds(last), std::abs(recent())));
  e["begin_s"] = seconds(fault_begin_);
  e["end_s"] = seconds(last);
  out.push_back(std::move(e));
  beyond_ = 0;
  steady_from_ = next_;
  state_ = State::Quiet;
  if (!with_reference_) begin_learning();
}

void Follower::tell_status(Events& out) {
  next_status_ += static_cast<std::uint64_t>(signal_.rate) + 1;
  const auto of = [&](State s, const char* name) { return state_ == s ? name : nullptr; };
  const char* state = of(State::Learning, "learning");
  for (const char* name :
       {of(State::Quiet, "quiet"), of(State::Fault, "fault"), of(State::Off, "off")})
    if (name != nullptr) state = name;
  const bool compared = state_ == State::Quiet || (state_ == State::Fault && with_reference_);
  const double ratio = std::abs(recent()), change = std::abs(recent() - reference_);
  double level = 0;
  for (const auto& x : part(next_ - hop_, length_)) level += rms(x) / 3;
  json e = event("status", next_,
                 state_ == State::Off
                     ? "off"
                     : fmt::format("{:<8} I2/I1 {:.3f}{}, {:.2f} Hz, rms {:.3g}", state, ratio,
                                   compared ? fmt::format(" (change {:.3f})", change) : "",
                                   supply_hz_, level));
  e.update({{"state", state}, {"i2_i1", ratio}, {"supply_hz", supply_hz_}, {"rms", level}});
  if (compared) e["change"] = change;
  out.push_back(std::move(e));
}

void Follower::tell_bands(Events& out) {
  next_bands_ = next_ + static_cast<std::uint64_t>(bands_every_s * signal_.rate);
  const std::uint64_t from = std::max(first_, steady_from_);
  if ((state_ != State::Quiet && state_ != State::Fault) ||
      static_cast<double>(next_ - from) < least_for_bands_s * signal_.rate)
    return;
  Evidence e;
  const std::size_t count = std::min(keep_, static_cast<std::size_t>(next_ - from));
  const ThreePhase last = part(next_ - count, count);
  for (std::size_t k = 0; k < 3; ++k) e.currents.values[k].assign(last[k].begin(), last[k].end());
  e.currents.rate = known_rate(signal_.rate, RateSource::Stated, "stream");
  e.currents.supply_hz = supply_hz_;
  e.nameplate = nameplate_;
  measure_spectrum(e, 0, count, parameters_);
  json raised = json::array();
  std::string text;
  for (const BandLevel& b : judged_bands(e.bands, parameters_)) {
    if (b.severity == 0) continue;
    raised.push_back({{"fault", b.band.fault},
                      {"line", b.band.label},
                      {"hertz", b.peak_hz},
                      {"level_db", b.level_db},
                      {"surroundings_db", b.floor_db},
                      {"severity", b.severity}});
    text += fmt::format("{}{} {} {:.1f} dB at {:.2f} Hz", text.empty() ? "" : "; ", b.band.fault,
                        b.band.label, b.level_db, b.peak_hz);
  }
  std::string lines;
  for (const json& b : raised)
    lines += b["fault"].get<std::string>() + b["line"].get<std::string>();
  if (e.bands.empty() || lines == told_bands_) return;
  told_bands_ = lines;
  json told = event("bands", next_,
                    raised.empty() ? "no fault band stands above its threshold"
                                   : "fault bands raised (thresholds are empirical): " + text);
  told["raised"] = raised;
  told["bands"] = e.bands.size();
  told["over_s"] = static_cast<double>(count) / signal_.rate;
  out.push_back(std::move(told));
}

void Follower::trim() {
  if (values_[0].size() < 2 * keep_) return;
  // What is still to be looked at stays.
  std::uint64_t from = end() - keep_;
  from = std::min(from, next_ - std::min(next_, std::uint64_t{keep_} / 2));
  if (from <= first_) return;
  const auto drop = static_cast<std::ptrdiff_t>(from - first_);
  for (auto& x : values_) x.erase(x.begin(), x.begin() + drop);
  first_ = from;
  next_features_ = std::max(next_features_, first_);
}

}
