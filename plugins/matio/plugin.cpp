#include "plugins/matio/mat_file.h"
#include "plugins/matio/mat_reader.h"

#include "modules/core/extension.h"

namespace sensorium {
namespace {

Extension make_extension() {
  ReaderDefinition reader{
      .id = "mat",
      .title = "MATLAB image or Heidelberg export (MAT v5, v7.3)",
      .suffixes = {".mat"},
      .sniff = [](const std::filesystem::path&,
                  std::span<const std::byte> head) { return mat::sniff(head); },
      .header = [](const auto& path,
                   const Context& context) { return Dataset(mat::read(path, false, context)); },
      .load = [](const auto& path,
                 const Context& context) { return Dataset(mat::read(path, true, context)); }};
  return {.id = "matio", .version = "1", .title = "MATLAB files", .readers = {std::move(reader)}};
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
