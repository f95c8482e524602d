"""Judge of the NIfTI, NRRD and MetaImage readers and writers: nibabel and pynrrd write files we must read, and read files we wrote.

judge.py make DIR     writes files, prints what each holds
judge.py read FILE    prints shape, spacing and place, writes the samples beside it (.f64)
Samples are float64 in the order [z][y][x][channel].
"""
import json, os, sys
import numpy as np
import nibabel as nib
import nrrd

folder = sys.argv[2]
cases = []
rng = np.random.default_rng(7)


def store(path, zyxc):
    np.ascontiguousarray(zyxc, dtype="<f8").tofile(path)


def add(name, zyxc, spacing, **more):
    if zyxc.ndim == 3:
        zyxc = zyxc[..., None]
    store(os.path.join(folder, name + ".f64"), zyxc)
    d, h, w, c = zyxc.shape
    cases.append(dict(file=name, size=[w, h, d, c], spacing=spacing, **more))


def field(shape, dtype):
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    lo, hi = max(info.min, -30000), min(info.max, 60000)
    return rng.integers(lo, hi, size=shape, endpoint=True).astype(dtype)


def make_nifti():
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    for name, dtype, unit, zooms in [
        ("u8.nii", np.uint8, "mm", (0.5, 0.25, 2)), ("i16.nii.gz", np.int16, "micron", (11.5, 3.87, 120)),
        ("u16.nii.gz", np.uint16, "meter", (0.001, 0.002, 0.003)), ("f32.nii", np.float32, "unknown", (0.1, 0.2, 0.3)),
        ("f64.nii", np.float64, "mm", (1, 1, 3)), ("i32.nii.gz", np.int32, "mm", (1, 1, 1)), ("i8.nii", np.int8, "mm", (2, 2, 2)),
        ("i64.nii", np.int64, "mm", (2, 2, 2)), ("big.nii", ">i2", "mm", (2, 3, 4)),
    ]:
        xyz = field((7, 5, 4), dtype)
        placed = name in ("u8.nii", "i16.nii.gz", "big.nii")
        affine = np.diag([*zooms, 1.0])
        if placed:
            affine[:3, :3] = turn @ affine[:3, :3]
            affine[:3, 3] = (10, -20, 30)
        header = nib.Nifti1Header(endianness=">" if name == "big.nii" else "<")
        header.set_data_dtype(xyz.dtype)
        image = nib.Nifti1Image(xyz, affine, header, dtype=xyz.dtype)
        image.header.set_xyzt_units(unit)
        nib.save(image, os.path.join(folder, name))
        factor = {"mm": 1e3, "micron": 1, "meter": 1e6, "unknown": None}[unit]
        spacing = [None if factor is None or zooms == (1, 1, 1) else z * factor for z in zooms]
        flip = np.diag([-1, -1, 1.0])
        more = dict(direction=(flip @ turn).ravel().tolist(), origin=[-10, 20, 30]) if placed else {}
        add(name, xyz.transpose(2, 1, 0), spacing, **more)
    scaled = nib.Nifti1Image(field((7, 5, 4), np.int16), np.diag([2.0, 2, 2, 1]))
    scaled.header.set_xyzt_units("mm")
    scaled.header.set_slope_inter(0.5, 10)
    raw = np.asarray(scaled.dataobj)
    data = scaled.header.copy()
    with open(os.path.join(folder, "scaled.nii"), "wb") as f:
        data["scl_slope"], data["scl_inter"], data["vox_offset"] = 0.5, 10, 352
        data["magic"] = b"n+1"
        f.write(data.binaryblock + b"\0" * 4 + raw.tobytes(order="F"))
    add("scaled.nii", (raw.astype(np.float64) * 0.5 + 10).transpose(2, 1, 0), [2000] * 3)
    assert np.allclose(nib.load(os.path.join(folder, "scaled.nii")).get_fdata(), raw * 0.5 + 10)
    flat = field((9, 6), np.uint8)
    image = nib.Nifti1Image(flat, np.diag([0.2, 0.3, 1, 1]))
    image.header.set_xyzt_units("mm")
    nib.save(image, os.path.join(folder, "flat.nii.gz"))
    add("flat.nii.gz", flat.T[None], [200, 300, None])
    colour = rng.integers(0, 255, size=(6, 5, 4, 3)).astype(np.uint8)
    typed = np.zeros((6, 5, 4), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    for i, k in enumerate("RGB"):
        typed[k] = colour[..., i]
    image = nib.Nifti1Image(typed, np.diag([2.0, 2, 2, 1]))
    image.header.set_xyzt_units("mm")
    nib.save(image, os.path.join(folder, "rgb.nii"))
    add("rgb.nii", colour.transpose(2, 1, 0, 3), [2000] * 3)
    # what SimpleITK makes of a float picture [row][column][colour] and of [colour][row][column]: zooms 1, unit mm
    picture = rng.random((24, 20, 3)).astype(np.float32)
    for name, xyz in (("first.nii.gz", picture.transpose(2, 1, 0)), ("last.nii.gz", picture.transpose(1, 0, 2))):
        image = nib.Nifti1Image(xyz, np.diag([-1.0, -1, 1, 1]))
        image.header.set_xyzt_units("mm")
        nib.save(image, os.path.join(folder, name))
        add(name, picture[None], [None] * 3)


def make_nrrd():
    for name, dtype, encoding, header in [
        ("raw.nrrd", np.int16, "raw", {"space": "left-posterior-superior", "space directions": [[0.5, 0, 0], [0, 0.25, 0], [0, 0, 2]], "space origin": [1, 2, 3]}),
        ("ras.nrrd", np.uint8, "gzip", {"space": "right-anterior-superior", "space directions": [[0, 0.5, 0], [-0.25, 0, 0], [0, 0, 2]], "space origin": [1, 2, 3]}),
        ("big.nrrd", ">i2", "gzip", {"spacings": [0.1, 0.2, 0.3], "units": ["um", "um", "um"]}),
        ("text.nrrd", np.uint16, "ascii", {"spacings": [0.1, 0.2, 0.3], "units": ["um", "um", "um"]}),
        ("nounit.nrrd", np.float32, "gzip", {"spacings": [0.1, 0.2, 0.3]}),
        ("none.nrrd", np.float64, "raw", {}),
        ("apart.nhdr", np.uint8, "raw", {"spacings": [1, 1, 1], "units": ["mm", "mm", "mm"]}),
    ]:
        xyz = field((7, 5, 4), dtype)
        header = dict(header, encoding=encoding, endian="big" if dtype == ">i2" else "little")
        nrrd.write(os.path.join(folder, name), xyz, header, index_order="F", relative_data_path=True)
        spacing = {"raw.nrrd": [500, 250, 2000], "ras.nrrd": [500, 250, 2000], "text.nrrd": [0.1, 0.2, 0.3], "big.nrrd": [0.1, 0.2, 0.3], "apart.nhdr": [1000] * 3}.get(name, [None] * 3)
        more = {}
        if name == "raw.nrrd":
            more = dict(direction=[1, 0, 0, 0, 1, 0, 0, 0, 1], origin=[1, 2, 3])
        if name == "ras.nrrd":
            more = dict(direction=[0, 1, 0, -1, 0, 0, 0, 0, 1], origin=[-1, -2, 3])
        add(name, xyz.transpose(2, 1, 0), spacing, **more)
    colour = field((3, 7, 5, 4), np.uint8)
    nrrd.write(os.path.join(folder, "colour.nrrd"), colour, {
        "space": "left-posterior-superior", "kinds": ["vector", "domain", "domain", "domain"], "encoding": "gzip",
        "space directions": np.array([[np.nan] * 3, [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]), "space origin": [0, 0, 0]}, index_order="F")
    add("colour.nrrd", colour.transpose(3, 2, 1, 0), [500] * 3)


def make_meta():
    import zlib
    for name, dtype, kind, lines, spacing in [
        ("u8.mha", np.uint8, "MET_UCHAR", "ElementSpacing = 0.5 0.25 2\nOffset = 1 2 3\nTransformMatrix = 1 0 0 0 1 0 0 0 1", [500, 250, 2000]),
        ("zip.mha", np.int16, "MET_SHORT", "ElementSpacing = 10 20 30\nDistanceUnits = um", [10, 20, 30]),
        ("turned.mha", np.uint16, "MET_USHORT", "ElementSpacing = 500 250 2000\nDistanceUnits = um\nOffset = 1000 2000 -3000\nTransformMatrix = 0 1 0 1 0 0 0 0 -1", [500, 250, 2000]),
        ("ones.mha", np.float32, "MET_FLOAT", "ElementSpacing = 1 1 1\nOffset = 0 0 0", [None] * 3),
        ("meta.mhd", np.uint16, "MET_USHORT", "", [None] * 3),
    ]:
        zyx = field((4, 5, 7), dtype)
        raw = zyx.tobytes()
        packed = zlib.compress(raw) if name == "zip.mha" else raw
        if name == "turned.mha":
            raw = zyx.astype(">u2").tobytes()
            packed = raw
        text = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = " + ("True" if name == "turned.mha" else "False") + "\n"
        if name == "zip.mha":
            text += f"CompressedData = True\nCompressedDataSize = {len(packed)}\n"
        text += (lines + "\n" if lines else "") + f"DimSize = 7 5 4\nElementType = {kind}\nElementDataFile = "
        with open(os.path.join(folder, name), "wb") as f:
            f.write((text + ("meta.raw" if name == "meta.mhd" else "LOCAL") + "\n").encode())
            if name != "meta.mhd":
                f.write(packed)
        if name == "meta.mhd":
            open(os.path.join(folder, "meta.raw"), "wb").write(packed)
        more = dict(direction=[1, 0, 0, 0, 1, 0, 0, 0, 1], origin=[1, 2, 3]) if name == "u8.mha" else {}
        if name == "turned.mha":  # a line of the matrix is the direction of one axis
            more = dict(direction=[0, 1, 0, 1, 0, 0, 0, 0, -1], origin=[1, 2, -3])
        add(name, zyx, spacing, **more)


def read(path):
    if path.endswith(".nrrd"):
        data, header = nrrd.read(path, index_order="F")
        colour = data.ndim == 4
        zyxc = data.transpose(3, 2, 1, 0) if colour else data.transpose(2, 1, 0)[..., None]
        directions = np.array(header["space directions"], dtype=float)[-3:]
        lengths = np.linalg.norm(directions, axis=1)
        out = dict(spacing_mm=lengths.tolist(), direction=(directions / lengths[:, None]).T.ravel().tolist(),
                   origin=list(header["space origin"]), units=list(header.get("space units", [])), scale=header.get("sensorium_scale", ""))
    else:
        image = nib.load(path)
        data = np.asarray(image.dataobj)
        if data.dtype.names:
            data = np.stack([data[k] for k in data.dtype.names], -1)
        zyxc = data.transpose(2, 1, 0, *range(3, data.ndim))
        zyxc = zyxc if data.ndim == 4 else zyxc[..., None]
        lps = np.diag([-1, -1, 1, 1]) @ image.affine
        lengths = np.linalg.norm(lps[:3, :3], axis=0)
        out = dict(spacing_mm=[float(z) for z in image.header.get_zooms()[:3]], direction=(lps[:3, :3] / lengths).ravel().tolist(),
                   origin=lps[:3, 3].tolist(), units=image.header.get_xyzt_units()[0], sform=int(image.header["sform_code"]),
                   extensions=[[e.get_code(), e.get_content().decode().rstrip("\0") if isinstance(e.get_content(), bytes) else str(e.get_content())]
                               for e in image.header.extensions])
    store(path + ".f64", zyxc)
    d, h, w, c = zyxc.shape
    return dict(out, size=[w, h, d, c], type=str(data.dtype))


if sys.argv[1] == "make":
    make_nifti()
    make_nrrd()
    make_meta()
    print(json.dumps(cases))
else:
    print(json.dumps(read(sys.argv[2])))
