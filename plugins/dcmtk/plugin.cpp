#include "plugins/dcmtk/clean_clip.h"
#include "plugins/dcmtk/clip_frames.h"
#include "plugins/dcmtk/image_reader.h"
#include "plugins/dcmtk/segmentation.h"
#include "plugins/dcmtk/series.h"
#include "plugins/dcmtk/structured_report.h"

namespace sensorium {
namespace {

Dataset read(const std::filesystem::path& path, bool with_pixels, const Context& context) {
  std::error_code code;
  return std::filesystem::is_directory(path, code) ? dicom::read_folder(path, with_pixels, context)
                                                   : dicom::read_file(path, with_pixels, context);
}

Extension make_extension() {
  ReaderDefinition reader{
      .id = "dicom",
      .title = "DICOM image, clip, series folder or segmentation",
      .suffixes = {".dcm", ".dicom", ".ima"},
      .hardened = true,
      .sniff =
          [](const std::filesystem::path& path, std::span<const std::byte> head) {
            return head.empty() ? dicom::sniff_folder(path) : dicom::sniff_bytes(head);
          },
      .header = [](const auto& path, const Context& context) { return read(path, false, context); },
      .load = [](const auto& path, const Context& context) { return read(path, true, context); },
      .frames = dicom::read_frames};
  return {.id = "dcmtk",
          .version = "1",
          .title = "DICOM",
          .readers = {std::move(reader)},
          .writers = {{"dicom_seg",
                       "DICOM Segmentation",
                       ".dcm",
                       {"mask", "labels", "soft_map"},
                       dicom::write_segmentation},
                      {"dicom_sr",
                       "DICOM Structured Report (TID 1500)",
                       ".sr.dcm",
                       {"findings"},
                       dicom::write_structured_report},
                      {.id = "dicom_clip",
                       .title = "DICOM ultrasound clip, de-identified",
                       .suffix = ".dcm",
                       .roles = {"clip"},
                       .write =
                           [](const WriteRequest&, const std::filesystem::path&) {
                             throw Error(ErrorCode::Unsupported,
                                         "the format dicom_clip holds de-identified clips alone",
                                         "sensorium convert CLIP.dcm -o OUT.dcm --deidentify");
                           },
                       .write_clean_clip = dicom::write_clean_clip}},
          .layers = {{"dicom_sr",
                      "DICOM Structured Report (TID 1500)",
                      {".dcm"},
                      [](const std::filesystem::path&, std::span<const std::byte> head) {
                        return dicom::sniff_report(head);
                      },
                      dicom::read_structured_report}}};
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
