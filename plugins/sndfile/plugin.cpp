#include "modules/core/extension.h"
#include "plugins/sndfile/audio_file.h"

namespace sensorium {
namespace {
namespace fs = std::filesystem;

Extension make_extension() {
  ReaderDefinition reader{
      .id = "audio",
      .title = "Audio as a recording (WAV, RF64, FLAC, AIFF, CAF)",
      .suffixes = {".wav", ".flac", ".aif", ".aiff", ".caf", ".w64"},
      .sniff = [](const fs::path&, std::span<const std::byte> head) { return audio::sniff(head); },
      .header = [](const fs::path& path, const Context& context) -> Dataset {
        return audio::load(path, context);
      },
      .load = [](const fs::path& path, const Context& context) -> Dataset {
        return audio::load(path, context);
      }};
  return {.id = "sndfile", .version = "1", .title = "Audio files", .readers = {std::move(reader)}};
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
