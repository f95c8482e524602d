// A network as data: nodes, weights and a card. Read from ONNX, written to ONNX, executed and
// trained by executor.h. No LibTorch and no protobuf here: tools that inspect, prune, price or
// generate code stand on this header alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace sensorium {

// The numbers are those of ONNX's TensorProto.DataType.
enum class DType {
  Undefined = 0,
  Float32 = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  Bool = 9,
  Float16 = 10,
  Float64 = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16
};
std::size_t size_of(DType type); // bytes of one element; 0 for Undefined

// A constant: weights, or an attribute's value. Row-major.
struct HostTensor {
  DType type = DType::Float32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;

  std::int64_t elements() const;
  template<class T> std::span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template<class T> std::span<T> as() {
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  static HostTensor floats(std::vector<std::int64_t> shape, const std::vector<float>& values);
  static HostTensor ints(std::vector<std::int64_t> shape, const std::vector<std::int64_t>& values);
};

using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                               std::vector<float>, std::vector<std::string>, HostTensor>;

struct Node {
  std::string op, domain, name;
  std::vector<std::string> inputs, outputs; // an empty name: an optional one that is absent
  std::map<std::string, Attribute> attributes;

  std::int64_t integer(const std::string& key, std::int64_t otherwise) const;
  float number(const std::string& key, float otherwise) const;
  std::string text(const std::string& key, const std::string& otherwise) const;
  std::vector<std::int64_t> integers(const std::string& key,
                                     std::vector<std::int64_t> otherwise = {}) const;
  std::string label() const; // "Conv 'encoder0.conv1'": for messages
};

// dims: -1 where any size goes.
struct ValueInfo {
  std::string name;
  DType type = DType::Float32;
  std::vector<std::int64_t> dims;
  std::vector<std::string> dim_names; // "batch", "height" ...; empty where fixed
  bool has_shape = true;
};

struct Graph {
  std::string name;
  std::vector<ValueInfo> inputs, outputs; // inputs: without the initializers
  std::vector<Node> nodes;                // in an order in which they can run
  std::map<std::string, HostTensor> initializers;
  int opset = 17, ir_version = 8;
  std::map<std::string, std::string> metadata; // "sensorium.card": the model card, JSON

  std::int64_t parameters() const; // elements of all floating-point initializers
};

// Throws Error BadInput: cycle, name defined twice, input that nothing makes, sizes that do not
// match their bytes. Sorts the nodes where the file did not. name: the file, for the message.
void check(Graph& graph, const std::string& name);

}
