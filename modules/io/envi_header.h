// The text header of an ENVI cube (Harris "ENVI Header Files"), and ArcGIS's BIL header, which many
// spectrometers write. Only the text: which file holds the samples is envi_reader's work.
#pragma once

#include "modules/core/cube.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sensorium::envi {

struct Header {
  Cube cube; // dimensions, type, layout, wavelengths; no data. origin: facts and warnings
  std::uint64_t offset = 0; // bytes before the samples, in every data file
  bool library = false;     // a spectral library: one spectrum a line
  bool arcgis = false;
};

// 95 for "ENVI", 85 for ArcGIS's keys, else 0.
int sniff(std::span<const std::byte> head);

// name: the file, for messages. Keys in any case; of the optional keys none is needed: byte order
// 0, header offset 0. What contradicts itself without harm becomes a warning. Throws Error BadInput
// naming key and value, Unsupported.
Header parse(std::string_view text, const std::string& name);

// How many bytes the samples take with the offset; Throws Error BadInput when that is no number.
std::uint64_t expected_bytes(const Header& header, const std::string& name);
// For a data file of another size: which type, offset, lines or bands would fit, as a hint.
std::string what_would_fit(const Header& header, std::uint64_t found);

// Nanometres in one of a wavelength unit in any spelling ("Nanometers", "nm", "µm" ...); 0 for what
// is no length.
double nanometres_in(std::string_view unit);
// Sets wavelengths from numbers and a unit; without a unit: above 100 nm, 0.1 to 30 um, else
// absent. Wavenumbers (cm-1) are turned. Says so in note and warnings.
void set_wavelengths(Cube& cube, std::vector<double> values, const std::string& unit,
                     const std::string& key);

}
