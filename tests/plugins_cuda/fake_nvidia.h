// What the tests may ask of the stand-in for NVIDIA's libraries. It is told what to be by the
// environment: FAKE_GPUS (1), FAKE_GPU_MEMORY (bytes, 1 GiB), FAKE_GPU_FAULT (a function that
// fails), FAKE_GPU_LOOKS (1: kernels have to begin as a fat binary does).
#pragma once

#include <cstddef>

extern "C" {
std::size_t fake_launches();        // of kernels, so far
std::size_t fake_bytes_held();      // allocated and not given back
std::size_t fake_most_bytes_held(); // so far
const char* fake_misuse();          // what no real driver would bear; empty: nothing
}
