#include "modules/learn/operators.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {

const std::vector<std::string>& known_operators() {
  static const std::vector<std::string> names = {"Abs",
                                                 "Acos",
                                                 "Acosh",
                                                 "Add",
                                                 "And",
                                                 "ArgMax",
                                                 "ArgMin",
                                                 "Asin",
                                                 "Asinh",
                                                 "Atan",
                                                 "Atanh",
                                                 "AveragePool",
                                                 "BatchNormalization",
                                                 "Cast",
                                                 "CastLike",
                                                 "Ceil",
                                                 "Celu",
                                                 "Clip",
                                                 "Concat",
                                                 "Constant",
                                                 "ConstantOfShape",
                                                 "Conv",
                                                 "ConvTranspose",
                                                 "Cos",
                                                 "Cosh",
                                                 "CumSum",
                                                 "DepthToSpace",
                                                 "Div",
                                                 "Dropout",
                                                 "Elu",
                                                 "Equal",
                                                 "Erf",
                                                 "Exp",
                                                 "Expand",
                                                 "Flatten",
                                                 "Floor",
                                                 "Gather",
                                                 "GatherElements",
                                                 "GatherND",
                                                 "Gelu",
                                                 "Gemm",
                                                 "GlobalAveragePool",
                                                 "GlobalMaxPool",
                                                 "Greater",
                                                 "GreaterOrEqual",
                                                 "GroupNormalization",
                                                 "HardSigmoid",
                                                 "HardSwish",
                                                 "Hardmax",
                                                 "Identity",
                                                 "InstanceNormalization",
                                                 "IsInf",
                                                 "IsNaN",
                                                 "LRN",
                                                 "LayerNormalization",
                                                 "LeakyRelu",
                                                 "Less",
                                                 "LessOrEqual",
                                                 "Log",
                                                 "LogSoftmax",
                                                 "LpNormalization",
                                                 "MatMul",
                                                 "Max",
                                                 "MaxPool",
                                                 "Mean",
                                                 "MeanVarianceNormalization",
                                                 "Min",
                                                 "Mish",
                                                 "Mod",
                                                 "Mul",
                                                 "Neg",
                                                 "NonZero",
                                                 "Not",
                                                 "OneHot",
                                                 "Or",
                                                 "PRelu",
                                                 "Pad",
                                                 "Pow",
                                                 "Range",
                                                 "Reciprocal",
                                                 "ReduceL1",
                                                 "ReduceL2",
                                                 "ReduceLogSum",
                                                 "ReduceLogSumExp",
                                                 "ReduceMax",
                                                 "ReduceMean",
                                                 "ReduceMin",
                                                 "ReduceProd",
                                                 "ReduceSum",
                                                 "ReduceSumSquare",
                                                 "Relu",
                                                 "Reshape",
                                                 "Resize",
                                                 "Round",
                                                 "ScatterElements",
                                                 "ScatterND",
                                                 "Selu",
                                                 "Shape",
                                                 "Shrink",
                                                 "Sigmoid",
                                                 "Sign",
                                                 "Sin",
                                                 "Sinh",
                                                 "Size",
                                                 "Slice",
                                                 "Softmax",
                                                 "Softplus",
                                                 "Softsign",
                                                 "SpaceToDepth",
                                                 "Split",
                                                 "Sqrt",
                                                 "Squeeze",
                                                 "Sub",
                                                 "Sum",
                                                 "Tan",
                                                 "Tanh",
                                                 "ThresholdedRelu",
                                                 "Tile",
                                                 "TopK",
                                                 "Transpose",
                                                 "Trilu",
                                                 "Unsqueeze",
                                                 "Upsample",
                                                 "Where",
                                                 "Xor"};
  return names;
}

std::vector<std::string> unknown_operators(const Graph& graph) {
  std::vector<std::string> out;
  const auto& known = known_operators();
  for (const Node& node : graph.nodes) {
    if (!node.domain.empty() && node.domain != "ai.onnx")
      out.push_back(fmt::format("node {} is of the domain '{}', which is not supported",
                                node.label(), node.domain));
    else if (!std::binary_search(known.begin(), known.end(), node.op))
      out.push_back(fmt::format("the operator of node {} is not supported", node.label()));
  }
  return out;
}

bool gives_probabilities(const Graph& graph) {
  if (graph.outputs.empty()) return false;
  std::string wanted = graph.outputs.front().name;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (std::find(node->outputs.begin(), node->outputs.end(), wanted) == node->outputs.end())
      continue;
    if (node->op != "Identity" || node->inputs.empty())
      return node->op == "Sigmoid" || node->op == "Softmax";
    wanted = node->inputs.front();
  }
  return false;
}

}
