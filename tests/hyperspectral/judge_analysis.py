"""SPy, SciPy and NumPy on a cube written here. FOLDER: writes bip/bsq cubes and an ENVI library there, prints the judges' figures.
FOLDER/NAME.hdr: what SPy reads of that spectral library."""
import json
import pathlib
import sys

import numpy as np
import scipy.optimize
import scipy.signal
import spectral as spy
import spectral.io.envi as envi

spy.settings.show_progress = False
target = pathlib.Path(sys.argv[1])
if target.suffix == ".hdr":
    library = envi.open(str(target))
    print(json.dumps({"spectra": np.asarray(library.spectra).tolist(), "names": [n.strip() for n in library.names], "nm": list(library.bands.centers or [])}))
    sys.exit()

rng = np.random.default_rng(5)
lines, samples, bands = 18, 21, 12
nm = np.linspace(400, 950, bands)
uneven = np.sort(rng.uniform(400, 950, bands))
pure = np.abs(0.5 + 0.4 * np.sin(np.outer([1, 1.7, 2.9], nm / 120) + np.array([[0], [1], [2]]))) + 0.05
shares = rng.dirichlet([0.6, 0.6, 0.6], (lines, samples))
cube = (shares @ pure * rng.uniform(0.7, 1.3, (lines, samples, 1)) + rng.normal(0, 0.01, (lines, samples, bands))).clip(0.001).astype(np.float32)
for interleave in ("bip", "bsq"):
    envi.save_image(str(target / f"{interleave}.hdr"), cube, dtype=np.float32, interleave=interleave, force=True, ext=".raw",
                    metadata={"wavelength": nm.tolist(), "wavelength units": "nm"})
library = envi.SpectralLibrary(pure.astype(np.float32), {"wavelength": nm.tolist(), "wavelength units": "Nanometers", "spectra names": ["quartz", "leaf", "water"]})
library.bands.centers = nm.tolist()
library.save(str(target / "lib"))
data = cube.astype(np.float64)
members = pure.astype(np.float32).astype(np.float64)
classes, centres = spy.kmeans(data, 3, 60, start_clusters=members.copy())


def divergence(a, b):
    p, q = a / a.sum(-1, keepdims=True), b / b.sum()
    return ((p - q) * np.log(p / q)).sum(-1)


def constrained(x):
    heavy = 1e5
    a, _ = scipy.optimize.nnls(np.vstack([members.T, heavy * np.ones(3)]), np.append(x, heavy))
    return a.tolist()


def fitted(x, y, window, degree, derivative):
    out = []
    for i in range(len(x)):
        first = min(max(i - window // 2, 0), len(x) - window)
        part = slice(first, first + window)
        out.append(np.polyval(np.polyder(np.polyfit(x[part] - x[i], y[part], degree), derivative) if derivative else np.polyfit(x[part] - x[i], y[part], degree), 0))
    return out


print(json.dumps({
    "angles": spy.spectral_angles(data, members).tolist(),
    "divergences": [divergence(data, m).tolist() for m in members],
    "classes": (classes + 1).tolist(), "centres": centres.tolist(),
    "rx": spy.rx(data).tolist(),
    "continuum": spy.remove_continuum(data[0], nm).tolist(),
    "savgol": [scipy.signal.savgol_filter(data[0], 5, 2, deriv=d, delta=nm[1] - nm[0], mode="interp").tolist() for d in range(3)],
    "uneven": uneven.tolist(), "uneven_fit": [fitted(uneven, data[0, 0], 5, 2, d) for d in range(3)],
    "abundances": [[constrained(x) for x in row] for row in data],
}))
