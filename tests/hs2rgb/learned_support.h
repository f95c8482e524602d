// Cubes, models and commands of the tests of the learned RGB.
#pragma once

#include "hyperspectral/learned_rgb.h"
#include "hyperspectral/scene_network.h"
#include "modules/core/file.h"
#include "modules/io/envi_writer.h"
#include "modules/learn/builders.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/hs2rgb/convert.h"
#include "tests/io_cube/support.h"
#include "tests/support/pipeline.h"

#ifdef SENSORIUM_HAS_LEARN
#include "hyperspectral/scene_training.h"
#include "hyperspectral/scene_whitening.h"
#include "modules/learn/model.h"
#endif

#include <algorithm>
#include <cmath>

namespace sensorium::hs2rgb {
Extension make_extension();

namespace test_learned {

using nlohmann::json;
namespace fs = std::filesystem;

// Lines x samples of spectra that are straight lines over the wavelength, so that every way of
// interpolating agrees. 400 to 700 nm.
inline Cube lines_of(double step_nm, float scale = 1) {
  Cube cube;
  cube.lines = 4;
  cube.samples = 5;
  for (double nm = 400; nm <= 700.001; nm += step_nm) cube.wavelengths_nm.push_back(nm);
  cube.bands = static_cast<int>(cube.wavelengths_nm.size());
  cube.wavelength_source = WavelengthSource::Stated;
  cube.type = SampleType::Float32;
  cube.interleave = Interleave::Bip;
  set_dense_strides(cube);
  std::vector<float> values;
  for (int p = 0; p < 20; ++p)
    for (const double nm : cube.wavelengths_nm)
      values.push_back(scale *
                       static_cast<float>(0.2 + 0.01 * p + (p - 10) * 0.03 * (nm - 550) / 300));
  cube.data = Buffer::of(std::move(values));
  cube.reflectance_scale = scale;
  cube.origin.path = "lines.hdr";
  cube.origin.sha256 = "abc";
  return cube;
}

// An untrained model that starts from the CIE rows, 400 to 700 nm every 10 nm; or one with an
// encoder of so many hidden units.
inline Graph untrained(const json& changes = json::object(), int encoder = 0) {
  hyper::RgbModel model;
  for (int nm = 400; nm <= 700; nm += 10) model.wavelengths_nm.push_back(nm);
  hyper::BandScaling scaling;
  for (int b = 0; b < 31; ++b) {
    scaling.mean.push_back(0.3f + 0.01f * static_cast<float>(b));
    scaling.deviation.push_back(0.05f + 0.002f * static_cast<float>(b));
  }
  const hyper::MixStart start{hyper::cie_rows(model.wavelengths_nm), {}};
  Graph graph = hyper::with_rgb_output(
      hyper::build_scene_network({.classes = 2, .encoder = encoder, .mixes = 6, .width = 8},
                                 scaling, encoder == 0 ? &start : nullptr, 1));
  model.started_from = "cie";
  model.classes = {"a", "b"};
  ModelCard card;
  json entry = hyper::rgb_card(model);
  entry.update(changes);
  card.further["hs2rgb"] = entry;
  set_card(graph, card);
  return graph;
}

inline fs::path written(const test::Folder& folder, const Graph& graph) {
  write_onnx(graph, folder / "model.onnx");
  return folder / "model.onnx";
}

inline std::vector<float> values_of(const hyper::Raster& raster) {
  const auto all = raster.rows(0, raster.lines());
  return {all.begin(), all.end()};
}

#ifdef SENSORIUM_HAS_LEARN

// Two classes in squares that differ at 850 nm alone: no colour shows them.
struct Field {
  test::Folder folder;
  std::string cube, labels;

  Field() {
    constexpr int side = 40, bands = 26;
    Cube c;
    c.lines = c.samples = side;
    c.bands = bands;
    c.type = SampleType::Float32;
    c.interleave = Interleave::Bip;
    set_dense_strides(c);
    c.reflectance_scale = 1;
    c.wavelength_source = WavelengthSource::Stated;
    Cube map = c;
    map.bands = 1;
    set_dense_strides(map);
    map.reflectance_scale.reset();
    map.wavelength_source = WavelengthSource::Absent;
    for (int b = 0; b < bands; ++b) c.wavelengths_nm.push_back(400 + 20 * b);
    std::vector<float> values, numbers;
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) {
        const int k = (y / 5 + x / 5) % 2;
        numbers.push_back(static_cast<float>(k + 1));
        for (int b = 0; b < bands; ++b)
          values.push_back(0.3f + 0.02f * std::sin(static_cast<float>(3 * b + 7 * y + 11 * x)) +
                           (k == 1 && b >= 21 && b <= 24 ? 0.2f : 0.0f));
      }
    c.data = Buffer::of(std::move(values));
    map.data = Buffer::of(std::move(numbers));
    cube = (folder / "field.hdr").string();
    labels = (folder / "classes.hdr").string();
    envi::write(c, cube, Context{});
    envi::write(map, labels, Context{});
  }
};

inline json ran(const std::string& verb, const std::vector<std::string>& files, const json& values,
                const fs::path& output) {
  const test::DrivenPipeline pipeline(make_extension());
  const PipelineCommand& command = pipeline.command(verb);
  make_folder(output);
  return command.run(files, complete(command.parameters, values), output, Context{.threads = 1});
}

#endif

}
}
