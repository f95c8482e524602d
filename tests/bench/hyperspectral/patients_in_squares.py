"""patients_in_squares.py SENSORIUM FOLDER [patients] [first seed] [SNR in dB]: phantom patients of glioblastoma (`sensorium phantom
glioblastoma`), one in each square of 48 x 48 pixels of one cube, so that `sensorium evaluate hs2rgb --block 48` splits them by patient.
Writes FOLDER/patients.hdr (reflectance) and FOLDER/classes.npy (class numbers from 1)."""
import os, subprocess, sys
import numpy as np
import spectral

side = 48
program, folder = sys.argv[1], sys.argv[2]
patients, first, snr = [int(v) for v in (sys.argv[3:] + ["36", "30000", "20"][max(0, len(sys.argv) - 3):])[:3]]
across = int(np.ceil(np.sqrt(patients)))
down = -(-patients // across)
one = os.path.join(folder, "one")
cube = labels = None
for k in range(patients):
    subprocess.run([program, "phantom", "glioblastoma", "-o", one, "--seed", str(first + k), "--lines", str(side), "--samples", str(side),
                    "--snr_db", str(snr)], check=True, stdout=subprocess.DEVNULL)
    image = spectral.envi.open(os.path.join(one, "cube.hdr"))
    spectra, classes = np.asarray(image.load()), np.asarray(spectral.envi.open(os.path.join(one, "truth.hdr")).load())[:, :, 0]
    if cube is None:
        cube = np.zeros((down * side, across * side, spectra.shape[2]), np.float32)
        labels = np.zeros(cube.shape[:2], np.uint8)
        meta = {"wavelength": image.metadata["wavelength"], "wavelength units": "nm", "reflectance scale factor": 1}
    y, x = k // across * side, k % across * side
    cube[y:y + side, x:x + side] = spectra  # SPy has divided by the scale already
    labels[y:y + side, x:x + side] = classes.astype(np.uint8) + 1
spectral.envi.save_image(os.path.join(folder, "patients.hdr"), cube, dtype=np.float32, interleave="bsq", metadata=meta, force=True)
np.save(os.path.join(folder, "classes.npy"), labels)
print(f"{patients} patients, {cube.shape}, reflectance {cube.min():.3f} to {cube.max():.3f}, pixels of each class {np.bincount(labels.ravel())[1:]}")
