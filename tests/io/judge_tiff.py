"""Checks the TIFF that tiff_writer_test.cpp writes: three pages of 3 x 2, the ramp 0.5 i - 3, ImageJ's scale."""
import sys

import numpy as np
import tifffile

with tifffile.TiffFile(sys.argv[1]) as tiff:
    assert tiff.is_imagej
    assert tiff.imagej_metadata["unit"] == "micron" and tiff.imagej_metadata["spacing"] == 30
    a = tiff.asarray()
    x, y = (tiff.pages[0].tags[name].value for name in ("XResolution", "YResolution"))
assert a.shape == (3, 2, 3) and a.dtype == np.float32, (a.shape, a.dtype)
assert np.array_equal(a.ravel(), 0.5 * np.arange(18) - 3)
assert x[0] / x[1] == 0.5 and y[0] / y[1] == 2, (x, y)
