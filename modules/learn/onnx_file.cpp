// The only translation unit with protobuf headers: LibTorch brings others of its own
// (docs/DESIGN.md, decision 6).
#include "modules/learn/onnx_file.h"

#include "modules/core/error.h"
#include "modules/core/file.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr int newest_opset = 20, newest_ir = 10, written_ir = 8;
constexpr std::uint64_t file_limit = std::uint64_t{2} << 30;

template<class T, class Values> void append_as(std::vector<std::byte>& out, const Values& values) {
  for (const auto& value : values) {
    const T typed = static_cast<T>(value);
    const auto* bytes = reinterpret_cast<const std::byte*>(&typed);
    out.insert(out.end(), bytes, bytes + sizeof(T));
  }
}

void external_data(HostTensor& out, const onnx::TensorProto& in, const std::string& name,
                   const fs::path& folder) {
  std::string location;
  std::uint64_t offset = 0, length = 0;
  for (const auto& entry : in.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = std::strtoull(entry.value().c_str(), nullptr, 10);
    if (entry.key() == "length") length = std::strtoull(entry.value().c_str(), nullptr, 10);
  }
  const fs::path relative = fs::path(location).lexically_normal();
  std::error_code code;
  const fs::path file = fs::weakly_canonical(folder / relative, code);
  const fs::path base = fs::weakly_canonical(folder, code);
  const auto inside = file.lexically_relative(base);
  if (folder.empty() || location.empty() || relative.is_absolute() || inside.empty() ||
      *inside.begin() == "..")
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}': the weight '{}' lies outside the model's folder ('{}')", name,
                            in.name(), location),
                "keep external weights beside the model file");
  const auto mapped = MappedFile::open(file);
  if (length == 0)
    length = mapped->bytes().size() - std::min<std::uint64_t>(offset, mapped->bytes().size());
  if (offset > mapped->bytes().size() || length > mapped->bytes().size() - offset)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}': the weight '{}' asks for bytes that '{}' does not have", name,
                            in.name(), location),
                "the model's files do not belong together");
  const auto part = mapped->bytes().subspan(offset, length);
  out.bytes.assign(part.begin(), part.end());
}

HostTensor tensor_from(const onnx::TensorProto& in, const std::string& name,
                       const fs::path& folder) {
  HostTensor out;
  out.type = static_cast<DType>(in.data_type());
  if (size_of(out.type) == 0)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}': the weight '{}' has the type {}, which is not supported", name,
                            in.name(), in.data_type()),
                "export the model in float32");
  out.shape.assign(in.dims().begin(), in.dims().end());
  if (in.data_location() == onnx::TensorProto::EXTERNAL)
    external_data(out, in, name, folder);
  else if (in.has_raw_data()) {
    const auto* raw = reinterpret_cast<const std::byte*>(in.raw_data().data());
    out.bytes.assign(raw, raw + in.raw_data().size());
  } else {
    switch (out.type) {
    case DType::Float32:
      append_as<float>(out.bytes, in.float_data());
      break;
    case DType::Float64:
      append_as<double>(out.bytes, in.double_data());
      break;
    case DType::Int64:
      append_as<std::int64_t>(out.bytes, in.int64_data());
      break;
    case DType::Int32:
      append_as<std::int32_t>(out.bytes, in.int32_data());
      break;
    case DType::UInt8:
      append_as<std::uint8_t>(out.bytes, in.int32_data());
      break;
    case DType::Int8:
      append_as<std::int8_t>(out.bytes, in.int32_data());
      break;
    case DType::Bool:
      append_as<std::uint8_t>(out.bytes, in.int32_data());
      break;
    case DType::UInt16:
    case DType::Float16:
    case DType::BFloat16:
      append_as<std::uint16_t>(out.bytes, in.int32_data());
      break;
    case DType::Int16:
      append_as<std::int16_t>(out.bytes, in.int32_data());
      break;
    case DType::UInt32:
      append_as<std::uint32_t>(out.bytes, in.uint64_data());
      break;
    case DType::UInt64:
      append_as<std::uint64_t>(out.bytes, in.uint64_data());
      break;
    case DType::Undefined:
      break;
    }
  }
  return out;
}

Attribute attribute_from(const onnx::AttributeProto& in, const Node& node, const std::string& name,
                         const fs::path& folder) {
  switch (in.type()) {
  case onnx::AttributeProto::INT:
    return in.i();
  case onnx::AttributeProto::FLOAT:
    return in.f();
  case onnx::AttributeProto::STRING:
    return in.s();
  case onnx::AttributeProto::INTS:
    return std::vector<std::int64_t>(in.ints().begin(), in.ints().end());
  case onnx::AttributeProto::FLOATS:
    return std::vector<float>(in.floats().begin(), in.floats().end());
  case onnx::AttributeProto::STRINGS:
    return std::vector<std::string>(in.strings().begin(), in.strings().end());
  case onnx::AttributeProto::TENSOR:
    return tensor_from(in.t(), name, folder);
  default:
    break;
  }
  throw Error(ErrorCode::Unsupported,
              fmt::format("'{}': the attribute '{}' of node {} holds a subgraph or another type "
                          "that is not supported",
                          name, in.name(), node.label()),
              "export the model without loops and branches");
}

ValueInfo value_from(const onnx::ValueInfoProto& in) {
  ValueInfo out{in.name(),
                static_cast<DType>(in.type().tensor_type().elem_type()),
                {},
                {},
                in.type().tensor_type().has_shape()};
  for (const auto& dim : in.type().tensor_type().shape().dim()) {
    out.dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
    out.dim_names.push_back(dim.dim_param());
  }
  return out;
}

Graph graph_from(const onnx::ModelProto& model, const std::string& name, const fs::path& folder) {
  Graph graph;
  graph.name = model.graph().name();
  graph.ir_version = static_cast<int>(model.ir_version());
  for (const auto& set : model.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx")
      graph.opset = static_cast<int>(set.version());
  if (graph.ir_version > newest_ir || graph.opset > newest_opset)
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("'{}' has opset {} and IR {}; this program reads up to opset {} and IR {}",
                    name, graph.opset, graph.ir_version, newest_opset, newest_ir),
        "export it with an older opset (17 is written here)");
  if (model.graph().sparse_initializer_size() > 0)
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' has sparse weights", name),
                "export it with dense weights");
  for (const auto& t : model.graph().initializer())
    if (!graph.initializers.emplace(t.name(), tensor_from(t, name, folder)).second)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}': the weight '{}' is there twice", name, t.name()),
                  "the model file is damaged");
  for (const auto& v : model.graph().input())
    if (!graph.initializers.contains(v.name())) graph.inputs.push_back(value_from(v));
  for (const auto& v : model.graph().output()) graph.outputs.push_back(value_from(v));
  for (const auto& n : model.graph().node()) {
    Node node{n.op_type(),
              n.domain() == "ai.onnx" ? "" : n.domain(),
              n.name(),
              {n.input().begin(), n.input().end()},
              {n.output().begin(), n.output().end()},
              {}};
    for (const auto& a : n.attribute())
      node.attributes.emplace(a.name(), attribute_from(a, node, name, folder));
    graph.nodes.push_back(std::move(node));
  }
  for (const auto& entry : model.metadata_props()) graph.metadata[entry.key()] = entry.value();
  check(graph, name);
  return graph;
}

Graph parse(std::span<const std::byte> bytes, const std::string& name, const fs::path& folder) {
  onnx::ModelProto model;
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const std::uint8_t*>(bytes.data()),
      static_cast<int>(std::min<std::size_t>(bytes.size(), INT32_MAX)));
  stream.SetRecursionLimit(50);
  if (bytes.size() > file_limit || !model.ParseFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage() || !model.has_graph())
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is not an ONNX model, or it is cut short", name),
                "copy or export the file again");
  return graph_from(model, name, folder);
}

void write_tensor(onnx::TensorProto* out, const std::string& name, const HostTensor& in) {
  out->set_name(name);
  out->set_data_type(static_cast<int>(in.type));
  for (const std::int64_t d : in.shape) out->add_dims(d);
  out->set_raw_data(in.bytes.data(), in.bytes.size());
}

void write_value(onnx::ValueInfoProto* out, const ValueInfo& in) {
  out->set_name(in.name);
  auto* type = out->mutable_type()->mutable_tensor_type();
  type->set_elem_type(static_cast<int>(in.type));
  if (!in.has_shape) return;
  auto* shape = type->mutable_shape();
  for (std::size_t i = 0; i < in.dims.size(); ++i) {
    auto* dim = shape->add_dim();
    if (in.dims[i] >= 0)
      dim->set_dim_value(in.dims[i]);
    else
      dim->set_dim_param(i < in.dim_names.size() && !in.dim_names[i].empty()
                             ? in.dim_names[i]
                             : fmt::format("{}_{}", in.name, i));
  }
}

struct AttributeWriter {
  onnx::AttributeProto* out;
  void operator()(std::int64_t v) const { out->set_type(onnx::AttributeProto::INT), out->set_i(v); }
  void operator()(float v) const { out->set_type(onnx::AttributeProto::FLOAT), out->set_f(v); }
  void operator()(const std::string& v) const {
    out->set_type(onnx::AttributeProto::STRING), out->set_s(v);
  }
  void operator()(const std::vector<std::int64_t>& v) const {
    out->set_type(onnx::AttributeProto::INTS);
    for (const auto x : v) out->add_ints(x);
  }
  void operator()(const std::vector<float>& v) const {
    out->set_type(onnx::AttributeProto::FLOATS);
    for (const auto x : v) out->add_floats(x);
  }
  void operator()(const std::vector<std::string>& v) const {
    out->set_type(onnx::AttributeProto::STRINGS);
    for (const auto& x : v) out->add_strings(x);
  }
  void operator()(const HostTensor& v) const {
    out->set_type(onnx::AttributeProto::TENSOR);
    write_tensor(out->mutable_t(), "", v);
  }
};

}

Graph read_onnx(const fs::path& path) {
  const auto file = MappedFile::open(path);
  return parse(file->bytes(), path.string(), fs::absolute(path).parent_path());
}

Graph parse_onnx(std::span<const std::byte> bytes, const std::string& name) {
  return parse(bytes, name, {});
}

std::string serialise_onnx(const Graph& graph) {
  onnx::ModelProto model;
  model.set_ir_version(written_ir);
  model.set_producer_name("sensorium");
  auto* opset = model.add_opset_import();
  opset->set_domain("");
  opset->set_version(graph.opset);
  auto* out = model.mutable_graph();
  out->set_name(graph.name.empty() ? "network" : graph.name);
  for (const ValueInfo& v : graph.inputs) write_value(out->add_input(), v);
  for (const ValueInfo& v : graph.outputs) write_value(out->add_output(), v);
  for (const auto& [name, tensor] : graph.initializers)
    write_tensor(out->add_initializer(), name, tensor);
  for (const Node& node : graph.nodes) {
    auto* n = out->add_node();
    n->set_op_type(node.op);
    n->set_domain(node.domain);
    n->set_name(node.name);
    for (const std::string& input : node.inputs) n->add_input(input);
    for (const std::string& output : node.outputs) n->add_output(output);
    for (const auto& [key, value] : node.attributes) {
      auto* a = n->add_attribute();
      a->set_name(key);
      std::visit(AttributeWriter{a}, value);
    }
  }
  for (const auto& [key, value] : graph.metadata) {
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  return model.SerializeAsString();
}

void write_onnx(const Graph& graph, const fs::path& path) {
  write_atomically(path, serialise_onnx(graph));
}

HostTensor parse_tensor_file(const fs::path& path) {
  const std::string text = read_text(path);
  onnx::TensorProto tensor;
  if (!tensor.ParseFromString(text))
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is not a tensor", path.string()));
  return tensor_from(tensor, path.string(), {});
}

}
