#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/weights.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using testing_support::run_program;

class Weights : public ::testing::Test {
protected:
  void SetUp() override { make_folder(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  static Graph network(int classes) {
    return build_residual_mlp({.inputs = 4, .classes = classes, .width = 8, .blocks = 1}, 1);
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-weights-" + std::to_string(::getpid()));
};

std::string file_with(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}
NamedTensors parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "case");
}
std::string refusal(const std::string& bytes) {
  try {
    parse(bytes);
  } catch (const Error& e) {
    return std::string(name_of(e.code())) + " " + e.what();
  }
  return "accepted";
}

TEST_F(Weights, AFileWrittenByHandIsRead) {
  const std::string data("\0\0\x80\x3f\0\0\0\xc0", 8); // 1, -2
  const NamedTensors w = parse(file_with(
      R"({"__metadata__":{"by":"hand"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
      data));
  EXPECT_EQ(w.metadata.at("by"), "hand");
  EXPECT_EQ(w.tensors.at("a").as<float>()[0], 1);
  EXPECT_EQ(w.tensors.at("a").as<float>()[1], -2);
}

TEST_F(Weights, LyingFilesAreRefused) {
  const std::string four(4, 'x');
  const auto one = [&](const std::string& entry, const std::string& data) {
    return refusal(file_with("{\"a\":" + entry + "}", data));
  };
  EXPECT_NE(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", four + "y")
                .find("5 bytes of data"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", four).find("asks for 8"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})", four).find("bad_input"),
            std::string::npos);
  EXPECT_NE(
      one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", four).find("impossible shape"),
      std::string::npos);
  EXPECT_NE(
      one(R"({"dtype":"F32","shape":[1099511627776,1099511627776],"data_offsets":[0,4]})", four)
          .find("impossible shape"),
      std::string::npos);
  EXPECT_NE(
      one(R"({"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]})", four).find("unsupported"),
      std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[1]})", four).find("bad_input"), std::string::npos);
  EXPECT_NE(one("[]", four).find("bad_input"), std::string::npos);
  EXPECT_NE(
      refusal(
          file_with(
              R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
              four))
          .find("overlap"),
      std::string::npos);
  EXPECT_NE(
      refusal(
          file_with(
              R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
              four))
          .find("twice"),
      std::string::npos);
  EXPECT_NE(refusal(std::string(8, '\xff')).find("header"), std::string::npos);
  EXPECT_NE(refusal(file_with(std::string(10000, '['), "")).find("bad_input"), std::string::npos);
  const std::string whole =
      file_with(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four);
  ASSERT_EQ(refusal(whole), "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal(whole.substr(0, size)), "accepted") << size;
}

TEST_F(Weights, HalfAndBFloat16BecomeFloats) {
  Graph graph;
  graph.initializers["h"] = HostTensor::floats({4}, {0, 0, 0, 0});
  graph.initializers["b"] = HostTensor::floats({1}, {0});
  // binary16 (IEEE 754): 1.5 = 3e00, -2 = c000, smallest subnormal 2^-24 = 0001, 65504 = 7bff;
  // bfloat16 -1.5 = bfc0
  const std::string data("\x00\x3e\x00\xc0\x01\x00\xff\x7b\xc0\xbf", 10);
  const WeightReport report = load_weights(
      graph,
      parse(file_with(
          R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]}})",
          data)));
  EXPECT_TRUE(report.complete());
  const auto h = graph.initializers.at("h").as<float>();
  EXPECT_EQ(h[0], 1.5f);
  EXPECT_EQ(h[1], -2);
  EXPECT_EQ(h[2], std::ldexp(1.0f, -24));
  EXPECT_EQ(h[3], 65504);
  EXPECT_EQ(graph.initializers.at("b").as<float>()[0], -1.5f);
}

TEST_F(Weights, TheReportNamesWhatDoesNotFit) {
  Graph two = network(2), three = network(3);
  write_onnx(three, folder_ / "three.onnx");
  const Graph before = two;
  const WeightReport report = load_weights(two, folder_ / "three.onnx");
  EXPECT_FALSE(report.complete());
  ASSERT_EQ(report.mismatched.size(), 2u) << report.text(); // the last layer's weight and bias
  EXPECT_TRUE(report.missing.empty()) << report.text();
  EXPECT_TRUE(report.unexpected.empty()) << report.text();
  for (const std::string& name : report.loaded)
    EXPECT_EQ(two.initializers.at(name).bytes, three.initializers.at(name).bytes);
  const std::string changed =
      report.mismatched.front().substr(0, report.mismatched.front().find(':'));
  EXPECT_EQ(two.initializers.at(changed).bytes, before.initializers.at(changed).bytes);

  NamedTensors other;
  other.tensors["module." + report.loaded.front()] = three.initializers.at(report.loaded.front());
  other.tensors["tail.weight"] = HostTensor::floats({1}, {1});
  const WeightReport partial = load_weights(two, other);
  EXPECT_EQ(partial.loaded, std::vector<std::string>{report.loaded.front()});
  EXPECT_EQ(partial.unexpected, std::vector<std::string>{"tail.weight"});
  EXPECT_EQ(partial.missing.size() + 1, report.loaded.size() + report.mismatched.size());
}

TEST_F(Weights, TheReferenceReadsWhatWeWriteAndWeReadWhatItWrites) {
  if (run_program({SENSORIUM_JUDGES "/bin/python", "-c", "import safetensors"}).status != 0)
    GTEST_SKIP() << "skipped: no judges";
  NamedTensors ours;
  ours.metadata["made"] = "here";
  ours.tensors["w"] = HostTensor::floats({2, 3}, {1, 2, 3, 4, 5, 6.5f});
  ours.tensors["n"] = HostTensor::ints({2}, {-7, 8});
  write_safetensors(ours, folder_ / "ours.safetensors");
  const auto outcome = run_program(
      {SENSORIUM_JUDGES "/bin/python", "-c",
       "import sys, numpy as np\n"
       "from safetensors import safe_open\n"
       "from safetensors.numpy import save_file\n"
       "f = safe_open(sys.argv[1], 'np')\n"
       "print(f.metadata(), f.get_tensor('w').tolist(), f.get_tensor('n').tolist())\n"
       "save_file({'z': np.arange(6, dtype=np.float16).reshape(2, 3), 'a': np.array([[0.1]]), 'e': "
       "np.zeros((0, 3), np.float32)}, sys.argv[2])",
       (folder_ / "ours.safetensors").string(), (folder_ / "theirs.safetensors").string()});
  EXPECT_EQ(outcome.out, "{'made': 'here'} [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]] [-7, 8]\n")
      << outcome.err;
  const NamedTensors theirs = read_safetensors(folder_ / "theirs.safetensors");
  EXPECT_EQ(theirs.tensors.at("z").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(theirs.tensors.at("z").as<std::uint16_t>()[5], 0x4500); // 5 in binary16
  EXPECT_EQ(theirs.tensors.at("a").as<double>()[0], 0.1);
  EXPECT_EQ(theirs.tensors.at("e").elements(), 0);
  Graph graph;
  graph.initializers["z"] = HostTensor::floats({2, 3}, std::vector<float>(6));
  const WeightReport report = load_weights(graph, folder_ / "theirs.safetensors");
  EXPECT_EQ(report.loaded, std::vector<std::string>{"z"});
  EXPECT_EQ(report.unexpected, (std::vector<std::string>{"a", "e"}));
  EXPECT_EQ(graph.initializers.at("z").as<float>()[4], 4);
}

}
}
