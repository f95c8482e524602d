"""Judge of the readers of array files and GeoTIFFs: SciPy writes MAT v5, h5py MAT v7.3 and HDF5, tifffile TIFF.

judge.py cubes DIR       writes files, prints what each holds; NAME.f64 has its samples, [line][sample][band]
judge.py recordings DIR  the same; NAME.f64 has [channel][sample]
judge.py tiff FILE       what tifffile sees in a GeoTIFF of ours; FILE.f64 has its samples
"""
import json, os, struct, sys
import h5py
import numpy as np
import scipy.io as sio
from scipy.io import wavfile
import tifffile

verb, folder = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(5)
cases = []


def path(name):
    return os.path.join(folder, name)


def add(name, values, **more):
    np.ascontiguousarray(values, dtype="<f8").tofile(path(name + ".f64"))
    cases.append(dict(file=name, size=list(values.shape), **more))


def v73(name, **arrays):
    with h5py.File(path(name), "w", userblock_size=512) as f:
        for key, (a, options) in arrays.items():
            d = f.create_dataset(key, data=np.ascontiguousarray(a.T), **options)
            kind = {"f8": "double", "f4": "single", "u1": "uint8", "u2": "uint16", "i2": "int16"}[a.dtype.str[1:]]
            text = h5py.h5t.C_S1.copy()
            text.set_size(len(kind))
            h5py.h5a.create(d.id, b"MATLAB_class", text, h5py.h5s.create(h5py.h5s.SCALAR)).write(np.array(kind.encode(), dtype=f"S{len(kind)}"), mtype=text)
    with open(path(name), "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: now HDF5 schema 1.00 .".ljust(116) + b"\0" * 8 + b"\x00\x02IM")


def scene(lines, samples, bands):
    """Smooth in space, with one spectrum that differs far more from band to band."""
    y, x, b = np.mgrid[0:lines, 0:samples, 0:bands]
    return (2000 + 900 * np.sin(b * 0.9) + 90 * np.sin(y / 5.0) + 70 * np.cos(x / 7.0) * (1 + b / bands) + 3 * rng.random(y.shape)).astype(np.uint16)


def cubes():
    nm9 = np.linspace(450, 850, 9)
    a = rng.integers(0, 60000, (6, 7, 9)).astype(np.uint16)
    sio.savemat(path("packed.mat"), {"scene": a, "wavelengths": nm9, "note": "text"}, do_compression=True)
    add("packed.mat", a, type="uint16", nm=list(nm9), source="guessed", warnings=1, mapped=False)
    f = rng.normal(size=(6, 7, 9)).astype(np.float32)
    sio.savemat(path("plain.mat"), {"x": 3.0, "scene": f, "wavelength_nm": nm9[:, None]})
    add("plain.mat", f, type="float32", nm=list(nm9), source="stated", warnings=0, mapped=True)
    first = np.ascontiguousarray(a.transpose(2, 0, 1))  # bands first
    sio.savemat(path("first.mat"), {"scene": first, "lambda": nm9 / 1000})
    add("first.mat", a, type="uint16", nm=list(nm9), source="guessed", warnings=1, mapped=True)
    s = scene(20, 31, 12)
    sio.savemat(path("unnamed.mat"), {"scene": s}, do_compression=True)
    add("unnamed.mat", s, type="uint16", nm=[], source="absent", warnings=1, said="axis")
    flat = {"nRow": 20, "nCol": 31}
    sio.savemat(path("columns.mat"), {"Y": s.reshape(-1, 12, order="F").T.copy(), **flat})
    add("columns.mat", s, type="uint16", nm=[], source="absent", warnings=1, said="columns first")
    sio.savemat(path("rows.mat"), {"Y": s.reshape(-1, 12), "rows": 20, "cols": 31})
    add("rows.mat", s, type="uint16", nm=[], source="absent", warnings=1, said="rows first")
    v73("chunked73.mat", scene=(a, dict(chunks=(2, 3, 4), compression="gzip", shuffle=True)), wavelength=(nm9, {}))
    add("chunked73.mat", a, type="uint16", nm=list(nm9), source="guessed", warnings=1)
    v73("plain73.mat", scene=(f, {}), wl=(nm9, {}))
    add("plain73.mat", f, type="float32", nm=list(nm9), source="guessed", warnings=1, mapped=True)

    with h5py.File(path("bands_first.h5"), "w") as h:
        d = h.create_dataset("cube", data=first)
        d.attrs["wavelength"] = nm9
        d.attrs["wavelength_units"] = "nanometers"
    add("bands_first.h5", a, type="uint16", nm=list(nm9), source="stated", warnings=0, mapped=True)
    with h5py.File(path("neon.h5"), "w") as h:  # as NEON's reflectance tiles
        d = h.create_dataset("SITE/Reflectance/Reflectance_Data", data=rng.integers(-3000, 9000, (6, 7, 9)).astype(np.int16), chunks=(4, 4, 9), compression="gzip")
        d.attrs["Scale_Factor"], d.attrs["Data_Ignore_Value"] = 10000.0, -9999.0
        w = h.create_dataset("SITE/Reflectance/Metadata/Spectral_Data/Wavelength", data=nm9)
        w.attrs["Units"] = "nanometers"
        add("neon.h5", d[...], type="int16", nm=list(nm9), source="stated", warnings=0, scale=10000, ignore=-9999)
    with h5py.File(path("big_endian.h5"), "w") as h:
        h.create_dataset("cube", data=f.astype(">f4"))
        h.create_dataset("wavelengths", data=nm9)
    add("big_endian.h5", f, type="float32", nm=list(nm9), source="guessed", warnings=1, mapped=True)
    with h5py.File(path("half.h5"), "w") as h:
        h.create_dataset("cube", data=f.astype(np.float16))
        h.create_dataset("wavelengths", data=nm9)
    add("half.h5", f.astype(np.float16), type="float32", nm=list(nm9), source="guessed", warnings=1)
    edge = rng.integers(0, 255, (11, 13, 10)).astype(np.uint8)
    with h5py.File(path("edges.h5"), "w") as h:
        h.create_dataset("cube", data=edge, chunks=(3, 5, 4), compression="gzip", fletcher32=True)
        h.create_dataset("wavelengths", data=np.linspace(400, 700, 10))
    add("edges.h5", edge, type="uint8", nm=list(np.linspace(400, 700, 10)), source="guessed", warnings=1)

    tifffile.imwrite(path("contig.tif"), a, planarconfig="contig", photometric="minisblack")
    add("contig.tif", a, type="uint16", nm=[], source="absent", warnings=0, mapped=True)
    items = "".join(f'<Item name="wavelength" sample="{i}">{w:g}</Item><Item name="wavelength_units" sample="{i}">Nanometers</Item>' for i, w in enumerate(nm9))
    tile = rng.normal(size=(9, 40, 50)).astype(np.float32)
    tifffile.imwrite(path("tiled.tif"), tile, planarconfig="separate", photometric="minisblack", tile=(16, 16), compression="zlib",
                     extratags=[(42112, 2, 0, f"<GDALMetadata>{items}</GDALMetadata>", True)], metadata=None)
    add("tiled.tif", tile.transpose(1, 2, 0), type="float32", nm=list(nm9), source="stated", warnings=0)
    tifffile.imwrite(path("pixels.tif"), tile.transpose(1, 2, 0), planarconfig="contig", photometric="minisblack", tile=(16, 32), compression="zlib", bigtiff=True, byteorder=">", metadata=None)
    add("pixels.tif", tile.transpose(1, 2, 0), type="float32", nm=[], source="absent", warnings=0)

    # what is no cube
    depth = np.exp(-np.linspace(0, 3, 40))[:, None, None] * rng.random((40, 30, 16))
    sio.savemat(path("volume.mat"), {"scan": depth})
    with h5py.File(path("text.h5"), "w") as h:
        h["words"] = "nothing here"
    with h5py.File(path("lzf.h5"), "w") as h:
        h.create_dataset("cube", data=edge, chunks=(3, 5, 4), compression="lzf")
    with h5py.File(path("claims.h5"), "w") as h:
        h.create_dataset("cube", shape=(100000, 100000, 100), dtype="u2", chunks=(64, 64, 100))
        h.create_dataset("wavelengths", data=np.linspace(400, 700, 100))
    return cases


def recordings():
    n = 4000
    t = np.arange(n) / 2500.0
    x = np.stack([np.sin(2 * np.pi * 50 * t + k) for k in range(3)])
    sio.savemat(path("fs.mat"), {"current": x.T, "Fs": 2500.0}, do_compression=True)
    add("fs.mat", x, hertz=2500, field="Fs", unit="", names=["current 1", "current 2", "current 3"])
    sio.savemat(path("time.mat"), {"ia": x[0], "ib": x[1][:, None], "t": t})
    add("time.mat", x[:2], hertz=2500, field="t", unit="", names=["ia", "ib"])
    sio.savemat(path("unknown.mat"), {"X097_DE_time": x[0][:, None], "X097_FE_time": x[1][:, None], "X097RPM": 1796.0})
    add("unknown.mat", x[:2], hertz=0, field="", unit="", names=["X097_DE_time", "X097_FE_time"])
    v73("v73.mat", current=(x.astype(np.float32), {}), dt=(np.array([[1 / 2500.0]]), {}))
    add("v73.mat", x.astype(np.float32), hertz=2500, field="dt", unit="", names=["current 1", "current 2", "current 3"])
    with h5py.File(path("rate.h5"), "w") as h:
        d = h.create_dataset("measure/current", data=(x.T * 1000).astype(np.int16), chunks=(500, 1), compression="gzip")
        d.attrs["sample_rate"], d.attrs["units"] = 2500.0, "mA"
    add("rate.h5", (x * 1000).astype(np.int16), hertz=2500, field="attribute sample_rate", unit="mA", names=["current 1", "current 2", "current 3"])
    with h5py.File(path("long.h5"), "w") as h:
        h.create_dataset("counts", data=(x[0] * 1e9).astype(np.int64))
    add("long.h5", (x[:1] * 1e9).astype(np.int64), hertz=0, field="", unit="", names=["counts"])
    pcm = np.round(x * 32767).astype(np.int16)
    wavfile.write(path("pcm.wav"), 44100, pcm.T.copy())
    add("pcm.wav", pcm / 32768, hertz=44100, field="header", unit="", names=["channel 1", "channel 2", "channel 3"])
    big = pcm.T.astype(">i2").tobytes()  # RIFX: all of it big-endian
    with open(path("big.wav"), "wb") as f:
        f.write(struct.pack(">4sI4s4sIHHIIHH4sI", b"RIFX", 36 + len(big), b"WAVE", b"fmt ", 16, 1, 3, 44100, 44100 * 6, 6, 16, b"data", len(big)) + big)
    rate, same = wavfile.read(path("big.wav"))
    assert rate == 44100 and (same == pcm.T).all()
    add("big.wav", pcm / 32768, hertz=44100, field="header", unit="", names=["channel 1", "channel 2", "channel 3"])
    wavfile.write(path("float.wav"), 96000, (x * 5).T.astype(np.float32))
    add("float.wav", (x * 5).astype(np.float32), hertz=96000, field="header", unit="", names=["channel 1", "channel 2", "channel 3"])
    return cases


def tiff():
    with tifffile.TiffFile(folder) as f:
        page = f.pages[0]
        values = f.asarray()
        np.ascontiguousarray(values, dtype="<f8").tofile(folder + ".f64")
        tags = {t.code: t.value for t in page.tags}
        return dict(shape=list(values.shape), type=str(values.dtype), metadata=str(tags.get(42112, "")), ignore=str(tags.get(42113, "")))


def written():
    """What SciPy and h5py see in our files of recordings: names, values, rate."""
    out = {}
    m = sio.loadmat(path("ours.mat"))
    out["mat"] = dict(values=[m[k][:, 0].tolist() for k in ("ia__A_", "x2nd")], hertz=float(m["Fs"][0, 0]), start=float(m["t0"][0, 0]), units=str(m["units"][0]))
    with h5py.File(path("ours.h5")) as h:
        out["hdf5"] = dict(values=[h[k][...].tolist() for k in ("ia__A_", "x2nd")], hertz=float(h["x2nd"].attrs["sample_rate"]), start=float(h["x2nd"].attrs["start_s"]), units=h["x2nd"].attrs["unit"].decode())
    rate, data = wavfile.read(path("ours.wav"))
    out["wav"] = dict(values=data.T.astype(float).tolist(), hertz=rate, start=0, units="")
    table = np.genfromtxt(path("ours.csv"), delimiter=",", names=True)
    out["csv"] = dict(values=[table[n].tolist() for n in table.dtype.names[1:]], hertz=1 / float(np.diff(table[table.dtype.names[0]]).mean()), start=float(table[table.dtype.names[0]][0]), units="")
    return out


print(json.dumps({"written": written, "cubes": cubes, "recordings": recordings, "tiff": tiff}[verb]()))
