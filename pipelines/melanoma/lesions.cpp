#include "pipelines/melanoma/lesions.h"

#include "pipelines/melanoma/phantom.h"

#include <algorithm>

namespace sensorium::melanoma {

void describe(ParameterVisitor& v, MelanomaParameters& p) {
  v.number("operating_point", p.operating_point,
           {.help =
                "Score from which a lesion is called melanoma-like: lower finds more, and calls "
                "more nevi so.",
            .min = 0.01,
            .max = 0.99,
            .live = true});
  v.choice("rule", p.rule, {"mean", "majority"},
           {.help = "Score of a lesion: the mean of its pixels, or the share of pixels that are "
                    "likelier melanoma than nevus.",
            .live = true});
  v.integer("least_pixels", p.least_pixels,
            {.help = "Smallest lesion.", .unit = "px", .min = 1, .max = 100000, .live = true});
  describe(v, p.references);
}

std::vector<std::uint8_t> lesion_map(const hyper::TissueMap& map) {
  std::vector<std::uint8_t> out(map.classes.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    if (map.classes[i] != hyper::no_class)
      out[i] = static_cast<std::uint8_t>(
          255 - map.probability[static_cast<std::size_t>(SkinClass::Skin)][i]);
  return out;
}

Scores scores_in(const hyper::TissueMap& map, const Component& region) {
  const auto& nevus = map.probability[static_cast<std::size_t>(SkinClass::Nevus)];
  const auto& melanoma = map.probability[static_cast<std::size_t>(SkinClass::Melanoma)];
  Scores out;
  for (const Run& run : region.runs)
    for (int x = run.x; x < run.x + run.length; ++x) {
      const auto i = static_cast<std::size_t>(run.y) * static_cast<std::size_t>(map.samples) +
                     static_cast<std::size_t>(x);
      const int both = nevus[i] + melanoma[i];
      const double m = both == 0 ? 0.5 : static_cast<double>(melanoma[i]) / both;
      out.mean += m;
      out.majority += m > 0.5;
    }
  out.mean /= static_cast<double>(region.voxels);
  out.majority /= static_cast<double>(region.voxels);
  return out;
}

std::vector<Lesion> lesions_of(const hyper::TissueMap& map, const ComponentIndex& regions,
                               int least_pixels) {
  std::vector<Lesion> out;
  for (Component& region : regions.query(half, Connectivity::Planar8)) {
    if (region.voxels < least_pixels) continue;
    const Scores scores = scores_in(map, region);
    out.push_back({std::move(region), scores});
  }
  return out;
}

}
