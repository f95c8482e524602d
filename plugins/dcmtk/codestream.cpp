#include "plugins/dcmtk/codestream.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sensorium::dicom {
namespace {

DcmPixelSequence& sequence_of(const File& file) {
  DcmElement* element = nullptr;
  DcmPixelSequence* sequence = nullptr;
  if (file.data().findAndGetElement(DCM_PixelData, element).good())
    if (auto* pixels = dynamic_cast<DcmPixelData*>(element))
      pixels->getEncapsulatedRepresentation(file.syntax(), nullptr, sequence);
  if (sequence == nullptr || sequence->card() < 2)
    throw bad(file.path(),
              fmt::format("it says its pixels are compressed ({}), but holds no compressed frame",
                          file.syntax_name()));
  return *sequence;
}

std::vector<std::byte> item_bytes(const File& file, DcmPixelSequence& sequence, std::size_t index) {
  DcmPixelItem* item = nullptr;
  Uint8* bytes = nullptr;
  if (sequence.getItem(item, static_cast<unsigned long>(index)).bad() || item == nullptr)
    throw bad(file.path(), fmt::format("fragment {} is missing", index));
  const std::size_t length = item->getLength();
  if (length == 0) return {};
  if (item->getUint8Array(bytes).bad() || bytes == nullptr)
    throw bad(file.path(),
              fmt::format("truncated: fragment {} of {} bytes cannot be read", index, length));
  std::vector<std::byte> out(length);
  std::memcpy(out.data(), bytes, length);
  item->compact(); // a long clip's fragments do not stay in memory: they are read again
  return out;
}

}

std::size_t fragment_count(const File& file) { return sequence_of(file).card() - 1; }

std::vector<std::byte> fragment(const File& file, std::size_t index) {
  return item_bytes(file, sequence_of(file), index + 1);
}

std::vector<std::byte> frame_bytes(const File& file, std::size_t frame, std::size_t frames) {
  DcmPixelSequence& sequence = sequence_of(file);
  const std::size_t fragments = sequence.card() - 1;
  if (fragments == frames) return item_bytes(file, sequence, frame + 1);
  std::size_t first = 0, end = fragments;
  if (frames > 1) {
    const auto table = item_bytes(file, sequence, 0);
    if (fragments < frames || table.size() != 4 * frames)
      throw bad(file.path(),
                fmt::format("{} frames in {} fragments, and no offset table to tell them apart",
                            frames, fragments));
    std::vector<std::uint32_t> offsets(frames);
    std::memcpy(offsets.data(), table.data(), table.size());
    std::uint64_t at = 0;
    first = end = fragments;
    for (std::size_t i = 0; i < fragments; ++i) {
      if (at == offsets[frame]) first = i;
      if (frame + 1 < frames && at == offsets[frame + 1]) end = i;
      DcmPixelItem* item = nullptr;
      if (sequence.getItem(item, static_cast<unsigned long>(i + 1)).good() && item != nullptr)
        at += 8 + item->getLength();
    }
    if (first >= end)
      throw bad(file.path(),
                fmt::format("the offset table has no fragment for frame {}", frame + 1));
  }
  std::vector<std::byte> out;
  for (std::size_t i = first; i < end; ++i) {
    const auto piece = item_bytes(file, sequence, i + 1);
    out.insert(out.end(), piece.begin(), piece.end());
  }
  return out;
}

std::optional<FrameSize> size_in_codestream(std::span<const std::byte> bytes) {
  const auto at = [&](std::size_t i) {
    return i < bytes.size() ? std::to_integer<std::uint64_t>(bytes[i]) : 0;
  };
  const auto two = [&](std::size_t i) { return at(i) << 8 | at(i + 1); };
  const auto four = [&](std::size_t i) { return two(i) << 16 | two(i + 2); };
  if (two(0) == 0xff4f && two(2) == 0xff51)
    return FrameSize{four(12) - four(20), four(8) - four(16), two(40)};
  if (two(0) != 0xffd8) return std::nullopt;
  for (std::size_t i = 2; i + 9 < bytes.size();) {
    if (at(i) != 0xff) return std::nullopt;
    const std::uint64_t marker = at(i + 1);
    if (marker == 0xff) {
      ++i;
      continue;
    }
    const bool frame =
        (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) ||
        marker == 0xf7;
    if (frame) return FrameSize{two(i + 5), two(i + 7), at(i + 9)};
    i += marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7) ? 2 : 2 + two(i + 2);
  }
  return std::nullopt;
}

}
