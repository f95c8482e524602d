// B-scans for training, prepared once and written to shards (modules/learn/shards.h), so that a
// training reads them while it runs and needs no memory for all of them.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/sharded_samples.h"
#include "pipelines/oct_hrf/patches.h"

#include <memory>

namespace sensorium::oct_hrf {

// A record: everything of a B-scan but its group. Little-endian.
std::vector<std::byte> record_of(const TrainingBscan& bscan);
// Throws Error BadInput: cut short, an impossible size or place.
TrainingBscan bscan_of(std::span<const std::byte> record);

// The samples of a part of a prepared set. Throws Error Usage (a set of another pipeline, or one
// that lacks what options.input asks for), and as ShardReader.
std::unique_ptr<ShardedSamples> prepared_samples(const ShardIndex& set, const std::string& part,
                                                 const SampleOptions& options,
                                                 const StreamOptions& stream = {});

}

#endif
