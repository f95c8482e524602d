#include "modules/io/opencv_codecs.h"

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
      throw file_.bad(fmt::format("is damaged or an unusual picture: {}", clean_text(e.err)));
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

}

DecodedPages decode_pages(const Bytes& file, const PictureHeader& header,
                          const std::vector<std::size_t>& pages) {
  Decoder decoder(file, header);
  DecodedPages out;
  for (const std::size_t i : pages) {
    const Decoded page = finish_page(decoder.page(i), header.pages[i], file);
    out.transparent = out.transparent || page.transparent;
    if (out.pixels.empty())
      out.pixels.reserve(pages.size() * page.pixels.total() * page.pixels.elemSize());
    append(out.pixels, page.pixels);
  }
  return out;
}

}

extern "C" const sensorium::Codecs* sensorium_codecs() {
  static const sensorium::Codecs table{sensorium::decode_pages, sensorium::decode_video,
                                       sensorium::video_frames, sensorium::encode_video};
  return &table;
}
