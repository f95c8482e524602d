#include "plugins/matio/mat_file.h"
#include "plugins/matio/mat_reader.h"

#include "modules/core/extension.h"
#include "modules/io/array_meaning.h"

namespace sensorium {
namespace {

Extension make_extension() {
  ReaderDefinition reader{
      .id = "mat",
      .title = "MATLAB file (MAT v5, v7.3): cube, recording, image, Heidelberg export",
      .suffixes = {".mat"},
      .sniff = [](const std::filesystem::path&,
                  std::span<const std::byte> head) { return mat::sniff(head); },
      .header = [](const auto& path,
                   const Context& context) { return mat::open(path, Samples::Skip, context); },
      .load = [](const auto& path,
                 const Context& context) { return mat::open(path, Samples::Load, context); },
      .companions = view_companion};
  return {.id = "matio", .version = "1", .title = "MATLAB files", .readers = {std::move(reader)}};
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
