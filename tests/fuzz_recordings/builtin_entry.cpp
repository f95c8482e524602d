// The built-in readers, as one extension: what the fuzzers and tests of plugins ask for.
#include "modules/io/builtin.h"

extern "C" void sensorium_extension(sensorium::Extension* out) { *out = sensorium::builtin_io(); }
