// DICOM Structured Reports of findings: TID 1500 Imaging Measurement Report (PS3.16), written as
// Comprehensive SR and read back.
//
// Each finding is a measurement group with its tracking identifier and UID, its label as the coded
// finding, its measures, its attributes as text. Beside a DICOM source a group follows TID 1411
// with an image region for each piece of each slice, selected from the source image. Without one it
// follows TID 1501; the place is then text (runs of z, y, x, length) and a comment says that there
// is no image reference and why. Groups of an exam name the DICOM clips that they were made from.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

#include "modules/core/extension.h"

namespace sensorium::dicom {

// role "findings"; volume: the recording itself (its grid). Throws Error Usage without findings,
// NotFound when a DICOM source's files are gone, Resources.
void write_structured_report(const WriteRequest& request, const std::filesystem::path& path);

// 100: a DICOM file whose meta information names a structured report class.
int sniff_report(std::span<const std::byte> head);

// The groups of a TID 1500 report on this recording: regions as lines, circles, ellipses or points
// on its images, or our own text. A file of another recording is refused. Throws Error BadInput
// (naming both recordings), Unsupported.
Findings read_structured_report(const std::filesystem::path& path, const Dataset& recording,
                                const Context& context);

// Attributes of a finding that are coded instead of written as text. A finding with a site and no
// footprint (a zone of an exam) becomes a group of qualitative evaluations alone (TID 1501).
inline constexpr const char* site_attribute = "finding site"; // its code
inline constexpr const char* site_meaning_attribute = "finding site meaning";
inline constexpr const char* laterality_attribute = "laterality"; // "right" or "left"
inline constexpr const char* evaluation_prefix = "evaluation: ";  // then the evaluation's name
// Then anything; the value is the path of a DICOM file that the group was made from. It becomes an
// image reference of the group, of the image library and of the evidence; the path is not written.
inline constexpr const char* source_prefix = "source image: ";

// Names that both sides know.
struct CodedName {
  const char *name, *value, *scheme, *meaning;
};
inline constexpr const char* own_scheme = "99SENSORIUM";
// Measures with a standard code; others get own_scheme.
inline constexpr CodedName standard_measures[] = {
    {"volume", "118565006", "SCT", "Volume"},
    {"section area", "42798000", "SCT", "Area"},
    {"long axis", "103339001", "SCT", "Long axis"},
    {"equivalent diameter", "81827009", "SCT", "Diameter"}};
inline constexpr CodedName units[] = {{"um", "um", "UCUM", "micrometer"},
                                      {"um2", "um2", "UCUM", "square micrometer"},
                                      {"um3", "um3", "UCUM", "cubic micrometer"},
                                      {"mm", "mm", "UCUM", "millimeter"},
                                      {"mm2", "mm2", "UCUM", "square millimeter"},
                                      {"px", "{pixels}", "UCUM", "pixels"},
                                      {"px2", "{pixels}2", "UCUM", "square pixels"},
                                      {"px3", "{voxels}", "UCUM", "voxels"},
                                      {"1", "1", "UCUM", "no units"}};

}
