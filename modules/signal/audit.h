// What is wrong with a recording before anybody draws conclusions from it.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

namespace sensorium {

struct AuditEntry {
  std::string kind; // "clipping", "dropped samples", "offset", "missing phase", "phase order",
                    // "unbalance", "too short", "missing values"
  int channel = -1; // -1: the whole recording
  double value = 0; // the measured number behind it
  std::string text; // one sentence
};

struct ChannelStatistics {
  double minimum = 0, maximum = 0, mean = 0, rms = 0; // rms without the mean
  std::uint64_t absent = 0;                           // values that are no number
  double low_end = 0, high_end = 0;   // part of the values in the lowest, highest 2 % of the range
  double low_next = 0, high_next = 0; // and in the 6 % beside them
  std::uint64_t longest_hold = 0;     // equal values in a row, not at the ends of the range
};

struct Audit {
  std::vector<ChannelStatistics> channels;
  std::vector<AuditEntry> entries;
  bool sampled = false; // only evenly spaced parts were looked at (more than 2^26 values a channel)
};

struct AuditOptions {
  double resolution_hz = 0.5; // what the recording should be able to part; 0: not asked
};

// Reads the recording in blocks. Clipping: the outermost 2 % of the range hold more than 1.4 times
// what the next 6 % hold (a sine: as much) and more than 2 % of all samples; 1.4 is empirical.
// Offset: mean above 5 % of rms. Missing phase: rms below a tenth of the largest of the three.
// Phase order: negative sequence above the positive one, at the strongest line of the first
// samples. Dropped samples: a value held eight times inside the range, or phases that jump together
// (continuity.h, first 2^20 samples). Unbalance: rms of the phases apart by more than 5 % (NEMA MG
// 1, 14.36). Channels of two states are left out.
Audit audit(const Recording& recording, const AuditOptions& options = {},
            const Context& context = {});

// Which channels are the three phase currents, in order a, b, c: by name (ia ib ic, i_u i_v i_w, l1
// l2 l3, "phase a" ...), else the first three of one unit. Nothing when there are fewer than three.
struct PhaseChannels {
  std::array<std::size_t, 3> index{};
  std::string how; // one sentence
};
std::optional<PhaseChannels> phase_channels(const Recording& recording);

// Whether the channel holds only the states 0 and 1 (COMTRADE's status channels).
bool is_status(const Channel& channel);

}
