// HDF5 files that are no MAT files: what the data sets mean is modules/io/array_meaning.h's work.
#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/io/array_meaning.h"

#include <fmt/format.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

Error nothing_of_ours(const ArrayFile& file) {
  std::string list;
  for (const NamedArray& array : file.arrays())
    if (list.size() < 400)
      list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", array.name, size_text(array));
  return Error(ErrorCode::Unsupported,
               fmt::format("'{}' holds no data set that is a cube or a recording: {}",
                           file.path().string(), list),
               fmt::format("a cube has three axes, a recording is a long vector or up to 64 of "
                           "them; {} can say more",
                           view_path(file.path()).filename().string()));
}

Dataset open(const fs::path& path, Samples samples, const Context& context) {
  const auto file = open_hdf5(path);
  const ArrayView view = view_of(path);
  const auto cube = find_cube(*file, view, context);
  if (cube && cube->certain) return cube_of(*file, *cube, view, samples, context);
  const auto recording = find_recording(*file, view);
  if (recording && (recording->certain || !cube))
    return recording_of(*file, *recording, view, context);
  if (cube) return cube_of(*file, *cube, view, samples, context);
  throw nothing_of_ours(*file);
}

Extension make_extension() {
  ReaderDefinition reader{
      .id = "hdf5",
      .title = "HDF5: cube or recording",
      .suffixes = {".h5", ".hdf5", ".hdf", ".he5", ".nc"},
      .sniff = [](const fs::path&, std::span<const std::byte> head) { return sniff_hdf5(head); },
      .header = [](const fs::path& path,
                   const Context& context) { return open(path, Samples::Skip, context); },
      .load = [](const fs::path& path,
                 const Context& context) { return open(path, Samples::Load, context); },
      .companions = view_companion};
  return {.id = "hdf5", .version = "1", .title = "HDF5 files", .readers = {std::move(reader)}};
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
