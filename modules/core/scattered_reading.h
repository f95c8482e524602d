// Looks at a few places of a long mapped file.
#pragma once

#include "modules/core/origin.h"
#include "modules/core/recording.h"

namespace sensorium {

// While it lives, the system reads no more of the file than is asked for (it would read megabytes
// ahead of each place); at its end the memory of what was read is given back. Nothing for owned or
// small memory.
class ScatteredReading {
public:
  explicit ScatteredReading(const Buffer& buffer);
  ~ScatteredReading();
  ScatteredReading(const ScatteredReading&) = delete;
  ScatteredReading& operator=(const ScatteredReading&) = delete;

private:
  void advise(int advice) const;
  Buffer buffer_; // shares the memory
  bool acts_;
};

// Tells the system that these samples of a channel are read next, whatever was said of the rest of
// the file. Nothing for owned memory; what lies beyond the channel's end is left out.
void expect_reading(const Channel& channel, std::uint64_t first, std::uint64_t count);

}
