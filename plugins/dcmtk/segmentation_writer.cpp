#include "plugins/dcmtk/deidentify.h"
#include "plugins/dcmtk/geometry.h"
#include "plugins/dcmtk/segmentation.h"
#include "plugins/dcmtk/sources.h"

#include "modules/core/file.h"

#include <dcmtk/dcmfg/fgderimg.h>
#include <dcmtk/dcmfg/fgfracon.h>
#include <dcmtk/dcmfg/fgpixmsr.h>
#include <dcmtk/dcmfg/fgplanor.h>
#include <dcmtk/dcmfg/fgplanpo.h>
#include <dcmtk/dcmseg/segdoc.h>
#include <dcmtk/dcmseg/segment.h>

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace sensorium::dicom {
namespace fs = std::filesystem;
namespace {

Error refused(const std::string& why) {
  return Error(ErrorCode::Unsupported, fmt::format("no DICOM SEG can be written: {}", why),
               "write the mask as NRRD instead");
}

OFString ds(double value) { return OFString(decimal(value).c_str()); }

void must(const OFCondition& status, const char* what) {
  if (status.bad())
    throw Error(ErrorCode::Internal, fmt::format("DICOM SEG: {}: {}", what, status.text()),
                "write the mask as NRRD instead, and report this");
}

std::vector<std::string> segment_names(const WriteRequest& request, int segments) {
  std::string name = request.role == "soft_map" ? "probability" : "finding";
  if (request.findings != nullptr && !request.findings->items.empty()) {
    const auto& items = request.findings->items;
    if (std::all_of(items.begin(), items.end(),
                    [&](const Finding& f) { return f.label == items.front().label; }))
      name = items.front().label;
  }
  std::vector<std::string> out;
  for (int i = 1; i <= segments; ++i) {
    const auto own = request.labels.find(i);
    out.push_back(request.role != "labels"      ? name
                  : own == request.labels.end() ? fmt::format("label {}", i)
                                                : own->second);
  }
  return out;
}

std::unique_ptr<DcmSegmentation> new_document(const WriteRequest& request, int segments) {
  const auto rows = static_cast<Uint16>(request.volume.height),
             columns = static_cast<Uint16>(request.volume.width);
  const IODGeneralEquipmentModule::EquipmentInfo equipment("Sensorium", "Sensorium", "none",
                                                           "0.1.0");
  const std::string description =
      request.statement.empty() ? "Findings of Sensorium, research preview" : request.statement;
  const ContentIdentificationMacro content("1", "FINDINGS", long_string(description).c_str(), "");
  DcmSegmentation* raw = nullptr;
  must(request.role == "soft_map"
           ? DcmSegmentation::createFractionalSegmentation(
                 raw, rows, columns, DcmSegTypes::SFT_PROBABILITY, 255, equipment, content)
           : DcmSegmentation::createBinarySegmentation(raw, rows, columns, equipment, content),
       "create");
  std::unique_ptr<DcmSegmentation> document(raw);
  for (const std::string& name : segment_names(request, segments)) {
    DcmSegment* segment = nullptr;
    must(DcmSegment::create(
             segment, OFString(name.substr(0, 64).c_str()),
             CodeSequenceMacro("49755003", "SCT", "Morphologically Abnormal Structure"),
             CodeSequenceMacro("52988006", "SCT", "Lesion"),
             request.statement.starts_with("as reviewed") ? DcmSegTypes::SAT_SEMIAUTOMATIC
                                                          : DcmSegTypes::SAT_AUTOMATIC,
             OFString(request.findings != nullptr && !request.findings->pipeline.empty()
                          ? request.findings->pipeline.substr(0, 64).c_str()
                          : "Sensorium")),
         "segment");
    Uint16 number = 0;
    must(document->addSegment(segment, number), "segment");
  }
  return document;
}

void add_shared_groups(DcmSegmentation& document, const Sources& sources) {
  if (sources.spacing[0].known() && sources.spacing[1].known()) {
    FGPixelMeasures measures;
    const OFString pair =
        ds(sources.spacing[1].micrometres / 1e3) + "\\" + ds(sources.spacing[0].micrometres / 1e3);
    must(measures.setPixelSpacing(pair), "pixel spacing");
    if (sources.distance_mm)
      must(measures.setSpacingBetweenSlices(ds(*sources.distance_mm)), "slice distance");
    if (sources.thickness_mm)
      must(measures.setSliceThickness(ds(*sources.thickness_mm)), "slice thickness");
    must(document.addForAllFrames(measures), "pixel measures");
  }
  const auto o =
      sources.slices.front().plane.orientation.value_or(std::array<double, 6>{1, 0, 0, 0, 1, 0});
  const std::unique_ptr<FGPlaneOrientationPatient> orientation(
      FGPlaneOrientationPatient::createMinimal(ds(o[0]), ds(o[1]), ds(o[2]), ds(o[3]), ds(o[4]),
                                               ds(o[5])));
  must(document.addForAllFrames(*orientation), "orientation");
}

std::unique_ptr<FGDerivationImage> derivation_of(const Source& source) {
  ImageSOPInstanceReferenceMacro* raw = nullptr;
  must(ImageSOPInstanceReferenceMacro::create(source.sop_class.c_str(), source.instance.c_str(),
                                              raw),
       "source reference");
  const std::unique_ptr<ImageSOPInstanceReferenceMacro> reference(raw);
  if (source.frame > 0)
    must(reference->addReferencedFrameNumber(static_cast<Uint16>(source.frame)), "source frame");
  OFVector<ImageSOPInstanceReferenceMacro> references;
  references.push_back(*reference);
  std::unique_ptr<FGDerivationImage> out(
      DcmSegmentation::createDerivationImageFG(references, "Segmentation by Sensorium"));
  if (out == nullptr)
    throw Error(ErrorCode::Internal, "DICOM SEG: source reference", "report this");
  return out;
}

void add_frame(DcmSegmentation& document, const Source& source, std::size_t z, Uint16 segment,
               std::vector<Uint8>& pixels) {
  FGFrameContent content;
  must(content.setStackID("1"), "stack");
  must(content.setInStackPositionNumber(static_cast<Uint32>(z + 1)), "stack position");
  must(content.setDimensionIndexValues(segment, 0), "dimension");
  must(content.setDimensionIndexValues(static_cast<Uint32>(z + 1), 1), "dimension");
  const auto derivation = derivation_of(source);
  OFVector<FGBase*> groups;
  groups.push_back(&content);
  groups.push_back(derivation.get());
  const Vector3 p = source.plane.position.value_or(Vector3{0, 0, static_cast<double>(z)});
  const std::unique_ptr<FGPlanePosPatient> position(
      FGPlanePosPatient::createMinimal(ds(p[0]), ds(p[1]), ds(p[2])));
  groups.push_back(position.get());
  must(document.addFrame(pixels.data(), segment, groups), "frame");
}

int label_count(const Volume& volume) {
  long most = 0;
  if (volume.type == PixelType::UInt8)
    for (const std::uint8_t v : samples<std::uint8_t>(volume.pixels))
      most = std::max<long>(most, v);
  else
    for (const std::uint16_t v : samples<std::uint16_t>(volume.pixels))
      most = std::max<long>(most, v);
  return static_cast<int>(std::max(1L, most));
}

long value_at(const Volume& volume, std::size_t i) {
  return volume.type == PixelType::UInt8 ? samples<std::uint8_t>(volume.pixels)[i]
                                         : samples<std::uint16_t>(volume.pixels)[i];
}

// Every slice gets a frame for every segment, so that the grid is kept where nothing was found.
void add_frames(DcmSegmentation& document, const WriteRequest& request, const Sources& sources,
                int segments) {
  const Volume& volume = request.volume;
  const std::size_t area =
      static_cast<std::size_t>(volume.width) * static_cast<std::size_t>(volume.height);
  std::vector<Uint8> pixels(area);
  for (int segment = 1; segment <= segments; ++segment)
    for (std::size_t z = 0; z < sources.slices.size(); ++z) {
      for (std::size_t i = 0; i < area; ++i) {
        const long value = value_at(volume, z * area + i);
        if (request.role == "soft_map")
          pixels[i] = static_cast<Uint8>(value);
        else if (request.role == "labels")
          pixels[i] = value == segment ? 1 : 0;
        else
          pixels[i] = value != 0 ? 1 : 0;
      }
      add_frame(document, sources.slices[z], z, static_cast<Uint16>(segment), pixels);
    }
}

// PS3.3 C.12.2: the series and instances that the frames refer to.
void add_instance_references(DcmDataset& data, const Sources& sources) {
  DcmItem* series = nullptr;
  must(data.findOrCreateSequenceItem(DCM_ReferencedSeriesSequence, series, 0), "referenced series");
  must(series->putAndInsertString(
           DCM_SeriesInstanceUID,
           text_of(sources.files.front()->data(), DCM_SeriesInstanceUID).c_str()),
       "referenced series");
  for (std::size_t i = 0; i < sources.files.size(); ++i) {
    DcmItem* instance = nullptr;
    must(series->findOrCreateSequenceItem(DCM_ReferencedInstanceSequence, instance,
                                          static_cast<long>(i)),
         "referenced instance");
    must(instance->putAndInsertString(DCM_ReferencedSOPClassUID,
                                      sources.files[i]->sop_class().c_str()),
         "referenced instance");
    must(
        instance->putAndInsertString(DCM_ReferencedSOPInstanceUID,
                                     text_of(sources.files[i]->data(), DCM_SOPInstanceUID).c_str()),
        "referenced instance");
  }
}

// The library insists on a frame of reference and places in it; the standard does not where each
// frame names its source image (A.51.3). What the source does not have is taken out again.
void remove_scaffold(DcmDataset& data, const Sources& sources) {
  if (!sources.framed || !sources.placed) {
    data.findAndDeleteElement(DCM_FrameOfReferenceUID);
    data.findAndDeleteElement(DCM_PositionReferenceIndicator);
  }
  if (sources.placed) return;
  for (DcmItem* item : items_of(data, DCM_PerFrameFunctionalGroupsSequence))
    item->findAndDeleteElement(DCM_PlanePositionSequence);
  for (DcmItem* item : items_of(data, DCM_SharedFunctionalGroupsSequence))
    item->findAndDeleteElement(DCM_PlaneOrientationSequence);
}

void save(DcmSegmentation& document, const Sources& sources, const fs::path& path,
          bool without_patient) {
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  if (!sources.framed) {
    char uid[65];
    must(document.getFrameOfReference().setFrameOfReferenceUID(
             dcmGenerateUniqueIdentifier(uid, SITE_INSTANCE_UID_ROOT)),
         "write");
  }
  document.setCheckDimensionsOnWrite(OFFalse);
  must(document.writeDataset(data), "write");
  remove_scaffold(data, sources);
  add_instance_references(data, sources);
  if (without_patient) deidentify(data);
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  const OFCondition status = file.saveFile(temporary.c_str(), EXS_LittleEndianExplicit);
  std::error_code code;
  if (status.good()) fs::rename(temporary, path, code);
  if (status.bad() || code) {
    fs::remove(temporary, code);
    throw Error(ErrorCode::Resources,
                fmt::format("cannot write '{}': {}", path.string(), status.text()),
                "check the folder, its permissions and the space on the disk");
  }
}

}

void write_segmentation(const WriteRequest& request, const fs::path& path) {
  start();
  const Volume& volume = request.volume;
  if (volume.type != PixelType::UInt8 &&
      !(volume.type == PixelType::UInt16 && request.role == "labels"))
    throw refused(
        fmt::format("a {} of {} samples has no place in it", request.role, name_of(volume.type)));
  if (volume.channels != 1) throw refused(fmt::format("the mask has {} channels", volume.channels));
  const auto [sources, absence] = sources_of(request.source, volume);
  if (!absence.empty()) throw refused(absence);
  const int segments = request.role == "labels" ? label_count(volume) : 1;
  if (segments > 256) throw refused(fmt::format("{} segments are too many", segments));
  const auto document = new_document(request, segments);
  must(document->importFromSourceImage(sources.files.front()->data()), "source");
  must(document->getSeries().setSeriesNumber("9001"), "series");
  must(document->getSeries().setSeriesDescription(
           request.statement.starts_with("as reviewed")   ? "Sensorium findings, as reviewed"
           : request.statement.starts_with("as proposed") ? "Sensorium findings, as proposed"
                                                          : "Sensorium findings"),
       "series");
  char uid[65];
  dcmGenerateUniqueIdentifier(uid, SITE_INSTANCE_UID_ROOT);
  must(document->getDimensions().addDimensionIndex(DCM_ReferencedSegmentNumber, uid,
                                                   DCM_SegmentIdentificationSequence, "Segment"),
       "dimension");
  must(document->getDimensions().addDimensionIndex(DCM_InStackPositionNumber, uid,
                                                   DCM_FrameContentSequence, "Slice"),
       "dimension");
  add_shared_groups(*document, sources);
  add_frames(*document, request, sources, segments);
  save(*document, sources, path, request.deidentified);
}

}
