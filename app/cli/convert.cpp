// convert: a recording to another format.
#include "app/cli/commands.h"
#include "app/cli/recording_export.h"
#include "app/cli/reviewed_case.h"
#include "modules/core/error.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Words {
  std::string input, output, format, map = "mask", state, reader;
  bool decided_only = false, deidentify = false;
  SpanWords span;
};

bool is_case(const fs::path& path) {
  std::error_code code;
  return fs::exists(path / "provenance.json", code) && fs::exists(path / "recipe.json", code);
}

const WriterDefinition& writer_for(Session& session, const Words& words) {
  if (!words.format.empty()) return session.registry.writer(words.format);
  std::string known;
  const WriterDefinition* best = nullptr; // ".sr.dcm" before ".dcm"
  for (const WriterDefinition* writer : session.registry.writers()) {
    if (words.output.ends_with(writer->suffix) &&
        (best == nullptr || writer->suffix.size() > best->suffix.size()))
      best = writer;
    known += (known.empty() ? "" : ", ") + writer->suffix;
  }
  if (best != nullptr) return *best;
  throw Error(ErrorCode::Usage,
              fmt::format("'{}' does not end in a suffix that can be written", words.output),
              fmt::format("the suffixes are {}; or name one with --format", known));
}

// A clip is written as a stack of its frames; the third axis is time and has no scale.
Volume as_volume(const Dataset& dataset) {
  if (const auto* volume = std::get_if<Volume>(&dataset)) return *volume;
  if (!std::holds_alternative<Video>(dataset))
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' is a {}, which this format cannot hold", origin_of(dataset).path,
                            kind_of(dataset)),
                "see 'sensorium info --formats'");
  const auto& video = std::get<Video>(dataset);
  Volume volume;
  volume.width = video.width;
  volume.height = video.height;
  volume.depth = video.frames;
  volume.channels = video.channels;
  volume.type = video.type;
  volume.pixels = video.all_frames();
  volume.modality = video.modality;
  volume.spacing = {video.spacing[0], video.spacing[1], unknown_spacing("the third axis is time")};
  volume.origin = video.origin;
  return volume;
}

// Of two writers of one suffix (.tif) the one that holds cubes.
const WriterDefinition& cube_writer(Session& session, const WriterDefinition& chosen) {
  if (chosen.write_cube) return chosen;
  for (const WriterDefinition* writer : session.registry.writers())
    if (writer->write_cube && writer->suffix == chosen.suffix) return *writer;
  return chosen;
}

void write_cube(const Cube& cube, const WriterDefinition& writer, const fs::path& output,
                const Context& context) {
  if (!writer.write_cube)
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("'{}' is a hyperspectral cube, which {} cannot hold", cube.origin.path,
                    writer.title),
        "write it as .hdr (ENVI) or .tif (GeoTIFF), or make a picture: sensorium run hs2rgb");
  writer.write_cube(cube, output, context);
}

// csv and json are texts of a case, png is its class map; the rest are the writers' maps.
std::string format_of_case_file(Session& session, const Words& words) {
  if (!words.format.empty()) return words.format;
  for (const char* own : {"csv", "json", "png"})
    if (words.output.ends_with(std::string(".") + own)) return own;
  return writer_for(session, words).id;
}

int convert_case(Session& session, const Words& words) {
  const Context context = session.console.context();
  const CaseRun run = restore_case(session.registry, words.input, context.part(0, 0.8));
  const ExportChoice choice = export_choice_of({{"state", words.state},
                                                {"reader", words.reader},
                                                {"decided_only", words.decided_only},
                                                {"deidentify", words.deidentify}});
  const std::string format = format_of_case_file(session, words);
  context.step(0.9, "writing");
  const std::string statement = reviewed_case(run, choice).statement;
  export_case(session.registry, run, words.map, format, choice, words.output);
  session.console.end_progress();
  session.console.print(json{{"input", words.input},
                             {"output", words.output},
                             {"format", format},
                             {"statement", statement}});
  session.console.print(fmt::format("{} written: {}", words.output, statement));
  return 0;
}

// Nothing where the file is no recording, or the format one of volumes.
std::optional<int> convert_recording(Session& session, const Words& words) {
  const RecordingFormat* format = recording_format(words.format, words.output);
  const Context context = session.console.context();
  if (format == nullptr && !words.span.given()) return std::nullopt;
  const Dataset dataset = session.registry.open(words.input, context.part(0, 0.5));
  const auto* recording = std::get_if<Recording>(&dataset);
  if (recording == nullptr && words.span.given())
    throw Error(
        ErrorCode::Usage,
        fmt::format("'{}' is a {}: it has no span of samples", words.input, kind_of(dataset)),
        "leave out --from, --to, --first-sample and --last-sample");
  if (recording == nullptr) return std::nullopt;
  if (format == nullptr)
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' does not end in a suffix for recordings", words.output),
                "the suffixes are .csv, .wav, .mat, .h5");
  const SampleSpan span = span_of(*recording, words.span);
  format->write(*recording, span, words.output, context.part(0.5, 1));
  session.console.end_progress();
  session.console.print(json{{"input", words.input},
                             {"output", words.output},
                             {"format", format->id},
                             {"first_sample", span.first + 1},
                             {"samples", span.count}});
  session.console.print(fmt::format("{} written: {} samples of {} channels", words.output,
                                    span.count, recording->channels.size()));
  return 0;
}

// A clip without header and without writing in its pixels, by the pipeline that knows what is
// tissue; only what it makes may go out.
int convert_clip(Session& session, const Words& words) {
  const fs::path output = words.output,
                 folder = output.parent_path() /
                          fmt::format(".{}-{}", output.stem().string(), ::getpid());
  const auto& commands = session.registry.pipeline("lung_ultrasound").commands;
  const auto command = std::find_if(commands.begin(), commands.end(),
                                    [](const auto& one) { return one.verb == "deidentify"; });
  if (command == commands.end())
    throw Error(ErrorCode::Unsupported, "no pipeline de-identifies clips",
                "install the program again");
  make_folder(folder);
  json done;
  try {
    done = command->run({words.input}, json::object(), folder, session.console.context());
    const fs::path made = done.at("clip").get<std::string>();
    if (made.extension() != output.extension())
      throw Error(ErrorCode::Usage,
                  fmt::format("'{}' becomes a {} file without its header", words.input,
                              made.extension().string()),
                  fmt::format("name it so with -o: {}",
                              fs::path(output).replace_extension(made.extension()).string()));
    fs::rename(made, output);
  } catch (...) {
    std::error_code none;
    fs::remove_all(folder, none);
    throw;
  }
  fs::remove_all(folder);
  session.console.end_progress();
  done["clip"] = output.string();
  done["text"] = fmt::format("{} written without header and writing. Look at it before you pass it "
                             "on: writing that moves, or is dim, is not told from tissue.",
                             output.string());
  session.console.print(done);
  session.console.print(done["text"].get<std::string>());
  return 0;
}

int convert(Session& session, const Words& words) {
  if (is_case(words.input)) return convert_case(session, words);
  std::error_code code;
  if (fs::equivalent(words.input, words.output, code))
    throw Error(ErrorCode::Usage, fmt::format("'{}' would be written over itself", words.input),
                "name another file with -o; the recording is left as it is");
  if (words.deidentify) return convert_clip(session, words);
  if (const auto done = convert_recording(session, words)) return *done;
  const WriterDefinition* writer = &writer_for(session, words);
  const Context context = session.console.context();
  const Dataset dataset = session.registry.open(words.input, context.part(0, 0.6));
  if (const auto* cube = std::get_if<Cube>(&dataset)) {
    if (words.format.empty()) writer = &cube_writer(session, *writer);
    write_cube(*cube, *writer, words.output, context.part(0.6, 1));
  } else {
    const Volume volume = as_volume(dataset);
    context.step(0.7, "writing");
    writer->write({.volume = volume, .role = "image", .source = &dataset}, words.output);
  }
  session.console.end_progress();
  session.console.print(
      json{{"input", words.input}, {"output", words.output}, {"format", writer->id}});
  session.console.print(fmt::format("{} written ({})", words.output, writer->title));
  return 0;
}

}

void add_convert(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "convert", "Write a recording, or a case's findings, in another format: "
                 "convert IN -o OUT.nrrd, convert RECORDING -o PART.wav --from 1 "
                 "--to 2, convert CASE -o FINDINGS.csv");
  const auto words = std::make_shared<Words>();
  command->add_option("FILE", words->input, "File or folder to read, or a result folder")
      ->required();
  command->add_option("-o,--output", words->output, "File to write; its suffix chooses the format")
      ->required();
  command->add_option("--format", words->format, "The format, where the suffix does not tell");
  command
      ->add_option("--map", words->map,
                   "Of a result folder: mask, labels (1: the pipeline's first label), or a map "
                   "such as soft_map")
      ->group("Result folders");
  command
      ->add_option("--state", words->state,
                   "reviewed or proposed (default: as reviewed where there is a review)")
      ->group("Result folders");
  command->add_option("--reader", words->reader, "Only this reader's decisions")
      ->group("Result folders");
  command
      ->add_flag("--decided-only", words->decided_only,
                 "Findings that nobody decided on do not count")
      ->group("Result folders");
  command
      ->add_flag("--deidentify", words->deidentify,
                 "Leave out everything that identifies the patient. Of a clip: the header, and "
                 "writing in its pixels; DICOM stays DICOM")
      ->group("Result folders and clips");
  command->add_option("--from", words->span.from_s, "First second of a recording's span")
      ->group("Recordings");
  command->add_option("--to", words->span.to_s, "Second at which the span ends")
      ->group("Recordings");
  command->add_option("--first-sample", words->span.first_sample, "First sample, from 1")
      ->group("Recordings");
  command->add_option("--last-sample", words->span.last_sample, "Last sample")->group("Recordings");
  command->callback([&session, words] {
    session.chosen = [&session, words] { return convert(session, *words); };
  });
}

}
