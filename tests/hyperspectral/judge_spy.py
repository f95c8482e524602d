"""SPy and NumPy on a cube written here. make FOLDER writes cube.hdr/.raw (float32 BIP) and bil/bsq copies; prints the judges' figures."""
import json
import pathlib
import sys

import numpy as np
import spectral as spy
import spectral.io.envi as envi

folder = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(3)
lines, samples, bands = 40, 50, 12
mixing = rng.normal(0, 1, (4, bands)) * np.array([[40], [15], [6], [2]])
smooth = np.cumsum(np.cumsum(rng.normal(0, 1, (lines, samples, 4)), 0), 1)
smooth /= smooth.std((0, 1))
cube = (1000 + smooth @ mixing + rng.normal(0, 1, (lines, samples, bands)) * np.linspace(0.5, 2, bands)).astype(np.float32)
for interleave in ("bsq", "bil", "bip"):
    envi.save_image(str(folder / f"{interleave}.hdr"), cube, dtype=np.float32, interleave=interleave, force=True, ext=".raw",
                    metadata={"wavelength": np.linspace(400, 900, bands).tolist(), "wavelength units": "nm"})
stats = spy.calc_stats(cube)
pcs = spy.principal_components(cube)
noise = spy.noise_from_diffs(cube, "right")
mnf = spy.mnf(stats, noise)
print(json.dumps({
    "mean": stats.mean.tolist(), "covariance": stats.cov.tolist(), "values": pcs.eigenvalues.tolist(), "directions": pcs.eigenvectors.T.tolist(),
    "noise": noise.cov.tolist(), "snr": mnf.napc.eigenvalues.tolist()}))
