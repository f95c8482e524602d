#include "hyperspectral/project_device.h"

#include "modules/core/error.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace sensorium::hyper {
namespace {

// What a tile sends; kept by its thread from tile to tile.
struct Parcel {
  std::vector<std::byte> stored;
  std::vector<int> places;
  std::vector<double> weights;
  std::vector<float> dark, gain;
};

const std::byte* first_of(const Cube& cube, const TileRange& tile, int line, int band) {
  const std::size_t at = static_cast<std::size_t>(tile.line + line) * cube.stride[0] +
                         static_cast<std::size_t>(tile.sample) * cube.stride[1] +
                         static_cast<std::size_t>(band) * cube.stride[2];
  return cube.data.bytes().data() + at * size_of(cube.type);
}

// A pixel's bands lie side by side: from the first to the last that is needed.
void pack_pixels(const Cube& cube, const TileRange& tile, const Projection& p, Parcel& parcel,
                 StoredSums& work) {
  const auto [least, most] = std::minmax_element(p.bands.begin(), p.bands.end());
  const auto range = static_cast<std::size_t>(*most - *least + 1);
  const std::size_t size = size_of(cube.type), piece = range * size, step = cube.stride[1] * size,
                    width = static_cast<std::size_t>(tile.samples);
  parcel.stored.resize(tile.pixels() * piece);
  std::byte* to = parcel.stored.data();
  for (int l = 0; l < tile.lines; ++l) {
    const std::byte* from = first_of(cube, tile, l, *least);
    for (std::size_t s = 0; s < width; ++s, to += piece) std::memcpy(to, from + s * step, piece);
  }
  for (std::size_t k = 0; k < p.bands.size(); ++k) parcel.places[k] = p.bands[k] - *least;
  work.sample_step = range;
  work.line_step = range * width;
}

// The pixels of a line lie side by side: the line in each band.
void pack_lines(const Cube& cube, const TileRange& tile, const Projection& p, Parcel& parcel,
                StoredSums& work) {
  const std::size_t width = static_cast<std::size_t>(tile.samples),
                    piece = width * size_of(cube.type);
  parcel.stored.resize(tile.pixels() * p.bands.size() * size_of(cube.type));
  std::byte* to = parcel.stored.data();
  for (int l = 0; l < tile.lines; ++l)
    for (const int band : p.bands) {
      std::memcpy(to, first_of(cube, tile, l, band), piece);
      to += piece;
    }
  for (std::size_t k = 0; k < p.bands.size(); ++k)
    parcel.places[k] = static_cast<int>(k) * tile.samples;
  work.sample_step = 1;
  work.line_step = width * p.bands.size();
}

void pack_values(const Cube& cube, const TileRange& tile, const Projection& p, Parcel& parcel,
                 StoredSums& work) {
  const std::size_t n = p.bands.size();
  parcel.stored.resize(tile.pixels() * n * sizeof(double));
  read_tile<double>(cube, tile, p.bands, TileOrder::Pixels,
                    {reinterpret_cast<double*>(parcel.stored.data()), tile.pixels() * n});
  std::iota(parcel.places.begin(), parcel.places.end(), 0);
  work.type = SampleType::Float64;
  work.big_endian = false;
  work.sample_step = n;
  work.line_step = n * static_cast<std::size_t>(tile.samples);
}

void pack_calibration(const Calibration& c, const TileRange& tile, const std::vector<int>& bands,
                      Parcel& parcel, StoredSums& work) {
  const std::size_t n = bands.size(), all = static_cast<std::size_t>(c.bands);
  parcel.dark.resize(n * static_cast<std::size_t>(tile.samples));
  parcel.gain.resize(parcel.dark.size());
  for (std::size_t s = 0; s < static_cast<std::size_t>(tile.samples); ++s)
    for (std::size_t k = 0; k < n; ++k) {
      const std::size_t element =
          (static_cast<std::size_t>(tile.sample) + s) * all + static_cast<std::size_t>(bands[k]);
      parcel.dark[s * n + k] = c.offset[element];
      parcel.gain[s * n + k] = c.gain[element];
    }
  work.dark = parcel.dark;
  work.gain = parcel.gain;
}

}

void project_tile_on(Accelerator& accelerator, const Cube& cube, const TileRange& tile,
                     const Projection& p, std::span<double> out) {
  const std::size_t n = p.bands.size();
  if (n == 0 || p.weights.size() != n || out.size() != 3 * tile.pixels())
    throw Error(ErrorCode::Internal, "a projection that does not fit its tile");
  thread_local Parcel parcel;
  parcel.places.resize(n);
  parcel.weights.resize(3 * n);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t k = 0; k < n; ++k) parcel.weights[c * n + k] = p.weights[k][c];
  StoredSums work{.type = cube.type,
                  .big_endian = cube.big_endian,
                  .lines = tile.lines,
                  .samples = tile.samples,
                  .values = static_cast<int>(n),
                  .weights = parcel.weights,
                  .offset = p.offset,
                  .ignored = cube.ignore_value};
  if (is_complex(cube.type) || (cube.stride[1] != 1 && cube.stride[2] != 1))
    pack_values(cube, tile, p, parcel, work);
  else if (cube.stride[2] == 1)
    pack_pixels(cube, tile, p, parcel, work);
  else
    pack_lines(cube, tile, p, parcel, work);
  if (p.calibration != nullptr) pack_calibration(*p.calibration, tile, p.bands, parcel, work);
  work.stored = parcel.stored;
  work.places = parcel.places;
  accelerator.weighted_sums(work, out);
}

}
