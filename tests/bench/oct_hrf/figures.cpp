// Pictures of docs/pipelines/oct_hrf.md, all from the phantom.
#include "modules/core/file.h"
#include "pipelines/oct_hrf/count.h"
#include "pipelines/oct_hrf/detector.h"
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/parameters.h"
#include "pipelines/oct_hrf/phantom.h"
#include "pipelines/oct_hrf/surfaces.h"
#include "tests/bench/oct_hrf/bench.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cmath>
#include <cstdio>

namespace sensorium::bench {

namespace {

struct Phantomed {
  Volume volume;
  std::vector<float> raw, clean;
};

Phantomed phantom(int seed) {
  oct_hrf::PhantomOptions options;
  options.seed = seed;
  options.scans = 4;
  Phantomed p{oct_hrf::make_phantom(options, 2).volume, {}, {}};
  p.raw = oct_hrf::normalise_volume(finite_samples(p.volume),
                                    static_cast<std::size_t>(p.volume.width) * p.volume.height, 2);
  p.clean = oct_hrf::enhance_volume(p.raw, p.volume.width, p.volume.height, {}, 2);
  return p;
}

cv::Mat slice(const std::vector<float>& values, const Volume& v, int z) {
  cv::Mat grey(v.height, v.width, CV_8U), out;
  const std::size_t plane = static_cast<std::size_t>(v.width) * v.height;
  for (std::size_t i = 0; i < plane; ++i)
    grey.data[i] = cv::saturate_cast<std::uint8_t>(255 * values[z * plane + i]);
  cv::cvtColor(grey, out, cv::COLOR_GRAY2BGR);
  return out;
}

void paint(cv::Mat& picture, const Surface& line, int z, const cv::Vec3b& colour) {
  for (int x = 0; x < picture.cols; ++x) {
    const float y = line.depth[static_cast<std::size_t>(z) * picture.cols + x];
    if (std::isfinite(y) && y >= 0 && y < picture.rows)
      picture.at<cv::Vec3b>(static_cast<int>(y), x) = colour;
  }
}

}

void figures(const Arguments& folder) {
  const Phantomed p = phantom(folder.size() > 1 ? std::stoi(folder[1]) : 30008);
  const Volume& v = p.volume;
  const int z = folder.size() > 2 ? std::stoi(folder[2]) : 1;
  cv::Mat both;
  cv::hconcat(slice(p.raw, v, z), slice(p.clean, v, z), both);
  cv::imwrite(folder.at(0) + "/raw_enhanced.jpg", both, {cv::IMWRITE_JPEG_QUALITY, 82});

  const auto lines = oct_hrf::trace_surfaces(p.clean, v.width, v.height, v.depth, 2);
  const oct_hrf::Prepared prepared{v.width, v.height, v.depth, p.clean};
  oct_hrf::Network network;
  const auto map =
      network.soft_map(resources_folder() / "models" / "oct_hrf.onnx", prepared, 512, {});
  std::vector<std::uint8_t> grey(p.raw.size());
  for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = static_cast<std::uint8_t>(255 * p.raw[i]);
  oct_hrf::Scene scene{v.width, v.height, v.depth, grey, &lines[0], &lines[1], &lines[2]};
  oct_hrf::measure_layers(scene, 2);
  oct_hrf::CountOptions options;
  options.profile = "all_candidates";
  options.per_bscan = true;
  options.second_look = oct_hrf::usual_second_look;
  options.list_look_alikes = true;
  const Findings f =
      oct_hrf::count_foci(v, ComponentIndex(map, v.width, v.height, v.depth, 13), scene, options);
  cv::Mat marked = slice(p.clean, v, z);
  paint(marked, lines[0], z, {80, 200, 255});
  paint(marked, lines[2], z, {255, 160, 80});
  marked = marked.rowRange(v.height / 10, v.height * 6 / 10);
  cv::resize(marked, marked, {}, 2, 2, cv::INTER_CUBIC);
  for (const Finding& one : f.items) {
    if (one.box[2] != z) continue;
    const int top = v.height / 10;
    const cv::Scalar colour = one.label == "focus"       ? cv::Scalar(80, 255, 80)
                              : one.label == "choroidal" ? cv::Scalar(255, 160, 80)
                                                         : cv::Scalar(60, 60, 255);
    cv::rectangle(marked, {2 * one.box[0] - 6, 2 * (one.box[1] - top) - 6},
                  {2 * one.box[3] + 7, 2 * (one.box[4] - top) + 7}, colour);
  }
  cv::imwrite(folder.at(0) + "/lines_candidates.png", marked);
}

void phantom_surfaces(const Arguments& arguments) {
  double sums[3] = {}, signed_sums[3] = {}, worst[3] = {};
  std::size_t n[3] = {};
  int bscans = 0, failed = 0;
  const int first = arguments.size() == 1 ? std::stoi(arguments[0]) : 30001;
  for (int seed = first; seed < first + 10; ++seed) {
    const Phantomed p = phantom(seed);
    const Volume& v = p.volume;
    const auto lines = oct_hrf::trace_surfaces(p.clean, v.width, v.height, v.depth, 2);
    double one[3] = {};
    for (int i = 0; i < 3; ++i) {
      const Surface* truth = oct_hrf::usable(v.surfaces, lines[i].name);
      if (!truth) continue;
      for (std::size_t k = 0; k < truth->depth.size(); ++k) {
        const double signed_d = lines[i].depth[k] - truth->depth[k], d = std::abs(signed_d);
        if (!std::isfinite(d)) continue;
        sums[i] += d;
        signed_sums[i] += signed_d;
        one[i] += d / truth->depth.size();
        worst[i] = std::max(worst[i], d);
        ++n[i];
      }
    }
    if (arguments.size() == 2 && arguments[0] == std::to_string(seed)) {
      cv::Mat marked = slice(p.clean, v, 1);
      paint(marked, lines[0], 1, {80, 200, 255});
      paint(marked, lines[1], 1, {80, 255, 80});
      paint(marked, lines[2], 1, {255, 160, 80});
      cv::imwrite(arguments[1], marked);
    }
    std::printf("%d: %.2f %.2f %.2f\n", seed, one[0], one[1], one[2]);
    bscans += v.depth;
    for (int z = 0; z < v.depth; ++z)
      failed += std::isnan(lines[0].depth[static_cast<std::size_t>(z) * v.width]);
  }
  std::printf(
      "%d phantom B-scans, %d failed their checks\n\n| line | mean absolute, px | bias, px | "
      "worst, px |\n|---|---|---|---|\n",
      bscans, failed);
  for (int i = 0; i < 3; ++i)
    std::printf("| %s | %.2f | %+.2f | %.1f |\n",
                i == 0   ? "ILM"
                : i == 1 ? "RPE"
                         : "BM",
                sums[i] / static_cast<double>(n[i]), signed_sums[i] / static_cast<double>(n[i]),
                worst[i]);
}

}
