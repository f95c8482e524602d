"""Judge of de-identified clips: pydicom reads them, seeded secrets and seeded writing are looked for.

judge_clean.py make FILE SEED     a cine full of invented patient text, in its header and in its pixels
judge_clean.py check FILE CLEAN SEED
"""
import json, sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MULTI = "1.2.840.10008.5.1.4.1.1.3.1"
FRAMES, HEIGHT, WIDTH = 16, 240, 320
SECRETS = {  # of PS3.15 table E.1-1, one of each kind: keyword -> value
    "PatientName": "Zwetschge^Hilde", "PatientID": "GEHEIM-0815", "PatientBirthDate": "19511109", "PatientAddress": "Hintergasse 5",
    "OtherPatientIDs": "ALT-4712", "PatientComments": "Nichte von Kuno", "EthnicGroup": "Marsianer", "Occupation": "Seiltaenzerin",
    "AdditionalPatientHistory": "Sturz vom Seil", "PatientAge": "073Y", "PatientWeight": "61.25", "MedicalRecordLocator": "REGAL-9",
    "StudyDate": "20250314", "SeriesDate": "20250315", "AcquisitionDate": "20250316", "ContentDate": "20250317", "StudyTime": "091811",
    "AccessionNumber": "AKZ-77123", "InstitutionName": "Klinik Nirgendwo", "InstitutionAddress": "Nirgendwo 1", "StationName": "SCHALL-3",
    "ReferringPhysicianName": "Kraut^Otto", "PerformingPhysicianName": "Rueben^Emil", "OperatorsName": "Kohl^Anna",
    "StudyDescription": "Lunge Hilde", "SeriesDescription": "Zonen Hilde", "ProtocolName": "Protokoll Hilde", "StudyID": "STUDIE-8",
    "ImageComments": "Hilde hustet", "DeviceSerialNumber": "SN-991177", "PerformedProcedureStepDescription": "Schall bei Hilde",
    "RequestingPhysician": "Lauch^Ida", "ContentCreatorName": "Sellerie^Max", "DerivationDescription": "aus Hildes Akte",
    "Manufacturer": "Hildes Geraetebau", "SoftwareVersions": "V-Hilde", "TransducerData": "Sonde Hilde",
}


def letters(seed):
    """Eight made-up letters of 5 x 9 strokes, two pixels thick."""
    rng = np.random.default_rng(seed)
    out = np.zeros((9, 48), dtype=np.float64)
    for k in range(8):
        out[:, 6 * k + rng.integers(5)] = 1
        out[rng.integers(9), 6 * k:6 * k + 5] = 1
        out[4:, 6 * k + rng.integers(5)] = 1
    return np.kron(out, np.ones((2, 2)))


PLACES = {"outside": (4, 215), "rim": (215, 4), "inside": (150, 110)}  # row, column


def texts(seed):
    return {name: letters(seed * 10 + i) for i, name in enumerate(PLACES)}


def frames(seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    angle, radius = np.arctan2(x - 160, y + 20), np.hypot(x - 160, y + 20)
    depth = (radius - 40) / 190
    beam = (np.abs(angle) < np.pi / 6) & (depth >= 0) & (depth < 1)
    tissue = np.where(depth < 0.2, 75, 56 * np.exp(-3 * (depth - 0.2)) + 10)
    tissue = np.where(np.abs(depth - 0.2) < 0.012, 200, tissue)
    out = np.zeros((FRAMES, HEIGHT, WIDTH))
    for t in range(FRAMES):
        out[t] = np.where(beam, tissue * rng.uniform(0.7, 1.3, size=tissue.shape), 0)
    for name, (row, column) in PLACES.items():
        text = texts(seed)[name]
        part = out[:, row:row + text.shape[0], column:column + text.shape[1]]
        part[:, text > 0] = 240
    return np.repeat(np.clip(out, 0, 255).astype(np.uint8)[..., None], 3, axis=3)


def make(path, seed):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = MULTI, generate_uid(), ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = "AEHILDE"
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"Hilde Zwetschge".ljust(128, b"\0"))
    ds.SOPClassUID, ds.SOPInstanceUID = MULTI, meta.MediaStorageSOPInstanceUID
    for keyword, value in SECRETS.items():
        setattr(ds, keyword, value)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.826.0.1.4711.{seed}.1", f"1.2.826.0.1.4711.{seed}.2"
    ds.FrameOfReferenceUID = f"1.2.826.0.1.4711.{seed}.3"
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber, ds.BurnedInAnnotation = "US", 3, 7, "YES"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "HILDE"]
    other = Dataset()
    other.ReferencedSOPClassUID, other.ReferencedSOPInstanceUID, other.PatientName = MULTI, f"1.2.826.0.1.4711.{seed}.4", "Zwetschge^Hilde"
    ds.SourceImageSequence = Sequence([other])
    ds.private_block(0x0019, "HILDES WERK", create=True).add_new(1, "LO", "privat Hilde")
    ds.add_new(0x60000010, "US", 8), ds.add_new(0x60000011, "US", 8), ds.add_new(0x60000022, "LO", "Overlay Hilde")
    ds.add_new(0x60003000, "OW", b"\xff" * 8), ds.add_new(0x50000022, "LO", "Kurve Hilde")
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0, region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 20, 10, 300, 230
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.0625
    region.private_block(0x0019, "HILDES WERK", create=True).add_new(1, "LO", "Region Hilde")
    ds.SequenceOfUltrasoundRegions = Sequence([region])
    a = frames(seed)
    ds.NumberOfFrames, ds.Rows, ds.Columns, ds.SamplesPerPixel = FRAMES, HEIGHT, WIDTH, 3
    ds.PhotometricInterpretation, ds.PlanarConfiguration = "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.FrameTime, ds.FrameIncrementPointer, ds.CineRate = "37.5", 0x00181063, 27
    ds.PixelData = a.tobytes()
    ds["PixelData"].VR = "OB"
    ds.save_as(path, enforce_file_format=True)
    return dict(found=found(a, seed))


def found(a, seed):
    """The greatest normalised cross-correlation of each text with any place of three frames."""
    out = {}
    for name, text in texts(seed).items():
        t = text - text.mean()
        best = 0.0
        for frame in a[[0, FRAMES // 2, FRAMES - 1]].astype(np.float64):
            windows = np.lib.stride_tricks.sliding_window_view(frame[..., 0], text.shape)
            for row in windows:  # one row of places at a time
                flat = row.reshape(row.shape[0], -1)
                flat = flat - flat.mean(axis=1, keepdims=True)
                length = np.linalg.norm(flat, axis=1) * np.linalg.norm(t)
                best = max(best, float(np.max(np.where(length > 1e-6, flat @ t.ravel() / np.maximum(length, 1e-6), 0))))
        out[name] = best
    return out


def check(source, clean, seed):
    old, new = pydicom.dcmread(source), pydicom.dcmread(clean)
    raw = open(clean, "rb").read()
    head = raw[:len(raw) - len(new.PixelData)]
    words = {w for v in SECRETS.values() for w in v.replace("^", " ").split() if len(w) > 3} | {"Hilde", "HILDE", "4711", "privat", "Overlay", "Kurve"}
    uids = {e.value for ds in (old, new) for e in ds.iterall() if e.VR == "UI" and not str(e.value).startswith("1.2.840.10008")}
    old_uids = {str(e.value) for e in old.iterall() if e.VR == "UI" and not str(e.value).startswith("1.2.840.10008")}
    elements = list(new.iterall())
    a = new.pixel_array
    b = frames(seed)
    middle = np.s_[:, 60:100, 150:170]
    return dict(
        secrets=sorted(w for w in words if w.encode() in head), old_uids=sorted(u for u in old_uids if u.encode() in head),
        private=sum(e.tag.is_private for e in elements), overlays=sum(e.tag.group & 0xFF00 in (0x5000, 0x6000) for e in elements),
        dated=[e.keyword for e in elements if e.VR in ("DA", "TM", "DT", "PN", "AS") and e.value], unknown=[str(e.tag) for e in elements if e.VR == "UN"],
        removed=new.PatientIdentityRemoved, method=new.DeidentificationMethod, codes=[c.CodeValue for c in new.DeidentificationMethodCodeSequence],
        schemes=[c.CodingSchemeDesignator for c in new.DeidentificationMethodCodeSequence], burnt=new.BurnedInAnnotation,
        longitudinal=new.LongitudinalTemporalInformationModified, sop=new.SOPClassUID, image_type=list(new.ImageType), syntax=new.file_meta.TransferSyntaxUID,
        instance=new.SOPInstanceUID, meta_instance=new.file_meta.MediaStorageSOPInstanceUID, study=new.StudyInstanceUID, series=new.SeriesInstanceUID,
        frame_of_reference=new.FrameOfReferenceUID, uids_valid=all(pydicom.uid.UID(u).is_valid for u in uids), empty=[k for k in (
            "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
            if k in new and not new[k].value],
        frames=int(new.NumberOfFrames), frame_time=float(new.FrameTime), pointer=int(new.FrameIncrementPointer), series_number=int(new.SeriesNumber),
        delta=float(new.SequenceOfUltrasoundRegions[0].PhysicalDeltaX), region=[int(new.SequenceOfUltrasoundRegions[0].RegionLocationMaxX1),
                                                                               int(new.SequenceOfUltrasoundRegions[0].RegionLocationMaxY1)],
        shape=list(a.shape), tissue_same=bool(np.array_equal(a[middle], b[middle])), found=found(a, seed), preamble=new.preamble == b"\0" * 128)


command = sys.argv[1]
print(json.dumps(make(sys.argv[2], int(sys.argv[3])) if command == "make" else check(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
