#include "hyperspectral/scene_refinement.h"

#include <opencv2/ximgproc/edge_filter.hpp>

namespace sensorium::hyper {

void follow_edges(std::span<float> planes, std::span<const float> guide, int lines, int samples,
                  int radius, double epsilon) {
  const cv::Mat picture(lines, samples, CV_32F, const_cast<float*>(guide.data()));
  const auto filter = cv::ximgproc::createGuidedFilter(picture, radius, epsilon);
  for (std::size_t from = 0; from < planes.size(); from += guide.size()) {
    cv::Mat plane(lines, samples, CV_32F, planes.data() + from), smooth;
    filter->filter(plane, smooth);
    smooth.copyTo(plane);
  }
}

}
