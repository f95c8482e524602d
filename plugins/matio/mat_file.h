// A MATLAB file (v5, and v7.3 by matio): what variables it holds, and their numbers in our order.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/error.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {
struct NamedArray;
}

namespace sensorium::mat {

struct Variable {
  std::string name;                // "B0", or "scan.image" for a field of a structure
  std::vector<std::uint64_t> size; // rows, columns, slices ...
  std::optional<PixelType> type;   // nothing for text, cells, complex or sparse numbers
  std::uint64_t elements() const;
};

// 95 for the v5 or v7.3 header, else 0.
int sniff(std::span<const std::byte> head);

class File {
public:
  // Throws Error BadInput, with both numbers where an element of a v5 file is longer than the file.
  explicit File(const std::filesystem::path& path);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // In file order; fields of a 1 x 1 structure follow it.
  const std::vector<Variable>& variables() const { return variables_; }
  const Variable* find(std::string_view name) const;
  // A number of one element; nothing when it is absent or something else.
  std::optional<double> scalar(const std::string& name) const;
  std::string text(const std::string& name) const;
  // [slice][row][column]: MATLAB's columns-first order is turned. Throws Error BadInput or
  // Resources.
  std::vector<std::byte> samples(const Variable& variable) const;

private:
  struct Handle;
  void list_v5();
  void list_v73();
  const NamedArray& v5_array(const Variable& variable) const;
  std::vector<std::byte> v5_samples(const Variable& variable) const;
  std::vector<std::byte> v73_samples(const Variable& variable, std::uint64_t bytes) const;
  std::filesystem::path path_;
  std::unique_ptr<Handle> handle_;
  std::vector<Variable> variables_;
};

}
