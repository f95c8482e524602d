// What a step is told about the world: whether to go on, where to report, on what to compute.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sensorium {

enum class LogLevel { Info, Warning };

struct Context {
  // fraction 0..1 of the whole task, and what is being done. Returns false when the user wants it
  // stopped.
  std::function<bool(double fraction, std::string_view what)> progress;
  // For the log file and the log panel. Never given patient text.
  std::function<void(LogLevel level, std::string_view text)> log;
  std::string device = "cpu"; // "cpu" or "cuda:N"
  int threads = 0;            // 0: as many as the machine has

  // Reports progress; throws Error Cancelled when asked to stop.
  void step(double fraction, std::string_view what) const;
  void info(std::string_view text) const;
  void warn(std::string_view text) const;
  int thread_count() const; // threads, or the number of processors
  // The same context with its progress mapped to [from, to] of this one.
  Context part(double from, double to) const;
};

}
