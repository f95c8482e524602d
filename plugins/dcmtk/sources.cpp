#include "plugins/dcmtk/sources.h"

#include "plugins/dcmtk/series.h"

#include <fmt/format.h>

namespace sensorium::dicom {
namespace fs = std::filesystem;

namespace {

std::pair<std::array<int, 3>, const Spacing*> grid_of(const Dataset& source) {
  if (const auto* v = std::get_if<Volume>(&source))
    return {{v->width, v->height, v->depth}, &v->spacing[2]};
  if (const auto* video = std::get_if<Video>(&source))
    return {{video->width, video->height, video->frames}, nullptr};
  return {{0, 0, 0}, nullptr};
}

}

SourcesOrReason sources_of(const Dataset* recording, const Volume& mask) {
  if (recording == nullptr || origin_of(*recording).format != "dicom")
    return {{}, "the recording is not DICOM"};
  const auto [size, z_spacing] = grid_of(*recording);
  if (size != std::array<int, 3>{mask.width, mask.height, mask.depth})
    return {{},
            fmt::format("the mask is {} x {} x {}, the recording {} x {} x {}", mask.width,
                        mask.height, mask.depth, size[0], size[1], size[2])};
  const fs::path path = origin_of(*recording).path;
  if (!fs::exists(path))
    throw Error(
        ErrorCode::NotFound,
        fmt::format("the recording '{}' is no longer there; a DICOM object must refer to it",
                    path.string()),
        "put it back, or write the mask as NRRD");
  Sources out;
  const auto files =
      fs::is_directory(path) ? sorted_slices(path, Context{}) : std::vector<fs::path>{path};
  for (const fs::path& one : files) {
    out.files.push_back(std::make_unique<File>(one));
    DcmDataset& data = out.files.back()->data();
    const long frames = integer_of(data, DCM_NumberOfFrames).value_or(1);
    for (long f = 0; f < frames && out.slices.size() < static_cast<std::size_t>(size[2]) + 1; ++f)
      out.slices.push_back({out.files.back()->sop_class(), text_of(data, DCM_SOPInstanceUID),
                            data.tagExists(DCM_NumberOfFrames) ? f + 1 : 0,
                            plane_of(data, static_cast<std::size_t>(f))});
  }
  if (out.slices.size() != static_cast<std::size_t>(size[2]))
    return {{}, fmt::format("'{}' no longer has {} slices", path.string(), size[2])};
  for (const Source& slice : out.slices)
    if (slice.instance.empty()) return {{}, "the recording has no SOP Instance UID to refer to"};
  for (const Source& slice : out.slices)
    out.placed = out.placed && slice.plane.position && slice.plane.orientation;
  DcmDataset& first = out.files.front()->data();
  DcmItem* measures = functional_group(first, 0, DCM_PixelMeasuresSequence);
  out.thickness_mm =
      number_of(measures != nullptr ? *measures : static_cast<DcmItem&>(first), DCM_SliceThickness);
  out.framed = !text_of(out.files.front()->data(), DCM_FrameOfReferenceUID).empty();
  std::visit(
      [&](const auto& d) {
        if constexpr (requires { d.spacing[0]; }) out.spacing = {d.spacing[0], d.spacing[1]};
      },
      *recording);
  if (z_spacing != nullptr && z_spacing->known()) out.distance_mm = z_spacing->micrometres / 1e3;
  return {std::move(out), ""};
}

std::string decimal(double value) {
  std::string text = fmt::format("{:.10g}", value);
  for (int digits = 9; text.size() > 16; --digits) text = fmt::format("{:.{}g}", value, digits);
  return text;
}

std::string long_string(std::string text) {
  for (char& c : text)
    if (c == '\\' || c < ' ' || c > '~') c = '?';
  return text.substr(0, 64);
}

}
