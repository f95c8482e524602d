#include "modules/io/cube_axes.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/grid_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t largest_list = 1u << 20;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<double> one_number_a_line(const std::string& text) {
  std::vector<double> out;
  bool heading = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = grid::trimmed(std::string_view(text).substr(at, end - at));
    at = end + 1;
    while (!line.empty() && (line.back() == ',' || line.back() == ';')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    double value = 0;
    const auto [stop, code] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (code == std::errc() && stop == line.data() + line.size() && std::isfinite(value))
      out.push_back(value);
    else if (!out.empty() || heading)
      return {};
    else
      heading = true;
  }
  return out;
}

}

std::optional<WavelengthList> wavelengths_beside(const fs::path& path, std::uint64_t count) {
  std::vector<WavelengthList> found;
  std::error_code code;
  const std::string stem = lower(path.stem().string());
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(path.has_parent_path() ? path.parent_path() : fs::path("."), code))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string name = lower(file.filename().string()), suffix = lower(file.extension());
    if (name.find("wavelength") == std::string::npos || (suffix != ".csv" && suffix != ".txt"))
      continue;
    std::error_code ignored;
    if (fs::file_size(file, ignored) > largest_list || ignored) continue;
    auto values = one_number_a_line(read_text(file, largest_list));
    if (values.size() != count) continue;
    WavelengthList list{std::move(values), file.filename().string()};
    if (name.starts_with(stem)) return list;
    found.push_back(std::move(list));
  }
  for (const WavelengthList& list : found)
    if (list.values != found.front().values) return std::nullopt;
  return found.empty() ? std::nullopt : std::optional(found.front());
}

SpectralAxis spectral_axis(const fs::path& path, const std::array<std::uint64_t, 3>& size) {
  const bool last = wavelengths_beside(path, size[2]).has_value(),
             first = size[0] != size[2] && wavelengths_beside(path, size[0]).has_value();
  if (first && !last)
    return {0,
            fmt::format("the first axis ({}) is the spectrum: a list of as many wavelengths "
                        "lies beside",
                        size[0]),
            true};
  if (last && !first)
    return {2,
            fmt::format("the last axis ({}) is the spectrum: a list of as many wavelengths "
                        "lies beside",
                        size[2]),
            true};
  return {2,
          fmt::format("the file does not say which axis is the spectrum: the last ({}) was taken",
                      size[2]),
          false};
}

}
