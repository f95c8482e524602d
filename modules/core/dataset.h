// The immutable values that readers produce and pipelines consume.
#pragma once

#include "modules/core/cube.h"
#include "modules/core/frames.h"
#include "modules/core/origin.h"
#include "modules/core/recording.h"

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

enum class Laterality { Unknown, Right, Left };

// One line of a layer boundary over the whole volume: depth in pixels (y), NaN where there is none.
struct Surface {
  std::string name;         // "ILM", "RPE", "BM" ...
  std::vector<float> depth; // [z * width + x]
  std::string source;       // "vendor", "computed", "reader"
  std::string failure;      // empty, or why it must not be used
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
  Buffer pixels; // [frame][y][x][channel]; empty of a clip that is too long to be held
  std::shared_ptr<const FrameSource> source = {}; // of such a clip: its frames one by one
  std::optional<double> frame_time_ms;
  std::string frame_time_source;
  std::array<Spacing, 2> spacing;
  std::vector<Region> regions;
  std::string modality;
  Origin origin;

  std::size_t frame_bytes() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(channels) * size_of(type);
  }
  bool has_samples() const { return pixels.size() > 0 || source != nullptr; }
  // Frame t from 0, [y][x][channel]; a view of pixels, or decoded now. Throws Error.
  Buffer frame(int t) const;
  // All frames in memory. Throws Error BadInput beyond allocation_limit().
  Buffer all_frames() const;
};

using Dataset = std::variant<Volume, Video, Cube, Recording>;
Origin& origin_of(Dataset& dataset);
const Origin& origin_of(const Dataset& dataset);
std::string_view kind_of(const Dataset& dataset); // "volume", "video", "cube", "recording"

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
}
