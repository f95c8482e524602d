#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "plugins/gdal/gdal_files.h"

namespace sensorium {
namespace {
namespace fs = std::filesystem;

Extension make_extension() {
  ReaderDefinition reader{.id = "gdal",
                          .title =
                              "Cube in GeoTIFF, BigTIFF, Erdas Imagine or LAN, PCIDSK, NITF (GDAL)",
                          .suffixes = {".tif", ".tiff", ".img", ".lan", ".gis", ".pix", ".ntf"},
                          .sniff =
                              [](const fs::path& path, std::span<const std::byte> head) {
                                return gdal::driver_of(path, head).empty() ? 0 : 93;
                              },
                          .header = [](const fs::path& path, const Context& context) -> Dataset {
                            return gdal::open(path, Samples::Skip, context);
                          },
                          .load = [](const fs::path& path, const Context& context) -> Dataset {
                            return gdal::open(path, Samples::Load, context);
                          }};
  WriterDefinition writer{"geotiff", "GeoTIFF cube, deflated", ".tif", {"cube"}, {}};
  writer.write = [](const WriteRequest&, const fs::path& path) {
    throw Error(ErrorCode::Unsupported,
                "'" + path.string() + "': this writer makes GeoTIFFs of cubes, not of volumes",
                "use --format tiff");
  };
  writer.write_cube = gdal::write_geotiff;
  return {.id = "gdal",
          .version = "1",
          .title = "Rasters through GDAL",
          .readers = {std::move(reader)},
          .writers = {std::move(writer)}};
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
