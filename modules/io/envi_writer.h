// Cubes as ENVI files, by tiles.
#pragma once

#include "modules/core/context.h"
#include "modules/core/cube.h"

#include <filesystem>
#include <string>
#include <vector>

namespace sensorium::envi {

// Two files: path with .hdr, and the samples with .img. Samples are written bit for bit in the
// cube's own interleave and type, low byte first (Int8, which ENVI lacks, as int16). What the cube
// knows of wavelengths, bad bands and values goes into the header; a guessed unit stays unsaid.
// Both files are put in place when they are whole. Throws Error Resources, Usage when the samples
// would overwrite the cube's own.
void write(const Cube& cube, const std::filesystem::path& path, const Context& context);

// Of the header alone.
std::string header_text(const Cube& cube);
// Of a spectral library of float32, one line a spectrum. nm: one a band, or empty.
std::string library_header_text(const std::vector<std::string>& names, std::size_t bands,
                                const std::vector<double>& nm, WavelengthSource source,
                                const std::string& made_from);

}
