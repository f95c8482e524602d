#include "plugins/itk/read.h"
#include "plugins/itk/write.h"

#include "modules/core/extension.h"

namespace sensorium {
namespace {

ReaderDefinition reader(std::string id, std::string title, std::vector<std::string> suffixes,
                        grid::Format format,
                        int (*sniff)(const std::filesystem::path&, std::span<const std::byte>)) {
  const auto finish = [](Volume volume, const std::filesystem::path& path, const Context& context) {
    volume.origin.path = path.string();
    context.step(1, "read");
    return Dataset(std::move(volume));
  };
  return {.id = std::move(id),
          .title = std::move(title),
          .suffixes = std::move(suffixes),
          .hardened = true,
          .sniff = sniff,
          .header =
              [=](const auto& path, const Context& context) {
                return finish(grid::header_volume(format, path), path, context);
              },
          .load =
              [=](const auto& path, const Context& context) {
                context.step(0, "reading");
                return finish(grid::load_volume(format, path), path, context);
              }};
}

Extension make_extension() {
  const std::vector<std::string> roles{"mask", "labels", "soft_map", "image"};
  return {.id = "itk",
          .version = "1",
          .title = "NIfTI, NRRD and MetaImage",
          .readers = {reader("nifti", "NIfTI-1 volume", {".nii", ".nii.gz"}, grid::Format::Nifti,
                             grid::sniff_nifti),
                      reader("nrrd", "NRRD volume", {".nrrd", ".nhdr"}, grid::Format::Nrrd,
                             grid::sniff_nrrd),
                      reader("metaimage", "MetaImage volume", {".mha", ".mhd"}, grid::Format::Meta,
                             grid::sniff_meta)},
          .writers = {{"nrrd", "NRRD, gzip", ".nrrd", roles, grid::write_nrrd},
                      {"nifti", "NIfTI-1, gzip", ".nii.gz", roles, grid::write_nifti}}};
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
