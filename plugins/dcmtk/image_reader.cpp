#include "plugins/dcmtk/image_reader.h"

#include "plugins/dcmtk/clip_frames.h"
#include "plugins/dcmtk/geometry.h"
#include "plugins/dcmtk/pixels.h"
#include "plugins/dcmtk/segmentation.h"

#include <fmt/format.h>

namespace sensorium::dicom {
namespace {

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

Video read_video(const File& file, const PixelModule& module) {
  Video video{.width = module.columns,
              .height = module.rows,
              .frames = module.frames,
              .channels = module.channels,
              .type = module.type};
  video.origin = origin_of_file(file);
  video.modality = modality_of(file);
  auto& warnings = video.origin.warnings;
  append(warnings, module.warnings);
  video.regions = regions_of(file.data(), module.columns, module.rows, warnings);
  video.spacing = spacing_of_regions(video.regions, plane_spacing(file.data(), 0, warnings));
  const FrameTime time = frame_time_of(file.data(), module.frames);
  video.frame_time_ms = time.milliseconds;
  video.frame_time_source = time.source;
  return video;
}

void read_stack(const File& file, Volume& volume) {
  auto& warnings = volume.origin.warnings;
  const auto frames = static_cast<std::size_t>(volume.depth);
  const auto plane = plane_spacing(file.data(), 0, warnings);
  volume.spacing[0] = plane[0];
  volume.spacing[1] = plane[1];
  std::vector<Plane> planes;
  for (std::size_t i = 0; i < frames; ++i) {
    planes.push_back(plane_of(file.data(), i));
    std::vector<std::string> ignored;
    const auto other = plane_spacing(file.data(), i, ignored);
    if (other[0].micrometres != plane[0].micrometres ||
        other[1].micrometres != plane[1].micrometres) {
      volume.spacing[0] = volume.spacing[1] =
          unknown_spacing("PixelSpacing differs between the frames");
      warnings.push_back("the pixel spacing differs between the frames: the scale is unknown");
      break;
    }
  }
  planes.resize(frames);
  std::optional<double> distance;
  std::string field = name_of_tag(DCM_SpacingBetweenSlices);
  if (DcmItem* measures = functional_group(file.data(), 0, DCM_PixelMeasuresSequence))
    distance = number_of(*measures, DCM_SpacingBetweenSlices);
  if (!distance) distance = number_of(file.data(), DCM_SpacingBetweenSlices);
  const Stack stack = stack_of(planes, distance, field, warnings);
  volume.spacing[2] = stack.spacing;
  volume.orientation = stack.orientation;
}

Volume read_volume(const File& file, const PixelModule& module) {
  Volume volume{.width = module.columns,
                .height = module.rows,
                .depth = module.frames,
                .channels = module.channels,
                .type = module.type};
  volume.origin = origin_of_file(file);
  append(volume.origin.warnings, module.warnings);
  volume.modality = modality_of(file);
  volume.laterality = laterality_of(file.data());
  read_stack(file, volume);
  if (volume.modality == "OCT")
    volume.scan_lines = scan_lines_of(file.data(), static_cast<std::size_t>(module.frames));
  return volume;
}

}

std::string modality_of(const File& file) {
  const std::string modality = text_of(file.data(), DCM_Modality);
  return modality == "OPT" ? "OCT" : modality;
}

bool is_ultrasound(const File& file) {
  const std::string sop = file.sop_class();
  return sop == UID_UltrasoundImageStorage || sop == UID_UltrasoundMultiframeImageStorage ||
         sop == UID_RETIRED_UltrasoundImageStorage ||
         sop == UID_RETIRED_UltrasoundMultiframeImageStorage ||
         text_of(file.data(), DCM_Modality) == "US";
}

Dataset read_file(const std::filesystem::path& path, bool with_pixels, const Context& context) {
  const auto opened = std::make_shared<const File>(path);
  const File& file = *opened;
  if (file.sop_class() == UID_SegmentationStorage)
    return read_segmentation(file, with_pixels, context);
  const PixelModule module = read_pixel_module(file, is_ultrasound(file));
  Dataset dataset =
      is_ultrasound(file) ? Dataset(read_video(file, module)) : Dataset(read_volume(file, module));
  auto* video = std::get_if<Video>(&dataset);
  if (with_pixels && video != nullptr && is_long_clip(file, module))
    video->source = clip_frames(opened, module, context);
  else if (with_pixels)
    std::visit(
        [&](auto& d) {
          if constexpr (requires { d.pixels = Buffer(); })
            d.pixels = Buffer(decode(file, module, context));
        },
        dataset);
  return dataset;
}

}
