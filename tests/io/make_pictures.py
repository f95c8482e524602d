"""Writes pictures of many kinds (Pillow, tifffile) into a folder: what other programs write must be read alike."""
import sys

import numpy as np
import tifffile
from PIL import Image

folder = sys.argv[1] + "/"
rng = np.random.default_rng(7)
grey = rng.integers(0, 256, (37, 53), dtype=np.uint8)
rgb = rng.integers(0, 256, (37, 53, 3), dtype=np.uint8)
rgba = rng.integers(0, 256, (37, 53, 4), dtype=np.uint8)
deep = rng.integers(0, 65536, (37, 53), dtype=np.uint16)
smooth = (np.add.outer(np.arange(64), 2 * np.arange(80)) % 256).astype(np.uint8)

Image.fromarray(grey).save(folder + "grey.png")
Image.fromarray(rgb).save(folder + "rgb.png")
Image.fromarray(rgba).save(folder + "rgba.png")
Image.fromarray(deep).save(folder + "deep.png")
Image.fromarray(np.dstack([grey, grey]), "LA").save(folder + "grey_alpha.png")
Image.fromarray(rgb).quantize(17).save(folder + "palette.png")
Image.fromarray(grey > 127).save(folder + "one_bit.png")
Image.fromarray(rgb).save(folder + "rgb.bmp")
Image.fromarray(grey).save(folder + "grey.bmp")
Image.fromarray(smooth).save(folder + "grey.jpg", quality=95)
Image.fromarray(smooth).save(folder + "progressive.jpg", quality=80, progressive=True)
Image.fromarray(np.dstack([smooth, smooth.T[:64, :64].repeat(2, 1)[:, :80], smooth])).save(folder + "rgb.jpg", quality=95, subsampling=0)
tifffile.imwrite(folder + "grey.tif", grey)
tifffile.imwrite(folder + "stack.tif", rng.integers(0, 256, (5, 37, 53), dtype=np.uint8), photometric="minisblack")
tifffile.imwrite(folder + "deep_stack.tif", rng.integers(0, 65536, (4, 37, 53), dtype=np.uint16), photometric="minisblack", compression="zlib")
tifffile.imwrite(folder + "big_endian.tif", rng.integers(0, 65536, (3, 37, 53), dtype=np.uint16), byteorder=">", photometric="minisblack")
tifffile.imwrite(folder + "bigtiff.tif", rng.integers(0, 65536, (3, 37, 53), dtype=np.uint16), bigtiff=True, photometric="minisblack")
tifffile.imwrite(folder + "float.tif", rng.normal(size=(37, 53)).astype(np.float32))
tifffile.imwrite(folder + "tiled.tif", rng.integers(0, 256, (300, 200), dtype=np.uint8), tile=(64, 64), compression="zlib", predictor=True)
tifffile.imwrite(folder + "imagej.tif", rng.integers(0, 65536, (3, 37, 53), dtype=np.uint16), imagej=True,
                 resolution=(4.0, 2.0), metadata={"unit": "micron", "spacing": 2.5, "axes": "ZYX"})
