// The vocabulary that all datasets share: where samples lie in memory, scales, and where a
// recording comes from.
#pragma once

#include "modules/core/file.h"
#include "modules/core/hash.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

// Where a length comes from. Where it is Unknown no micrometre or millimetre is ever printed.
enum class ScaleSource { Unknown, HeaderTag, VendorField, UserEntry, Phantom };

// The distance between two neighbouring samples along one axis.
struct Spacing {
  double micrometres = 0; // > 0 when known
  ScaleSource source = ScaleSource::Unknown;
  std::string field; // the tag or field it was read from, or why it is unknown
  bool known() const { return source != ScaleSource::Unknown && micrometres > 0; }
};
Spacing known_spacing(double micrometres, ScaleSource source, std::string field);
Spacing unknown_spacing(std::string why);

enum class PixelType { UInt8, Int8, UInt16, Int16, UInt32, Int32, Float32, Float64 };
std::size_t size_of(PixelType type);
std::string_view name_of(PixelType type);       // "uint8" ...
PixelType pixel_type_of(std::string_view name); // throws Error BadInput

// Shared read-only memory: owned, or a view into a mapped file.
class Buffer {
public:
  Buffer() = default;
  explicit Buffer(std::vector<std::byte> bytes);
  Buffer(std::shared_ptr<const MappedFile> file, std::size_t offset, std::size_t size);
  template<class T> static Buffer of(std::vector<T> values);
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  // A view of a part of it, which keeps the whole alive. Throws Error BadInput beyond the end.
  Buffer part(std::size_t offset, std::size_t size) const;
  // Whether the bytes are a file's, read when they are touched.
  bool mapped() const { return file_ != nullptr; }
  // Copies a part; of a mapped file without mapping its pages (MappedFile::copy). Throws Error
  // BadInput beyond the end.
  void copy(std::size_t offset, std::span<std::byte> out) const;
  // Gives back the memory of what was read of a mapped file; it is read again when touched. Owned
  // memory is left alone.
  void release() const;

private:
  std::shared_ptr<const void> owner_;
  const MappedFile* file_ = nullptr; // the owner, where it is one
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// What the file says about how it was taken: name, value, and the tag it was read from. No patient
// text here.
struct Fact {
  std::string name, value, field;
};

// Fields that identify a person, as the file has them. Shown and put in reports, never logged.
struct Patient {
  std::string id, name, birth_date, sex;
};

// What every dataset carries beside its samples.
struct Origin {
  std::string path;   // as given
  std::string format; // "heyex_vol", "dicom", "nifti" ...
  std::string sha256; // of the content; empty while pending_hash is there
  std::vector<Fact> facts;
  std::vector<std::string> warnings; // one sentence each
  Patient patient;
  // A large mapped recording's hash is computed later; hash_of() waits for it.
  std::shared_ptr<PendingHash> pending_hash = {};
};
// origin.sha256, computed now when it is pending. Throws Error as sha256_of_files, Conflict when
// the file changed since it was opened.
std::string hash_of(const Origin& origin);

// Multiplies sizes that come from a file; throws Error BadInput naming what when the product
// exceeds limit bytes.
std::size_t checked_bytes(std::initializer_list<std::uint64_t> factors, std::uint64_t limit,
                          std::string_view what);
// The most bytes a reader may allocate for one dataset (16 GiB, or $SENSORIUM_MAX_BYTES).
std::uint64_t allocation_limit();

template<class T> Buffer Buffer::of(std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  Buffer buffer;
  buffer.data_ = reinterpret_cast<const std::byte*>(owner->data());
  buffer.size_ = owner->size() * sizeof(T);
  buffer.owner_ = std::move(owner);
  return buffer;
}

// A typed view; the type must be the dataset's own.
template<class T> std::span<const T> samples(const Buffer& buffer) {
  return {reinterpret_cast<const T*>(buffer.bytes().data()), buffer.size() / sizeof(T)};
}

}
