"""make_opt.py SAMPLE.nrrd OUT.dcm: the phantom as an ophthalmic tomography object of a seeded patient."""
import re, sys
import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset, Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

data = open(sys.argv[1], "rb").read()
end = data.index(b"\n\n") + 2
w, h, d = map(int, re.search(rb"sizes: (\d+) (\d+) (\d+)", data[:end]).groups())
voxels = np.frombuffer(data[end:], np.uint8, w * h * d).reshape(d, h, w)
meta = FileMetaDataset()
meta.TransferSyntaxUID = ExplicitVRLittleEndian
meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.10.511.31.4"
ds = FileDataset(sys.argv[2], {}, file_meta=meta, preamble=b"\0" * 128)
ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.10.511.31.2", "1.2.826.0.1.3680043.10.511.31.3"
ds.FrameOfReferenceUID = "1.2.826.0.1.3680043.10.511.31.5"
ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Quellmalz^Zephyrine", "QX-998877", "19310517", "F"
ds.AccessionNumber, ds.ReferringPhysicianName, ds.InstitutionName = "ACC55443", "Oberndorfer^Ottokar", "Klinik Wolkenkuckucksheim"
ds.StudyID, ds.StudyDate, ds.StudyTime, ds.StudyDescription = "STU7766", "20240229", "101112", "Besuch Quellmalz"
ds.Modality, ds.Laterality, ds.ImageLaterality = "OPT", "R", "R"
ds.SeriesNumber, ds.InstanceNumber, ds.Manufacturer = 1, 1, "Nobody"
ds.Rows, ds.Columns, ds.NumberOfFrames = h, w, d
ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
ds.BitsAllocated = ds.BitsStored = 8
ds.HighBit, ds.PixelRepresentation = 7, 0
shared, measures, plane = Dataset(), Dataset(), Dataset()
measures.PixelSpacing, measures.SliceThickness = [0.00387, 0.0113], 0.12
plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([plane])
ds.SharedFunctionalGroupsSequence = Sequence([shared])
frames = []
for z in range(d):
    frame, at = Dataset(), Dataset()
    at.ImagePositionPatient = [0, 0, round(0.12 * z, 4)]
    frame.PlanePositionSequence = Sequence([at])
    frames.append(frame)
ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
ds.PixelData = voxels.tobytes()
ds.save_as(sys.argv[2], enforce_file_format=True)
