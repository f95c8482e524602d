#include "modules/io/envi_reader.h"

#include "modules/core/file.h"
#include "modules/io/envi_header.h"
#include "modules/io/image_header.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium::envi {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t largest_header = 16u << 20;
// ENVI adds .hdr to the name of the samples, or puts it in place of their suffix.
constexpr std::array<std::string_view, 14> usual_suffixes{"",     ".raw", ".dat",   ".img", ".bsq",
                                                          ".bil", ".bip", ".cube",  ".bin", ".sli",
                                                          ".ref", ".cue", ".float", ".envi"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<fs::path> files_beside(const fs::path& path) {
  std::vector<fs::path> out;
  std::error_code code;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored)) out.push_back(path.parent_path() / entry.path().filename());
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool is_header_name(const fs::path& path) { return lower(path.extension().string()) == ".hdr"; }

bool holds_header(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code) && sniff(read_head(path)) > 0;
}

// The header of a file of samples: NAME.raw.hdr before NAME.hdr, the suffix in any case. Empty:
// none.
fs::path header_of(const fs::path& data) {
  for (const std::string& base : {data.filename().string(), data.stem().string()})
    for (const char* suffix : {".hdr", ".HDR", ".Hdr"}) {
      const fs::path candidate = data.parent_path() / (base + suffix);
      if (candidate != data && holds_header(candidate)) return candidate;
    }
  return {};
}

fs::path samples_of(const fs::path& header) {
  const std::string stem = lower(header.stem().string());
  for (const std::string_view suffix : usual_suffixes)
    for (const fs::path& file : files_beside(header))
      if (!is_header_name(file) && lower(file.filename().string()) == stem + std::string(suffix))
        return file;
  throw Error(ErrorCode::NotFound,
              fmt::format("the samples of '{}' are not beside it", header.string()),
              fmt::format("put the file '{}' (or with .raw, .dat, .img, .bsq, .bil, .bip) in the "
                          "same folder",
                          header.stem().string()));
}

struct Pair {
  fs::path header, samples;
};

// samples may stay empty when the header alone was asked for and they are absent.
Pair pair_of(const fs::path& path) {
  if (holds_header(path)) return {path, samples_of(path)};
  const fs::path header = header_of(path);
  if (header.empty())
    throw Error(ErrorCode::NotFound,
                fmt::format("'{}' has no ENVI header beside it", path.string()),
                fmt::format("put '{}.hdr' in the same folder", path.stem().string()));
  return {header, path};
}

// Fewer bytes than promised never open; more only where they are a small trailer and nothing else
// explains them.
void check_size(const Header& header, const Pair& files, std::uint64_t found,
                std::vector<std::string>& warnings) {
  const std::uint64_t expected = expected_bytes(header, files.header.string());
  if (found == expected) return;
  // Rows with a gap behind them: the last one may have its gap, too.
  if (header.arcgis && found > expected &&
      found - header.offset == static_cast<std::uint64_t>(header.cube.lines) *
                                   header.cube.stride[0] * size_of(header.cube.type))
    return;
  const std::string hint = what_would_fit(header, found);
  const Cube& c = header.cube;
  const std::string text = fmt::format(
      "'{}' has {} bytes, the header '{}' makes it {} ({} + {} lines x {} samples x {} bands x {} "
      "bytes)",
      files.samples.string(), found, files.header.filename().string(), expected, header.offset,
      c.lines, c.samples, c.bands, size_of(c.type));
  if (found < expected || found - expected > expected / 16 ||
      hint.find("data type") != std::string::npos)
    throw Error(ErrorCode::BadInput, text, hint);
  warnings.push_back(text + "; the rest is not read");
}

}

int sniff_path(const fs::path& path, std::span<const std::byte> head) {
  if (head.empty()) return 0;
  if (const int score = sniff(head); score > 0) return score;
  try {
    // A picture with a header beside it is a picture first.
    if (header_of(path).empty()) return 0;
    return picture_format(head) == PictureFormat::None ? 90 : 40;
  } catch (const Error&) {
    return 0;
  }
}

Cube load(const fs::path& path, Samples samples) {
  const Pair files = pair_of(path);
  Header header = parse(read_text(files.header, largest_header), files.header.string());
  Cube cube = std::move(header.cube);
  header.cube = cube;
  cube.origin.path = path.string();
  const std::uint64_t found = fs::file_size(files.samples);
  check_size(header, files, found, cube.origin.warnings);
  cube.origin.facts.push_back(
      {"samples in", files.samples.filename().string(), files.header.filename().string()});
  if (samples == Samples::Skip) return cube;
  cube.data_path = files.samples.string();
  cube.data_offset = header.offset;
  const auto map = MappedFile::open(files.samples);
  if (map->bytes().size() < expected_bytes(header, files.header.string()))
    throw Error(ErrorCode::Conflict, fmt::format("'{}' became shorter", files.samples.string()),
                "open it again when nothing writes to it any more");
  cube.data = Buffer(map, header.offset, expected_bytes(header, "") - header.offset);
  return cube;
}

std::vector<std::string> companions(const fs::path& path) {
  const Pair files = pair_of(path);
  const fs::path& other = files.header == path ? files.samples : files.header;
  return {other.filename().string()};
}

}
