"""Judge of plugins/dcmtk: pydicom and highdicom.

judge.py pixels FILE OUT      pydicom's pixels as float64 [frame][y][x][channel] into OUT, or why there are none
judge.py make DIR             writes DICOM files of many kinds, prints what each holds
judge.py seg FILE             what highdicom sees in a segmentation; its labels into FILE.f64
judge.py sr FILE              what highdicom sees in a structured report
judge.py make_sr DIR          a report by highdicom on a series in DIR
judge.py make_seg DIR         a segmentation by highdicom of a series in DIR
"""
import io, json, os, sys
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, apply_modality_lut
from pydicom.sequence import Sequence
from pydicom.uid import (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000,
                         JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless, generate_uid)


def store(path, values):
    np.ascontiguousarray(values, dtype="<f8").tofile(path)


def canonical(ds):
    a = ds.pixel_array
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        if not ds.original_encoding[1]:  # pydicom takes the tables of a big-endian file for little-endian
            for name in ("Red", "Green", "Blue"):
                key = name + "PaletteColorLookupTableData"
                setattr(ds, key, np.frombuffer(getattr(ds, key), ">u2").astype("<u2").tobytes())
        a = apply_color_lut(a, ds)
        a = a >> 8 if a.dtype == np.uint16 else a
    elif ds.SamplesPerPixel == 1:
        a = apply_modality_lut(a, ds)
    colour = ds.SamplesPerPixel == 3 or ds.PhotometricInterpretation == "PALETTE COLOR"
    frames = int(ds.get("NumberOfFrames") or 1)
    return np.asarray(a, dtype=np.float64).reshape(frames, ds.Rows, ds.Columns, 3 if colour else 1)


def pixels(path, out):
    try:
        ds = pydicom.dcmread(path, force=True)
        a = canonical(ds)
    except Exception as e:
        return dict(error=str(e)[:300])
    store(out, a)
    return dict(size=list(a.shape))


def base(rows, columns, sop="1.2.840.10008.5.1.4.1.1.7", syntax=ExplicitVRLittleEndian, modality="OT"):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = syntax
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128, is_implicit_VR=syntax == ImplicitVRLittleEndian,
                     is_little_endian=syntax != ExplicitVRBigEndian)
    ds.SOPClassUID, ds.SOPInstanceUID = sop, meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Müller^Jörg", "SECRET-4711", "19700102", "O"
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = "20260102", "101112", "", "1", ""
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = modality, 1, 1
    ds.Manufacturer = "Nobody"
    ds.Rows, ds.Columns = rows, columns
    return ds


def grey(ds, a, stored=None, photometric="MONOCHROME2"):
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric
    bits = a.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored = bits, stored or bits
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = 1 if a.dtype.kind == "i" else 0
    if a.ndim == 3:
        ds.NumberOfFrames = a.shape[0]
    big = ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    raw = a.astype(a.dtype.newbyteorder(">" if big else "<")).tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OW" if bits > 8 else "OB"
    return ds


def colour(ds, a, planar=0, photometric="RGB"):
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, photometric, planar
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    if a.ndim == 4:
        ds.NumberOfFrames = a.shape[0]
    raw = (np.moveaxis(a, -1, -3) if planar else a).tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB"
    return ds


def encapsulated(ds, frames, syntax):
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def pillow(a, kind, **options):
    from PIL import Image
    out = io.BytesIO()
    Image.fromarray(a).save(out, kind, **options)
    return out.getvalue()


US, US_MULTI = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.3.1"
MR, OPT, EMR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.77.1.5.4", "1.2.840.10008.5.1.4.1.1.4.1"


def item(**values):
    ds = Dataset()
    for k, v in values.items():
        setattr(ds, k, v)
    return ds


def smooth(rng, shape):
    y, x = np.mgrid[0:shape[-2], 0:shape[-1]]
    base_wave = 120 + 80 * np.sin(x / 5.0) * np.cos(y / 7.0)
    return base_wave + rng.normal(scale=3, size=shape)


def make(folder):
    rng = np.random.default_rng(3)
    cases = []

    def save(name, ds, values=None, tolerance=0, **more):
        path = os.path.join(folder, name)
        ds.save_as(path, enforce_file_format=True)
        back = canonical(pydicom.dcmread(path)) if values is None else np.asarray(values, dtype=np.float64)
        if back.ndim == 3:
            back = back[..., None]
        store(path + ".f64", back)
        cases.append(dict(file=name, size=list(back.shape), tolerance=tolerance, **more))

    u8 = rng.integers(0, 256, size=(7, 5), dtype=np.uint8)
    u16 = rng.integers(0, 4096, size=(3, 9, 11)).astype(np.uint16)
    i16 = rng.integers(-2000, 2000, size=(8, 6)).astype(np.int16)
    rgb = rng.integers(0, 256, size=(5, 7, 3), dtype=np.uint8)
    save("u8.dcm", grey(base(7, 5), u8), u8[None])
    save("u16x3.dcm", grey(base(9, 11), u16, 12), u16)
    save("i16.dcm", grey(base(8, 6), i16), i16[None])
    for name, syntax in (("implicit.dcm", ImplicitVRLittleEndian), ("bigendian.dcm", ExplicitVRBigEndian), ("deflated.dcm", DeflatedExplicitVRLittleEndian)):
        save(name, grey(base(8, 6, syntax=syntax), i16), i16[None])
    i32 = rng.integers(-2**31, 2**31, size=(2, 4, 3)).astype(np.int32)
    save("bigendian32.dcm", grey(base(4, 3, syntax=ExplicitVRBigEndian), i32), i32)
    save("bigendian8.dcm", grey(base(7, 5, syntax=ExplicitVRBigEndian), u8), u8[None])
    save("rgb.dcm", colour(base(5, 7), rgb), rgb[None])
    save("planar.dcm", colour(base(5, 7), rgb, planar=1), rgb[None])
    save("ybr.dcm", colour(base(5, 7), rgb, photometric="YBR_FULL"))
    even = rng.integers(0, 256, size=(4, 6, 2), dtype=np.uint8)
    ds = colour(base(4, 6), np.zeros((4, 6, 3), np.uint8), photometric="YBR_FULL_422")
    ds.PixelData = even.tobytes()
    save("ybr422.dcm", ds)
    ds = grey(base(8, 6), i16)
    ds.RescaleSlope, ds.RescaleIntercept = "1", "-1024"
    save("hounsfield.dcm", ds, i16[None].astype(float) - 1024)
    ds = grey(base(8, 6), i16)
    ds.RescaleSlope, ds.RescaleIntercept = "0.25", "3.5"
    save("slope.dcm", ds, i16[None] * 0.25 + 3.5)
    ds = grey(base(7, 5), u8, photometric="PALETTE COLOR")
    table = rng.integers(0, 65536, size=(3, 256)).astype("<u2")
    for i, name in enumerate(("Red", "Green", "Blue")):
        setattr(ds, name + "PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, name + "PaletteColorLookupTableData", table[i].tobytes())
    save("palette.dcm", ds, np.moveaxis(table >> 8, 0, -1)[u8][None])
    high = grey(base(9, 11), (u16[0] | 0xF000).astype(np.uint16), 12)
    save("dirty_bits.dcm", high, u16[:1])
    # compressed
    ds = grey(base(9, 11), u16, 12)
    ds.compress(RLELossless)
    save("rle16.dcm", ds, u16)
    for planar in (0, 1):
        ds = colour(base(5, 7), rgb)
        ds.compress(RLELossless)
        ds.PlanarConfiguration = planar
        save(f"rle_rgb{planar}.dcm", ds, rgb[None])
    ds = grey(base(9, 11), u16, 12)
    ds.compress(JPEGLSLossless)
    save("jpegls16.dcm", ds, u16)
    ds = colour(base(5, 7), rgb)
    ds.compress(JPEGLSLossless)
    save("jpegls_rgb.dcm", ds, rgb[None])
    wave = smooth(rng, (2, 33, 47)).clip(0, 255).astype(np.uint8)
    save("jpeg.dcm", encapsulated(grey(base(33, 47), wave), [pillow(f, "JPEG", quality=95) for f in wave], JPEGBaseline8Bit), tolerance=1)
    waves = np.stack([smooth(rng, (33, 47)) for _ in range(3)], -1).clip(0, 255).astype(np.uint8)
    for name, sampling in (("jpeg_ybr.dcm", 0), ("jpeg_ybr422.dcm", 1)):
        ds = encapsulated(colour(base(33, 47), waves, photometric="YBR_FULL_422" if sampling else "YBR_FULL"),
                          [pillow(waves, "JPEG", quality=95, subsampling=sampling)], JPEGBaseline8Bit)
        save(name, ds, tolerance=3)
    save("j2k.dcm", encapsulated(grey(base(33, 47), wave), [pillow(f, "JPEG2000", no_jp2=True, irreversible=False) for f in wave], JPEG2000Lossless), wave)
    save("j2k_rgb.dcm", encapsulated(colour(base(33, 47), waves, photometric="YBR_RCT"),
                                     [pillow(waves, "JPEG2000", no_jp2=True, irreversible=False, mct=1)], JPEG2000Lossless), waves[None])
    deep = rng.integers(0, 65536, size=(12, 10)).astype(np.uint16)
    save("j2k16.dcm", encapsulated(grey(base(12, 10), deep), [pillow(deep, "JPEG2000", no_jp2=True, irreversible=False)], JPEG2000Lossless), deep[None])
    # several fragments for one frame
    stream = pillow(wave[0], "JPEG", quality=95)
    half = len(stream) // 2 & ~1
    ds = grey(base(33, 47), wave[0])
    ds.PixelData = encapsulate([stream], fragments_per_frame=2)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    save("fragments.dcm", ds, tolerance=1)
    # spacing
    ds = grey(base(7, 5), u8)
    ds.PixelSpacing = ["0.5", "0.25"]
    save("spacing.dcm", ds, u8[None], spacing=[250, 500, None])
    ds = grey(base(7, 5), u8)
    ds.ImagerPixelSpacing = ["0.2", "0.1"]
    save("imager.dcm", ds, u8[None], spacing=[100, 200, None], warning="detector")
    ds = grey(base(7, 5), u8)
    ds.BurnedInAnnotation = "YES"
    save("burnt.dcm", ds, u8[None], spacing=[None] * 3, warning="burnt")
    # ultrasound
    clip = rng.integers(0, 256, size=(4, 20, 30, 3), dtype=np.uint8)

    def region(x0, y0, x1, y1, unit=3, delta=0.02, space=1):
        return item(RegionSpatialFormat=space, RegionDataType=1, RegionFlags=0, RegionLocationMinX0=x0, RegionLocationMinY0=y0, RegionLocationMaxX1=x1,
                    RegionLocationMaxY1=y1, PhysicalUnitsXDirection=unit, PhysicalUnitsYDirection=unit, PhysicalDeltaX=delta, PhysicalDeltaY=-delta)

    def ultrasound(*regions, **values):
        ds = colour(base(20, 30, sop=US_MULTI, modality="US"), clip)
        if regions:
            ds.SequenceOfUltrasoundRegions = Sequence(regions)
        for k, v in values.items():
            setattr(ds, k, v)
        return ds
    save("us.dcm", ultrasound(region(2, 3, 29, 19), FrameTime="40"), clip, kind="video", spacing=[200, 200], frame_time=40, regions=1)
    save("us_vector.dcm", ultrasound(FrameTimeVector=["0", "30", "40", "50"]), clip, kind="video", spacing=[None] * 2, frame_time=40, regions=0)
    save("us_cine.dcm", ultrasound(region(2, 3, 29, 19), region(0, 0, 10, 10, delta=0.03), CineRate="50"), clip, kind="video", spacing=[None] * 2, frame_time=20, regions=2)
    save("us_resized.dcm", ultrasound(region(2, 3, 299, 199)), clip, kind="video", spacing=[None] * 2, frame_time=None, regions=1, warning="resized")
    save("us_doppler.dcm", ultrasound(region(2, 3, 29, 10), region(2, 11, 29, 19, unit=4, space=3)), clip, kind="video", spacing=[200, 200], frame_time=None, regions=2)
    # ophthalmic tomography
    scans = rng.integers(0, 256, size=(3, 16, 20), dtype=np.uint8)
    ds = grey(base(16, 20, sop=OPT, modality="OPT"), scans)
    ds.ImageLaterality = "L"
    ds.SharedFunctionalGroupsSequence = Sequence([item(PixelMeasuresSequence=Sequence([item(PixelSpacing=["0.00387", "0.01147"], SliceThickness="0.1")]))])
    ds.PerFrameFunctionalGroupsSequence = Sequence([
        item(OphthalmicFrameLocationSequence=Sequence([item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.5.1", ReferencedSOPInstanceUID="1.2.3",
                                                            ReferenceCoordinates=[100.0 + 10 * i, 50.0, 100.0 + 10 * i, 700.0])])) for i in range(3)])
    save("opt.dcm", ds, scans, spacing=[11.47, 3.87, None], modality="OCT", laterality="left", scan_lines=[[50, 100 + 10 * i, 700, 100 + 10 * i] for i in range(3)])
    ds.PerFrameFunctionalGroupsSequence = Sequence([
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=["0", "0", str(0.12 * i)])]),
             FrameAnatomySequence=Sequence([item(FrameLaterality="R")])) for i in range(3)])
    ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence = Sequence([item(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])])
    save("opt_placed.dcm", ds, scans, spacing=[11.47, 3.87, 120], modality="OCT", laterality="right", origin=[0, 0, 0])
    # enhanced MR with its slices from the feet up and a rescale for each frame
    stack = rng.integers(0, 4096, size=(3, 8, 6)).astype(np.uint16)
    ds = grey(base(8, 6, sop=EMR, modality="MR"), stack, 12)
    ds.SharedFunctionalGroupsSequence = Sequence([item(PixelMeasuresSequence=Sequence([item(PixelSpacing=["2", "1"], SliceThickness="9")]),
                                                       PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=["0", "1", "0", "0", "0", "-1"])]))])
    ds.PerFrameFunctionalGroupsSequence = Sequence([
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[str(5 + 3 * i), "6", "7"])]),
             PixelValueTransformationSequence=Sequence([item(RescaleSlope=str(1 + i), RescaleIntercept="0", RescaleType="US")])) for i in range(3)])
    save("enhanced.dcm", ds, stack * np.arange(1, 4).reshape(3, 1, 1), spacing=[1000, 2000, 3000], origin=[5, 6, 7])
    return cases


def make_series(folder, name, positions, numbers=None, uid=None, placed=True):
    """A series of one-frame files in shuffled file order; returns the labels of the slices in space."""
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    uid = uid or generate_uid()
    study, frame_of_reference = generate_uid(), generate_uid()
    for i, z in enumerate(positions):
        ds = grey(base(8, 6, sop=MR, modality="MR"), np.full((8, 6), 100 * i, np.uint16) + np.arange(48, dtype=np.uint16).reshape(8, 6))
        ds.SeriesInstanceUID, ds.StudyInstanceUID, ds.FrameOfReferenceUID, ds.InstanceNumber = uid, study, frame_of_reference, (numbers or range(1, 99))[i]
        ds.PositionReferenceIndicator = ""
        ds.PixelSpacing, ds.SliceThickness = ["0.5", "0.75"], "1"
        if placed:
            ds.ImageOrientationPatient, ds.ImagePositionPatient = ["1", "0", "0", "0", "1", "0"], ["-10", "20", str(z)]
        ds.save_as(os.path.join(folder, name, f"{name}{(i * 5) % 7}{i}{uid[-6:]}.dcm"), enforce_file_format=True)
    return uid


def series(folder):
    make_series(folder, "even", [0, 4, 2, 6], [1, 2, 3, 4])
    make_series(folder, "uneven", [0, 2, 7])
    make_series(folder, "numbered", [0, 1, 2], [3, 1, 2], placed=False)
    make_series(folder, "two", [0, 1])
    make_series(folder, "two", [5, 6, 7])
    return {}


def read_seg(path):
    import highdicom as hd
    try:
        seg = hd.seg.segread(path)
    except AttributeError:  # highdicom wants a slice thickness even where the source has none
        seg = pydicom.dcmread(path)
    fractional = seg.SegmentationType != "BINARY"
    frames = []
    for f in seg.PerFrameFunctionalGroupsSequence:
        s = f.DerivationImageSequence[0].SourceImageSequence[0]
        frames.append([int(f.SegmentIdentificationSequence[0].ReferencedSegmentNumber), str(s.ReferencedSOPInstanceUID), int(s.get("ReferencedFrameNumber", 0))])
    raw = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    store(path + ".f64", raw)
    shared = seg.SharedFunctionalGroupsSequence[0]
    measures = shared.PixelMeasuresSequence[0] if "PixelMeasuresSequence" in shared else None
    return dict(segments=[str(s.SegmentLabel) for s in seg.SegmentSequence], fractional=fractional, frames=frames, highdicom=isinstance(seg, hd.seg.Segmentation),
                spacing=[float(v) for v in measures.PixelSpacing] if measures else None, patient=str(seg.PatientID),
                study=str(seg.StudyInstanceUID), frame_of_reference=str(seg.get("FrameOfReferenceUID", "")),
                referenced_series=str(seg.ReferencedSeriesSequence[0].SeriesInstanceUID))


def make_seg(folder):
    """A segmentation by highdicom with two segments; empty frames left out."""
    import highdicom as hd
    from pydicom.sr.codedict import codes
    files = sorted(os.path.join(folder, "even", f) for f in os.listdir(os.path.join(folder, "even")))
    images = sorted((pydicom.dcmread(f) for f in files), key=lambda d: float(d.ImagePositionPatient[2]))
    labels = np.zeros((4, 8, 6), np.uint8)
    labels[0, 1:3, 1:4] = 1
    labels[2, 4, 2] = 2
    labels[3, 7, 5] = 1
    described = [hd.seg.SegmentDescription(segment_number=i, segment_label=name, segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
                                           segmented_property_type=codes.SCT.Lesion, algorithm_type="MANUAL") for i, name in ((1, "focus"), (2, "exudate"))]
    seg = hd.seg.Segmentation(images, labels, hd.seg.SegmentationTypeValues.BINARY, described, generate_uid(), 2, generate_uid(), 1, "Nobody", "Judge", "1", "0")
    seg.save_as(os.path.join(folder, "judge_seg.dcm"))
    store(os.path.join(folder, "judge_seg.f64"), labels)
    return dict(frames=int(seg.NumberOfFrames))


def area(points):
    x, y = points[:, 0], points[:, 1]
    return abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2


def all_uids(ds):
    for e in ds.iterall():
        if e.VR == "UI" and e.value:
            yield from ([e.value] if isinstance(e.value, str) else e.value)


def read_sr(path):
    import highdicom as hd
    raw = pydicom.dcmread(path)
    report = hd.sr.srread(path)
    content = hd.sr.MeasurementReport.from_sequence([raw]) if not hasattr(report, "content") else report.content
    groups = []
    for g in list(content.get_volumetric_roi_measurement_groups()) + list(content.get_image_measurement_groups()):
        if g.tracking_identifier == "summary":
            continue
        regions = [i for i in g[0].ContentSequence if i.ValueType == "SCOORD"]
        groups.append(dict(id=g.tracking_identifier, uid=str(g.tracking_uid), finding=g.finding_type.meaning if g.finding_type else None,
                           measures=[[m.name.meaning, m.value, m.unit.value] for m in g.get_measurements()],
                           area=sum(area(np.array(r.GraphicData, float).reshape(-1, 2)) for r in regions),
                           images=sorted({str(r.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID) for r in regions})))
    comment = [i.TextValue for i in raw.ContentSequence if i.ValueType == "TEXT" and i.ConceptNameCodeSequence[0].CodeValue == "121106"]
    evidence = sum(len(s.ReferencedSOPSequence) for p in raw.get("CurrentRequestedProcedureEvidenceSequence", []) for s in p.ReferencedSeriesSequence)
    return dict(title=raw.ConceptNameCodeSequence[0].CodeValue, patient=str(raw.PatientID), groups=groups, comment=comment[0] if comment else "",
                evidence=evidence, valid_uids=all(pydicom.uid.UID(u).is_valid for u in all_uids(raw)))


def make_sr(folder):
    """A report by highdicom with one region of 3 x 2 pixels."""
    import highdicom as hd
    from pydicom.sr.codedict import codes
    files = sorted(os.path.join(folder, "even", f) for f in os.listdir(os.path.join(folder, "even")))
    images = sorted((pydicom.dcmread(f) for f in files), key=lambda d: float(d.ImagePositionPatient[2]))
    source = hd.sr.SourceImageForRegion(referenced_sop_class_uid=images[1].SOPClassUID, referenced_sop_instance_uid=images[1].SOPInstanceUID)
    region = hd.sr.ImageRegion(graphic_type=hd.sr.GraphicTypeValues.POLYLINE, graphic_data=np.array([[1, 2], [4, 2], [4, 4], [1, 4], [1, 2]], float), source_image=source)
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region, tracking_identifier=hd.sr.TrackingIdentifier(uid=generate_uid(), identifier="lesion 1"), finding_type=codes.SCT.Lesion)
    observer = hd.sr.ObserverContext(observer_type=codes.DCM.Person, observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name="Judge^A"))
    report = hd.sr.MeasurementReport(observation_context=hd.sr.ObservationContext(observer_person_context=observer), procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
                                     imaging_measurements=[group])
    sr = hd.sr.ComprehensiveSR(evidence=images, content=report[0], series_number=1, series_instance_uid=generate_uid(), sop_instance_uid=generate_uid(),
                               instance_number=1, manufacturer="Nobody")
    sr.save_as(os.path.join(folder, "judge_sr.dcm"))
    return dict(done=True)


command = sys.argv[1]
print(json.dumps(pixels(*sys.argv[2:4]) if command == "pixels" else make(sys.argv[2]) if command == "make" else series(sys.argv[2]) if command == "series"
                 else read_seg(sys.argv[2]) if command == "seg" else read_sr(sys.argv[2]) if command == "sr" else make_sr(sys.argv[2]) if command == "make_sr" else make_seg(sys.argv[2])))
