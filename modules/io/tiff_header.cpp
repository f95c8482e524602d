#include "modules/io/image_header.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

namespace sensorium {
namespace {

constexpr std::size_t most_pages = 65536, most_values = 1u << 22;

struct Entry {
  int type = 0;
  std::uint64_t count = 0, at = 0; // where its values lie
};

// Adobe TIFF 6.0, section 2; BigTIFF as in libtiff's description.
class Tiff {
public:
  explicit Tiff(const Bytes& file) : file_(file) {
    big_endian_ = file.text(0, 2, "the TIFF header") == "MM";
    big_ = number<std::uint16_t>(2) == 43;
    next_ = big_ ? number<std::uint64_t>(8) : number<std::uint32_t>(4);
  }

  bool more() const { return next_ != 0; }
  std::uint64_t position() const { return next_; }

  std::map<int, Entry> next_directory() {
    if (!seen_.insert(next_).second || seen_.size() > most_pages)
      throw file_.bad("is a damaged TIFF: its list of pages runs in a circle or has no end");
    const std::uint64_t count = big_ ? number<std::uint64_t>(next_) : number<std::uint16_t>(next_);
    const std::uint64_t size = big_ ? 20 : 12, first = next_ + (big_ ? 8 : 2);
    if (count > 4096) throw file_.bad(fmt::format("is a damaged TIFF: a page with {} tags", count));
    file_.part(first, count * size, "a TIFF page");
    std::map<int, Entry> entries;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t at = first + i * size;
      Entry e{number<std::uint16_t>(at + 2),
              big_ ? number<std::uint64_t>(at + 4) : number<std::uint32_t>(at + 4),
              at + (big_ ? 12 : 8)};
      const std::uint64_t each = value_size(e.type);
      if (each == 0) continue;
      if (e.count > (big_ ? 8u : 4u) / each)
        e.at = big_ ? number<std::uint64_t>(e.at) : number<std::uint32_t>(e.at);
      entries.emplace(number<std::uint16_t>(at), e);
    }
    next_ = big_ ? number<std::uint64_t>(first + count * size)
                 : number<std::uint32_t>(first + count * size);
    return entries;
  }

  std::uint64_t value(const Entry& e, std::uint64_t i) const {
    const std::uint64_t at = e.at + i * value_size(e.type);
    switch (value_size(e.type)) {
    case 1:
      return file_.little<std::uint8_t>(at, "a TIFF tag");
    case 2:
      return number<std::uint16_t>(at);
    case 4:
      return number<std::uint32_t>(at);
    default:
      return number<std::uint64_t>(at);
    }
  }

  std::vector<std::uint64_t> values(const Entry& e) const {
    if (e.count > most_values)
      throw file_.bad(fmt::format("is a damaged TIFF: a tag with {} values", e.count));
    file_.part(e.at, e.count * value_size(e.type), "a TIFF tag");
    std::vector<std::uint64_t> out(static_cast<std::size_t>(e.count));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = value(e, i);
    return out;
  }

  double ratio(const Entry& e) const {
    if (e.type != 5) return 0;
    const auto below = number<std::uint32_t>(e.at + 4);
    return below == 0 ? 0 : static_cast<double>(number<std::uint32_t>(e.at)) / below;
  }

  std::string text(const Entry& e) const {
    const auto bytes = file_.part(e.at, std::min<std::uint64_t>(e.count, 1u << 16), "a TIFF tag");
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

private:
  static std::uint64_t value_size(int type) {
    constexpr std::array<std::uint8_t, 19> sizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                                 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type >= 0 && type < static_cast<int>(sizes.size())
               ? sizes[static_cast<std::size_t>(type)]
               : 0;
  }
  template<class T> T number(std::uint64_t at) const {
    return big_endian_ ? file_.big<T>(at, "a TIFF page") : file_.little<T>(at, "a TIFF page");
  }
  const Bytes& file_;
  bool big_endian_ = false, big_ = false;
  std::uint64_t next_ = 0;
  std::set<std::uint64_t> seen_;
};

using Directory = std::map<int, Entry>;

std::uint64_t one(const Tiff& tiff, const Directory& d, int tag, std::uint64_t otherwise) {
  const auto found = d.find(tag);
  return found == d.end() || found->second.count == 0 ? otherwise : tiff.value(found->second, 0);
}

PixelType sample_type(const Bytes& file, std::uint64_t bits, std::uint64_t format) {
  const bool whole = format == 1 || format == 4; // 4: undefined
  if (bits <= 8 && whole) return PixelType::UInt8;
  if (bits == 8 && format == 2) return PixelType::Int8;
  if ((bits == 16 || bits == 10 || bits == 12 || bits == 14) && whole) return PixelType::UInt16;
  if (bits == 16 && format == 2) return PixelType::Int16;
  if (bits == 32 && format == 3) return PixelType::Float32;
  if (bits == 64 && format == 3) return PixelType::Float64;
  throw file.unsupported(
      fmt::format("is a TIFF with {} bit samples of kind {} (1 unsigned, 2 signed, 3 real)", bits,
                  format),
      "convert it to 8 or 16 bit integers or 32 bit reals");
}

// The strips or tiles must lie in the file and, where they are not compressed, hold the whole
// picture.
void check_data(const Bytes& file, const Tiff& tiff, const Directory& d, const PicturePage& page,
                std::uint64_t bits) {
  const bool tiled = d.contains(324);
  const auto offsets = d.find(tiled ? 324 : 273), counts = d.find(tiled ? 325 : 279);
  if (offsets == d.end()) throw file.bad("is a damaged TIFF: a page without picture data");
  const auto at = tiff.values(offsets->second);
  const std::uint64_t raw =
      (page.width * static_cast<std::uint64_t>(page.stored_channels) * bits + 7) / 8 * page.height;
  std::vector<std::uint64_t> size =
      counts == d.end() ? std::vector<std::uint64_t>{} : tiff.values(counts->second);
  if (size.empty() && at.size() == 1) size.push_back(raw);
  if (size.size() < at.size())
    throw file.bad("is a damaged TIFF: it does not say how long its picture data are");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (!file.has(at[i], size[i]))
      throw file.bad(fmt::format("is cut short: picture data of {} bytes at {}, the file has {}",
                                 size[i], at[i], file.size()));
    sum += size[i];
  }
  if (one(tiff, d, 259, 1) == 1 && sum < raw)
    throw file.bad(fmt::format("contradicts itself: {} bytes of picture data for {} x {} pixels",
                               sum, page.width, page.height));
  const std::uint64_t tile_width = one(tiff, d, 322, 16), tile_height = one(tiff, d, 323, 16);
  if (tiled && (tile_width == 0 || tile_height == 0 || tile_width > 8192 || tile_height > 8192))
    throw file.bad(fmt::format("has tiles of {} x {} pixels", tile_width, tile_height));
}

PicturePage read_page(const Bytes& file, const Tiff& tiff, const Directory& d) {
  PicturePage page;
  page.width = one(tiff, d, 256, 0);
  page.height = one(tiff, d, 257, 0);
  page.reduced = (one(tiff, d, 254, 0) & 1u) != 0;
  const std::uint64_t bits = one(tiff, d, 258, 1), channels = one(tiff, d, 277, 1),
                      photometric = one(tiff, d, 262, 1);
  page.type = sample_type(file, bits, one(tiff, d, 339, 1));
  if (page.width == 0 || page.height == 0 || page.width > (1u << 20) || page.height > (1u << 20))
    throw file.bad(
        fmt::format("claims to be a picture of {} x {} pixels", page.width, page.height));
  if (channels == 0 || channels > 4)
    throw file.unsupported(fmt::format("is a TIFF with {} channels", channels),
                           "a picture has 1 to 4 channels");
  if (channels > 1 && one(tiff, d, 284, 1) == 2)
    throw file.unsupported("is a TIFF with its colours in separate planes",
                           "save it with interleaved colours");
  page.stored_channels = static_cast<int>(channels);
  page.alpha = channels == 2 || channels == 4;
  check_data(file, tiff, d, page, bits);
  if (photometric == 3) page.stored_channels = 3; // a palette
  return page;
}

// ImageJ writes "ImageJ=1.53t\nunit=micron\nspacing=2.0\n" into the description and pixels per unit
// into XResolution.
void read_imagej(const Tiff& tiff, const Directory& d, PictureHeader& out) {
  const auto described = d.find(270), x = d.find(282), y = d.find(283);
  if (described == d.end()) return;
  const std::string text = tiff.text(described->second);
  if (!text.starts_with("ImageJ=")) return;
  const auto key = [&](const std::string& name) {
    const std::size_t at = text.find("\n" + name + "=");
    const std::size_t from = at + name.size() + 2;
    return at == std::string::npos ? std::string()
                                   : text.substr(from, text.find_first_of("\r\n", from) - from);
  };
  const std::string unit = key("unit");
  const double um = unit == "micron" || unit == "um" || unit == "\\u00B5m" || unit == "\xc2\xb5m" ||
                            unit == "\xb5m"
                        ? 1
                    : unit == "mm" ? 1000
                    : unit == "nm" ? 0.001
                    : unit == "cm" ? 10000
                                   : 0;
  const double per_x = x == d.end() ? 0 : tiff.ratio(x->second),
               per_y = y == d.end() ? 0 : tiff.ratio(y->second);
  if (um > 0 && per_x > 0 && per_y > 0) {
    const double z = std::strtod(key("spacing").c_str(), nullptr);
    out.imagej_um = {um / per_x, um / per_y, std::isfinite(z) && z > 0 ? z * um : 0};
  }
}

}

PictureHeader read_tiff_header(const Bytes& file) {
  PictureHeader out{PictureFormat::Tiff, {}, {}, {}};
  Tiff tiff(file);
  while (tiff.more()) {
    const std::uint64_t directory = tiff.position();
    const Directory d = tiff.next_directory();
    out.pages.push_back(read_page(file, tiff, d));
    out.pages.back().directory = directory;
    if (out.pages.size() > 1) continue;
    const auto x = d.find(282);
    const std::uint64_t unit = one(tiff, d, 296, 2);
    if (x != d.end() && tiff.ratio(x->second) > 1 && (unit == 2 || unit == 3))
      out.print_resolution =
          fmt::format("{:.0f} dpi", tiff.ratio(x->second) * (unit == 3 ? 2.54 : 1));
    read_imagej(tiff, d, out);
  }
  if (out.pages.empty()) throw file.bad("is a damaged TIFF: it holds no page");
  return out;
}

}
