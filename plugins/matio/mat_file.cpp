#include "plugins/matio/mat_file.h"

#include "modules/core/file.h"
#include "modules/io/array_file.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <matio.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace sensorium::mat {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_variables = 4096;

Error bad(const fs::path& path, std::string_view what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path.string(), what),
               "copy or export the file again");
}

struct FreeVariable {
  void operator()(matvar_t* v) const { Mat_VarFree(v); }
};
using Held = std::unique_ptr<matvar_t, FreeVariable>;

void silent(int, char*) {}

std::optional<PixelType> type_of(const matvar_t& v) {
  if (v.isComplex != 0) return std::nullopt;
  switch (v.class_type) {
  case MAT_C_DOUBLE:
    return PixelType::Float64;
  case MAT_C_SINGLE:
    return PixelType::Float32;
  case MAT_C_INT8:
    return PixelType::Int8;
  case MAT_C_UINT8:
    return PixelType::UInt8;
  case MAT_C_INT16:
    return PixelType::Int16;
  case MAT_C_UINT16:
    return PixelType::UInt16;
  case MAT_C_INT32:
    return PixelType::Int32;
  case MAT_C_UINT32:
    return PixelType::UInt32;
  default:
    return std::nullopt;
  }
}

Variable described(const matvar_t& v, const std::string& prefix) {
  Variable out{.name = prefix + (v.name != nullptr ? v.name : "")};
  for (int i = 0; i < v.rank && i < 16; ++i) out.size.push_back(v.dims[i]);
  out.type = type_of(v);
  return out;
}

template<class T> std::vector<std::byte> narrowed(const std::vector<double>& values) {
  std::vector<std::byte> out(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    constexpr double least = static_cast<double>(std::numeric_limits<T>::lowest()),
                     most = static_cast<double>(std::numeric_limits<T>::max());
    const T value = static_cast<T>(std::clamp(values[i], least, most));
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
  }
  return out;
}

std::vector<std::byte> as_type(const std::vector<double>& values, PixelType type) {
  switch (type) {
  case PixelType::UInt8:
    return narrowed<std::uint8_t>(values);
  case PixelType::Int8:
    return narrowed<std::int8_t>(values);
  case PixelType::UInt16:
    return narrowed<std::uint16_t>(values);
  case PixelType::Int16:
    return narrowed<std::int16_t>(values);
  case PixelType::UInt32:
    return narrowed<std::uint32_t>(values);
  case PixelType::Int32:
    return narrowed<std::int32_t>(values);
  case PixelType::Float32:
    return narrowed<float>(values);
  case PixelType::Float64:
    return narrowed<double>(values);
  }
  return {};
}

bool is_v73(const fs::path& path) {
  const auto head = read_head(path, 128);
  return std::string_view(reinterpret_cast<const char*>(head.data()),
                          std::min<std::size_t>(head.size(), 10)) == "MATLAB 7.3";
}

}

// matio takes the dimensions of a v5 structure at their word (16 GB for a file of 384 bytes), so v5
// is read by modules/io, v7.3 by matio.
struct File::Handle {
  std::unique_ptr<ArrayFile> arrays;
  mat_t* file = nullptr;
  ~Handle() {
    if (file != nullptr) Mat_Close(file);
  }
  Held info(const std::string& name) const {
    return Held(Mat_VarReadInfo(file, name.substr(0, name.find('.')).c_str()));
  }
};

std::uint64_t Variable::elements() const {
  std::uint64_t n = 1;
  for (const std::uint64_t extent : size)
    n = extent != 0 && n > UINT64_MAX / extent ? UINT64_MAX : n * extent;
  return size.empty() ? 0 : n;
}

int sniff(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.size() < 128 ||
      (!text.starts_with("MATLAB 5.0 MAT-file") && !text.starts_with("MATLAB 7.3 MAT-file")))
    return 0;
  const std::string_view mark = text.substr(126, 2);
  return mark == "IM" || mark == "MI" ? 95 : 40;
}

File::File(const fs::path& path) : path_(path), handle_(std::make_unique<Handle>()) {
  if (is_v73(path))
    list_v73();
  else
    list_v5();
  if (variables_.empty()) throw bad(path, "no variable of it can be read");
}

void File::list_v5() {
  handle_->arrays = open_mat5(path_);
  for (const NamedArray& array : handle_->arrays->arrays())
    variables_.push_back(
        {array.name, array.size, array.type && array.own ? pixel_type(*array.own) : std::nullopt});
}

void File::list_v73() {
  Mat_LogInitFunc("sensorium", silent);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  handle_->file = Mat_Open(path_.c_str(), MAT_ACC_RDONLY);
  if (handle_->file == nullptr) throw bad(path_, "not readable as a MAT file");
  while (variables_.size() < most_variables) {
    const Held v(Mat_VarReadNextInfo(handle_->file));
    if (v == nullptr) break;
    variables_.push_back(described(*v, ""));
    if (v->class_type != MAT_C_STRUCT || v->rank != 2 || v->dims[0] != 1 || v->dims[1] != 1)
      continue;
    const unsigned fields = Mat_VarGetNumberOfFields(v.get());
    for (unsigned i = 0; i < fields && variables_.size() < most_variables; ++i)
      if (const matvar_t* field = Mat_VarGetStructFieldByIndex(v.get(), i, 0))
        variables_.push_back(described(*field, std::string(v->name) + "."));
  }
}

File::~File() = default;

const Variable* File::find(std::string_view name) const {
  for (const Variable& v : variables_)
    if (v.name == name) return &v;
  return nullptr;
}

std::optional<double> File::scalar(const std::string& name) const {
  const Variable* v = find(name);
  if (v == nullptr || !v->type || v->elements() != 1 || name.find('.') != std::string::npos)
    return std::nullopt;
  if (handle_->arrays != nullptr) return handle_->arrays->values(v5_array(*v)).at(0);
  const Held held(Mat_VarRead(handle_->file, name.c_str()));
  if (held == nullptr || held->data == nullptr || held->nbytes < size_of(*v->type))
    return std::nullopt;
  const auto as = [&](auto value) {
    std::memcpy(&value, held->data, sizeof value);
    return static_cast<double>(value);
  };
  switch (*v->type) {
  case PixelType::UInt8:
    return as(std::uint8_t{});
  case PixelType::Int8:
    return as(std::int8_t{});
  case PixelType::UInt16:
    return as(std::uint16_t{});
  case PixelType::Int16:
    return as(std::int16_t{});
  case PixelType::UInt32:
    return as(std::uint32_t{});
  case PixelType::Int32:
    return as(std::int32_t{});
  case PixelType::Float32:
    return as(float{});
  case PixelType::Float64:
    return as(double{});
  }
  return std::nullopt;
}

std::string File::text(const std::string& name) const {
  const Variable* v = find(name);
  if (v == nullptr || v->type || v->elements() > 1000) return {};
  if (handle_->arrays != nullptr) return v5_array(*v).text;
  const Held held(Mat_VarRead(handle_->file, name.c_str()));
  if (held == nullptr || held->class_type != MAT_C_CHAR || held->data == nullptr ||
      held->data_size < 1)
    return {};
  std::string out;
  const std::size_t count = std::min<std::size_t>(
      held->nbytes / static_cast<std::size_t>(held->data_size), v->elements());
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned char c = static_cast<const unsigned char*>(
        held->data)[i * static_cast<std::size_t>(held->data_size)];
    if (c >= ' ' && c < 127) out += static_cast<char>(c);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

const NamedArray& File::v5_array(const Variable& v) const {
  return handle_->arrays->arrays()[static_cast<std::size_t>(&v - variables_.data())];
}

std::vector<std::byte> File::v5_samples(const Variable& v) const {
  const NamedArray& array = v5_array(v);
  const StoredSamples held = handle_->arrays->samples(array, {});
  const auto stored = held.data.bytes();
  if (array.type == array.own && !array.big_endian) return {stored.begin(), stored.end()};
  return as_type(widened(stored, *array.type, array.big_endian, array.elements()), *v.type);
}

std::vector<std::byte> File::v73_samples(const Variable& v, std::uint64_t bytes) const {
  const Held top = handle_->info(v.name);
  const auto dot = v.name.find('.');
  matvar_t* one = top == nullptr || dot == std::string::npos
                      ? top.get()
                      : Mat_VarGetStructFieldByName(top.get(), v.name.substr(dot + 1).c_str(), 0);
  if (one == nullptr || Mat_VarReadDataAll(handle_->file, one) != 0 || one->data == nullptr ||
      one->nbytes != bytes || one->data_size != static_cast<int>(size_of(*v.type)))
    throw bad(path_, fmt::format("the {} bytes of variable '{}' cannot be read", bytes, v.name));
  const auto* in = static_cast<const std::byte*>(one->data);
  return {in, in + bytes};
}

std::vector<std::byte> File::samples(const Variable& v) const {
  const std::size_t width = size_of(v.type.value());
  const std::string what = fmt::format("'{}': variable '{}'", path_.string(), v.name);
  const std::uint64_t bytes = checked_bytes({v.elements(), width}, allocation_limit(), what);
  if (bytes / 1032 > fs::file_size(path_))
    throw bad(path_, fmt::format("variable '{}' claims {} bytes, which the file cannot hold",
                                 v.name, bytes));
  const auto in = handle_->arrays != nullptr ? v5_samples(v) : v73_samples(v, bytes);
  const std::size_t rows = v.size[0], columns = v.size.size() > 1 ? v.size[1] : 1,
                    slices = bytes / width / rows / columns;
  std::vector<std::byte> out(bytes);
  for (std::size_t z = 0; z < slices; ++z)
    for (std::size_t y = 0; y < rows; ++y)
      for (std::size_t x = 0; x < columns; ++x)
        std::memcpy(out.data() + ((z * rows + y) * columns + x) * width,
                    in.data() + ((z * columns + x) * rows + y) * width, width);
  return out;
}

}
