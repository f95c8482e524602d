#include "plugins/dcmtk/deidentify.h"
#include "plugins/dcmtk/outline.h"
#include "plugins/dcmtk/sources.h"
#include "plugins/dcmtk/structured_report.h"

#include "modules/core/file.h"
#include "modules/core/hash.h"

#include <dcmtk/dcmsr/dsrdoc.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unistd.h>

namespace sensorium::dicom {
namespace fs = std::filesystem;
namespace {

void must(const OFCondition& status, const char* what) {
  if (status.bad())
    throw Error(ErrorCode::Internal, fmt::format("DICOM SR: {}: {}", what, status.text()),
                "write the findings as JSON instead, and report this");
}

OFString of(const std::string& text) { return OFString(text.c_str(), text.size()); }

using Code = DSRCodedEntryValue;

Code dcm(const char* value, const char* meaning) { return Code(value, "DCM", meaning); }

// Code values have at most 16 characters (VR SH), meanings 64 (VR LO).
Code own(const std::string& name) {
  std::string value;
  for (const char c : name) value += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  if (value.size() > 16) value = value.substr(0, 9) + "-" + sha256(name).substr(0, 6);
  return Code(of(value), own_scheme, of(name.substr(0, 64)));
}

Code measure_code(const std::string& name) {
  for (const CodedName& c : standard_measures)
    if (name == c.name) return Code(c.value, c.scheme, c.meaning);
  return own(name);
}

Code unit_code(const std::string& unit) {
  for (const CodedName& c : units)
    if (unit == c.name) return Code(c.value, c.scheme, c.meaning);
  return Code(of("{" + unit.substr(0, 14) + "}"), "UCUM", of(unit.substr(0, 64)));
}

// Children are added below the container that the cursor is on, one after another.
class Tree {
public:
  explicit Tree(DSRDocumentTree& tree) : tree_(tree) {}

  void root(const Code& name, const char* template_id) {
    if (tree_.addContentItem(DSRTypes::RT_isRoot, DSRTypes::VT_Container) == 0) fail("root");
    name_it(name);
    must(item().setTemplateIdentification(template_id, "DCMR"), "template");
  }
  void container(const Code& name, const char* template_id = nullptr) {
    below(DSRTypes::RT_contains, DSRTypes::VT_Container, name);
    if (template_id != nullptr)
      must(item().setTemplateIdentification(template_id, "DCMR"), "template");
  }
  void up() { tree_.goUp(); }
  void code(DSRTypes::E_RelationshipType how, const Code& name, const Code& value) {
    below(how, DSRTypes::VT_Code, name);
    must(item().setCodeValue(value), "code");
    up();
  }
  // What follows goes below it, until up().
  void open_code(DSRTypes::E_RelationshipType how, const Code& name, const Code& value) {
    below(how, DSRTypes::VT_Code, name);
    must(item().setCodeValue(value), "code");
  }
  void text(DSRTypes::E_RelationshipType how, const Code& name, const std::string& value) {
    if (value.empty()) return;
    below(how, DSRTypes::VT_Text, name);
    must(item().setStringValue(of(value)), "text");
    up();
  }
  void uid(DSRTypes::E_RelationshipType how, const Code& name, const std::string& value) {
    below(how, DSRTypes::VT_UIDRef, name);
    must(item().setStringValue(of(value)), "uid");
    up();
  }
  void number(const Code& name, double value, const Code& unit) {
    below(DSRTypes::RT_contains, DSRTypes::VT_Num, name);
    must(item().setNumericValue(DSRNumericMeasurementValue(of(decimal(value)), unit)), "number");
    up();
  }
  void image(DSRTypes::E_RelationshipType how, const Source& source, const Code& name = Code()) {
    below(how, DSRTypes::VT_Image, name);
    DSRImageReferenceValue value(of(source.sop_class), of(source.instance), OFFalse);
    if (source.frame > 0) value.getFrameList().addItem(static_cast<Sint32>(source.frame));
    must(item().setImageReference(value, OFFalse), "image");
    up();
  }
  void region(const Outline& outline, const Source& source) {
    below(DSRTypes::RT_contains, DSRTypes::VT_SCoord, dcm("111030", "Image Region"));
    DSRSpatialCoordinatesValue value(DSRTypes::GT_Polyline);
    for (const Point2& p : outline.points)
      value.getGraphicDataList().addItem(static_cast<Float32>(p[0]), static_cast<Float32>(p[1]));
    must(item().setSpatialCoordinates(value), "region");
    image(DSRTypes::RT_selectedFrom, source);
    up();
  }

private:
  [[noreturn]] static void fail(const char* what) {
    throw Error(ErrorCode::Internal, fmt::format("DICOM SR: no {} can be added", what),
                "write the findings as JSON instead, and report this");
  }
  // The first child goes below the cursor, later ones after the last child.
  void below(DSRTypes::E_RelationshipType how, DSRTypes::E_ValueType what, const Code& name) {
    if (tree_.addContentItem(how, what, DSRTypes::AM_belowCurrent) == 0)
      fail(DSRTypes::valueTypeToReadableName(what));
    if (name.isValid()) name_it(name);
  }
  void name_it(const Code& name) { must(item().setConceptName(name), "concept"); }
  DSRContentItem& item() { return tree_.getCurrentContentItem(); }
  DSRDocumentTree& tree_;
};

constexpr auto contains = DSRTypes::RT_contains;
constexpr auto observed = DSRTypes::RT_hasObsContext;
constexpr auto modified = DSRTypes::RT_hasConceptMod;

void add_context(Tree& tree, const WriteRequest& request) {
  tree.code(modified, dcm("121049", "Language of Content Item and Descendants"),
            Code("en", "RFC5646", "English"));
  tree.code(observed, dcm("121005", "Observer Type"), dcm("121007", "Device"));
  tree.uid(observed, dcm("121012", "Device Observer UID"), derived_uid("Sensorium 0.1.0"));
  tree.text(observed, dcm("121013", "Device Observer Name"), "Sensorium");
  tree.text(observed, dcm("121015", "Device Observer Model Name"),
            request.findings->pipeline.empty()
                ? std::string("Sensorium")
                : request.findings->pipeline + " " + request.findings->version);
  tree.code(modified, dcm("121058", "Procedure reported"),
            Code("363679005", "SCT", "Imaging procedure"));
}

// The DICOM files that groups without a place of their own were made from, by path.
struct Evidence {
  std::vector<std::unique_ptr<File>> files; // each once, in order of appearance
  std::map<std::string, Source> sources;
  DcmDataset& first() const { return files.front()->data(); }
};

Evidence evidence_of(const Findings& findings) {
  Evidence out;
  for (const Finding& f : findings.items)
    for (const auto& [key, path] : f.attributes) {
      if (!key.starts_with(source_prefix) || out.sources.contains(path)) continue;
      auto file = std::make_unique<File>(path);
      Source source;
      source.sop_class = file->sop_class();
      source.instance = text_of(file->data(), DCM_SOPInstanceUID);
      for (const DcmTagKey& needed :
           {DCM_SOPInstanceUID, DCM_StudyInstanceUID, DCM_SeriesInstanceUID})
        if (text_of(file->data(), needed).empty())
          throw unsupported(path, fmt::format("it has no {} to refer to", name_of_tag(needed)),
                            "write the exam as JSON or PDF");
      out.sources[path] = std::move(source);
      out.files.push_back(std::move(file));
    }
  return out;
}

void add_library(Tree& tree, const Sources& sources, const Evidence& evidence) {
  if (!evidence.files.empty()) {
    tree.container(dcm("111028", "Image Library"), "1600");
    tree.container(dcm("126200", "Image Library Group"));
    for (const auto& file : evidence.files)
      tree.image(contains, evidence.sources.at(file->path().string()));
    tree.up();
    return tree.up();
  }
  if (sources.slices.empty()) return;
  tree.container(dcm("111028", "Image Library"), "1600");
  tree.container(dcm("126200", "Image Library Group"));
  std::string last;
  for (const Source& source : sources.slices) {
    if (source.instance == last) continue;
    last = source.instance;
    Source whole = source;
    whole.frame = 0;
    tree.image(contains, whole);
  }
  tree.up();
  tree.up();
}

std::string runs_text(const std::vector<Run>& runs) {
  std::string out;
  for (const Run& r : runs)
    out += fmt::format("{}{} {} {} {}", out.empty() ? "" : ";", r.z, r.y, r.x, r.length);
  return out;
}

std::string attribute(const Finding& f, const char* key) {
  const auto found = f.attributes.find(key);
  return found == f.attributes.end() ? std::string() : found->second;
}

void add_site(Tree& tree, const Finding& f) {
  const std::string site = attribute(f, site_attribute),
                    meaning = attribute(f, site_meaning_attribute);
  if (site.empty()) return;
  tree.open_code(modified, Code("363698007", "SCT", "Finding Site"),
                 Code(of(site.substr(0, 16)), own_scheme,
                      of((meaning.empty() ? site : meaning).substr(0, 64))));
  const std::string side = attribute(f, laterality_attribute);
  if (side == "right")
    tree.code(modified, Code("272741003", "SCT", "Laterality"), Code("24028007", "SCT", "Right"));
  if (side == "left")
    tree.code(modified, Code("272741003", "SCT", "Laterality"), Code("7771000", "SCT", "Left"));
  tree.up();
}

bool is_coded(const std::string& key) {
  return key == site_attribute || key == site_meaning_attribute || key == laterality_attribute ||
         key.starts_with(evaluation_prefix) || key.starts_with(source_prefix);
}

void add_zone(Tree& tree, const Finding& f, const Evidence& evidence, const std::string& seed) {
  tree.container(dcm("125007", "Measurement Group"), "1501");
  tree.text(observed, dcm("112039", "Tracking Identifier"), f.id);
  tree.uid(observed, dcm("112040", "Tracking Unique Identifier"), derived_uid(seed + f.id));
  add_site(tree, f);
  for (const auto& [key, value] : f.attributes)
    if (key.starts_with(source_prefix))
      tree.image(contains, evidence.sources.at(value), Code("260753009", "SCT", "Source"));
  for (const auto& [key, value] : f.attributes)
    if (key.starts_with(evaluation_prefix))
      tree.code(contains, own(key.substr(std::string(evaluation_prefix).size())), own(value));
  for (const Measure& m : f.measures) tree.number(measure_code(m.name), m.value, unit_code(m.unit));
  for (const auto& [key, value] : f.attributes)
    if (!is_coded(key)) tree.text(contains, own(key), value);
  tree.up();
}

void add_finding(Tree& tree, const Finding& f, const Sources& sources, const Evidence& evidence,
                 const std::string& seed) {
  if (f.footprint.empty() && f.attributes.contains(site_attribute))
    return add_zone(tree, f, evidence, seed);
  const bool placed = !sources.slices.empty();
  tree.container(dcm("125007", "Measurement Group"), placed ? "1411" : "1501");
  tree.text(observed, dcm("112039", "Tracking Identifier"), f.id);
  tree.uid(observed, dcm("112040", "Tracking Unique Identifier"), derived_uid(seed + f.id));
  tree.code(contains, dcm("121071", "Finding"), own(f.label));
  if (placed)
    for (const Outline& outline : outlines_of(f.footprint)) {
      if (outline.z < 0 || static_cast<std::size_t>(outline.z) >= sources.slices.size())
        throw Error(ErrorCode::BadInput,
                    fmt::format("the finding '{}' lies outside the recording", f.id),
                    "run the analysis again");
      tree.region(outline, sources.slices[static_cast<std::size_t>(outline.z)]);
    }
  for (const Measure& m : f.measures) tree.number(measure_code(m.name), m.value, unit_code(m.unit));
  tree.number(own("model score"), f.score, unit_code("1"));
  for (const auto& [key, value] : f.attributes) tree.text(contains, own(key), value);
  if (!placed) tree.text(contains, own("footprint"), runs_text(f.footprint));
  tree.up();
}

void add_summary(Tree& tree, const Findings& findings) {
  if (findings.summary.empty()) return;
  tree.container(dcm("125007", "Measurement Group"), "1501");
  tree.text(observed, dcm("112039", "Tracking Identifier"), "summary");
  tree.uid(observed, dcm("112040", "Tracking Unique Identifier"),
           derived_uid("summary" + findings.input_sha256));
  for (const Measure& m : findings.summary) tree.number(own(m.name), m.value, unit_code(m.unit));
  tree.up();
}

void build(DSRDocumentTree& document, const WriteRequest& request, const Sources& sources,
           const Evidence& evidence, const std::string& absence) {
  Tree tree(document);
  const Findings& findings = *request.findings;
  tree.root(dcm("126000", "Imaging Measurement Report"), "1500");
  add_context(tree, request);
  add_library(tree, sources, evidence);
  tree.container(dcm("126010", "Imaging Measurements"));
  for (const Finding& f : findings.items)
    add_finding(tree, f, sources, evidence, findings.input_sha256);
  add_summary(tree, findings);
  tree.up();
  tree.text(contains, dcm("121106", "Comment"),
            fmt::format("Findings {}. Not a medical device: for research, and for review by "
                        "qualified people only.{}",
                        request.statement.empty() ? "of Sensorium" : request.statement,
                        absence.empty()
                            ? std::string()
                            : fmt::format(" No image is referenced: {} (recording SHA-256 {}); "
                                          "places are given as text.",
                                          absence, findings.input_sha256)));
}

// Patient and study as the source has them, in UTF-8.
void copy_patient(DcmDataset& from, DcmDataset& to) {
  DcmDataset part;
  for (const DcmTagKey& tag :
       {DCM_SpecificCharacterSet, DCM_PatientName, DCM_PatientID, DCM_IssuerOfPatientID,
        DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyDate, DCM_StudyTime, DCM_StudyID,
        DCM_AccessionNumber, DCM_ReferringPhysicianName, DCM_StudyDescription}) {
    DcmElement* copy = nullptr;
    if (from.findAndGetElement(tag, copy, OFFalse, OFTrue).good() && copy != nullptr &&
        part.insert(copy, OFTrue).bad())
      delete copy;
  }
  if (part.tagExists(DCM_SpecificCharacterSet) && part.convertToUTF8().bad())
    throw Error(ErrorCode::Unsupported, "the patient fields' character set cannot be converted",
                "write the findings as JSON instead");
  part.findAndDeleteElement(DCM_SpecificCharacterSet);
  for (DcmObject* object = part.nextInContainer(nullptr); object != nullptr;
       object = part.nextInContainer(object))
    to.insert(static_cast<DcmElement*>(object->clone()), OFTrue);
}

void set_patient(const Patient& patient, DcmDataset& data) {
  data.putAndInsertString(DCM_PatientID, patient.id.substr(0, 64).c_str());
  std::string name = patient.name.substr(0, 64);
  std::replace(name.begin(), name.end(), ' ', '^');
  data.putAndInsertString(DCM_PatientName, name.c_str());
  if (patient.sex == "M" || patient.sex == "F" || patient.sex == "O")
    data.putAndInsertString(DCM_PatientSex, patient.sex.c_str());
}

void save(DcmFileFormat& file, const fs::path& path) {
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

void write_structured_report(const WriteRequest& request, const fs::path& path) {
  start();
  if (request.findings == nullptr)
    throw Error(ErrorCode::Usage, "a structured report needs findings", "export a case");
  const Evidence evidence = evidence_of(*request.findings);
  auto [sources, absence] = sources_of(request.source, request.volume);
  if (!evidence.files.empty()) absence.clear();
  const bool referenced = absence.empty();
  DcmDataset* const first = !evidence.files.empty() ? &evidence.first()
                            : referenced            ? &sources.files.front()->data()
                                                    : nullptr;
  DSRDocument document(DSRTypes::DT_ComprehensiveSR);
  must(document.createNewDocument(DSRTypes::DT_ComprehensiveSR), "create");
  if (referenced) {
    const std::string study = text_of(*first, DCM_StudyInstanceUID);
    must(document.createNewSeriesInStudy(of(study)), "study");
    // Images of another study are no evidence of this procedure.
    for (const auto& file : evidence.files.empty() ? sources.files : evidence.files)
      must(text_of(file->data(), DCM_StudyInstanceUID) == study
               ? document.getCurrentRequestedProcedureEvidence().addItem(file->data())
               : document.getPertinentOtherEvidence().addItem(file->data()),
           "evidence");
  } else {
    must(document.createNewSeriesInStudy(of(derived_uid(request.findings->input_sha256))), "study");
  }
  must(document.setSpecificCharacterSetType(DSRTypes::CS_UTF8), "character set");
  must(document.setManufacturer("Sensorium"), "equipment");
  must(document.setManufacturerModelName("Sensorium"), "equipment");
  must(document.setSoftwareVersions("0.1.0"), "equipment");
  must(document.setDeviceSerialNumber("none"), "equipment");
  must(document.setSeriesNumber("9002"), "series");
  must(document.setSeriesDescription(of(long_string("Sensorium findings, " + request.statement)),
                                     OFFalse),
       "series");
  must(document.getCodingSchemeIdentification().addItem(own_scheme), "coding scheme");
  must(document.getCodingSchemeIdentification().setCodingSchemeName("Sensorium"), "coding scheme");
  build(document.getTree(), request, sources, evidence, absence);
  DcmFileFormat file;
  must(document.write(*file.getDataset()), "write");
  if (referenced)
    copy_patient(*first, *file.getDataset());
  else if (request.source != nullptr)
    set_patient(origin_of(*request.source).patient, *file.getDataset());
  if (request.deidentified) deidentify(*file.getDataset());
  save(file, path);
}

}
