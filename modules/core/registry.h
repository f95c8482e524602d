// Where the host finds readers, writers and pipelines. Manifests are read at start; code is loaded
// when it is needed.
#pragma once

#include "modules/core/extension.h"

#include <deque>
#include <mutex>

namespace sensorium {

struct ExtensionStatus {
  std::string id, version, title;
  std::filesystem::path manifest, library; // empty for what is built in
  std::string failure;                     // empty, or why it is not used
  bool loaded = false;
};

class Registry {
public:
  // Built-in things are added as an Extension; nothing is loaded from disk.
  void add(Extension extension);
  // Reads every manifest of the folder. A bad one is listed with its reason.
  void scan(const std::filesystem::path& folder);
  // program_root()/extensions and each folder of $SENSORIUM_EXTENSIONS.
  void scan_default();

  std::vector<ExtensionStatus> extensions() const;
  // From manifests, without loading code.
  std::vector<PipelineInfo> pipelines() const;
  // What pipelines offer beside running: (pipeline, {"verb", "title", "without_files",
  // "parameters"}), from manifests.
  std::vector<std::pair<std::string, nlohmann::json>> commands() const;
  // Throws Error NotFound with the nearest name, or Unsupported with the extension's failure.
  const PipelineDefinition& pipeline(const std::string& id);
  const WriterDefinition& writer(const std::string& id);
  std::vector<const WriterDefinition*> writers();
  std::vector<const ReaderDefinition*> readers();
  // The one that recognises this file's content as its own, or null.
  const LayerReaderDefinition* layer_reader(const std::filesystem::path& path);

  struct Candidate {
    const ReaderDefinition* reader;
    int score;
  };
  // Readers that recognise the content, best first. Throws Error NotFound, or BadInput for an empty
  // file.
  std::vector<Candidate> sniff(const std::filesystem::path& path);
  // The best reader's work, with path, format and hash filled in and checked. The hash of a large
  // mapped recording is pending (hash_of). Throws Error.
  Dataset open(const std::filesystem::path& path, const Context& context = {});
  Dataset header(const std::filesystem::path& path, const Context& context = {});
  // The frames of a clip that another process opened and stored (dataset_store.h).
  std::shared_ptr<const FrameSource> frames(const Video& video, const std::string& index);
  // The further files that open() hashes with the recording, as its reader names them.
  std::vector<std::string> companions(const std::filesystem::path& path);

private:
  struct Entry {
    ExtensionStatus status;
    nlohmann::json manifest;
    Extension extension;
  };
  void load(Entry& entry);
  void load_with(const std::string& section);
  std::deque<Entry> entries_;
  mutable std::recursive_mutex mutex_;
};

// What the manifest tool writes beside the library.
nlohmann::json manifest_of(const Extension& extension, const std::string& library_file);

}
