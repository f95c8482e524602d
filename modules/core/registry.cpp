#include "modules/core/registry.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"
#include "modules/core/known_formats.h"
#include "modules/core/map_guard.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <sys/stat.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

// An adapter's libraries must find their own symbols first: OpenCV brings a libcharls into the
// program whose function names are those of DCMTK's older copy, with other arguments. The
// sanitizers do not allow that mode.
int loading_mode([[maybe_unused]] const json& manifest) {
  int mode = RTLD_NOW | RTLD_LOCAL;
#ifndef SENSORIUM_SANITIZE
  if (manifest.at("pipelines").empty()) mode |= RTLD_DEEPBIND;
#endif
  return mode;
}

template<class Function> Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

// What a reader saw must be one state of the file: it may still be copied, or be written anew.
class Unchanged {
public:
  explicit Unchanged(const fs::path& path) : path_(path), before_(stamp()), lost_(lost_maps()) {}
  void check() const {
    if (lost_maps() != lost_ || stamp() != before_)
      throw Error(ErrorCode::Conflict,
                  fmt::format("'{}' changed while it was read", path_.string()),
                  "wait until it is copied or exported whole, then try again");
  }
  // The reader's result; an error of the reader is that of the change when there was one.
  template<class Read> auto reading(const Read& read) const {
    try {
      auto result = read();
      check();
      return result;
    } catch (const Error& e) {
      if (e.code() != ErrorCode::Cancelled) check();
      throw;
    }
  }

private:
  using Stamp = std::array<long long, 4>;
  // Of a folder nothing: files may come into it that are not read.
  Stamp stamp() const {
    struct stat s{};
    if (::stat(path_.c_str(), &s) != 0) return {-1, 0, 0, 0};
    if (S_ISDIR(s.st_mode)) return {};
    return {static_cast<long long>(s.st_ino), s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec};
  }

  fs::path path_;
  Stamp before_;
  std::uint64_t lost_;
};

// Of a folder that is no recording itself: what lies in it may be recordings, one by one.
Error unreadable_folder(const fs::path& folder,
                        const std::vector<const ReaderDefinition*>& readers) {
  constexpr int most_looked_at = 1000;
  std::error_code code;
  std::vector<fs::path> files;
  int count = 0, folders = 0, looked_at = 0;
  for (const auto& item : fs::directory_iterator(folder, code)) {
    if (++looked_at > most_looked_at) break;
    folders += item.is_directory(code);
    if (item.is_regular_file(code)) files.push_back(item.path());
  }
  std::sort(files.begin(), files.end());
  std::string first;
  for (const fs::path& file : files) try {
      const std::vector<std::byte> head = read_head(file);
      if (std::none_of(readers.begin(), readers.end(), [&](const ReaderDefinition* reader) {
            return reader->sniff(file, head) > 0;
          }))
        continue;
      if (++count == 1) first = file.filename().string();
    } catch (const Error&) {
    }
  if (count == 0)
    return {ErrorCode::Unsupported,
            fmt::format("the folder '{}' holds nothing this program reads", folder.string()),
            folders > 0 ? "it has folders in it: give one of them, or a file"
                        : "see 'sensorium info --formats' for what can be opened"};
  return {ErrorCode::Unsupported,
          fmt::format("the folder '{}' is no recording in itself; {} in it can be opened, such as "
                      "'{}'",
                      folder.string(), count == 1 ? "1 file" : fmt::format("{} files", count),
                      first),
          fmt::format("give the file: '{}'", (folder / first).string())};
}

// A recording that is mapped, and too large to be read while a person waits for it to open.
bool defers_hash(const Dataset& dataset) {
  constexpr std::size_t read_at_once = std::size_t{32} << 20;
  const auto large = [](const Buffer& b) { return b.mapped() && b.size() > read_at_once; };
  if (const auto* cube = std::get_if<Cube>(&dataset)) return large(cube->data);
  const auto* r = std::get_if<Recording>(&dataset);
  return r != nullptr && std::any_of(r->channels.begin(), r->channels.end(),
                                     [&](const Channel& c) { return large(c.samples); });
}

template<class T> json names_of(const std::vector<T>& items) {
  json out = json::array();
  for (const T& item : items) out.push_back({{"id", item.id}, {"title", item.title}});
  return out;
}

}

std::string_view build_identity() {
  static const std::string identity =
      fmt::format("sensorium-{}-gnu-abi{}", interface_version, __GXX_ABI_VERSION);
  return identity;
}

Error without_networks(const std::string& doing, const std::string& hint) {
  return Error(ErrorCode::Unsupported,
               fmt::format("this build has no LibTorch and cannot {} networks", doing), hint);
}

PipelineCommand command_without_networks(std::string verb, std::string title) {
  return {.verb = std::move(verb),
          .title = std::move(title),
          .parameters = {},
          .without_files = "this build cannot train",
          .run = [](const std::vector<std::string>&, const json&, const fs::path&,
                    const Context&) -> json { throw without_networks("train"); }};
}

json to_json(const PipelineInfo& info) {
  return {{"id", info.id},
          {"version", info.version},
          {"title", info.title},
          {"question", info.question},
          {"input", info.input},
          {"maturity", info.maturity},
          {"intended_use", info.intended_use},
          {"limits", info.limits},
          {"citation", info.citation},
          {"labels", info.labels},
          {"model", info.model},
          {"parameters", to_json(info.parameters)}};
}

PipelineInfo pipeline_info_from_json(const json& in) {
  PipelineInfo info;
  info.id = in.at("id").get<std::string>();
  info.version = in.at("version").get<std::string>();
  info.title = in.at("title").get<std::string>();
  info.question = in.value("question", "");
  info.input = in.at("input").get<std::string>();
  info.maturity = in.value("maturity", "");
  info.intended_use = in.value("intended_use", "");
  info.limits = in.value("limits", "");
  info.citation = in.value("citation", "");
  info.labels = in.value("labels", std::vector<std::string>{});
  info.model = in.value("model", "");
  info.parameters = specs_from_json(in.at("parameters"));
  return info;
}

json manifest_of(const Extension& extension, const std::string& library_file) {
  json pipelines = json::array();
  for (const PipelineDefinition& p : extension.pipelines) {
    json entry = to_json(p.info);
    json commands = json::array();
    for (const PipelineCommand& c : p.commands)
      commands.push_back({{"verb", c.verb},
                          {"title", c.title},
                          {"without_files", c.without_files},
                          {"parameters", to_json(c.parameters)}});
    entry["commands"] = commands;
    pipelines.push_back(entry);
  }
  return {{"format", "sensorium-extension"},
          {"interface", interface_version},
          {"build", build_identity()},
          {"id", extension.id},
          {"version", extension.version},
          {"title", extension.title},
          {"library", library_file},
          {"pipelines", pipelines},
          {"readers", names_of(extension.readers)},
          {"writers", names_of(extension.writers)},
          {"layers", names_of(extension.layers)}};
}

void Registry::add(Extension extension) {
  const std::lock_guard lock(mutex_);
  Entry entry;
  entry.status = {extension.id, extension.version, extension.title, {}, {}, {}, true};
  entry.manifest = manifest_of(extension, "");
  entry.extension = std::move(extension);
  entries_.push_back(std::move(entry));
}

void Registry::scan(const fs::path& folder) {
  const std::lock_guard lock(mutex_);
  std::error_code code;
  std::vector<fs::path> manifests;
  for (const auto& item : fs::directory_iterator(folder, code))
    if (item.path().extension() == ".json") manifests.push_back(item.path());
  std::sort(manifests.begin(), manifests.end());
  for (const fs::path& path : manifests) {
    Entry entry;
    entry.status.manifest = path;
    entry.status.id = path.stem().string();
    try {
      entry.manifest = parse_json(read_text(path, 8u << 20), path.string(), "install it again");
      if (entry.manifest.at("format") != "sensorium-extension")
        throw Error(ErrorCode::BadInput, "not an extension's manifest");
      entry.status.id = entry.manifest.at("id").get<std::string>();
      entry.status.version = entry.manifest.value("version", "");
      entry.status.title = entry.manifest.value("title", "");
      entry.status.library = folder / entry.manifest.at("library").get<std::string>();
      if (const int version = entry.manifest.at("interface").get<int>();
          version != interface_version)
        throw Error(
            ErrorCode::Unsupported,
            fmt::format("made for interface {}, this program has {}", version, interface_version));
      if (entry.manifest.at("build") != build_identity())
        throw Error(ErrorCode::Unsupported,
                    fmt::format("built as {}, this program is {}",
                                entry.manifest.at("build").dump(), build_identity()));
      if (!fs::exists(entry.status.library))
        throw Error(ErrorCode::NotFound,
                    fmt::format("its library {} is missing", entry.status.library.string()));
      for (const json& p : entry.manifest.at("pipelines")) (void)pipeline_info_from_json(p);
      for (const Entry& other : entries_)
        if (other.status.id == entry.status.id && other.status.failure.empty())
          throw Error(ErrorCode::Conflict,
                      fmt::format("an extension '{}' is there already", entry.status.id));
    } catch (const std::exception& e) {
      entry.status.failure = e.what();
    }
    entries_.push_back(std::move(entry));
  }
}

void Registry::scan_default() {
  scan(program_root() / "extensions");
  if (const char* more = std::getenv("SENSORIUM_EXTENSIONS")) {
    std::istringstream list(more);
    for (std::string folder; std::getline(list, folder, ':');)
      if (!folder.empty()) scan(folder);
  }
}

std::vector<ExtensionStatus> Registry::extensions() const {
  const std::lock_guard lock(mutex_);
  std::vector<ExtensionStatus> out;
  for (const Entry& entry : entries_) out.push_back(entry.status);
  return out;
}

std::vector<PipelineInfo> Registry::pipelines() const {
  const std::lock_guard lock(mutex_);
  std::vector<PipelineInfo> out;
  for (const Entry& entry : entries_)
    if (entry.status.failure.empty())
      for (const json& p : entry.manifest.at("pipelines"))
        out.push_back(pipeline_info_from_json(p));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

std::vector<std::pair<std::string, json>> Registry::commands() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, json>> out;
  for (const Entry& entry : entries_)
    if (entry.status.failure.empty())
      for (const json& p : entry.manifest.at("pipelines"))
        for (const json& c : p.value("commands", json::array()))
          out.emplace_back(p.at("id").get<std::string>(), c);
  return out;
}

void Registry::load(Entry& entry) {
  if (entry.status.loaded || !entry.status.failure.empty()) return;
  // RTLD_LOCAL: two extensions may bring the same symbol names. Never unloaded: destructors of its
  // objects live in it.
  void* library = ::dlopen(entry.status.library.c_str(), loading_mode(entry.manifest));
  if (library == nullptr) {
    entry.status.failure = ::dlerror();
    return;
  }
  const auto version = symbol<int (*)()>(library, "sensorium_interface_version");
  const auto identity = symbol<const char* (*)()>(library, "sensorium_build_identity");
  const auto make = symbol<void (*)(Extension*)>(library, "sensorium_extension");
  if (version == nullptr || identity == nullptr || make == nullptr) {
    entry.status.failure = "its library has no entry point";
    return;
  }
  if (version() != interface_version || identity() != build_identity()) {
    entry.status.failure =
        fmt::format("its library is built as {}, this program is {}", identity(), build_identity());
    return;
  }
  try {
    make(&entry.extension);
    entry.status.loaded = true;
  } catch (const std::exception& e) {
    entry.status.failure = e.what();
  }
}

void Registry::load_with(const std::string& section) {
  for (Entry& entry : entries_)
    if (entry.status.failure.empty() && !entry.manifest.value(section, json::array()).empty())
      load(entry);
}

const PipelineDefinition& Registry::pipeline(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> known;
  for (Entry& entry : entries_) {
    if (entry.status.id == id && !entry.status.failure.empty())
      throw Error(ErrorCode::Unsupported,
                  fmt::format("the pipeline '{}' cannot be used: {}", id, entry.status.failure),
                  "install it again, in the version of this program");
    if (!entry.status.failure.empty()) continue;
    for (const json& p : entry.manifest.at("pipelines")) {
      known.push_back(p.at("id").get<std::string>());
      if (known.back() != id) continue;
      load(entry);
      for (const PipelineDefinition& definition : entry.extension.pipelines)
        if (definition.info.id == id) return definition;
      throw Error(ErrorCode::Unsupported,
                  fmt::format("the pipeline '{}' cannot be used: {}", id, entry.status.failure),
                  "install it again, in the version of this program");
    }
  }
  const std::string near = nearest(id, known);
  throw Error(ErrorCode::NotFound, fmt::format("there is no pipeline '{}'", id),
              near.empty() ? "see 'sensorium pipelines'"
                           : fmt::format("did you mean '{}'? see 'sensorium pipelines'", near));
}

std::vector<const WriterDefinition*> Registry::writers() {
  const std::lock_guard lock(mutex_);
  load_with("writers");
  std::vector<const WriterDefinition*> out;
  for (const Entry& entry : entries_)
    for (const WriterDefinition& writer : entry.extension.writers) out.push_back(&writer);
  return out;
}

const WriterDefinition& Registry::writer(const std::string& id) {
  std::string known;
  for (const WriterDefinition* writer : writers()) {
    if (writer->id == id) return *writer;
    known += (known.empty() ? "" : ", ") + writer->id;
  }
  throw Error(ErrorCode::NotFound, fmt::format("there is no output format '{}'", id),
              fmt::format("the formats are: {}", known));
}

std::vector<const ReaderDefinition*> Registry::readers() {
  const std::lock_guard lock(mutex_);
  load_with("readers");
  std::vector<const ReaderDefinition*> out;
  for (const Entry& entry : entries_)
    for (const ReaderDefinition& reader : entry.extension.readers) out.push_back(&reader);
  return out;
}

const LayerReaderDefinition* Registry::layer_reader(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  load_with("layers");
  if (!fs::is_regular_file(path)) return nullptr;
  const std::vector<std::byte> head = read_head(path);
  const LayerReaderDefinition* best = nullptr;
  int most = 0;
  for (const Entry& entry : entries_)
    for (const LayerReaderDefinition& reader : entry.extension.layers)
      if (const int score = reader.sniff(path, head); score > most) {
        most = score;
        best = &reader;
      }
  return best;
}

std::vector<Registry::Candidate> Registry::sniff(const fs::path& path) {
  std::error_code code;
  if (!fs::exists(path, code))
    throw Error(ErrorCode::NotFound, fmt::format("there is no file or folder '{}'", path.string()),
                "check the path");
  std::vector<std::byte> head;
  if (!fs::is_directory(path)) {
    if (!fs::is_regular_file(path))
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' is neither a file nor a folder", path.string()), "give a file");
    head = read_head(path);
    if (head.empty())
      throw Error(ErrorCode::BadInput, fmt::format("'{}' is empty (0 bytes)", path.string()),
                  "copy or export the file again");
  }
  std::vector<Candidate> found;
  for (const ReaderDefinition* reader : readers())
    if (const int score = reader->sniff(path, head); score > 0) found.push_back({reader, score});
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  if (found.empty()) {
    if (head.empty()) throw unreadable_folder(path, readers());
    if (const KnownFormat known = known_format(head); !known.name.empty())
      throw Error(
          ErrorCode::Unsupported,
          fmt::format("'{}' is {}, which this program does not read", path.string(), known.name),
          known.hint);
    std::string first;
    for (std::size_t i = 0; i < std::min<std::size_t>(8, head.size()); ++i)
      first += fmt::format("{:02x} ", static_cast<unsigned>(head[i]));
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' is of no known format (it begins with {})", path.string(),
                            first.substr(0, first.size() - 1)),
                "see 'sensorium info --formats' for what can be opened");
  }
  return found;
}

Dataset Registry::header(const fs::path& path, const Context& context) {
  const Unchanged unchanged(path);
  const auto candidates = sniff(path);
  Dataset dataset =
      unchanged.reading([&] { return candidates.front().reader->header(path, context); });
  origin_of(dataset).path = path.string();
  origin_of(dataset).format = candidates.front().reader->id;
  return dataset;
}

std::shared_ptr<const FrameSource> Registry::frames(const Video& video, const std::string& index) {
  const auto open = [&](const ReaderDefinition& reader) {
    return reader.id == video.origin.format && reader.frames
               ? reader.frames(video.origin.path, video, index)
               : nullptr;
  };
  {
    const std::lock_guard lock(mutex_); // what is there already, before libraries are loaded
    for (const Entry& entry : entries_)
      for (const ReaderDefinition& reader : entry.extension.readers)
        if (auto source = open(reader)) return source;
  }
  for (const ReaderDefinition* reader : readers())
    if (auto source = open(*reader)) return source;
  throw Error(ErrorCode::Unsupported,
              fmt::format("no reader decodes the frames of '{}' one by one", video.origin.path),
              "install the program again");
}

std::vector<std::string> Registry::companions(const fs::path& path) {
  const auto candidates = sniff(path);
  const auto& companions = candidates.front().reader->companions;
  return companions ? companions(path) : std::vector<std::string>{};
}

Dataset Registry::open(const fs::path& path, const Context& context) {
  const Unchanged unchanged(path);
  const auto candidates = sniff(path);
  Dataset dataset =
      unchanged.reading([&] { return candidates.front().reader->load(path, context); });
  Origin& origin = origin_of(dataset);
  origin.path = path.string();
  origin.format = candidates.front().reader->id;
  const auto& companions = candidates.front().reader->companions;
  const auto others = companions ? companions(path) : std::vector<std::string>{};
  if (defers_hash(dataset))
    origin.pending_hash = std::make_shared<PendingHash>(path, others);
  else
    origin.sha256 = sha256_of_files(path, others);
  unchanged.check();
  validate(dataset);
  return dataset;
}

}
