#include "hyperspectral/tissue_map.h"

#include "modules/io/png_writer.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace sensorium::hyper {
namespace {

constexpr int least_width = 480, row_height = 22, margin = 8;
constexpr double opacity = 0.65;

cv::Mat legend_picture(const std::vector<LegendEntry>& legend, const std::string& caption,
                       int width) {
  const int rows = static_cast<int>(legend.size()) + (caption.empty() ? 0 : 1);
  cv::Mat out(rows * row_height + 2 * margin, width, CV_8UC3, cv::Scalar(255, 255, 255));
  int y = margin;
  const auto write = [&](const std::string& text, int x) {
    cv::putText(out, text, {x, y + 15}, cv::FONT_HERSHEY_SIMPLEX, 0.42, cv::Scalar(30, 30, 30), 1,
                cv::LINE_AA);
  };
  for (const LegendEntry& entry : legend) {
    cv::rectangle(out, {margin, y + 3, 22, 14},
                  cv::Scalar(entry.colour[0], entry.colour[1], entry.colour[2]), cv::FILLED);
    write(entry.name, margin + 30);
    y += row_height;
  }
  if (!caption.empty()) write(caption, margin);
  return out;
}

}

Volume map_volume(std::vector<std::uint8_t> values, int width, int height) {
  Volume v;
  v.width = width;
  v.height = height;
  v.depth = 1;
  v.type = PixelType::UInt8;
  v.pixels = Buffer::of(std::move(values));
  for (Spacing& axis : v.spacing) axis = unknown_spacing("a cube does not state its scale");
  return v;
}

void write_class_map(std::span<const std::uint8_t> classes, int width, int height,
                     std::span<const float> grey, const std::vector<LegendEntry>& legend,
                     const std::string& caption, const std::filesystem::path& path) {
  const int scale = std::max(1, (least_width + width - 1) / width);
  const int wide = width * scale;
  const cv::Mat below = legend_picture(legend, caption, wide);
  PngWriter png(path, wide, height * scale + below.rows, 3);
  std::vector<std::uint8_t> row(3 * static_cast<std::size_t>(wide));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                            static_cast<std::size_t>(x);
      const bool known = classes[i] < legend.size();
      const double under = grey.empty() ? 255 : 255 * std::clamp(grey[i], 0.0f, 1.0f);
      for (std::size_t c = 0; c < 3; ++c) {
        const double over = known ? legend[classes[i]].colour[c] : 0;
        const double mixed = grey.empty() || !known ? over : opacity * over + (1 - opacity) * under;
        for (int k = 0; k < scale; ++k)
          row[3 * static_cast<std::size_t>(x * scale + k) + c] =
              static_cast<std::uint8_t>(std::lround(mixed));
      }
    }
    for (int k = 0; k < scale; ++k) png.row(row);
  }
  for (int y = 0; y < below.rows; ++y)
    png.row({below.ptr<std::uint8_t>(y), 3 * static_cast<std::size_t>(wide)});
  png.finish();
}

}
