#include "plugins/dcmtk/dicom_file.h"

#include "modules/core/file.h"

#include <dcmtk/dcmdata/dcspchrs.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

namespace sensorium::dicom {
namespace fs = std::filesystem;
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? std::string() : text.substr(first);
}

// Bytes of pixel data that follow the last pixel data tag with this length, for the message on a
// truncated file.
std::optional<std::uint64_t> bytes_present(const fs::path& path, std::uint32_t length) {
  const auto file = MappedFile::open(path);
  const auto all = file->bytes();
  std::array<std::byte, 4> tag{std::byte{0xe0}, std::byte{0x7f}, std::byte{0x10}, std::byte{0x00}};
  for (const std::size_t at : {std::size_t{8}, std::size_t{4}}) {
    auto from = all.end();
    while (true) {
      const auto found = std::find_end(all.begin(), from, tag.begin(), tag.end());
      if (found == from) break;
      const auto offset = static_cast<std::size_t>(found - all.begin());
      std::uint32_t value = 0;
      if (offset + at + 4 <= all.size()) std::memcpy(&value, all.data() + offset + at, 4);
      if (value == length) return all.size() - offset - at - 4;
      from = found;
    }
  }
  return std::nullopt;
}

// "BasicTextSRStorage" to "Basic Text SR Storage".
std::string spaced(std::string_view name) {
  const auto upper = [&](std::size_t i) {
    return std::isupper(static_cast<unsigned char>(name[i])) != 0;
  };
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool starts =
        i > 0 && upper(i) &&
        (!upper(i - 1) ||
         (i + 1 < name.size() && std::islower(static_cast<unsigned char>(name[i + 1])) != 0));
    if (starts && name[i - 1] != '-') out += ' ';
    out += name[i];
  }
  return out;
}

Error load_error(const fs::path& path, const fs::path& source, const OFCondition& status,
                 DcmDataset* data) {
  DcmElement* pixels = nullptr;
  if (data != nullptr && data->findAndGetElement(DCM_PixelData, pixels).good() &&
      pixels != nullptr) {
    const std::uint32_t length = pixels->getLengthField();
    if (length != DCM_UndefinedLength) {
      const auto there = bytes_present(source, length);
      if (there && *there < length)
        return bad(
            path, fmt::format("truncated: the header promises {} bytes of pixel data, there are {}",
                              length, *there));
    }
    return bad(path, "truncated: the file ends inside its pixel data");
  }
  return bad(path, fmt::format("not readable as DICOM: {}", status.text()));
}

std::string utf8(DcmItem& data, const DcmTagKey& tag) {
  const std::string raw = text_of(data, tag);
  DcmSpecificCharacterSet converter;
  OFString out;
  const std::string set = text_of(data, DCM_SpecificCharacterSet);
  std::string converted = raw;
  if (!set.empty() && converter.selectCharacterSet(OFString(set.c_str()), "ISO_IR 192").good() &&
      converter.convertString(OFString(raw.c_str()), out, "\\^=").good())
    converted = out.c_str();
  std::replace(converted.begin(), converted.end(), '^', ' ');
  return trimmed(converted);
}

}

void start() {
  static std::once_flag once;
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    dcmEnableUnknownVRConversion.set(OFTrue);
    DJDecoderRegistration::registerCodecs(EDC_never, EUC_never, EPC_colorByPixel);
    DJLSDecoderRegistration::registerCodecs(EJLSUC_never, EJLSPC_colorByPixel);
  });
}

int sniff_bytes(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.size() >= 132 && text.substr(128, 4) == "DICM") return 100;
  if (text.size() < 16) return 0;
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(head[i]); };
  const bool group = (byte(0) == 2 || byte(0) == 8) && byte(1) == 0 && byte(3) == 0;
  const bool vr = text.substr(4, 2) == "UL" || text.substr(4, 2) == "UI" ||
                  text.substr(4, 2) == "CS" || text.substr(4, 2) == "OB";
  const bool implicit =
      byte(5) == 0 && byte(6) == 0 && byte(7) == 0 && byte(4) > 0 && byte(4) <= 64;
  return group && (vr || (implicit && byte(0) == 8)) ? 60 : 0;
}

Error bad(const fs::path& path, std::string_view what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path.string(), what),
               "copy or export the file again");
}

Error unsupported(const fs::path& path, std::string_view what, std::string_view hint) {
  return Error(ErrorCode::Unsupported, fmt::format("'{}': {}", path.string(), what),
               std::string(hint));
}

File::File(const fs::path& path)
    : path_(path), inflated_(inflated_dataset(path)), format_(std::make_unique<DcmFileFormat>()) {
  start();
  if (!dcmDataDict.isDictionaryLoaded())
    throw Error(ErrorCode::NotFound, "DCMTK's data dictionary is missing",
                "install the package dcmtk, or set DCMDICTPATH");
  const fs::path source = inflated_ ? inflated_->path() : path;
  const OFCondition status = inflated_
                                 ? format_->loadFile(source.c_str(), EXS_LittleEndianExplicit,
                                                     EGL_noChange, DCM_MaxReadLength, ERM_dataset)
                                 : format_->loadFile(source.c_str());
  if (status.bad()) throw load_error(path, source, status, format_->getDataset());
  if (data().card() == 0) throw bad(path, "not readable as DICOM: it holds no element");
}

std::string File::syntax_name() const { return DcmXfer(syntax()).getXferName(); }

std::string File::sop_class() const {
  std::string uid = text_of(data(), DCM_SOPClassUID);
  if (uid.empty() && format_->getMetaInfo() != nullptr)
    uid = text_of(*format_->getMetaInfo(), DCM_MediaStorageSOPClassUID);
  return uid;
}

std::string File::sop_class_name() const {
  const std::string uid = sop_class();
  const char* name = dcmFindNameOfUID(uid.c_str());
  return uid.empty() ? "DICOM object of no class" : name != nullptr ? spaced(name) : uid;
}

std::string text_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
  OFString value;
  return item.findAndGetOFString(tag, value, index).good()
             ? trimmed(std::string(value.c_str(), value.length()))
             : std::string();
}

std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
  Float64 value = 0;
  if (item.findAndGetFloat64(tag, value, index).good() && std::isfinite(value)) return value;
  DcmElement* element = nullptr;
  if (item.findAndGetElement(tag, element).bad() || element == nullptr ||
      element->getVR() == EVR_SQ)
    return std::nullopt;
  const std::string text = text_of(item, tag, index);
  char* end = nullptr;
  value = std::strtod(text.c_str(), &end);
  if (text.empty() || end == text.c_str() || *end != '\0' || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<long> integer_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
  const auto value = number_of(item, tag, index);
  if (!value || *value != std::floor(*value) || std::abs(*value) > 2147483647.0)
    return std::nullopt;
  return static_cast<long>(*value);
}

std::vector<double> numbers_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<double> out;
  DcmElement* element = nullptr;
  if (item.findAndGetElement(tag, element).bad() || element == nullptr) return out;
  const unsigned long count = std::min<unsigned long>(element->getVM(), 1u << 20);
  for (unsigned long i = 0; i < count; ++i) {
    const auto value = number_of(item, tag, i);
    if (!value) return {};
    out.push_back(*value);
  }
  return out;
}

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence) {
  std::vector<DcmItem*> out;
  DcmSequenceOfItems* found = nullptr;
  if (item.findAndGetSequence(sequence, found).bad() || found == nullptr) return out;
  for (unsigned long i = 0; i < found->card(); ++i)
    if (DcmItem* one = found->getItem(i)) out.push_back(one);
  return out;
}

std::string name_of_tag(const DcmTagKey& key) {
  DcmTag tag(key);
  return fmt::format("{} ({:04x},{:04x})", tag.getTagName(), key.getGroup(), key.getElement());
}

Origin origin_of_file(const File& file) {
  DcmItem& data = file.data();
  Origin origin;
  origin.path = file.path().string();
  const auto fact = [&](const char* name, const DcmTagKey& tag) {
    if (const std::string value = text_of(data, tag); !value.empty())
      origin.facts.push_back({name, value, name_of_tag(tag)});
  };
  origin.facts.push_back({"object", file.sop_class_name(), name_of_tag(DCM_SOPClassUID)});
  origin.facts.push_back({"encoding", file.syntax_name(), name_of_tag(DCM_TransferSyntaxUID)});
  fact("modality", DCM_Modality);
  fact("acquired", DCM_AcquisitionDateTime);
  fact("study date", DCM_StudyDate);
  fact("manufacturer", DCM_Manufacturer);
  fact("device", DCM_ManufacturerModelName);
  fact("body part", DCM_BodyPartExamined);
  fact("study", DCM_StudyInstanceUID);
  fact("series", DCM_SeriesInstanceUID);
  fact("instance", DCM_SOPInstanceUID);
  fact("frame of reference", DCM_FrameOfReferenceUID);
  origin.patient = {utf8(data, DCM_PatientID), utf8(data, DCM_PatientName),
                    text_of(data, DCM_PatientBirthDate), text_of(data, DCM_PatientSex)};
  if (text_of(data, DCM_BurnedInAnnotation) == "YES")
    origin.warnings.push_back(
        "text is burnt into the pixels (BurnedInAnnotation is YES): it may identify the patient");
  if (text_of(data, DCM_LossyImageCompression) == "01")
    origin.warnings.push_back("the pixels were compressed with loss");
  return origin;
}

DcmItem* functional_group(DcmItem& data, std::size_t frame, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  DcmItem* group = nullptr;
  if (data.findAndGetSequenceItem(DCM_PerFrameFunctionalGroupsSequence, item,
                                  static_cast<long>(frame))
          .good() &&
      item != nullptr && item->findAndGetSequenceItem(sequence, group, 0).good() &&
      group != nullptr)
    return group;
  if (data.findAndGetSequenceItem(DCM_SharedFunctionalGroupsSequence, item, 0).good() &&
      item != nullptr && item->findAndGetSequenceItem(sequence, group, 0).good() &&
      group != nullptr)
    return group;
  return nullptr;
}

}
