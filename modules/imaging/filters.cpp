#include "modules/imaging/filters.h"

#include "modules/core/error.h"

#include <opencv2/imgproc.hpp>

namespace sensorium {

namespace {

cv::Mat view(std::span<const float> picture, int width, int height) {
  if (picture.size() != static_cast<std::size_t>(width) * height)
    throw Error(ErrorCode::Internal, "filter: the picture's length does not fit its sizes");
  return {height, width, CV_32F, const_cast<float*>(picture.data())};
}

std::vector<float> taken(const cv::Mat& mat) {
  return {mat.ptr<float>(), mat.ptr<float>() + mat.total()};
}

}

std::vector<float> gaussian_blur(std::span<const float> picture, int width, int height,
                                 double sigma_x, double sigma_y) {
  const auto kernel = [](double sigma) {
    return sigma > 0 ? 2 * static_cast<int>(4 * sigma + 0.5) + 1 : 1;
  };
  cv::Mat out;
  const cv::Mat kx = cv::getGaussianKernel(kernel(sigma_x), sigma_x > 0 ? sigma_x : 1, CV_32F);
  const cv::Mat ky = cv::getGaussianKernel(kernel(sigma_y), sigma_y > 0 ? sigma_y : 1, CV_32F);
  cv::sepFilter2D(view(picture, width, height), out, CV_32F, kx, ky, {-1, -1}, 0,
                  cv::BORDER_REFLECT);
  return taken(out);
}

std::vector<float> white_top_hat(std::span<const float> picture, int width, int height,
                                 int diameter_x, int diameter_y) {
  cv::Mat out;
  // OpenCV's ellipse of height 1 is a single point.
  const bool line = diameter_x == 1 || diameter_y == 1;
  const cv::Mat ellipse = cv::getStructuringElement(line ? cv::MORPH_RECT : cv::MORPH_ELLIPSE,
                                                    {diameter_x, diameter_y});
  cv::morphologyEx(view(picture, width, height), out, cv::MORPH_TOPHAT, ellipse, {-1, -1}, 1,
                   cv::BORDER_REPLICATE);
  return taken(out);
}

std::vector<float> median_filter(std::span<const float> picture, int width, int height,
                                 int window) {
  cv::Mat out;
  cv::medianBlur(view(picture, width, height), out, window);
  return taken(out);
}

}
