#include "modules/io/image.h"

#include "modules/io/jpeg.h"

#include <fmt/format.h>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <limits>

namespace sensorium {
namespace {

PixelType type_of(const cv::Mat& mat, const Bytes& file) {
  switch (mat.depth()) {
  case CV_8U:
    return PixelType::UInt8;
  case CV_8S:
    return PixelType::Int8;
  case CV_16U:
    return PixelType::UInt16;
  case CV_16S:
    return PixelType::Int16;
  case CV_32F:
    return PixelType::Float32;
  case CV_64F:
    return PixelType::Float64;
  default:
    throw file.unsupported("has samples of a rare type", "convert it to 8 or 16 bits");
  }
}

// Makes the page that lies at `directory` the first one of a TIFF, which is the one that the
// decoder reads.
void set_first_page(std::vector<std::byte>& tiff, std::uint64_t directory) {
  const bool big_endian = tiff[0] == std::byte{'M'};
  const bool big = tiff[2] == std::byte{43} || tiff[3] == std::byte{43};
  const std::size_t at = big ? 8 : 4, size = big ? 8 : 4;
  for (std::size_t i = 0; i < size; ++i)
    tiff[at + i] = static_cast<std::byte>(directory >> (8 * (big_endian ? size - 1 - i : i)));
}

class Decoder {
public:
  Decoder(const Bytes& file, const PictureHeader& header) : file_(file), header_(header) {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    if (file.size() > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
      throw file.unsupported("has more than 2 GiB, which the decoder does not take",
                             "split it into several files");
    if (header.pages.size() > 1) copy_.assign(file.all().begin(), file.all().end());
  }

  cv::Mat page(std::size_t i) {
    if (!copy_.empty()) set_first_page(copy_, header_.pages[i].directory);
    const std::span<const std::byte> bytes = copy_.empty() ? file_.all() : copy_;
    try {
      return cv::imdecode(
          cv::Mat(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::byte*>(bytes.data())),
          cv::IMREAD_UNCHANGED);
    } catch (const cv::Exception& e) {
      throw file_.bad(fmt::format("is a damaged or unusual {}: {}", name_of(header_.format),
                                  clean_text(e.err)));
    }
  }

private:
  const Bytes& file_;
  const PictureHeader& header_;
  std::vector<std::byte> copy_;
};

// Whether the transparency channel holds anything but "opaque".
bool transparent(const cv::Mat& mat) {
  cv::Mat alpha;
  cv::extractChannel(mat, alpha, mat.channels() - 1);
  double low = 0;
  cv::minMaxLoc(alpha, &low);
  return low < (mat.depth() == CV_16U ? 65535 : mat.depth() == CV_8U ? 255 : 1);
}

cv::Mat to_grey_or_rgb(const cv::Mat& mat, int channels) {
  cv::Mat out;
  if (channels == 1)
    cv::extractChannel(mat, out, 0);
  else if (mat.channels() == 4)
    cv::cvtColor(mat, out, cv::COLOR_BGRA2RGB);
  else if (mat.channels() == 3)
    cv::cvtColor(mat, out, cv::COLOR_BGR2RGB);
  else
    cv::cvtColor(mat, out, cv::COLOR_GRAY2RGB);
  return out;
}

struct Decoded {
  cv::Mat pixels; // grey or RGB
  PixelType type;
  bool transparent = false;
};

Decoded finish_page(const cv::Mat& mat, const PicturePage& page, const Bytes& file) {
  if (mat.empty()) throw file.bad("cannot be decoded: it is damaged or cut short");
  if (static_cast<std::uint64_t>(mat.cols) != page.width ||
      static_cast<std::uint64_t>(mat.rows) != page.height)
    throw file.bad(fmt::format("is damaged: it decodes to {} x {} pixels and claims {} x {}",
                               mat.cols, mat.rows, page.width, page.height));
  const PixelType type = type_of(mat, file);
  if (type != page.type)
    throw file.unsupported(fmt::format("has {} samples that the decoder gives as {}",
                                       name_of(page.type), name_of(type)),
                           "convert it to 8 or 16 bit unsigned integers");
  const bool seen = page.alpha && (mat.channels() == 4 || mat.channels() == 2) && transparent(mat);
  return {to_grey_or_rgb(mat, page.channels()), type, seen};
}

void append(std::vector<std::byte>& out, const cv::Mat& mat) {
  const auto row_bytes = static_cast<std::size_t>(mat.cols) * mat.elemSize();
  for (int y = 0; y < mat.rows; ++y) {
    const auto* row = reinterpret_cast<const std::byte*>(mat.ptr(y));
    out.insert(out.end(), row, row + row_bytes);
  }
}

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
  Decoder decoder(file, header);
  std::vector<std::byte> pixels;
  pixels.reserve(v.voxels() * static_cast<std::size_t>(v.channels) * size_of(v.type));
  bool seen = false;
  for (const std::size_t i : chosen) {
    const Decoded page = finish_page(decoder.page(i), header.pages[i], file);
    seen = seen || page.transparent;
    append(pixels, page.pixels);
  }
  if (seen)
    v.origin.warnings.push_back("The picture is partly transparent; the transparency was ignored.");
  v.pixels = Buffer(std::move(pixels));
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
