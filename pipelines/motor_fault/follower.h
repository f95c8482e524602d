// Diagnosis of currents while they come: what timeline.h does afterwards, step by step.
#pragma once

#include "pipelines/motor_fault/diagnose.h"

#include <deque>

namespace sensorium::motor_fault {

// Probabilities of windows, or nothing where rules decide.
using WindowJudge =
    std::function<std::vector<std::array<float, class_count>>(const std::vector<Window>&)>;

struct FollowedSignal {
  std::array<std::string, 3> names; // phases a, b, c
  double rate = 0;                  // Hz
  double start_s = 0;               // of the first sample on the source's own clock
};

// The reference is the mean of I2/I1 over the first half second that is steady, followed slowly
// (ten seconds) while nothing happens. A fault begins where the mean of five windows (six periods
// each, every fifth of one) leaves it by more than least_change and three times its scatter, five
// windows in a row; it ends where that falls below half. Without a healthy begin, least_ratio
// decides. At most twenty seconds, or 2,097,152 samples of each phase, are kept.
class Follower {
public:
  Follower(FollowedSignal signal, MotorParameters parameters, Nameplate nameplate,
           WindowJudge judge);
  // Values of phases a, b, c in turn; no number: missing, bridged. Events in their order, each an
  // object with "event", "time_s", "text" and figures: "ready", "status" (each second), "begin",
  // "diagnosis", "end", "stopped" (no current), "bands".
  std::vector<nlohmann::json> add(std::span<const double> values);
  // After a gap: what was learned of the motor is forgotten. start_s: of the next sample.
  void restart(double start_s);
  std::uint64_t bridged() const { return bridged_; }

private:
  enum class State { Waiting, Learning, Quiet, Fault, Off };
  using Events = std::vector<nlohmann::json>;
  double seconds(std::uint64_t sample) const;
  std::uint64_t end() const { return first_ + values_[0].size(); }
  ThreePhase part(std::uint64_t from, std::size_t count) const;
  Complex recent() const; // mean of the last five windows
  nlohmann::json event(const char* name, std::uint64_t sample, std::string text) const;

  void find_supply(Events& out);
  void one_window(Events& out);
  void begin_learning();
  bool turned_off(double level, Events& out);
  void learn(Complex ratio, Events& out);
  void watch(Complex ratio, Events& out);
  void begin_fault(std::uint64_t begin, bool with_reference, Events& out);
  void judge_fault(Events& out);
  void watch_end(Complex ratio, Events& out);
  void tell_status(Events& out);
  void tell_bands(Events& out);
  void trim();

  FollowedSignal signal_;
  MotorParameters parameters_;
  Nameplate nameplate_;
  WindowJudge judge_;
  std::array<std::vector<double>, 3> values_;
  std::uint64_t first_ = 0; // number of the first kept sample
  std::uint64_t bridged_ = 0, next_ = 0, next_supply_ = 0, next_status_ = 0, next_bands_ = 0,
                steady_from_ = 0, learning_from_ = 0;
  std::size_t length_ = 0, hop_ = 0, keep_ = 0;
  double supply_hz_ = 0, most_level_ = 0;
  State state_ = State::Waiting;
  struct Point {
    std::uint64_t middle;
    Complex ratio;
  };
  std::deque<Point> history_;
  std::vector<Complex> learned_;
  Complex reference_;
  double scatter_ = 0; // mean squared distance of quiet windows from the reference
  int beyond_ = 0, learning_ = 0;
  bool with_reference_ = false;
  std::uint64_t fault_begin_ = 0, next_features_ = 0;
  Complex fault_sum_;
  double fault_windows_ = 0;
  std::vector<std::array<float, class_count>> rows_;
  std::string told_, told_bands_;
};

}
