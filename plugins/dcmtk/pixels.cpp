#include "plugins/dcmtk/pixels.h"

#include "plugins/dcmtk/codestream.h"
#include "plugins/dcmtk/jpeg2000.h"
#include "plugins/dcmtk/rle.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sensorium::dicom {
namespace {

bool is_jpeg2000(E_TransferSyntax syntax) {
  return syntax == EXS_JPEG2000LosslessOnly || syntax == EXS_JPEG2000;
}

bool is_decodable(E_TransferSyntax syntax) {
  switch (syntax) {
  case EXS_RLELossless:
  case EXS_JPEGProcess1:
  case EXS_JPEGProcess2_4:
  case EXS_JPEGProcess14:
  case EXS_JPEGProcess14SV1:
  case EXS_JPEGLSLossless:
  case EXS_JPEGLSLossy:
    return true;
  default:
    return is_jpeg2000(syntax);
  }
}

int required(const File& file, const DcmTagKey& tag, long low, long high) {
  const auto value = integer_of(file.data(), tag);
  if (!value) throw bad(file.path(), fmt::format("{} is missing", name_of_tag(tag)));
  if (*value < low || *value > high)
    throw bad(file.path(), fmt::format("{} is {}", name_of_tag(tag), *value));
  return static_cast<int>(*value);
}

bool has(const File& file, const DcmTagKey& tag) { return file.data().tagExists(tag); }

// PS3.3 C.7.6.3.1.5: entries, first mapped value, bits of an entry; 0 entries mean 65536.
void read_palette(const File& file, PixelModule& module) {
  const DcmTagKey descriptors[3] = {DCM_RedPaletteColorLookupTableDescriptor,
                                    DCM_GreenPaletteColorLookupTableDescriptor,
                                    DCM_BluePaletteColorLookupTableDescriptor};
  const DcmTagKey tables[3] = {DCM_RedPaletteColorLookupTableData,
                               DCM_GreenPaletteColorLookupTableData,
                               DCM_BluePaletteColorLookupTableData};
  if (has(file, DCM_SegmentedRedPaletteColorLookupTableData))
    throw unsupported(file.path(), "a segmented palette is not read", "export it as RGB");
  std::size_t entries = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    const long count = integer_of(file.data(), descriptors[c], 0).value_or(-1);
    const long first = integer_of(file.data(), descriptors[c], 1).value_or(0);
    const long bits = integer_of(file.data(), descriptors[c], 2).value_or(0);
    const std::size_t n = count == 0 ? 65536 : static_cast<std::size_t>(count);
    if (count < 0 || count > 65536 || (bits != 8 && bits != 16) || (c > 0 && n != entries))
      throw bad(file.path(),
                fmt::format("{} is {}\\{}\\{}", name_of_tag(descriptors[c]), count, first, bits));
    entries = n;
    module.palette.resize(3 * entries);
    module.palette_first = static_cast<int>(first);
    DcmElement* element = nullptr;
    if (file.data().findAndGetElement(tables[c], element).bad() || element == nullptr)
      throw bad(file.path(), fmt::format("{} is missing", name_of_tag(tables[c])));
    const std::size_t length = element->getLength();
    Uint16* words = nullptr;
    Uint8* bytes = nullptr;
    const bool wide = length >= 2 * n;
    if (length < n ||
        (element->getUint16Array(words).bad() && element->getUint8Array(bytes).bad()) ||
        (words == nullptr && bytes == nullptr))
      throw bad(file.path(),
                fmt::format("{} has {} bytes for {} entries", name_of_tag(tables[c]), length, n));
    if (words != nullptr) bytes = reinterpret_cast<Uint8*>(words);
    for (std::size_t i = 0; i < n; ++i) {
      // 8-bit entries are packed, or widened to 16 bits with the value in either byte.
      std::uint16_t value =
          wide ? static_cast<std::uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8) : bytes[i];
      if (wide && bits == 16)
        value = static_cast<std::uint16_t>(value >> 8);
      else if (wide && value > 255)
        value = static_cast<std::uint16_t>(value >> 8);
      module.palette[3 * i + c] = static_cast<std::uint8_t>(value);
    }
  }
}

Rescale rescale_in(DcmItem& item) {
  return {number_of(item, DCM_RescaleSlope).value_or(1),
          number_of(item, DCM_RescaleIntercept).value_or(0)};
}

void read_rescale(const File& file, PixelModule& module) {
  if (module.samples != 1 || module.photometric.rfind("MONOCHROME", 0) != 0 || module.real) return;
  DcmItem& data = file.data();
  std::vector<Rescale> all;
  if (data.tagExists(DCM_SharedFunctionalGroupsSequence) ||
      data.tagExists(DCM_PerFrameFunctionalGroupsSequence)) {
    for (int i = 0; i < module.frames; ++i) {
      DcmItem* group =
          functional_group(data, static_cast<std::size_t>(i), DCM_PixelValueTransformationSequence);
      all.push_back(group != nullptr ? rescale_in(*group) : Rescale{});
    }
  } else
    all.push_back(rescale_in(data));
  double low = 0, high = 0;
  bool plain = true, whole = true;
  for (const Rescale& r : all) {
    if (r.slope == 0) throw bad(file.path(), fmt::format("{} is 0", name_of_tag(DCM_RescaleSlope)));
    plain = plain && r.slope == 1 && r.intercept == 0;
    whole = whole && r.slope == 1 && r.intercept == std::floor(r.intercept) &&
            std::abs(r.intercept) < 1e6;
    low = std::min(low, r.intercept);
    high = std::max(high, r.intercept);
  }
  if (plain) return;
  module.rescale = std::move(all);
  const double bottom = low - (module.is_signed ? std::exp2(module.stored - 1) : 0);
  const double top = high + std::exp2(module.is_signed ? module.stored - 1 : module.stored) - 1;
  if (!whole || module.stored > 24)
    module.type = PixelType::Float32;
  else if (bottom >= -32768 && top <= 32767)
    module.type = PixelType::Int16;
  else
    module.type = PixelType::Int32;
}

PixelType integer_type(const File& file, int allocated, bool is_signed) {
  switch (allocated) {
  case 1:
    return PixelType::UInt8;
  case 8:
    return is_signed ? PixelType::Int8 : PixelType::UInt8;
  case 16:
    return is_signed ? PixelType::Int16 : PixelType::UInt16;
  case 32:
    return is_signed ? PixelType::Int32 : PixelType::UInt32;
  default:
    throw unsupported(file.path(),
                      fmt::format("{} bits a sample ({}) are not read", allocated,
                                  name_of_tag(DCM_BitsAllocated)),
                      "export it with 8 or 16 bits");
  }
}

bool is_422(const File& file, const PixelModule& module) {
  return module.photometric == "YBR_FULL_422" && !DcmXfer(file.syntax()).isEncapsulated();
}

std::uint64_t native_frame_bits(const File& file, const PixelModule& module) {
  const std::uint64_t pixels =
      static_cast<std::uint64_t>(module.rows) * static_cast<std::uint64_t>(module.columns);
  if (is_422(file, module)) return pixels * 16;
  return pixels * static_cast<std::uint64_t>(module.samples) *
         static_cast<std::uint64_t>(module.allocated);
}

void check_native_length(const File& file, PixelModule& module) {
  const DcmTagKey tag = !module.real                        ? DCM_PixelData
                        : module.type == PixelType::Float32 ? DCM_FloatPixelData
                                                            : DCM_DoubleFloatPixelData;
  DcmElement* element = nullptr;
  file.data().findAndGetElement(tag, element);
  const std::uint64_t need =
      (native_frame_bits(file, module) * static_cast<std::uint64_t>(module.frames) + 7) / 8;
  const std::uint64_t have = element->getLength();
  if (have < need)
    throw bad(file.path(), fmt::format("truncated: {} x {} x {} of {} sample(s) of {} bits need {} "
                                       "bytes of pixel data, there are {}",
                                       module.columns, module.rows, module.frames, module.samples,
                                       module.allocated, need, have));
  if (have > need + 1)
    module.warnings.push_back(fmt::format(
        "the pixel data has {} bytes where {} are described; the rest is ignored", have, need));
}

void check_compressed(const File& file, PixelModule& module) {
  const std::size_t fragments = fragment_count(file);
  if (fragments < static_cast<std::size_t>(module.frames))
    throw bad(
        file.path(),
        fmt::format("truncated: the header promises {} frames, there are {} compressed fragments",
                    module.frames, fragments));
  const auto first = frame_bytes(file, 0, static_cast<std::size_t>(module.frames));
  if (file.syntax() == EXS_RLELossless) {
    if (native_frame_bits(file, module) / 8 > 64 * static_cast<std::uint64_t>(first.size()))
      throw bad(file.path(), fmt::format("{} x {} pixels cannot come from {} bytes of RLE",
                                         module.columns, module.rows, first.size()));
    return;
  }
  const auto size = size_in_codestream(first);
  if (!size && !is_jpeg2000(file.syntax()))
    throw bad(file.path(), fmt::format("the first frame is no {} data", file.syntax_name()));
  if (size && (size->rows != static_cast<std::uint64_t>(module.rows) ||
               size->columns != static_cast<std::uint64_t>(module.columns) ||
               size->components != static_cast<std::uint64_t>(module.samples)))
    throw bad(file.path(),
              fmt::format(
                  "the header says {} x {} of {} sample(s), the compressed frame is {} x {} of {}",
                  module.columns, module.rows, module.samples, size->columns, size->rows,
                  size->components));
}

// Full-range BT.601, PS3.3 C.7.6.3.1.2.
void ybr_to_rgb(std::vector<std::byte>& frame) {
  const auto clamp = [](double v) {
    return static_cast<std::byte>(
        static_cast<std::uint8_t>(std::clamp(std::floor(v + 0.5), 0.0, 255.0)));
  };
  for (std::size_t i = 0; i + 2 < frame.size(); i += 3) {
    const double y = std::to_integer<int>(frame[i]), b = std::to_integer<int>(frame[i + 1]) - 128.0,
                 r = std::to_integer<int>(frame[i + 2]) - 128.0;
    frame[i] = clamp(y + 1.402 * r);
    frame[i + 1] = clamp(y - (0.114 * 1.772 / 0.587) * b - (0.299 * 1.402 / 0.587) * r);
    frame[i + 2] = clamp(y + 1.772 * b);
  }
}

std::vector<std::byte> interleave(const std::vector<std::byte>& planes, std::size_t samples,
                                  std::size_t width) {
  std::vector<std::byte> out(planes.size());
  const std::size_t pixels = planes.size() / samples / width;
  for (std::size_t c = 0; c < samples; ++c)
    for (std::size_t i = 0; i < pixels; ++i)
      std::memcpy(out.data() + (i * samples + c) * width, planes.data() + (c * pixels + i) * width,
                  width);
  return out;
}

// Two pixels share their colour difference: Y1 Y2 Cb Cr.
std::vector<std::byte> expand_422(std::span<const std::byte> in, std::size_t pixels) {
  std::vector<std::byte> out(3 * pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::size_t pair = i / 2 * 4;
    out[3 * i] = in[pair + i % 2];
    out[3 * i + 1] = in[pair + 2];
    out[3 * i + 2] = in[pair + 3];
  }
  return out;
}

template<class T> std::vector<std::byte> packed(const std::vector<std::int32_t>& in) {
  std::vector<std::byte> out(in.size() * sizeof(T));
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto value = static_cast<T>(in[i]);
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
  }
  return out;
}

// Clears what lies above the stored bits and extends the sign.
template<class T> void clean(std::vector<std::byte>& frame, const PixelModule& module) {
  const int bits = static_cast<int>(8 * sizeof(T));
  if (module.stored >= bits && module.high_bit == bits - 1) return;
  const int up = bits - 1 - module.high_bit, down = bits - module.stored;
  for (std::size_t i = 0; i < frame.size() / sizeof(T); ++i) {
    T value;
    std::memcpy(&value, frame.data() + i * sizeof(T), sizeof(T));
    value =
        static_cast<T>(static_cast<T>(static_cast<std::make_unsigned_t<T>>(value) << up) >> down);
    std::memcpy(frame.data() + i * sizeof(T), &value, sizeof(T));
  }
}

void clean_bits(std::vector<std::byte>& frame, const PixelModule& module) {
  switch (module.allocated) {
  case 8:
    return module.is_signed ? clean<std::int8_t>(frame, module)
                            : clean<std::uint8_t>(frame, module);
  case 16:
    return module.is_signed ? clean<std::int16_t>(frame, module)
                            : clean<std::uint16_t>(frame, module);
  case 32:
    return module.is_signed ? clean<std::int32_t>(frame, module)
                            : clean<std::uint32_t>(frame, module);
  default:
    return;
  }
}

double sample_at(const std::vector<std::byte>& frame, std::size_t i, PixelType type) {
  const auto read = [&](auto value) {
    std::memcpy(&value, frame.data() + i * sizeof(value), sizeof(value));
    return static_cast<double>(value);
  };
  switch (type) {
  case PixelType::UInt8:
    return read(std::uint8_t{});
  case PixelType::Int8:
    return read(std::int8_t{});
  case PixelType::UInt16:
    return read(std::uint16_t{});
  case PixelType::Int16:
    return read(std::int16_t{});
  case PixelType::UInt32:
    return read(std::uint32_t{});
  case PixelType::Int32:
    return read(std::int32_t{});
  case PixelType::Float32:
    return read(float{});
  case PixelType::Float64:
    return read(double{});
  }
  return 0;
}

template<class T>
std::vector<std::byte> rescaled(const std::vector<std::byte>& frame, PixelType from,
                                const Rescale& rescale) {
  const std::size_t count = frame.size() / size_of(from);
  std::vector<std::byte> out(count * sizeof(T));
  for (std::size_t i = 0; i < count; ++i) {
    const auto value =
        static_cast<T>(sample_at(frame, i, from) * rescale.slope + rescale.intercept);
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
  }
  return out;
}

std::vector<std::byte> through_palette(const std::vector<std::byte>& frame, PixelType type,
                                       const PixelModule& module) {
  const std::size_t count = frame.size() / size_of(type);
  const auto last = static_cast<double>(module.palette.size() / 3 - 1);
  std::vector<std::byte> out(3 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = static_cast<std::size_t>(
        std::clamp(sample_at(frame, i, type) - module.palette_first, 0.0, last));
    std::memcpy(out.data() + 3 * i, module.palette.data() + 3 * entry, 3);
  }
  return out;
}

struct RawFrame {
  std::vector<std::byte> bytes; // interleaved, allocated bits
  std::string photometric;
};

RawFrame jpeg2000_frame(const File& file, const PixelModule& module, std::size_t index) {
  const auto bytes = frame_bytes(file, index, static_cast<std::size_t>(module.frames));
  const std::uint64_t samples = static_cast<std::uint64_t>(module.rows) *
                                static_cast<std::uint64_t>(module.columns) *
                                static_cast<std::uint64_t>(module.samples);
  const Jpeg2000Image image = decode_jpeg2000(bytes, samples);
  if (!image.failure.empty())
    throw bad(file.path(), fmt::format("frame {}: JPEG 2000: {}", index + 1, image.failure));
  if (image.samples.size() != samples || image.width != static_cast<std::uint32_t>(module.columns))
    throw bad(file.path(), fmt::format("frame {} is {} x {} of {}, the header says {} x {} of {}",
                                       index + 1, image.width, image.height, image.components,
                                       module.columns, module.rows, module.samples));
  RawFrame out;
  out.photometric = module.photometric == "YBR_ICT" || module.photometric == "YBR_RCT"
                        ? "RGB"
                        : module.photometric;
  out.bytes = module.allocated == 8    ? packed<std::uint8_t>(image.samples)
              : module.allocated == 16 ? packed<std::uint16_t>(image.samples)
                                       : packed<std::uint32_t>(image.samples);
  return out;
}

RawFrame rle_frame(const File& file, const PixelModule& module, std::size_t index) {
  const auto bytes = frame_bytes(file, index, static_cast<std::size_t>(module.frames));
  RleFrame frame = decode_rle(
      bytes, static_cast<std::size_t>(module.rows) * static_cast<std::size_t>(module.columns),
      static_cast<std::size_t>(module.samples), static_cast<std::size_t>(module.allocated / 8));
  if (!frame.failure.empty())
    throw bad(file.path(), fmt::format("frame {} cannot be decoded (RLE Lossless): {}", index + 1,
                                       frame.failure));
  return {std::move(frame.bytes), module.photometric};
}

RawFrame compressed_frame(const File& file, const PixelModule& module, std::size_t index,
                          std::uint32_t& fragment_at) {
  DcmElement* element = nullptr;
  file.data().findAndGetElement(DCM_PixelData, element);
  auto* pixels = dynamic_cast<DcmPixelData*>(element);
  if (pixels == nullptr) throw bad(file.path(), "the pixel data element is malformed");
  const std::size_t size = static_cast<std::size_t>(native_frame_bits(file, module) / 8);
  RawFrame out;
  out.bytes.resize(size + size % 2);
  OFString model;
  const OFCondition status =
      pixels->getUncompressedFrame(&file.data(), static_cast<Uint32>(index), fragment_at,
                                   out.bytes.data(), static_cast<Uint32>(out.bytes.size()), model);
  if (status.bad())
    throw bad(file.path(), fmt::format("frame {} cannot be decoded ({}): {}", index + 1,
                                       file.syntax_name(), status.text()));
  out.bytes.resize(size);
  out.photometric = model.c_str();
  return out;
}

RawFrame native_frame(const File& file, const PixelModule& module, std::span<const std::byte> all,
                      std::size_t index) {
  const std::size_t bits = static_cast<std::size_t>(native_frame_bits(file, module));
  RawFrame out{{}, module.photometric};
  if (module.allocated == 1) {
    out.bytes.resize(bits);
    for (std::size_t i = 0; i < bits; ++i) {
      const std::size_t at = index * bits + i;
      out.bytes[i] = static_cast<std::byte>(std::to_integer<int>(all[at / 8]) >> (at % 8) & 1);
    }
    return out;
  }
  const auto part = all.subspan(index * (bits / 8), bits / 8);
  if (is_422(file, module)) {
    out.bytes = expand_422(part, bits / 16);
    return out;
  }
  out.bytes.assign(part.begin(), part.end());
  // DCMTK has turned the bytes of each word of 16 bits; the words of a sample are still the other
  // way.
  if (file.syntax() == EXS_BigEndianExplicit && module.allocated == 32 && !module.real)
    for (std::size_t i = 0; i + 3 < out.bytes.size(); i += 4) {
      std::swap(out.bytes[i], out.bytes[i + 2]);
      std::swap(out.bytes[i + 1], out.bytes[i + 3]);
    }
  if (module.samples > 1 && module.planar)
    out.bytes = interleave(out.bytes, static_cast<std::size_t>(module.samples),
                           static_cast<std::size_t>(module.allocated / 8));
  return out;
}

// Only that frame of an uncompressed element is read.
std::vector<std::byte> native_part(const File& file, const PixelModule& module, std::size_t frame) {
  DcmElement* element = nullptr;
  file.data().findAndGetElement(DCM_PixelData, element);
  std::vector<std::byte> out(static_cast<std::size_t>(native_frame_bits(file, module) / 8));
  const std::uint64_t at = frame * std::uint64_t{out.size()};
  if (element == nullptr || at + out.size() > element->getLength() ||
      element->getPartialValue(out.data(), static_cast<Uint32>(at), static_cast<Uint32>(out.size()))
          .bad())
    throw bad(file.path(), fmt::format("truncated: frame {} cannot be read", frame + 1));
  return out;
}

// Fragments that were read do not stay in memory: they are read again.
void release_fragments(const File& file, std::uint32_t first, std::uint32_t end) {
  DcmElement* element = nullptr;
  DcmPixelSequence* sequence = nullptr;
  if (file.data().findAndGetElement(DCM_PixelData, element).bad()) return;
  auto* pixels = dynamic_cast<DcmPixelData*>(element);
  if (pixels == nullptr) return;
  pixels->getEncapsulatedRepresentation(file.syntax(), nullptr, sequence);
  for (std::uint32_t i = std::max(1u, first); sequence != nullptr && i < end; ++i) {
    DcmPixelItem* item = nullptr;
    if (sequence->getItem(item, i).good() && item != nullptr) item->compact();
  }
}

std::vector<std::byte> finish_frame(const File& file, const PixelModule& module, RawFrame raw,
                                    std::size_t index) {
  if (module.real) return std::move(raw.bytes);
  const PixelType stored = integer_type(file, module.allocated, module.is_signed);
  clean_bits(raw.bytes, module);
  if (raw.photometric == "YBR_FULL" || raw.photometric == "YBR_FULL_422") {
    if (module.allocated != 8)
      throw unsupported(
          file.path(),
          fmt::format("{} with {} bits is not read", raw.photometric, module.allocated),
          "export it as RGB");
    ybr_to_rgb(raw.bytes);
  }
  if (!module.palette.empty()) return through_palette(raw.bytes, stored, module);
  if (module.type == stored && module.rescale.empty()) return std::move(raw.bytes);
  const Rescale rescale =
      module.rescale.empty() ? Rescale{} : module.rescale[module.rescale.size() == 1 ? 0 : index];
  switch (module.type) {
  case PixelType::Int16:
    return rescaled<std::int16_t>(raw.bytes, stored, rescale);
  case PixelType::Int32:
    return rescaled<std::int32_t>(raw.bytes, stored, rescale);
  default:
    return rescaled<float>(raw.bytes, stored, rescale);
  }
}

void check_supported(const File& file, const PixelModule& module) {
  static const std::vector<std::string> known{"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR",
                                              "RGB",         "YBR_FULL",    "YBR_FULL_422",
                                              "YBR_ICT",     "YBR_RCT"};
  if (std::find(known.begin(), known.end(), module.photometric) == known.end())
    throw unsupported(file.path(),
                      fmt::format("{} '{}' is not read", name_of_tag(DCM_PhotometricInterpretation),
                                  module.photometric.substr(0, 40)),
                      "export it as RGB or MONOCHROME2");
  const bool one =
      module.photometric.rfind("MONOCHROME", 0) == 0 || module.photometric == "PALETTE COLOR";
  if (module.samples != (one ? 1 : 3))
    throw bad(file.path(),
              fmt::format("{} with {} samples a pixel", module.photometric, module.samples));
  if (DcmXfer(file.syntax()).isEncapsulated() && !is_decodable(file.syntax()))
    throw unsupported(file.path(), fmt::format("the encoding {} is not read", file.syntax_name()),
                      "export it uncompressed, or convert it with 'dcmdjpeg' or 'gdcmconv --raw'");
  if (module.stored < 1 || module.stored > module.allocated ||
      module.high_bit >= module.allocated || module.high_bit < module.stored - 1)
    throw bad(file.path(), fmt::format("{} bits stored up to bit {} do not fit {} bits allocated",
                                       module.stored, module.high_bit, module.allocated));
}

}

PixelModule read_pixel_module(const File& file, bool by_frames) {
  PixelModule m;
  if (file.sop_class() == UID_MediaStorageDirectoryStorage)
    throw unsupported(file.path(), "it is a DICOMDIR, the list of the images on a medium",
                      "open one of the images, or the folder of a series");
  const bool f32 = has(file, DCM_FloatPixelData), f64 = has(file, DCM_DoubleFloatPixelData);
  if (!has(file, DCM_PixelData) && !f32 && !f64)
    throw unsupported(
        file.path(),
        fmt::format("it is a {} without pixels: nothing to show or analyse", file.sop_class_name()),
        "open the image it belongs to");
  m.rows = required(file, DCM_Rows, 1, 65535);
  m.columns = required(file, DCM_Columns, 1, 65535);
  m.samples = required(file, DCM_SamplesPerPixel, 1, 4);
  m.frames = has(file, DCM_NumberOfFrames) && !text_of(file.data(), DCM_NumberOfFrames).empty()
                 ? required(file, DCM_NumberOfFrames, 1, 10000000)
                 : 1;
  m.allocated = required(file, DCM_BitsAllocated, 1, 64);
  m.photometric = text_of(file.data(), DCM_PhotometricInterpretation);
  if (f32 || f64) {
    m.real = true;
    m.type = f32 ? PixelType::Float32 : PixelType::Float64;
    m.allocated = f32 ? 32 : 64;
    if (m.samples != 1)
      throw bad(file.path(), fmt::format("float pixels with {} samples", m.samples));
  } else {
    m.stored = has(file, DCM_BitsStored) ? required(file, DCM_BitsStored, 1, 64) : m.allocated;
    m.high_bit = has(file, DCM_HighBit) ? required(file, DCM_HighBit, 0, 63) : m.stored - 1;
    m.is_signed = integer_of(file.data(), DCM_PixelRepresentation).value_or(0) == 1;
    m.planar = integer_of(file.data(), DCM_PlanarConfiguration).value_or(0) == 1;
    m.type = integer_type(file, m.allocated, m.is_signed);
    m.channels = m.samples;
    check_supported(file, m);
  }
  const std::string name = fmt::format("'{}'", file.path().string());
  by_frames = by_frames && reads_by_frames(file, m);
  checked_bytes({static_cast<std::uint64_t>(m.rows), static_cast<std::uint64_t>(m.columns),
                 by_frames ? 1 : static_cast<std::uint64_t>(m.frames),
                 static_cast<std::uint64_t>(m.samples), size_of(m.type)},
                allocation_limit(), name);
  if (DcmXfer(file.syntax()).isEncapsulated() && !m.real)
    check_compressed(file, m);
  else
    check_native_length(file, m);
  if (m.photometric == "PALETTE COLOR") {
    read_palette(file, m);
    m.channels = 3;
    m.type = PixelType::UInt8;
  }
  read_rescale(file, m);
  if (m.photometric == "MONOCHROME1")
    m.warnings.push_back(
        "MONOCHROME1: low values are meant to be shown bright; the values are as stored");
  return m;
}

std::span<const std::byte> native_bytes(const File& file, std::uint64_t need) {
  DcmElement* element = nullptr;
  for (const DcmTagKey& tag : {DCM_PixelData, DCM_FloatPixelData, DCM_DoubleFloatPixelData})
    if (element == nullptr) file.data().findAndGetElement(tag, element);
  if (element == nullptr) throw bad(file.path(), "it has no pixel data");
  const std::uint64_t have = element->getLength();
  if (have < need)
    throw bad(file.path(), fmt::format("truncated: {} bytes of pixel data are needed, there are {}",
                                       need, have));
  Uint8* bytes = nullptr;
  Float32* floats = nullptr;
  Float64* doubles = nullptr;
  if (element->getVR() == EVR_OF || element->ident() == EVR_OF) {
    if (element->getFloat32Array(floats).good()) bytes = reinterpret_cast<Uint8*>(floats);
  } else if (element->ident() == EVR_OD) {
    if (element->getFloat64Array(doubles).good()) bytes = reinterpret_cast<Uint8*>(doubles);
  } else
    element->getUint8Array(bytes);
  if (bytes == nullptr)
    throw bad(file.path(),
              fmt::format("truncated: its {} bytes of pixel data cannot be read", have));
  return {reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(have)};
}

bool reads_by_frames(const File& file, const PixelModule& m) {
  if (m.real || m.allocated == 1) return false;
  return DcmXfer(file.syntax()).isEncapsulated() || file.syntax() == EXS_LittleEndianExplicit ||
         file.syntax() == EXS_LittleEndianImplicit;
}

std::vector<std::byte> decode_frame(const File& file, const PixelModule& m, std::size_t frame,
                                    std::uint32_t& fragment_at) {
  RawFrame raw;
  if (!DcmXfer(file.syntax()).isEncapsulated())
    raw = native_frame(file, m, native_part(file, m, frame), 0);
  else if (is_jpeg2000(file.syntax()))
    raw = jpeg2000_frame(file, m, frame);
  else if (file.syntax() == EXS_RLELossless)
    raw = rle_frame(file, m, frame);
  else {
    const std::uint32_t first = fragment_at;
    raw = compressed_frame(file, m, frame, fragment_at);
    release_fragments(file, first, fragment_at);
  }
  return finish_frame(file, m, std::move(raw), frame);
}

std::vector<std::byte> decode(const File& file, const PixelModule& m, const Context& context) {
  const std::size_t frames = static_cast<std::size_t>(m.frames);
  const std::size_t total = static_cast<std::size_t>(m.rows) * static_cast<std::size_t>(m.columns) *
                            frames * static_cast<std::size_t>(m.channels) * size_of(m.type);
  const bool compressed = !m.real && DcmXfer(file.syntax()).isEncapsulated();
  const auto native = compressed
                          ? std::span<const std::byte>{}
                          : native_bytes(file, (native_frame_bits(file, m) * frames + 7) / 8);
  std::vector<std::byte> out;
  out.reserve(total);
  std::uint32_t fragment_at = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    if (i % 8 == 0) context.step(static_cast<double>(i) / static_cast<double>(frames), "decoding");
    const auto frame = compressed ? decode_frame(file, m, i, fragment_at)
                                  : finish_frame(file, m, native_frame(file, m, native, i), i);
    out.insert(out.end(), frame.begin(), frame.end());
  }
  return out;
}

}
