#include "pipelines/melanoma/rivals.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/random.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/training.h"
#include "pipelines/melanoma/network.h"
#include "pipelines/melanoma/phantom.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace sensorium::melanoma {
namespace {

namespace fs = std::filesystem;

// A scene with one answer for the whole lesion.
class WholeLesions : public SampleSource {
public:
  explicit WholeLesions(const SampleSource& scenes) : scenes_(scenes) {}
  std::size_t size() const override { return scenes_.size(); }
  std::string group(std::size_t index) const override { return scenes_.group(index); }
  Sample get(std::size_t index, std::uint64_t seed) const override {
    Sample out = scenes_.get(index, seed);
    const auto& labels = out.target.values;
    const bool melanoma =
        std::count(labels.begin(), labels.end(), static_cast<float>(SkinClass::Melanoma)) > 0;
    out.target = {{1}, {melanoma ? 1.0f : 0.0f}};
    out.weight = {};
    return out;
  }

private:
  const SampleSource& scenes_;
};

TrainingOptions options_for(const RivalOptions& o, const std::string& kind) {
  TrainingOptions t;
  t.loss = kind == "vit" ? "cross_entropy" : "cross_entropy+dice";
  t.learning_rate = kind == "vit" ? 1e-3 : 4e-3;
  t.batch_size = o.batch_size;
  t.steps = o.steps;
  t.validate_every = t.checkpoint_every = std::max(1, std::min(o.steps, 200));
  t.keep_checkpoints = 1;
  t.seed = o.seed;
  t.threads = o.threads;
  return t;
}

hyper::Svm machine(const RivalOptions& o, const Context& context) {
  const auto rows = [&](int first, int count, const Context& part, std::vector<int>& labels) {
    std::vector<float> out;
    for (int p = first; p < first + count; ++p) {
      part.step(static_cast<double>(p - first) / count, "phantoms");
      Random random(random_key({static_cast<std::uint64_t>(p), 0x726f7773}));
      const hyper::Photograph photo =
          hyper::photograph(skin_of(p, field_side), judged_camera(random.uniform(15, 35)),
                            static_cast<std::uint64_t>(p));
      const std::vector<float> row = mean_spectra(photo, photo.labels);
      out.insert(out.end(), row.begin(), row.end());
      labels.push_back(*std::max_element(photo.labels.begin(), photo.labels.end()) ==
                       static_cast<std::uint8_t>(SkinClass::Melanoma));
    }
    return out;
  };
  std::vector<int> labels, check_labels;
  const std::vector<float> train = rows(1, o.patients, context.part(0, 0.8), labels),
                           check = rows(hyper::first_validation_patient,
                                        std::max(8, o.validation_patients), context.part(0.8, 1),
                                        check_labels);
  return hyper::Svm::chosen(train, labels, check, check_labels,
                            static_cast<int>(train.size() / labels.size()), 2);
}

std::uint8_t as_byte(double p) { return static_cast<std::uint8_t>(std::lround(255 * p)); }

std::vector<double> softmax(const std::vector<double>& logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> out;
  double sum = 0;
  for (const double l : logits) sum += out.emplace_back(std::exp(l - most));
  for (double& p : out) p /= sum;
  return out;
}

// [1, bands, lines, samples] of a field; cells without a spectrum are 0.
Tensor tensor_of(const Cube& field) {
  const auto values = samples<float>(field.data);
  Tensor out{{1, field.bands, field.lines, field.samples}, {values.begin(), values.end()}};
  for (float& v : out.values)
    if (!std::isfinite(v)) v = 0;
  return out;
}

hyper::TissueMap map_of(const Tensor& logits, const Cube& field) {
  hyper::TissueMap out{.lines = field.lines, .samples = field.samples};
  const std::size_t cells = field.pixels();
  out.classes.assign(cells, 0);
  out.probability.assign(class_count, std::vector<std::uint8_t>(cells));
  for (std::size_t i = 0; i < cells; ++i) {
    std::vector<double> one;
    for (std::size_t c = 0; c < class_count; ++c) one.push_back(logits.values[c * cells + i]);
    const std::vector<double> p = softmax(one);
    for (std::size_t c = 0; c < class_count; ++c) out.probability[c][i] = as_byte(p[c]);
  }
  return out;
}

}

std::vector<float> mean_spectra(const hyper::Photograph& photo,
                                const std::vector<std::uint8_t>& mask) {
  const std::size_t pixels = photo.labels.size(), bands = static_cast<std::size_t>(photo.bands);
  std::vector<float> out(2 * bands);
  double level = 0;
  for (const std::size_t part : {0, 1})
    for (std::size_t b = 0; b < bands; ++b) {
      double sum = 0, count = 0;
      for (std::size_t i = 0; i < pixels; ++i)
        if (photo.usable[i] != 0 && (mask[i] != 0) == (part == 0)) {
          sum += static_cast<double>(photo.spectra[b * pixels + i]);
          ++count;
        }
      const double mean = sum / std::max(1.0, count);
      out[part * bands + b] = static_cast<float>(mean);
      if (part == 1) level += mean / static_cast<double>(bands);
    }
  for (float& v : out) v = static_cast<float>(static_cast<double>(v) / std::max(1e-6, level));
  return out;
}

Rivals::Rivals(const RivalOptions& o, const fs::path& folder, const Context& context)
    : svm_(machine(o, context.part(0, 0.1))) {
  const hyper::ScenePatches training(skin_of, class_count, 1, o.patients, 1, field_side, true);
  const hyper::ScenePatches validation(skin_of, class_count, hyper::first_validation_patient,
                                       o.validation_patients, 1, field_side, true);
  const WholeLesions whole(training), whole_validation(validation);
  double from = 0.1;
  for (const char* kind : {"spectral", "spatial", "vit"}) {
    const bool lesions = std::string(kind) == "vit";
    const TrainingResult result =
        train(build_network({.kind = kind}, static_cast<std::uint64_t>(o.seed)),
              lesions ? static_cast<const SampleSource&>(whole) : training,
              lesions ? static_cast<const SampleSource&>(whole_validation) : validation,
              options_for(o, kind), folder / kind, context.part(from, from + 0.3));
    from += 0.3;
    const Graph graph = read_onnx(result.best);
    parameters_[kind] = graph.parameters();
    networks_.emplace(kind, Model::from_graph(graph, {.threads = o.threads}));
  }
}

std::map<std::string, double> Rivals::scores(const Judged& j) {
  std::map<std::string, double> out{{svm_method, -10}, {"vit", 0}};
  for (const char* rule : {"mean", "majority"})
    for (const char* kind : {"spectral", "spatial"}) out[fmt::format("{}, {}", kind, rule)] = 0;
  if (!j.lesion) return out;
  const Cube& field = j.reading.field.cube;
  const Tensor image = tensor_of(field);
  for (const char* kind : {"spectral", "spatial"}) {
    const hyper::TissueMap map =
        enlarged(map_of(networks_.at(kind).run(image), field), j.cube.lines, j.cube.samples);
    const Scores found = scores_in(map, j.lesion->region);
    for (const char* rule : {"mean", "majority"})
      out[fmt::format("{}, {}", kind, rule)] = found.by(rule);
  }
  const Tensor answer = networks_.at("vit").run(image);
  out["vit"] = softmax({answer.values.at(0), answer.values.at(1)})[1];
  std::vector<std::uint8_t> mask;
  paint_runs(j.lesion->region.runs, j.cube.samples, j.cube.lines, 1, mask);
  out[svm_method] = svm_.margins(mean_spectra(hyper::read_photograph(j.scene, j.cube), mask)).at(0);
  return out;
}

double Rivals::threshold(const std::string& method) { return method == svm_method ? 0 : 0.5; }

}

#endif
