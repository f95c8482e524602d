#include "modules/io/tdms_layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium::tdms {
namespace {

constexpr std::uint32_t has_meta = 1 << 1, new_list = 1 << 2, has_raw = 1 << 3,
                        interleaved = 1 << 5, big = 1 << 6, daqmx = 1 << 7;
constexpr std::uint32_t no_data = 0xffffffff, same_as_before = 0, text_type = 0x20,
                        stamp_type = 0x44;
constexpr std::size_t most_objects = 100000, most_pieces = 1000000, most_properties = 10000;

// What a segment holds of one object: `values` in each chunk.
struct Active {
  std::size_t object = 0;
  std::uint64_t values = 0, bytes = 0;
  bool has_data = false;
};

class Cursor {
public:
  Cursor(const Bytes& file, std::uint64_t at, std::uint64_t end, bool swapped)
      : file_(file), at_(at), end_(end), big_(swapped) {}
  template<class T> T take(const char* what) {
    if (sizeof(T) > end_ - at_) throw file_.bad(fmt::format("its metadata end inside {}", what));
    const T value = big_ ? file_.big<T>(at_, what) : file_.little<T>(at_, what);
    at_ += sizeof(T);
    return value;
  }
  std::string text(const char* what) {
    const auto length = take<std::uint32_t>(what);
    if (length > end_ - at_)
      throw file_.bad(fmt::format("{} of {} bytes leaves its metadata", what, length));
    std::string out = file_.text(at_, length, what);
    at_ += length;
    return out;
  }
  void skip(std::uint64_t count, const char* what) {
    if (count > end_ - at_) throw file_.bad(fmt::format("its metadata end inside {}", what));
    at_ += count;
  }
  bool big_endian() const { return big_; }

private:
  const Bytes& file_;
  std::uint64_t at_, end_;
  bool big_;
};

Property read_value(Cursor& in, std::uint32_t type, const Bytes& file) {
  switch (type) {
  case 1:
    return static_cast<double>(in.take<std::int8_t>("a property"));
  case 2:
    return static_cast<double>(in.take<std::int16_t>("a property"));
  case 3:
    return static_cast<double>(in.take<std::int32_t>("a property"));
  case 4:
    return static_cast<double>(in.take<std::int64_t>("a property"));
  case 5:
  case 0x21:
    return static_cast<double>(in.take<std::uint8_t>("a property"));
  case 6:
    return static_cast<double>(in.take<std::uint16_t>("a property"));
  case 7:
    return static_cast<double>(in.take<std::uint32_t>("a property"));
  case 8:
    return static_cast<double>(in.take<std::uint64_t>("a property"));
  case 9:
  case 0x19:
    return static_cast<double>(in.take<float>("a property"));
  case 10:
  case 0x1a:
    return in.take<double>("a property");
  case text_type:
    return in.text("a property");
  case stamp_type: {
    const auto fraction = in.take<std::uint64_t>("a time stamp");
    const auto seconds = in.take<std::int64_t>("a time stamp");
    return static_cast<double>(seconds) + static_cast<double>(fraction) * 0x1p-64;
  }
  default:
    throw file.bad(fmt::format("a property of unknown type {}", type));
  }
}

class Walker {
public:
  explicit Walker(const Bytes& file) : file_(file) {}

  Layout walk() {
    std::uint64_t at = 0;
    while (at < file_.size()) at = segment(at);
    return std::move(layout_);
  }

private:
  std::uint64_t segment(std::uint64_t at) {
    if (!file_.has(at, 28)) {
      layout_.warnings.push_back("the file ends inside a segment's head");
      return file_.size();
    }
    if (file_.text(at, 4, "mark") != "TDSm")
      throw file_.bad(fmt::format("no segment begins at byte {}", at));
    const auto toc = file_.little<std::uint32_t>(at + 4, "contents");
    const bool swapped = (toc & big) != 0;
    const auto version = swapped ? file_.big<std::uint32_t>(at + 8, "version")
                                 : file_.little<std::uint32_t>(at + 8, "version");
    if (version != 4712 && version != 4713)
      throw file_.unsupported(fmt::format("TDMS version {}", version),
                              "save it with version 4712 or 4713");
    const auto next = swapped ? file_.big<std::uint64_t>(at + 12, "next")
                              : file_.little<std::uint64_t>(at + 12, "next");
    const auto raw = swapped ? file_.big<std::uint64_t>(at + 20, "raw")
                             : file_.little<std::uint64_t>(at + 20, "raw");
    const std::uint64_t begin = at + 28;
    std::uint64_t end = file_.size();
    // All ones: the writer stopped before it could say how long the segment is.
    if (next == ~std::uint64_t{0} || next > file_.size() - begin)
      layout_.warnings.push_back("the last segment is not complete");
    else
      end = begin + next;
    if (raw > end - begin)
      throw file_.bad(fmt::format("the segment at byte {} says its data begin outside it", at));
    if ((toc & daqmx) != 0)
      throw file_.unsupported("DAQmx raw data", "export it with scaled values");
    if ((toc & has_meta) != 0)
      read_objects(Cursor(file_, begin, begin + raw, swapped), (toc & new_list) != 0);
    if ((toc & has_raw) != 0) place_values(begin + raw, end, (toc & interleaved) != 0, swapped);
    return end;
  }

  std::size_t object_of(const std::string& path) {
    const auto [found, fresh] = index_.try_emplace(path, layout_.objects.size());
    if (fresh) {
      if (layout_.objects.size() >= most_objects) throw file_.bad("more than 100000 objects");
      layout_.objects.push_back({.path = path});
    }
    return found->second;
  }

  void read_objects(Cursor in, bool fresh) {
    if (fresh) active_.clear();
    const auto count = in.take<std::uint32_t>("the number of objects");
    if (count > most_objects) throw file_.bad(fmt::format("{} objects in a segment", count));
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::size_t object = object_of(in.text("an object's path"));
      read_index(in, object);
      const auto properties = in.take<std::uint32_t>("the number of properties");
      if (properties > most_properties)
        throw file_.bad(fmt::format("{} properties of an object", properties));
      for (std::uint32_t p = 0; p < properties; ++p) {
        const std::string name = in.text("a property's name");
        const auto type = in.take<std::uint32_t>("a property's type");
        layout_.objects[object].properties[name] = read_value(in, type, file_);
      }
    }
  }

  void read_index(Cursor& in, std::size_t object) {
    const auto length = in.take<std::uint32_t>("an index");
    auto active = std::find_if(active_.begin(), active_.end(),
                               [&](const Active& a) { return a.object == object; });
    if (length == no_data) {
      if (active != active_.end()) active->has_data = false;
      return;
    }
    if (active == active_.end()) {
      active_.push_back(last_.contains(object) ? last_[object] : Active{.object = object});
      active = active_.end() - 1;
    }
    if (length == same_as_before) {
      if (!last_.contains(object)) throw file_.bad("an index refers to one that is not there");
      *active = last_[object];
      return;
    }
    if (length == 0x1269 || length == 0x1369)
      throw file_.unsupported("DAQmx raw data", "export it with scaled values");
    Object& o = layout_.objects[object];
    const auto type = in.take<std::uint32_t>("a data type"),
               dimension = in.take<std::uint32_t>("a dimension");
    active->values = in.take<std::uint64_t>("a number of values");
    if (dimension != 1) throw file_.bad(fmt::format("an array of {} dimensions", dimension));
    if (o.type != 0 && o.type != type)
      throw file_.bad(fmt::format("'{}' changes its type", o.path));
    o.type = type;
    if (type == text_type)
      active->bytes = in.take<std::uint64_t>("the size of texts");
    else if (const std::size_t width = size_of_type(type);
             width > 0 && active->values <= file_.size() / width)
      active->bytes = active->values * width;
    else if (width == 0)
      throw file_.unsupported(fmt::format("values of type {}", type), "save real numbers");
    else // more than the file holds: an incomplete last segment may still promise it
      throw file_.bad(fmt::format("'{}' claims {} values", o.path, active->values));
    active->has_data = true;
    last_[object] = *active;
  }

  void place_values(std::uint64_t from, std::uint64_t to, bool mixed, bool swapped) {
    std::uint64_t chunk = 0, width = 0;
    for (const Active& a : active_) {
      if (!a.has_data) continue;
      if (a.bytes > file_.size() || chunk > file_.size() - a.bytes)
        throw file_.bad("a chunk larger than the file");
      chunk += a.bytes;
      width += size_of_type(layout_.objects[a.object].type);
    }
    if (chunk == 0) return;
    for (; from < to; from += std::min(chunk, to - from)) {
      const std::uint64_t part = std::min(chunk, to - from);
      std::uint64_t at = from, column = from;
      for (const Active& a : active_) {
        if (!a.has_data) continue;
        Object& o = layout_.objects[a.object];
        const std::size_t one = size_of_type(o.type);
        std::uint64_t count = a.values;
        if (part < chunk && one > 0)
          count = mixed ? part / width : std::min(count, (to - std::min(at, to)) / one);
        if (one > 0 && count > 0) {
          const Piece piece =
              mixed ? Piece{column, count, width, swapped} : Piece{at, count, one, swapped};
          // Interleaved channels of different lengths would leave their chunk.
          if (piece.offset > to || one > to - piece.offset ||
              count - 1 > (to - piece.offset - one) / piece.stride)
            throw file_.bad(
                fmt::format("'{}' claims {} values, which leave its segment", o.path, count));
          add(o, piece);
        }
        at += a.bytes;
        column += one;
      }
      if (part < chunk) layout_.warnings.push_back("the last chunk is cut short");
    }
  }

  void add(Object& o, const Piece& piece) {
    o.count += piece.count;
    if (!o.pieces.empty()) {
      Piece& last = o.pieces.back();
      if (last.stride == piece.stride && last.big_endian == piece.big_endian &&
          last.offset + last.count * last.stride == piece.offset) {
        last.count += piece.count;
        return;
      }
    }
    if (++pieces_ > most_pieces) throw file_.bad("more than a million pieces");
    o.pieces.push_back(piece);
  }

  const Bytes& file_;
  Layout layout_;
  std::map<std::string, std::size_t> index_;
  std::vector<Active> active_;
  std::map<std::size_t, Active> last_;
  std::size_t pieces_ = 0;
};

}

std::size_t size_of_type(std::uint32_t type) {
  switch (type) {
  case 1:
  case 5:
  case 0x21:
    return 1;
  case 2:
  case 6:
    return 2;
  case 3:
  case 7:
  case 9:
  case 0x19:
    return 4;
  case 4:
  case 8:
  case 10:
  case 0x1a:
    return 8;
  case stamp_type:
    return 16;
  default:
    return 0;
  }
}

Layout parse_layout(const Bytes& file) { return Walker(file).walk(); }

}
