#include "plugins/dcmtk/clean_clip.h"

#include "plugins/dcmtk/deidentify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <fstream>
#include <unistd.h>

namespace sensorium::dicom {
namespace fs = std::filesystem;
namespace {

void must(const OFCondition& status, const DcmTagKey& tag) {
  if (status.bad())
    throw Error(ErrorCode::Resources,
                fmt::format("{} cannot be written: {}", name_of_tag(tag), status.text()));
}

void put(DcmItem& to, const DcmTagKey& tag, const std::string& text) {
  must(to.putAndInsertString(tag, text.c_str()), tag);
}

// Numbers kept as decimal text (DS, IS) are written anew from their values.
void copy_numbers(DcmItem& from, DcmItem& to, const DcmTagKey& tag) {
  std::vector<std::string> words;
  for (const double value : numbers_of(from, tag)) {
    if (!std::isfinite(value)) return;
    words.push_back(fmt::format("{:.10g}", value));
  }
  if (!words.empty()) put(to, tag, fmt::format("{}", fmt::join(words, "\\")));
}

bool is_binary_number(DcmEVR vr) {
  return vr == EVR_US || vr == EVR_SS || vr == EVR_UL || vr == EVR_SL || vr == EVR_FL ||
         vr == EVR_FD;
}

void copy_regions(DcmItem& from, DcmItem& to) {
  for (DcmItem* region : items_of(from, DCM_SequenceOfUltrasoundRegions)) {
    DcmItem* made = nullptr;
    must(to.findOrCreateSequenceItem(DCM_SequenceOfUltrasoundRegions, made, -2),
         DCM_SequenceOfUltrasoundRegions);
    for (DcmObject* object = region->nextInContainer(nullptr); object != nullptr;
         object = region->nextInContainer(object))
      if (object->getTag().getGroup() == 0x0018 && is_binary_number(object->ident()))
        must(made->insert(dynamic_cast<DcmElement*>(object->clone())), object->getTag());
  }
}

std::string new_uid(const File& file, const DcmTagKey& tag) {
  const std::string old = text_of(file.data(), tag);
  // One that is missing follows from the instance's own and its tag.
  return derived_uid(old.empty() ? text_of(file.data(), DCM_SOPInstanceUID) + name_of_tag(tag)
                                 : old);
}

void put_identity(const File& file, int frames, DcmItem& to) {
  put(to, DCM_SOPClassUID,
      frames > 1 ? UID_UltrasoundMultiframeImageStorage : UID_UltrasoundImageStorage);
  for (const DcmTagKey& tag : {DCM_SOPInstanceUID, DCM_StudyInstanceUID, DCM_SeriesInstanceUID})
    put(to, tag, new_uid(file, tag));
  if (!text_of(file.data(), DCM_FrameOfReferenceUID).empty())
    put(to, DCM_FrameOfReferenceUID, new_uid(file, DCM_FrameOfReferenceUID));
  // PS3.3 asks for these (type 2), empty where nothing is said.
  for (const DcmTagKey& tag :
       {DCM_PatientName, DCM_PatientID, DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyDate,
        DCM_StudyTime, DCM_ReferringPhysicianName, DCM_StudyID, DCM_AccessionNumber,
        DCM_Manufacturer, DCM_PatientOrientation, DCM_SeriesNumber, DCM_InstanceNumber})
    put(to, tag, "");
  for (const DcmTagKey& tag : {DCM_SeriesNumber, DCM_InstanceNumber})
    if (const auto number = integer_of(file.data(), tag)) put(to, tag, std::to_string(*number));
  put(to, DCM_Modality, "US");
  put(to, DCM_ImageType, "DERIVED\\PRIMARY");
}

void put_statement(DcmItem& to) {
  put(to, DCM_PatientIdentityRemoved, "YES");
  put(to, DCM_DeidentificationMethod,
      "Sensorium: header made anew from numbers, writing in the pixels masked");
  put(to, DCM_BurnedInAnnotation, "NO");
  put(to, DCM_LongitudinalTemporalInformationModified, "REMOVED");
  constexpr std::array<std::array<const char*, 2>, 2> codes{{
      {"113100", "Basic Application Confidentiality Profile"},
      {"113101", "Clean Pixel Data Option"},
  }};
  for (const auto& [value, meaning] : codes) {
    DcmItem* code = nullptr;
    must(to.findOrCreateSequenceItem(DCM_DeidentificationMethodCodeSequence, code, -2),
         DCM_DeidentificationMethodCodeSequence);
    put(*code, DCM_CodeValue, value);
    put(*code, DCM_CodingSchemeDesignator, "DCM");
    put(*code, DCM_CodeMeaning, meaning);
  }
}

void put_time(const File& file, const Video& clean, DcmItem& to) {
  if (clean.frames < 2) return;
  const bool vector = numbers_of(file.data(), DCM_FrameTimeVector).size() > 1;
  const DcmTagKey tag = vector ? DCM_FrameTimeVector : DCM_FrameTime;
  if (vector)
    copy_numbers(file.data(), to, tag);
  else if (clean.frame_time_ms)
    put(to, tag, fmt::format("{:.10g}", *clean.frame_time_ms));
  if (vector || clean.frame_time_ms) {
    DcmAttributeTag* pointer = new DcmAttributeTag(DCM_FrameIncrementPointer);
    must(pointer->putTagVal(tag), DCM_FrameIncrementPointer);
    must(to.insert(pointer), DCM_FrameIncrementPointer);
  }
  for (const DcmTagKey& other : {DCM_CineRate, DCM_RecommendedDisplayFrameRate, DCM_FrameDelay})
    copy_numbers(file.data(), to, other);
}

void put_picture(const File& file, const Video& clean, DcmItem& to) {
  const auto number = [&](const DcmTagKey& tag, int value) {
    must(to.putAndInsertUint16(tag, static_cast<Uint16>(value)), tag);
  };
  number(DCM_SamplesPerPixel, clean.channels);
  put(to, DCM_PhotometricInterpretation,
      clean.channels == 3                                                    ? "RGB"
      : text_of(file.data(), DCM_PhotometricInterpretation) == "MONOCHROME1" ? "MONOCHROME1"
                                                                             : "MONOCHROME2");
  if (clean.channels == 3) number(DCM_PlanarConfiguration, 0);
  if (clean.frames > 1) put(to, DCM_NumberOfFrames, std::to_string(clean.frames));
  number(DCM_Rows, clean.height);
  number(DCM_Columns, clean.width);
  number(DCM_BitsAllocated, 8);
  number(DCM_BitsStored, 8);
  number(DCM_HighBit, 7);
  number(DCM_PixelRepresentation, 0);
  for (const DcmTagKey& tag : {DCM_PixelSpacing, DCM_ImagerPixelSpacing, DCM_PixelAspectRatio,
                               DCM_MechanicalIndex, DCM_DepthOfScanField})
    copy_numbers(file.data(), to, tag);
  copy_regions(file.data(), to);
  const bool lossy = text_of(file.data(), DCM_LossyImageCompression) == "01" ||
                     file.syntax() == EXS_JPEGProcess1 || file.syntax() == EXS_JPEGProcess2_4 ||
                     file.syntax() == EXS_JPEGLSLossy || file.syntax() == EXS_JPEG2000;
  put(to, DCM_LossyImageCompression, lossy ? "01" : "00");
  if (lossy) copy_numbers(file.data(), to, DCM_LossyImageCompressionRatio);
}

// Pixel Data is the last element of the file, so that frames follow the header one by one.
void append_frames(const Video& clean, const fs::path& path, const Context& context) {
  const std::uint64_t bytes = clean.frame_bytes() * static_cast<std::uint64_t>(clean.frames);
  const auto length = static_cast<std::uint32_t>(bytes + bytes % 2);
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out.write("\xE0\x7F\x10\x00OB\0\0", 8);
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  for (int t = 0; t < clean.frames; ++t) {
    if (t % 8 == 0) context.step(static_cast<double>(t) / clean.frames, "writing");
    const Buffer frame = clean.frame(t);
    out.write(reinterpret_cast<const char*>(frame.bytes().data()),
              static_cast<std::streamsize>(frame.size()));
  }
  if (bytes % 2 != 0) out.put('\0');
  out.close();
  if (!out)
    throw Error(ErrorCode::Resources, "the clip cannot be written whole", "is the disk full?");
}

void check(const Video& clean, const Dataset& source) {
  const Origin& origin = origin_of(source);
  const auto* video = std::get_if<Video>(&source);
  std::error_code none;
  if (video == nullptr || origin.format != "dicom" || !fs::is_regular_file(origin.path, none))
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' is no DICOM clip", origin.path),
                "give the file of an ultrasound DICOM, or export a video file");
  if (clean.type != PixelType::UInt8 || (clean.channels != 1 && clean.channels != 3) ||
      clean.width > 65535 || clean.height > 65535 ||
      clean.frame_bytes() * static_cast<std::uint64_t>(clean.frames) >= 0xFFFFFFFEu)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' does not fit into one DICOM file: {} frames of {} x {}",
                            origin.path, clean.frames, clean.width, clean.height),
                "cut it into shorter clips: 4 GB of pixels is the most");
  if (clean.width != video->width || clean.height != video->height ||
      clean.frames != video->frames || clean.channels != video->channels)
    throw Error(ErrorCode::Conflict, fmt::format("'{}' has another size", origin.path));
}

}

void write_clean_clip(const Video& clean, const Dataset& source, const fs::path& path,
                      const Context& context) {
  start();
  check(clean, source);
  const File file(origin_of(source).path);
  DcmFileFormat made;
  DcmDataset& data = *made.getDataset();
  put_identity(file, clean.frames, data);
  put_statement(data);
  put_time(file, clean, data);
  put_picture(file, clean, data);
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  try {
    const OFCondition status = made.saveFile(temporary.c_str(), EXS_LittleEndianExplicit);
    if (status.bad())
      throw Error(ErrorCode::Resources,
                  fmt::format("cannot write '{}': {}", path.string(), status.text()),
                  "check the folder and the space left");
    append_frames(clean, temporary, context);
    fs::rename(temporary, path);
  } catch (const fs::filesystem_error& e) {
    std::error_code none;
    fs::remove(temporary, none);
    throw Error(ErrorCode::Resources,
                fmt::format("cannot write '{}': {}", path.string(), e.code().message()),
                "check the folder and the space left");
  } catch (...) {
    std::error_code none;
    fs::remove(temporary, none);
    throw;
  }
}

}
