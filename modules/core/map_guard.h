// A memory map faults (SIGBUS) where its file has shrunk since, or lies on a disk or share that
// went away. Within a guarded map such a place reads as zeros from then on and is counted;
// elsewhere SIGBUS ends the program as ever.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sensorium {

// The address is that of a map of size bytes. Any thread; the first call sets the signal handler.
// Maps beyond the 1024th at a time are not guarded.
void guard_map(const void* address, std::size_t size);
void unguard_map(const void* address);

// How often a guarded map lost its file, since the program began. Compare before and after reading.
std::uint64_t lost_maps();

}
