#include "plugins/matio/mat_file.h"

#include "modules/core/file.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <matio.h>

#include <algorithm>
#include <cstring>

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

// Top-level elements of a v5 file: a tag of two 32-bit numbers, type and bytes, then the bytes.
void walk_elements(const fs::path& path) {
  const auto file = MappedFile::open(path);
  const auto all = file->bytes();
  if (all.size() < 128)
    throw bad(path, fmt::format("truncated: {} bytes, a MAT header has 128", all.size()));
  const bool swap = std::to_integer<char>(all[126]) == 'M';
  const auto number = [&](std::size_t at) {
    std::uint32_t value;
    std::memcpy(&value, all.data() + at, 4);
    return swap ? __builtin_bswap32(value) : value;
  };
  std::size_t at = 128;
  while (at < all.size()) {
    if (all.size() - at < 8)
      throw bad(path, fmt::format("truncated: it ends inside the element at byte {}", at));
    const std::uint64_t type = number(at), length = number(at + 4);
    if (type != 14 && type != 15)
      throw bad(path, fmt::format("the element at byte {} is of type {}, not an array", at, type));
    if (length > all.size() - at - 8)
      throw bad(path,
                fmt::format("truncated: the element at byte {} promises {} bytes, there are {}", at,
                            length, all.size() - at - 8));
    at += 8 + static_cast<std::size_t>(length);
  }
  if (at == 128) throw bad(path, "it holds no variable");
}

bool is_v73(const fs::path& path) {
  const auto head = read_head(path, 128);
  return std::string_view(reinterpret_cast<const char*>(head.data()),
                          std::min<std::size_t>(head.size(), 10)) == "MATLAB 7.3";
}

}

struct File::Handle {
  mat_t* file = nullptr;
  ~Handle() {
    if (file != nullptr) Mat_Close(file);
  }
  // "a" or "a.b"; without its numbers.
  Held info(const std::string& name) const {
    const auto dot = name.find('.');
    Held top(Mat_VarReadInfo(file, name.substr(0, dot).c_str()));
    return top;
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
  if (!is_v73(path)) walk_elements(path);
  Mat_LogInitFunc("sensorium", silent);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  handle_->file = Mat_Open(path.c_str(), MAT_ACC_RDONLY);
  if (handle_->file == nullptr) throw bad(path, "not readable as a MAT file");
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
  if (variables_.empty()) throw bad(path, "no variable of it can be read");
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

std::vector<std::byte> File::samples(const Variable& v) const {
  const std::size_t width = size_of(v.type.value());
  const std::string what = fmt::format("'{}': variable '{}'", path_.string(), v.name);
  const std::uint64_t bytes = checked_bytes({v.elements(), width}, allocation_limit(), what);
  if (bytes / 1032 > fs::file_size(path_))
    throw bad(path_, fmt::format("variable '{}' claims {} bytes, which the file cannot hold",
                                 v.name, bytes));
  const Held top = handle_->info(v.name);
  const auto dot = v.name.find('.');
  matvar_t* one = top == nullptr || dot == std::string::npos
                      ? top.get()
                      : Mat_VarGetStructFieldByName(top.get(), v.name.substr(dot + 1).c_str(), 0);
  if (one == nullptr || Mat_VarReadDataAll(handle_->file, one) != 0 || one->data == nullptr ||
      one->nbytes != bytes || one->data_size != static_cast<int>(width))
    throw bad(path_, fmt::format("the {} bytes of variable '{}' cannot be read", bytes, v.name));
  const std::size_t rows = v.size[0], columns = v.size.size() > 1 ? v.size[1] : 1,
                    slices = bytes / width / rows / columns;
  std::vector<std::byte> out(bytes);
  const auto* in = static_cast<const std::byte*>(one->data);
  for (std::size_t z = 0; z < slices; ++z)
    for (std::size_t y = 0; y < rows; ++y)
      for (std::size_t x = 0; x < columns; ++x)
        std::memcpy(out.data() + ((z * rows + y) * columns + x) * width,
                    in + ((z * columns + x) * rows + y) * width, width);
  return out;
}

}
