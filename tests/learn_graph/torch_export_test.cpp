// Networks that PyTorch exported give what PyTorch gave (tests/data/learn/README.md).
#include "modules/learn/model.h"
#include "modules/learn/onnx_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

class TorchExport : public testing::TestWithParam<const char*> {};

TEST_P(TorchExport, GivesWhatPyTorchGave) {
  const std::string stem = std::string(SENSORIUM_SOURCE_DIR) + "/tests/data/learn/" + GetParam();
  const HostTensor input = parse_tensor_file(stem + ".in.pb"),
                   want = parse_tensor_file(stem + ".out.pb");
  for (const bool optimise : {true, false}) {
    Model model = Model::load(stem + ".onnx", {.optimise = optimise});
    EXPECT_TRUE(unsupported_nodes(model.graph()).empty());
    const HostTensor got = model.run_typed({{"image", input}}).at("result");
    ASSERT_EQ(got.shape, want.shape);
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < want.as<float>().size(); ++i) {
      largest = std::max(largest, std::abs(double{want.as<float>()[i]}));
      difference = std::max(difference, std::abs(double{want.as<float>()[i]} - got.as<float>()[i]));
    }
    EXPECT_GT(largest, 0);
    EXPECT_LE(difference, 1e-4 * largest) << "passes: " << optimise;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, TorchExport,
                         testing::Values("classifier_torchscript17", "classifier_dynamo18",
                                         "classifier_dynamo20", "segmenter_torchscript17",
                                         "segmenter_dynamo18", "segmenter_dynamo20"));

}
}
