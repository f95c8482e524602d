"""Second judge of the NIfTI, NRRD and MetaImage readers and writers: ITK itself, through SimpleITK.

judge_itk.py make DIR     SimpleITK writes each format with oblique grids; files in the forms that only
                          some programs write (two files, lists, skipped bytes) are judged by reading them back
judge_itk.py read FILE    what SimpleITK sees in a file of ours; the samples beside it (.f64)
Samples are float64 in the order [z][y][x][channel].
"""
import json, os, sys
import numpy as np
import nibabel as nib
import SimpleITK as sitk

folder = sys.argv[2]
cases = []
rng = np.random.default_rng(11)


def path_of(name):
    return os.path.join(folder, name)


def store(path, values):
    np.ascontiguousarray(values, dtype="<f8").tofile(path)


def seen(path):
    image = sitk.ReadImage(path)
    a = sitk.GetArrayFromImage(image).astype(np.float64)
    if image.GetDimension() == 2:
        a = a[None]
    if image.GetNumberOfComponentsPerPixel() == 1:
        a = a[..., None]
    return image, a


def add(name, known=True):
    """What ITK sees in the file is what we must see. known: the file gives lengths that we believe."""
    image, a = seen(path_of(name))
    store(path_of(name) + ".f64", a)
    d, h, w, c = a.shape
    spacing = [s * 1000 for s in image.GetSpacing()] if known else [None] * 3
    more = dict(direction=list(image.GetDirection()), origin=list(image.GetOrigin())) if known else {}
    cases.append(dict(file=name, size=[w, h, d, c], spacing=spacing, **more))


def oblique(dtype, components=1):
    shape = (4, 5, 7) + ((components,) if components > 1 else ())
    if np.dtype(dtype).kind == "f":
        a = rng.normal(size=shape).astype(dtype)
    else:
        info = np.iinfo(dtype)
        a = rng.integers(max(info.min, -30000), min(info.max, 60000), size=shape, endpoint=True).astype(dtype)
    image = sitk.GetImageFromArray(a, isVector=components > 1)
    turn = sitk.Euler3DTransform((0, 0, 0), *rng.uniform(-1, 1, 3))
    image.SetDirection(turn.GetMatrix())
    image.SetSpacing([0.011, 0.5, 2.25])
    image.SetOrigin([10.5, -20, 30])
    return image


def written():
    kinds = dict(u8=np.uint8, i16=np.int16, u16=np.uint16, i32=np.int32, u32=np.uint32, f32=np.float32, f64=np.float64)
    for suffix in ("nii", "nii.gz", "img", "hdr", "nrrd", "nhdr", "mha", "mhd"):
        for name, dtype in kinds.items():
            file = f"{name}_{suffix.replace('.', '_')}.{suffix}"
            sitk.WriteImage(oblique(dtype), path_of(file), useCompression=name in ("i16", "f32"))
            add(file)
    for suffix in ("nrrd", "mha", "nii"):
        sitk.WriteImage(oblique(np.uint8, 3), path_of("rgb." + suffix))
        add("rgb." + suffix)
        sitk.WriteImage(oblique(np.float32, 2), path_of("two." + suffix), useCompression=True)
        add("two." + suffix)


def second_version():
    a = rng.integers(-3000, 3000, size=(7, 5, 4)).astype(np.int16)
    affine = np.array([[0, -0.5, 0, 3], [0.25, 0, 0, -4], [0, 0, 2, 5], [0, 0, 0, 1.0]])
    for name, kind, order in (("version2.nii.gz", nib.Nifti2Image, "<"), ("version2_big.nii", nib.Nifti2Image, ">"),
                              ("pair.img", nib.Nifti1Pair, "<"), ("pair_big.hdr", nib.Nifti1Pair, ">"), ("pair2.hdr", nib.Nifti2Pair, "<")):
        header = kind.header_class(endianness=order)
        image = kind(a.astype(order + "i2"), affine, header, dtype=np.dtype(order + "i2"))
        image.header.set_xyzt_units("mm")
        nib.save(image, path_of(name))
        if kind in (nib.Nifti1Pair, nib.Nifti1Image):
            add(name)
            continue
        store(path_of(name) + ".f64", a.transpose(2, 1, 0))  # ITK does not read the second version
        lps = np.diag([-1, -1, 1, 1]) @ affine
        lengths = np.linalg.norm(lps[:3, :3], axis=0)
        cases.append(dict(file=name, size=[7, 5, 4, 1], spacing=(lengths * 1000).tolist(), origin=lps[:3, 3].tolist(),
                          direction=(lps[:3, :3] / lengths).ravel().tolist()))


def odd_nrrd():
    a = rng.integers(0, 60000, size=(4, 5, 7)).astype("<u2")
    head = ("NRRD0004\ntype: ushort\ndimension: 3\nsizes: 7 5 4\nspace: left-posterior-superior\nendian: little\n"
            "space directions: (0.5,0,0) (0,0.25,0) (0,0,2)\nspace origin: (1,2,3)\n")
    for i in range(4):
        a[i].tofile(path_of(f"slice {i * 2 + 8:03d}.raw"))
        a[i].tofile(path_of(f"slice{i * 2 + 8:03d}.raw"))
    with open(path_of("skip.raw"), "wb") as f:
        f.write(b"one line\nand another\n12345" + a.tobytes())
    forms = dict(list="encoding: raw\ndata file: LIST\n" + "".join(f"slice{i:03d}.raw\n" for i in (8, 10, 12, 14)),
                 pattern="encoding: raw\ndata file: slice%03d.raw 8 14 2\n\n",
                 skip="encoding: raw\nline skip: 2\nbyte skip: 5\ndata file: skip.raw\n\n",
                 end="encoding: raw\nbyte skip: -1\ndata file: ./skip.raw\n\n")
    for name, rest in forms.items():
        open(path_of(name + ".nhdr"), "w").write(head + rest)
        add(name + ".nhdr")


def odd_meta():
    a = rng.integers(0, 60000, size=(4, 5, 7)).astype("<u2")
    head = ("ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nTransformMatrix = 0 1 0 -1 0 0 0 0 1\n"
            "Offset = 1 2 3\nElementSpacing = 0.5 0.25 2\nDimSize = 7 5 4\nElementType = MET_USHORT\n")
    for i in range(4):
        a[i].tofile(path_of(f"part{i}.raw"))
    with open(path_of("skip2.raw"), "wb") as f:
        f.write(b"12345678" + a.tobytes())
    forms = dict(list="ElementDataFile = LIST\n" + "".join(f"part{i}.raw\n" for i in range(4)),
                 pattern="ElementDataFile = part%d.raw 0 3 1\n",
                 skip="HeaderSize = 8\nElementDataFile = skip2.raw\n", end="HeaderSize = -1\nElementDataFile = skip2.raw\n")
    for name, rest in forms.items():
        open(path_of(name + ".mhd"), "w").write(head + rest)
        add(name + ".mhd")
    open(path_of("long.mha"), "wb").write(head.replace("USHORT", "LONG").encode() + b"ElementDataFile = LOCAL\n" + a.astype("<i4").tobytes())
    add("long.mha")


def read(path):
    image, a = seen(path)
    store(path + ".f64", a)
    d, h, w, c = a.shape
    return dict(size=[w, h, d, c], spacing_mm=list(image.GetSpacing()), direction=list(image.GetDirection()), origin=list(image.GetOrigin()))


if sys.argv[1] == "make":
    written()
    second_version()
    odd_nrrd()
    odd_meta()
    print(json.dumps(cases))
else:
    print(json.dumps(read(sys.argv[2])))
