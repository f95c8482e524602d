#include "pipelines/motor_fault/classifier.h"

#include "modules/core/error.h"
#include "modules/core/extension.h"

#include <algorithm>
#include <cmath>

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/kept_model.h"
#endif

namespace sensorium::motor_fault {

#ifndef SENSORIUM_HAS_LEARN

struct Classifier::Loaded {};
bool has_network() { return false; }
std::vector<std::array<float, class_count>>
Classifier::run(const std::filesystem::path&, const std::vector<Window>&, const Context&) {
  throw without_networks("run", "choose --use_network false");
}
std::string Classifier::card_json() const { return {}; }

#else

struct Classifier::Loaded {
  KeptModel model;
};

namespace {

std::array<float, class_count> softmax(const float* logits) {
  std::array<float, class_count> out{};
  const float most = *std::max_element(logits, logits + class_count);
  float sum = 0;
  for (int k = 0; k < class_count; ++k)
    sum += out[static_cast<std::size_t>(k)] = std::exp(logits[k] - most);
  for (float& p : out) p /= sum;
  return out;
}

}

bool has_network() { return true; }

std::vector<std::array<float, class_count>> Classifier::run(const std::filesystem::path& path,
                                                            const std::vector<Window>& windows,
                                                            const Context& context) {
  if (windows.empty()) return {};
  if (!loaded_) loaded_ = std::make_unique<Loaded>();
  loaded_->model.load(path, context);
  const auto n = static_cast<std::int64_t>(windows.size());
  const bool samples = loaded_->model->graph().inputs.at(0).dims.size() == 3;
  Tensor in{{n, static_cast<std::int64_t>(feature_count)}, {}};
  if (samples)
    in.shape = {n, static_cast<std::int64_t>(raw_channels), static_cast<std::int64_t>(raw_samples)};
  for (const Window& w : windows)
    if (samples)
      in.values.insert(in.values.end(), w.raw.begin(), w.raw.end());
    else
      in.values.insert(in.values.end(), w.features.begin(), w.features.end());
  const Tensor out = loaded_->model->run(in);
  if (out.values.size() != windows.size() * class_count)
    throw Error(ErrorCode::Unsupported,
                "'" + path.filename().string() +
                    "' is no network for motor_fault: it gives other "
                    "than 13 classes",
                "choose a model that was trained for motor_fault");
  std::vector<std::array<float, class_count>> rows;
  for (std::size_t i = 0; i < windows.size(); ++i)
    rows.push_back(softmax(out.values.data() + i * class_count));
  return rows;
}

std::string Classifier::card_json() const {
  return loaded_ && loaded_->model ? loaded_->model->card_json() : std::string();
}

#endif

Classifier::Classifier() = default;
Classifier::~Classifier() = default;

std::array<double, class_count> pooled(const std::vector<std::array<float, class_count>>& windows) {
  std::array<double, class_count> out{};
  for (const auto& row : windows)
    for (std::size_t k = 0; k < out.size(); ++k)
      out[k] += std::log(std::max(1e-12, static_cast<double>(row[k])));
  double most = -1e300, sum = 0;
  for (double& v : out)
    most = std::max(most, v /= std::max<double>(1, static_cast<double>(windows.size())));
  for (double& v : out) sum += v = std::exp(v - most);
  for (double& v : out) v /= sum;
  return out;
}

}
