#include "modules/report/class_picture.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <QBuffer>
#include <QImageReader>
#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr qint64 most_pixels = qint64{64} << 20;

}

fs::path class_map_file(const fs::path& folder) {
  std::error_code code;
  const fs::path own = folder / "class_map.png";
  return fs::exists(own, code) ? own : folder / "classes.png";
}

ClassMap read_class_map(const fs::path& folder, int width, int height) {
  QImageReader reader(QString::fromStdString(class_map_file(folder).string()));
  reader.setAllocationLimit(0); // its size is checked here
  if (reader.size() != QSize(width, height) || qint64{width} * height > most_pixels) return {};
  const QImage image = reader.read();
  if (image.format() != QImage::Format_Indexed8) return {};
  ClassMap out{.width = width, .height = height, .values = {}, .colours = {}};
  out.values.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y)
    out.values.insert(out.values.end(), image.constScanLine(y), image.constScanLine(y) + width);
  for (const QRgb color : image.colorTable())
    out.colours.push_back({static_cast<std::uint8_t>(qRed(color)),
                           static_cast<std::uint8_t>(qGreen(color)),
                           static_cast<std::uint8_t>(qBlue(color))});
  return out;
}

QImage class_image(const ClassMap& map) {
  QImage image(map.width, map.height, QImage::Format_Indexed8);
  QList<QRgb> colours;
  for (const auto& c : map.colours) colours << qRgb(c[0], c[1], c[2]);
  image.setColorTable(colours);
  for (int y = 0; y < map.height; ++y)
    std::copy_n(map.values.begin() + std::int64_t{y} * map.width, map.width, image.scanLine(y));
  return image;
}

void write_class_map(const ClassMap& map, const fs::path& file) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  if (!class_image(map).save(&buffer, "PNG"))
    throw Error(ErrorCode::Resources, fmt::format("no memory for the picture '{}'", file.string()),
                "close other programs");
  write_atomically(file, {bytes.constData(), static_cast<std::size_t>(bytes.size())});
}

}
