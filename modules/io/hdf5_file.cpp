#include "modules/core/error.h"
#include "modules/io/array_file.h"
#include "modules/io/bytes.h"
#include "modules/io/hdf5_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

using hdf5::Id;
using hdf5::library;

constexpr std::size_t most_arrays = 4096, most_attributes = 64, most_text = 4096;
constexpr hsize_t most_small = 1u << 20;
constexpr std::uint64_t piece_bytes = 16u << 20, largest_chunk = 1u << 30;
constexpr unsigned deepest = 32;

struct Native {
  SampleType type;
  hid_t memory;
};

// Numbers that are stored as this machine can read them; others (half precision, odd widths) are
// turned to the next wider type.
std::optional<Native> native_of(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_FLOAT)
    return size <= 4 ? Native{SampleType::Float32, H5T_NATIVE_FLOAT}
                     : Native{SampleType::Float64, H5T_NATIVE_DOUBLE};
  if (kind != H5T_INTEGER) return std::nullopt;
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  if (size == 1)
    return is_signed ? Native{SampleType::Int8, H5T_NATIVE_INT8}
                     : Native{SampleType::UInt8, H5T_NATIVE_UINT8};
  if (size == 2)
    return is_signed ? Native{SampleType::Int16, H5T_NATIVE_INT16}
                     : Native{SampleType::UInt16, H5T_NATIVE_UINT16};
  if (size <= 4)
    return is_signed ? Native{SampleType::Int32, H5T_NATIVE_INT32}
                     : Native{SampleType::UInt32, H5T_NATIVE_UINT32};
  return is_signed ? Native{SampleType::Int64, H5T_NATIVE_INT64}
                   : Native{SampleType::UInt64, H5T_NATIVE_UINT64};
}

// Whether the file holds the very bytes, but for their order.
bool same_bytes(hid_t stored, hid_t memory) {
  const Id turned(H5Tcopy(memory), H5Tclose);
  H5Tset_order(turned, H5Tget_order(stored));
  return H5Tequal(stored, turned) > 0;
}

std::vector<hsize_t> extents_of(hid_t space) {
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> out(static_cast<std::size_t>(std::max(0, rank)));
  if (rank > 0) H5Sget_simple_extent_dims(space, out.data(), nullptr);
  return out;
}

std::uint64_t product_of(const std::vector<hsize_t>& extents) {
  std::uint64_t n = 1;
  for (const hsize_t extent : extents)
    if (__builtin_mul_overflow(n, extent, &n)) return UINT64_MAX;
  return n;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string text_of(hid_t attribute, hid_t type) {
  const Id space(H5Aget_space(attribute), H5Sclose);
  if (H5Sget_simple_extent_npoints(space) != 1) return {};
  if (H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    const Id memory(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    if (H5Aread(attribute, memory, &text) < 0 || text == nullptr) return {};
    const std::string out = clean_text(std::string_view(text).substr(0, most_text));
    H5free_memory(text);
    return out;
  }
  const std::size_t size = H5Tget_size(type);
  if (size == 0 || size > most_text) return {};
  std::string out(size, '\0');
  return H5Aread(attribute, type, out.data()) < 0 ? std::string() : clean_text(out);
}

void add_attributes(hid_t object, NamedArray& array) {
  H5O_info_t info;
  if (H5Oget_info(object, &info) < 0) return;
  const auto count = std::min<hsize_t>(info.num_attrs, most_attributes);
  for (hsize_t i = 0; i < count; ++i) {
    const Id attribute(
        H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT),
        H5Aclose);
    if (!attribute.good()) continue;
    std::array<char, 256> name{};
    if (H5Aget_name(attribute, name.size(), name.data()) <= 0) continue;
    const std::string key = lower(clean_text(name.data()));
    const Id type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
    const std::uint64_t points = product_of(extents_of(space));
    const H5T_class_t kind = H5Tget_class(type);
    if (kind == H5T_STRING) {
      array.texts[key] = text_of(attribute, type);
    } else if ((kind == H5T_INTEGER || kind == H5T_FLOAT) && points > 0 && points <= 65536 &&
               H5Sget_simple_extent_type(space) != H5S_NULL) {
      std::vector<double> values(points);
      if (H5Aread(attribute, H5T_NATIVE_DOUBLE, values.data()) >= 0) array.numbers[key] = values;
    }
  }
}

struct Walk {
  hid_t file;
  std::vector<std::string> names;
  unsigned depth = 0;
  std::size_t groups = 0;
};

herr_t visit(hid_t group, const char* name, const H5L_info_t* link, void* data);

void walk_group(hid_t group, Walk& walk) {
  if (walk.depth >= deepest || ++walk.groups > most_arrays) return;
  ++walk.depth;
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &walk);
  --walk.depth;
}

// Hard links only: a soft or external link may point anywhere, also out of this file.
herr_t visit(hid_t group, const char* name, const H5L_info_t* link, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  if (walk.names.size() >= most_arrays) return 1;
  if (link->type != H5L_TYPE_HARD) return 0;
  const Id object(H5Oopen(group, name, H5P_DEFAULT), H5Oclose);
  if (!object.good()) return 0;
  std::array<char, 1024> full{};
  if (H5Iget_name(object, full.data(), full.size()) <= 0) return 0;
  const H5I_type_t kind = H5Iget_type(object);
  if (std::string_view(full.data()).starts_with("/#")) return 0; // MATLAB's own: "#refs#"
  if (kind == H5I_DATASET && std::string_view(full.data()).size() + 1 < full.size())
    walk.names.emplace_back(full.data());
  else if (kind == H5I_GROUP)
    walk_group(object, walk);
  return 0;
}

class Hdf5File : public ArrayFile {
public:
  explicit Hdf5File(const fs::path& path, std::string format) : ArrayFile(path, std::move(format)) {
    const std::lock_guard lock(library());
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    const Id file(opened(), H5Fclose);
    const Id root(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose);
    Walk walk{.file = file, .names = {}};
    walk_group(root, walk);
    for (const std::string& name : walk.names) add(file, name);
    if (arrays_.empty())
      throw Error(ErrorCode::BadInput, fmt::format("'{}' holds no data set", path_.string()),
                  "copy or export the file again");
  }

  std::vector<double> values(const NamedArray& array) const override {
    const std::lock_guard lock(library());
    const Id file(opened(), H5Fclose);
    const Id set(H5Dopen2(file, array.name.c_str(), H5P_DEFAULT), H5Dclose);
    const Id space(set.good() ? H5Dget_space(set) : -1, H5Sclose);
    const std::uint64_t count = space.good() ? product_of(extents_of(space)) : 0;
    if (!array.type || count == 0 || count > most_small)
      throw bad(fmt::format("'{}' is no list of numbers", array.name));
    std::vector<double> out(count);
    if (H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()) < 0)
      throw bad(fmt::format("'{}' cannot be read", array.name));
    return out;
  }

  StoredSamples samples(const NamedArray& array, const Context& context) const override {
    const std::lock_guard lock(library());
    const Id file(opened(), H5Fclose);
    const Id set(H5Dopen2(file, array.name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!set.good()) throw bad(fmt::format("'{}' cannot be opened", array.name));
    const std::uint64_t bytes = array.elements() * size_of(array.type.value());
    if (const auto at = offset_of(set, bytes))
      return {Buffer(MappedFile::open(path_), *at, bytes), path_.string(), *at};
    check_claim(set, array);
    check_filters(set, array);
    return converted_samples(path_, "hdf5|" + array.name, bytes,
                             [&](const PutSamples& put) { unpack(set, array, put, context); });
  }

private:
  Error bad(const std::string& what) const {
    return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path_.string(), what),
                 "copy or export the file again");
  }
  hid_t opened() const {
    const Id plan(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_file_locking(plan, false, true); // files on read-only shares cannot be locked
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDONLY, plan);
    if (file < 0)
      throw bad(fmt::format("{} bytes that are no whole HDF5 file", fs::file_size(path_)));
    return file;
  }

  void add(hid_t file, const std::string& name) {
    const Id set(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!set.good()) return;
    const Id type(H5Dget_type(set), H5Tclose), space(H5Dget_space(set), H5Sclose);
    NamedArray array;
    array.name = is_matlab() ? name.substr(1) : name;
    const auto extents = extents_of(space);
    array.size.assign(extents.begin(), extents.end());
    array.stride.assign(extents.size(), 1);
    bool possible = H5Sget_simple_extent_type(space) != H5S_NULL && extents.size() <= 16;
    for (std::size_t i = extents.size(); i > 0; --i) {
      possible = possible && extents[i - 1] > 0 && extents[i - 1] <= 0x7fffffff;
      if (i < extents.size() && possible)
        possible = !__builtin_mul_overflow(array.stride[i], extents[i], &array.stride[i - 1]);
    }
    if (is_matlab()) { // stored with its axes turned round
      std::reverse(array.size.begin(), array.size.end());
      std::reverse(array.stride.begin(), array.stride.end());
    }
    add_attributes(set, array);
    if (const auto native = native_of(type);
        native && possible && array.elements() <= (std::uint64_t{1} << 50)) {
      array.type = native->type;
      array.big_endian = same_bytes(type, native->memory) && H5Tget_order(type) == H5T_ORDER_BE &&
                         offset_of(set, array.elements() * size_of(native->type)).has_value();
    }
    if (is_matlab() &&
        (array.texts["matlab_class"] == "char" || array.texts["matlab_class"] == "cell"))
      array.type.reset();
    arrays_.push_back(std::move(array));
  }

  // Where the samples lie in the file as one piece, with nothing to undo.
  std::optional<std::uint64_t> offset_of(hid_t set, std::uint64_t bytes) const {
    const Id plan(H5Dget_create_plist(set), H5Pclose), type(H5Dget_type(set), H5Tclose);
    if (H5Pget_layout(plan) != H5D_CONTIGUOUS || H5Pget_external_count(plan) != 0)
      return std::nullopt;
    const auto native = native_of(type);
    const haddr_t at = H5Dget_offset(set);
    if (!native || !same_bytes(type, native->memory) || at == HADDR_UNDEF) return std::nullopt;
    const std::uint64_t size = fs::file_size(path_);
    if (at > size || bytes > size - at)
      throw bad(fmt::format("is cut short: {} bytes of samples at byte {}, the file has {}", bytes,
                            at, size));
    return at;
  }

  // Blocks of whole chunks, each read once, as large as memory is meant to be used.
  void unpack(hid_t set, const NamedArray& array, const PutSamples& put,
              const Context& context) const {
    const Id plan(H5Dget_create_plist(set), H5Pclose), space(H5Dget_space(set), H5Sclose),
        type(H5Dget_type(set), H5Tclose);
    const std::vector<hsize_t> extents = extents_of(space);
    const std::size_t rank = extents.size(), width = size_of(*array.type);
    std::vector<hsize_t> block(rank, 1);
    if (H5Pget_layout(plan) == H5D_CHUNKED)
      H5Pget_chunk(plan, static_cast<int>(rank), block.data());
    for (std::size_t i = 0; i < rank; ++i) block[i] = std::clamp<hsize_t>(block[i], 1, extents[i]);
    if (product_of(block) > largest_chunk / width)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}': '{}' is stored in chunks of {} bytes", path_.string(),
                              array.name, product_of(block) * width),
                  "store it in smaller chunks (h5repack -l)");
    for (std::size_t i = rank; i > 0; --i) {
      const std::uint64_t now = product_of(block) * width,
                          fit = std::max<std::uint64_t>(1, piece_bytes /
                                                               std::max<std::uint64_t>(1, now));
      const hsize_t chunks = (extents[i - 1] + block[i - 1] - 1) / block[i - 1];
      block[i - 1] = std::min(extents[i - 1], block[i - 1] * std::min<hsize_t>(fit, chunks));
      if (block[i - 1] < extents[i - 1]) break;
    }
    copy_blocks(set, space, native_of(type)->memory, extents, block, width, put, context);
  }

  // Chunks that were never written read as zeros: a small file must not claim a huge array.
  void check_claim(hid_t set, const NamedArray& array) const {
    const std::uint64_t bytes = array.elements() * size_of(*array.type),
                        stored = H5Dget_storage_size(set);
    if (stored > fs::file_size(path_))
      throw bad(fmt::format("is cut short: '{}' takes {} bytes, the file has {}", array.name,
                            stored, fs::file_size(path_)));
    if (bytes / 1032 > stored + (1u << 20))
      throw bad(fmt::format("'{}' claims {} bytes and has {}", array.name, bytes, stored));
  }

  void check_filters(hid_t set, const NamedArray& array) const {
    const Id plan(H5Dget_create_plist(set), H5Pclose);
    const int count = H5Pget_nfilters(plan);
    for (int i = 0; i < count; ++i) {
      std::array<char, 64> name{};
      unsigned flags = 0, settings = 0;
      std::size_t values = 0;
      const H5Z_filter_t filter = H5Pget_filter2(plan, static_cast<unsigned>(i), &flags, &values,
                                                 nullptr, name.size(), name.data(), &settings);
      if (filter >= 0 && H5Zfilter_avail(filter) <= 0)
        throw Error(ErrorCode::Unsupported,
                    fmt::format("'{}': '{}' is packed by the filter {} ({}), which this HDF5 "
                                "library does not have",
                                path_.string(), array.name, static_cast<int>(filter),
                                clean_text(name.data())),
                    "store it with gzip or without a filter (h5repack -f GZIP=1, or h5py)");
    }
  }

  void copy_blocks(hid_t set, hid_t space, hid_t memory, const std::vector<hsize_t>& extents,
                   const std::vector<hsize_t>& block, std::size_t width, const PutSamples& put,
                   const Context& context) const {
    const std::size_t rank = extents.size();
    std::vector<hsize_t> at(rank, 0), count(rank);
    std::vector<std::byte> values(product_of(block) * width);
    const double total = static_cast<double>(product_of(extents));
    double done = 0;
    for (;;) {
      for (std::size_t i = 0; i < rank; ++i) count[i] = std::min(block[i], extents[i] - at[i]);
      const Id here(H5Screate_simple(static_cast<int>(rank), count.data(), nullptr), H5Sclose);
      if (H5Sselect_hyperslab(space, H5S_SELECT_SET, at.data(), nullptr, count.data(), nullptr) <
              0 ||
          H5Dread(set, memory, here, space, H5P_DEFAULT, values.data()) < 0)
        throw bad("its samples cannot be read: the file is damaged");
      put_runs(extents, at, count, width, values, put);
      done += static_cast<double>(product_of(count));
      context.step(done / total, "unpacking");
      std::size_t axis = rank;
      while (axis > 0 && (at[axis - 1] += block[axis - 1]) >= extents[axis - 1]) at[--axis] = 0;
      if (axis == 0) return;
    }
  }

  // A block's rows go to their places; axes that are whole run on.
  static void put_runs(const std::vector<hsize_t>& extents, const std::vector<hsize_t>& at,
                       const std::vector<hsize_t>& count, std::size_t width,
                       std::span<const std::byte> values, const PutSamples& put) {
    std::size_t whole = extents.size();
    std::uint64_t run = 1;
    while (whole > 0 && count[whole - 1] == extents[whole - 1]) run *= extents[--whole];
    if (whole > 0) run *= count[--whole];
    std::vector<hsize_t> i(whole, 0);
    for (std::uint64_t from = 0;; from += run * width) {
      std::uint64_t to = 0;
      for (std::size_t axis = 0; axis < extents.size(); ++axis)
        to = to * extents[axis] + at[axis] + (axis < whole ? i[axis] : 0);
      put(to * width, values.subspan(from, run * width));
      std::size_t axis = whole;
      while (axis > 0 && ++i[axis - 1] >= count[axis - 1]) i[--axis] = 0;
      if (axis == 0) return;
    }
  }
};

}

std::unique_ptr<ArrayFile> open_hdf5(const fs::path& path) {
  const auto head = read_head(path);
  return std::make_unique<Hdf5File>(path, sniff_mat73(head) > 0 ? "MAT v7.3" : "HDF5");
}

}
