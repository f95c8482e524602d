#include "modules/io/tiff_writer.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace sensorium {
namespace {

constexpr std::uint16_t type_ascii = 2, type_short = 3, type_long = 4, type_ratio = 5;

struct Tag {
  std::uint16_t id, type;
  std::uint32_t count, value;
};

struct SampleKind {
  std::uint16_t bits, format; // format: 1 unsigned, 2 signed, 3 real
};

SampleKind kind_of_samples(const Volume& v) {
  switch (v.type) {
  case PixelType::UInt8:
    return {8, 1};
  case PixelType::UInt16:
    return {16, 1};
  case PixelType::Int16:
    return {16, 2};
  case PixelType::Float32:
    return {32, 3};
  case PixelType::Float64:
    return {64, 3};
  default:
    throw Error(ErrorCode::Unsupported,
                fmt::format("TIFF is not written with {} samples", name_of(v.type)),
                "write NRRD instead");
  }
}

class Writer {
public:
  std::uint32_t size() const { return static_cast<std::uint32_t>(out_.size()); }
  template<class T> void add(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void add(std::string_view bytes) { out_ += bytes; }
  void even() {
    if (out_.size() % 2 != 0) out_ += '\0';
  }
  void set(std::uint32_t at, std::uint32_t value) {
    std::memcpy(out_.data() + at, &value, sizeof value);
  }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  const std::string& content() const { return out_; }

private:
  std::string out_;
};

std::array<Spacing, 3> spacing_of(const WriteRequest& request) {
  const Volume& v = request.volume;
  if (v.spacing[0].known() && v.spacing[1].known()) return v.spacing;
  const auto* source = request.source == nullptr ? nullptr : std::get_if<Volume>(request.source);
  const bool same = source != nullptr && source->width == v.width && source->height == v.height &&
                    source->depth == v.depth;
  return same ? source->spacing : v.spacing;
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return text.substr(0, 300);
}

std::string imagej_description(int pages, const std::array<Spacing, 3>& spacing, bool scaled,
                               const WriteRequest& request) {
  std::string text = fmt::format("ImageJ=1.53t\nimages={}\nslices={}\nloop=false\n", pages, pages);
  if (scaled) text += "unit=micron\n";
  if (scaled && spacing[2].known()) text += fmt::format("spacing={:.9g}\n", spacing[2].micrometres);
  if (!request.statement.empty())
    text += fmt::format("sensorium_state={}\n", one_line(request.statement));
  for (const auto& [value, label] : request.labels)
    text += fmt::format("sensorium_label_{}={}\n", value, one_line(label));
  return text + '\0';
}

// Pixels per micrometre as a ratio of two 32 bit numbers.
void add_resolution(Writer& out, double micrometres) {
  const double scale = std::min(1e6, std::floor(std::numeric_limits<std::uint32_t>::max() /
                                                std::max(1.0, std::ceil(micrometres))));
  out.add(static_cast<std::uint32_t>(scale));
  out.add(static_cast<std::uint32_t>(std::max(1.0, std::round(micrometres * scale))));
}

struct Shared { // values outside the directories, used by every page
  std::uint32_t bits = 0, x_resolution = 0, y_resolution = 0, text = 0, text_size = 0;
};

std::vector<Tag> tags_of(const Volume& v, const SampleKind& kind, const Shared& at,
                         std::uint32_t data, std::uint32_t bytes, bool first) {
  const auto channels = static_cast<std::uint32_t>(v.channels),
             height = static_cast<std::uint32_t>(v.height);
  std::vector<Tag> tags{{256, type_long, 1, static_cast<std::uint32_t>(v.width)},
                        {257, type_long, 1, height},
                        {258, type_short, channels, channels == 1 ? kind.bits : at.bits},
                        {259, type_short, 1, 1},
                        {262, type_short, 1, channels == 3 ? 2u : 1u}};
  if (first && at.text != 0) tags.push_back({270, type_ascii, at.text_size, at.text});
  tags.push_back({273, type_long, 1, data});
  tags.push_back({277, type_short, 1, channels});
  tags.push_back({278, type_long, 1, height});
  tags.push_back({279, type_long, 1, bytes});
  if (at.x_resolution != 0) {
    tags.push_back({282, type_ratio, 1, at.x_resolution});
    tags.push_back({283, type_ratio, 1, at.y_resolution});
    tags.push_back({296, type_short, 1, 1}); // no unit of TIFF's own
  }
  tags.push_back({339, type_short, channels, channels == 1 ? kind.format : at.bits + 6});
  return tags;
}

Shared add_shared(Writer& out, const Volume& v, const SampleKind& kind,
                  const std::array<Spacing, 3>& spacing, const WriteRequest& request) {
  Shared at;
  at.bits = out.size();
  for (int c = 0; c < 3; ++c) out.add(kind.bits);
  for (int c = 0; c < 3; ++c) out.add(kind.format);
  const bool scaled = spacing[0].known() && spacing[1].known();
  if (scaled) {
    at.x_resolution = out.size();
    add_resolution(out, spacing[0].micrometres);
    at.y_resolution = out.size();
    add_resolution(out, spacing[1].micrometres);
  }
  if (!scaled && request.statement.empty() && request.labels.empty()) return at;
  const std::string text = imagej_description(v.depth, spacing, scaled, request);
  at.text = out.size();
  at.text_size = static_cast<std::uint32_t>(text.size());
  out.add(std::string_view(text));
  out.even();
  return at;
}

}

void write_tiff(const WriteRequest& request, const std::filesystem::path& path) {
  const Volume& v = request.volume;
  validate(v);
  const SampleKind kind = kind_of_samples(v);
  if (v.channels != 1 && v.channels != 3)
    throw Error(ErrorCode::Unsupported,
                fmt::format("TIFF is not written with {} channels", v.channels),
                "write NRRD instead");
  const std::uint64_t wanted = v.pixels.size() + 512 * static_cast<std::uint64_t>(v.depth) + 4096;
  if (wanted > std::numeric_limits<std::uint32_t>::max())
    throw Error(ErrorCode::Unsupported,
                fmt::format("{} bytes do not fit into a TIFF (4 GiB)", v.pixels.size()),
                "write NRRD instead");
  Writer out;
  out.reserve(wanted);
  out.add(std::string_view("II*\0\0\0\0\0", 8));
  const Shared shared = add_shared(out, v, kind, spacing_of(request), request);
  const auto page_bytes =
      static_cast<std::uint32_t>(v.pixels.size() / static_cast<std::size_t>(v.depth));
  const std::uint32_t first_page = out.size(); // ImageJ wants all pages in one piece
  const auto pixels = v.pixels.bytes();
  out.add(std::string_view(reinterpret_cast<const char*>(pixels.data()), pixels.size()));
  out.even();
  std::uint32_t link = 4;
  for (int z = 0; z < v.depth; ++z) {
    const std::uint32_t data = first_page + static_cast<std::uint32_t>(z) * page_bytes;
    out.set(link, out.size());
    const auto tags = tags_of(v, kind, shared, data, page_bytes, z == 0);
    out.add(static_cast<std::uint16_t>(tags.size()));
    for (const Tag& tag : tags) {
      out.add(tag.id);
      out.add(tag.type);
      out.add(tag.count);
      out.add(tag.value);
    }
    link = out.size();
    out.add(std::uint32_t{0});
  }
  write_atomically(path, out.content());
}

}
