// Training curves twice: log.jsonl for programs, events/ for TensorBoard.
#pragma once

#include "modules/learn/event_file.h"

#include <filesystem>
#include <fstream>

namespace sensorium {

class TrainingLog {
public:
  // Goes on after the given step: what a killed run wrote beyond it is dropped. Throws Error
  // Resources.
  TrainingLog(const std::filesystem::path& folder, int step);
  void record(const std::string& tag, double value, int step);
  // Before each checkpoint. Throws Error Resources (disk full).
  void flush();

private:
  std::filesystem::path path_;
  bool begun_before_;
  std::ofstream lines_;
  EventFile events_;
};

}
