// Files that hold named arrays (MAT, HDF5): what they hold, whatever it may mean.
#pragma once

#include "modules/core/context.h"
#include "modules/core/cube.h"
#include "modules/io/converted_samples.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

struct NamedArray {
  std::string name;                        // HDF5: the path, "/measure/current"
  std::vector<std::uint64_t> size, stride; // of each axis; stride in samples
  std::optional<SampleType> type;          // nothing for text, structures, cells, sparse numbers
  bool big_endian = false;
  std::optional<SampleType> own; // MAT v5: the array's own type; the file may store a narrower one
  std::string text;              // MAT v5: of an array of at most 1000 characters, its ASCII
  // HDF5's attributes, their names in lower case.
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::string> texts;

  std::uint64_t elements() const; // UINT64_MAX when that is no number
  // The name behind the last slash, in lower case.
  std::string short_name() const;
  // The extents that are not 1, at least one.
  std::vector<std::uint64_t> long_axes() const;
};
// "145 x 145 x 200"
std::string size_text(const NamedArray& array);
// "float64, stored as uint8" where the file stores a narrower type than the array's own, else "".
std::string stored_as(const NamedArray& array);

// The pixel type of the same numbers; nothing for complex numbers and 64-bit integers.
std::optional<PixelType> pixel_type(SampleType type);

class ArrayFile {
public:
  virtual ~ArrayFile() = default;
  const std::filesystem::path& path() const { return path_; }
  const std::string& format() const { return format_; } // "MAT v5", "MAT v7.3", "HDF5"
  bool is_matlab() const { return format_.starts_with("MAT"); }
  const std::vector<NamedArray>& arrays() const { return arrays_; }
  const NamedArray* find(std::string_view name) const;

  // The values of an array of real numbers with at most 2^20 elements, in the order of its strides.
  // Throws Error BadInput.
  virtual std::vector<double> values(const NamedArray& array) const = 0;
  // All samples: mapped where they lie as they are, else unpacked (converted_samples.h). Throws
  // Error BadInput, Resources, Cancelled.
  virtual StoredSamples samples(const NamedArray& array, const Context& context) const = 0;

protected:
  ArrayFile(std::filesystem::path path, std::string format)
      : path_(std::move(path)), format_(std::move(format)) {}
  std::filesystem::path path_;
  std::string format_;
  std::vector<NamedArray> arrays_;
};

// MAT v5: arrays at the top level, and the fields of a 1 x 1 structure there as "study.image",
// which follow it; uncompressed ones are mapped. Throws Error BadInput with both numbers where an
// element is longer than the file.
std::unique_ptr<ArrayFile> open_mat5(const std::filesystem::path& path);
// HDF5, and MAT v7.3, which is HDF5 with the axes turned round. Throws Error BadInput.
std::unique_ptr<ArrayFile> open_hdf5(const std::filesystem::path& path);

// 95 for the v5 header, 94 for v7.3's, 93 for other HDF5 (its mark may lie at 512, 1024 ...).
int sniff_mat5(std::span<const std::byte> head);
int sniff_mat73(std::span<const std::byte> head);
int sniff_hdf5(std::span<const std::byte> head);

// Stored samples widened to double; count of them from the start.
std::vector<double> widened(std::span<const std::byte> bytes, SampleType type, bool big_endian,
                            std::size_t count);

}
