#include "plugins/itk/grid_header.h"

#include "plugins/itk/inflate.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <sstream>

namespace sensorium::grid {
namespace fs = std::filesystem;

Error bad(const fs::path& path, std::string_view what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path.string(), what),
               "copy or export the file again");
}

Error unsupported(const fs::path& path, std::string_view what, std::string_view hint) {
  return Error(ErrorCode::Unsupported, fmt::format("'{}': {}", path.string(), what),
               std::string(hint));
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(blank) - first + 1));
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::istringstream in{std::string(text)};
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

double number(const fs::path& path, std::string_view field, std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value))
    throw bad(path, fmt::format("'{}' is '{}', not a number", field, text.substr(0, 40)));
  return value;
}

std::uint64_t whole(const fs::path& path, std::string_view field, std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end)
    throw bad(path, fmt::format("'{}' is '{}', not a whole number", field, text.substr(0, 40)));
  return value;
}

double micrometres_in(std::string_view unit) {
  if (unit == "mm" || unit == "millimeter" || unit == "millimeters" || unit == "millimetre")
    return 1e3;
  if (unit == "um" || unit == "\xc2\xb5m" || unit == "\xce\xbcm" || unit == "micron" ||
      unit == "microns" || unit == "micrometer")
    return 1;
  if (unit == "m" || unit == "meter" || unit == "metre") return 1e6;
  if (unit == "cm") return 1e4;
  if (unit == "nm") return 1e-3;
  return 0;
}

fs::path beside(const fs::path& header, const std::string& name) {
  const bool plain = !name.empty() && name.size() < 256 && name.find('/') == std::string::npos &&
                     name.find('\\') == std::string::npos && name.find('%') == std::string::npos &&
                     name != "..";
  if (!plain || words(name).size() != 1)
    throw unsupported(header, fmt::format("its samples lie in '{}'", name.substr(0, 80)),
                      "only one file of samples, in the same folder, is read; save it as a single "
                      "file (.nrrd, .mha)");
  const fs::path data = header.parent_path() / name;
  std::error_code code;
  if (!fs::is_regular_file(data, code))
    throw Error(
        ErrorCode::NotFound,
        fmt::format("'{}' needs the file '{}', which is not there", header.string(), data.string()),
        "copy both files into one folder");
  return data;
}

void check_samples(const fs::path& path, const Header& header) {
  std::uint64_t samples = header.components;
  for (const std::uint64_t n : header.size)
    samples = checked_bytes({samples, n}, allocation_limit(), fmt::format("'{}'", path.string()));
  const std::uint64_t bytes = checked_bytes({samples, header.sample_bytes()}, allocation_limit(),
                                            fmt::format("'{}'", path.string()));
  if (header.rescaled())
    checked_bytes({samples, sizeof(float)}, allocation_limit(), fmt::format("'{}'", path.string()));
  std::error_code code;
  const std::uint64_t file_size = fs::file_size(header.data_file, code);
  if (code) throw bad(path, "cannot be read");
  // Text needs a digit and a separator a sample.
  const std::uint64_t need = header.data_offset + (header.text ? 2 * samples - 1 : bytes);
  const auto missing = [&](std::uint64_t have) {
    return bad(path, fmt::format("the header claims {} bytes of samples, there are {}", bytes,
                                 have > header.data_offset ? have - header.data_offset : 0));
  };
  if (!header.compressed) {
    if (file_size < need) throw missing(file_size);
    return;
  }
  if (need / 1032 > file_size)
    throw bad(
        path,
        fmt::format("the header claims {} bytes of samples, which {} compressed bytes cannot hold",
                    bytes, file_size));
  const std::uint64_t have = inflated_size(header.data_file, header.compressed_offset, need);
  if (have < need) throw missing(have);
}

void find_colour_axis(Header& header) {
  const auto& n = header.size;
  const bool scaled =
      header.spacing[0].known() || header.spacing[1].known() || header.spacing[2].known();
  if (n.size() != 3 || header.components != 1 || scaled || header.has_orientation) return;
  if (n[0] == 3 && n[1] >= 16 && n[2] >= 16) {
    header.channels = Channels::FirstAxis;
    header.warnings.push_back(
        "the first axis has 3 samples and no scale: read as one RGB picture, not as a volume");
  } else if (n[2] == 3 && n[0] >= 16 && n[1] >= 16 &&
             (header.stored == PixelType::Float32 || header.stored == PixelType::UInt8)) {
    header.channels = Channels::LastAxis;
    header.warnings.push_back("the last axis has 3 samples and no scale: read as the planes of one "
                              "RGB picture, not as 3 slices");
  }
}

}
