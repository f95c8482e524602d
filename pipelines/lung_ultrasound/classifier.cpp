#include "pipelines/lung_ultrasound/classifier.h"

#include "modules/core/error.h"
#include "modules/core/extension.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/kept_model.h"
#endif

namespace sensorium::lung_ultrasound {

double expected_severity(const SignProbabilities& p) { return p[0] + p[1] + p[2]; }

std::vector<int> spread(int count, int most) {
  std::vector<int> out;
  const int n = std::min(count, most);
  for (int k = 0; k < n; ++k)
    out.push_back(static_cast<int>((2 * std::int64_t{k} + 1) * count / (2 * std::int64_t{n})));
  return out;
}

#ifndef SENSORIUM_HAS_LEARN

struct Classifier::Loaded {};
bool has_network() { return false; }
int Classifier::load(const std::filesystem::path&, const Context&) {
  throw without_networks("run", "choose --use_network false");
}
std::vector<FrameAnswer> Classifier::run(const std::vector<Picture>&) { return {}; }
std::optional<ClipAnswer> Classifier::run_clip(const std::vector<Picture>&) { return {}; }
std::string Classifier::card_json() const { return {}; }

#else

namespace {

constexpr std::size_t batch = 16;

Probabilities softmax(const float* logits) {
  Probabilities out{};
  const float most = *std::max_element(logits, logits + class_count);
  double sum = 0;
  for (std::size_t k = 0; k < out.size(); ++k)
    sum += out[k] = std::exp(static_cast<double>(logits[k] - most));
  for (double& p : out) p /= sum;
  return out;
}

bool gives(const Graph& graph, const std::string& output) {
  return std::any_of(graph.outputs.begin(), graph.outputs.end(),
                     [&](const ValueInfo& v) { return v.name == output; });
}

SignProbabilities sigmoid(const float* logits) {
  SignProbabilities out{};
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = 1 / (1 + std::exp(-double{logits[k]}));
  return out;
}

Error lies(const std::filesystem::path& model) {
  return Error(ErrorCode::Unsupported,
               fmt::format("'{}' does not give what it says", model.filename().string()),
               "choose a model that 'sensorium train lung_ultrasound' made");
}

Tensor tensor_of(const Picture* from, std::size_t n, std::int64_t side) {
  Tensor in{{static_cast<std::int64_t>(n), 1, side, side}, {}};
  for (std::size_t i = 0; i < n; ++i)
    for (const std::uint8_t v : from[i]) in.values.push_back(static_cast<float>(v) / 255);
  return in;
}

int side_of(const Graph& graph, const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    return Error(ErrorCode::Unsupported,
                 fmt::format("'{}' is no network for lung_ultrasound: {}", name, why),
                 "choose a model that 'sensorium train lung_ultrasound' made");
  };
  if (graph.inputs.size() != 1 || graph.inputs[0].dims.size() != 4)
    throw refuse("it does not take pictures");
  const auto& in = graph.inputs[0].dims;
  if (in[1] != 1 || in[2] != in[3] || in[2] < 16 || in[2] > 1024)
    throw refuse("it does not take grey squares of a fixed size");
  if (graph.outputs.size() < 2 || graph.outputs[0].name != "logits" ||
      graph.outputs[1].name != "maps")
    throw refuse("it does not give 'logits' and 'maps'");
  if (gives(graph, "clip") != gives(graph, "attention"))
    throw refuse("'clip' and 'attention' go together");
  if (graph.outputs[0].dims.size() != 2 || graph.outputs[0].dims[1] != class_count)
    throw refuse(fmt::format("it gives other than {} classes", class_count));
  return static_cast<int>(in[2]);
}

}

struct Classifier::Loaded {
  int side = 0;
  bool clip = false, signs = false;
  KeptModel model;
};

bool has_network() { return true; }

int Classifier::load(const std::filesystem::path& path, const Context& context) {
  if (!loaded_) loaded_ = std::make_unique<Loaded>();
  loaded_->model.load(path, context, [&](Model& model) {
    loaded_->side = side_of(model.graph(), path.filename().string());
    loaded_->clip = gives(model.graph(), "clip");
    loaded_->signs = gives(model.graph(), "signs");
  });
  return loaded_->side;
}

std::vector<FrameAnswer> Classifier::run(const std::vector<Picture>& pictures) {
  std::vector<FrameAnswer> out;
  for (std::size_t from = 0; from < pictures.size(); from += batch) {
    const std::size_t n = std::min(batch, pictures.size() - from);
    const Tensor in = tensor_of(pictures.data() + from, n, loaded_->side);
    const auto made = loaded_->model->run({{loaded_->model->graph().inputs[0].name, in}});
    const Tensor &logits = made.at("logits"), &maps = made.at("maps");
    if (logits.values.size() != n * class_count || maps.shape.size() != 4 ||
        maps.shape[1] != class_count ||
        (loaded_->signs && made.at("signs").values.size() != n * sign_count))
      throw lies(loaded_->model.path());
    const std::size_t each = maps.values.size() / n;
    for (std::size_t i = 0; i < n; ++i) {
      FrameAnswer answer{.probability = softmax(logits.values.data() + i * class_count)};
      answer.maps = {static_cast<int>(maps.shape[2]),
                     static_cast<int>(maps.shape[3]),
                     {maps.values.begin() + static_cast<std::ptrdiff_t>(i * each),
                      maps.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * each)}};
      if (loaded_->signs) answer.signs = sigmoid(made.at("signs").values.data() + i * sign_count);
      out.push_back(std::move(answer));
    }
  }
  return out;
}

std::optional<ClipAnswer> Classifier::run_clip(const std::vector<Picture>& frames) {
  if (!loaded_ || !loaded_->clip || frames.empty()) return std::nullopt;
  const Tensor in = tensor_of(frames.data(), frames.size(), loaded_->side);
  const auto made = loaded_->model->run({{loaded_->model->graph().inputs[0].name, in}});
  const Tensor &clip = made.at("clip"), &attention = made.at("attention");
  if (clip.values.size() != class_count || attention.values.size() != frames.size())
    throw lies(loaded_->model.path());
  return ClipAnswer{softmax(clip.values.data()),
                    {attention.values.begin(), attention.values.end()}};
}

std::string Classifier::card_json() const {
  return loaded_ && loaded_->model ? loaded_->model->card_json() : std::string();
}

#endif

Classifier::Classifier() = default;
Classifier::~Classifier() = default;

}
