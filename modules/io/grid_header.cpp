#include "modules/io/grid_header.h"

#include "modules/io/inflate.h"

#include "modules/core/file.h"

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
  const fs::path relative = fs::path(name).lexically_normal();
  if (name.empty() || name.size() > 1000 || name.find('\\') != std::string::npos ||
      name.find('\0') != std::string::npos || relative.is_absolute() || *relative.begin() == "..")
    throw unsupported(header, fmt::format("its samples lie in '{}'", name.substr(0, 80)),
                      "samples are read from the folder of the header only; copy both files into "
                      "one folder and name the file without its folder");
  const fs::path data = header.parent_path() / relative;
  std::error_code code;
  if (!fs::is_regular_file(data, code))
    throw Error(
        ErrorCode::NotFound,
        fmt::format("'{}' needs the file '{}', which is not there", header.string(), data.string()),
        "copy both files into one folder");
  return data;
}

namespace {

constexpr std::size_t most_files = 100000;

// "slice%03d.raw" for a number: one %d or %i, with zeros and a width of one digit or none.
std::string numbered(const fs::path& header, const std::string& pattern, std::int64_t n) {
  const auto wrong = [&] {
    return bad(header, fmt::format("'{}' is no pattern of file names", pattern.substr(0, 80)));
  };
  const std::size_t at = pattern.find('%');
  std::size_t end = at + 1;
  const bool zeros = end < pattern.size() && pattern[end] == '0';
  if (zeros) ++end;
  std::size_t width = 0;
  if (end < pattern.size() && pattern[end] >= '1' && pattern[end] <= '9')
    width = static_cast<std::size_t>(pattern[end++] - '0');
  if (end >= pattern.size() || (pattern[end] != 'd' && pattern[end] != 'i')) throw wrong();
  if (pattern.find('%', end) != std::string::npos || n < 0) throw wrong();
  std::string digits = std::to_string(n);
  if (digits.size() < width) digits.insert(0, width - digits.size(), zeros ? '0' : ' ');
  return pattern.substr(0, at) + digits + pattern.substr(end + 1);
}

}

std::vector<fs::path> data_files_of(const fs::path& header, const std::string& text,
                                    const std::vector<std::string>& list) {
  std::vector<fs::path> out;
  const auto parts = words(text);
  if (!parts.empty() && parts[0] == "LIST") {
    for (const std::string& name : list) out.push_back(beside(header, name));
    if (out.empty()) throw bad(header, "its list of files is empty");
  } else if (text.find('%') == std::string::npos) {
    out.push_back(beside(header, text));
  } else {
    if (parts.size() < 3)
      throw bad(header, fmt::format("'{}' lacks the first and last number", text.substr(0, 80)));
    const auto first = whole(header, "first file", parts[1]),
               last = whole(header, "last file", parts[2]);
    const auto step = parts.size() > 3 ? whole(header, "step of files", parts[3]) : 1;
    if (step == 0 || last < first || (last - first) / step >= most_files)
      throw bad(header, fmt::format("it names files {} to {}, step {}", first, last, step));
    for (std::uint64_t n = first; n <= last; n += step)
      out.push_back(beside(header, numbered(header, parts[0], static_cast<std::int64_t>(n))));
  }
  if (out.size() > most_files) throw bad(header, fmt::format("it names {} files", out.size()));
  return out;
}

std::uint64_t after_lines(const fs::path& file, std::uint64_t offset, std::uint64_t lines) {
  const auto mapped = MappedFile::open(file);
  const auto all = mapped->bytes();
  std::uint64_t at = offset;
  for (std::uint64_t i = 0; i < lines; ++i) {
    while (at < all.size() && all[at] != std::byte{'\n'}) ++at;
    if (at >= all.size()) throw bad(file, fmt::format("it has fewer than {} lines", lines));
    ++at;
  }
  return at;
}

std::uint64_t Header::sample_count() const {
  std::uint64_t samples = components;
  for (const std::uint64_t n : size) samples *= n;
  return samples;
}

namespace {

void check_file(const fs::path& path, const fs::path& file, const Header& header,
                std::uint64_t samples, std::uint64_t bytes) {
  std::error_code code;
  const std::uint64_t file_size = fs::file_size(file, code);
  if (code) throw bad(path, "cannot be read");
  // Text needs a digit and a separator a sample.
  const std::uint64_t need = header.data_offset + (header.text ? 2 * samples - 1 : bytes);
  const std::string where =
      file == path ? std::string() : fmt::format(" in '{}'", file.filename().string());
  const auto missing = [&](std::uint64_t have) {
    return bad(path, fmt::format("the header claims {} bytes of samples, there are {}{}", bytes,
                                 have > header.data_offset ? have - header.data_offset : 0, where));
  };
  if (!header.compressed) {
    if (file_size < need) throw missing(file_size);
    return;
  }
  if (need / 1032 > file_size)
    throw bad(path, fmt::format("the header claims {} bytes of samples, which {} compressed bytes "
                                "cannot hold{}",
                                bytes, file_size, where));
  const std::uint64_t have = inflated_size(file, header.compressed_offset, need);
  if (have < need) throw missing(have);
}

}

void check_samples(const fs::path& path, Header& header) {
  const std::string name = fmt::format("'{}'", path.string());
  std::uint64_t samples = header.components;
  for (const std::uint64_t n : header.size)
    samples = checked_bytes({samples, n}, allocation_limit(), name);
  std::uint64_t bytes = checked_bytes({samples, header.sample_bytes()}, allocation_limit(), name);
  if (header.rescaled()) checked_bytes({samples, sizeof(float)}, allocation_limit(), name);
  const std::uint64_t files = header.data_files.size();
  if (samples % files != 0 || (files > 1 && header.text))
    throw bad(path, fmt::format("{} samples do not divide into {} files", samples, files));
  bytes /= files;
  if (header.from_end) {
    std::error_code code;
    const std::uint64_t file_size = fs::file_size(header.data_files.front(), code);
    if (header.compressed || header.text || files > 1 || code)
      throw unsupported(path,
                        "its samples are counted from the end of compressed data or of many "
                        "files",
                        "save it as one file, uncompressed");
    if (file_size < bytes)
      throw bad(path, fmt::format("the header claims {} bytes of samples, the file has {}", bytes,
                                  file_size));
    header.data_offset = file_size - bytes;
  }
  for (const fs::path& file : header.data_files)
    check_file(path, file, header, samples / files, bytes);
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
