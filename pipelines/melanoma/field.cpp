#include "pipelines/melanoma/field.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::melanoma {
namespace {

int cells(int size, double scale) {
  return std::max(1, static_cast<int>(std::lround(size / scale)));
}

int cell_of(int at, int size, int count) {
  return static_cast<int>(static_cast<std::int64_t>(at) * count / size);
}

struct Cells {
  int lines, samples;
  std::size_t bands;
  std::vector<double> sum; // [band][cell]
  std::vector<std::uint32_t> usable, all;
};

void add_line(const Cube& cube, int line, std::span<const float> spectra,
              std::span<const std::uint8_t> usable, Cells& c) {
  const auto width = static_cast<std::size_t>(cube.samples),
             count = static_cast<std::size_t>(c.lines) * static_cast<std::size_t>(c.samples);
  const auto row = static_cast<std::size_t>(cell_of(line, cube.lines, c.lines)) *
                   static_cast<std::size_t>(c.samples);
  for (std::size_t x = 0; x < width; ++x) {
    const std::size_t cell =
        row + static_cast<std::size_t>(cell_of(static_cast<int>(x), cube.samples, c.samples));
    ++c.all[cell];
    if (usable[x] == 0) continue;
    ++c.usable[cell];
    for (std::size_t b = 0; b < c.bands; ++b) c.sum[b * count + cell] += spectra[b * width + x];
  }
}

// Where a pixel lies between the middles of the cells.
struct Between {
  std::size_t low = 0, high = 0;
  double part = 0;
};
Between between(int at, int size, int count) {
  const double place = std::clamp((at + 0.5) * count / size - 0.5, 0.0, count - 1.0);
  Between out;
  out.low = static_cast<std::size_t>(place);
  out.high = std::min(out.low + 1, static_cast<std::size_t>(count - 1));
  out.part = place - static_cast<double>(out.low);
  return out;
}

}

Field field_of(const Cube& cube, const hyper::SpectraReader& reader, int side,
               const Context& context) {
  const std::vector<double>& nm = reader.wavelengths_nm();
  const double scale =
      std::max(1.0, static_cast<double>(std::min(cube.lines, cube.samples)) / side);
  Cells c{.lines = cells(cube.lines, scale),
          .samples = cells(cube.samples, scale),
          .bands = nm.size(),
          .sum = {},
          .usable = {},
          .all = {}};
  const auto count = static_cast<std::size_t>(c.lines) * static_cast<std::size_t>(c.samples);
  c.sum.assign(count * c.bands, 0);
  c.usable.assign(count, 0);
  c.all.assign(count, 0);
  Field out;
  out.grey.reserve(cube.pixels());
  std::vector<float> spectra;
  std::vector<std::uint8_t> usable;
  for (int line = 0; line < cube.lines; ++line) {
    context.step(static_cast<double>(line) / cube.lines, "reading");
    reader.read({line, 1, 0, cube.samples}, spectra, usable);
    add_line(cube, line, spectra, usable, c);
    for (std::size_t x = 0; x < usable.size(); ++x) {
      double sum = 0, bands = 0;
      for (std::size_t b = 0; b < c.bands; ++b)
        if (nm[b] >= 600 && nm[b] <= 700) {
          sum += spectra[b * usable.size() + x];
          ++bands;
        }
      out.grey.push_back(static_cast<float>(std::clamp(sum / std::max(1.0, bands), 0.0, 1.0)));
    }
  }
  std::vector<float> values(count * c.bands, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t b = 0; b < c.bands && 2 * c.usable[i] >= c.all[i] && c.usable[i] > 0; ++b)
      values[b * count + i] = static_cast<float>(c.sum[b * count + i] / c.usable[i]);
  out.cube.lines = c.lines;
  out.cube.samples = c.samples;
  out.cube.bands = static_cast<int>(c.bands);
  out.cube.type = SampleType::Float32;
  out.cube.interleave = Interleave::Bsq;
  set_dense_strides(out.cube);
  out.cube.data = Buffer::of(std::move(values));
  out.cube.wavelengths_nm = nm;
  out.cube.wavelength_source = WavelengthSource::Stated;
  out.cube.reflectance_scale = 1;
  out.cube.origin.path = cube.origin.path;
  return out;
}

hyper::TissueMap enlarged(const hyper::TissueMap& small, int lines, int samples) {
  hyper::TissueMap out{.lines = lines, .samples = samples};
  const std::size_t pixels = static_cast<std::size_t>(lines) * static_cast<std::size_t>(samples),
                    classes = small.probability.size(),
                    width = static_cast<std::size_t>(small.samples);
  out.classes.assign(pixels, hyper::no_class);
  out.probability.assign(classes, std::vector<std::uint8_t>(pixels));
  out.check = small.check;
  out.unlike = small.unlike;
  for (int y = 0; y < lines; ++y) {
    const Between v = between(y, lines, small.lines);
    const auto cell_line = static_cast<std::size_t>(cell_of(y, lines, small.lines)) * width;
    for (int x = 0; x < samples; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(samples) +
                            static_cast<std::size_t>(x);
      if (small.classes[cell_line + static_cast<std::size_t>(cell_of(x, samples, small.samples))] ==
          hyper::no_class) {
        ++out.without_spectrum;
        continue;
      }
      const Between u = between(x, samples, small.samples);
      double most = -1;
      for (std::size_t k = 0; k < classes; ++k) {
        double value = 0, weight = 0;
        for (const auto& [row, part_v] : {std::pair{v.low, 1 - v.part}, std::pair{v.high, v.part}})
          for (const auto& [column, part_u] :
               {std::pair{u.low, 1 - u.part}, std::pair{u.high, u.part}}) {
            if (small.classes[row * width + column] == hyper::no_class) continue;
            value += part_v * part_u * small.probability[k][row * width + column];
            weight += part_v * part_u;
          }
        value /= std::max(1e-12, weight);
        out.probability[k][i] = static_cast<std::uint8_t>(std::lround(value));
        if (value > most) {
          most = value;
          out.classes[i] = static_cast<std::uint8_t>(k);
        }
      }
    }
  }
  return out;
}

Reading read_skin(hyper::TissueSegmenter& segmenter, const std::filesystem::path& model,
                  const Cube& cube, std::shared_ptr<const hyper::Calibration> calibration,
                  const Context& context) {
  const hyper::SpectraReader reader(cube, hyper::tissue_wavelengths(), std::move(calibration));
  Reading out{field_of(cube, reader, field_side, context.part(0, 0.5)), {}};
  const hyper::TissueMap small =
      segmenter.run(model, out.field.cube, nullptr, context.part(0.5, 0.95));
  out.map = enlarged(small, cube.lines, cube.samples);
  out.map.grey = out.field.grey;
  out.map.check = reader.check();
  return out;
}

}
