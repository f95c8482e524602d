#include "pipelines/oct_hrf/recognise.h"

#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/surfaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace sensorium::oct_hrf {

namespace {

constexpr double most_coloured = 0.0005, most_white = 0.25, most_saturated = 0.15;
constexpr int most_looked_at = 9;
constexpr double like_each_other = 0.03, much_thinner = 0.7, least_epithelium = 0.95;

// DICOM PS3.3 C.7.3.1.1.1: codes under which no OCT of an eye is stored. OP (photography of the
// eye) and OT (other) are not among them: some devices export B-scans so.
constexpr std::array<std::string_view, 17> other_modalities = {
    "CR", "CT", "DX", "ECG", "ES", "IVUS", "MG", "MR", "NM",
    "PT", "PX", "RF", "RG",  "SM", "US",   "XA", "XC"};

// Samples of one slice as double, whatever their type.
template<class Visit> void visit_slice(const Volume& v, int z, const Visit& visit) {
  const std::size_t n = static_cast<std::size_t>(v.width) * v.height * v.channels;
  const auto run = [&]<class T>(T) { visit(samples<T>(v.pixels).subspan(z * n, n)); };
  switch (v.type) {
  case PixelType::UInt8:
    return run(std::uint8_t{});
  case PixelType::Int8:
    return run(std::int8_t{});
  case PixelType::UInt16:
    return run(std::uint16_t{});
  case PixelType::Int16:
    return run(std::int16_t{});
  case PixelType::UInt32:
    return run(std::uint32_t{});
  case PixelType::Int32:
    return run(std::int32_t{});
  case PixelType::Float32:
    return run(float{});
  case PixelType::Float64:
    return run(double{});
  }
}

struct SliceFacts {
  double coloured = 0, white = 0, at_most = 0, most_frequent = 0;
  int white_sides = 0;
};

struct Grey {
  int width, height;
  std::vector<float> v;
};

// First channel or mean of three, and how many pixels are coloured.
Grey grey_of(const Volume& volume, int z, double& coloured) {
  Grey g{volume.width, volume.height, {}};
  g.v.resize(static_cast<std::size_t>(volume.width) * volume.height);
  const int channels = volume.channels;
  visit_slice(volume, z, [&](auto values) {
    double most = 0;
    for (auto v : values) most = std::max(most, static_cast<double>(v));
    std::size_t hits = 0;
    for (std::size_t i = 0; i < g.v.size(); ++i) {
      const auto at = [&](int c) { return static_cast<double>(values[i * channels + c]); };
      if (channels < 3) {
        g.v[i] = static_cast<float>(at(0));
        continue;
      }
      const auto [low, high] = std::minmax({at(0), at(1), at(2)});
      hits += high - low > 0.15 * most;
      g.v[i] = static_cast<float>((at(0) + at(1) + at(2)) / 3);
    }
    coloured = static_cast<double>(hits) / static_cast<double>(g.v.size());
  });
  for (float& v : g.v)
    if (!std::isfinite(v) || std::abs(v) > 1e30f) v = 0;
  return g;
}

// Sides whose outermost lines are all as white as the whitest pixel.
int white_sides(const Grey& g, float white) {
  const auto row_is_white = [&](int y) {
    int n = 0;
    for (int x = 0; x < g.width; ++x) n += g.v[static_cast<std::size_t>(y) * g.width + x] >= white;
    return n > 0.98 * g.width;
  };
  const auto column_is_white = [&](int x) {
    int n = 0;
    for (int y = 0; y < g.height; ++y) n += g.v[static_cast<std::size_t>(y) * g.width + x] >= white;
    return n > 0.98 * g.height;
  };
  return (row_is_white(0) && row_is_white(2)) +
         (row_is_white(g.height - 1) && row_is_white(g.height - 3)) +
         (column_is_white(0) && column_is_white(2)) +
         (column_is_white(g.width - 1) && column_is_white(g.width - 3));
}

SliceFacts facts_of(const Volume& volume, int z) {
  SliceFacts f;
  const Grey g = grey_of(volume, z, f.coloured);
  const auto [low, high] = std::minmax_element(g.v.begin(), g.v.end());
  const double n = static_cast<double>(g.v.size());
  const float white = *high > 0 ? 0.98f * *high : 1;
  std::size_t whites = 0, full = 0;
  for (float v : g.v) {
    whites += v >= white;
    full += v == *high;
  }
  std::vector<float> sorted = g.v;
  std::sort(sorted.begin(), sorted.end());
  std::size_t longest = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    const auto next = std::upper_bound(sorted.begin() + i, sorted.end(), sorted[i]);
    longest = std::max<std::size_t>(longest, next - sorted.begin() - i);
    i = next - sorted.begin();
  }
  f.white = *high > *low ? whites / n : 0;
  f.at_most = *high > *low ? full / n : 0;
  f.most_frequent = longest / n;
  f.white_sides = *high > *low ? white_sides(g, white) : 0;
  return f;
}

double band_mean(std::span<const float> picture, int width, int height,
                 const std::vector<float>& line, int from, int to) {
  double sum = 0;
  std::size_t n = 0;
  for (int x = 0; x < width; ++x)
    for (int d = from; d < to; ++d) {
      const int y = static_cast<int>(std::lround(line[x])) + d;
      if (y < 0 || y >= height) continue;
      sum += picture[static_cast<std::size_t>(y) * width + x];
      ++n;
    }
  return n ? sum / static_cast<double>(n) : 0;
}

// Tissue fades out below the retina (choroid) and is dark above it: positive for an upright scan.
double uprightness(std::span<const float> picture, int width, int height, const BscanLines& lines) {
  const int band = std::max(8, height / 12);
  return band_mean(picture, width, height, lines.bm, 3, band) -
         band_mean(picture, width, height, lines.ilm, -band, -3);
}

double thickness(const BscanLines& lines) {
  double sum = 0;
  for (std::size_t x = 0; x < lines.ilm.size(); ++x) sum += lines.bm[x] - lines.ilm[x];
  return sum / static_cast<double>(lines.ilm.size());
}

// Mean grey of the last sixth of the way from ILM to BM over that of what lies above it (the first
// tenth, where the ILM shines, left out): above 1 where the pigment epithelium is in the picture.
double epithelium(std::span<const float> picture, int width, int height, const BscanLines& lines) {
  double last = 0, above = 0;
  std::size_t n_last = 0, n_above = 0;
  for (int x = 0; x < width; ++x) {
    const double whole = lines.bm[x] - lines.ilm[x];
    const int end = std::min(height, static_cast<int>(lines.bm[x]));
    for (int y = std::max(0, static_cast<int>(lines.ilm[x])); y < end; ++y) {
      const double way = (y - lines.ilm[x]) / whole;
      const double grey = picture[static_cast<std::size_t>(y) * width + x];
      if (way > 0.85) {
        last += grey;
        ++n_last;
      } else if (way > 0.1) {
        above += grey;
        ++n_above;
      }
    }
  }
  return n_last && n_above && above > 0 ? last / n_last / (above / n_above) : 0;
}

std::vector<float> flipped(std::span<const float> picture, int width, int height) {
  std::vector<float> out(picture.size());
  for (int y = 0; y < height; ++y)
    std::copy_n(picture.begin() + static_cast<std::ptrdiff_t>(y) * width, width,
                out.begin() + static_cast<std::ptrdiff_t>(height - 1 - y) * width);
  return out;
}

struct RetinaFacts {
  bool found = false, upside_down = false, cut = false, cut_below = false, no_epithelium = false;
  std::string failure;
};

// Whether a fifth of the columns have first rows as bright as tissue.
bool meets_rim(std::span<const float> picture, int width, int height) {
  const int rows = std::max(3, height / 100);
  std::vector<float> sorted(picture.begin(), picture.end());
  const auto bright = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 9 / 10);
  std::nth_element(sorted.begin(), bright, sorted.end());
  int columns = 0;
  for (int x = 0; x < width; ++x) {
    double sum = 0;
    for (int y = 0; y < rows; ++y) sum += picture[static_cast<std::size_t>(y) * width + x];
    columns += sum / rows > 0.8 * *bright;
  }
  return columns > width / 5;
}

RetinaFacts retina_facts(std::span<const float> picture, int width, int height) {
  RetinaFacts f;
  const std::vector<float> clean = enhance_bscan(picture, width, height);
  const std::vector<float> turned = flipped(clean, width, height);
  const BscanLines upright = trace_bscan(clean, width, height);
  const BscanLines over = trace_bscan(turned, width, height);
  f.found = upright.failure.empty();
  f.failure = upright.failure;
  f.cut = meets_rim(clean, width, height);
  f.cut_below = meets_rim(turned, width, height);
  const double up = f.found ? uprightness(clean, width, height, upright) : 0;
  if (over.failure.empty()) {
    // Where both ways look alike, the one whose retina is much thicker took the choroid for it.
    const double other = uprightness(turned, width, height, over);
    f.upside_down =
        other > up + like_each_other || (f.found && other > up - like_each_other &&
                                         thickness(over) < much_thinner * thickness(upright));
  }
  f.no_epithelium = f.found && epithelium(clean, width, height, upright) < least_epithelium;
  return f;
}

}

Recognition recognise(const Volume& volume, std::span<const float> normalised, bool has_lines) {
  Recognition out;
  const auto refuse = [&](std::string why) {
    out.refused = true;
    out.notes.push_back("Nothing was counted: " + std::move(why));
  };
  if (volume.width < 64 || volume.height < 64) {
    refuse(fmt::format("a picture of {} x {} pixels is too small for an OCT B-scan.", volume.width,
                       volume.height));
    return out;
  }
  if (std::find(other_modalities.begin(), other_modalities.end(), volume.modality) !=
      other_modalities.end()) {
    refuse(fmt::format("the file says that it is {}, not OCT.", volume.modality));
    return out;
  }
  const int looked_at = std::min(most_looked_at, volume.depth);
  const std::size_t plane = static_cast<std::size_t>(volume.width) * volume.height;
  int coloured = 0, page = 0, empty = 0, saturated = 0, no_retina = 0, over = 0, cut = 0, below = 0,
      dark = 0, read = 0;
  std::string failure;
  for (int i = 0; i < looked_at; ++i) {
    const int z = static_cast<int>((2LL * i + 1) * volume.depth / (2 * looked_at));
    const SliceFacts f = facts_of(volume, z);
    coloured += f.coloured > most_coloured;
    page += f.white_sides >= 3 || f.white > most_white;
    empty += f.most_frequent > 0.97;
    saturated += f.at_most > most_saturated && f.at_most <= most_white && f.white_sides < 3;
    if (f.most_frequent > 0.97 || f.white_sides >= 3) continue;
    ++read;
    const RetinaFacts r =
        retina_facts(normalised.subspan(z * plane, plane), volume.width, volume.height);
    no_retina += !r.found;
    over += r.upside_down;
    cut += r.cut;
    below += r.cut_below;
    dark += r.no_epithelium;
    if (!r.found) failure = r.failure;
  }
  const auto most = [](int n, int of) { return 2 * n > of; };
  if (most(coloured, looked_at))
    refuse("the picture has coloured pixels, such as drawings of the vendor's program or false "
           "colours; export the grey picture.");
  if (most(page, looked_at))
    refuse("white borders or areas: this is a report page or a plot, not a scan.");
  if (most(empty, looked_at)) refuse("the B-scans are empty.");
  if (most(saturated, looked_at))
    refuse("more than 15 % of the pixels are saturated, so that bright foci cannot be told apart.");
  if (most(over, read))
    refuse("the scan is upside-down (the choroid lies above the retina).");
  else if (most(no_retina, read) && !has_lines)
    refuse("no retina was found in the picture: " + failure + ".");
  if (most(cut, read) && !has_lines)
    refuse("the retina is cut off at the upper rim of the picture.");
  if (most(below, read) && !most(over, read) && !has_lines)
    refuse("the retina is cut off at the lower rim of the picture.");
  if (most(dark, read) && !out.refused && !has_lines)
    refuse("the retina is cut off below: no layer as bright as the pigment epithelium ends it.");
  if (!out.refused && empty > 0)
    out.notes.push_back(fmt::format("{} of {} B-scans looked at are empty.", empty, looked_at));
  return out;
}

}
