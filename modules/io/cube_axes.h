// What array files (npy, MAT, HDF5) leave out: which axis is the spectrum, and at which
// wavelengths.
#pragma once

#include "modules/core/cube.h"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

struct WavelengthList {
  std::vector<double> values;
  std::string file; // its name
};

// Text files in the folder of path whose name speaks of wavelengths ("wavelengths.csv",
// "NAME_wavelength.txt") and that hold exactly count numbers, one a line after at most one heading;
// one named like path comes first. Nothing when there is none, or several that differ.
std::optional<WavelengthList> wavelengths_beside(const std::filesystem::path& path,
                                                 std::uint64_t count);

struct SpectralAxis {
  std::size_t axis = 2; // 0 or 2
  std::string reason;   // for the user
  bool sure = false;    // a list of wavelengths fits this axis alone
};
// Which of three axes is the spectrum: the one a list beside fits, else the last.
SpectralAxis spectral_axis(const std::filesystem::path& path,
                           const std::array<std::uint64_t, 3>& size);

}
