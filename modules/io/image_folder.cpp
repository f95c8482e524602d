#include "modules/io/image_folder.h"

#include "modules/core/file.h"
#include "modules/io/image.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The run of digits at the front, without leading zeros; `text` moves behind it.
std::string_view take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

std::string shape_of(const Volume& v) {
  return fmt::format("{} x {} pixels, {} channels, {}", v.width, v.height, v.channels,
                     name_of(v.type));
}

void check_same(const Volume& first, const Volume& v) {
  if (v.depth != 1)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' has {} pages; each file of a folder must hold one picture",
                            v.origin.path, v.depth),
                "open that file by itself, or move it out of the folder");
  if (v.width != first.width || v.height != first.height || v.type != first.type ||
      v.channels != first.channels)
    throw Error(
        ErrorCode::BadInput,
        fmt::format(
            "'{}' does not fit the folder's other pictures: it has {}; the first ('{}') has {}",
            v.origin.path, shape_of(v), fs::path(first.origin.path).filename().string(),
            shape_of(first)),
        "move it out of the folder, or open the files one by one");
}

Volume read_one(const fs::path& path, Samples samples) {
  return parse_picture(MappedFile::open(path)->bytes(), path.string(), samples);
}

void warn_of_others(const std::vector<std::string>& others, Volume& v) {
  if (others.empty()) return;
  std::string some;
  for (std::size_t i = 0; i < std::min<std::size_t>(others.size(), 3); ++i)
    some += (i > 0 ? ", " : "") + clean_text(others[i]);
  v.origin.warnings.push_back(
      fmt::format("{} entries of the folder are no pictures and were ignored ({}{}).",
                  others.size(), some, others.size() > 3 ? ", ..." : ""));
}

}

bool natural_less(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a, whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view x = take_number(a), y = take_number(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else {
      if (a.front() != b.front()) return a.front() < b.front();
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b; // equal but for leading zeros
}

FolderContent list_pictures(const fs::path& folder) {
  FolderContent out;
  std::error_code code;
  std::size_t count = 0;
  for (fs::directory_iterator it(folder, code), end; it != end; it.increment(code)) {
    if (code) break;
    const std::string name = it->path().filename().string();
    if (name.starts_with(".")) continue;
    if (++count > 100000)
      throw Error(ErrorCode::BadInput,
                  fmt::format("the folder '{}' holds more than 100000 files", folder.string()),
                  "is this the right folder?");
    const bool picture = it->is_regular_file(code) &&
                         picture_format(read_head(it->path(), 132)) != PictureFormat::None;
    if (picture)
      out.pictures.push_back(it->path());
    else
      out.others.push_back(name);
  }
  if (code)
    throw Error(ErrorCode::Resources,
                fmt::format("cannot list the folder '{}': {}", folder.string(), code.message()),
                "check your permission to read it");
  std::sort(out.pictures.begin(), out.pictures.end(), [](const fs::path& a, const fs::path& b) {
    return natural_less(a.filename().string(), b.filename().string());
  });
  std::sort(out.others.begin(), out.others.end());
  return out;
}

Volume load_picture_folder(const fs::path& folder, Samples samples, const Context& context) {
  const FolderContent content = list_pictures(folder);
  if (content.pictures.empty())
    throw Error(ErrorCode::BadInput,
                fmt::format("the folder '{}' holds no pictures", folder.string()),
                "choose the folder that holds the B-scans");
  Volume v;
  for (const fs::path& path : content.pictures) {
    const Volume one = read_one(path, Samples::Skip);
    if (v.width == 0) v = one;
    check_same(v, one);
  }
  v.depth = static_cast<int>(content.pictures.size());
  const std::size_t total =
      checked_bytes({v.voxels(), static_cast<std::uint64_t>(v.channels), size_of(v.type)},
                    allocation_limit(), fmt::format("the folder '{}'", folder.string()));
  v.origin.path = folder.string();
  v.origin.facts.push_back(
      {"Pictures", std::to_string(v.depth), "files in natural order of their names"});
  warn_of_others(content.others, v);
  if (samples == Samples::Skip) return v;

  std::vector<std::byte> pixels;
  pixels.reserve(total);
  for (std::size_t i = 0; i < content.pictures.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(content.pictures.size()),
                 "reading pictures");
    const Volume one = read_one(content.pictures[i], Samples::Load);
    check_same(v, one);
    for (const std::string& warning : one.origin.warnings)
      if (std::find(v.origin.warnings.begin(), v.origin.warnings.end(), warning) ==
          v.origin.warnings.end())
        v.origin.warnings.push_back(warning);
    pixels.insert(pixels.end(), one.pixels.bytes().begin(), one.pixels.bytes().end());
  }
  v.pixels = Buffer(std::move(pixels));
  return v;
}

}
