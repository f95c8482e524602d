"""For each picture of a list (one path a line): width, height, pages, channels, type and the SHA-256 of the samples.

Read with Pillow (PNG, JPEG, BMP) and tifffile (TIFF); transparency dropped, palettes resolved. One tab-separated line each.
"""
import hashlib
import sys

import numpy as np
import tifffile
from PIL import Image


def read(path):
    if path.lower().endswith((".tif", ".tiff")):
        a = tifffile.imread(path)
        return a[None, ..., None] if a.ndim == 2 else a[..., None]
    image = Image.open(path)
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    a = np.asarray(image)
    a = a[..., None] if a.ndim == 2 else a
    return a[None, ..., :1] if a.shape[2] == 2 else a[None, ..., :3]


with open(sys.argv[1]) as names, open(sys.argv[2], "w") as out:
    for path in names.read().splitlines():
        a = np.ascontiguousarray(read(path))
        digest = hashlib.sha256(a.tobytes()).hexdigest()
        print(path, a.shape[2], a.shape[1], a.shape[0], a.shape[3], a.dtype, digest, sep="\t", file=out)
