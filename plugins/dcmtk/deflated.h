// Deflated DICOM data sets, inflated in bounded memory before DCMTK sees them: while it inflates by
// itself it cannot compare an element's length with what is left of the file.
#pragma once

#include <filesystem>
#include <optional>

namespace sensorium::dicom {

// An anonymous file in memory, open as long as it lives.
class MemoryFile {
public:
  explicit MemoryFile(int descriptor) : descriptor_(descriptor) {}
  ~MemoryFile();
  MemoryFile(MemoryFile&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = -1;
  }
  MemoryFile& operator=(MemoryFile&&) = delete;
  std::filesystem::path path() const;

private:
  int descriptor_;
};

// The data set without its file meta information, as Explicit VR Little Endian; nothing when the
// file is not deflated. Throws Error BadInput (damaged, or more than allocation_limit()) or
// Resources.
std::optional<MemoryFile> inflated_dataset(const std::filesystem::path& path);

}
