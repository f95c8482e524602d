#include "pipelines/hs2rgb/chart.h"

#include "hyperspectral/colour.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/findings.h"
#include "modules/core/random.h"
#include "modules/io/envi_writer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace sensorium::hs2rgb {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

using hyper::colour_table;
using hyper::ColourTable;
constexpr int rows = 4, columns = 6;
constexpr double board = 0.03, scale = 10000; // reflectance of the board; stored value of 1

double reflectance(const ColourTable& table, std::size_t patch, double nm) {
  const std::vector<double>& at = table.columns[0];
  const auto above = std::upper_bound(at.begin() + 1, at.end() - 1, nm);
  const auto i = static_cast<std::size_t>(above - at.begin());
  const double part = (nm - at[i - 1]) / (at[i] - at[i - 1]);
  return (1 - part) * table.columns[patch][i - 1] + part * table.columns[patch][i];
}

std::vector<double> bands_of(const ChartOptions& o, const ColourTable& table) {
  std::vector<double> nm;
  for (int b = 0; o.first_nm + b * o.step_nm <= o.last_nm + 1e-9; ++b)
    nm.push_back(o.first_nm + b * o.step_nm);
  const double low = table.columns[0].front(), high = table.columns[0].back();
  if (o.first_nm < low || o.last_nm > high || nm.size() < 2)
    throw Error(
        ErrorCode::Usage,
        fmt::format("a chart from {} to {} nm cannot be made", o.first_nm, o.last_nm),
        fmt::format("the patches are known from {} to {} nm; take at least two bands", low, high));
  return nm;
}

json run(const std::vector<std::string>&, const json& parameters, const fs::path& output,
         const Context& context) {
  context.step(0, "making the chart");
  const auto options = parameters_from<ChartOptions>(parameters);
  const Chart chart = make_chart(options);
  const fs::path cube = output / "chart.hdr", patches = output / "patches.csv";
  envi::write(chart.cube, cube, context.part(0.5, 1));
  std::string table = "patch,line,sample,lines,samples\r\n";
  for (const ChartPatch& p : chart.patches)
    table += fmt::format("{},{},{},{},{}\r\n", csv_cell(p.name), p.line, p.sample, options.patch,
                         options.patch);
  write_atomically(patches, table);
  return {{"cube", cube.string()}, {"patches", patches.string()}};
}

}

void describe(ParameterVisitor& v, ChartOptions& p) {
  v.integer("seed", p.seed, {.help = "Of the noise.", .min = 0});
  v.integer("patch", p.patch, {.help = "Side of a patch.", .unit = "px", .min = 1, .max = 512});
  v.integer("gap", p.gap, {.help = "Between patches.", .unit = "px", .min = 0, .max = 128});
  v.number("first_nm", p.first_nm, {.help = "First band.", .unit = "nm", .min = 380, .max = 780});
  v.number("last_nm", p.last_nm, {.help = "Last band.", .unit = "nm", .min = 380, .max = 780});
  v.number("step_nm", p.step_nm, {.help = "Between bands.", .unit = "nm", .min = 0.5, .max = 100});
  v.number("noise", p.noise, {.help = "Standard deviation, in reflectance.", .min = 0, .max = 0.5});
}

Chart make_chart(const ChartOptions& o) {
  const ColourTable& table = colour_table("colorchecker_ohta_5nm.csv");
  Chart out;
  Cube& c = out.cube;
  c.wavelengths_nm = bands_of(o, table);
  c.wavelength_source = WavelengthSource::Stated;
  c.lines = rows * (o.patch + o.gap) + o.gap;
  c.samples = columns * (o.patch + o.gap) + o.gap;
  c.bands = static_cast<int>(c.wavelengths_nm.size());
  c.type = SampleType::UInt16;
  c.interleave = Interleave::Bil;
  c.reflectance_scale = scale;
  set_dense_strides(c);
  std::vector<int> patch_at(c.pixels(), -1);
  for (int i = 0; i < rows * columns; ++i) {
    const ChartPatch patch{table.names[static_cast<std::size_t>(i) + 1],
                           o.gap + i / columns * (o.patch + o.gap),
                           o.gap + i % columns * (o.patch + o.gap)};
    for (int y = 0; y < o.patch; ++y)
      std::fill_n(patch_at.begin() + std::ptrdiff_t{patch.line + y} * c.samples + patch.sample,
                  o.patch, i);
    out.patches.push_back(patch);
  }
  Random random(random_key({static_cast<std::uint64_t>(o.seed), 0x63686172}));
  std::vector<std::uint16_t> values(c.pixels() * c.wavelengths_nm.size());
  std::size_t at = 0;
  for (int y = 0; y < c.lines; ++y)
    for (const double nm : c.wavelengths_nm)
      for (int x = 0; x < c.samples; ++x) {
        const int i = patch_at[static_cast<std::size_t>(y) * static_cast<std::size_t>(c.samples) +
                               static_cast<std::size_t>(x)];
        const double clean =
            i < 0 ? board : reflectance(table, static_cast<std::size_t>(i) + 1, nm);
        const double noisy = scale * std::max(0.0, clean + o.noise * random.normal());
        values[at++] = static_cast<std::uint16_t>(std::lround(std::min(noisy, 65535.0)));
      }
  c.data = Buffer::of(std::move(values));
  c.origin.path = "chart.hdr";
  return out;
}

PipelineCommand chart_command() {
  return {.verb = "phantom",
          .title = "Make a synthetic cube of a ColorChecker",
          .parameters = specs_of<ChartOptions>(),
          .without_files = "a chart is made from its parameters alone",
          .run = run};
}

}
