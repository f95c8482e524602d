// Cubes in GeoTIFF, Erdas Imagine, LAN/GIS, PCIDSK and NITF files, through GDAL.
#pragma once

#include "modules/core/context.h"
#include "modules/core/cube.h"
#include "modules/io/bytes.h"

#include <filesystem>
#include <string>

namespace sensorium::gdal {

// Which driver of GDAL a file is for: by its first bytes, of a TIFF by its first directory (more
// than four samples a pixel, or BigTIFF; others are pictures). Empty: none.
std::string driver_of(const std::filesystem::path& path, std::span<const std::byte> head);

// Samples that lie in the file as they are are mapped; compressed and tiled ones are unpacked once,
// block by block. Wavelengths from the bands' metadata, else a list beside. Throws Error BadInput
// with GDAL's own words, Unsupported.
Cube open(const std::filesystem::path& path, Samples samples, const Context& context);

// A GeoTIFF, deflated, by rows of blocks: one band a cube's band, with wavelengths, band names, bad
// bands and the ignore value as GDAL's and ENVI's readers expect them. Put in place when it is
// whole. Throws Error Resources, Usage.
void write_geotiff(const Cube& cube, const std::filesystem::path& path, const Context& context);

}
