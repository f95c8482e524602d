#include "modules/imaging/regions.h"

#include "modules/core/error.h"

#include <opencv2/imgproc.hpp>

namespace sensorium {

std::vector<int> label_regions(std::span<const std::uint8_t> mask, int width, int height,
                               int& count) {
  if (mask.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height))
    throw Error(ErrorCode::Internal, "a mask is not as long as its picture is large");
  count = 0;
  if (mask.empty()) return {};
  const cv::Mat in(height, width, CV_8U, const_cast<std::uint8_t*>(mask.data()));
  std::vector<int> label(mask.size());
  cv::Mat out(height, width, CV_32S, label.data());
  count = cv::connectedComponents(in, out, 4, CV_32S) - 1;
  return label;
}

}
