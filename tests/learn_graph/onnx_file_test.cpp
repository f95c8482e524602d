// ONNX files: round trip, and files that lie.
#include "modules/learn/onnx_file.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

// The wire format of protocol buffers, just enough to write models that no library would write.
std::string varint(std::uint64_t v) {
  std::string out;
  for (; v >= 128; v >>= 7) out += static_cast<char>((v & 127) | 128);
  return out + static_cast<char>(v);
}
std::string number(int field, std::uint64_t v) {
  return varint(static_cast<std::uint64_t>(field) << 3) + varint(v);
}
std::string part(int field, const std::string& content) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(content.size()) + content;
}
std::string tensor(const std::string& name, const std::vector<std::uint64_t>& dims,
                   const std::string& rest) {
  std::string out;
  for (const auto d : dims) out += number(1, d);
  return out + number(2, 1) + part(8, name) + rest;
}
std::string external(const std::string& location, const std::string& offset = "0",
                     const std::string& length = "") {
  const auto entry = [](const std::string& key, const std::string& value) {
    return part(13, part(1, key) + part(2, value));
  };
  return entry("location", location) + entry("offset", offset) +
         (length.empty() ? "" : entry("length", length)) + number(14, 1);
}
std::string model(const std::string& graph_content, std::uint64_t opset = 17,
                  std::uint64_t ir = 8) {
  const std::string output = part(12, part(1, "y") + part(2, part(1, number(1, 1))));
  return number(1, ir) + part(8, part(1, "") + number(2, opset)) +
         part(7, part(2, "g") + graph_content + output);
}
std::string identity(const std::string& from = "w") {
  return part(1, part(1, from) + part(2, "y") + part(3, "n1") + part(4, "Identity"));
}
std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class OnnxFile : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sensorium_onnx_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    fs::create_directory(folder_ / "inner");
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path save(const std::string& content) const {
    write_atomically(folder_ / "inner/model.onnx", content);
    return folder_ / "inner/model.onnx";
  }
  fs::path folder_;
};

void expect_error(const std::function<void()>& f, ErrorCode code,
                  const std::vector<std::string>& parts) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    for (const std::string& p : parts)
      EXPECT_NE(std::string(e.what()).find(p), std::string::npos) << e.what() << " lacks " << p;
    EXPECT_FALSE(e.hint().empty()) << e.what();
    return;
  }
  ADD_FAILURE() << "no error: " << (parts.empty() ? "" : parts.front());
}

Graph two_nodes() {
  Graph graph;
  graph.name = "small";
  graph.inputs = {{"x", DType::Float32, {-1, 3}, {"batch", ""}}};
  graph.outputs = {{"y", DType::Float32, {-1, 2}, {"batch", ""}}};
  graph.initializers["w"] = HostTensor::floats({3, 2}, {1, 2, 3, 4, 5, 6});
  graph.nodes = {{"MatMul", "", "product", {"x", "w"}, {"p"}, {}},
                 {"LeakyRelu", "", "act", {"p"}, {"y"}, {{"alpha", 0.25f}}}};
  graph.metadata["sensorium.card"] = "{\"task\":\"segmentation\"}";
  return graph;
}

TEST_F(OnnxFile, WritesAndReadsTheSame) {
  const Graph graph = two_nodes();
  write_onnx(graph, folder_ / "m.onnx");
  const Graph back = read_onnx(folder_ / "m.onnx");
  EXPECT_EQ(back.opset, 17);
  EXPECT_EQ(back.ir_version, 8);
  EXPECT_EQ(back.metadata, graph.metadata);
  ASSERT_EQ(back.nodes.size(), 2u);
  EXPECT_EQ(back.nodes[1].number("alpha", 0), 0.25f);
  EXPECT_EQ(back.inputs[0].dims, (std::vector<std::int64_t>{-1, 3}));
  EXPECT_EQ(back.inputs[0].dim_names[0], "batch");
  EXPECT_EQ(back.initializers.at("w").bytes, graph.initializers.at("w").bytes);
  EXPECT_EQ(back.parameters(), 6);
  EXPECT_EQ(serialise_onnx(back), serialise_onnx(graph));
}

TEST_F(OnnxFile, EveryAttributeTypeSurvives) {
  Graph graph = two_nodes();
  graph.nodes[0].attributes = {{"i", std::int64_t{-7}},
                               {"f", 1.5f},
                               {"s", std::string("t\0x", 3)},
                               {"is", std::vector<std::int64_t>{1, -2}},
                               {"fs", std::vector<float>{0.5f}},
                               {"ss", std::vector<std::string>{"a", ""}},
                               {"t", HostTensor::ints({2}, {3, 4})}};
  const std::string text = serialise_onnx(graph);
  const Graph back = parse_onnx(bytes_of(text), "memory");
  const auto& a = back.nodes[0].attributes;
  EXPECT_EQ(std::get<std::int64_t>(a.at("i")), -7);
  EXPECT_EQ(std::get<std::string>(a.at("s")), std::string("t\0x", 3));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(a.at("is")), (std::vector<std::int64_t>{1, -2}));
  EXPECT_EQ(std::get<std::vector<std::string>>(a.at("ss")), (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(std::get<HostTensor>(a.at("t")).as<std::int64_t>()[1], 4);
}

TEST_F(OnnxFile, SortsNodesThatAreOutOfOrder) {
  Graph graph = two_nodes();
  std::swap(graph.nodes[0], graph.nodes[1]);
  const std::string text = serialise_onnx(graph);
  EXPECT_EQ(parse_onnx(bytes_of(text), "memory").nodes[0].name, "product");
}

TEST_F(OnnxFile, EveryTruncationIsAnErrorOrAnEmptyTail) {
  const std::string text = serialise_onnx(two_nodes());
  for (std::size_t n = 0; n < text.size(); ++n) {
    const std::string cut = text.substr(0, n);
    try {
      const Graph graph =
          parse_onnx(bytes_of(cut), "cut.onnx"); // fields after the graph may be missing
      EXPECT_EQ(graph.nodes.size(), 2u) << n;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("cut.onnx"), std::string::npos);
    }
  }
}

TEST_F(OnnxFile, CyclesDuplicatesAndMissingInputsAreNamed) {
  Graph cycle = two_nodes();
  cycle.nodes[0].inputs[0] = "y";
  const std::string a = serialise_onnx(cycle);
  expect_error([&] { parse_onnx(bytes_of(a), "a.onnx"); }, ErrorCode::BadInput,
               {"a.onnx", "cycle"});
  Graph missing = two_nodes();
  missing.nodes[0].inputs[1] = "nowhere";
  const std::string b = serialise_onnx(missing);
  expect_error([&] { parse_onnx(bytes_of(b), "b.onnx"); }, ErrorCode::BadInput,
               {"b.onnx", "product", "nowhere"});
  Graph twice = two_nodes();
  twice.nodes[0].outputs[0] = "y";
  const std::string c = serialise_onnx(twice);
  expect_error([&] { parse_onnx(bytes_of(c), "c.onnx"); }, ErrorCode::BadInput,
               {"c.onnx", "twice"});
  Graph no_output = two_nodes();
  no_output.outputs[0].name = "z";
  const std::string d = serialise_onnx(no_output);
  expect_error([&] { parse_onnx(bytes_of(d), "d.onnx"); }, ErrorCode::BadInput, {"d.onnx", "z"});
}

TEST_F(OnnxFile, SizesThatLie) {
  const auto refused = [&](const std::string& t) {
    expect_error([&] { read_onnx(save(model(part(5, t) + identity()))); }, ErrorCode::BadInput,
                 {"model.onnx", "'w'"});
  };
  refused(tensor("w", {3}, part(9, std::string(8, '\0'))));
  refused(tensor("w", {std::uint64_t{1} << 60}, part(9, std::string(8, '\0'))));
  refused(tensor("w", {std::uint64_t{1} << 32, std::uint64_t{1} << 32}, part(9, "")));
  refused(tensor("w", {~std::uint64_t{0}}, part(9, std::string(4, '\0')))); // -1
  read_onnx(save(model(part(5, tensor("w", {2}, part(9, std::string(8, '\0')))) + identity())));
}

TEST_F(OnnxFile, ExternalDataStaysInTheFolder) {
  write_atomically(folder_ / "inner/weights.bin", std::string(64, '\1'));
  write_atomically(folder_ / "secret.bin", std::string(64, '\2'));
  fs::create_symlink(folder_ / "secret.bin", folder_ / "inner/link.bin");
  const auto with = [&](const std::string& rest) {
    return save(model(part(5, tensor("w", {2}, rest)) + identity()));
  };
  EXPECT_EQ(read_onnx(with(external("weights.bin", "8", "8"))).initializers.at("w").bytes.size(),
            8u);
  for (const std::string& location :
       {std::string("../secret.bin"), (folder_ / "secret.bin").string(), std::string("link.bin"),
        std::string("x/../../secret.bin"), std::string()})
    expect_error([&] { read_onnx(with(external(location, "0", "8"))); }, ErrorCode::BadInput,
                 {"model.onnx", "'w'", "outside"});
  expect_error([&] { read_onnx(with(external("weights.bin", "60", "8"))); }, ErrorCode::BadInput,
               {"'w'"});
  expect_error([&] { read_onnx(with(external("weights.bin", "18446744073709551615", "8"))); },
               ErrorCode::BadInput, {"'w'"});
  expect_error([&] { read_onnx(with(external("none.bin", "0", "8"))); }, ErrorCode::NotFound,
               {"none.bin"});
  const std::string memory =
      model(part(5, tensor("w", {2}, external("weights.bin", "0", "8"))) + identity());
  expect_error([&] { parse_onnx(bytes_of(memory), "m"); }, ErrorCode::BadInput, {"'w'", "outside"});
}

TEST_F(OnnxFile, NewerFilesAndSubgraphsAreRefused) {
  const std::string weight = part(5, tensor("w", {1}, part(9, std::string(4, '\0'))));
  expect_error([&] { read_onnx(save(model(weight + identity(), 21))); }, ErrorCode::Unsupported,
               {"21"});
  expect_error([&] { read_onnx(save(model(weight + identity(), 17, 11))); }, ErrorCode::Unsupported,
               {"11"});
  EXPECT_EQ(read_onnx(save(model(weight + identity(), 20, 10))).opset, 20);
  const std::string branch =
      part(5, part(1, "then_branch") + number(20, 5) + part(6, part(2, "inner")));
  expect_error(
      [&] {
        read_onnx(save(model(weight + part(1, part(1, "w") + part(2, "y") + part(3, "choose") +
                                                  part(4, "If") + branch))));
      },
      ErrorCode::Unsupported, {"model.onnx", "choose", "then_branch"});
  expect_error([&] { read_onnx(save("not a model at all")); }, ErrorCode::BadInput, {"model.onnx"});
  expect_error([&] { read_onnx(folder_ / "absent.onnx"); }, ErrorCode::NotFound, {"absent.onnx"});
}

}
}
