// WAV (RIFF, RIFX, RF64, Wave64), FLAC, AIFF and CAF files as recordings, by libsndfile.
#pragma once

#include "modules/core/context.h"
#include "modules/core/recording.h"

#include <filesystem>
#include <span>

namespace sensorium::audio {

// 95 for one of these containers, else 0.
int sniff(std::span<const std::byte> head);

// Integers are divided by full scale, so that 1 is the loudest; floats are as stored. The scaling
// is among the facts; such files have no physical unit. A file with fewer samples than its header
// promises throws Error BadInput with both numbers; a length that was never written is a warning.
Recording load(const std::filesystem::path& path, const Context& context);

}
