// The class map of a result folder as a file.
#pragma once

#include "modules/review/class_map.h"

#include <filesystem>

class QImage; // the command line reads this header without Qt

namespace sensorium {

// The palette picture that holds it: class_map.png, else classes.png. It need not be there.
std::filesystem::path class_map_file(const std::filesystem::path& folder);
// Empty where there is none of this size (width x height pixels, at most 64 Mi), or it cannot be
// read.
ClassMap read_class_map(const std::filesystem::path& folder, int width, int height);
// Palette picture: a pixel's value is its class.
QImage class_image(const ClassMap& map);
// As a palette PNG: a pixel's value is its class. Throws Error Resources.
void write_class_map(const ClassMap& map, const std::filesystem::path& file);

}
