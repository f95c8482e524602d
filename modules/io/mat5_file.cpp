// MAT-File Format (MathWorks, R2019b), chapter "Level 5 MAT-File Format": numbers and text of the
// top level and of one structure there. Deeper structures, cells and objects are passed over.
#include "modules/core/error.h"
#include "modules/io/array_file.h"
#include "modules/io/bytes.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_variables = 4096;
constexpr std::uint64_t most_small = 1u << 20;
constexpr std::uint64_t most_text = 1000;
constexpr std::uint32_t matrix = 14, compressed = 15;
constexpr std::uint32_t structure_class = 2, text_class = 4;

// The bytes of one element: as they lie, or inflated on the way.
class Source {
public:
  virtual ~Source() = default;
  // Fewer than asked for only at the end.
  virtual std::size_t read(std::span<std::byte> out) = 0;
  virtual std::uint64_t position() const = 0;
  // False where the end comes before.
  virtual bool skip(std::uint64_t count) {
    std::array<std::byte, 1 << 16> passed;
    for (std::uint64_t n = 0; count > 0; count -= n) {
      n = std::min<std::uint64_t>(count, passed.size());
      if (read(std::span(passed).first(n)) != n) return false;
    }
    return true;
  }
};

class Plain : public Source {
public:
  explicit Plain(std::span<const std::byte> data) : data_(data) {}
  std::size_t read(std::span<std::byte> out) override {
    const std::size_t count = std::min(out.size(), data_.size() - at_);
    std::ranges::copy(data_.subspan(at_, count), out.begin());
    at_ += count;
    return count;
  }
  std::uint64_t position() const override { return at_; }
  bool skip(std::uint64_t count) override {
    if (count > data_.size() - at_) return false;
    at_ += count;
    return true;
  }

private:
  std::span<const std::byte> data_;
  std::size_t at_ = 0;
};

class Inflated : public Source {
public:
  Inflated(std::span<const std::byte> data, std::string name)
      : data_(data), name_(std::move(name)) {
    if (inflateInit(&z_) != Z_OK)
      throw Error(ErrorCode::Resources, "zlib has no memory", "close other programs");
  }
  ~Inflated() override { inflateEnd(&z_); }
  Inflated(const Inflated&) = delete;
  Inflated& operator=(const Inflated&) = delete;

  std::size_t read(std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size() && !ended_) {
      if (z_.avail_in == 0) {
        const std::size_t piece = std::min<std::size_t>(data_.size() - fed_, 1 << 20);
        if (piece == 0) break;
        z_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data_.data() + fed_));
        z_.avail_in = static_cast<uInt>(piece);
        fed_ += piece;
      }
      const std::size_t room = std::min<std::size_t>(out.size() - done, 1 << 20);
      z_.next_out = reinterpret_cast<Bytef*>(out.data() + done);
      z_.avail_out = static_cast<uInt>(room);
      const int status = inflate(&z_, Z_NO_FLUSH);
      done += room - z_.avail_out;
      if (status == Z_STREAM_END)
        ended_ = true;
      else if (status != Z_OK && !(status == Z_BUF_ERROR && z_.avail_in == 0))
        throw Error(ErrorCode::BadInput, fmt::format("'{}': its compressed data is damaged", name_),
                    "copy or export the file again");
    }
    position_ += done;
    return done;
  }
  std::uint64_t position() const override { return position_; }

private:
  std::span<const std::byte> data_;
  std::string name_;
  z_stream z_{};
  std::size_t fed_ = 0;
  std::uint64_t position_ = 0;
  bool ended_ = false;
};

struct Tag {
  std::uint32_t type = 0;
  std::uint64_t length = 0;
  bool small = false;
};

// One array's parts, in their order.
class Parts {
public:
  Parts(Source& source, bool swap, std::string name)
      : source_(source), swap_(swap), name_(std::move(name)) {}

  std::uint32_t number() {
    std::uint32_t value = 0;
    take(std::as_writable_bytes(std::span(&value, 1)));
    return swap_ ? __builtin_bswap32(value) : value;
  }
  // The bytes of a small element follow its tag at once; those of another are padded to eight.
  Tag tag() {
    const std::uint32_t first = number();
    if (first >> 16 != 0) return {first & 0xffff, first >> 16, true};
    return {first, number(), false};
  }
  std::vector<std::byte> body(const Tag& tag, std::uint64_t most, std::string_view what) {
    if (tag.length > (tag.small ? 4 : most))
      throw bad(fmt::format("{} of {} bytes", what, tag.length));
    std::vector<std::byte> out(tag.length);
    take(out);
    const std::uint64_t width = tag.small ? 4 : 8;
    std::array<std::byte, 8> padding;
    take(std::span(padding).first((width - tag.length % width) % width));
    return out;
  }
  void take(std::span<std::byte> out) {
    if (source_.read(out) != out.size()) throw bad("truncated inside an array");
  }
  Error bad(const std::string& what) const {
    return Error(ErrorCode::BadInput, fmt::format("'{}': {}", name_, what),
                 "copy or export the file again");
  }
  std::uint32_t turned(std::span<const std::byte> four) const {
    std::uint32_t value;
    std::memcpy(&value, four.data(), 4);
    return swap_ ? __builtin_bswap32(value) : value;
  }

private:
  Source& source_;
  bool swap_;
  std::string name_;
};

std::optional<SampleType> stored_type(std::uint32_t type) {
  switch (type) {
  case 1:
    return SampleType::Int8;
  case 2:
    return SampleType::UInt8;
  case 3:
    return SampleType::Int16;
  case 4:
    return SampleType::UInt16;
  case 5:
    return SampleType::Int32;
  case 6:
    return SampleType::UInt32;
  case 7:
    return SampleType::Float32;
  case 9:
    return SampleType::Float64;
  case 12:
    return SampleType::Int64;
  case 13:
    return SampleType::UInt64;
  default:
    return std::nullopt;
  }
}

std::optional<SampleType> class_type(std::uint32_t number) {
  constexpr std::array types{SampleType::Float64, SampleType::Float32, SampleType::Int8,
                             SampleType::UInt8,   SampleType::Int16,   SampleType::UInt16,
                             SampleType::Int32,   SampleType::UInt32,  SampleType::Int64,
                             SampleType::UInt64};
  if (number < 6 || number > 15) return std::nullopt;
  return types[number - 6];
}

struct Place {
  std::uint64_t element = 0, length = 0; // of the element's bytes in the file
  bool packed = false;
  std::uint64_t samples = 0; // from the start of the (inflated) element
};

class Mat5File : public ArrayFile {
public:
  explicit Mat5File(const fs::path& path)
      : ArrayFile(path, "MAT v5"), map_(MappedFile::open(path)) {
    const auto all = map_->bytes();
    if (all.size() < 128)
      throw bad(fmt::format("truncated: {} bytes, a MAT header has 128", all.size()));
    swap_ = std::to_integer<char>(all[126]) == 'M';
    std::uint64_t at = 128;
    while (at < all.size() && places_.size() < most_variables) at = next_element(at);
    if (at == 128) throw bad("it holds no variable");
  }

  std::vector<double> values(const NamedArray& array) const override {
    if (array.elements() > most_small || !array.type || is_complex(*array.type))
      throw bad(fmt::format("'{}' is no list of numbers", array.name));
    std::vector<std::byte> bytes(array.elements() * size_of(*array.type));
    const auto source = at_samples(place_of(array));
    if (source->read(bytes) != bytes.size())
      throw bad(fmt::format("truncated inside '{}'", array.name));
    return widened(bytes, *array.type, array.big_endian, array.elements());
  }

  StoredSamples samples(const NamedArray& array, const Context& context) const override {
    const Place& place = place_of(array);
    const std::uint64_t bytes = array.elements() * size_of(array.type.value());
    if (!place.packed)
      return {Buffer(map_, place.element + place.samples, bytes), path_.string(),
              place.element + place.samples};
    return converted_samples(path_, "mat5|" + array.name, bytes, [&](const PutSamples& put) {
      const auto source = at_samples(place);
      std::vector<std::byte> piece(std::min<std::uint64_t>(bytes, 4u << 20));
      for (std::uint64_t at = 0; at < bytes; at += piece.size()) {
        context.step(static_cast<double>(at) / static_cast<double>(bytes), "unpacking");
        piece.resize(std::min<std::uint64_t>(piece.size(), bytes - at));
        if (source->read(piece) != piece.size())
          throw bad(fmt::format("'{}' ends early: {} bytes expected", array.name, bytes));
        put(at, piece);
      }
    });
  }

private:
  Error bad(const std::string& what) const {
    return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path_.string(), what),
                 "copy or export the file again");
  }
  const Place& place_of(const NamedArray& array) const {
    return places_[static_cast<std::size_t>(&array - arrays_.data())];
  }
  std::unique_ptr<Source> source_of(const Place& place) const {
    const auto part = map_->bytes().subspan(place.element, place.length);
    if (place.packed) return std::make_unique<Inflated>(part, path_.string());
    return std::make_unique<Plain>(part);
  }
  std::unique_ptr<Source> at_samples(const Place& place) const {
    auto source = source_of(place);
    if (!source->skip(place.samples)) throw bad("truncated inside an array");
    return source;
  }

  // Returns where the element after it begins.
  std::uint64_t next_element(std::uint64_t at) {
    const auto all = map_->bytes();
    if (all.size() - at < 8)
      throw bad(fmt::format("truncated: it ends inside the element at byte {}", at));
    Plain tag_source(all.subspan(at, 8));
    Parts tag(tag_source, swap_, path_.string());
    const std::uint32_t type = tag.number(), length = tag.number();
    if (type != matrix && type != compressed)
      throw bad(fmt::format("the element at byte {} is of type {}, not an array", at, type));
    if (length > all.size() - at - 8)
      throw bad(fmt::format("truncated: the element at byte {} promises {} bytes, there are {}", at,
                            length, all.size() - at - 8));
    Place place{at + 8, length, type == compressed, 0};
    const auto source = source_of(place);
    Parts parts(*source, swap_, path_.string());
    std::uint64_t end = length;
    if (place.packed) {
      const Tag inner = parts.tag();
      if (inner.type != matrix) throw bad("an element that is no array");
      end = source->position() + inner.length;
    }
    if (length > 0) describe(parts, *source, place, end, nullptr);
    return at + 8 + length;
  }

  // end: where the array's element ends, as source counts. field: its name in a structure.
  void describe(Parts& parts, Source& source, Place place, std::uint64_t end,
                const std::string* field) {
    const auto flags = parts.body(parts.tag(), 16, "array flags");
    if (flags.size() < 8) throw parts.bad("an array without flags");
    const std::uint32_t word = parts.turned(flags), kind = word & 0xff;
    if (kind == 0 || kind > 15) return; // objects and functions are laid out otherwise
    const Tag dimension_tag = parts.tag();
    const auto dimensions = parts.body(dimension_tag, 4 * 32, "dimensions");
    const auto name = parts.body(parts.tag(), 4096, "a name");
    NamedArray array;
    array.name =
        field ? *field : clean_text({reinterpret_cast<const char*>(name.data()), name.size()});
    array.big_endian = swap_;
    std::uint64_t step = 1;
    for (std::size_t i = 0; i + 4 <= dimensions.size(); i += 4) {
      array.size.push_back(parts.turned(std::span(dimensions).subspan(i)));
      array.stride.push_back(step);
      if (array.size.back() > 0x7fffffff || __builtin_mul_overflow(step, array.size.back(), &step))
        throw parts.bad(fmt::format("the variable '{}' has impossible dimensions", array.name));
    }
    const auto own = class_type(kind);
    const bool is_complex_array = (word & 0x800) != 0;
    if (own && !is_complex_array && step > 0 && !array.size.empty()) {
      array.own = own;
      place_samples(parts, source, place, end, step, array);
    }
    if (kind == text_class && step <= most_text) array.text = text_of(parts, step);
    const bool has_fields = kind == structure_class && field == nullptr && step == 1;
    const std::string prefix = array.name + ".";
    arrays_.push_back(std::move(array));
    places_.push_back(place);
    if (has_fields) describe_fields(parts, source, place, end, prefix);
  }

  void place_samples(Parts& parts, Source& source, Place& place, std::uint64_t end,
                     std::uint64_t count, NamedArray& array) {
    const Tag data = parts.tag();
    const auto stored = stored_type(data.type);
    const std::uint64_t want = stored ? count * size_of(*stored) : 0;
    if (count > (std::uint64_t{1} << 40) || !stored || data.length != want)
      throw parts.bad(fmt::format("the variable '{}' ({}) has {} bytes of samples, {} expected",
                                  array.name, size_text(array), data.length, want));
    place.samples = source.position();
    if (want > end - std::min(end, place.samples))
      throw parts.bad(fmt::format("truncated: the variable '{}' has {} bytes, {} expected",
                                  array.name, end - std::min(end, place.samples), want));
    if (place.packed && want / 1032 > place.length)
      throw parts.bad(fmt::format("variable '{}' claims {} bytes, which the file cannot hold",
                                  array.name, want));
    array.type = stored;
  }

  // Characters of one, two or (UTF-8) any number of bytes; what is not ASCII is left out.
  std::string text_of(Parts& parts, std::uint64_t count) {
    const Tag tag = parts.tag();
    const std::uint64_t width = tag.type == 4 || tag.type == 17 ? 2 : 1;
    const auto bytes = parts.body(tag, 4 * most_text, "text");
    std::string out;
    for (std::uint64_t i = 0; i < std::min(count, bytes.size() / width); ++i) {
      const char c = std::to_integer<char>(bytes[i * width + (swap_ ? width - 1 : 0)]);
      if (c >= ' ' && c < 127) out += c;
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
  }

  void describe_fields(Parts& parts, Source& source, Place place, std::uint64_t end,
                       const std::string& prefix) {
    const auto width_bytes = parts.body(parts.tag(), 8, "the length of field names");
    if (width_bytes.size() < 4) throw parts.bad("a structure without a length of field names");
    const std::uint32_t width = parts.turned(width_bytes);
    const auto names = parts.body(parts.tag(), most_small, "field names");
    if (width == 0 || width > 4096 || names.size() % width != 0)
      throw parts.bad(
          fmt::format("a structure with {} bytes of field names of {} each", names.size(), width));
    for (std::size_t i = 0; i < names.size() && places_.size() < most_variables; i += width) {
      const std::string_view raw(reinterpret_cast<const char*>(names.data() + i), width);
      const std::string name = prefix + clean_text(raw.substr(0, raw.find('\0')));
      const Tag tag = parts.tag();
      const std::uint64_t begin = source.position();
      if (tag.type != matrix || begin > end || tag.length > end - begin)
        throw parts.bad(fmt::format("the field '{}' is no array inside its structure", name));
      if (tag.length > 0) describe(parts, source, place, begin + tag.length, &name);
      if (source.position() > begin + tag.length ||
          !source.skip(begin + tag.length - source.position()))
        throw parts.bad(fmt::format("the field '{}' does not fit its structure", name));
    }
  }

  std::shared_ptr<const MappedFile> map_;
  bool swap_ = false;
  std::vector<Place> places_;
};

}

std::unique_ptr<ArrayFile> open_mat5(const fs::path& path) {
  return std::make_unique<Mat5File>(path);
}

}
