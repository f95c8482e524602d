// A class map as a picture with its legend.
#pragma once

#include "modules/core/dataset.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

using ClassColour = std::array<std::uint8_t, 3>;
// Colours that people with colour-blindness tell apart: Okabe and Ito 2008.
inline constexpr ClassColour bluish_green{0, 158, 115}, vermillion{213, 94, 0},
    sky_blue{86, 180, 233}, blue{0, 114, 178}, yellow{240, 228, 66}, purple{204, 121, 167},
    orange{230, 159, 0}, dark_grey{70, 70, 70};

struct LegendEntry {
  std::string name; // ASCII: "tumour, 12.3 %"
  ClassColour colour{};
};

// A map of bytes as a result's volume: its scale is not known.
Volume map_volume(std::vector<std::uint8_t> values, int width, int height);

// One colour a class over a grey picture of the cube (0 to 1, empty: none), the legend below. A
// class number without an entry is black. Small maps are enlarged by a whole number. Throws Error
// Resources.
void write_class_map(std::span<const std::uint8_t> classes, int width, int height,
                     std::span<const float> grey, const std::vector<LegendEntry>& legend,
                     const std::string& caption, const std::filesystem::path& path);

}
