#include "pipelines/cube_analysis/regions.h"

#include "modules/core/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace sensorium::cube_analysis {
namespace {

// "spectral angle, rad": a name and its unit.
Measure mean_score(const Result& result, double value) {
  const auto comma = result.score.find(", ");
  const bool pure = comma == std::string::npos;
  return {"mean " + result.score.substr(0, comma), value,
          pure ? "1" : result.score.substr(comma + 2), "over the region's pixels"};
}

std::string id_of(const ClassRegion& region, const std::string& name) {
  std::string bytes = name;
  bytes.push_back('\0');
  for (const Run& run : region.runs)
    for (const int value : {run.y, run.x, run.length})
      for (int shift = 0; shift < 32; shift += 8)
        bytes.push_back(static_cast<char>(static_cast<unsigned>(value) >> shift & 255u));
  const Run& first = region.runs.front();
  return fmt::format("region-{}-{}-{}", first.x, first.y, sha256(bytes).substr(0, 8));
}

Finding finding_of(const Result& result, const ClassRegion& region) {
  Finding f;
  f.label = result.names[static_cast<std::size_t>(region.number) - 1];
  f.id = id_of(region, f.label);
  f.score = result.abundances ? region.mean_score : -1;
  f.footprint = region.runs;
  const Run& first = region.runs.front();
  f.box = {first.x, first.y, 0, first.x, region.runs.back().y, 0};
  double x = 0, y = 0;
  for (const Run& run : region.runs) {
    const double n = run.length;
    x += n * (run.x + (n - 1) / 2);
    y += n * run.y;
    f.box[0] = std::min(f.box[0], run.x);
    f.box[3] = std::max(f.box[3], run.x + run.length - 1);
  }
  const auto pixels = static_cast<double>(region.pixels);
  f.centroid = {x / pixels, y / pixels, 0};
  f.measures = {{"area", pixels, "px", "a cube does not state its scale"},
                mean_score(result, region.mean_score)};
  f.text =
      fmt::format("{}: {} px, {} {:.4g}{}", f.label, region.pixels, f.measures[1].name,
                  region.mean_score, f.measures[1].unit == "1" ? "" : " " + f.measures[1].unit);
  return f;
}

}

std::vector<Finding> findings_of(const Result& result) {
  std::vector<Finding> out;
  out.reserve(result.regions.largest.size());
  for (const ClassRegion& region : result.regions.largest)
    out.push_back(finding_of(result, region));
  return out;
}

void list_regions(const Result& result, const std::vector<Finding>& regions, int least_pixels,
                  Findings& out) {
  if (result.regions.too_many) {
    out.notes.push_back("No regions are listed: the class map falls into too many pieces.");
    return;
  }
  const auto& sizes = result.regions.sizes;
  const auto large = static_cast<std::size_t>(
      std::partition_point(sizes.begin(), sizes.end(),
                           [&](std::int64_t pixels) { return pixels >= least_pixels; }) -
      sizes.begin());
  const std::size_t listed = std::min(large, regions.size());
  out.items.assign(regions.begin(), regions.begin() + static_cast<std::ptrdiff_t>(listed));
  out.summary.push_back(
      {"regions", static_cast<double>(listed), "1",
       fmt::format("connected pixels of one class, of {} px or more", least_pixels), true});
  const auto left = std::accumulate(sizes.begin() + static_cast<std::ptrdiff_t>(listed),
                                    sizes.end(), std::int64_t{0});
  const auto all = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  if (left > 0)
    out.notes.push_back(fmt::format(
        "{} smaller regions, {:.1f} % of the classified pixels, are not listed; in the class map "
        "they stay as they are.",
        sizes.size() - listed, 100.0 * static_cast<double>(left) / static_cast<double>(all)));
}

}
