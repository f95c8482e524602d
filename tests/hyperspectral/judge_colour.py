"""colour-science on the ColorChecker of resources/cie, and on a real cube when its samples are given.
Prints JSON: for each observer, light and sum the XYZ of 24 patches (white has Y = 1), then sRGB, Bradford, Lab, delta E 2000."""
import json
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")
import colour

root = sys.argv[1]
table = np.genfromtxt(f"{root}/colorchecker_ohta_5nm.csv", delimiter=",", skip_header=1)
nm, patches = table[:, 0], table[:, 1:].T
fine = np.arange(360, 781)
observers = {"1931": "CIE 1931 2 Degree Standard Observer", "1964": "CIE 1964 10 Degree Standard Observer"}


def light_at(name, at):
    if name == "E":
        return np.full(len(at), 100.0)
    sd = colour.SDS_ILLUMINANTS[name]
    return np.interp(at, sd.wavelengths, sd.values)


def integration(values, start, stop, step, observer, name):
    shape = colour.SpectralShape(start, stop, step)
    light = colour.SpectralDistribution(dict(zip(shape.wavelengths, light_at(name, shape.wavelengths))))
    return colour.msds_to_XYZ(values, cmfs=colour.MSDS_CMFS[observers[observer]], illuminant=light, method="Integration", shape=shape) / 100


out = {"sums": []}
for observer in observers:
    cmfs = colour.MSDS_CMFS[observers[observer]]
    for name in ("A", "C", "D50", "D55", "D65", "D75", "E"):
        one_nm = colour.SpectralDistribution(dict(zip(fine, light_at(name, fine))))
        e308 = [colour.sd_to_XYZ(colour.SpectralDistribution(dict(zip(fine, np.interp(fine, nm, p)))), cmfs, one_nm, method="ASTM E308") / 100
                for p in patches]
        out["sums"].append({"observer": observer, "light": name, "sensor": integration(patches, 380, 780, 5, observer, name).tolist(),
                            "astm_e308": np.asarray(e308).tolist()})
xyz = np.asarray(out["sums"][4]["astm_e308"])
srgb = colour.RGB_COLOURSPACES["sRGB"]
linear = xyz @ np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]).T
assert np.array_equal(srgb.matrix_XYZ_to_RGB, np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]))
out["linear"] = linear.tolist()
out["encoded"] = srgb.cctf_encoding(np.clip(linear, 0, 1)).tolist()
a, d65 = np.array([1.0985, 1.0, 0.3558]), np.array([0.9504, 1.0, 1.0889])
out["bradford"] = colour.adaptation.matrix_chromatic_adaptation_VonKries(a, d65, transform="Bradford").tolist()
white = colour.xy_to_XYZ(np.array([0.3127, 0.3290]))
out["white"] = white.tolist()
lab = colour.XYZ_to_Lab(xyz, np.array([0.3127, 0.3290]))
out["lab"] = lab.tolist()
out["delta_e"] = colour.delta_E(lab[:, None, :], lab[None, :, :], method="CIE 2000").tolist()
out["delta_e_identity"] = colour.delta_E(lab, lab, method="CIE 2000").tolist()
if len(sys.argv) > 2:  # samples of the corn kernel cube: 31 x 580 x 43 uint16, with its wavelengths
    samples, centres = sys.argv[2], np.array(json.loads(sys.argv[3]))
    cube = np.fromfile(samples, "<u2").reshape(31, 580, 43).transpose(0, 2, 1).astype(float)
    grid = np.arange(400, 781, 5)
    resampled = np.array([np.interp(grid, centres, p) for p in cube.reshape(-1, 580)])
    out["cube"] = integration(resampled, 400, 780, 5, "1931", "D65").tolist()
print(json.dumps(out))
