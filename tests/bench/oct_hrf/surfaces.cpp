#include "pipelines/oct_hrf/surfaces.h"

#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "tests/bench/oct_hrf/bench.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cmath>
#include <cstdio>

namespace sensorium::bench {

namespace {

std::vector<float> prepared(const Volume& v) {
  const std::vector<float> n =
      oct_hrf::normalise_volume(finite_samples(v), static_cast<std::size_t>(v.width) * v.height, 2);
  return oct_hrf::enhance_volume(n, v.width, v.height, {}, 2);
}

void compare(const Surface& ours, const Surface& theirs) {
  double sum = 0, bias = 0, worst = 0;
  int n = 0, failed = 0;
  for (std::size_t i = 0; i < theirs.depth.size(); ++i) {
    if (!std::isfinite(theirs.depth[i])) continue;
    if (!std::isfinite(ours.depth[i])) {
      ++failed;
      continue;
    }
    const double d = ours.depth[i] - theirs.depth[i];
    sum += std::abs(d);
    bias += d;
    worst = std::max(worst, std::abs(d));
    ++n;
  }
  std::printf("| %s | %s | %d | %d | %.2f | %+.2f | %.1f |\n", theirs.name.c_str(),
              ours.name.c_str(), n, failed, n ? sum / n : 0.0, n ? bias / n : 0.0, worst);
}

}

void surfaces(const Arguments& files) {
  std::printf(
      "| line of the file | ours | columns | failed | mean absolute, px | bias, px | worst, "
      "px |\n|---|---|---|---|---|---|---|\n");
  for (const std::string& file : files) {
    const Volume v = open_volume(file);
    const auto lines = oct_hrf::trace_surfaces(prepared(v), v.width, v.height, v.depth, 2);
    for (const Surface& theirs : v.surfaces)
      for (const Surface& ours : lines)
        if (ours.name == theirs.name || (theirs.name == "RPE" && ours.name == "BM"))
          compare(ours, theirs);
  }
}

void draw_surfaces(const Arguments& in_out) {
  const Volume v = open_volume(in_out.at(0));
  const std::vector<float> values = prepared(v);
  const int z = v.depth / 2;
  const std::size_t plane = static_cast<std::size_t>(v.width) * v.height;
  const auto slice = std::span<const float>(values).subspan(z * plane, plane);
  const oct_hrf::BscanLines lines = oct_hrf::trace_bscan(slice, v.width, v.height);
  cv::Mat grey(v.height, v.width, CV_8U), colour;
  for (std::size_t i = 0; i < plane; ++i)
    grey.data[i] = cv::saturate_cast<std::uint8_t>(255 * slice[i]);
  cv::cvtColor(grey, colour, cv::COLOR_GRAY2BGR);
  const auto draw = [&](const std::vector<float>& line, const cv::Vec3b& paint) {
    for (int x = 0; x < v.width; ++x)
      if (std::isfinite(line[x]) && line[x] >= 0 && line[x] < v.height)
        colour.at<cv::Vec3b>(static_cast<int>(line[x]), x) = paint;
  };
  draw(lines.ilm, {0, 0, 255});
  draw(lines.rpe, {0, 255, 0});
  draw(lines.bm, {255, 128, 0});
  cv::imwrite(in_out.at(1), colour);
  std::printf("%s: %s\n", in_out[1].c_str(), lines.failure.c_str());
  if (in_out.size() < 3) return;
  std::FILE* csv = std::fopen(in_out[2].c_str(), "w");
  if (!csv) return;
  std::fprintf(csv, "ilm,rpe,bm\n");
  for (int x = 0; x < v.width; ++x)
    std::fprintf(csv, "%.3f,%.3f,%.3f\n", lines.ilm[x], lines.rpe[x], lines.bm[x]);
  std::fclose(csv);
}

}
