// convert: a recording to another format.
#include "app/cli/commands.h"
#include "modules/core/error.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Words {
  std::string input, output, format;
};

const WriterDefinition& writer_for(Session& session, const Words& words) {
  if (!words.format.empty()) return session.registry.writer(words.format);
  std::string known;
  for (const WriterDefinition* writer : session.registry.writers()) {
    if (words.output.ends_with(writer->suffix)) return *writer;
    known += (known.empty() ? "" : ", ") + writer->suffix;
  }
  throw Error(ErrorCode::Usage,
              fmt::format("'{}' does not end in a suffix that can be written", words.output),
              fmt::format("the suffixes are {}; or name one with --format", known));
}

// A clip is written as a stack of its frames; the third axis is time and has no scale.
Volume as_volume(const Dataset& dataset) {
  if (const auto* volume = std::get_if<Volume>(&dataset)) return *volume;
  const auto& video = std::get<Video>(dataset);
  Volume volume;
  volume.width = video.width;
  volume.height = video.height;
  volume.depth = video.frames;
  volume.channels = video.channels;
  volume.type = video.type;
  volume.pixels = video.pixels;
  volume.modality = video.modality;
  volume.spacing = {video.spacing[0], video.spacing[1], unknown_spacing("the third axis is time")};
  volume.origin = video.origin;
  return volume;
}

int convert(Session& session, const Words& words) {
  const WriterDefinition& writer = writer_for(session, words);
  const Context context = session.console.context();
  const Dataset dataset = session.registry.open(words.input, context.part(0, 0.6));
  const Volume volume = as_volume(dataset);
  context.step(0.7, "writing");
  writer.write({.volume = volume, .role = "image", .source = &dataset}, words.output);
  session.console.end_progress();
  session.console.print(
      json{{"input", words.input}, {"output", words.output}, {"format", writer.id}});
  session.console.print(fmt::format("{} written ({})", words.output, writer.title));
  return 0;
}

}

void add_convert(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("convert", "Write a recording in another format: convert IN -o OUT.nrrd");
  const auto words = std::make_shared<Words>();
  command->add_option("FILE", words->input, "File or folder to read")->required();
  command->add_option("-o,--output", words->output, "File to write; its suffix chooses the format")
      ->required();
  command->add_option("--format", words->format, "The format, where the suffix does not tell");
  command->callback([&session, words] {
    session.chosen = [&session, words] { return convert(session, *words); };
  });
}

}
