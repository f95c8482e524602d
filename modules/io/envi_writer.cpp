#include "modules/io/envi_writer.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unistd.h>

namespace sensorium::envi {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t release_after = std::size_t{64} << 20;

Interleave written_as(const Cube& cube) {
  if (cube.interleave != Interleave::Other) return cube.interleave;
  return cube.stride[2] == 1 ? Interleave::Bip : Interleave::Bsq;
}

std::string in_list(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return c == '{' || c == '}' || c == ',' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

// A file that is removed unless it is kept.
class NewFile {
public:
  explicit NewFile(fs::path path)
      : path_(std::move(path)), temporary_(path_.string() + fmt::format(".{}.tmp", ::getpid())),
        file_(std::fopen(temporary_.c_str(), "wb")) {
    if (file_ == nullptr) throw error();
  }
  ~NewFile() {
    if (file_ != nullptr) std::fclose(file_);
    std::error_code code;
    fs::remove(temporary_, code);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  void write(const std::vector<std::byte>& bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) throw error();
  }
  void keep() {
    const bool whole = std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0;
    const bool closed = std::fclose(file_) == 0;
    file_ = nullptr;
    std::error_code code;
    if (whole && closed) fs::rename(temporary_, path_, code);
    if (!whole || !closed || code) throw error();
  }

private:
  Error error() const {
    return Error(ErrorCode::Resources, fmt::format("cannot write '{}'", path_.string()),
                 "is the disk full, or the folder read-only?");
  }
  fs::path path_, temporary_;
  std::FILE* file_;
};

// count samples from first on, step bytes apart, as they are stored but low byte first.
void append(const Cube& cube, const std::byte* first, std::ptrdiff_t step, int count,
            std::vector<std::byte>& out) {
  const std::size_t size = size_of(cube.type), part = is_complex(cube.type) ? size / 2 : size;
  const std::size_t begin = out.size();
  if (cube.type == SampleType::Int8) {
    out.resize(begin + 2 * static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      const auto value = static_cast<std::int16_t>(static_cast<std::int8_t>(first[i * step]));
      std::memcpy(&out[begin + 2 * static_cast<std::size_t>(i)], &value, 2);
    }
    return;
  }
  out.resize(begin + size * static_cast<std::size_t>(count));
  std::byte* o = out.data() + begin;
  if (step == static_cast<std::ptrdiff_t>(size))
    std::memcpy(o, first, size * static_cast<std::size_t>(count));
  else
    for (int i = 0; i < count; ++i)
      std::memcpy(o + static_cast<std::size_t>(i) * size, first + i * step, size);
  if (cube.big_endian && part > 1)
    for (std::size_t at = 0; at < size * static_cast<std::size_t>(count); at += part)
      std::reverse(o + at, o + at + part);
}

void write_samples(const Cube& cube, NewFile& file, const Context& context) {
  const auto size = static_cast<std::ptrdiff_t>(size_of(cube.type));
  const auto step = [&](std::size_t axis) {
    return static_cast<std::ptrdiff_t>(cube.stride[axis]) * size;
  };
  const Interleave order = written_as(cube);
  const std::array<int, 3> count{cube.lines, cube.samples, cube.bands};
  // Axes from slowest to fastest.
  const std::array<std::size_t, 3> axis =
      order == Interleave::Bsq   ? std::array<std::size_t, 3>{2, 0, 1}
      : order == Interleave::Bil ? std::array<std::size_t, 3>{0, 2, 1}
                                 : std::array<std::size_t, 3>{0, 1, 2};
  std::vector<std::byte> row;
  std::size_t touched = 0;
  for (int a = 0; a < count[axis[0]]; ++a) {
    context.step(static_cast<double>(a) / count[axis[0]], "writing samples");
    for (int b = 0; b < count[axis[1]]; ++b) {
      row.clear();
      append(cube, cube.data.bytes().data() + a * step(axis[0]) + b * step(axis[1]), step(axis[2]),
             count[axis[2]], row);
      file.write(row);
      if ((touched += row.size()) > release_after) {
        touched = 0;
        cube.data.release();
      }
    }
  }
}

}

std::string header_text(const Cube& cube) {
  const SampleType type = cube.type == SampleType::Int8 ? SampleType::Int16 : cube.type;
  std::string out = fmt::format(
      "ENVI\ndescription = {{Written by Sensorium from {}}}\nsamples = {}\nlines = {}\nbands = "
      "{}\nheader offset = 0\nfile type = ENVI Standard\ndata type = {}\ninterleave = {}\nbyte "
      "order = 0\n",
      in_list(fs::path(cube.origin.path).filename().string()), cube.samples, cube.lines, cube.bands,
      static_cast<int>(type), name_of(written_as(cube)));
  const auto list = [&](const char* key, const auto& values) {
    if (!values.empty()) out += fmt::format("{} = {{{}}}\n", key, fmt::join(values, ", "));
  };
  if (!cube.wavelengths_nm.empty() && cube.wavelength_source == WavelengthSource::Stated)
    out += "wavelength units = Nanometers\n";
  list("wavelength", cube.wavelengths_nm);
  list("fwhm", cube.fwhm_nm);
  std::vector<int> marks, shown;
  for (const std::uint8_t bad : cube.bad_bands) marks.push_back(bad != 0 ? 0 : 1);
  for (const int band : cube.default_bands) shown.push_back(band + 1);
  list("bbl", marks);
  list("default bands", shown);
  if (cube.reflectance_scale)
    out += fmt::format("reflectance scale factor = {}\n", *cube.reflectance_scale);
  if (cube.ignore_value) out += fmt::format("data ignore value = {}\n", *cube.ignore_value);
  std::vector<std::string> names;
  for (const std::string& name : cube.band_names) names.push_back(in_list(name));
  list("band names", names);
  return out;
}

std::string library_header_text(const std::vector<std::string>& names, std::size_t bands,
                                const std::vector<double>& nm, WavelengthSource source,
                                const std::string& made_from) {
  std::vector<std::string> listed;
  for (const std::string& name : names) listed.push_back(in_list(name));
  std::string out = fmt::format(
      "ENVI\ndescription = {{Written by Sensorium from {}}}\nsamples = {}\nlines = {}\nbands = "
      "1\nheader offset = 0\nfile type = ENVI Spectral Library\ndata type = 4\ninterleave = "
      "bsq\nbyte order = 0\nspectra names = {{{}}}\n",
      in_list(fs::path(made_from).filename().string()), bands, names.size(),
      fmt::join(listed, ", "));
  if (nm.empty()) return out;
  if (source == WavelengthSource::Stated) out += "wavelength units = Nanometers\n";
  return out + fmt::format("wavelength = {{{}}}\n", fmt::join(nm, ", "));
}

void write(const Cube& cube, const fs::path& path, const Context& context) {
  fs::path header = path, samples = path;
  header.replace_extension(".hdr");
  samples.replace_extension(".img");
  std::error_code code;
  if (!cube.data_path.empty() && fs::equivalent(cube.data_path, samples, code))
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' would be written over itself", samples.string()),
                "name another file with -o; the recording is left as it is");
  NewFile file(samples);
  write_samples(cube, file, context);
  file.keep();
  write_atomically(header, header_text(cube));
}

}
