#include "plugins/dcmtk/deidentify.h"

#include "modules/core/hash.h"

#include <array>
#include <set>

namespace sensorium::dicom {
namespace {

// Type 2 elements stay, empty; all others go.
const std::set<DcmTagKey>& emptied() {
  static const std::set<DcmTagKey> tags{
      DCM_PatientName, DCM_PatientID,       DCM_PatientBirthDate,       DCM_PatientSex,
      DCM_StudyID,     DCM_AccessionNumber, DCM_ReferringPhysicianName, DCM_StudyDate,
      DCM_StudyTime};
  return tags;
}

// What our own software writes about itself is kept; the classes and syntaxes are no identities.
bool is_kept(const DcmTagKey& tag) {
  static const std::set<DcmTagKey> tags{
      DCM_Manufacturer,         DCM_ManufacturerModelName, DCM_SoftwareVersions,
      DCM_DeviceSerialNumber,   DCM_ContentDate,           DCM_ContentTime,
      DCM_ContentLabel,         DCM_ContentDescription,    DCM_SeriesDescription,
      DCM_SeriesNumber,         DCM_DerivationDescription, DCM_SpecificCharacterSet,
      DCM_InstanceCreationDate, DCM_InstanceCreationTime,  DCM_ObservationDateTime};
  return tags.contains(tag);
}

bool is_personal(const DcmTagKey& tag, DcmEVR vr) {
  if (is_kept(tag)) return false;
  if (vr == EVR_PN || vr == EVR_DA || vr == EVR_TM || vr == EVR_DT) return true;
  if (tag.getGroup() == 0x0010) return true;
  static const std::set<DcmTagKey> tags{DCM_StudyID,         DCM_AccessionNumber,
                                        DCM_InstitutionName, DCM_InstitutionAddress,
                                        DCM_StationName,     DCM_StudyDescription,
                                        DCM_ProtocolName,    DCM_PerformedProcedureStepDescription,
                                        DCM_ImageComments,   DCM_InstitutionalDepartmentName};
  return tags.contains(tag);
}

bool is_class(const std::string& uid) { return uid.starts_with("1.2.840.10008.") || uid.empty(); }

void clean(DcmItem& item) {
  std::vector<DcmTagKey> gone;
  for (DcmObject* object = item.nextInContainer(nullptr); object != nullptr;
       object = item.nextInContainer(object)) {
    const DcmTagKey tag = object->getTag();
    if (auto* sequence = dynamic_cast<DcmSequenceOfItems*>(object)) {
      for (unsigned long i = 0; i < sequence->card(); ++i) clean(*sequence->getItem(i));
    } else if (emptied().contains(tag)) {
      static_cast<DcmElement*>(object)->putOFStringArray("");
    } else if (is_personal(tag, object->ident())) {
      gone.push_back(tag);
    } else if (object->ident() == EVR_UI) {
      const std::string uid = text_of(item, tag);
      if (!is_class(uid))
        static_cast<DcmElement*>(object)->putOFStringArray(derived_uid(uid).c_str());
    }
  }
  for (const DcmTagKey& tag : gone) item.findAndDeleteElement(tag);
}

}

std::string derived_uid(const std::string& uid) {
  const std::string hex = sha256("sensorium uid " + uid);
  // 15 bytes, in base 10, by long division.
  std::vector<int> digits;
  std::vector<int> bytes;
  for (std::size_t i = 0; i < 30; i += 2) bytes.push_back(std::stoi(hex.substr(i, 2), nullptr, 16));
  while (!bytes.empty()) {
    int rest = 0;
    std::vector<int> quotient;
    for (const int byte : bytes) {
      const int value = rest * 256 + byte;
      if (!quotient.empty() || value / 10 != 0) quotient.push_back(value / 10);
      rest = value % 10;
    }
    digits.push_back(rest);
    bytes = std::move(quotient);
  }
  std::string out = "2.25.";
  for (auto d = digits.rbegin(); d != digits.rend(); ++d) out += static_cast<char>('0' + *d);
  return out;
}

void deidentify(DcmDataset& data) {
  clean(data);
  data.putAndInsertString(DCM_PatientIdentityRemoved, "YES");
  data.putAndInsertString(DCM_DeidentificationMethod,
                          "Sensorium: patient and study emptied, UIDs replaced");
}

}
