#include "modules/io/builtin.h"

#include "modules/core/file.h"
#include "modules/io/codecs.h"
#include "modules/io/envi_reader.h"
#include "modules/io/envi_writer.h"
#include "modules/io/grid_reader.h"
#include "modules/io/grid_writer.h"
#include "modules/io/heyex_vol.h"
#include "modules/io/heyex_xml.h"
#include "modules/io/image.h"
#include "modules/io/image_folder.h"
#include "modules/io/npy_reader.h"
#include "modules/io/recordings.h"
#include "modules/io/tiff_writer.h"
#include "modules/io/video.h"
#include "modules/io/video_container.h"

namespace sensorium {
namespace fs = std::filesystem;
namespace {

using Head = std::span<const std::byte>;

template<class Load> void set_loaders(ReaderDefinition& reader, Load load) {
  reader.header = [load](const fs::path& path, const Context& context) -> Dataset {
    return load(path, Samples::Skip, context);
  };
  reader.load = [load](const fs::path& path, const Context& context) -> Dataset {
    return load(path, Samples::Load, context);
  };
}

ReaderDefinition heyex_vol_reader() {
  ReaderDefinition reader{.id = "heyex_vol",
                          .title = "Heidelberg HEYEX raw export",
                          .suffixes = {".vol"},
                          .hardened = true};
  reader.sniff = [](const fs::path&, Head head) { return sniff_heyex_vol(head); };
  set_loaders(reader, [](const fs::path& path, Samples samples, const Context& context) {
    return parse_heyex_vol(MappedFile::open(path)->bytes(), path.string(), samples, context);
  });
  return reader;
}

ReaderDefinition heyex_xml_reader() {
  ReaderDefinition reader{.id = "heyex_xml",
                          .title = "Heidelberg HEYEX XML export",
                          .suffixes = {".xml"},
                          .hardened = true};
  reader.sniff = [](const fs::path& path, Head head) {
    if (!head.empty()) return sniff_heyex_xml(head);
    try {
      return find_heyex_xml(path).empty() ? 0 : 95;
    } catch (const Error& e) {
      return e.code() == ErrorCode::BadInput ? 95 : 1; // several exports: loading says so
    }
  };
  set_loaders(reader, load_heyex_xml);
  reader.companions = heyex_xml_files;
  return reader;
}

ReaderDefinition picture_reader() {
  ReaderDefinition reader{.id = "picture",
                          .title = "Picture (PNG, JPEG, TIFF, BMP)",
                          .suffixes = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"},
                          .hardened = true};
  reader.sniff = [](const fs::path&, Head head) {
    return picture_format(head) == PictureFormat::None ? 0 : 70;
  };
  set_loaders(reader, [](const fs::path& path, Samples samples, const Context&) {
    return parse_picture(MappedFile::open(path)->bytes(), path.string(), samples);
  });
  return reader;
}

ReaderDefinition picture_folder_reader() {
  ReaderDefinition reader{
      .id = "picture_folder", .title = "Folder of pictures", .suffixes = {}, .hardened = true};
  reader.sniff = [](const fs::path& path, Head head) {
    if (!head.empty()) return 0;
    try {
      return list_pictures(path).pictures.empty() ? 0 : 30;
    } catch (const Error&) {
      return 1; // when nobody else reads it, loading says what is wrong
    }
  };
  set_loaders(reader, load_picture_folder);
  return reader;
}

ReaderDefinition grid_reader(std::string id, std::string title, std::vector<std::string> suffixes,
                             grid::Format format, int (*sniff)(const fs::path&, Head)) {
  ReaderDefinition reader{.id = std::move(id),
                          .title = std::move(title),
                          .suffixes = std::move(suffixes),
                          .hardened = true};
  reader.sniff = sniff;
  set_loaders(reader, [format](const fs::path& path, Samples samples, const Context& context) {
    if (samples == Samples::Skip) return grid::header_volume(format, path);
    context.step(0, "reading");
    Volume volume = grid::load_volume(format, path);
    context.step(1, "read");
    return volume;
  });
  reader.companions = [format](const fs::path& path) { return grid::other_files(format, path); };
  return reader;
}

ReaderDefinition envi_reader() {
  ReaderDefinition reader{.id = "envi",
                          .title = "ENVI cube (header and samples), ArcGIS BIL",
                          .suffixes = {".hdr", ".raw", ".dat", ".img", ".bsq", ".bil", ".bip"},
                          .hardened = true};
  reader.sniff = envi::sniff_path;
  set_loaders(reader, [](const fs::path& path, Samples samples, const Context&) {
    return envi::load(path, samples);
  });
  reader.companions = envi::companions;
  return reader;
}

ReaderDefinition npy_reader() {
  ReaderDefinition reader{
      .id = "npy", .title = "NumPy array as a cube", .suffixes = {".npy"}, .hardened = true};
  reader.sniff = [](const fs::path&, Head head) { return npy::sniff(head); };
  set_loaders(reader, [](const fs::path& path, Samples samples, const Context&) {
    return npy::load(path, samples);
  });
  return reader;
}

ReaderDefinition video_reader() {
  ReaderDefinition reader{
      .id = "video",
      .title = "Video (MP4, QuickTime, AVI, MPEG, GIF, Matroska)",
      .suffixes = {".mp4", ".mov", ".avi", ".mpg", ".mpeg", ".gif", ".mkv", ".webm"},
      .hardened = false};
  reader.sniff = [](const fs::path&, Head head) {
    return video_container(head) == Container::None ? 0 : 60;
  };
  set_loaders(reader, load_video);
  reader.frames = [](const fs::path& path, const Video& video, const std::string& index) {
    return codecs().video_frames(path, video, index);
  };
  return reader;
}

}

Extension builtin_io() {
  Extension extension{.id = "io",
                      .version = "1.0",
                      .title = "Built-in readers and writers",
                      .pipelines = {},
                      .readers = {},
                      .writers = {}};
  extension.readers = {
      heyex_vol_reader(),
      heyex_xml_reader(),
      picture_reader(),
      picture_folder_reader(),
      video_reader(),
      grid_reader("nifti", "NIfTI volume", {".nii", ".nii.gz", ".hdr", ".img"}, grid::Format::Nifti,
                  grid::sniff_nifti),
      grid_reader("nrrd", "NRRD volume", {".nrrd", ".nhdr"}, grid::Format::Nrrd, grid::sniff_nrrd),
      grid_reader("metaimage", "MetaImage volume", {".mha", ".mhd"}, grid::Format::Meta,
                  grid::sniff_meta),
      envi_reader(),
      npy_reader()};
  for (ReaderDefinition& reader : recording_readers())
    extension.readers.push_back(std::move(reader));
  const std::vector<std::string> roles{"mask", "soft_map", "labels", "image"};
  extension.writers = {
      {"tiff", "TIFF stack (one page a slice, ImageJ scale)", ".tif", roles, write_tiff},
      {"nrrd", "NRRD, gzip", ".nrrd", roles, grid::write_nrrd},
      {"nifti", "NIfTI-1, gzip", ".nii.gz", roles, grid::write_nifti}};
  WriterDefinition envi{"envi", "ENVI cube (.hdr and .img)", ".hdr", {"cube"}, {}};
  envi.write = [](const WriteRequest&, const fs::path& path) {
    throw Error(ErrorCode::Unsupported,
                "'" + path.string() + "': ENVI files hold cubes, not volumes",
                "write .nrrd or .nii.gz");
  };
  envi.write_cube = envi::write;
  extension.writers.push_back(std::move(envi));
  return extension;
}

FullRegistry::FullRegistry() {
  add(builtin_io());
  scan_default();
}

}
