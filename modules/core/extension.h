// What a pipeline or a plugin is: a description plus functions. Found by its manifest, loaded when
// needed.
//
// An extension's folder holds one CMake call (sensorium_pipeline or sensorium_plugin) and one
//   SENSORIUM_EXTENSION(make_extension)   // Extension make_extension();
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"
#include "modules/core/error.h"
#include "modules/core/findings.h"
#include "modules/core/parameters.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sensorium {

// Raised whenever a struct of this header or of dataset.h, findings.h, parameters.h changes.
inline constexpr int interface_version = 7;
// Same compiler family and library ABI, or the code is not loaded.
std::string_view build_identity();

// What the window, the report and `sensorium pipelines` show about a pipeline. Readable from the
// manifest alone.
struct PipelineInfo {
  std::string id, version, title;
  std::string question;     // one line: what it answers
  std::string input;        // "volume", "video" or "cube"
  std::string maturity;     // "research preview" ...
  std::string intended_use; // one or two sentences
  std::string limits;
  std::string citation;
  std::vector<std::string>
      labels;        // what a finding may be relabelled to, in the order of keys 1 to 9
  std::string model; // file below resources/models, empty when the pipeline needs none
  ParameterSpecs parameters;
};

// A map over the input's grid that belongs to the result: "soft_map" (UInt8, 255 = probability 1),
// "enhanced" ...
struct Artifact {
  std::string name, caption;
  Volume volume;
};

// A file of the result that is no map: a picture, a table. write gets the path, which ends in name,
// and the recording that it was made of, with its hash. Throws Error.
struct ResultFile {
  std::string name, caption;
  std::function<void(const std::filesystem::path&, const Origin&)> write;
};

// The costly part of a run. Pipelines derive from it to keep what conclude() needs (a component
// tree, say).
struct Analysis {
  virtual ~Analysis() = default;
  std::vector<Artifact> artifacts;
  std::vector<Surface> surfaces; // as computed or taken from the file
  std::vector<ResultFile> files;
  std::vector<std::string> notes; // for the user, one sentence each
  std::string model_card; // the card of the model that was used, as JSON; empty when none was
};

struct AnalysisRequest {
  const Dataset& dataset;
  nlohmann::json parameters;   // complete and checked
  std::filesystem::path model; // empty when the pipeline needs none, or the user has none
  std::uint64_t seed = 0;
};

// `sensorium phantom oct_hrf --seed 3 -o DIR` and the like: work that a pipeline offers beside
// running.
struct PipelineCommand {
  std::string verb; // "phantom", "evaluate", "dataset", "train-demo"
  std::string title;
  ParameterSpecs parameters;
  // Empty: it takes recordings. Else it takes none, and this says what it works from instead; the
  // command line refuses recordings with it as the hint.
  std::string without_files;
  // files: positional arguments. Writes below output; returns what --json prints.
  std::function<nlohmann::json(const std::vector<std::string>& files,
                               const nlohmann::json& parameters,
                               const std::filesystem::path& output, const Context& context)>
      run;
};

// What every pipeline answers in a build without LibTorch. doing: "run", "train".
Error without_networks(const std::string& doing, const std::string& hint = {});
// Stands for a command that such a build lacks, so that it is listed and says why.
PipelineCommand command_without_networks(std::string verb, std::string title);

// A recording that is still being written: a growing file, a named pipe, or "-" for standard input.
struct FollowRequest {
  std::filesystem::path path;
  nlohmann::json parameters;   // complete and checked
  std::filesystem::path model; // empty when there is none
  double idle_s = 0;           // ends after so many seconds without new samples; 0: never
};
// What is known so far: an object with "event" (its kind), "text" (one line) and its figures.
// False: nobody listens any more, and the pipeline ends.
using FollowSink = std::function<bool(const nlohmann::json& event)>;

struct PipelineDefinition {
  PipelineInfo info;
  // Network and all that takes time. Throws Error.
  std::function<std::shared_ptr<const Analysis>(const AnalysisRequest&, const Context&)> analyse;
  // The same from a result folder's artifacts and surfaces, without the network.
  std::function<std::shared_ptr<const Analysis>(const AnalysisRequest&, std::vector<Artifact>,
                                                std::vector<Surface>, const Context&)>
      restore;
  // From analysis and live parameters to findings; under 50 ms on a 97x496x512 volume.
  std::function<Findings(const Dataset&, const Analysis&, const nlohmann::json& parameters)>
      conclude;
  // Diagnoses while the recording is written; returns when the writer ends, or when progress says
  // stop. May be left out. Throws Error.
  std::function<void(const FollowRequest&, const FollowSink&, const Context&)> follow = {};
  std::vector<PipelineCommand> commands;
};

struct ReaderDefinition {
  std::string id, title;
  std::vector<std::string> suffixes; // for file dialogs only; the content decides
  bool hardened = false;             // fuzzed; fit for files from strangers
  // 0: not mine ... 100: certainly mine. head: the file's first 4096 bytes, empty for a folder.
  std::function<int(const std::filesystem::path&, std::span<const std::byte> head)> sniff;
  // Everything but the samples (pixels empty). Throws Error.
  std::function<Dataset(const std::filesystem::path&, const Context&)> header;
  std::function<Dataset(const std::filesystem::path&, const Context&)> load;
  // Further files of the recording at that path (pictures that it names, detached samples),
  // relative to its folder; they are hashed with it. May be left out. Throws Error.
  std::function<std::vector<std::string>(const std::filesystem::path&)> companions = {};
  // The frames of a clip that load() gave a FrameSource, from its header and index(), without
  // looking through the whole file again. Throws Error.
  std::function<std::shared_ptr<const FrameSource>(const std::filesystem::path&, const Video&,
                                                   const std::string& index)>
      frames = {};
};

struct WriteRequest {
  const Volume& volume;            // what to write: a mask (UInt8 0/1), a label map or a soft map
  std::string role;                // "mask", "soft_map", "labels", "image"
  const Dataset* source = nullptr; // the recording it belongs to: geometry, DICOM references
  const Findings* findings = nullptr;
  std::string statement = {};             // one line for the header: "as reviewed by A"
  std::map<int, std::string> labels = {}; // names of a label map's values
  bool deidentified = false; // nothing that identifies the patient may be taken from the source
};

struct WriterDefinition {
  std::string id, title, suffix; // suffix with its dot: ".nrrd"
  std::vector<std::string> roles;
  // Throws Error Unsupported with the reason when the source lacks what the format needs.
  std::function<void(const WriteRequest&, const std::filesystem::path&)> write;
  // Of the role "cube": a whole cube, by tiles.
  std::function<void(const Cube&, const std::filesystem::path&, const Context&)> write_cube = {};
  // Of the role "clip": a clip whose pixels hold no writing, with what the source's header says of
  // scale and time and nothing that identifies a person. Throws Error Unsupported where the source
  // is of another format.
  std::function<void(const Video& clean, const Dataset& source, const std::filesystem::path&,
                     const Context&)>
      write_clean_clip = {};
};

// Findings that are no image: reports and lists, laid on the recording they speak of.
struct LayerReaderDefinition {
  std::string id, title;
  std::vector<std::string> suffixes; // for file dialogs only
  // 0: not mine ... 100: certainly mine. head: the file's first 4096 bytes.
  std::function<int(const std::filesystem::path&, std::span<const std::byte> head)> sniff;
  // Throws Error BadInput when the file is about another recording, naming both.
  std::function<Findings(const std::filesystem::path&, const Dataset& recording, const Context&)>
      read;
};

struct Extension {
  std::string id, version, title;
  std::vector<PipelineDefinition> pipelines;
  std::vector<ReaderDefinition> readers;
  std::vector<WriterDefinition> writers;
  std::vector<LayerReaderDefinition> layers;
};

nlohmann::json to_json(const PipelineInfo& info);
PipelineInfo pipeline_info_from_json(const nlohmann::json& json);

}

#define SENSORIUM_EXTENSION(make)                                                                  \
  extern "C" __attribute__((visibility("default"))) const char* sensorium_build_identity() {       \
    return ::sensorium::build_identity().data();                                                   \
  }                                                                                                \
  extern "C" __attribute__((visibility("default"))) int sensorium_interface_version() {            \
    return ::sensorium::interface_version;                                                         \
  }                                                                                                \
  extern "C" __attribute__((visibility("default"))) void sensorium_extension(                      \
      ::sensorium::Extension* out) {                                                               \
    *out = make();                                                                                 \
  }
