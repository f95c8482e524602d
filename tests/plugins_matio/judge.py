"""Judge of plugins/matio: SciPy writes v5 files, h5py v7.3 files (a MAT v7.3 file is HDF5 behind a 512-byte header).

judge.py make DIR     writes files, prints what each holds
judge.py heidelberg FILE OUT   the scan of a real export as float64 into OUT, and its layer lines
"""
import json, os, sys
import h5py
import numpy as np
import scipy.io as sio

folder = sys.argv[2]
cases = []
rng = np.random.default_rng(11)


def store(path, values):
    np.ascontiguousarray(values, dtype="<f8").tofile(path)


def add(name, zyxc, **more):
    store(os.path.join(folder, name + ".f64"), zyxc)
    d, h, w, c = zyxc.shape
    cases.append(dict(file=name, size=[w, h, d, c], **more))


def v73(path, **arrays):
    with h5py.File(path, "w", userblock_size=512) as f:
        for name, a in arrays.items():
            d = f.create_dataset(name, data=np.ascontiguousarray(a.T))
            kind = {"f8": "double", "f4": "single", "u1": "uint8", "u2": "uint16", "i2": "int16"}[a.dtype.str[1:]]
            text = h5py.h5t.C_S1.copy()  # as MATLAB writes it: null-terminated without room for the null
            text.set_size(len(kind))
            h5py.h5a.create(d.id, b"MATLAB_class", text, h5py.h5s.create(h5py.h5s.SCALAR)).write(np.array(kind.encode(), dtype=f"S{len(kind)}"), mtype=text)
    with open(path, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: now HDF5 schema 1.00 .".ljust(116) + b"\0" * 8 + b"\x00\x02IM")


def heidelberg(n, lines):
    data = dict(ScaleX=0.0114, ScaleZ=0.00387, Distance=0.12 if n > 1 else 0.0, SizeX=40, SizeZ=30, NumBScans=n, ScanPosition="OS  ", ScanPattern=3,
                SLO=rng.integers(0, 255, (50, 60)).astype(np.uint8), ScaleXSlo=0.011, ScaleYSlo=0.012, StartX=1.1, StartY=1.2, EndX=2.2, EndY=1.2, PatientID="SECRET")
    scans = []
    for i in range(n):
        scans.append((rng.random((30, 40)) ** 9).astype(np.float32))  # reflectivity: nearly all of it close to 0
        scans[-1][0, 0] = 3.4e38  # absent
        data[f"B{i}"] = scans[-1]
        if lines:
            seg = np.full((3, 40), 10.0 + i, np.float32)
            seg[1] += 5
            seg[2, :7] = 3.4e38
            data[f"B{i}seg"] = seg
    return data, np.stack(scans)[..., None]


def make():
    flat = rng.normal(size=(20, 33))
    deep = rng.integers(0, 60000, (17, 24, 5)).astype(np.uint16)
    for name, packed in (("plain.mat", False), ("packed.mat", True)):
        sio.savemat(os.path.join(folder, name), {"text": "hello", "scan": flat, "k": 3.0}, do_compression=packed)
        add(name, flat[None, ..., None], type="float64", warnings=0)
    sio.savemat(os.path.join(folder, "deep.mat"), {"small": flat.astype(np.float32), "deep": deep}, do_compression=True)
    add("deep.mat", deep.transpose(2, 0, 1)[..., None], type="uint16", warnings=1, named="small (20 x 33)")
    sio.savemat(os.path.join(folder, "nested.mat"), {"study": {"name": "x", "image": deep[:, :, 0]}})
    add("nested.mat", deep[None, :, :, 0, None], type="uint16", warnings=0)
    colour = rng.integers(0, 255, (18, 25, 3)).astype(np.uint8)
    sio.savemat(os.path.join(folder, "colour.mat"), {"picture": colour})
    add("colour.mat", colour[None], type="uint8", warnings=1, named="RGB")
    v73(os.path.join(folder, "v73.mat"), deep=deep, other=flat)
    add("v73.mat", deep.transpose(2, 0, 1)[..., None], type="uint16", warnings=1, named="other (20 x 33)")
    for name, n in (("one.mat", 1), ("three.mat", 3)):
        data, scans = heidelberg(n, True)
        sio.savemat(os.path.join(folder, name), data, do_compression=True)
        shown = np.where(scans > 1, 0, scans.astype(np.float64)) ** 0.25
        add(name, shown.astype(np.float32), type="float32", warnings=0, heidelberg=True, tolerance=1e-6)
    data, scans = heidelberg(1, False)
    data["B0"] = scans[0, :, :, 0] = np.linspace(0, 1, 1200, dtype=np.float32).reshape(30, 40)  # as shown already
    sio.savemat(os.path.join(folder, "shown.mat"), data)
    add("shown.mat", scans, type="float32", warnings=0, heidelberg=True)
    sio.savemat(os.path.join(folder, "one_0_coordinates.mat"), {"interpolation": np.full((9, 40), 12.5)})
    sio.savemat(os.path.join(folder, "none.mat"), {"a": 1.0, "b": np.arange(100.0), "c": "text"})
    return cases


def real():
    m = sio.loadmat(folder)
    store(sys.argv[3], m["B0"][None, ..., None].astype(np.float64) ** 0.25)
    return dict(scale=[float(m["ScaleX"][0, 0]) * 1e3, float(m["ScaleZ"][0, 0]) * 1e3], first=[float(v) for v in m["B0seg"][:, 0]])


print(json.dumps(make() if sys.argv[1] == "make" else real()))
