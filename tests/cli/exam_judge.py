"""Judge of an exam's structured report: pydicom. exam_judge.py FILE prints zones, scores and sums as JSON."""
import json, sys
import pydicom

def named(item):
    return item.ConceptNameCodeSequence[0].CodeMeaning

def children(item):
    return list(getattr(item, "ContentSequence", []))

ds = pydicom.dcmread(sys.argv[1])
assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.33", ds.SOPClassUID  # Comprehensive SR
assert ds.ContentTemplateSequence[0].TemplateIdentifier == "1500"
zones, sums = {}, {}
for part in children(ds):
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
        values = {named(c): c.ConceptCodeSequence[0].CodeMeaning for c in children(group) if c.ValueType == "CODE" and c is not site[0]}
        zones[site[0].ConceptCodeSequence[0].CodeValue] = dict(
            place=site[0].ConceptCodeSequence[0].CodeMeaning,
            right=side == ["24028007"],
            score=values["lung ultrasound score"],
            rules=values["rules"],
            pattern=values.get("worst pattern", ""))
print(json.dumps(dict(zones=zones, sums=sums, patient=str(ds.get("PatientID", "")),
                      text=json.dumps(ds.to_json_dict()).find("secret") >= 0)))
