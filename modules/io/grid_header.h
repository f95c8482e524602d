// What the header of a NIfTI, NRRD or MetaImage file says, read and checked before any sample is
// allocated.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/error.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium::grid {

// How colour is laid out over the axes of the file.
enum class Channels {
  Interleaved, // a vector type, or an axis that the header calls a colour or a list
  FirstAxis,   // an axis of 3 before two large ones: in memory the same as interleaved
  LastAxis,    // an axis of 3 after two large ones: planes
};

struct Header {
  std::string format;              // "NIfTI", "NRRD", "MetaImage": for messages
  std::vector<std::uint64_t> size; // spatial axes, fastest first, 1 to 3 of them, each > 0
  std::uint64_t components = 1;    // samples a voxel, next to each other in the file
  bool planes = false;             // the components are the slowest axis of the file (NIfTI dim[5])
  Channels channels = Channels::Interleaved;
  PixelType stored = PixelType::UInt8;
  bool wide_integer =
      false; // 64-bit integers in the file; stored is then the 32-bit type they must fit
  double slope = 1, intercept = 0; // value = slope * stored + intercept; Float32 unless 1 and 0
  std::array<Spacing, 3> spacing;
  bool has_orientation = false; // the file says where the grid lies
  std::optional<Orientation> orientation;
  bool swap = false;                 // the samples are not in the byte order of this machine
  std::filesystem::path header_file; // where it was read from, when that is not the path given
  // The files with the samples, each with the same share of them, in order.
  std::vector<std::filesystem::path> data_files;
  // Where the samples begin in each, after decompression when it is compressed.
  std::uint64_t data_offset = 0;
  bool compressed = false; // deflate data begins at compressed_offset
  std::uint64_t compressed_offset = 0;
  bool from_end = false; // raw samples are the last bytes of the file; data_offset is unused
  bool text = false;     // samples as decimal numbers
  std::string modality;  // our own NRRD key; empty when the file does not say
  Laterality laterality = Laterality::Unknown;
  std::vector<Fact> facts;
  std::vector<std::string> warnings;

  bool rescaled() const { return slope != 1 || intercept != 0; }
  // The samples of all files together, a multiple of data_files.size() once checked.
  std::uint64_t sample_count() const;
  std::uint64_t sample_bytes() const { return wide_integer ? 8 : size_of(stored); }
};

// Each throws Error BadInput (truncated, contradicts itself) or Unsupported (well-formed, not read
// here), and checks that the file holds as many samples as its header claims.
Header read_nifti_header(const std::filesystem::path& path);
Header read_nrrd_header(const std::filesystem::path& path);
Header read_meta_header(const std::filesystem::path& path);

int sniff_nifti(const std::filesystem::path& path, std::span<const std::byte> head);
int sniff_nrrd(const std::filesystem::path& path, std::span<const std::byte> head);
int sniff_meta(const std::filesystem::path& path, std::span<const std::byte> head);

// Shared by the three parsers.
Error bad(const std::filesystem::path& path, std::string_view what);
Error unsupported(const std::filesystem::path& path, std::string_view what, std::string_view hint);
std::string trimmed(std::string_view text);
std::vector<std::string> words(std::string_view text);
// Whole text as a finite number; throws bad() naming the field.
double number(const std::filesystem::path& path, std::string_view field, std::string_view text);
std::uint64_t whole(const std::filesystem::path& path, std::string_view field,
                    std::string_view text);
// Micrometres in one of a length's unit ("mm", "um", "µm", "m", "cm", ...), 0 when it is not a
// known length.
double micrometres_in(std::string_view unit);
// A detached file of samples: relative to the header's folder, and never above it.
std::filesystem::path beside(const std::filesystem::path& header, const std::string& name);
// The files that a detached header names: one name; "LIST [dimension]", then list has the names;
// or "pattern%03d.raw first last step". Throws Error naming what is wrong.
std::vector<std::filesystem::path> data_files_of(const std::filesystem::path& header,
                                                 const std::string& text,
                                                 const std::vector<std::string>& list);
// The offset after so many lines from offset on. Throws bad() when the file has fewer.
std::uint64_t after_lines(const std::filesystem::path& file, std::uint64_t offset,
                          std::uint64_t lines);
// The samples are all there: compares the claim with the files, by inflating what is compressed.
// Turns from_end into an offset.
// The limit of deflate, 1032 to 1, refuses lying headers before anything is read.
void check_samples(const std::filesystem::path& path, Header& header);
// An axis of 3 between axes of at least 16, no scale, no orientation: an RGB picture that went
// through a converter.
void find_colour_axis(Header& header);

}
