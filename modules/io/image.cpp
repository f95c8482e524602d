#include "modules/io/image.h"

#include "modules/io/codecs.h"
#include "modules/io/jpeg.h"

#include <fmt/format.h>

namespace sensorium {
namespace {

std::array<Spacing, 3> spacing_of(const PictureHeader& header) {
  const std::string why =
      header.print_resolution.empty()
          ? fmt::format("a {} picture carries no scale", name_of(header.format))
          : fmt::format("a print resolution ({}) is no scale", header.print_resolution);
  std::array<Spacing, 3> out{unknown_spacing(why), unknown_spacing(why), unknown_spacing(why)};
  for (std::size_t i = 0; i < 3; ++i)
    if (header.imagej_um[i] > 0)
      out[i] = known_spacing(header.imagej_um[i], ScaleSource::HeaderTag,
                             i < 2 ? "XResolution, ImageJ unit" : "ImageJ spacing");
  return out;
}

// Pages of one size and type, thumbnails aside.
std::vector<std::size_t> chosen_pages(const Bytes& file, const PictureHeader& header,
                                      std::vector<std::string>& warnings) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < header.pages.size(); ++i)
    if (!header.pages[i].reduced) chosen.push_back(i);
  if (chosen.empty()) chosen.push_back(0);
  if (chosen.size() < header.pages.size())
    warnings.push_back(fmt::format("{} pages are reduced copies and were left out.",
                                   header.pages.size() - chosen.size()));
  const PicturePage& first = header.pages[chosen.front()];
  for (const std::size_t i : chosen) {
    const PicturePage& page = header.pages[i];
    if (page.width != first.width || page.height != first.height || page.type != first.type ||
        page.channels() != first.channels())
      throw file.bad(fmt::format("has pages that differ: page {} has {} x {} pixels, {} channels, "
                                 "{}; the first {} x {}, {}, {}",
                                 i + 1, page.width, page.height, page.channels(),
                                 name_of(page.type), first.width, first.height, first.channels(),
                                 name_of(first.type)),
                     "save the pages as single files");
  }
  return chosen;
}

}

Volume parse_picture(std::span<const std::byte> bytes, const std::string& name, Samples samples) {
  const Bytes file(bytes, name);
  const PictureHeader header = read_picture_header(file);
  Volume v;
  v.origin.path = name;
  v.origin.format = "picture";
  const std::vector<std::size_t> chosen = chosen_pages(file, header, v.origin.warnings);
  const PicturePage& first = header.pages[chosen.front()];
  v.width = static_cast<int>(first.width);
  v.height = static_cast<int>(first.height);
  v.depth = static_cast<int>(chosen.size());
  v.channels = first.channels();
  v.type = first.type;
  v.spacing = spacing_of(header);
  v.origin.facts.push_back({"File type", std::string(name_of(header.format)), "content"});
  if (!header.print_resolution.empty())
    v.origin.facts.push_back({"Print resolution", header.print_resolution, "not a scale"});
  if (samples == Samples::Skip) return v;

  if (header.format == PictureFormat::Jpeg) {
    v.pixels = Buffer(decode_jpeg(file, first));
    return v;
  }
  DecodedPages pages = codecs().decode_pages(file, header, chosen);
  if (pages.transparent)
    v.origin.warnings.push_back("The picture is partly transparent; the transparency was ignored.");
  v.pixels = Buffer(std::move(pages.pixels));
  validate(v);
  return v;
}

Image parse_image(std::span<const std::byte> file, const std::string& name) {
  const Volume v = parse_picture(file, name);
  if (v.depth != 1)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' holds {} pictures, one is expected here", name, v.depth),
                "export it again");
  return {v.width, v.height, v.channels, v.type, v.pixels, {v.spacing[0], v.spacing[1]}};
}

}
