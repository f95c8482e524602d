// A folder of pictures as one stack.
#pragma once

#include "modules/core/context.h"
#include "modules/io/bytes.h"

#include <filesystem>
#include <vector>

namespace sensorium {

// "b2.png" before "b10.png": runs of digits compare as numbers.
bool natural_less(std::string_view a, std::string_view b);

struct FolderContent {
  std::vector<std::filesystem::path> pictures; // by content, in natural order of their names
  std::vector<std::string> others; // names of visible files that are none, and of sub-folders
};
// Throws Error NotFound or Resources; BadInput beyond 100,000 entries.
FolderContent list_pictures(const std::filesystem::path& folder);

// The pictures in natural order, one slice each. Throws Error BadInput naming the first file that
// differs in size, type or colour from the first one, that has several pages, or that cannot be
// read. Other files give a warning.
Volume load_picture_folder(const std::filesystem::path& folder, Samples samples,
                           const Context& context);

}
