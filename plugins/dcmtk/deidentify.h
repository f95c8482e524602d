// Takes the patient out of an object that this program writes beside a source.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

namespace sensorium::dicom {

// Empties or removes what names a person, a place, a device or a time of the patient, study,
// series and equipment (PS3.15 table E.1-1, as far as our own objects have such elements), at every
// depth. Instance UIDs become others, derived from them by SHA-256, so that objects of one
// recording stay together. Says so in PatientIdentityRemoved and DeidentificationMethod.
void deidentify(DcmDataset& data);
// "2.25." and the number of the first 15 bytes of the hash.
std::string derived_uid(const std::string& uid);

}
