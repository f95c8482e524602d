#include "pipelines/motor_fault/trainer.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/error.h"
#include "modules/learn/onnx_file.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium::motor_fault {
namespace {

using Logs = std::array<double, class_count>;

// Cross entropy of answers whose log-probabilities are divided by a temperature.
double cross_entropy(const std::vector<std::pair<Logs, int>>& answers, double temperature) {
  double out = 0;
  for (const auto& [logs, label] : answers) {
    const double most = *std::max_element(logs.begin(), logs.end());
    double sum = 0;
    for (const double l : logs) sum += std::exp((l - most) / temperature);
    out += std::log(sum) - (logs[static_cast<std::size_t>(label)] - most) / temperature;
  }
  return out / static_cast<double>(std::max<std::size_t>(1, answers.size()));
}

}

std::vector<Answer> answers_of(const std::filesystem::path& model,
                               const std::vector<Example>& examples, const Context& context) {
  std::vector<Window> features;
  for (const Example& e : examples) features.push_back(e.window);
  Classifier classifier;
  const auto rows = classifier.run(model, features, context);
  std::map<std::string, std::pair<std::vector<std::array<float, class_count>>, int>> groups;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& [windows, label] = groups[examples[i].group];
    windows.push_back(rows[i]);
    label = examples[i].label;
  }
  std::vector<Answer> out;
  for (const auto& [group, recording] : groups) {
    const auto p = pooled(recording.first);
    const auto best = std::max_element(p.begin(), p.end());
    out.push_back({group, recording.second, static_cast<int>(best - p.begin()), 0, *best});
  }
  return out;
}

double calibration_error(const std::vector<Answer>& answers) {
  std::array<double, 10> sure{}, right{};
  for (const Answer& a : answers) {
    const auto bin =
        static_cast<std::size_t>(std::clamp(static_cast<int>(a.probability * 10), 0, 9));
    sure[bin] += a.probability;
    right[bin] += a.found == a.label;
  }
  double out = 0;
  for (std::size_t b = 0; b < 10; ++b)
    out += std::abs(sure[b] - right[b]) / std::max<double>(1, static_cast<double>(answers.size()));
  return out;
}

double temperature_of(const Graph& graph, const std::vector<Example>& validation,
                      const std::filesystem::path& scratch, const Context& context) {
  write_onnx(graph, scratch);
  std::vector<Window> features;
  for (const Example& e : validation) features.push_back(e.window);
  Classifier classifier;
  const auto rows = classifier.run(scratch, features, context);
  std::map<std::string, std::pair<std::vector<std::array<float, class_count>>, int>> recordings;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& [windows, label] = recordings[validation[i].group];
    windows.push_back(rows[i]);
    label = validation[i].label;
  }
  std::vector<std::pair<Logs, int>> answers;
  for (const auto& [group, recording] : recordings) {
    Logs logs{};
    const auto p = pooled(recording.first);
    for (std::size_t k = 0; k < logs.size(); ++k) logs[k] = std::log(std::max(1e-30, p[k]));
    answers.push_back({logs, recording.second});
  }
  double best = 1, least = cross_entropy(answers, 1);
  for (double t = 0.2; t <= 20; t *= 1.02)
    if (const double loss = cross_entropy(answers, t); loss < least) {
      least = loss;
      best = t;
    }
  return best;
}

Graph with_temperature(Graph graph, double temperature) {
  std::string output = graph.outputs.at(0).name;
  for (auto at = graph.nodes.rbegin(); at != graph.nodes.rend(); ++at) {
    const Node& node = *at;
    if (node.outputs.empty() || node.outputs[0] != output) continue;
    if (node.op == "Identity") {
      output = node.inputs.at(0);
      continue;
    }
    if (node.op != "Gemm" || node.inputs.size() != 3)
      throw Error(ErrorCode::Internal, "the network does not end with a linear layer");
    for (const std::size_t input : {std::size_t{1}, std::size_t{2}})
      for (float& w : graph.initializers.at(node.inputs[input]).as<float>())
        w /= static_cast<float>(temperature);
    return graph;
  }
  throw Error(ErrorCode::Internal, "nothing makes the network's output");
}

}

#endif
