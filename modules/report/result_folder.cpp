#include "modules/report/result_folder.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/findings_text.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::uint64_t largest_json = 512u << 20;
constexpr const char* format_name = "sensorium-provenance";

json parse_file(const fs::path& path) {
  return parse_json(read_text(path, largest_json), path.string(),
                    "run the analysis again into a new folder");
}

// Errors of the parsers of core do not know which file it was.
template<class Function> auto naming(const fs::path& path, Function&& work) {
  try {
    return work();
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is damaged: {}", path.string(), json_fault(e)),
                "run the analysis again into a new folder");
  } catch (const Error& e) {
    if (std::string_view(e.what()).find(path.string()) != std::string_view::npos) throw;
    throw Error(e.code(), fmt::format("'{}': {}", path.string(), e.what()), e.hint());
  }
}

json surfaces_json(const std::vector<Surface>& surfaces) {
  json out = json::array();
  for (const Surface& s : surfaces) {
    json depth = json::array();
    for (const float d : s.depth)
      depth.push_back(std::isfinite(d) ? json(std::round(d * 1000.0) / 1000.0) : json());
    out.push_back({{"name", s.name},
                   {"source", s.source},
                   {"failure", s.failure},
                   {"depth", std::move(depth)}});
  }
  return out;
}

std::vector<Surface> surfaces_from(const json& in) {
  std::vector<Surface> out;
  if (!in.is_array()) throw Error(ErrorCode::BadInput, "the layer lines are not a list");
  for (const json& s : in) {
    Surface surface{
        s.at("name").get<std::string>(), {}, s.value("source", ""), s.value("failure", "")};
    surface.depth.reserve(s.at("depth").size());
    for (const json& d : s.at("depth"))
      surface.depth.push_back(d.is_null() ? std::numeric_limits<float>::quiet_NaN()
                                          : d.get<float>());
    out.push_back(std::move(surface));
  }
  return out;
}

// A name from a result file that becomes a path must stay in its folder.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() < 200 && name[0] != '.' &&
         std::all_of(
             name.begin(), name.end(),
             [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
             });
}

class FolderWriter {
public:
  FolderWriter(fs::path folder, std::string suffix, const VolumeWriter& writer)
      : folder_(std::move(folder)), suffix_(std::move(suffix)), writer_(writer) {
    make_folder(folder_);
    remove_left_over(folder_);
    staging_ = folder_ / fmt::format("{}{}", staging_prefix, ::getpid());
    make_folder(staging_);
  }
  ~FolderWriter() {
    std::error_code code;
    fs::remove_all(staging_, code);
  }
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  void text(const std::string& name, const std::string& content) {
    write_atomically(staging_ / name, content);
    hashes[name] = sha256(content);
    written_.push_back(name);
  }

  // Returns the file's name, empty when volumes are left out.
  std::string volume(const Volume& volume, const std::string& role) {
    if (!writer_) return {};
    if (!is_plain_name(role))
      throw Error(ErrorCode::Internal, fmt::format("'{}' cannot be a file name", role));
    const std::string name = role + suffix_;
    writer_(volume, role, staging_ / name);
    hashes[name] = sha256_of_path(staging_ / name);
    written_.push_back(name);
    return name;
  }

  void file(const ResultFile& file, const Origin& input) {
    if (!is_plain_name(file.name))
      throw Error(ErrorCode::Internal, fmt::format("'{}' cannot be a file name", file.name));
    file.write(staging_ / file.name, input);
    hashes[file.name] = sha256_of_path(staging_ / file.name);
    written_.push_back(file.name);
  }

  void findings(const CaseResult& result) {
    text("recipe.json", to_json(result.recipe).dump(2) + "\n");
    text("findings.json", to_json_text(result.findings) + "\n");
    text("findings.csv", to_csv(result.findings));
    if (result.mask) volume(*result.mask, "mask");
  }

  void provenance(json provenance, const json& dataset, const json& artifacts) {
    provenance["format"] = format_name;
    provenance["version"] = 1;
    provenance["dataset"] = dataset;
    provenance["artifacts"] = artifacts;
    provenance["files"] = hashes;
    write_atomically(staging_ / "provenance.json", provenance.dump(2) + "\n");
    written_.push_back("provenance.json");
    publish();
  }

  json hashes = json::object();

private:
  // Everything is on the disk by now: what can fail for want of room has been done.
  void publish() {
    for (const std::string& name : written_) {
      std::error_code code;
      fs::rename(staging_ / name, folder_ / name, code);
      if (code)
        throw Error(
            ErrorCode::Resources,
            fmt::format("cannot replace '{}': {}", (folder_ / name).string(), code.message()),
            "check the folder's permissions, and whether a folder has that name");
    }
  }

  static constexpr std::string_view staging_prefix = ".writing-";

  // What a killed process left behind.
  static void remove_left_over(const fs::path& folder) {
    std::error_code code;
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(folder, code)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(staging_prefix)) continue;
      const int pid = std::atoi(name.c_str() + staging_prefix.size());
      if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) old.push_back(entry.path());
    }
    for (const fs::path& path : old) fs::remove_all(path, code);
  }

  fs::path folder_, staging_;
  std::string suffix_;
  const VolumeWriter& writer_;
  std::vector<std::string> written_;
};

json read_provenance(const fs::path& folder) {
  const fs::path file = folder / "provenance.json";
  json provenance = parse_file(file);
  if (!provenance.is_object() || provenance.value("format", json()) != format_name)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' does not belong to a result of this program", file.string()),
                "open a folder that 'sensorium run' wrote");
  return naming(file, [&] {
    if (provenance.at("version").get<int>() > 1)
      throw Error(ErrorCode::Unsupported, "the result is newer than this program",
                  "open it with the program version that wrote it, or a later one");
    return provenance;
  });
}

void read_artifacts(const fs::path& folder, const json& list, const VolumeReader& reader,
                    CaseResult& result) {
  for (const json& entry : list) {
    Artifact artifact{entry.at("name").get<std::string>(), entry.value("caption", ""), {}};
    const std::string file = entry.value("file", "");
    if (reader && !file.empty()) {
      if (!is_plain_name(file))
        throw Error(ErrorCode::BadInput,
                    fmt::format("'{}' is not a file of a result folder", file));
      artifact.volume = naming(folder / file, [&] { return reader(folder / file); });
    }
    result.artifacts.push_back(std::move(artifact));
  }
}

std::vector<std::string> changed_since(const fs::path& folder, const json& files) {
  std::vector<std::string> changed;
  for (const auto& [name, hash] : files.items()) {
    if (!is_plain_name(name)) continue;
    std::error_code code;
    if (fs::is_regular_file(folder / name, code) && json(sha256_of_path(folder / name)) != hash)
      changed.push_back(name);
  }
  return changed;
}

}

void check_writable(const fs::path& folder) {
  fs::path at = fs::absolute(folder).lexically_normal();
  std::error_code code;
  while (!fs::exists(at, code) && at.has_relative_path()) at = at.parent_path();
  if (!fs::is_directory(at, code))
    throw Error(
        ErrorCode::Resources,
        fmt::format("'{}' cannot be a folder: '{}' is a file", folder.string(), at.string()),
        "choose another folder");
  if (::access(at.c_str(), W_OK | X_OK) != 0)
    throw Error(
        ErrorCode::Resources,
        fmt::format("cannot write into the folder '{}': {}", at.string(), std::strerror(errno)),
        "choose a folder you may write to");
}

void write_result_folder(const fs::path& folder, const CaseResult& result,
                         const VolumeWriter& writer, const std::string& suffix) {
  FolderWriter out(folder, suffix, writer);
  json artifacts = json::array();
  for (const Artifact& a : result.artifacts)
    artifacts.push_back(
        {{"name", a.name}, {"caption", a.caption}, {"file", out.volume(a.volume, a.name)}});
  for (const ResultFile& file : result.files) out.file(file, result.input);
  out.text("surfaces.json", surfaces_json(result.surfaces).dump() + "\n");
  out.findings(result);
  out.provenance(result.provenance, result.dataset, artifacts);
}

json stored_provenance(const fs::path& folder) {
  try {
    return read_provenance(folder);
  } catch (const Error&) {
    return {};
  }
}

json lasting_files(const json& provenance) {
  if (!provenance.is_object()) return {};
  json files = provenance.value("files", json());
  if (!files.is_object()) return {};
  for (const char* live : {"recipe.json", "findings.json", "findings.csv"}) files.erase(live);
  for (auto file = files.begin(); file != files.end();)
    file = file.key().starts_with("mask.") ? files.erase(file) : std::next(file);
  return files;
}

void rewrite_findings(const fs::path& folder, const json& before, const CaseResult& result,
                      const VolumeWriter& writer, const std::string& suffix) {
  FolderWriter out(folder, suffix, writer);
  out.hashes = before.value("files", json::object());
  out.findings(result);
  out.provenance(result.provenance, before.value("dataset", json::object()),
                 before.value("artifacts", json::array()));
}

StoredResult read_result_folder(const fs::path& folder, const VolumeReader& reader) {
  constexpr const char* hint = "'sensorium run PIPELINE FILE -o DIR' makes a result folder";
  if (!fs::exists(folder))
    throw Error(ErrorCode::NotFound, fmt::format("there is no folder '{}'", folder.string()), hint);
  if (!fs::is_directory(folder))
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' is a file, not a result folder", folder.string()), hint);
  if (!fs::exists(folder / "provenance.json"))
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' is no result folder: it has no provenance.json", folder.string()),
                hint);
  StoredResult out;
  out.result.provenance = read_provenance(folder);
  const json& provenance = out.result.provenance;
  out.result.recipe =
      naming(folder / "recipe.json", [&] { return read_recipe(folder / "recipe.json"); });
  const fs::path findings = folder / "findings.json";
  out.result.findings = naming(findings, [&] { return findings_from_json(parse_file(findings)); });
  const fs::path surfaces = folder / "surfaces.json";
  out.result.surfaces = naming(surfaces, [&] { return surfaces_from(parse_file(surfaces)); });
  naming(folder / "provenance.json", [&] {
    out.result.dataset = provenance.value("dataset", json::object());
    read_artifacts(folder, provenance.value("artifacts", json::array()), reader, out.result);
    out.changed_files = changed_since(folder, provenance.value("files", json::object()));
  });
  return out;
}

namespace {

// The first of the recording's further files that is not there.
std::string missing_file(const RecipeInput& input) {
  std::error_code code;
  for (const std::string& file : input.files)
    if (!fs::exists(fs::path(input.path).parent_path() / file, code)) return file;
  return {};
}

}

std::vector<SourceCheck> check_sources(const Recipe& recipe) {
  std::vector<SourceCheck> checks;
  for (const RecipeInput& input : recipe.inputs) {
    SourceCheck check{.path = input.path, .expected_sha256 = input.sha256};
    std::error_code code;
    if (!fs::exists(input.path, code)) {
      check.status = SourceStatus::Missing;
      check.text = fmt::format(
          "the recording is not at '{}'; the review can go on, pictures need the file", input.path);
    } else if (input.sha256.empty()) {
      check.text = "the recipe holds no hash, so whether the recording changed is not known";
    } else if (const std::string absent = missing_file(input); !absent.empty()) {
      check.status = SourceStatus::Missing;
      check.text = fmt::format("the recording '{}' lacks its file '{}'; the review can go on",
                               input.path, absent);
    } else {
      check.found_sha256 = sha256_of_files(input.path, input.files);
      const bool same = check.found_sha256 == input.sha256;
      check.status = same ? SourceStatus::Same : SourceStatus::Changed;
      check.text =
          same ? "the recording is the one that was analysed"
               : fmt::format("'{}' is not the recording that was analysed: its content changed",
                             input.path);
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

Volume mask_of(const Findings& findings, const Volume& like) {
  Volume mask;
  mask.width = like.width;
  mask.height = like.height;
  mask.depth = like.depth;
  mask.spacing = like.spacing;
  mask.orientation = like.orientation;
  mask.modality = like.modality;
  mask.laterality = like.laterality;
  mask.origin.format = "mask";
  std::vector<std::uint8_t> voxels(like.voxels());
  for (const Finding& f : findings.items)
    paint_runs(f.footprint, like.width, like.height, like.depth, voxels);
  mask.pixels = Buffer::of(std::move(voxels));
  return mask;
}

}
