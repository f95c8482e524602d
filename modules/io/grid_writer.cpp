#include "modules/io/grid_writer.h"

#include "modules/io/inflate.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

namespace sensorium::grid {
namespace fs = std::filesystem;
namespace {

struct Geometry {
  std::array<Spacing, 3> spacing;
  std::optional<Orientation> orientation;
  double millimetres(std::size_t axis) const {
    return spacing[axis].known() ? spacing[axis].micrometres / 1e3 : 1;
  }
  bool any_known() const { return spacing[0].known() || spacing[1].known() || spacing[2].known(); }
  bool all_known() const { return spacing[0].known() && spacing[1].known() && spacing[2].known(); }
};

// The volume's own, completed by its source's where both have the same grid.
Geometry geometry_of(const WriteRequest& request) {
  const Volume& volume = request.volume;
  Geometry out{volume.spacing, volume.orientation};
  if (request.source == nullptr) return out;
  if (const auto* source = std::get_if<Volume>(request.source)) {
    if (source->width != volume.width || source->height != volume.height ||
        source->depth != volume.depth)
      return out;
    for (std::size_t i = 0; i < 3; ++i)
      if (!out.spacing[i].known()) out.spacing[i] = source->spacing[i];
    if (!out.orientation) out.orientation = source->orientation;
  } else if (const auto* video = std::get_if<Video>(request.source)) {
    if (video->width != volume.width || video->height != volume.height) return out;
    for (std::size_t i = 0; i < 2; ++i)
      if (!out.spacing[i].known()) out.spacing[i] = video->spacing[i];
    if (!out.spacing[2].known() && out.spacing[2].field.empty())
      out.spacing[2] = unknown_spacing("the third axis is time");
  }
  return out;
}

std::string_view pixel_text(const Volume& volume) {
  const auto bytes = volume.pixels.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return text.substr(0, 300);
}

std::string why_unknown(const Geometry& geometry) {
  for (const Spacing& spacing : geometry.spacing)
    if (!spacing.known())
      return one_line(spacing.field.empty() ? "the recording does not say" : spacing.field);
  return {};
}

std::string_view nrrd_type(PixelType type) {
  switch (type) {
  case PixelType::UInt8:
    return "uint8";
  case PixelType::Int8:
    return "int8";
  case PixelType::UInt16:
    return "uint16";
  case PixelType::Int16:
    return "int16";
  case PixelType::UInt32:
    return "uint32";
  case PixelType::Int32:
    return "int32";
  case PixelType::Float32:
    return "float";
  case PixelType::Float64:
    return "double";
  }
  return "";
}

std::string nrrd_directions(const Geometry& geometry) {
  const Orientation place = geometry.orientation.value_or(Orientation{});
  std::string out;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double length = geometry.millimetres(axis);
    out += fmt::format(" ({},{},{})", place.direction[axis] * length,
                       place.direction[3 + axis] * length, place.direction[6 + axis] * length);
  }
  return out;
}

int nifti_type(const Volume& volume) {
  switch (volume.type) {
  case PixelType::UInt8:
    return volume.channels == 3 ? 128 : 2;
  case PixelType::Int8:
    return 256;
  case PixelType::UInt16:
    return 512;
  case PixelType::Int16:
    return 4;
  case PixelType::UInt32:
    return 768;
  case PixelType::Int32:
    return 8;
  case PixelType::Float32:
    return 16;
  case PixelType::Float64:
    return 64;
  }
  return 0;
}

class NiftiHeader {
public:
  NiftiHeader() : bytes_(352, '\0') {}
  template<class T> void put(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }
  void text(std::size_t offset, std::size_t room, std::string_view value) {
    value.copy(bytes_.data() + offset, room - 1);
  }
  const std::string& bytes() const { return bytes_; }

private:
  std::string bytes_;
};

// NIfTI's world axes point right and anterior where DICOM's point left and posterior.
void put_orientation(NiftiHeader& header, const Geometry& geometry) {
  const Orientation& place = *geometry.orientation;
  header.put<std::int16_t>(254, 1);
  for (std::size_t row = 0; row < 3; ++row) {
    const double sign = row < 2 ? -1 : 1;
    for (std::size_t axis = 0; axis < 3; ++axis)
      header.put(
          280 + 16 * row + 4 * axis,
          static_cast<float>(sign * place.direction[3 * row + axis] * geometry.millimetres(axis)));
    header.put(280 + 16 * row + 12, static_cast<float>(sign * place.origin_mm[row]));
  }
}

// Extension 6 of NIfTI-1 ("comment", plain text): a value and its label a line. The header has no
// place of its own for them.
std::string labels_extension(const std::map<int, std::string>& labels) {
  if (labels.empty()) return {};
  std::string text = "sensorium labels\n";
  for (const auto& [value, label] : labels) text += fmt::format("{}\t{}\n", value, one_line(label));
  const auto size = static_cast<std::int32_t>((text.size() + 8 + 15) / 16 * 16);
  const std::int32_t code = 6;
  std::string out(static_cast<std::size_t>(size), '\0');
  std::memcpy(out.data(), &size, 4);
  std::memcpy(out.data() + 4, &code, 4);
  text.copy(out.data() + 8, text.size());
  return out;
}

}

void write_nrrd(const WriteRequest& request, const fs::path& path) {
  const Volume& volume = request.volume;
  const Geometry geometry = geometry_of(request);
  const bool colour = volume.channels > 1;
  const Orientation place = geometry.orientation.value_or(Orientation{});
  std::string text = fmt::format("NRRD0005\n# http://teem.sourceforge.net/nrrd/format.html\ntype: "
                                 "{}\ndimension: {}\nspace: left-posterior-superior\n",
                                 nrrd_type(volume.type), colour ? 4 : 3);
  text += colour ? fmt::format("sizes: {} {} {} {}\n", volume.channels, volume.width, volume.height,
                               volume.depth)
                 : fmt::format("sizes: {} {} {}\n", volume.width, volume.height, volume.depth);
  text += fmt::format("space directions:{}{}\n", colour ? " none" : "", nrrd_directions(geometry));
  text += fmt::format("kinds: {}domain domain domain\n", colour ? "vector " : "");
  if (geometry.all_known()) text += "space units: \"mm\" \"mm\" \"mm\"\n";
  text += fmt::format("endian: little\nencoding: gzip\nspace origin: ({},{},{})\n",
                      place.origin_mm[0], place.origin_mm[1], place.origin_mm[2]);
  if (!request.role.empty()) text += fmt::format("sensorium_role:={}\n", one_line(request.role));
  if (!request.statement.empty())
    text += fmt::format("sensorium_state:={}\n", one_line(request.statement));
  for (const auto& [value, label] : request.labels)
    text += fmt::format("sensorium_label_{}:={}\n", value, one_line(label));
  if (!volume.modality.empty())
    text += fmt::format("sensorium_modality:={}\n", one_line(volume.modality));
  if (volume.laterality != Laterality::Unknown)
    text += fmt::format("sensorium_laterality:={}\n",
                        volume.laterality == Laterality::Left ? "left" : "right");
  if (volume.spacing[0].source == ScaleSource::Phantom) text += "sensorium_scale_source:=phantom\n";
  if (!geometry.orientation) text += "sensorium_orientation:=unknown\n";
  if (!geometry.any_known())
    text += fmt::format("sensorium_scale:=unknown: {}\n", why_unknown(geometry));
  else if (!geometry.all_known()) {
    const auto flag = [&](std::size_t i) {
      return geometry.spacing[i].known() ? "known" : "unknown";
    };
    text += fmt::format("sensorium_scale:={} {} {}: {}\n", flag(0), flag(1), flag(2),
                        why_unknown(geometry));
  }
  write_atomically(path, text + "\n" + gzipped(pixel_text(volume)));
}

void write_nifti(const WriteRequest& request, const fs::path& path) {
  const Volume& volume = request.volume;
  const Geometry geometry = geometry_of(request);
  const bool rgb = volume.type == PixelType::UInt8 && volume.channels == 3;
  if (volume.channels > 1 && !rgb)
    throw Error(ErrorCode::Unsupported,
                fmt::format("a NIfTI file of {} channels is not written", volume.channels),
                "write it as NRRD");
  if (volume.width > 32767 || volume.height > 32767 || volume.depth > 32767)
    throw Error(ErrorCode::Unsupported,
                fmt::format("NIfTI holds at most 32767 samples an axis, not {} x {} x {}",
                            volume.width, volume.height, volume.depth),
                "write it as NRRD");
  NiftiHeader header;
  header.put<std::int32_t>(0, 348);
  header.put<char>(38, 'r');
  const std::array<int, 8> dim{3, volume.width, volume.height, volume.depth, 1, 1, 1, 1};
  for (std::size_t i = 0; i < 8; ++i) header.put(40 + 2 * i, static_cast<std::int16_t>(dim[i]));
  header.put(70, static_cast<std::int16_t>(nifti_type(volume)));
  header.put(72, static_cast<std::int16_t>(8 * size_of(volume.type) *
                                           static_cast<std::size_t>(volume.channels)));
  header.put(76, 1.0f);
  for (std::size_t i = 0; i < 3; ++i)
    header.put(80 + 4 * i, static_cast<float>(geometry.millimetres(i)));
  const std::string extension = labels_extension(request.labels);
  header.put(108, static_cast<float>(352 + extension.size()));
  header.put<char>(348, extension.empty() ? 0 : 1);
  header.put(112, 1.0f);
  header.put<char>(123, geometry.any_known() ? 2 : 0);
  const auto flag = [&](std::size_t i) { return geometry.spacing[i].known() ? 1 : 0; };
  header.text(148, 80,
              fmt::format("sensorium scale={}{}{} role={} {}", flag(0), flag(1), flag(2),
                          one_line(request.role).substr(0, 20), one_line(request.statement)));
  header.text(344, 4, "n+1");
  if (geometry.orientation) put_orientation(header, geometry);
  write_atomically(path, gzipped(header.bytes() + extension + std::string(pixel_text(volume))));
}

}
