// One DICOM file: opened with all its values checked for presence, its text as UTF-8, its errors in
// our words.
#pragma once

#include "plugins/dcmtk/deflated.h"

#include "modules/core/dataset.h"
#include "modules/core/error.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium::dicom {

// Registers the decoders and silences the library's own messages; called by every entry point, acts
// once.
void start();

// 100: the magic word at byte 128; 60: a plausible first element without preamble; 0: not DICOM.
int sniff_bytes(std::span<const std::byte> head);

Error bad(const std::filesystem::path& path, std::string_view what);
Error unsupported(const std::filesystem::path& path, std::string_view what, std::string_view hint);

class File {
public:
  // Values longer than a few kilobytes stay on disk until they are asked for.
  // Throws Error BadInput: truncated (with the bytes wanted and there), or not DICOM inside.
  explicit File(const std::filesystem::path& path);
  const std::filesystem::path& path() const { return path_; }
  DcmDataset& data() const { return *format_->getDataset(); }
  E_TransferSyntax syntax() const { return format_->getDataset()->getOriginalXfer(); }
  std::string syntax_name() const;
  std::string sop_class() const;
  std::string sop_class_name() const; // "Ultrasound Image Storage", or the UID

private:
  std::filesystem::path path_;
  std::optional<MemoryFile>
      inflated_; // outlives format_, which reads long values from it when they are asked for
  std::unique_ptr<DcmFileFormat> format_;
};

// Values of an item; absent, empty or malformed ones are nothing. Text is trimmed.
std::string text_of(DcmItem& item, const DcmTagKey& tag, unsigned long index = 0);
std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index = 0);
std::optional<long> integer_of(DcmItem& item, const DcmTagKey& tag, unsigned long index = 0);
std::vector<double> numbers_of(DcmItem& item, const DcmTagKey& tag);
// The items of a sequence, none when it is absent.
std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence);
// "PixelSpacing (0028,0030)": how a tag is named as the source of a value.
std::string name_of_tag(const DcmTagKey& tag);

// Identity, facts and patient. Patient text is converted to UTF-8 and goes nowhere else.
Origin origin_of_file(const File& file);

// An enhanced (multi-frame) object's functional group for a frame: its own item, or the shared one,
// or nothing.
DcmItem* functional_group(DcmItem& data, std::size_t frame, const DcmTagKey& sequence);

}
