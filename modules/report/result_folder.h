// The folder that a run writes and a review opens: docs/WORKER.md has its table of files.
#pragma once

#include "modules/core/extension.h"
#include "modules/core/recipe.h"

#include <functional>
#include <optional>

namespace sensorium {

struct CaseResult {
  nlohmann::json dataset = nlohmann::json::object(); // describe(dataset), without patient fields
  Recipe recipe;
  Findings findings;
  nlohmann::json provenance = nlohmann::json::object(); // whatever the run knows; keys "dataset",
                                                        // "artifacts", "files" are ours
  std::vector<Surface> surfaces;
  std::vector<Artifact> artifacts;
  std::vector<ResultFile> files;
  Origin input;               // of the recording, for files
  std::optional<Volume> mask; // of all findings
};

// Writes (reads) one volume; role is an artifact's name or "mask". The path ends in suffix.
using VolumeWriter = std::function<void(const Volume& volume, const std::string& role,
                                        const std::filesystem::path& path)>;
using VolumeReader = std::function<Volume(const std::filesystem::path& path)>;

// Before long work: whether the folder is there and may be written to, or may be made. Makes
// nothing. Throws Error Resources.
void check_writable(const std::filesystem::path& folder);

// All files are written beside each other first and then put in place, provenance.json, which holds
// the hashes of the others, last: a full disk leaves the folder as it was. Files of an earlier
// result are replaced; review.sqlite and report.pdf are left
// alone. An empty writer leaves volumes out. Throws Error Resources.
void write_result_folder(const std::filesystem::path& folder, const CaseResult& result,
                         const VolumeWriter& writer, const std::string& suffix = ".nrrd");
// provenance.json of the folder; null when it is no result folder.
nlohmann::json stored_provenance(const std::filesystem::path& folder);
// Of a stored provenance: the hashes of those files that live parameters leave as they are
// (artifacts, surfaces, files of the pipeline); null when it names no files.
nlohmann::json lasting_files(const nlohmann::json& provenance);

// The files that depend on live parameters (recipe, findings, mask, provenance) are written anew;
// artifacts and surfaces stay. before: the folder's stored provenance. Throws as
// write_result_folder.
void rewrite_findings(const std::filesystem::path& folder, const nlohmann::json& before,
                      const CaseResult& result, const VolumeWriter& writer,
                      const std::string& suffix = ".nrrd");

struct StoredResult {
  CaseResult result;
  std::vector<std::string> changed_files; // whose content is not what was written
};
// With an empty reader the volumes are not read (artifacts have name and caption only). Input paths
// come back absolute. Throws Error NotFound (no such folder or file), BadInput (damaged, foreign,
// or a path that leaves the folder), naming the file.
StoredResult read_result_folder(const std::filesystem::path& folder, const VolumeReader& reader);

// Whether the recording is still what was analysed. None of these is an error.
enum class SourceStatus { Same, Missing, Changed, Unchecked };
struct SourceCheck {
  SourceStatus status = SourceStatus::Unchecked; // Unchecked: the recipe has no hash
  std::string path, expected_sha256, found_sha256;
  std::string text; // one sentence for the user
};
std::vector<SourceCheck> check_sources(const Recipe& recipe);

// The mask of all findings over the volume's grid, with its geometry.
Volume mask_of(const Findings& findings, const Volume& like);

}
