// The immutable values that readers produce and pipelines consume.
#pragma once

#include "modules/core/file.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
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

private:
  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

enum class Laterality { Unknown, Right, Left };

// One line of a layer boundary over the whole volume: depth in pixels (y), NaN where there is none.
struct Surface {
  std::string name;         // "ILM", "RPE", "BM" ...
  std::vector<float> depth; // [z * width + x]
  std::string source;       // "vendor", "computed", "reader"
  std::string failure;      // empty, or why it must not be used
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

// Where the samples lie in the world (patient LPS, millimetres), when the file says so.
struct Orientation {
  std::array<double, 3> origin_mm{};
  std::array<double, 9> direction{1, 0, 0, 0, 1, 0, 0, 0, 1}; // columns: directions of x, y, z
};

struct Image {
  int width = 0, height = 0, channels = 1;
  PixelType type = PixelType::UInt8;
  Buffer pixels; // [y][x][channel]
  std::array<Spacing, 2> spacing;
};

// A B-scan's place on the localiser image, in localiser pixels.
struct ScanLine {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

// What every dataset carries beside its samples.
struct Origin {
  std::string path;   // as given
  std::string format; // "heyex_vol", "dicom", "nifti" ...
  std::string sha256; // of the content
  std::vector<Fact> facts;
  std::vector<std::string> warnings; // one sentence each
  Patient patient;
};

// A stack of B-scans, or any 3-D image. x: along the scan, y: depth, z: scan number. A single image
// has depth 1.
struct Volume {
  int width = 0, height = 0, depth = 0, channels = 1;
  PixelType type = PixelType::UInt8;
  Buffer pixels; // [z][y][x][channel]
  std::array<Spacing, 3> spacing;
  std::optional<Orientation> orientation;
  std::string modality; // "OCT", "US", "MR" ..., empty when unknown
  Laterality laterality = Laterality::Unknown;
  std::vector<Surface> surfaces;
  std::optional<Image> localizer; // SLO or fundus
  std::vector<ScanLine> scan_lines;
  Origin origin;

  std::size_t voxels() const { return static_cast<std::size_t>(width) * height * depth; }
};

// A rectangle of an ultrasound frame in which distances are calibrated (DICOM 0018,6011).
struct Region {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0; // inclusive corners, pixels
  Spacing spacing_x, spacing_y;
  std::string kind; // "2D", "M-mode", "doppler" ...
};

struct Video {
  int width = 0, height = 0, frames = 0, channels = 1;
  PixelType type = PixelType::UInt8;
  Buffer pixels; // [frame][y][x][channel]
  std::optional<double> frame_time_ms;
  std::string frame_time_source;
  std::array<Spacing, 2> spacing;
  std::vector<Region> regions;
  std::string modality;
  Origin origin;
};

struct Recording; // recording.h

using Dataset = std::variant<Volume, Video, Recording>;
Origin& origin_of(Dataset& dataset);
const Origin& origin_of(const Dataset& dataset);
std::string_view kind_of(const Dataset& dataset); // "volume", "video", "recording"

// Everything but the samples, as JSON; patient fields only when asked for.
nlohmann::json describe(const Dataset& dataset, bool with_patient = false);
nlohmann::json to_json(const Spacing& spacing);
Spacing spacing_from_json(const nlohmann::json& json);

// Checks the sizes against the buffer; throws Error BadInput naming origin.path. Readers call it
// last.
void validate(const Dataset& dataset);

// Samples as float. The first channel, or luminance (ITU-R BT.601) of three. Length: width * height
// * depth.
std::vector<float> to_float(const Volume& volume);
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

#include "modules/core/recording.h"
