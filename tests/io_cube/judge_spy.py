"""SPy (spectral) writes ENVI files for us to read, and reads ours.
make FOLDER: files of every type, interleave and byte order with their samples as float64; prints a list.
read FOLDER: compares NAME.hdr, which we wrote, with NAME_want.npy; prints the names that agree."""
import json
import pathlib
import sys

import numpy as np
import spectral.io.envi as envi

verb, folder = sys.argv[1], pathlib.Path(sys.argv[2])
types = ["uint8", "int16", "int32", "float32", "float64", "complex64", "complex128", "uint16", "uint32", "int64", "uint64"]
lines, samples, bands = 3, 4, 5

if verb == "make":
    rng = np.random.default_rng(7)
    done = []
    for name in types:
        kind = np.dtype(name)
        if kind.kind in "iu":
            info = np.iinfo(kind)
            low, high = max(info.min, -(2**52)), min(info.max, 2**52)
            data = rng.integers(low, high, (lines, samples, bands), dtype=np.int64).astype(kind)
        else:
            data = rng.normal(0, 100, (lines, samples, bands)).astype(kind)
            if kind.kind == "c":
                data = (data + 1j * rng.normal(0, 100, data.shape)).astype(kind)
        for interleave in ("bsq", "bil", "bip"):
            for order in (0, 1):
                stem = f"{name}_{interleave}_{order}"
                envi.save_image(str(folder / f"{stem}.hdr"), data, dtype=kind, interleave=interleave, byteorder=order, force=True,
                                ext=".raw", metadata={"wavelength": [450, 500, 550, 600, 650], "wavelength units": "nm"})
                want = np.abs(data.astype(np.complex128)) if kind.kind == "c" else data.astype(np.float64)
                want.astype("<f8").tofile(folder / f"{stem}.want")
                np.save(folder / f"{stem}_want.npy", data)
                done.append({"stem": stem, "type": name, "interleave": interleave, "big": order == 1})
    print(json.dumps(done))
else:
    same = []
    for want in sorted(folder.glob("*_want.npy")):
        stem = want.name[: -len("_want.npy")]
        image = envi.open(str(folder / f"{stem}_ours.hdr"))
        data = np.load(want)
        ours = image.open_memmap(interleave="bip")
        if ours.dtype.newbyteorder("=") == data.dtype and np.array_equal(ours, data) and image.bands.centers == [450, 500, 550, 600, 650]:
            same.append(stem)
    print(json.dumps(same))
