"""Judge of an exam's structured report: pydicom and highdicom.

exam_judge.py FILE prints zones, scores, sums and image references as JSON
exam_judge.py make DIR PATIENT PATIENT writes a_R1.dcm and b_R1.dcm (of another study) and prints their UIDs
"""
import json, os, sys
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid


def clip(path, patient, study):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"  # Ultrasound Multi-frame Image Storage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, generate_uid()
    ds.PatientID, ds.PatientName, ds.Modality = patient, patient.title() + "^Test", "US"
    ds.Rows, ds.Columns, ds.NumberOfFrames, ds.FrameTime = 12, 16, 4, 40
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.PixelData = np.arange(4 * 12 * 16, dtype=np.uint8).tobytes()
    ds.save_as(path, enforce_file_format=True)
    return ds.SOPInstanceUID


if sys.argv[1] == "make":
    folder, first, second = sys.argv[2:5]
    study = generate_uid()
    print(json.dumps({"study": study, "a_R1.dcm": clip(folder + "/a_R1.dcm", first, study),
                      "b_R1.dcm": clip(folder + "/b_R1.dcm", second, generate_uid())}))
    sys.exit()

def named(item):
    return item.ConceptNameCodeSequence[0].CodeMeaning

def children(item):
    return list(getattr(item, "ContentSequence", []))

ds = pydicom.dcmread(sys.argv[1])
assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.33", ds.SOPClassUID  # Comprehensive SR
assert ds.ContentTemplateSequence[0].TemplateIdentifier == "1500"
zones, sums, sources, library, comment = {}, {}, {}, [], ""


def instances(items):
    return sorted(c.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for c in items if c.ValueType == "IMAGE")


def evidence(sequence):
    return sorted(image.ReferencedSOPInstanceUID for study in sequence for series in study.ReferencedSeriesSequence
                  for image in series.ReferencedSOPSequence)


for part in children(ds):
    if part.ValueType == "TEXT" and named(part) == "Comment":
        comment = part.TextValue
    if part.ValueType == "CONTAINER" and named(part) == "Image Library":
        library = instances(c for group in children(part) for c in children(group))
    if part.ValueType != "CONTAINER" or named(part) != "Imaging Measurements":
        continue
    for group in children(part):
        assert named(group) == "Measurement Group" and group.ContentTemplateSequence[0].TemplateIdentifier == "1501"
        site = [c for c in children(group) if c.ValueType == "CODE" and c.ConceptNameCodeSequence[0].CodeValue == "363698007"]
        if not site:
            for c in children(group):
                if c.ValueType == "NUM":
                    sums[named(c)] = float(c.MeasuredValueSequence[0].NumericValue)
            continue
        assert site[0].RelationshipType == "HAS CONCEPT MOD"
        side = [c.ConceptCodeSequence[0].CodeValue for c in children(site[0]) if c.ConceptNameCodeSequence[0].CodeValue == "272741003"]
        images = [c for c in children(group) if c.ValueType == "IMAGE"]
        assert all(c.ConceptNameCodeSequence[0].CodeValue == "260753009" and c.RelationshipType == "CONTAINS" for c in images)
        if images:
            sources[site[0].ConceptCodeSequence[0].CodeValue] = instances(images)
        values = {named(c): c.ConceptCodeSequence[0].CodeMeaning for c in children(group) if c.ValueType == "CODE" and c is not site[0]}
        zones[site[0].ConceptCodeSequence[0].CodeValue] = dict(
            place=site[0].ConceptCodeSequence[0].CodeMeaning,
            right=side == ["24028007"],
            score=values["lung ultrasound score"],
            rules=values["rules"],
            pattern=values.get("worst pattern", ""))
# Every image that the tree refers to is evidence, as PS3.3 A.35.3 asks.
listed = evidence(ds.get("CurrentRequestedProcedureEvidenceSequence", [])) + evidence(ds.get("PertinentOtherEvidenceSequence", []))
assert all(uid in listed for uids in sources.values() for uid in uids) and sorted(listed) == library
if library:  # highdicom finds the same clips as the sources of the groups
    from highdicom.sr import srread
    report = srread(sys.argv[1])
    found = [sorted(i.referenced_sop_instance_uid for i in g.source_images)
             for g in report.content.get_image_measurement_groups() if g.source_images]
    assert sorted(found) == sorted(sources.values()), (found, sources)
print(json.dumps(dict(zones=zones, sums=sums, patient=str(ds.get("PatientID", "")), sources=sources, library=library, comment=comment,
                      evidence=evidence(ds.get("CurrentRequestedProcedureEvidenceSequence", [])),
                      other_evidence=evidence(ds.get("PertinentOtherEvidenceSequence", [])), study=ds.StudyInstanceUID,
                      text=json.dumps(ds.to_json_dict()).find("secret") >= 0,
                      path=json.dumps(ds.to_json_dict()).find(os.path.dirname(sys.argv[1])) >= 0)))
